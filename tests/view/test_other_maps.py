"""Further 2-D maps of a workspace: where they are kept, when they are old, what they show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.decomposition import PCA

from rsgraph.errors import NotThere
from rsgraph.files import write_json
from rsgraph.matchers.hungarian import Hungarian
from rsgraph.projectors.umap import Umap
from rsgraph.types import Distance
from rsgraph.view import other_maps as projecting
from rsgraph.view.other_maps import (
    find_map,
    keep_map,
    layers_by_maps,
    map_file,
    project_segments,
    projector_names,
)
from rsgraph.workspace import Workspace, write_array, write_table

CHIPS = 151


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace of many chips of two segments each, which were mapped by t-SNE."""
    config = {"matcher": {"name": "hungarian", "k": 2}, "projector": {"name": "tsne", "perplexity": 7.0}, "seed": 0}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    write_table(tmp_path / "chips.parquet", pd.DataFrame({"chip_id": np.arange(CHIPS)}))
    ids = pd.DataFrame({"segment_id": 1 + np.arange(2 * CHIPS), "chip_id": np.repeat(np.arange(CHIPS), 2)})
    write_table(tmp_path / "segments.parquet", ids)
    vectors = np.random.default_rng(0).normal(size=(2 * CHIPS, 3)).astype(np.float32)
    write_array(tmp_path / "embeddings" / "bands.npy", vectors)
    made = Workspace(tmp_path)
    record(made, "a" * 64)
    return made


def record(workspace: Workspace, bands: str) -> None:
    """Enter the hash of the bands in the manifest."""
    stages = {
        "segments": {"outputs": {"embeddings/bands.npy": bands}},
        "project": {"outputs": {"projections/bands-umap.parquet": "0" * 64}},
    }
    write_json(workspace.path("manifest.json"), {"stages": stages, "default_layer": "gnn1"})


def test_map_file_names_layer_and_projector(workspace: Workspace) -> None:
    def name(*asked: str) -> str:
        return map_file(workspace, *asked).relative_to(workspace.folder).as_posix()  # type: ignore[arg-type]  # a level

    assert name("segments", "bands", "umap") == "projections/bands-umap.parquet"
    assert name("chips", "gnn1", "umap") == "projections/chips-umap.parquet"
    assert name("chips", "bands", "umap") == "projections/chips_bands-umap.parquet"


def test_find_map_takes_a_map_of_the_vectors_as_they_are_now(workspace: Workspace) -> None:
    assert find_map(workspace, "segments", "bands", "pca") is None
    points = np.random.default_rng(1).normal(size=(2 * CHIPS, 2)).astype(np.float32)
    keep_map(workspace, "segments", "bands", "pca", points)
    np.testing.assert_array_equal(find_map(workspace, "segments", "bands", "pca"), points)
    record(workspace, "b" * 64)
    assert find_map(workspace, "segments", "bands", "pca") is None


def test_find_map_takes_the_run_s_own_map_by_the_manifest(workspace: Workspace) -> None:
    table = workspace.segments[["segment_id"]].assign(x=np.float32(1), y=np.float32(2))
    for name in ("umap", "unknown"):
        write_table(map_file(workspace, "segments", "bands", name), table)
    found = find_map(workspace, "segments", "bands", "umap")
    np.testing.assert_array_equal(found, np.tile([1, 2], (2 * CHIPS, 1)))
    assert find_map(workspace, "segments", "bands", "unknown") is None
    write_table(map_file(workspace, "segments", "bands", "umap"), table[1:])
    assert find_map(workspace, "segments", "bands", "umap") is None, "it has not all segments"


def test_keep_map_writes_the_numbers_of_chips_beside_the_points(workspace: Workspace) -> None:
    points = np.random.default_rng(1).normal(size=(CHIPS, 2)).astype(np.float32)
    table = pd.read_parquet(keep_map(workspace, "chips", "bands", "pca", points))
    assert table.columns.tolist() == ["chip_id", "x", "y"]
    assert table["chip_id"].tolist() == list(range(CHIPS))
    np.testing.assert_array_equal(table[["x", "y"]], points)


