"""The keyboard in a real window: it belongs to the map, and comes back to it from every control."""

from __future__ import annotations

from pathlib import Path

import pytest
from hand import Hand, at_window

pytestmark = pytest.mark.slow

MAP = "focus is window.overview.points"
LABELLED = "int((window.session.labels.codes > 0).sum())"


def at_segments(hand: Hand) -> None:
    """Go to the map of segments, whichever the window opened with."""
    if hand.ask("window.session.selection.level") != "segments":
        hand.key("Tab")


def add_class(hand: Hand, name: str, *, by: str) -> None:
    """Type the name of a class, and press Return, or the button."""
    n = hand.ask("len(window.session.labels.names)")
    hand.click(hand.centre("window.labels.new_name"))
    hand.write(name)
    if by == "Return":
        hand.key("Return")
    else:
        hand.click(hand.centre("window.labels.add"))
    hand.wait(f"len(window.session.labels.names) == {n + 1}")


def test_keys_reach_the_map_in_a_new_window_and_after_every_control(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "screen") as hand:
        assert hand.ask(MAP), "nothing was clicked yet"
        level = hand.ask("window.session.selection.level")
        hand.key("Tab")
        assert hand.ask("window.session.selection.level") != level
        at_segments(hand)
        hand.key("ctrl+a")
        n = hand.ask("int(window.session.selection.segments.sum())")
        add_class(hand, "water", by="Return")
        hand.key("1")
        hand.wait(f"{LABELLED} == {n}")
        assert hand.ask("window.labels.new_name.text()") == ""
        add_class(hand, "sand", by="button")
        hand.key("2")
        hand.wait(f"int((window.session.labels.codes == 2).sum()) == {n}")
        for control in (
            "labels.undo",
            "labels.redo",
            "overview.bar.levels['chips']",
            "overview.bar.levels['segments']",
        ):
            hand.click(hand.centre(f"window.{control}"))
            assert hand.wait(MAP), control
        hand.click(hand.centre("window.overview.bar.colour_by"))
        hand.key("Down", "Return")
        assert hand.wait(MAP), "a choice was made"
        hand.click(hand.centre("window.overview.bar.colour_by"))
        hand.key("Escape")
        assert hand.wait(MAP), "none was made"
        hand.click(hand.centre("window.labels.rows[0].more"))
        hand.key("Down", "Down", "Down", "Return")
        assert hand.wait("type(focus).__name__ == 'NameEdit'"), "a class is being renamed"
        hand.write("sea")
        hand.key("Return")
        hand.wait("window.session.labels.names == ['sea', 'sand']")
        assert hand.wait(MAP)
        hand.key("1")
        hand.wait(f"int((window.session.labels.codes == 1).sum()) == {n}")
        hand.save(tmp_path / "focus.png")


def test_escape_leaves_a_field_first_and_only_then_selects_nothing(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "screen") as hand:
        hand.key("ctrl+a")
        chosen = hand.ask("int(window.session.selection.mask.sum())")
        hand.click(hand.centre("window.labels.new_name"))
        hand.write("wat")
        hand.key("Escape")
        assert hand.ask("window.labels.new_name.text()") == ""
        assert hand.wait(MAP)
        assert hand.ask("int(window.session.selection.mask.sum())") == chosen
        hand.key("Escape")
        assert hand.ask("int(window.session.selection.mask.sum())") == 0


def test_the_scene_has_the_keyboard_back_where_the_person_worked_in_it(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "screen") as hand:
        add_class(hand, "water", by="Return")
        hand.click(hand.spot("window.main.centralWidget()", 0.5, 0.5))
        hand.click(hand.centre("window.labels.undo"))
        hand.wait("focus is window.drawn.parentWidget()")
        hand.key("ctrl+shift+z")
        level = hand.ask("window.session.selection.level")
        hand.key("Tab")
        assert hand.ask("window.session.selection.level") != level
        at_segments(hand)
        hand.click(hand.spot("window.main.centralWidget()", 0.5, 0.5))
        hand.key("KP_1")
        hand.wait(f"{LABELLED} == 1")
