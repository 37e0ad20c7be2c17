"""Parts of an evaluation on tiny workspaces whose tables can be worked out, or checked with scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.manifold import trustworthiness

from rsgraph.errors import ConfigError, NotThere
from rsgraph.evaluate.parts import Evaluation, check_among, map_hashes, maps, measure_options, retrieval
from rsgraph.evaluate.reference import ReferenceCounts
from rsgraph.files import sha256, write_json
from rsgraph.types import Similarity
from rsgraph.view.other_maps import keep_map
from rsgraph.workspace import Workspace, similarity_arrays, write_array, write_arrays, write_table

N = 40
"""Segments: ten chips of four."""


def similarity(chips: int, k: int, *, matrix: bool) -> Similarity:
    values = np.random.default_rng(0).random((chips, chips)).astype(np.float32)
    values = (values + values.T) / 2
    near = np.argsort(-values + 9 * np.eye(chips), axis=1)[:, :k]
    listed = np.take_along_axis(values, near, axis=1)
    return Similarity(near, listed, np.zeros_like(listed), values if matrix else None, 0)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    rng = np.random.default_rng(0)
    chips = pd.DataFrame({"chip_id": np.arange(10), "split": ["train", "train", "train", "test", "train"] * 2})
    write_table(tmp_path / "chips.parquet", chips.assign(x=rng.random(10), y=rng.random(10)))
    places = {"row": rng.random(N), "column": rng.random(N)}
    segments = pd.DataFrame({"segment_id": 1 + np.arange(N), "chip_id": np.repeat(np.arange(10), 4), **places})
    write_table(tmp_path / "segments.parquet", segments)
    write_array(tmp_path / "embeddings" / "bands.npy", rng.normal(size=(N, 3)).astype(np.float32))
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"projector": {"name": "umap"}}))
    outputs = {"embeddings/bands.npy": "a" * 64}
    stages = {"segments": {"outputs": outputs}}
    write_json(tmp_path / "manifest.json", {"stages": stages, "layers": ["bands"], "default_layer": "bands"})
    write_json(tmp_path / "scene.json", {"scenes": [], "survey": {}})
    write_arrays(tmp_path / "similarity.npz", similarity_arrays(similarity(10, 3, matrix=True)))
    return Workspace(tmp_path)


CONFIG = {
    "layers": None,
    "seed": 0,
    "maps": {"k": 4, "sample": None},
    "retrieval": {"ks": [1, 3], "sample": None},
}


def job(workspace: Workspace, **config: Any) -> Evaluation:
    return Evaluation(workspace.folder, {**CONFIG, **config})


def with_classes(made: Evaluation, classes: Callable[[int], int]) -> Evaluation:
    """Let each segment have eight pixels of one of two classes."""
    counts = np.zeros((N, 2), dtype=np.int64)
    counts[np.arange(N), [classes(i) for i in range(N)]] = 8
    made.__dict__["reference"] = ReferenceCounts(counts, np.array([1, 2]), ("water", "land"))
    return made


def test_check_among_takes_all_and_test() -> None:
    check_among(["all", "test"])
    for wrong in (["train"], []):
        with pytest.raises(ConfigError, match=r"measures\.among must be a list of: all, test"):
            check_among(wrong)


def test_measure_options_are_only_those_of_the_section() -> None:
    options = measure_options({"measures": {"among": ["all"], "segments": 5, "ssim_side": 9}})
    assert options.ssim_side == 9
    with pytest.raises(ConfigError, match=r"measures\.ssim_side must be a whole number"):
        measure_options({"measures": {"ssim_side": "nine"}})


def test_evaluation_knows_chip_and_split_of_each_segment(workspace: Workspace) -> None:
    made = job(workspace)
    assert made.chip_numbers.tolist() == np.repeat(np.arange(10), 4).tolist()
    assert made.in_test.tolist() == np.repeat([False, False, False, True, False] * 2, 4).tolist()
    assert made.layers == ["bands"]
    with pytest.raises(NotThere, match="no layer 'gnn9'"):
        _ = job(workspace, layers=["gnn9"]).layers


def test_maps_of_segments_are_as_trustworthy_as_scikit_learn_says(workspace: Workspace) -> None:
    points = np.random.default_rng(3).normal(size=(N, 2)).astype(np.float32)
    path = keep_map(workspace, "segments", "bands", "pca", points)
    found = maps(job(workspace)).set_index("level")
    vectors = workspace.embedding("bands")
    expected = trustworthiness(vectors, points, n_neighbors=4, metric="cosine")
    assert found.loc["segments", "trustworthiness"] == pytest.approx(expected)
    assert found.loc["segments", ["layer", "projector", "k"]].tolist() == ["bands", "pca", 4]
    assert map_hashes(job(workspace)) == {"bands-pca.parquet": sha256(path)}


def test_map_of_chips_is_measured_against_their_similarities(workspace: Workspace) -> None:
    (row,) = maps(job(workspace)).to_dict("records")
    matrix = workspace.similarity.matrix
    assert matrix is not None
    distances = 1 - matrix.astype(float)
    points = workspace.chips[["x", "y"]].to_numpy(np.float32)
    expected = trustworthiness(distances, points, n_neighbors=4, metric="precomputed")
    assert row["trustworthiness"] == pytest.approx(expected)
    assert (row["level"], row["projector"]) == ("chips", "umap")


def test_a_map_of_chips_that_cannot_be_measured_is_said(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    write_arrays(workspace.path("similarity.npz"), similarity_arrays(similarity(9, 3, matrix=False)))
    assert maps(job(workspace)).empty
    assert "the map of chips is left out" in "".join(capsys.readouterr())


def test_retrieval_finds_the_class_where_vectors_are_the_class(workspace: Workspace) -> None:
    vectors = np.eye(2)[np.arange(N) % 2] + np.random.default_rng(0).normal(scale=1e-3, size=(N, 2))
    write_array(workspace.path("embeddings", "bands.npy"), vectors.astype(np.float32))
    found = retrieval(with_classes(job(workspace), lambda i: i % 2)).set_index(["level", "k"])
    assert found.loc[("segments", 1), "precision"] == found.loc[("segments", 3), "precision"] == 1
    # by chance: of the 39 others, 19 are of the same class
    assert found.loc[("segments", 1), "precision_by_chance"] == pytest.approx(19 / 39)
    assert found.loc[("segments apart", 3), "precision"] == 1
    assert found.loc[("chips", 3), "overlap"] == 1, "every chip has as many of both"


def test_retrieval_apart_leaves_out_the_eight_segments_around(workspace: Workspace) -> None:
    angles = 0.03 * np.arange(N)  # segments along a line, each most like those beside it
    write_array(workspace.path("embeddings", "bands.npy"), np.stack([np.cos(angles), np.sin(angles)], 1).astype("f4"))
    write_table(workspace.path("segments.parquet"), workspace.segments.assign(row=np.arange(N), column=0))
    found = retrieval(with_classes(job(workspace), lambda i: i // 5 % 2)).set_index(["level", "k"])
    assert found.loc[("segments", 1), "precision"] > 0.8
    assert found.loc[("segments apart", 1), "precision"] == 0, "the fifth on either side is of the other class"


def test_retrieval_needs_a_reference(workspace: Workspace) -> None:
    made = job(workspace)
    made.__dict__["reference"] = None
    with pytest.raises(NotThere, match="has no reference; name one with reference="):
        retrieval(made)
