"""Predictions and suggestions: nothing is labelled before it is accepted, and what is keeps its origin."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton
from waiting import at_rest, shown

from napari_rsgraph.panels.suggest import SuggestPanel
from napari_rsgraph.session.session import Session

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(qtbot: Any, session: Session) -> SuggestPanel:
    made = SuggestPanel(session)
    qtbot.addWidget(made)
    made.resize(320, 800)
    shown(qtbot, made)
    return made


@pytest.fixture
def taught(qtbot: Any, panel: SuggestPanel, session: Session) -> SuggestPanel:
    """Two classes, twenty labels each, by what the fuzzy C-means say."""
    strongest = np.asarray(session.workspace.embedding("target")).argmax(axis=1)
    common = np.argsort(-np.bincount(strongest))[:2]
    for name, cluster in zip(("water", "forest"), common, strict=True):
        session.labels.define(name)
        session.labels.assign(np.flatnonzero(strongest == cluster)[:20], name)
    qtbot.waitUntil(lambda: panel.run_predict.isEnabled())
    return panel


@pytest.fixture
def predicted(qtbot: Any, taught: SuggestPanel, session: Session) -> SuggestPanel:
    taught.method.setCurrentIndex(taught.method.findData("classifier"))
    qtbot.mouseClick(taught.run_predict, LEFT)
    qtbot.waitUntil(lambda: taught.predicted.isVisible())
    at_rest(qtbot)
    return taught


def test_one_class_is_not_enough_and_it_says_so(panel: SuggestPanel) -> None:
    assert not panel.run_predict.isEnabled()
    assert "at least two classes" in panel.run_predict.toolTip()
    assert "at least two classes" in panel.empty.text()


def test_a_prediction_is_shown_by_class_and_labels_nothing(
    qtbot: Any, predicted: SuggestPanel, session: Session
) -> None:
    made = session.suggestions.predictions
    assert made is not None
    assert made.method == "classifier"
    assert np.count_nonzero(session.labels.codes) == 40
    free = session.labels.codes == 0
    for row, name in enumerate(("water", "forest")):
        expected = np.count_nonzero(free & (made.probabilities.argmax(axis=1) == row))
        assert predicted.table.item(row, 0).text() == name
        assert predicted.table.item(row, 1).text() == f"{expected:,}"
    assert "from 40 labels, on Own" in predicted.status.text()


def test_the_calibration_is_said_where_it_is_known(qtbot: Any, predicted: SuggestPanel, session: Session) -> None:
    made = session.suggestions.predictions
    assert made is not None
    if made.calibration is None:
        assert "Too few labels" in predicted.status.text()
    else:
        assert f"differ by {100 * made.calibration:.1f}" in predicted.status.text()


def test_no_sentence_on_confidence_contradicts_another(
    qtbot: Any, panel: SuggestPanel, predicted: SuggestPanel, session: Session
) -> None:
    panel.method.setCurrentIndex(panel.method.findData("propagation"))
    panel.predict()
    qtbot.waitUntil(lambda: "Label propagation from" in panel.status.text())
    said = f"{panel.explanation.text()} {panel.status.text()}"
    assert "not calibrated" in said
    assert "at its word" not in said
    assert "scene shows labels only" in panel.by_prediction.toolTip()


def test_the_threshold_counts_and_accepts(qtbot: Any, predicted: SuggestPanel, session: Session) -> None:
    made = session.suggestions.predictions
    assert made is not None
    free = session.labels.codes == 0
    predicted.threshold.setValue(60)
    expected = np.flatnonzero(free & (made.probabilities.max(axis=1) >= np.float32(0.6)))
    qtbot.waitUntil(lambda: f"would label {len(expected):,} segments" in predicted.count.text())
    qtbot.mouseClick(predicted.accept, LEFT)
    labels = session.labels.journal.labels().set_index("segment_id")
    accepted = labels[labels["origin"] == "classified"]
    assert set(accepted.index) == set(session.tables.ids[expected])
    best = np.array(["water", "forest"])[made.probabilities[expected].argmax(axis=1)]
    assert accepted.loc[session.tables.ids[expected], "label"].to_list() == best.tolist()
    assert (accepted["confidence"] >= 0.6 - 1e-6).all()
    session.labels.undo()
    assert np.count_nonzero(session.labels.codes) == 40


def test_changed_labels_are_said_until_predicted_again(qtbot: Any, predicted: SuggestPanel, session: Session) -> None:
    assert not predicted.stale.isVisible()
    free = np.flatnonzero(session.labels.codes == 0)
    session.labels.assign(free[:5], "water")
    qtbot.waitUntil(lambda: predicted.stale.isVisible())
    qtbot.mouseClick(predicted.run_predict, LEFT)
    qtbot.waitUntil(lambda: not predicted.stale.isVisible())


def test_accepted_predictions_do_not_make_it_stale(qtbot: Any, predicted: SuggestPanel, session: Session) -> None:
    predicted.threshold.setValue(50)
    qtbot.waitUntil(lambda: predicted.accept.isEnabled())
    qtbot.mouseClick(predicted.accept, LEFT)
    assert not session.suggestions.outdated


def test_the_queue_is_gone_through_and_labelled(qtbot: Any, predicted: SuggestPanel, session: Session) -> None:
    qtbot.mouseClick(predicted.queueing["least_certain"], LEFT)
    qtbot.waitUntil(lambda: predicted.suggestion.isVisible())
    queue, made = session.suggestions.queue.copy(), session.suggestions.predictions
    assert made is not None
    assert predicted.place.text() == f"1 of {len(queue)}"
    assert session.selection.target_rows().tolist() == [queue[0]]
    assert not predicted.previous.isEnabled()
    likelier, other = sorted(made.probabilities[queue[0]], reverse=True)[:2]
    assert f"{likelier:.0%}".replace("%", "\u00a0%") in predicted.current.text()
    assert f"{other:.0%}".replace("%", "\u00a0%") in predicted.current.text()
    qtbot.mouseClick(predicted.next, LEFT)
    qtbot.waitUntil(lambda: predicted.place.text() == f"2 of {len(queue)}")
    qtbot.keyClick(predicted, Qt.Key.Key_Return)
    assert session.labels.codes[queue[1]] == made.best[queue[1]]
    assert session.labels.state.origins[queue[1]] == 4
    assert session.suggestions.at == 2
    qtbot.waitUntil(lambda: predicted.place.text() == f"3 of {len(queue)}")
    forest = next(made for made in predicted.classes.findChildren(QPushButton) if made.text().startswith("forest"))
    qtbot.mouseClick(forest, LEFT)
    assert session.labels.codes[queue[2]] == 2
    assert session.labels.state.origins[queue[2]] == 1
    assert session.suggestions.at == 3


def test_most_different_needs_no_prediction(qtbot: Any, panel: SuggestPanel, session: Session) -> None:
    assert not panel.queueing["least_certain"].isEnabled()
    qtbot.mouseClick(panel.queueing["most_different"], LEFT)
    qtbot.waitUntil(lambda: panel.suggestion.isVisible())
    assert len(session.suggestions.queue) > 1
    assert not panel.accept_one.isEnabled()
    assert "nothing is predicted" in panel.accept_one.toolTip()


def test_points_are_coloured_by_prediction_and_uncertainty(
    qtbot: Any, predicted: SuggestPanel, session: Session
) -> None:
    qtbot.mouseClick(predicted.by_prediction, LEFT)
    assert session.colouring.by == "predicted"
    assert [name for name, _ in session.colouring.key(session.selection.level).entries] == [
        "unreached",
        "water",
        "forest",
    ]
    qtbot.mouseClick(predicted.by_uncertainty, LEFT)
    assert session.colouring.by == "uncertainty"


def test_predictions_of_classes_that_were_removed_are_dropped(
    qtbot: Any, predicted: SuggestPanel, session: Session
) -> None:
    heard: list[str] = []
    session.tasks.message.connect(lambda _, text: heard.append(text))
    session.labels.define("bare")
    assert session.suggestions.predictions is not None
    session.labels.remove("water")
    assert session.suggestions.predictions is None
    assert "predict again" in heard[-1]
    qtbot.waitUntil(lambda: not predicted.predicted.isVisible())


def test_it_fits_the_dock(predicted: SuggestPanel) -> None:
    assert predicted.minimumSizeHint().width() <= 306
