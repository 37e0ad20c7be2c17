"""Rows of the table of actions as Qt has them: actions with keys, tooltips with the key as this system writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from qtpy.QtCore import Qt
from qtpy.QtGui import QAction, QKeyEvent, QKeySequence
from qtpy.QtWidgets import QWidget

from napari_rsgraph.actions import action

_HELD = (
    (Qt.KeyboardModifier.ControlModifier, "Ctrl+"),
    (Qt.KeyboardModifier.AltModifier, "Alt+"),
    (Qt.KeyboardModifier.ShiftModifier, "Shift+"),
    (Qt.KeyboardModifier.MetaModifier, "Meta+"),
)


def shown(key: str) -> str:
    """Return a key as this system writes it (on a Mac with its signs)."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def help_of(name: str) -> str:
    """Return the tooltip of an action with its key."""
    row = action(name)
    return f"{row.tooltip} ({shown(row.keys[0])})"


_REPEATED = frozenset(
    [
        *("undo", "redo", "enlarge", "shrink", "zoom_in", "zoom_out", "next_candidate", "previous_candidate"),
        *("next_page", "previous_page", "next_suggestion", "previous_suggestion", "next_area", "previous_area"),
        *("larger_brush", "smaller_brush", "scene_larger", "scene_smaller", "larger_tiles", "smaller_tiles"),
    ]
)
"""What a key does again while it is held: steps. A task would be started twice, a switch would flicker."""


def add_actions(owner: QWidget, calls: Mapping[str, Callable[[], object]]) -> dict[str, QAction]:
    """Give a widget actions of the table, by name; their keys work where the table says."""
    context = Qt.ShortcutContext
    made = {}
    for name, call in calls.items():
        row, entry = action(name), QAction(action(name).text, owner)
        entry.setToolTip(help_of(name))
        entry.setStatusTip(row.tooltip)
        entry.setShortcuts([QKeySequence(key) for key in row.keys])
        entry.setShortcutContext(context.WidgetWithChildrenShortcut if row.where else context.WindowShortcut)
        entry.setAutoRepeat(name in _REPEATED)
        entry.triggered.connect(partial(without_state, call))
        owner.addAction(entry)
        made[name] = entry
    return made


def without_state(call: Callable[[], object], *_: object) -> None:
    """Call a function when an action is triggered, which also says whether it is checked."""
    call()


def pressed(event: QKeyEvent, names: Iterable[str]) -> str | None:
    """Return which of some actions a key event stands for, or None."""
    written = _written(event)
    return next((name for name in names if written in action(name).keys), None)


def _written(event: QKeyEvent) -> str:
    """Return the key of an event as the table writes it: Shift is part of how signs such as + are typed."""
    key, held = event.key(), event.modifiers()
    if 0x20 < key < 0x7F and not chr(key).isalnum():
        held &= ~Qt.KeyboardModifier.ShiftModifier
    return "".join(word for modifier, word in _HELD if held & modifier) + QKeySequence(key).toString()
