"""The panel of the history, over the journal of a session."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt
from waiting import shown

from napari_rsgraph.panels.history import HistoryModel, HistoryPanel
from napari_rsgraph.session.session import Session

LEFT, ROLE = Qt.MouseButton.LeftButton, Qt.ItemDataRole


def texts(model: HistoryModel) -> list[list[str]]:
    cells = [
        [model.index(row, column).data() for column in range(model.columnCount())] for row in range(model.rowCount())
    ]
    return [[str(cell) for cell in row] for row in cells]


@pytest.fixture
def panel(qtbot: Any, session: Session) -> HistoryPanel:
    made = HistoryPanel(session)
    qtbot.addWidget(made)
    made.resize(320, 600)
    shown(qtbot, made)
    return made


def test_what_was_done_is_listed_newest_first(qtbot: Any, panel: HistoryPanel, session: Session) -> None:
    assert panel.empty.isVisible()
    session.labels.define("water")
    session.labels.assign(np.arange(12), "water", note="by the river")
    session.labels.assign_each(np.arange(20, 23), ["water"] * 3, origin="classified")
    qtbot.waitUntil(lambda: panel.model.rowCount() == 3)
    author = session.labels.history()["author"].iloc[0]
    assert [row[1:] for row in texts(panel.model)] == [
        ["label water (classified)", "3", author],
        ["label water: by the river", "12", author],
        ["define water", "", author],
    ]
    time = datetime.fromisoformat(session.labels.history()["time"].iloc[-1]).astimezone()
    assert texts(panel.model)[0][0] == f"{time:%H:%M:%S}"


def test_what_was_undone_is_struck_out_and_says_so(qtbot: Any, panel: HistoryPanel, session: Session) -> None:
    session.labels.define("water")
    session.labels.assign(np.arange(12), "water")
    qtbot.waitUntil(lambda: "label 12 segments as water" in panel.undo.toolTip())
    assert panel.undo.isEnabled()
    qtbot.mouseClick(panel.undo, LEFT)
    assert session.labels.codes.sum() == 0
    qtbot.waitUntil(lambda: panel.model.rowCount() == 3)
    undone = panel.model.index(1, 1)
    assert undone.data(ROLE.FontRole).strikeOut()
    assert undone.data(ROLE.ToolTipRole).endswith(", undone")
    assert panel.model.index(2, 1).data(ROLE.FontRole) is None
    assert panel.about.text() == "3 events, 1 of them undone"
    qtbot.mouseClick(panel.redo, LEFT)
    assert session.labels.codes.sum() == 12


def test_a_hidden_history_is_not_read(qtbot: Any, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    found = session.labels.history()
    monkeypatch.setattr(session.labels, "history", lambda: read.append(1) or found)
    panel = HistoryPanel(session)
    qtbot.addWidget(panel)
    session.labels.define("water")
    session.labels.define("forest")
    assert read == []
    panel.show()
    qtbot.waitUntil(lambda: read == [1])


def test_ten_thousand_events_cost_only_the_cells_that_are_seen() -> None:
    n = 10_000
    columns: dict[str, Any] = {
        "event": np.arange(1, n + 1),
        "time": ["2026-01-02T03:04:05.678+00:00"] * n,
        "author": ["a"] * n,
        "action": ["assign"] * n,
        "label": ["water"] * n,
        "segments": np.arange(n),
        "origin": ["human"] * n,
        "note": [None] * n,
        "undone": [False] * n,
    }
    model = HistoryModel()
    model.set_history(pd.DataFrame(columns))
    assert model.rowCount() == n
    assert model.index(0, 2).data() == f"{n - 1:,}"
    assert model.index(n - 1, 2).data() == ""
