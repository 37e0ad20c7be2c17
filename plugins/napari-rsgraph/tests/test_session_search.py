"""Search by example."""

from __future__ import annotations

import numpy as np
import pytest

from napari_rsgraph.session.labels import Labels
from napari_rsgraph.session.search import Results, Search
from napari_rsgraph.session.session import Session
from napari_rsgraph.session.tables import Tables


def test_search_ranks_by_cosine_and_labels_what_was_accepted(session: Session) -> None:
    session.selection.set_level("segments")
    session.labels.define("water")
    session.search.k = 5
    session.search.spread(0)
    session.search.start("segments", np.array([0]), "gnn2")
    results = session.search.results
    assert results is not None
    vectors = np.asarray(session.workspace.embedding("gnn2"), dtype=np.float64)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = unit @ unit[0]
    scores[0] = -2
    assert results.scores == pytest.approx(np.sort(scores)[::-1][:5], abs=1e-5)
    session.search.judge("rejected")
    session.search.judge("accepted")
    session.search.judge("accepted")
    session.search.label_accepted("water")
    assert np.flatnonzero(session.labels.codes).tolist() == sorted(results.rows[1:3].tolist())


def test_search_in_a_learnt_layer_ranks_by_distance(session: Session) -> None:
    assert session.map.layer == "own"
    session.selection.set_level("segments")
    session.selection.select(np.array([0]))
    session.search.k = 5
    session.search.spread(0)
    session.find_similar()
    results = session.search.results
    assert results is not None
    vectors = np.asarray(session.workspace.embedding("own"), dtype=np.float64)
    distances = np.linalg.norm(vectors - vectors[0], axis=1)
    distances[0] = np.inf
    assert results.scores == pytest.approx(1 / (1 + np.sort(distances)[:5]), abs=1e-5)


def test_search_by_chip_takes_the_stored_similarities(session: Session) -> None:
    session.selection.select_chips(np.array([1]))
    session.search.k = 3
    session.find_similar()
    results = session.search.results
    assert results is not None
    matrix = session.workspace.similarity.matrix
    assert matrix is not None
    order = [chip for chip in np.argsort(-matrix[1], kind="stable") if chip != 1][:3]
    assert results.rows.tolist() == order


@pytest.fixture
def search(tables: Tables, labels: Labels) -> Search:
    """A search that found segments 3, 1 and 4 for segment 0."""
    made = Search(labels.workspace, tables, labels, labels.tasks)
    made.results = Results("segments", np.array([0]), np.array([3, 1, 4]), np.array([0.9, 0.8, 0.7]))
    return made


def test_chips_that_are_not_matched_yet_are_not_searched(session: Session) -> None:
    said: list[str] = []
    session.tasks.message.connect(lambda severity, text: said.append(f"{severity}: {text}"))
    session.workspace.path("similarity.npz").unlink()
    session.search.start("chips", np.array([0]), "own")
    assert said == ["warning: chips are not matched yet: wait for that, or search segments, which can be done now"]
    assert session.search.results is None


def test_a_verdict_goes_to_the_next_candidate(search: Search) -> None:
    heard: list[list[int]] = []
    search.looked_at.connect(lambda rows: heard.append(rows.tolist()))
    search.judge("accepted")
    search.judge("rejected")
    search.go(-5)
    search.go(1)
    assert search.results is not None
    assert search.results.verdicts == ["accepted", "rejected", "open"]
    assert heard == [[1], [4], [3], [1]]


def test_the_rest_up_to_here_is_accepted_but_for_the_rejected(search: Search) -> None:
    search.judge("rejected")
    search.go(1)
    search.go(1)
    search.accept_rest()
    assert search.results is not None
    assert search.results.verdicts == ["rejected", "accepted", "accepted"]
    assert search.results.accepted().tolist() == [1, 4]


def test_a_step_right_after_a_verdict_skips_nothing(search: Search) -> None:
    heard: list[tuple[str, str]] = []
    search.tasks.message.connect(lambda *said: heard.append(said))
    assert search.results is not None
    search.judge("accepted")
    search.go(1)
    assert search.results.at == 1
    assert heard == [("status", "the verdict has gone on to this candidate already; J again leaves it open")]
    search.go(1)
    assert search.results.at == 2


def test_a_verdict_goes_over_those_that_are_judged(search: Search) -> None:
    assert search.results is not None
    search.look_at(1)
    search.judge("rejected")
    search.look_at(0)
    search.judge("accepted")
    assert search.results.at == 2
    search.judge("accepted")
    assert search.results.at == 2


def test_what_a_candidate_stands_for_is_accepted_and_labelled_with_it(search: Search, labels: Labels) -> None:
    labels.define("water")
    rows, scores = np.array([3, 1, 4]), np.array([0.9, 0.8, 0.7])
    search.results = Results("segments", np.array([0]), rows[:2], scores[:2], near=[rows[2:], rows[:0]])
    assert [rows.tolist() for rows in search.outlined()] == [[3], [4]]
    search.judge("accepted")
    assert search.results.accepted().tolist() == [3, 4]
    search.label_accepted("water")
    assert labels.codes.tolist() == [0, 0, 0, 1, 1]


def test_spreading_keeps_verdicts_and_the_look(session: Session) -> None:
    session.search.spread(0)
    session.search.k = 40
    session.search.start("segments", np.array([0]), "own")
    whole = session.search.results
    assert whole is not None
    session.search.judge("rejected")
    row = int(whole.current[0])
    session.search.spread(1000.0)
    folded = session.search.results
    assert folded is not None
    assert folded.at == session.search.place_of(row)
    assert set(np.concatenate([folded.rows, *folded.near])) >= set(whole.rows)
    assert folded.verdicts[0] == "rejected"
    assert not len(folded.near[0])
    places = session.search.ground.places("segments", folded.rows)
    for place, near in zip(places, folded.near, strict=True):
        assert (np.hypot(*(session.search.ground.places("segments", near) - place).T) <= 1000).all()


def test_accepted_chips_are_labelled_with_all_their_segments(search: Search, labels: Labels) -> None:
    heard: list[str] = []
    labels.tasks.message.connect(lambda _, text: heard.append(text))
    labels.define("water")
    search.results = Results("chips", np.array([0]), np.array([1]), np.array([0.5]))
    search.label_accepted("water")
    assert heard == ["accept some candidates first (A accepts, X rejects)"]
    search.judge("accepted")
    search.label_accepted("water")
    assert labels.codes.tolist() == [0, 0, 0, 1, 1]


def test_a_search_without_examples_says_what_to_do(search: Search) -> None:
    heard: list[str] = []
    search.tasks.message.connect(lambda _, text: heard.append(text))
    search.start("chips", np.array([], dtype=int), "bands")
    search.close()
    assert heard == ["select one or more chips as examples first"]
    assert search.results is None
