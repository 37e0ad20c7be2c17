"""The panel of classes: progress, the selection, and one press to label it."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QSize
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QColorDialog,
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QMenu,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from napari_rsgraph.actions import action, key
from napari_rsgraph.panels.class_row import ClassFacts, ClassRow
from napari_rsgraph.panels.importing import Importing
from napari_rsgraph.session.amounts import counted
from napari_rsgraph.session.keys import free_key
from napari_rsgraph.session.session import Session
from napari_rsgraph.widgets.class_menu import ClassActions
from napari_rsgraph.widgets.controls import action_button, button, enable, hint, swatch, text_label
from napari_rsgraph.widgets.layouts import flowing, scrolled
from napari_rsgraph.widgets.naming import amount, percent
from napari_rsgraph.widgets.refresh import Refresh, listen
from napari_rsgraph.widgets.shortcuts import help_of, shown
from rsgraph.journal.classes import free_colour

_LISTED = 5
"""Classes named in the line about the selection."""


class LabelPanel(QWidget):
    """Progress, selection, undo, classes.

    Parameters
    ----------
    session
        What is labelled.
    parent
        The window.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.rows: list[ClassRow] = []
        self.importer = Importing(session.labels, self)
        self.actions_of_classes = ClassActions(session, self)
        self._pixels = session.tables.segments["area_px"].to_numpy(np.float64)
        self.read_only = text_label(name="Read-only")
        self.progress_text, self.progress = text_label(name="Progress"), QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(8)
        self.selection = text_label(name="Selection")
        self._make_buttons()
        self._make_adding()
        self.empty = hint()
        self._lay_out()
        self._counting, self._selecting = Refresh(self, self.show_counts), Refresh(self, self.show_selection)
        self._rebuild()
        self._show_read_only()
        listen(self, session.labels.classes_changed, self._rebuild)
        listen(self, session.labels.changed, self._labels_changed)
        listen(self, session.selection.changed, self._selecting.ask)
        listen(self, session.selection.level_changed, self._selecting.ask)

    # parts

    def _make_buttons(self) -> None:
        labels = self.session.labels
        self.undo, self.redo = action_button("undo", labels.undo), action_button("redo", labels.redo)
        self.erase = action_button("erase", lambda: self.session.label(None))
        self.note = action_button("note", self.write_note)
        self.importing = action_button("import", self.import_labels)

    def _make_adding(self) -> None:
        self.new_name = QLineEdit()
        self.new_name.setPlaceholderText("Add a class: type its name, press Enter")
        self.new_name.setAccessibleName("Name of a new class")
        self.new_name.setToolTip("Type the name of a new class and press Enter; it gets the colour and key shown")
        self.new_name.returnPressed.connect(self.add_class)
        self.new_colour = button("", "Choose the colour of the new class", self._choose_new_colour)
        self.new_colour.setAccessibleName("Colour of the new class")
        self.new_colour.setFixedWidth(34)
        self.add = button("Add", "Add the class", self.add_class)
        self._colour: str | None = None
        self._asked: dict[str, tuple[str, str]] = {}  # colours and keys of classes that are being defined

    def _lay_out(self) -> None:
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        holder = QWidget()
        inner = QVBoxLayout(holder)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addLayout(self._list)
        inner.addWidget(self.empty)
        inner.addStretch(1)
        area = scrolled(holder)
        area.setMinimumHeight(150)
        adding = QHBoxLayout()
        for widget in (self.new_colour, self.new_name, self.add):
            adding.addWidget(widget, 1 if widget is self.new_name else 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(5)
        for shown_first in (self.read_only, self.progress_text, self.progress, self.selection):
            layout.addWidget(shown_first)
        layout.addWidget(flowing(self.undo, self.redo, self.erase, self.note, self.importing))
        layout.addLayout(adding)
        layout.addWidget(area, 1)

    # classes

    def _rebuild(self) -> None:
        """List the classes of now; rows of classes that are as they were stay."""
        facts = self._facts()
        same = 0
        while same < min(len(facts), len(self.rows)) and self.rows[same].facts == facts[same]:
            same += 1
        for row in self.rows[same:]:
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = [*self.rows[:same], *(self._new_row(each) for each in facts[same:])]
        self._asked = {name: asked for name, asked in self._asked.items() if name not in self.session.labels.names}
        self._show_new_colour()
        self._counting.ask()
        self._selecting.ask()

    def _new_row(self, facts: ClassFacts) -> ClassRow:
        row = ClassRow(facts, self._fill_menu)
        row.chosen.connect(self.session.label)
        row.renamed.connect(self.session.labels.rename)
        row.allow(change=not self._why_not(), label=False, why_not="nothing is selected")
        self._list.addWidget(row)
        return row

    def _facts(self) -> list[ClassFacts]:
        table = self.session.labels.classes
        columns = zip(table["name"], table["colour"], table["key"], strict=True)
        return [
            ClassFacts(code, str(name), str(colour), own if isinstance(own, str) else "")
            for code, (name, colour, own) in enumerate(columns, start=1)
        ]

    def add_class(self) -> None:
        """Add the class that was typed, with the colour shown and the next free key."""
        name = self.new_name.text().strip()
        if not name:
            self.session.tasks.say("type the name of the class first", "warning")
            self.new_name.setFocus()
            return
        if name in (*self.session.labels.names, *self._asked):
            self.session.tasks.say(f"there is a class '{name}' already; choose another name", "warning")
            self.new_name.selectAll()
            return
        self.new_name.clear()
        colour = self._next_colour()
        own = free_key([*(row.facts.key for row in self.rows), *(taken for _, taken in self._asked.values())])
        self.new_name.clearFocus()
        self._asked[name], self._colour = (colour, own or ""), None
        self._show_new_colour()
        self.session.labels.define(name, colour=colour, key=own)

    def _next_colour(self) -> str:
        taken = {row.facts.colour.lower() for row in self.rows} | {colour for colour, _ in self._asked.values()}
        return self._colour or free_colour(taken)

    def _show_new_colour(self) -> None:
        self.new_colour.setIcon(swatch(self._next_colour(), 16))
        self.new_colour.setIconSize(QSize(16, 16))

    def _choose_new_colour(self) -> None:
        chosen = QColorDialog.getColor(QColor(self._next_colour()), self, "Colour of the new class")
        if chosen.isValid():
            self._colour = chosen.name()
            self._show_new_colour()

    def _fill_menu(self, menu: QMenu, facts: ClassFacts) -> None:
        """What can be done with a class besides labels."""
        self.actions_of_classes.fill(menu, facts.code, self.rows[facts.code - 1].name.start)

    # notes and imports

    def write_note(self) -> None:
        """Ask for a note on the selection, or on the scene."""
        rows = self.session.selection.target_rows()
        n = len(rows)
        about = f"A note on {counted(n, 'selected segment')}:" if n else "A note on the whole scene:"
        text, given = QInputDialog.getMultiLineText(self, "Note", about)
        if given and text.strip():
            self.session.labels.note(text.strip(), rows)

    def import_labels(self) -> None:
        """Ask for a file and take its classes and labels."""
        self.importer.ask()

    # what is shown

    def _labels_changed(self) -> None:
        self._counting.ask()
        self._selecting.ask()

    def show_counts(self) -> None:
        """Show how much is labelled, in all and by class; undo and redo by name."""
        session, labels = self.session, self.session.labels
        n_codes, codes = len(labels.names) + 1, labels.codes
        counts = np.bincount(codes, minlength=n_codes)
        pixels = np.bincount(codes, weights=self._pixels, minlength=n_codes)
        hectares = np.bincount(codes, weights=session.tables.hectares, minlength=n_codes)
        shares = pixels / max(pixels.sum(), 1.0)
        for row in self.rows:
            code = row.facts.code
            row.show_counts(int(counts[code]), amount(hectares[code], pixels[code]), float(shares[code]))
        n, labelled = session.tables.n_segments, int(counts[1:].sum())
        share = float(shares[1:].sum()) if labelled < n else 1.0
        self.progress_text.setText(f"{percent(share)} of the area labelled, {labelled:,} of {counted(n, 'segment')}")
        self.progress.setRange(0, 1000)
        self.progress.setValue(round(share * 1000))
        self.progress.setAccessibleName(self.progress_text.text())
        self.empty.setText(_advice(len(self.rows), labelled))
        self.empty.setVisible(bool(self.empty.text()))
        self._show_steps()

    def _show_steps(self) -> None:
        state, why = self.session.labels.state, self._why_not()
        for control, step, name, nothing in (
            (self.undo, state.undoable, "undo", "nothing was done yet"),
            (self.redo, state.redoable, "redo", "nothing was undone"),
        ):
            usual = help_of(name) if step is None else f"{action(name).text}: {step.text} ({shown(key(name))})"
            control.setProperty("usual_tooltip", usual)
            enable(control, step is not None and not why, why or nothing)

    def show_selection(self) -> None:
        """Show what is selected; cheap enough for every movement of the brush."""
        rows = self.session.selection.target_rows()
        self.selection.setText(self._selection_text(rows))
        why = self._why_not()
        chosen = len(rows) > 0
        nothing = why or "nothing is selected"
        for row in self.rows:
            row.allow(change=not why, label=chosen and not why, why_not=nothing)
        enable(self.erase, chosen and not why, nothing)
        for control in (self.note, self.importing, self.new_name, self.new_colour, self.add):
            enable(control, not why, why)

    def _selection_text(self, rows: np.ndarray) -> str:
        session, labels = self.session, self.session.labels
        if len(rows) == 0:
            return "Nothing selected: brush points in the 2-D map, or click in the scene"
        tables, names = session.tables, ["unlabelled", *labels.names]
        chips = int(np.count_nonzero(np.bincount(tables.chip_of[rows], minlength=tables.n_chips)))
        counts = np.bincount(labels.codes[rows], minlength=len(names))
        area = amount(float(tables.hectares[rows].sum()), float(self._pixels[rows].sum()))
        order = [code for code in np.argsort(-counts, kind="stable") if counts[code]]
        listed = [f"{names[code]} {counts[code]:,}" for code in order[:_LISTED]]
        listed += [counted(len(order) - _LISTED, "more class")] if len(order) > _LISTED else []
        held = f"{counted(len(rows), 'segment')} in {counted(chips, 'chip')}"
        return f"{held} selected, {area}: {', '.join(listed)}"

    def _show_read_only(self) -> None:
        why = self._why_not()
        self.read_only.setVisible(bool(why))
        self.read_only.setText(f"⚠ Read-only: {why}. {action('reopen').text}: {shown(key('reopen'))}")
        self.read_only.setStyleSheet("QLabel { border: 1px solid #e69f00; border-radius: 3px; padding: 4px }")

    def _why_not(self) -> str:
        """Why labels cannot be changed, or ""."""
        labels = self.session.labels
        return (labels.journal.notice or "this session only looks") if labels.read_only else ""


def _advice(classes: int, labelled: int) -> str:
    """What to do first."""
    if classes == 0:
        return "Add a class above, brush some points in the 2-D map, press the class's key."
    return "" if labelled else "Now brush some points in the 2-D map and press a class's key, or its Label button."
