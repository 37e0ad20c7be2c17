"""All that was done, newest first; what was undone is gray and says so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from qtpy.QtGui import QBrush, QColor, QFont
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QVBoxLayout, QWidget

from napari_rsgraph.actions import action
from napari_rsgraph.session.amounts import counted
from napari_rsgraph.session.session import Session
from napari_rsgraph.widgets.controls import action_button, enable, hint, text_label
from napari_rsgraph.widgets.layouts import flowing
from napari_rsgraph.widgets.refresh import Refresh, listen
from napari_rsgraph.widgets.shortcuts import help_of
from rsgraph.errors import RsgraphError
from rsgraph.protocols import Progress

COLUMNS = ("When", "What", "Count", "Who")
_MEASURED = 30
"""Rows that are looked at for the width of a column: all 10,000 would take a second."""
_ROLE = Qt.ItemDataRole
Index = QModelIndex | QPersistentModelIndex


class HistoryModel(QAbstractTableModel):
    """Events, newest first; a cell's text is made when it is looked at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._events: dict[str, list[Any]] = {}
        self._n = 0
        self._last: tuple[int, dict[str, Any]] = (-1, {})

    def set_history(self, history: pd.DataFrame) -> None:
        """Show another history, as the journal gives it: oldest first."""
        self.beginResetModel()
        self._events = {str(name): history[name].to_list() for name in history.columns}
        self._n, self._last = len(history), (-1, {})
        self.endResetModel()

    def _event(self, row: int) -> dict[str, Any]:
        """Return the event of a row; the last one is kept, for its cells are asked for one after the other."""
        if self._last[0] != row:
            self._last = row, {name: values[self._n - 1 - row] for name, values in self._events.items()}
        return self._last[1]

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802  # Qt's name
        """Count the events."""
        return self._n if parent is None or not parent.isValid() else 0

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: N802  # Qt's name
        """Count the columns."""
        return len(COLUMNS)

    def headerData(  # noqa: N802  # Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = int(_ROLE.DisplayRole)
    ) -> Any:
        """Return the name of a column."""
        shown = role == _ROLE.DisplayRole and orientation == Qt.Orientation.Horizontal
        return COLUMNS[section] if shown else None

    def data(self, index: Index, role: int = int(_ROLE.DisplayRole)) -> Any:
        """Return text, tooltip, colour, font or alignment of a cell."""
        if not index.isValid():
            return None
        event = self._event(index.row())
        if role == _ROLE.DisplayRole:
            return _cell(event, index.column())
        if role in (_ROLE.ToolTipRole, _ROLE.AccessibleTextRole):
            return _sentence(event)
        if role == _ROLE.ForegroundRole and event["undone"]:
            return QBrush(QColor("#8a8f98"))
        if role == _ROLE.FontRole and event["undone"]:
            font = QFont()
            font.setStrikeOut(True)
            return font
        right = role == _ROLE.TextAlignmentRole and COLUMNS[index.column()] == "Count"
        return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter if right else None


class HistoryPanel(QWidget):
    """The history, and undo and redo.

    Parameters
    ----------
    session
        Whose journal is listed.
    parent
        The window.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._reading = self._again = False
        self.undo = action_button("undo", session.labels.undo)
        self.redo = action_button("redo", session.labels.redo)
        self.about = text_label(name="Number of events")
        self.empty = hint("Everything that you do to classes and labels is listed here and can be taken back.")
        self.model = HistoryModel(self)
        self.table = self._make_table()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        for widget in (flowing(self.undo, self.redo), self.about, self.empty, self.table):
            layout.addWidget(widget, 1 if widget is self.table else 0)
        layout.addStretch(0)
        self._refresh = Refresh(self, self.refresh, 100)
        listen(self, session.labels.changed, self._refresh.ask)

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setAccessibleName("History, newest first")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(24)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setResizeContentsPrecision(_MEASURED)
        header.setSectionResizeMode(COLUMNS.index("What"), QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(20)
        return table

    def refresh(self) -> None:
        """Read the history beside the window; one reading at a time."""
        self._show_steps()
        if self._reading:
            self._again = True
            return
        self._reading, session = True, self.session

        def job(progress: Progress) -> pd.DataFrame:
            return session.labels.history()

        session.tasks.work.start("read the history", job, self._read, failed=self._failed, ended=self._ended)

    def _ended(self) -> None:
        """Also a reading that was cancelled is over."""
        self._reading = False

    def _read(self, history: pd.DataFrame) -> None:
        self._reading = False
        self.model.set_history(history)
        undone = int(history["undone"].sum())
        self.about.setText(counted(len(history), "event") + (f", {undone:,} of them undone" if undone else ""))
        self.about.setVisible(len(history) > 0)
        self.empty.setVisible(len(history) == 0)
        self.table.setVisible(len(history) > 0)
        if self._again:
            self._again = False
            self._refresh.ask()

    def _failed(self, error: RsgraphError) -> None:
        self.about.setText(str(error))

    def _show_steps(self) -> None:
        state, read_only = self.session.labels.state, self.session.labels.read_only
        for control, step, name in ((self.undo, state.undoable, "undo"), (self.redo, state.redoable, "redo")):
            usual = help_of(name) if step is None else f"{action(name).text}: {step.text}"
            control.setProperty("usual_tooltip", usual)
            why = "labels cannot be changed here" if read_only else f"nothing to {name}"
            enable(control, step is not None and not read_only, why)


def _cell(event: dict[str, Any], column: int) -> str:
    if COLUMNS[column] == "When":
        return _when(str(event["time"]))
    if COLUMNS[column] == "What":
        return _what(event)
    if COLUMNS[column] == "Count":
        return f"{int(event['segments']):,}" if event["segments"] else ""
    return str(event["author"])


def _when(time: str) -> str:
    """Return the local time: of today the hour, else the day too."""
    local = datetime.fromisoformat(time).astimezone()
    today = local.date() == datetime.now().astimezone().date()
    return f"{local:%H:%M:%S}" if today else f"{local:%d %b %H:%M}"


def _what(event: dict[str, Any]) -> str:
    """Return what was done, in a few words."""
    label, note = _text(event["label"]), _text(event["note"])
    origin = _text(event["origin"])
    if event["action"] == "assign":
        done = f"label {label}" if label else "erase"
        done += f" ({origin})" if origin and origin != "human" else ""
    else:
        done = f"{event['action']} {label}".strip()
    return f"{done}: {note}" if note else done


def _sentence(event: dict[str, Any]) -> str:
    local = datetime.fromisoformat(str(event["time"])).astimezone()
    segments = f", {counted(int(event['segments']), 'segment')}" if event["segments"] else ""
    undone = ", undone" if event["undone"] else ""
    return f"{local:%Y-%m-%d %H:%M:%S}: {_what(event)}{segments}, by {event['author']}{undone}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
