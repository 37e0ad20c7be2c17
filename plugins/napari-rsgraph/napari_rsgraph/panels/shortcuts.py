"""Everything that can be done, in one table: menus, tooltips and the sheet that opens with ``?`` read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from napari_rsgraph.session.session import Session


@dataclass(frozen=True)
class Action:
    """Something that a person can do.

    Parameters
    ----------
    name
        For programs.
    text
        In menus and on buttons.
    tooltip
        A sentence, without the shortcut.
    shortcut
        As Qt writes it, or "".
    group
        Menu and heading of the sheet.
    panel
        The panel whose focus the shortcut needs, or "" for the whole window (keys such as Enter mean other things
        elsewhere).
    """

    name: str
    text: str
    tooltip: str
    shortcut: str
    group: str
    panel: str = ""

    @property
    def help(self) -> str:
        """The tooltip with the shortcut."""
        return f"{self.tooltip} ({shown(self.shortcut)})" if self.shortcut else self.tooltip


_SELECT, _SHOW, _LABEL, _SEARCH, _SUGGEST, _FILE = (
    "Select",
    "Show",
    "Label",
    "Search by example",
    "Predict and suggest",
    "File and help",
)

ACTIONS: tuple[Action, ...] = (
    Action("circle", "Circle brush", "Brush points with a circle", "C", _SELECT),
    Action("rectangle", "Rectangle brush", "Brush points with a rectangle", "R", _SELECT),
    Action("lasso", "Lasso", "Draw round points", "L", _SELECT),
    Action("pan", "Pan", "Drag the map; the brush stays as it is", "H", _SELECT),
    Action("replace", "Replace", "The brush selects what it touches and nothing else", "=", _SELECT),
    Action("add", "Add", "The brush adds to the selection (or hold Shift)", "+", _SELECT),
    Action("subtract", "Subtract", "The brush takes away from the selection (or hold Alt)", "-", _SELECT),
    Action(
        "intersect", "Intersect", "The brush keeps only what was selected before (or hold Shift+Alt)", "*", _SELECT
    ),
    Action("select_all", "Select all", "Select everything that is visible", "Ctrl+A", _SELECT),
    Action("invert", "Invert", "Select what is visible and not selected", "Ctrl+I", _SELECT),
    Action("clear", "Clear", "Select nothing", "Esc", _SELECT),
    Action(
        "switch_level",
        "Chips or segments",
        "Switch between the map of chips and that of segments",
        "Tab",
        _SHOW,
        "map",
    ),
    Action("take_apart", "Take apart", "Show the segments of the selected chips", "T", _SHOW),
    Action("reproject", "Re-project", "Lay out the selected segments on their own, in the background", "P", _SHOW),
    Action("whole", "Whole map", "Back to the map of all points", "Home", _SHOW),
    Action("focus", "Go to selection", "Show the selection in the scene", "G", _SHOW),
    Action("filter_window", "Only in view", "Hide points outside the part of the scene that is shown", "M", _SHOW),
    Action("filter_unlabelled", "Only unlabelled", "Hide points that have a label", "U", _SHOW),
    Action("overlay", "Label overlay", "Show or hide the labels in the scene", "O", _SHOW),
    Action("erase", "Erase", "Take the labels of the selection away", "E", _LABEL),
    Action("undo", "Undo", "Take back the last action, also one of an earlier session", "Ctrl+Z", _LABEL),
    Action("redo", "Redo", "Do again what was undone", "Ctrl+Shift+Z", _LABEL),
    Action(
        "note", "Note", "Write a note on the selection, or on the scene where nothing is selected", "Ctrl+N", _LABEL
    ),
    Action("import", "Import", "Take classes and labels from a GeoPackage, GeoJSON or GeoTIFF", "Ctrl+L", _LABEL),
    Action("find", "Find similar", "Rank what is most similar to the selection", "F", _SEARCH),
    Action("accept", "Accept", "The candidate is alike; go to the next", "A", _SEARCH),
    Action("reject", "Reject", "The candidate is not alike; go to the next", "X", _SEARCH),
    Action(
        "accept_rest",
        "Accept up to here",
        "Accept all candidates down to this one but those rejected",
        "Shift+A",
        _SEARCH,
    ),
    Action("next_candidate", "Next candidate", "Look at the next candidate", "J", _SEARCH),
    Action("previous_candidate", "Previous candidate", "Look at the candidate before", "K", _SEARCH),
    Action("next_page", "Next page", "Show the next 20 candidates", "PgDown", _SEARCH, "search"),
    Action("previous_page", "Previous page", "Show the 20 candidates before", "PgUp", _SEARCH, "search"),
    Action("predict", "Predict", "Predict the rest from the labels given so far", "Ctrl+P", _SUGGEST),
    Action(
        "least_certain",
        "Least certain first",
        "Line up the segments that the prediction is least sure of",
        "S",
        _SUGGEST,
    ),
    Action(
        "most_different",
        "Most different",
        "Line up the segments that are most unlike anything labelled",
        "D",
        _SUGGEST,
    ),
    Action("next_suggestion", "Next suggestion", "Look at the next segment of the queue", "N", _SUGGEST),
    Action("previous_suggestion", "Previous suggestion", "Look at the segment of the queue before", "B", _SUGGEST),
    Action(
        "accept_suggestion",
        "Accept prediction",
        "Label the suggested segment as predicted; go to the next",
        "Return",
        _SUGGEST,
        "suggest",
    ),
    Action("export", "Export", "Write labels and segments to files for a GIS or for training", "Ctrl+E", _FILE),
    Action(
        "reopen",
        "Open for writing",
        "Where labels can only be looked at: take over from a window that was closed, or go on with recovered labels",
        "Ctrl+Shift+W",
        _FILE,
    ),
    Action("history", "History", "Show all that was done, newest first", "Ctrl+H", _FILE),
    Action("help", "Shortcuts", "Show this sheet", "?", _FILE),
)

_BY_NAME = {action.name: action for action in ACTIONS}

GESTURES: tuple[tuple[str, str], ...] = (
    ("Drag", "brush over points; the selection follows"),
    ("Shift + drag", "add to the selection"),
    ("Alt + drag", "take away from the selection"),
    ("Shift + Alt + drag", "keep only what was selected before"),
    ("Scroll", "make the brush larger or smaller"),
    ("Shift + scroll", "make the rectangle wider or higher"),
    ("Ctrl + scroll", "zoom"),
    ("Space + drag", "move the map; so does dragging with the middle or right button"),
    ("Double click", "show all points again"),
    ("Arrows", "move the brush"),
)
"""What the pointer does in the 2-D map."""


def action(name: str) -> Action:
    """Return an action by its name. Raises KeyError for an unknown one."""
    return _BY_NAME[name]


def groups() -> dict[str, list[Action]]:
    """Return the actions by group, in the order of the table."""
    found: dict[str, list[Action]] = {}
    for each in ACTIONS:
        found.setdefault(each.group, []).append(each)
    return found


def shown(shortcut: str) -> str:
    """Return a shortcut as this system writes it (on a Mac with its signs)."""
    return QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)


def session_calls(session: Session) -> Mapping[str, Callable[[], object]]:
    """Return what the session alone can do, by action; the window adds what needs a widget."""
    search, suggestions = session.search, session.suggestions
    return {
        "select_all": session.select_all,
        "invert": session.invert_selection,
        "clear": session.clear_selection,
        "switch_level": lambda: session.set_level("segments" if session.level == "chips" else "chips"),
        "take_apart": session.take_apart,
        "reproject": session.maps.reproject,
        "whole": lambda: show_whole(session),
        "focus": lambda: focus(session),
        "filter_unlabelled": lambda: toggle_unlabelled(session),
        "erase": lambda: session.labelling.assign(None),
        "undo": session.labelling.undo,
        "redo": session.labelling.redo,
        "find": search.start,
        "accept": lambda: search.judge("accepted"),
        "reject": lambda: search.judge("rejected"),
        "accept_rest": search.accept_rest,
        "next_candidate": lambda: search.go(1),
        "previous_candidate": lambda: search.go(-1),
        "least_certain": lambda: suggestions.make_queue("least certain first"),
        "most_different": lambda: suggestions.make_queue("most different from anything labelled"),
        "next_suggestion": lambda: suggestions.go(1),
        "previous_suggestion": lambda: suggestions.go(-1),
    }


def show_whole(session: Session) -> None:
    """Go back to the map of all points: no chips chosen, no layout of a part."""
    if session.level == "segments":
        everything = session.chosen_chips.copy()
        everything[:] = True
        session.take_apart(everything)
    else:
        session.maps.whole("chips")


def focus(session: Session) -> None:
    """Show the selection in the scene; say so where there is none."""
    rows = session.target_rows()
    if len(rows):
        session.focus_requested.emit(rows)
    else:
        session.tell("nothing is selected: brush points in the 2-D map first", "warning")


def toggle_unlabelled(session: Session) -> None:
    """Show only what has no label, or everything again."""
    only = frozenset({0})
    session.set_filter(classes=None if session.filter.classes == only else only)


class ShortcutSheet(QDialog):
    """All actions by group with their keys; a line to search them.

    Parameters
    ----------
    session
        Its classes' keys are listed too.
    more
        Further groups: keys and words.
    parent
        The window.
    """

    def __init__(
        self,
        session: Session | None = None,
        parent: QWidget | None = None,
        *,
        more: Mapping[str, list[tuple[str, str]]] | None = None,
    ) -> None:
        super().__init__(parent)
        self._more = more or {}
        self.setWindowTitle("Shortcuts")
        self.resize(560, 640)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Search, for example: undo")
        self.filter.setAccessibleName("Search the shortcuts")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._search)
        self.rows: list[tuple[str, QLabel, QLabel]] = []
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._table(session))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self.filter, area, buttons):
            layout.addWidget(widget)

    def _table(self, session: Session | None) -> QWidget:
        holder = QWidget()
        self._grid = QGridLayout(holder)
        self._grid.setColumnStretch(1, 1)
        self._grid.setHorizontalSpacing(14)
        self._add_group("In the 2-D map", list(GESTURES))
        for group, actions in groups().items():
            lines = [(shown(each.shortcut), f"{each.text}: {_lower(each.tooltip)}") for each in actions]
            if group == _LABEL:
                lines = [*_class_lines(session), *lines]
            self._add_group(group, lines)
        for title, lines in self._more.items():
            self._add_group(title, lines)
        self._add_group("Save", [("", "not needed: a label is on the disk as soon as you see it")])
        self._grid.setRowStretch(self._grid.rowCount(), 1)
        return holder

    def _add_group(self, title: str, lines: list[tuple[str, str]]) -> None:
        heading = QLabel(f"<b>{title}</b>")
        heading.setContentsMargins(0, 8, 0, 2)
        row = self._grid.rowCount()
        self._grid.addWidget(heading, row, 0, 1, 2)
        for place, (key, text) in enumerate(lines, start=row + 1):
            keys, words = QLabel(key), QLabel(text)
            keys.setStyleSheet("font-family: monospace; font-weight: bold")
            words.setWordWrap(True)
            self._grid.addWidget(keys, place, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(words, place, 1)
            self.rows.append((f"{title} {key} {text}".lower(), keys, words))

    def _search(self, words: str) -> None:
        for text, *labels in self.rows:
            for label in labels:
                label.setVisible(all(word in text for word in words.lower().split()))


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _class_lines(session: Session | None) -> list[tuple[str, str]]:
    if session is None or session.labelling.classes.empty:
        return [("1 ... 9", "Label the selection as the class of that key")]
    classes = session.labelling.classes
    return [
        (str(key), f"Label the selection as {name}")
        for name, key in zip(classes["name"], classes["key"], strict=True)
        if isinstance(key, str) and key
    ]
