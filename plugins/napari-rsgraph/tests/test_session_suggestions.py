"""Predictions and queues."""

from __future__ import annotations

import numpy as np
import pytest

from napari_rsgraph.session.labels import Labels
from napari_rsgraph.session.session import Session
from napari_rsgraph.session.suggestions import Prediction, Suggestions
from napari_rsgraph.session.tables import Tables


def heard(session: Session) -> list[tuple[str, str]]:
    """Collect what the user reads."""
    said: list[tuple[str, str]] = []
    session.tasks.message.connect(lambda severity, text: said.append((severity, text)))
    return said


@pytest.mark.parametrize(("method", "origin"), [("propagation", "propagated"), ("classifier", "classified")])
def test_predictions_become_labels_only_when_accepted(session: Session, method: str, origin: str) -> None:
    session.selection.set_level("segments")
    first = np.flatnonzero(np.asarray(session.workspace.embedding("target")).argmax(axis=1) == 0)[:12]
    second = np.flatnonzero(np.asarray(session.workspace.embedding("target")).argmax(axis=1) == 1)[:12]
    for name, rows in (("one", first), ("two", second)):
        session.labels.define(name)
        session.selection.select(rows)
        session.label(name)
    session.suggestions.predict(method, session.maps.layer)  # type: ignore[arg-type]
    assert session.labels.counts()[1:].tolist() == [len(first), len(second)]
    session.suggestions.accept(0.5)
    labels = session.labels.journal.labels().set_index("segment_id")
    human = session.tables.ids[np.concatenate([first, second])]
    assert (labels.loc[human, "origin"] == "human").all()
    assert set(labels.drop(human)["origin"]) == {origin}
    assert (labels.drop(human)["confidence"] >= 0.5).all()
    session.labels.undo()  # bulk acceptance is one step
    assert session.labels.counts()[1:].tolist() == [len(first), len(second)]


def test_queue_of_least_certain_starts_with_the_smallest_margin(session: Session) -> None:
    said = heard(session)
    session.suggestions.make_queue("least certain first", session.maps.layer)
    assert "predict first" in said[-1][1]
    session.selection.set_level("segments")
    for name, rows in (("one", np.arange(5)), ("two", np.arange(300, 305))):
        session.labels.define(name)
        session.selection.select(rows)
        session.label(name)
    session.suggestions.predict("classifier", session.maps.layer)
    session.suggestions.make_queue("least certain first", session.maps.layer)
    made = session.suggestions.predictions
    assert made is not None
    ranked = np.sort(made.probabilities, axis=1)
    margins = ranked[:, -1] - ranked[:, -2]
    margins[session.labels.codes > 0] = 2
    assert session.suggestions.queue[0] == margins.argmin()
    assert np.flatnonzero(session.selection.segments).tolist() == [session.suggestions.queue[0]]


def test_accepted_prediction_never_replaces_a_label(session: Session) -> None:
    said = heard(session)
    session.selection.set_level("segments")
    for name, rows in (("one", np.arange(5)), ("two", np.arange(300, 305))):
        session.labels.define(name)
        session.selection.select(rows)
        session.label(name)
    session.suggestions.predict("classifier", session.maps.layer)
    session.suggestions.make_queue("least certain first", session.maps.layer)
    row = int(session.suggestions.queue[0])
    session.label("one")
    assert session.suggestions.at == 1
    session.suggestions.go(-1)
    session.suggestions.accept_current()
    assert session.labels.codes[row] == 1
    assert session.labels.state.origins[row] == 1
    assert "has a label already" in said[-1][1]


@pytest.fixture
def suggestions(tables: Tables, labels: Labels) -> Suggestions:
    """Predictions of five segments, of which the last is reached by no label; a queue of two."""
    for name in ("water", "wood"):
        labels.define(name)
    made = Suggestions(labels.workspace, tables, labels, labels.tasks)
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7], [0, 0]], dtype=np.float32)
    best, certainty = np.array([1, 2, 1, 2, 0], dtype=np.int16), probabilities.max(axis=1)
    made.predictions = Prediction("classifier", "bands", ("water", "wood"), probabilities, best, certainty, 0, 0)
    made.queue = np.array([2, 4])
    return made


def test_accepting_takes_what_is_sure_enough_and_unlabelled(suggestions: Suggestions, labels: Labels) -> None:
    labels.assign(np.array([0]), "wood")
    suggestions.accept(0.7)
    assert labels.codes.tolist() == [2, 2, 0, 2, 0]
    assert labels.state.origins.tolist() == [1, 4, 0, 4, 0]
    assert labels.state.confidence[[1, 3]] == pytest.approx([0.8, 0.7])


def test_the_queue_is_gone_through(suggestions: Suggestions, labels: Labels) -> None:
    heard: list[list[int]] = []
    suggestions.looked_at.connect(lambda rows: heard.append(rows.tolist()))
    suggestions.accept_current()
    assert labels.codes.tolist() == [0, 0, 1, 0, 0]
    suggestions.accept_current()  # nothing is predicted for it
    suggestions.go(-1)
    assert heard == [[4], [2]]
    assert labels.codes.tolist() == [0, 0, 1, 0, 0]


def test_labels_given_by_hand_go_on_with_the_queue_past_what_has_a_label(session: Session) -> None:
    said = heard(session)
    for name in ("one", "two"):
        session.labels.define(name)
    session.suggestions.queue = np.array([5, 6, 7, 8])
    session.labels.assign(np.array([6]), "two")
    session.suggestions.go(0)
    session.label("one")
    assert session.suggestions.current.tolist() == [7]
    assert session.selection.target_rows().tolist() == [7]
    session.label(None)
    assert session.suggestions.current.tolist() == [7], "to erase is no answer"
    session.selection.select(np.array([20, 21]))
    session.label("one")
    assert session.suggestions.current.tolist() == [7], "other segments are no answer"
    session.suggestions.go(1)
    session.label("two")
    assert "the last of the queue" in said[-1][1]
    assert session.labels.codes[[5, 6, 7, 8, 20, 21]].tolist() == [1, 2, 0, 2, 1, 1]


def test_uncertainty_is_what_the_likeliest_class_leaves(suggestions: Suggestions) -> None:
    assert suggestions.uncertainty() == pytest.approx([0.1, 0.2, 0.4, 0.3, 1.0])


def test_predictions_of_other_classes_are_dropped(suggestions: Suggestions, labels: Labels) -> None:
    labels.define("bare")
    assert suggestions.predictions is not None
    labels.remove("water")
    assert suggestions.predictions is None
    assert len(suggestions.queue) == 0