def test_projector_names_begin_with_the_workspace_s_own(workspace: Workspace) -> None:
    names = projector_names(workspace)
    assert names[0] == "tsne"
    assert sorted(names) == sorted({*names} | {"pca", "umap", "tsne", "parametric"})


def test_project_segments_by_pca_is_that_of_scikit_learn_and_is_kept(workspace: Workspace) -> None:
    points = project_segments(workspace.folder, "bands", "pca")
    expected = PCA(n_components=2).fit_transform(workspace.embedding("bands"))
    np.testing.assert_allclose(np.abs(points), np.abs(expected), atol=1e-4)
    np.testing.assert_array_equal(find_map(workspace, "segments", "bands", "pca"), points)


def test_a_map_that_cannot_be_kept_is_shown_all_the_same(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, table: pd.DataFrame) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(projecting, "write_table", refuse)
    points = project_segments(workspace.folder, "bands", "pca")
    assert np.isfinite(points).all()
    assert find_map(workspace, "segments", "bands", "pca") is None


def test_project_segments_of_some_rows_is_not_kept(workspace: Workspace) -> None:
    rows = np.arange(0, 40, 2)
    points = project_segments(workspace.folder, "bands", "pca", rows)
    expected = PCA(n_components=2).fit_transform(workspace.embedding("bands")[rows])
    np.testing.assert_allclose(np.abs(points), np.abs(expected), atol=1e-4)
    assert find_map(workspace, "segments", "bands", "pca") is None
    with pytest.raises(NotThere, match="no layer 'gnn9'"):
        project_segments(workspace.folder, "gnn9", "pca")


def test_many_chips_are_compared_by_the_matcher_of_the_workspace(workspace: Workspace) -> None:
    found = projecting._similarities(workspace, "bands", None)
    expected = Hungarian(2).match(list(workspace.embedding("bands").reshape(CHIPS, 2, 3)))
    np.testing.assert_array_equal(found.indices, expected.indices)
    assert found.solved == expected.solved > 0


def test_layers_are_offered_in_the_order_of_the_maps(workspace: Workspace) -> None:
    layers = ["bands", "own", "surroundings", "gnn1"]
    write_json(workspace.path("manifest.json"), {"layers": layers})
    assert layers_by_maps(workspace) == layers
    maps = [{"layer": name, "projector": "umap", "path": f"projections/{name}-umap.parquet"} for name in layers[1:3]]
    gone = {"layer": "own+gnn1", "projector": "umap", "path": "projections/own+gnn1-umap.parquet"}
    write_json(workspace.path("manifest.json"), {"layers": layers, "maps": [*maps, gone]})
    assert layers_by_maps(workspace) == ["own", "surroundings", "bands", "gnn1"]


@pytest.mark.parametrize(("layer", "metric"), [("own", "euclidean"), ("bands", "cosine"), ("own+gnn1", "euclidean")])
def test_learnt_layers_are_laid_out_by_euclidean_distance(workspace: Workspace, layer: str, metric: Distance) -> None:
    whole = np.array(workspace.embedding("bands"))
    write_array(workspace.path("embeddings", f"{layer}.npy"), whole)
    vectors = whole[:60]
    points = project_segments(workspace.folder, layer, "umap", np.arange(60))
    np.testing.assert_array_equal(points, Umap(metric=metric).project(vectors, seed=0).points)


def test_touching_segments_are_looked_for_where_the_projector_weighs_them(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def among(workspace: Workspace, rows: Any) -> np.ndarray:
        asked.append(rows)
        return np.array([[0], [1]])

    monkeypatch.setattr(projecting, "touching_among", among)
    project_segments(workspace.folder, "bands", "pca")
    assert asked == []
    weighing = Umap(touching=0.5, n_epochs=1)
    monkeypatch.setattr(projecting, "_projector", lambda config, name: weighing)
    rows = np.arange(20)
    project_segments(workspace.folder, "bands", "umap", rows)
    assert asked == [rows]
