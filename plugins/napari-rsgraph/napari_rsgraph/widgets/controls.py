"""Buttons of the table of actions, swatches of classes, hints and headings."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import cast

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPixmap
from qtpy.QtWidgets import QAbstractButton, QLabel, QPushButton, QSlider, QWidget

from napari_rsgraph.actions import action
from napari_rsgraph.widgets.shortcuts import help_of

HIT = 24
"""Logical pixels along what is pressed, at least: what the accessibility guidelines ask for (WCAG 2.2, 2.5.8)."""


class Slider(QSlider):
    """A slider that keeps its keys while it has the keyboard: Home is an action of the window elsewhere."""

    _own = (Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)

    def event(self, event: QEvent) -> bool:
        """Take its keys before shortcuts do."""
        if event.type() == QEvent.Type.ShortcutOverride and cast(QKeyEvent, event).key() in self._own:
            event.accept()
            return True
        return super().event(event)


def action_button(name: str, run: Callable[[], object] | None = None) -> QPushButton:
    """Return a button for an action of the table: its text, its tooltip with the key."""
    row = action(name)
    made = button(row.button or row.text, help_of(name), run)
    made.setAccessibleName(row.text)
    return made


def button(text: str, tooltip: str, run: Callable[[], object] | None = None) -> QPushButton:
    """Return a button that says what it does."""
    made = QPushButton(text)
    made.setAccessibleName(text)
    made.setAccessibleDescription(tooltip)
    made.setToolTip(tooltip)
    made.setAutoDefault(False)
    made.setMinimumSize(HIT, HIT)
    if run is not None:
        call = run
        made.clicked.connect(lambda: call())
    return made


def name_buttons(holder: QWidget) -> None:
    """Give buttons that have only a picture their tooltip as the name that a screen reader says."""
    for made in holder.findChildren(QAbstractButton):
        if not made.text() and not made.accessibleName():
            made.setAccessibleName(made.toolTip())


def enable(widget: QWidget, enabled: bool, why_not: str = "") -> None:
    """Enable or disable a widget; disabled, its tooltip says why. The first tooltip comes back."""
    usual = widget.property("usual_tooltip")
    if usual is None:
        usual = widget.toolTip()
        widget.setProperty("usual_tooltip", usual)
    widget.setEnabled(enabled)
    widget.setToolTip(usual if enabled or not why_not else f"{usual}\nNot now: {why_not}")


def swatch(colour: str, size: int = 14) -> QIcon:
    """Return a square of a colour with a border that shows on light and dark."""
    pixmap = QPixmap(2 * size, 2 * size)
    pixmap.setDevicePixelRatio(2)  # sharp on dense screens too
    pixmap.fill(QColor(colour))
    painter = QPainter(pixmap)
    painter.setPen(QColor(255, 255, 255, 160))
    painter.drawRect(0, 0, size - 1, size - 1)
    painter.end()
    return QIcon(pixmap)


def hint(text: str = "") -> QLabel:
    """Return a label for what to do next where there is nothing to show yet."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setStyleSheet("QLabel { font-style: italic; padding: 6px }")
    return label


def text_label(text: str = "", *, name: str = "") -> QLabel:
    """Return a label that wraps and shows its text as it is written."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if name:
        label.setAccessibleName(name)
    return label


def heading(text: str, about: str) -> QLabel:
    """Return a heading within a panel, with one sentence on hover that says what it is about."""
    label = QLabel(f"<b>{html.escape(text)}</b>")
    label.setToolTip(about)
    label.setAccessibleDescription(about)
    label.setContentsMargins(0, 6, 0, 0)
    return label
