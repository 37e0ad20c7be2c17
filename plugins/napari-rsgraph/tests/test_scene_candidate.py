"""The outline of the candidate that a search looks at."""

from __future__ import annotations

import numpy as np

from napari_rsgraph.scene.candidate import CASING, OUTLINE, THIN, Candidate
from napari_rsgraph.scene.lazy_layers import NOTHING, REST, Place, Selected
from napari_rsgraph.session.labels import Labels
from napari_rsgraph.session.search import Results, Search
from napari_rsgraph.session.tables import Tables

WHOLE = Place(0, 0, 1)


def painted(tables: Tables, labels: Labels, ids: np.ndarray, *, at: int) -> np.ndarray:
    search = Search(labels.workspace, tables, labels, labels.tasks)
    rows = np.array([1, 3])
    search.results = Results("segments", np.array([0]), rows, np.ones(2), at=at, near=[np.array([4]), rows[:0]])
    candidate = Candidate(tables)
    candidate.follow(search)
    assert candidate.any
    return np.asarray(candidate(ids, WHOLE))


def test_the_line_runs_around_the_candidate_and_leaves_its_inside(tables: Tables, labels: Labels) -> None:
    ids = np.ones((40, 60), dtype=np.uint32)
    ids[10:20, 10:20], ids[25:30, 40:50] = 2, 5
    codes = painted(tables, labels, ids, at=0)
    assert not codes[10:20, 10:20].any()
    assert (codes[15, 6:10] == OUTLINE).all()
    assert (codes[15, 20:24] == OUTLINE).all()
    assert codes[15, 5] == CASING
    assert not codes[25:30, 40:50].any()
    assert (codes[27, 50:52] == THIN).all()
    assert codes[27, 53] == 0


def test_a_window_without_the_candidate_stays_clear(tables: Tables, labels: Labels) -> None:
    assert not painted(tables, labels, np.ones((8, 8), dtype=np.uint32), at=1).any()


def test_the_cover_leaves_what_is_looked_at_clear() -> None:
    cover, ids = Selected(), np.repeat(np.arange(4, dtype=np.uint32), 6)[np.newaxis].repeat(6, axis=0)
    cover.choose(np.array([False, True, False, False]))
    assert (cover(ids, WHOLE)[3, 14:] == REST).all()
    cover.uncover(np.array([False, False, True, False]))
    codes = cover(ids, WHOLE)
    assert (codes[3, 14:17] == NOTHING).all()
    assert (codes[3, 18:] == REST).all()


def test_without_a_search_there_is_no_outline(tables: Tables, labels: Labels) -> None:
    candidate = Candidate(tables)
    candidate.follow(Search(labels.workspace, tables, labels, labels.tasks))
    assert not candidate.any
    assert not candidate(np.full((8, 8), 2, dtype=np.uint32), WHOLE).any()
