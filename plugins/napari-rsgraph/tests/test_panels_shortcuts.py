"""The sheet of shortcuts."""

from __future__ import annotations

from typing import Any

from napari_rsgraph.actions import ACTIONS
from napari_rsgraph.panels.shortcuts import ShortcutSheet
from napari_rsgraph.session.session import Session


def test_the_sheet_lists_every_action_and_class_and_finds_words(qtbot: Any, session: Session) -> None:
    session.labels.define("water", key="7")
    sheet = ShortcutSheet(session.labels)
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
