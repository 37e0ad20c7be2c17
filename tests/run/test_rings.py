"""A GNN that is fitted instead of trained, from one command to the files; resumed, and applied to another scene."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsgraph.config import Typed
from rsgraph.evaluate.rotation import rotation
from rsgraph.files import read_json, sha256
from rsgraph.gnn.rings import Rings
from rsgraph.gnn.rings_network import RingsNetwork
from rsgraph.run.runner import run
from rsgraph.workspace import Workspace
from tests.small_runs import TINY, Configure, composed, copied, planned

ASKED = [option for option in TINY if not option.startswith("encoder.")]
BEFORE = ["embedding.own=false", "metric=none"]
EXPERIMENT = [*ASKED, "encoder=bands", "gnn=rings", *BEFORE]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return run(composed(*EXPERIMENT, f"workspace={tmp_path_factory.mktemp('surroundings') / 'w'}"))


def _vectors(workspace: Workspace) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    import torch

    network = Rings().network(workspace.embedding("bands").shape[1], 4, 0)
    assert isinstance(network, RingsNetwork)
    x, edges = torch.from_numpy(np.array(workspace.embedding("bands"))), torch.from_numpy(np.array(workspace.edges))
    network.fit(x, edges)
    return [output.numpy() for output in network(x, edges)]


def test_a_run_writes_the_layers_fitted_to_the_reflectance_of_the_whole_scene(fitted: Workspace) -> None:
    assert fitted.layers == ["bands", "target", "encoder", "gnn1", "gnn2"]
    assert fitted.default_layer == "gnn1"
    for name, expected in zip(("gnn1", "gnn2"), _vectors(fitted), strict=True):
        np.testing.assert_allclose(fitted.embedding(name), expected, atol=1e-4)
    assert fitted.manifest["stages"]["gnn"]["facts"]["trained"] is False
    about = read_json(fitted.path("models", "gnn.json"))
    assert (about["component"]["name"], about["features"], about["history"]) == (
        "rings",
        fitted.embedding("bands").shape[1],
        [],
    )


def test_the_default_layer_is_the_second_to_last() -> None:
    assert planned(composed(*BEFORE, "gnn=rings")).layer == "gnn1"
    assert planned(composed(*BEFORE, "gnn=rings", "gnn.layers=1")).layer == "gnn1"
    assert planned(composed(*BEFORE, "gnn=rings", "gnn.layers=3")).layer == "gnn2"


def test_a_fitted_model_gives_the_same_vectors_on_its_scene_and_others_on_another(
    fitted: Workspace, configure: Configure
) -> None:
    given = f"model.from={fitted.folder}"
    again, other = run(configure(given, workspace="a")), run(configure(given, "reader.seed=9", workspace="o"))
    for name in ("gnn1", "gnn2"):
        np.testing.assert_array_equal(again.embedding(name), fitted.embedding(name))
        assert other.embedding(name).shape[1] == fitted.embedding(name).shape[1]
        assert np.isfinite(other.embedding(name)).all()
    assert sha256(other.path("models", "gnn.safetensors")) == sha256(fitted.path("models", "gnn.safetensors"))
    assert abs(float(np.mean(other.embedding("gnn1")))) > 1e-5, "it is not fitted anew: its mean is not 0"


def test_a_second_run_computes_nothing(fitted: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    before = fitted.path("embeddings", "gnn1.npy").stat().st_mtime_ns
    run(composed(*EXPERIMENT, f"workspace={fitted.folder}"))
    assert fitted.path("embeddings", "gnn1.npy").stat().st_mtime_ns == before
    assert "up to date" in capsys.readouterr().out


def test_turned_chips_are_embedded_from_their_bands(fitted: Workspace) -> None:
    found = rotation(fitted.folder, chips=3).set_index("level")
    assert found.loc["graph", "own"] > found.loc["graph", "others"]


def test_a_trained_encoder_is_not_read_and_the_run_says_so(fitted: Workspace, configure: Configure) -> None:
    workspace = run(configure("gnn=rings"))
    assert workspace.config["encoder"]["name"] == "unet"
    np.testing.assert_allclose(workspace.embedding("gnn1"), fitted.embedding("gnn1"), atol=1e-5)
    (note,) = workspace.manifest["stages"]["gnn"]["facts"]["notes"]
    assert note == "gnn=rings reads the bands, not the trained encoder: encoder=bands spares you its training."
    assert not fitted.manifest["stages"]["gnn"]["facts"]["notes"]


def test_a_workspace_that_calls_it_surroundings_goes_on(
    fitted: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied(fitted.folder.parent, tmp_path)
    workspace = Workspace(tmp_path / "w")
    path = workspace.path("config.yaml")
    path.write_text(path.read_text().replace("name: rings", "name: surroundings"))
    keys = {name: entry["key"] for name, entry in workspace.manifest["stages"].items()}
    run(
        composed(f"workspace={workspace.folder}", "tracking.uri=none", "reader=synthetic"), typed=Typed(["workspace"])
    )
    assert "nothing to do" in capsys.readouterr().out
    assert {name: entry["key"] for name, entry in workspace.manifest["stages"].items()} == keys
