"""A map drawn from labels, and which of the maps fits them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from rsgraph.errors import NotUsable
from rsgraph.files import write_json
from rsgraph.journal.journal import Journal
from rsgraph.prediction.discriminants import discriminants
from rsgraph.projectors.pca import Pca
from rsgraph.view import labels_map
from rsgraph.view.labels_map import drawn_from, judge_maps, maps_of, project_by_labels, taught
from rsgraph.view.other_maps import find_map, keep_map
from rsgraph.workspace import Workspace, write_array, write_table

N = 240
CLASSES = np.arange(N) % 2 + 1


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Segments of two classes, which the second feature of `own` tells apart, mapped by PCA of the others."""
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"projector": {"name": "pca"}, "seed": 0}))
    write_table(tmp_path / "segments.parquet", pd.DataFrame({"segment_id": 1 + np.arange(N)}))
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(N, 3)) * [4, 1, 4]
    vectors[:, 1] += 5 * CLASSES
    write_array(tmp_path / "embeddings" / "own.npy", vectors.astype(np.float32))
    outputs = {"embeddings/own.npy": "a" * 64}
    write_json(tmp_path / "manifest.json", {"layers": ["own"], "stages": {"metric": {"outputs": outputs}}})
    made = Workspace(tmp_path)
    keep_map(made, "segments", "own", "pca", Pca().project(made.embedding("own"), seed=0).points)
    return made


def label(workspace: Workspace, strokes: int) -> Journal:
    """Label strokes of ten segments, water and sand in turn."""
    journal = Journal(workspace.path("labels.sqlite"))
    for name in ("water", "sand"):
        journal.define(name)
    for stroke in range(strokes):
        rows = np.flatnonzero(stroke % 2 + 1 == CLASSES)[10 * (stroke // 2) : 10 * (stroke // 2) + 10]
        journal.assign(1 + rows, ("water", "sand")[stroke % 2])
    return journal


def test_labels_of_people_teach_and_predicted_ones_do_not(workspace: Workspace) -> None:
    with label(workspace, 2) as journal:
        last = journal.assign([201], "sand", origin="classified")
        found = taught(workspace)  # while the journal is open for writing
    assert np.bincount(found.codes).tolist() == [N - 20, 10, 10]
    np.testing.assert_array_equal(found.codes > 0, (found.strokes > 0) & (np.arange(N) != 200))
    assert len(np.unique(found.strokes[found.codes > 0])) == 2
    assert (found.n_classes, found.position) == (2, last)


def test_map_from_labels_is_that_of_the_discriminants_and_joins_the_others(workspace: Workspace) -> None:
    before = find_map(workspace, "segments", "own", "pca")
    label(workspace, 4).close()
    given = taught(workspace)
    points = project_by_labels(workspace.folder, "own")
    expected = Pca().project(discriminants(workspace.embedding("own"), given.codes, 2), seed=0).points
    np.testing.assert_array_equal(points, expected)
    np.testing.assert_array_equal(find_map(workspace, "segments", "own", "labels"), points)
    np.testing.assert_array_equal(find_map(workspace, "segments", "own", "pca"), before)
    assert drawn_from(workspace, "own") == {"event": given.position, "segments": 40}
    assert maps_of(workspace) == {"own-pca": ("own", "pca"), "own-labels": ("own", "labels")}


def test_map_from_no_labels_is_refused_in_one_sentence(workspace: Workspace) -> None:
    label(workspace, 0).close()
    assert drawn_from(workspace, "own") is None
    with pytest.raises(NotUsable, match="nothing is labelled yet"):
        project_by_labels(workspace.folder, "own")


def test_map_that_tells_classes_apart_fits_best_and_is_laid_out_again_without_the_strokes(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    label(workspace, 8).close()
    project_by_labels(workspace.folder, "own")
    monkeypatch.setattr(labels_map, "ALSO_LAID_OUT", 30)
    sizes: list[int] = []
    monkeypatch.setattr(labels_map, "lay_out", _counting(sizes))
    found = judge_maps(workspace.folder)
    assert found.best == "own-labels"
    assert {fit.name: fit.strokes for fit in found.fits} == {"own-labels": 8, "own-pca": 8}
    assert found.fits[0].accuracy > found.fits[1].accuracy + 0.2
    assert sizes == [80 + 30] * 5


def _counting(sizes: list[int]):  # type: ignore[no-untyped-def]
    before = labels_map.lay_out

    def lay_out(workspace: Workspace, vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
        sizes.append(len(vectors))
        return before(workspace, vectors, rows)

    return lay_out


def test_few_strokes_give_no_verdict(workspace: Workspace) -> None:
    label(workspace, 4).close()
    assert judge_maps(workspace.folder).best is None
