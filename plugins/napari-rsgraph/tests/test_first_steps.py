"""The five cards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget
from waiting import shown

from napari_rsgraph import first_steps
from napari_rsgraph.actions import key
from napari_rsgraph.first_steps import cards, remember_seen, show_first_steps


@pytest.fixture
def window(qtbot: Any) -> QWidget:
    made = QWidget()
    made.resize(960, 520)
    qtbot.addWidget(made)
    shown(qtbot, made)
    return made


def test_five_cards_explain_the_words_and_name_what_to_press() -> None:
    found = cards()
    text = " ".join(f"{card.title} {card.text}" for card in found).lower()
    assert len(found) == 5
    for word in ("segment", "chip", "embedding", "class", "label"):
        assert word in text
    assert key("take_apart") in found[3].press
    assert key("first_steps") in found[4].press
    assert all(card.press for card in found)


def test_the_cards_follow_one_another_by_keys_and_close_after_the_last(window: QWidget, qtbot: Any) -> None:
    closed: list[bool] = []
    steps = show_first_steps(window, lambda: closed.append(True))
    titles = [steps.title.text()]
    for pressed in (Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_Left, Qt.Key.Key_Space, Qt.Key.Key_Right):
        qtbot.keyClick(steps, pressed)
        titles.append(steps.title.text())
    names = [card.title for card in cards()]
    assert titles == [names[0], names[1], names[2], names[1], names[2], names[3]]
    qtbot.keyClick(steps, Qt.Key.Key_Right)
    assert steps.next.text() == "Begin"
    assert closed == []
    qtbot.mouseClick(steps.next, Qt.MouseButton.LeftButton)
    assert closed == [True]
    assert steps.isHidden()


def test_escape_and_skip_close_them(window: QWidget, qtbot: Any) -> None:
    closed: list[bool] = []
    qtbot.keyClick(show_first_steps(window, lambda: closed.append(True)), Qt.Key.Key_Escape)
    qtbot.mouseClick(show_first_steps(window, lambda: closed.append(True)).skip, Qt.MouseButton.LeftButton)
    assert closed == [True, True]


def test_every_card_fits_the_smallest_window_with_its_whole_text(window: QWidget, qtbot: Any) -> None:
    steps = show_first_steps(window, lambda: None)
    for _ in cards():
        card = steps.card
        assert window.rect().contains(card.geometry())
        for label in (steps.title, steps.text, steps.press):
            assert label.height() >= label.heightForWidth(label.width())
        if steps.at < 4:
            steps.go(1)
        qtbot.wait(1)


def test_they_cover_a_window_that_is_resized(window: QWidget, qtbot: Any) -> None:
    steps = show_first_steps(window, lambda: None)
    window.resize(1200, 700)
    qtbot.waitUntil(lambda: steps.geometry() == window.rect())
    assert abs(steps.card.geometry().center().x() - 600) <= 1


def test_that_they_were_seen_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_steps, "seen_file", lambda: tmp_path / "settings" / "seen")
    remember_seen()
    assert (tmp_path / "settings" / "seen").is_file()
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(first_steps, "seen_file", lambda: tmp_path / "file" / "seen")
    remember_seen()  # nothing can be kept there; they come again
    assert not (tmp_path / "file" / "seen").exists()
