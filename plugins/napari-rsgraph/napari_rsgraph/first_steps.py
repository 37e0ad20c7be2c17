"""First steps: five cards over the window that explain its words, each with what to press."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from qtpy.QtCore import QEvent, QObject, QStandardPaths, Qt, QTimer, Signal
from qtpy.QtGui import QColor, QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QShowEvent
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_rsgraph.actions import action, key
from napari_rsgraph.widgets.controls import button
from napari_rsgraph.widgets.shortcuts import shown
from rsgraph.errors import OutputError
from rsgraph.files import write_text

_WIDTH, _BORDER = 460, 4
_SHADE = QColor(0, 0, 0, 130)
_STYLE = """
QFrame#card { background-color: #262930; border: 2px solid #56b4e9; border-radius: 8px }
QFrame#card QLabel { background: transparent; color: #f0f1f2; font-size: 11pt }
QFrame#card QLabel#title { font-size: 15pt; font-weight: bold }
QFrame#card QLabel#press { background-color: #3a3f4a; border-radius: 4px; padding: 8px }
QFrame#card QLabel#count { color: #b8bcc4 }
"""


@dataclass(frozen=True)
class Card:
    """One step.

    Parameters
    ----------
    title
        Its word.
    text
        What it means.
    press
        What to do now.
    """

    title: str
    text: str
    press: str


def cards() -> tuple[Card, ...]:
    """Return the five cards, with the keys of the table of actions."""

    def named(name: str) -> str:
        return shown(key(name))

    return (
        Card(
            "Segments",
            "The scene is cut into segments: small pieces whose pixels look alike, such as a part of a field or of a "
            "bay. A label is always given to whole segments.",
            f"Click a piece in the scene to select it. {named('outlines')} shows or hides the outlines, "
            f"{named('clear')} selects nothing.",
        ),
        Card(
            "The map of segments",
            "Every segment is described by a list of numbers, its embedding: its colours, how they vary, and what "
            "lies around it. The map on the left draws each segment as a point; points that are close together "
            "have like numbers, wherever they lie in the scene.",
            "Drag over points: the same segments light up in the scene. The wheel zooms; with Shift held it makes "
            "the brush larger or smaller.",
        ),
        Card(
            "Classes and labels",
            "A class is what you look for, such as water. Each label is on the disk as soon as you see it; there is "
            "nothing to save.",
            "Type a name into “Add a class”, press Enter, select something, then press the key beside the class: "
            f"at first 1. {named('undo')} takes it back.",
        ),
        Card(
            "Chips",
            "A chip is a square tile of the scene. The pictures below the map are the chips that hold what you have "
            "selected. Chips have a map of their own, on which tiles with like content are close together.",
            f"{named('switch_level')} switches between segments and chips; {named('take_apart')} shows the segments "
            f"of the chips that are selected. {named('focus')} goes to the selection in the scene.",
        ),
        Card(
            "Find more, and help",
            "From one example the program ranks what is like it; from a few labels of at least two classes it "
            "predicts the rest. Nothing becomes a label before you accept it.",
            f"{named('find')} finds what is similar, {named('predict')} predicts, {named('help')} shows all keys. "
            f"These cards are in the menu Help, and come with {named('first_steps')}.",
        ),
    )


class FirstSteps(QWidget):
    """The cards, one at a time, over a window that is dimmed meanwhile.

    Parameters
    ----------
    window
        What is covered.
    """

    closed = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.cards, self.at = cards(), 0
        self.setAccessibleName("First steps")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.title, self.text, self.press, self.count = QLabel(), QLabel(), QLabel(), QLabel()
        for label, name in ((self.title, "title"), (self.press, "press"), (self.count, "count")):
            label.setObjectName(name)
        self.skip = button("Skip", "Close these cards; they stay in the menu Help (Esc)", self.finish)
        self.back = button("Back", "The card before (left arrow)", lambda: self.go(-1))
        self.next = button("Next", "The next card (right arrow or Enter)", lambda: self.go(1))
        self._lay_out()
        self._show()
        window.installEventFilter(self)
        self._cover()

    def _lay_out(self) -> None:
        self.card = QFrame(self)
        self.card.setObjectName("card")
        self.card.setStyleSheet(_STYLE)
        self.card.setFixedWidth(_WIDTH)
        column = self._column = QVBoxLayout(self.card)
        column.setContentsMargins(20, 16, 20, 14)
        column.setSpacing(10)
        for label in (self.title, self.text, self.press):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            column.addWidget(label)
        row = QHBoxLayout()
        row.addWidget(self.count)
        row.addStretch(1)
        for made in (self.skip, self.back, self.next):
            made.setMinimumSize(72, 30)
            made.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys are those of the cards, whichever was pressed last
            row.addWidget(made)
        column.addLayout(row)

    def go(self, step: int) -> None:
        """Show the next (1) or the last (-1) card; after the last one the cards close."""
        if self.at + step >= len(self.cards):
            self.finish()
            return
        self.at = max(self.at + step, 0)
        self._show()

    def _show(self) -> None:
        card, last = self.cards[self.at], len(self.cards) - 1
        self.title.setText(card.title)
        self.text.setText(card.text)
        self.press.setText(card.press)
        self.count.setText(f"{self.at + 1} of {len(self.cards)}")
        self.back.setEnabled(self.at > 0)
        self.skip.setVisible(self.at < last)
        self.next.setText("Begin" if self.at == last else "Next")
        self.setAccessibleDescription(f"{card.title}. {card.text} {card.press}")
        self._place_card()

    def finish(self) -> None:
        """Close the cards."""
        self.leave()
        self.closed.emit()

    def leave(self) -> None:
        """Go with what the cards explain; whoever has not read them sees them again."""
        cast(QWidget, self.parent()).removeEventFilter(self)
        self.hide()
        self.deleteLater()

    # over the window

    def focusNextPrevChild(self, _following: bool) -> bool:  # noqa: N802  # Qt's name
        """Tab stays on the cards."""
        return True

    def _cover(self) -> None:
        self.setGeometry(cast(QWidget, self.parent()).rect())
        self._place_card()

    def _place_card(self) -> None:
        for label in (self.title, self.text, self.press, self.count):
            label.ensurePolished()  # the height is that of the card's own fonts
        self._column.invalidate()
        self.card.setFixedHeight(self._column.heightForWidth(_WIDTH - 2 * _BORDER) + 2 * _BORDER)
        self.card.move((self.width() - _WIDTH) // 2, max((self.height() - self.card.height()) // 2, 0))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Follow the window's size, stay above what comes into it, and have the keyboard while it has."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._cover()
            self.raise_()
        elif event.type() == QEvent.Type.WindowActivate:
            QTimer.singleShot(0, self, self._take_keyboard)
        return False

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802  # Qt's name
        """Keep the keyboard, whoever asks for it below the cards: the map does, once the window is shown."""
        if event.reason() not in (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason):
            QTimer.singleShot(0, self, self._take_keyboard)

    def _take_keyboard(self) -> None:
        if self.isVisible():
            self.setFocus()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  # Qt's name
        """Take the fonts and the size of now."""
        self._cover()

    def event(self, event: QEvent) -> bool:
        """Keep keys from the window's actions while cards cover it."""
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Arrows, Enter and Esc."""
        keys = Qt.Key
        if event.key() == keys.Key_Escape:
            self.finish()
        elif event.key() in (keys.Key_Right, keys.Key_Return, keys.Key_Enter, keys.Key_Space):
            self.go(1)
        elif event.key() == keys.Key_Left:
            self.go(-1)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Dim the window."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), _SHADE)
        painter.end()


def seen_file() -> Path:
    """Return the file that says that this user has seen the cards, in the folder of settings."""
    place = QStandardPaths.StandardLocation.GenericConfigLocation
    return Path(QStandardPaths.writableLocation(place), "rsgraph", "first_steps_seen")


def show_first_steps(window: QWidget, closed: Callable[[], object]) -> FirstSteps:
    """Show the cards over a window; call ``closed`` when they are gone."""
    made = FirstSteps(window)
    made.closed.connect(closed)
    made.show()
    made.raise_()
    made.setFocus()
    return made


def remember_seen() -> None:
    """Remember that this user has seen the cards; where nothing can be kept, they come again."""
    try:
        write_text(seen_file(), f"{action('first_steps').text} were shown.\n")
    except OutputError:
        return
