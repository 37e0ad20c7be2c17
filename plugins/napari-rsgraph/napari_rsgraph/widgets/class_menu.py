"""The menu of a class, in the legend and in the list of classes: what can be done with it; its name and colour."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from qtpy.QtCore import QSize
from qtpy.QtGui import QColor, QShowEvent
from qtpy.QtWidgets import (
    QColorDialog,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QMenu,
    QMessageBox,
    QWidget,
)

from napari_rsgraph.actions import key
from napari_rsgraph.session.amounts import counted
from napari_rsgraph.session.keys import CLASS_KEYS
from napari_rsgraph.session.session import Session
from napari_rsgraph.widgets.controls import button, swatch
from napari_rsgraph.widgets.naming import amount, percent
from napari_rsgraph.widgets.shortcuts import shown


class ClassActions:
    """Shows, selects, renames, recolours, merges and removes classes by their code; 0 is what has no label.

    Parameters
    ----------
    session
        Whose classes.
    parent
        Of menus and dialogs.
    """

    def __init__(self, session: Session, parent: QWidget) -> None:
        self.session, self.parent = session, parent
        self._pixels = session.tables.segments["area_px"].to_numpy(np.float64)

    # the menu

    def fill(self, menu: QMenu, code: int, rename: Callable[[], object] | None = None) -> None:
        """Put into a menu what can be done with a class now.

        Parameters
        ----------
        menu
            Empty.
        code
            1, 2 ... for a class, 0 for what is not labelled yet.
        rename
            Lets its name be typed where it stands; None: in a dialog.
        """
        menu.addAction(self.amount_of(code)).setEnabled(False)
        menu.addSeparator()
        only = self.session.selection.filter.classes == frozenset({code})
        what = "this class" if code else "what is not labelled yet"
        menu.addAction("Show everything again" if only else f"Show only {what}", lambda: self.show_only(code))
        menu.addAction(f"Select all of {what}", lambda: self.select(code))
        if code == 0:
            return
        changes = [
            menu.addAction("Rename", rename or (lambda: self.edit(code))),
            menu.addAction("Colour…", lambda: self.recolour(code)),
            menu.addMenu(self._key_menu(menu, code)),
            menu.addMenu(self._merge_menu(menu, code)),
            menu.addAction("Remove the class", lambda: self.remove(code)),
        ]
        for change in changes:
            change.setEnabled(not self.session.labels.read_only)
        changes[3].setEnabled(not self.session.labels.read_only and len(self.session.labels.names) > 1)

    def _key_menu(self, menu: QMenu, code: int) -> QMenu:
        table, own = self.session.labels.classes, self._key_of(code)
        keys = QMenu(f"Key ({own or 'none'})", menu)
        taken = {each: name for name, each in zip(table["name"], table["key"], strict=True) if isinstance(each, str)}
        name = self.name_of(code)
        for free in ["", *CLASS_KEYS]:
            holder = taken.get(free)
            text = free or "none"
            entry = keys.addAction(f"{text}: {holder}" if holder else text)
            entry.setCheckable(True)
            entry.setChecked(free == own)
            entry.setEnabled(holder is None)
            entry.triggered.connect(lambda _=False, key=free: self.session.labels.define(name, key=key))
        return keys

    def _merge_menu(self, menu: QMenu, code: int) -> QMenu:
        others = QMenu("Merge into", menu)
        name = self.name_of(code)
        for other, (goal, colour) in enumerate(zip(self.session.labels.names, self._colours(), strict=True), start=1):
            if other != code:
                others.addAction(swatch(colour), goal, lambda goal=goal: self.merge(name, goal))
        return others

    # of a class

    def name_of(self, code: int) -> str:
        """Return what a code is called."""
        return self.session.labels.names[code - 1] if code else "not labelled yet"

    def _colours(self) -> list[str]:
        return [str(colour) for colour in self.session.labels.classes["colour"]]

    def _key_of(self, code: int) -> str:
        found = self.session.labels.classes["key"].iloc[code - 1]
        return found if isinstance(found, str) else ""

    def amount_of(self, code: int) -> str:
        """Say how many segments, how much area and which share of the scene a class has."""
        session = self.session
        of_class = session.labels.codes == code
        n, pixels = int(np.count_nonzero(of_class)), float(self._pixels[of_class].sum())
        area = amount(float(session.tables.hectares[of_class].sum()), pixels)
        share = percent(pixels / max(float(self._pixels.sum()), 1.0))
        return f"{self.name_of(code)}: {counted(n, 'segment')}, {area}, {share} of the scene"

    # what is done

    def show_only(self, code: int) -> None:
        """Show only a class, on the map, in the gallery and in the scene; once more: everything."""
        selection, only = self.session.selection, frozenset({code})
        selection.set_filter(classes=None if selection.filter.classes == only else only)

    def select(self, code: int) -> None:
        """Select all segments of a class; say so where there are none."""
        rows = np.flatnonzero(self.session.labels.codes == code)
        if len(rows):
            self.session.select_hidden(rows)
        elif code:
            self.session.tasks.say(f"no segment is labelled as {self.name_of(code)} yet", "warning")
        else:
            self.session.tasks.say("all segments are labelled", "warning")

    def edit(self, code: int) -> None:
        """Ask for another name and colour of a class."""
        name, colour = self.name_of(code), self._colours()[code - 1]
        dialog = EditClass(name, colour, self.parent)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.change(name, dialog.typed, dialog.colour)

    def change(self, name: str, new: str, colour: str) -> None:
        """Give a class another name and colour; what stays the same is not written."""
        labels = self.session.labels
        if new and new != name and new in labels.names:
            self.session.tasks.say(f"there is a class '{new}' already; to join them, merge {name} into it", "warning")
            return
        if colour != self._colours()[labels.names.index(name)]:
            labels.define(name, colour=colour)
        if new and new != name:
            labels.rename(name, new)

    def recolour(self, code: int) -> None:
        """Ask for another colour of a class."""
        name = self.name_of(code)
        chosen = QColorDialog.getColor(QColor(self._colours()[code - 1]), self.parent, f"Colour of {name}")
        if chosen.isValid():
            self.session.labels.define(name, colour=chosen.name())

    def merge(self, name: str, into: str) -> None:
        """Make all labels of a class labels of another one, in one step."""
        self.session.labels.merge(name, into)

    def remove(self, code: int) -> None:
        """Remove a class; ask first where labels would go with it."""
        name, n = self.name_of(code), int(self.session.labels.counts()[code])
        question = f"Remove the class {name} and its {counted(n, 'label')}? {shown(key('undo'))} brings them back."
        answers = QMessageBox.StandardButton
        if n == 0 or QMessageBox.question(self.parent, "Remove a class", question) == answers.Yes:
            self.session.labels.remove(name)


class EditClass(QDialog):
    """Asks for the name and the colour of a class.

    Parameters
    ----------
    name, colour
        That it has.
    parent
        The window.
    """

    def __init__(self, name: str, colour: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.colour = colour
        self.setWindowTitle(f"Class {name}")
        self.name = QLineEdit(name)
        self.name.setAccessibleName("Name of the class")
        self.name.selectAll()
        self.chooser = button("Choose…", "Choose another colour", self._choose)
        self.chooser.setAccessibleName("Colour of the class")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QFormLayout(self)
        layout.addRow("Name", self.name)
        layout.addRow("Colour", self.chooser)
        layout.addRow(buttons)
        self._show_colour()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  # Qt's name
        """Let another name be typed at once."""
        super().showEvent(event)
        self.name.setFocus()
        self.name.selectAll()

    @property
    def typed(self) -> str:
        """The name that was typed."""
        return str(self.name.text()).strip()

    def _show_colour(self) -> None:
        self.chooser.setIcon(swatch(self.colour, 16))
        self.chooser.setIconSize(QSize(16, 16))

    def _choose(self) -> None:
        chosen = QColorDialog.getColor(QColor(self.colour), self, f"Colour of {self.typed}")
        if chosen.isValid():
            self.colour = chosen.name()
            self._show_colour()
