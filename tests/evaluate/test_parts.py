"""Parts of an evaluation on tiny workspaces whose tables can be worked out, or checked with scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from numpy.typing import NDArray
from sklearn.manifold import trustworthiness

from rsgraph.errors import ConfigError, NotThere, NotUsable
from rsgraph.evaluate import parts
from rsgraph.evaluate.parts import (
    Evaluation,
    borders,
    check_among,
    labelling,
    map_hashes,
    maps,
    measure_options,
    retrieval,
)
from rsgraph.evaluate.reference import ReferenceCounts
from rsgraph.evaluation.ideal import ideal, share_of_ideal
from rsgraph.evaluation.labelling import simulate, simulate_maps
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
    "reference": None,
    "reference_layer": None,
    "reference_column": None,
    "reference_classes": None,
    "seed": 0,
    "maps": {"k": 4, "sample": None},
    "retrieval": {"ks": [1, 3], "sample": None},
    "labelling": {"strokes": 6, "segments": 1000, "projectors": None},
    "borders": {"segments": 20000, "least": 3},
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


def test_measures_of_one_segment_are_refused(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_described", lambda *_: None)
    monkeypatch.setattr(parts, "_images", lambda *_: None)
    monkeypatch.setattr(parts, "_whole_chips", lambda *_: np.arange(N) < 1)
    with pytest.raises(NotUsable, match="there are no two segments to compare"):
        parts.measures(job(workspace, measures={"among": ["all", "test"], "segments": 5}))


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
    write_arrays(workspace.path("similarity.npz"), similarity_arrays(similarity(10, 3, matrix=False)))
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
    assert found["classes"].groupby("level").max().to_dict() == {"chips": 1, "segments": 2, "segments apart": 2}


def test_tables_count_the_classes_that_are_compared(workspace: Workspace) -> None:
    same = with_classes(job(workspace), lambda i: 1)
    assert set(retrieval(same)["classes"]) == {1}
    assert set(retrieval(same)["precision"]) == {1}
    points = np.random.default_rng(3).normal(size=(N, 2)).astype(np.float32)
    keep_map(workspace, "segments", "bands", "umap", points)
    assert set(labelling(with_classes(job(workspace), lambda i: 1))["classes"]) == {1}
    assert set(labelling(with_classes(job(workspace), lambda i: i % 2))["classes"]) == {2}


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


def with_layer(workspace: Workspace, layer: str, vectors: NDArray[Any]) -> None:
    """Add a layer to the manifest."""
    write_array(workspace.path("embeddings", f"{layer}.npy"), vectors.astype(np.float32))
    manifest = workspace.manifest
    stage = {"target": "memberships", "encoder": "encode"}.get(layer, "metric")
    outputs = manifest["stages"].setdefault(stage, {"outputs": {}})["outputs"]
    outputs[f"embeddings/{layer}.npy"] = layer * 8
    workspace.write_manifest({**manifest, "layers": [*manifest["layers"], layer]})


def test_layers_in_a_metric_are_compared_by_euclidean_distance(workspace: Workspace) -> None:
    lengths = np.where(np.arange(N) % 2, 1.0, 9.0) + np.random.default_rng(0).normal(scale=0.01, size=N)
    with_layer(workspace, "own", lengths[:, None] * [1.0, 1.0])  # classes differ in length, not in direction
    points = np.random.default_rng(3).normal(size=(N, 2)).astype(np.float32)
    keep_map(workspace, "segments", "own", "pca", points)
    found = retrieval(with_classes(job(workspace, layers=["own"]), lambda i: i % 2)).set_index(["level", "k"])
    assert found.loc[("segments", 3), "precision"] == 1
    row = maps(job(workspace)).set_index("level").loc["segments"]
    expected = trustworthiness(workspace.embedding("own"), points, n_neighbors=4, metric="euclidean")
    assert row["trustworthiness"] == pytest.approx(expected)


def test_labelling_shows_the_drawn_maps_their_pair_and_the_share_of_the_ideal_map(workspace: Workspace) -> None:
    rng = np.random.default_rng(5)
    points = {layer: rng.normal(size=(N, 2)).astype(np.float32) for layer in ("bands", "own", "surroundings")}
    for layer in ("own", "surroundings"):
        with_layer(workspace, layer, rng.normal(size=(N, 3)))
    for layer, of_layer in points.items():
        keep_map(workspace, "segments", layer, "umap", of_layer)
    drawn = [
        {"layer": layer, "projector": "umap", "path": f"projections/{layer}-umap.parquet"}
        for layer in ("own", "surroundings")
    ]
    workspace.write_manifest({**workspace.manifest, "maps": drawn})
    made = with_classes(job(workspace), lambda i: i % 2)
    found = labelling(made).set_index("representation")
    assert found.index.tolist() == ["click per segment", "bands", "own", "surroundings", "own and surroundings"]
    assert found["projector"].tolist() == ["none", "umap", "umap", "umap", "umap"]
    counts = made.reference.segments if made.reference else np.zeros((0, 0))
    pair = simulate_maps([points["own"], points["surroundings"]], counts, strokes=6)
    assert found.loc["own and surroundings", "share_of_ideal"] == share_of_ideal(pair, ideal(counts))
    assert found.loc["own", "mean_iou_5"] == simulate(points["own"], counts, strokes=6).mean_iou[4]
    assert labelling(with_classes(job(workspace, layers=["own"]), lambda i: i % 2))["representation"].tolist() == [
        *("click per segment", "own")
    ]


def with_lines(monkeypatch: pytest.MonkeyPatch, *, edges: NDArray[Any] | None = None) -> NDArray[np.bool_]:
    """Let every fourth segment touch a border, every fourth other a middle line; return the first."""
    touching = {"borders": np.arange(N) % 4 == 0, "middles": np.arange(N) % 4 == 2}
    outer = np.zeros(N, dtype=bool) if edges is None else edges
    monkeypatch.setattr(parts, "touching_segments", lambda _, lines: {**touching, "edges": outer}[lines])
    return touching["borders"]


def with_graph(workspace: Workspace) -> None:
    """Let segments be of two classes by their membership, without edges."""
    with_layer(workspace, "target", np.eye(2)[np.arange(N) // 20])
    write_array(workspace.path("edges.npy"), np.zeros((2, 0), dtype=np.int64))


def test_borders_are_seen_in_a_layer_that_knows_them(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    touching = with_lines(monkeypatch)
    with_graph(workspace)
    with_layer(workspace, "encoder", np.stack([touching, np.random.default_rng(0).random(N), touching], axis=1))
    keep_map(workspace, "segments", "encoder", "pca", np.stack([touching, touching], axis=1).astype(np.float32))
    found = borders(job(workspace)).set_index(["level", "layer", "projector"])
    assert found.index.tolist() == [
        *(("layer", "bands", "none"), ("layer", "target", "none"), ("layer", "encoder", "none")),
        ("map", "encoder", "pca"),
    ]
    seen = found.loc[("layer", "encoder", "none")]
    assert (seen["classes"], seen["segments"], seen["accuracy"], seen["worst"]) == (2, N, 1, 1)
    assert found.loc[("map", "encoder", "pca"), "accuracy"] == 1
    assert found.loc[("layer", "target", "none"), "accuracy"] == pytest.approx(0.5, abs=0.2)
    np.testing.assert_allclose(found["difference"], found["accuracy"] - found["control"])


def test_segments_at_the_outer_edge_are_left_out(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with_lines(monkeypatch, edges=np.arange(N) < 4)
    with_graph(workspace)
    assert set(borders(job(workspace))["segments"]) == {N - 4}


def test_borders_without_memberships_take_clusters_of_bands(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_lines(monkeypatch)
    write_array(workspace.path("edges.npy"), np.zeros((2, 0), dtype=np.int64))
    write_array(workspace.path("embeddings", "bands.npy"), np.eye(8, dtype=np.float32)[np.arange(N) // 5])
    (row,) = borders(job(workspace, borders={"segments": 20000, "least": 1})).to_dict("records")
    assert (row["classes"], row["segments"]) == (8, N)


def test_borders_that_cannot_be_measured_are_said(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with_lines(monkeypatch)
    with_graph(workspace)
    found = borders(job(workspace, borders={"segments": 20000, "least": 60}))
    assert found["classes"].tolist() == [0, 0]
    assert found["accuracy"].isna().all()
    assert "not measurable: no pure class has 60 segments" in "".join(capsys.readouterr())


def test_images_of_one_chip_have_no_borders(workspace: Workspace) -> None:
    chips = workspace.chips.assign(scene_id=[f"image {number}" for number in range(10)])
    write_table(workspace.path("chips.parquet"), chips)
    with pytest.raises(NotUsable, match="no scene has more than one chip"):
        borders(job(workspace))
