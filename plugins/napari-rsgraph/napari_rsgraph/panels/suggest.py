"""The panel of predictions: made from the labels given, accepted in bulk or one by one, least certain first."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_rsgraph.actions import action
from napari_rsgraph.session.amounts import counted
from napari_rsgraph.session.calls import calls_of
from napari_rsgraph.session.colouring import PREDICTED, UNCERTAINTY
from napari_rsgraph.session.session import Session
from napari_rsgraph.session.suggestions import Prediction
from napari_rsgraph.widgets.controls import Slider, action_button, button, enable, heading, hint, swatch, text_label
from napari_rsgraph.widgets.layouts import beside, emptied, flowing
from napari_rsgraph.widgets.naming import amount, layer_title, percent
from napari_rsgraph.widgets.refresh import Refresh, listen
from napari_rsgraph.widgets.shortcuts import pressed

METHODS = {
    "propagation": (
        "Label propagation",
        "Labels travel from segment to segment along the graph: good with few labels. Its confidence orders the "
        "segments; it is no share of right ones.",
    ),
    "classifier": (
        "Classifier",
        "Learns the classes from the embedding. With enough labels its confidence is measured against labels that "
        "were left out.",
    ),
}
_LEAST, _MOST, _USUAL = 50, 100, 95
"""Of the threshold, in per cent."""


class SuggestPanel(QWidget):
    """Predict, look at what is uncertain, accept what is certain.

    Parameters
    ----------
    session
        Its labels teach.
    parent
        The window.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self._config = session, session.workspace.config
        self._calls = calls_of(session)
        self._summed: tuple[Any, ...] = ()
        self._make_predicting()
        self._make_queue()
        self._make_accepting()
        self._lay_out()
        self._refresh = Refresh(self, self.refresh)
        self._counting = Refresh(self, self.show_count, 30)
        labels = session.labels
        for signal in (session.suggestions.changed, labels.changed, labels.classes_changed):
            listen(self, signal, self._refresh.ask)
        listen(self, session.map_changed, self._refresh.ask)
        self._explain()

    # parts

    def _make_predicting(self) -> None:
        self.method = QComboBox()
        self.method.setAccessibleName("Method of prediction")
        self.method.setToolTip("How the rest is predicted from your labels")
        for name, (title, _) in METHODS.items():
            self.method.addItem(title, name)
        self.method.currentIndexChanged.connect(self._explain)
        self.explanation = text_label(name="What the method does")
        self.run_predict = action_button("predict", self.predict)
        self.status, self.stale = text_label(name="Prediction"), text_label(name="Labels changed")
        self.stale.setStyleSheet("QLabel { border: 1px solid #e69f00; border-radius: 3px; padding: 4px }")
        self.empty = hint()
        self.table = self._make_table()
        self.by_prediction = button(
            "Colour by prediction",
            "Colour the points of the map by the class predicted; the scene shows labels only",
            lambda: self._colour(PREDICTED),
        )
        self.by_uncertainty = button(
            "by uncertainty", "Colour the points by how unsure the prediction is", lambda: self._colour(UNCERTAINTY)
        )
        self.by_uncertainty.setAccessibleName("Colour by uncertainty")

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(0, 3)
        table.setHorizontalHeaderLabels(["Class", "Predicted", "Confidence"])
        table.setToolTip("Per class: how many unlabelled segments are predicted as it, and how sure on average")
        table.setAccessibleName("Predictions by class")
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        table.verticalHeader().hide()
        table.setShowGrid(False)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        return table

    def _make_queue(self) -> None:
        calls = self._calls
        self.queueing = {name: action_button(name, calls[name]) for name in ("least_certain", "most_different")}
        self.previous = action_button("previous_suggestion", calls["previous_suggestion"])
        self.next = action_button("next_suggestion", calls["next_suggestion"])
        self.place, self.current = QLabel(), text_label(name="Current suggestion")
        self.accept_one = action_button("accept_suggestion", calls["accept_suggestion"])
        self.classes = QWidget()
        self._class_layout = QVBoxLayout(self.classes)
        self._class_layout.setContentsMargins(0, 0, 0, 0)

    def _make_accepting(self) -> None:
        self.threshold = Slider(Qt.Orientation.Horizontal)
        self.threshold.setRange(_LEAST, _MOST)
        self.threshold.setValue(_USUAL)
        self.threshold.setAccessibleName("Least confidence to accept, in per cent")
        self.threshold.setToolTip("Accept only predictions that are at least so sure")
        self.threshold.valueChanged.connect(lambda _: self._counting.ask())
        self.count = text_label(name="What accepting would label")
        self.accept = button("Accept", "Label them as predicted, in one step that undo takes back", self._accept)

    def _lay_out(self) -> None:
        choosing = QHBoxLayout()
        choosing.addWidget(self.method, 1)
        choosing.addWidget(self.run_predict)
        self.predicted = _column(
            self.table,
            flowing(self.by_prediction, self.by_uncertainty),
            heading("Accept in bulk", "Label all segments whose prediction is sure enough, in one step"),
            self.threshold,
            self.count,
            self.accept,
        )
        self.suggestion = _column(
            beside(self.previous, self.place, self.next), self.current, self.accept_one, self.classes
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(choosing)
        for widget in (self.explanation, self.status, self.stale, self.empty, self.predicted):
            layout.addWidget(widget)
        layout.addWidget(
            heading("What to label next", "Segments that teach the prediction most, lined up one by one")
        )
        layout.addWidget(flowing(*self.queueing.values()))
        layout.addWidget(self.suggestion)
        layout.addStretch(1)

    # what the person does

    def predict(self) -> None:
        """Predict by the method that is chosen."""
        self.session.suggestions.predict(self.method.currentData(), self.session.maps.layer)

    def label_current(self, name: str) -> None:
        """Label the suggested segment as a class and go to the next."""
        suggestions = self.session.suggestions
        if len(suggestions.queue):
            self.session.labels.assign(suggestions.current, name)
            suggestions.advance()

    def _accept(self) -> None:
        self.session.suggestions.accept(self.threshold.value() / 100)

    def _colour(self, by: str) -> None:
        self.session.colouring.choose(by)

    def _explain(self) -> None:
        self.explanation.setText(METHODS[self.method.currentData()][1])

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Enter accepts the prediction of the suggestion."""
        if pressed(event, ("accept_suggestion",)) and len(self.session.suggestions.queue):
            self.session.suggestions.accept_current()
        else:
            super().keyPressEvent(event)

    # what is shown

    def refresh(self) -> None:
        """Show predictions and queue of now."""
        session, made = self.session, self.session.suggestions.predictions
        why = _why_not(session)
        enable(self.run_predict, not why, why)
        self.empty.setVisible(made is None)
        self.empty.setText(_first_step(session))
        self.status.setVisible(made is not None)
        self.predicted.setVisible(made is not None)
        self.stale.setVisible(session.suggestions.outdated)
        self.stale.setText("⚠ Labels changed since: predict again to learn from them")
        enable(self.queueing["least_certain"], made is not None, "predict first: certainty comes from predictions")
        if made is not None:
            self.status.setText(self._status(made))
            self._sum_up(made)
        self._show_queue(made)

    def _sum_up(self, made: Prediction) -> None:
        """Count again where predictions, labels or classes are others: going through the queue changes none."""
        labels = self.session.labels
        about = (made, labels.codes, labels.classes)
        if len(self._summed) != len(about) or any(
            old is not new for old, new in zip(self._summed, about, strict=True)
        ):
            self._summed = about
            self._show_table(made)
            self.show_count()

    def _status(self, made: Prediction) -> str:
        layer = layer_title(made.layer, self._config)
        text = f"{METHODS[made.method][0]} from {counted(made.n_labels, 'label')}, on {layer}. "
        if made.method == "propagation":
            return text + (
                "Its confidence is not calibrated: it orders the segments, and 90\u00a0% need not mean that nine of "
                "ten are right."
            )
        if made.calibration is None or made.accuracy is None:
            return text + "Too few labels, or in too few chips, to measure how often it is right."
        return text + (
            f"Of labels that were left out in turn {made.accuracy:.1%} were predicted right; confidence and share of "
            f"right ones differ by {made.calibration:.1%} on average."
        ).replace("%", "\u00a0%")

    def _show_table(self, made: Prediction) -> None:
        """Count unlabelled segments by the class predicted, with their mean certainty."""
        best = np.where(self.session.labels.codes == 0, made.best, 0)
        n = len(made.names) + 1
        counts = np.bincount(best, minlength=n)
        sums = np.bincount(best, weights=made.certainty, minlength=n)
        colours = [str(colour) for colour in self.session.labels.classes["colour"]]
        self.table.setRowCount(len(made.names))
        for place, name in enumerate(made.names):
            code = place + 1
            mean = percent(sums[code] / counts[code]) if counts[code] else "–"
            cells = (QTableWidgetItem(swatch(colours[place]), name), _number(f"{counts[code]:,}"), _number(mean))
            for column, cell in enumerate(cells):
                self.table.setItem(place, column, cell)
        self.table.resizeRowsToContents()
        rows = sum(self.table.rowHeight(row) for row in range(min(len(made.names), 8)))
        self.table.setFixedHeight(rows + self.table.horizontalHeader().sizeHint().height() + 4)

    def show_count(self) -> None:
        """Say what accepting at the threshold would label."""
        made = self.session.suggestions.predictions
        if made is None:
            return
        tables, at_least = self.session.tables, self.threshold.value()
        rows, _, _ = self.session.suggestions.acceptable(at_least / 100)
        pixels = tables.segments["area_px"].to_numpy()[rows].sum()
        area = amount(float(tables.hectares[rows].sum()), float(pixels))
        self.count.setText(f"would label {counted(len(rows), 'segment')}, {area}, with at least {at_least}\u00a0%")
        self.accept.setText(f"Accept {len(rows):,}" if len(rows) else "Accept")
        read_only = "labels cannot be changed here" if self.session.labels.read_only else ""
        why = read_only or ("" if len(rows) else f"no prediction is at least {at_least} % sure")
        enable(self.accept, not why, why)

    # the queue

    def _show_queue(self, made: Prediction | None) -> None:
        suggestions, n = self.session.suggestions, len(self.session.suggestions.queue)
        self.suggestion.setVisible(n > 0)
        if n == 0:
            return
        row = int(suggestions.queue[suggestions.at])
        self.place.setText(f"{suggestions.at + 1} of {n}")
        enable(self.previous, suggestions.at > 0, "this is the first")
        enable(self.next, suggestions.at + 1 < n, "this is the last")
        self.current.setText(self._describe(row, made))
        read_only = "labels cannot be changed here" if self.session.labels.read_only else ""
        best = int(made.best[row]) if made is not None else 0
        why = read_only or ("" if best else "nothing is predicted for it")
        enable(self.accept_one, not why, why)
        self.accept_one.setText(
            f"Accept: {made.names[best - 1]}" if made is not None and best else action("accept_suggestion").text
        )
        self._show_classes(read_only)

    def _describe(self, row: int, made: Prediction | None) -> str:
        """Say which segment it is, its label, and its two likeliest classes."""
        session = self.session
        chip = session.tables.segments["chip_id"].iat[row]
        text = f"Segment {int(session.tables.ids[row])} in chip {chip}"
        code = int(session.labels.codes[row])
        text += f", labelled {session.labels.names[code - 1]}" if code else ""
        if made is None:
            return text + ". Nothing is predicted yet."
        likeliest = np.argsort(-made.probabilities[row], kind="stable")[:2]
        words = [f"{made.names[place]} {percent(float(made.probabilities[row, place]))}" for place in likeliest]
        return f"{text}. Predicted: {', '.join(words)}" if made.best[row] else f"{text}. No label reaches it."

    def _show_classes(self, read_only: str) -> None:
        """A button for each class."""
        emptied(self._class_layout)
        table = self.session.labels.classes
        buttons = []
        for name, colour, key in zip(table["name"], table["colour"], table["key"], strict=True):
            keyed = f" ({key})" if isinstance(key, str) and key else ""
            made = button(
                f"{name}{keyed}",
                f"Label this segment as {name}; go to the next",
                partial(self.label_current, name),
            )
            made.setIcon(swatch(str(colour)))
            enable(made, not read_only, read_only)
            buttons.append(made)
        self._class_layout.addWidget(flowing(*buttons))


def _column(*widgets: QWidget) -> QWidget:
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget)
    return holder


def _number(text: str) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return item


def _why_not(session: Session) -> str:
    """Why nothing can be predicted, or ""."""
    given = np.bincount(session.labels.codes, minlength=1)[1:]
    return "" if np.count_nonzero(given) >= 2 else "label at least two classes first"


def _first_step(session: Session) -> str:
    if _why_not(session):
        return (
            "Label a few segments of at least two classes, then predict the rest. Predictions stay apart from your "
            "labels until you accept them, and keep their origin."
        )
    return "Press Predict: what you labelled teaches it. Nothing becomes a label before you accept it."
