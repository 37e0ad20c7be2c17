"""Small parts that all panels are made of: buttons from the table of actions, swatches, hints, rows that wrap."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from psygnal import SignalInstance
from qtpy.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, QTimer
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLayoutItem,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_rsgraph.panels.shortcuts import action
from napari_rsgraph.widgets.ticks import ticks


def listen(widget: QWidget, signal: SignalInstance, slot: Callable[..., Any]) -> None:
    """Connect a session's signal for as long as the widget lives."""
    signal.connect(slot)

    def leave() -> None:
        signal.disconnect(slot, missing_ok=True)

    widget.destroyed.connect(leave)


def action_button(name: str, run: Callable[[], object] | None = None, *, text: str | None = None) -> QPushButton:
    """Return a button for an action of the table: its text, its tooltip with the shortcut."""
    return button(text or action(name).text, action(name).help, run)


def button(text: str, tooltip: str, run: Callable[[], object] | None = None) -> QPushButton:
    """Return a button that says what it does."""
    made = QPushButton(text)
    made.setAccessibleName(text)
    made.setAccessibleDescription(tooltip)
    made.setToolTip(tooltip)
    made.setAutoDefault(False)
    if run is not None:
        call = run
        made.clicked.connect(lambda: call())
    return made


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
    pixmap = QPixmap(size, size)
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


def heading(text: str) -> QLabel:
    """Return a heading within a panel."""
    label = QLabel(f"<b>{html.escape(text)}</b>")
    label.setContentsMargins(0, 6, 0, 0)
    return label


def scrolled(content: QWidget) -> QScrollArea:
    """Return an area in which a panel scrolls downwards and never sideways."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(content)
    return area


def filled(panel: QWidget, content: QWidget) -> None:
    """Make a scrolling content the whole of a panel."""
    layout = QVBoxLayout(panel)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(scrolled(content))


class Refresh(QObject):
    """Calls a function once however often it is asked to, and only while the widget can be seen.

    Parameters
    ----------
    widget
        Whose content is refreshed; a hidden one is refreshed when it is shown.
    function
        Does it.
    milliseconds
        To gather requests; 0: until the events that wait are handled.
    """

    def __init__(self, widget: QWidget, function: Callable[[], object], milliseconds: int = 0) -> None:
        super().__init__(widget)
        self._widget, self._function = widget, function
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(milliseconds)
        self._timer.timeout.connect(self._run)
        self._stale = True
        widget.installEventFilter(self)

    def ask(self, *_: object) -> None:
        """Refresh soon."""
        self._stale = True
        if self._widget.isVisible():
            self._soon()

    def _soon(self) -> None:
        """By the clock that all share, or later where requests are gathered for longer."""
        if not self._timer.interval():
            ticks().ask(self._run, self)
        elif not self._timer.isActive():
            self._timer.start()

    def now(self) -> None:
        """Refresh at once if anything has changed."""
        self._timer.stop()
        ticks().drop(self._run)
        if self._stale:
            self._run()

    def _run(self) -> None:
        self._stale = False
        self._function()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Refresh what is stale when it comes into view: by the clock, as an error in here would end the process."""
        if event.type() == QEvent.Type.Show and self._stale:
            self._soon()
        return False


class FlowLayout(QLayout):
    """Widgets in rows that break where the width ends, like words."""

    def __init__(self, parent: QWidget | None = None, *, spacing: int = 4) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem) -> None:  # noqa: N802  # Qt's name
        """Append an item."""
        self._items.append(item)

    def count(self) -> int:
        """Count the items."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # noqa: N802  # Qt's name
        """Return an item."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # noqa: N802  # Qt's name
        """Remove and return an item."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:  # noqa: N802  # Qt's name
        """Fewer columns need more rows."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802  # Qt's name
        """Return the height that a width needs."""
        return self._place(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:  # noqa: N802  # Qt's name
        """Move the items."""
        super().setGeometry(rect)
        self._place(rect, move=True)

    def sizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return the least size: width comes from outside."""
        return self.minimumSize()

    def minimumSize(self) -> QSize:  # noqa: N802  # Qt's name
        """Return the size of the largest item."""
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _place(self, rect: QRect, *, move: bool) -> int:
        x, y, height, gap = rect.x(), rect.y(), 0, self.spacing()
        for item in self._items:
            if item.isEmpty():
                continue
            size = item.sizeHint()
            if x > rect.x() and x + size.width() > rect.right() + 1:
                x, y, height = rect.x(), y + height + gap, 0
            if move:
                item.setGeometry(QRect(QPoint(x, y), size))
            x, height = x + size.width() + gap, max(height, size.height())
        return y + height - rect.y()


def emptied(layout: QLayout) -> None:
    """Take all widgets out of a layout and delete them."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def flowing(*widgets: QWidget, spacing: int = 4) -> QWidget:
    """Return a widget whose content wraps."""
    holder = QWidget()
    layout = FlowLayout(holder, spacing=spacing)
    for widget in widgets:
        layout.addWidget(widget)
    return holder


def beside(*widgets: QWidget, stretched: QWidget | None = None) -> QWidget:
    """Return widgets side by side, one of which takes the room that is left; without one it stays at the right."""
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget, 1 if widget is stretched else 0)
    if stretched is None:
        layout.addStretch(1)
    return holder


def amount(hectares: float, pixels: float) -> str:
    """Return an area in hectares, or in pixels where there is no CRS.

    >>> amount(41.23, 4123)
    '41.2 ha'
    """
    if hectares != hectares:  # NaN: no CRS
        return f"{pixels:,.0f} px"
    return (
        f"{hectares:,.2f} ha"
        if hectares < 10
        else f"{hectares:,.1f} ha"
        if hectares < 1000
        else f"{hectares:,.0f} ha"
    )


def percent(share: float) -> str:
    """Return a share for reading; what is not nothing is not shown as 0, what is not all not as 100."""
    if 0 < share < 0.01:
        return "<\u00a01\u00a0%"
    return ">\u00a099\u00a0%" if 0.99 < share < 1 else f"{share:.0%}".replace("%", "\u00a0%")
