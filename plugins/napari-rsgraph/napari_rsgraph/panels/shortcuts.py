"""The sheet of shortcuts: all actions by menu with their keys, and a line to search them."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from napari_rsgraph.actions import GESTURES, groups
from napari_rsgraph.session.labels import Labels
from napari_rsgraph.widgets.layouts import scrolled
from napari_rsgraph.widgets.shortcuts import shown


class ShortcutSheet(QDialog):
    """All actions by menu with their keys; a line to search them.

    Parameters
    ----------
    labels
        The keys of its classes are listed too.
    parent
        The window.
    """

    def __init__(self, labels: Labels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Shortcuts")
        self.resize(560, 640)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Search, for example: undo")
        self.filter.setAccessibleName("Search the shortcuts")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._search)
        self.rows: list[tuple[str, QLabel, QLabel]] = []
        area = scrolled(self._table(labels))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self.filter, area, buttons):
            layout.addWidget(widget)

    def _table(self, labels: Labels) -> QWidget:
        holder = QWidget()
        self._grid = QGridLayout(holder)
        self._grid.setColumnStretch(1, 1)
        self._grid.setHorizontalSpacing(14)
        self._add_group("In the 2-D map and the scene", list(GESTURES))
        for group, actions in groups().items():
            lines = [(shown(each.keys[0]), f"{each.text}: {_lower(each.tooltip)}") for each in actions]
            if group == "Label":
                lines = [*_class_lines(labels), *lines]
            self._add_group(group, lines)
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


def _class_lines(labels: Labels) -> list[tuple[str, str]]:
    classes = labels.classes
    if classes.empty:
        return [("1 ... 9", "Label the selection as the class of that key")]
    return [
        (str(key), f"Label the selection as {name}")
        for name, key in zip(classes["name"], classes["key"], strict=True)
        if isinstance(key, str) and key
    ]
