"""Words on the screen: the first steps, headings that explain themselves, and sentences that are true."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hand import at_window

pytestmark = pytest.mark.slow

_CARDS = "[each for each in app.allWidgets() if type(each).__name__ == 'FirstSteps' and each.isVisible()]"

_HOVER = (
    "next((each.text() for each in app.topLevelWidgets()"
    " if each.metaObject().className() == 'QTipLabel' and each.isVisible()), '')"
)
_HEADINGS = (
    "[each.toolTip() for each in app.allWidgets()"
    " if type(each).__name__ == 'QLabel' and each.text()[:3] == '<b>' and window.side.isAncestorOf(each)]"
)


def test_the_first_steps_come_once_and_again_from_the_keyboard(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "screen", first=True) as hand:
        assert hand.ask(f"len({_CARDS})") == 1
        steps = "find('FirstSteps', 'First steps')"
        hand.key("Right", "Return", "Tab", "Left", "a")  # as the first line of keys that anybody presses
        assert hand.ask(f"{steps}.count.text()") == "2 of 5"
        assert hand.ask("window.session.selection.segments.any()") is False
        hand.key("Left")
        dark = hand.picture()
        hand.save(tmp_path / "card.png")
        titles = [hand.ask(f"{steps}.title.text()")]
        hand.key("Right")  # nothing was clicked so far: the cards have the keyboard, not the map below them
        assert hand.ask(f"{steps}.at") == 1
        for _ in range(3):
            titles.append(hand.ask(f"{steps}.title.text()"))
            hand.click(hand.centre(f"{steps}.next"))
        titles.append(hand.ask(f"{steps}.title.text()"))
        assert len(set(titles)) == 5
        hand.key("Return")
        assert hand.ask(f"len({_CARDS})") == 0
        assert hand.ask("focus is window.overview.points")
        assert hand.picture()[200:].mean() > dark[200:].mean()
        assert (tmp_path / "screen" / "config" / "rsgraph" / "first_steps_seen").is_file()
        hand.key("F1")
        assert hand.ask(f"len({_CARDS})") == 1
        hand.key("Escape")
        assert hand.ask(f"len({_CARDS})") == 0
    with at_window(workspace, tmp_path / "screen") as hand:
        assert hand.ask(f"len({_CARDS})") == 0


def test_every_panel_says_on_hover_what_it_is_for(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "screen") as hand:
        about = hand.ask("[window.tabs.tabToolTip(index) for index in range(window.tabs.count())]")
        assert all(about)
        assert len(set(about)) == len(about) >= 6
        before = hand.picture()
        hand.move(hand.spot("window.tabs.tabBar()", 0.1, 0.5))
        assert hand.wait(_HOVER) == about[0]
        assert np.any(hand.picture() != before)
        hand.save(tmp_path / "hover.png")
        headings = hand.ask(_HEADINGS)
        assert len(headings) >= 5
        assert all(headings)


def test_sentences_on_predictions_do_not_contradict_each_other(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "screen") as hand:
        for name in ("water", "land"):
            hand.ask(f"window.session.labels.define({name!r})")
        hand.at_rest()
        hand.ask("window.session.labels.assign(np.arange(0, 20), 'water')")
        hand.ask("window.session.labels.assign(np.arange(20, 40), 'land')")
        hand.at_rest()
        hand.key("ctrl+p")
        hand.wait("window.suggest.status.isVisible()")
        said = hand.ask("window.suggest.explanation.text() + ' ' + window.suggest.status.text()")
        assert "not calibrated" in said
        assert "at its word" not in said
        hand.save(tmp_path / "suggest.png")
