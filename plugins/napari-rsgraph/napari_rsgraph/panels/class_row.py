"""One class in the list: its colour and key, name, how much has it, and the button that labels the selection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qtpy.QtCore import QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QToolButton, QVBoxLayout, QWidget

from napari_rsgraph.session.amounts import counted
from napari_rsgraph.widgets.controls import HIT, button, enable
from napari_rsgraph.widgets.naming import percent


@dataclass(frozen=True)
class ClassFacts:
    """What a row shows.

    Parameters
    ----------
    code
        1, 2 ...
    name, colour, key
        As the journal says; "" for no key.
    """

    code: int
    name: str
    colour: str
    key: str


class ClassRow(QWidget):
    """A class.

    Parameters
    ----------
    facts
        What it is called and looks like.
    fill_menu
        Puts what else can be done with the class into its menu.
    """

    chosen = Signal(str)
    """Label the selection as this class."""
    renamed = Signal(str, str)
    """Old and new name."""

    def __init__(self, facts: ClassFacts, fill_menu: Callable[[QMenu, ClassFacts], None]) -> None:
        super().__init__()
        self.facts, self._fill_menu = facts, fill_menu
        self.badge = Badge(facts.colour, facts.key)
        self.name = NameEdit(facts.name)
        self.name.changed.connect(lambda new: self.renamed.emit(facts.name, new))
        self.label = button("Label", self._usual_tooltip(), lambda: self.chosen.emit(facts.name))
        self.label.setAccessibleName(f"Label the selection as {facts.name}")
        self.menu = QMenu(self)
        self.more = QToolButton()
        self.more.setText("…")
        self.more.setMinimumSize(HIT, HIT)
        self.more.setToolTip(f"More for {facts.name}: show only it, select all, rename, colour, key, merge, remove")
        self.more.setAccessibleName(f"More for the class {facts.name}")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setStyleSheet(
            "QToolButton { background-color: rgba(128, 128, 128, 50); padding: 3px }"
            "QToolButton::menu-indicator { image: none }"
        )
        self.more.setMenu(self.menu)
        self.menu.aboutToShow.connect(self.fill_menu)
        self.counts = QLabel()
        self.counts.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.share = ShareBar(facts.colour)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda place: self.menu.popup(self.mapToGlobal(place)))
        self._lay_out()

    def _usual_tooltip(self) -> str:
        key = f" ({self.facts.key})" if self.facts.key else ""
        return f"Label the selection as {self.facts.name}{key}"

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for widget in (self.badge, self.name, self.label, self.more):
            first.addWidget(widget, 1 if widget is self.name else 0)
        second.addSpacing(self.badge.sizeHint().width() + 6)
        second.addWidget(self.share, 1)
        second.addWidget(self.counts)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 3, 2, 3)
        layout.setSpacing(2)
        layout.addLayout(first)
        layout.addLayout(second)

    def show_counts(self, segments: int, area: str, share: float) -> None:
        """Show how many segments have the class, how much area, and which share of the whole, 0 ... 1."""
        self.counts.setText(f"{segments:,} · {area}" if segments else "none yet")
        text = f"{counted(segments, 'segment')}, {area}, {percent(share)} of the scene"
        self.counts.setToolTip(text)
        self.share.show_share(share)
        self.share.setToolTip(text)
        self.share.setAccessibleName(f"{self.facts.name}: {text}")

    def allow(self, *, change: bool, label: bool, why_not: str) -> None:
        """Enable what can be done now: changing the class, labelling the selection."""
        self.name.editable = change
        enable(self.label, label, why_not)

    def fill_menu(self) -> None:
        """Fill the menu with what can be done now."""
        self.menu.clear()
        self._fill_menu(self.menu, self.facts)


class Badge(QWidget):
    """The colour of a class with its key in it."""

    def __init__(self, colour: str, key: str) -> None:
        super().__init__()
        self.colour, self.key = QColor(colour), key
        self.setToolTip(f"Press {key} to label the selection" if key else "This class has no key; give it one with …")
        self.setAccessibleName(f"key {key}" if key else "no key")

    def sizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return the size of a key cap."""
        return QSize(22, 22)

    def minimumSizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return the size of a key cap."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Draw the key in black or white, whichever can be read on the colour."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        square = QRectF((self.width() - 21) / 2, (self.height() - 21) / 2, 21, 21)
        painter.setPen(QColor(255, 255, 255, 170))
        painter.setBrush(self.colour)
        painter.drawRoundedRect(square, 4, 4)
        painter.setPen(readable_on(self.colour))
        painter.drawText(square, Qt.AlignmentFlag.AlignCenter, self.key)
        painter.end()


class ShareBar(QWidget):
    """A thin bar: which share of the scene has the class."""

    def __init__(self, colour: str) -> None:
        super().__init__()
        self.colour, self.share = QColor(colour), 0.0
        self.setFixedHeight(6)

    def show_share(self, share: float) -> None:
        """Show a share, 0 ... 1."""
        self.share = share
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Draw what there is in the colour, the rest gray; what is not nothing is two pixels at least."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(128, 128, 128, 70))
        width = max(self.width() * self.share, 2.0) if self.share > 0 else 0.0
        painter.fillRect(QRectF(0, 0, width, self.height()), self.colour)
        painter.end()


class NameEdit(QLineEdit):
    """A name that becomes a line to type in when it is clicked twice."""

    changed = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.shown, self.editable = name, True
        self.setAccessibleName(f"Class {name}")
        self.setToolTip(f"{name}\nDouble click to rename")
        self.returnPressed.connect(self._finish)
        self._rest()

    def start(self) -> None:
        """Let the user type."""
        if self.editable:
            self.setReadOnly(False)
            self.setStyleSheet("")
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.setFocus()
            self.selectAll()

    def _rest(self) -> None:
        self.setReadOnly(True)
        self.setStyleSheet("QLineEdit { background: transparent; border: none }")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.clearFocus()
        self.setText(self.shown)
        self.setCursorPosition(0)
        self.deselect()

    def _finish(self) -> None:
        new = self.text().strip()
        self._rest()
        if new and new != self.shown:
            self.changed.emit(new)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Start to type."""
        self.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Escape leaves the name as it was."""
        if event.key() == Qt.Key.Key_Escape and not self.isReadOnly():
            self._rest()
        else:
            super().keyPressEvent(event)


def readable_on(colour: QColor) -> QColor:
    """Return black or white: the one that contrasts more, by the luminance of WCAG 2."""
    rgb = (colour.redF(), colour.greenF(), colour.blueF())
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb]
    luminance = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    return QColor("black") if luminance > 0.179 else QColor("white")
