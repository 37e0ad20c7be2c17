"""Chips compared by the encoder's vectors: what is written, what the map shows, and when."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rsgraph.errors import ConfigError, NotThere
from rsgraph.files import sha256
from rsgraph.run.keys import keys
from rsgraph.run.runner import run
from rsgraph.view.other_maps import find_map, project_chips
from rsgraph.workspace import Workspace
from tests.small_runs import TINY, Configure, composed, planned

PATEL = ["experiment=patel2023", "encoder.latent=8"]


@pytest.fixture(scope="module")
def patel(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("patel")
    return run(composed(*TINY, *PATEL, "projector=pca", "draw=true", f"workspace={folder / 'w'}"))


def test_a_run_writes_one_vector_per_chip(patel: Workspace) -> None:
    assert patel.latents.shape == (len(patel.chips), 8)
    assert patel.latents.dtype == np.float32
    assert len(np.unique(np.asarray(patel.latents), axis=0)) == len(patel.chips)
    assert "latents.npy" in patel.manifest["stages"]["encode"]["outputs"]
    assert patel.layers == ["bands", "own", "surroundings", "target", "encoder"]
    assert [each["layer"] for each in patel.maps] == ["encoder"]
    assert len(patel.embedding("encoder")) == len(patel.segments)
    assert not patel.path("models", "gnn.safetensors").exists()


def test_chips_are_as_similar_as_the_cosine_of_their_vectors(patel: Workspace) -> None:
    unit = np.array(patel.latents) / np.linalg.norm(patel.latents, axis=1, keepdims=True)
    matrix = patel.similarity.matrix
    assert matrix is not None
    np.testing.assert_allclose(matrix, unit @ unit.T, atol=1e-6)
    assert patel.manifest["stages"]["match"]["facts"]["chips_by"] == "latent"


def test_the_config_is_the_earlier_methods(patel: Workspace) -> None:
    made = patel.config
    assert (made["encoder"]["name"], made["gnn"]["name"], made["embedding"]["chips"]) == (
        "autoencoder",
        "none",
        "latent",
    )
    assert not made["training"]["encoder"]["rotation"]
    assert composed("experiment=patel2023")["projector"]["name"] == "umap"
    both = composed("experiment=[patel2023,laptop]")
    assert (both["encoder"]["name"], both["encoder"]["width"], both["training"]["encoder"]["max_epochs"]) == (
        "autoencoder",
        16,
        8,
    )


def test_pictures_are_drawn_of_an_autoencoder_too(patel: Workspace) -> None:
    assert len(list(patel.path("pictures").glob("*.png"))) == 7


def test_a_further_chip_map_shows_the_vectors_and_is_found_again(patel: Workspace) -> None:
    points = project_chips(patel.folder, "encoder", "tsne")
    again = find_map(patel, "chips", "encoder", "tsne")
    assert again is not None
    np.testing.assert_array_equal(points, again)
    table = pd.read_parquet(patel.path("projections", "chips-tsne.parquet"))
    assert table.attrs["embedding_sha256"] == sha256(patel.path("latents.npy"))


def test_a_trained_autoencoder_serves_another_scene(patel: Workspace, configure: Configure) -> None:
    served = run(configure(f"model.from={patel.folder}", "reader.seed=9", workspace="served"))
    assert served.config["encoder"]["name"] == "autoencoder"
    assert sha256(served.path("models", "encoder.safetensors")) == sha256(patel.path("models", "encoder.safetensors"))
    assert not np.allclose(served.latents, patel.latents)
    assert served.manifest["stages"]["match"]["facts"]["chips_by"] == "latent", "no GNN follows"


def test_fewer_than_five_chips_are_laid_out(configure: Configure) -> None:
    workspace = run(configure(*PATEL, "projector=tsne", "reader.rows=64", "reader.columns=128"))
    assert workspace.latents.shape == (2, 8)
    assert workspace.manifest["stages"]["project"]["facts"]["chip_map"] == "pca"
    assert np.isfinite(workspace.chips[["x", "y"]].to_numpy()).all()


def test_a_partial_chip_has_a_vector_like_any_other(patel: Workspace) -> None:
    sizes = patel.chips["rows"] * patel.chips["columns"]
    assert sizes.min() < sizes.max() == 64 * 64
    assert np.isfinite(patel.latents).all()


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], "segments"),
        (["gnn=none"], "segments"),
        (["encoder=autoencoder"], "segments"),
        (["encoder=autoencoder", "gnn=none"], "latent"),
        (["encoder=autoencoder", "gnn=none", "embedding.chips=segments"], "segments"),
        (["encoder=autoencoder", "embedding.chips=latent"], "latent"),
    ],
)
def test_compared_by_the_vectors_where_no_gnn_follows(overrides: list[str], expected: str) -> None:
    assert planned(composed(*overrides)).chips_by == expected


def test_compared_refuses_what_the_encoder_does_not_make(configure: Configure) -> None:
    with pytest.raises(ConfigError, match=r"needs an encoder that makes a vector per chip; 'unet' makes none"):
        run(configure("embedding.chips=latent"))
    with pytest.raises(ConfigError, match=r"embedding.chips must be one of: segments, latent or null. Got 'chip'"):
        run(configure("embedding.chips=chip"))


def test_a_workspace_without_vectors_says_so(finished: Workspace) -> None:
    with pytest.raises(NotThere, match="has no vectors per chip: its encoder makes none"):
        _ = finished.latents


def test_keys_say_what_chips_are_compared_by(configure: Configure) -> None:
    base = planned(configure())
    by_segments, by_latent = keys(base), keys(replace(base, chips_by="latent"))
    differing = {name for name, key in by_segments.items() if by_latent.get(name) != key}
    assert differing == {"project", "match", "chip_map", "pictures"}
