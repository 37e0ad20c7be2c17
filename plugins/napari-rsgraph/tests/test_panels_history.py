"""History, shortcuts and the strip of running work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence

from napari_rsgraph.panels.history import HistoryModel, HistoryPanel
from napari_rsgraph.panels.shortcuts import ACTIONS, ShortcutSheet, action, session_calls
from napari_rsgraph.panels.tasks import TaskStrip
from napari_rsgraph.session.keys import CLASS_KEYS, free_key
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
    made.show()
    qtbot.waitExposed(made)
    return made


def test_what_was_done_is_listed_newest_first(qtbot: Any, panel: HistoryPanel, session: Session) -> None:
    assert panel.empty.isVisible()
    session.labelling.define("water")
    session.labelling.assign_rows(np.arange(12), "water", note="by the river")
    session.labelling.assign_each(np.arange(20, 23), ["water"] * 3, origin="classified")
    qtbot.waitUntil(lambda: panel.model.rowCount() == 3)
    author = session.labelling.history()["author"].iloc[0]
    assert [row[1:] for row in texts(panel.model)] == [
        ["label water (classified)", "3", author],
        ["label water: by the river", "12", author],
        ["define water", "", author],
    ]
    time = datetime.fromisoformat(session.labelling.history()["time"].iloc[-1]).astimezone()
    assert texts(panel.model)[0][0] == f"{time:%H:%M:%S}"


def test_what_was_undone_is_struck_out_and_says_so(qtbot: Any, panel: HistoryPanel, session: Session) -> None:
    session.labelling.define("water")
    session.labelling.assign_rows(np.arange(12), "water")
    qtbot.waitUntil(lambda: "label 12 segments as water" in panel.undo.toolTip())
    assert panel.undo.isEnabled()
    qtbot.mouseClick(panel.undo, LEFT)
    assert session.labelling.codes.sum() == 0
    qtbot.waitUntil(lambda: panel.model.rowCount() == 3)
    undone = panel.model.index(1, 1)
    assert undone.data(ROLE.FontRole).strikeOut()
    assert undone.data(ROLE.ToolTipRole).endswith(", undone")
    assert panel.model.index(2, 1).data(ROLE.FontRole) is None
    assert panel.about.text() == "3 events, 1 of them undone"
    qtbot.mouseClick(panel.redo, LEFT)
    assert session.labelling.codes.sum() == 12


def test_a_hidden_history_is_not_read(qtbot: Any, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    found = session.labelling.history()
    monkeypatch.setattr(session.labelling, "history", lambda: read.append(1) or found)
    panel = HistoryPanel(session)
    qtbot.addWidget(panel)
    session.labelling.define("water")
    session.labelling.define("forest")
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


def test_no_two_actions_share_a_name_or_a_key() -> None:
    names = [each.name for each in ACTIONS]
    keys = [QKeySequence(each.shortcut).toString() for each in ACTIONS]
    assert len(set(names)) == len(names)
    assert all(keys), "every action has a shortcut that Qt knows"
    assert len(set(keys)) == len(keys)
    assert all(each.text and each.tooltip and each.group for each in ACTIONS)


def test_classes_get_digits_first_then_letters_that_mean_nothing_else() -> None:
    assert CLASS_KEYS[:10] == tuple("1234567890")
    assert not set(CLASS_KEYS) & {each.shortcut for each in ACTIONS}
    assert free_key([]) == "1"
    assert free_key(["1", "2", "4"]) == "3"
    assert free_key(["i", *"1234567890"]) == next(key for key in CLASS_KEYS[10:] if key != "I")
    assert free_key(CLASS_KEYS) is None


def test_the_calls_of_the_session_do_what_their_names_say(session: Session) -> None:
    calls = session_calls(session)
    assert set(calls) <= {each.name for each in ACTIONS}
    calls["switch_level"]()
    assert session.level == "segments"
    calls["select_all"]()
    assert session.selected.all()
    calls["invert"]()
    assert not session.selected.any()
    calls["filter_unlabelled"]()
    assert session.filter.classes == frozenset({0})
    calls["filter_unlabelled"]()
    assert session.filter.classes is None
    asked: list[Any] = []
    session.focus_requested.connect(asked.append)
    calls["focus"]()
    assert asked == []
    session.select(np.array([3]))
    calls["focus"]()
    assert asked[0].tolist() == [3]


def test_the_sheet_lists_every_action_and_class_and_finds_words(qtbot: Any, session: Session) -> None:
    session.labelling.define("water", key="7")
    sheet = ShortcutSheet(session)
    qtbot.addWidget(sheet)
    sheet.show()
    shown = {(keys.text(), words.text()) for _, keys, words in sheet.rows}
    for each in ACTIONS:
        assert any(each.text in words for _, words in shown), each
    assert ("7", "Label the selection as water") in shown
    qtbot.keyClicks(sheet.filter, "undo")
    visible = [words.text() for _, _, words in sheet.rows if words.isVisible()]
    assert any(text.startswith("Undo") for text in visible)
    assert not any("Lasso" in text for text in visible)


def test_tooltips_name_the_key() -> None:
    assert action("find").help.endswith("(F)")


def test_running_work_is_shown_and_can_be_cancelled(qtbot: Any) -> None:
    strip = TaskStrip()
    qtbot.addWidget(strip)
    assert not strip.isVisible()
    strip.task_started(4, "umap of gnn2")
    strip.task_started(5, "export geotiff", cancellable=False)
    assert strip.isVisible()
    assert strip.lines[4].bar.maximum() == 0
    strip.task_progress(4, 2_500_000_000, 10_000_000_000)
    assert strip.lines[4].bar.value() / strip.lines[4].bar.maximum() == 0.25
    strip.task_progress(99, 1, 2)
    assert not strip.lines[5].cancel.isVisible()
    with qtbot.waitSignal(strip.cancelled) as heard:
        qtbot.mouseClick(strip.lines[4].cancel, LEFT)
    assert heard.args == [4]
    assert not strip.lines[4].cancel.isEnabled()
    strip.task_ended(4)
    assert strip.isVisible()
    strip.task_ended(5)
    strip.task_ended(5)
    assert not strip.isVisible()
