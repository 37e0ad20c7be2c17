"""The legend under a person's mouse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hand import Hand, at_window

pytestmark = pytest.mark.slow

POINTS = "window.overview.points"


def entry(code: int) -> str:
    return f"window.overview.legend.entries[{code}]"


def add_class(hand: Hand, name: str) -> None:
    hand.click(hand.centre("window.labels.new_name"))
    hand.write(name)
    hand.key("Return")
    hand.wait(f"'{name}' in window.session.labels.names")


def label_half(hand: Hand, name: str, left: float, right: float) -> None:
    """Label what lies between two shares of the scene's width."""
    x, y, width, height = hand.rectangle("viewer.window._qt_viewer.canvas.native")
    hand.drag((x + left * width, y + 3), (x + right * width, y + height - 3))
    hand.wait("window.session.selection.target_rows().size")
    hand.click(hand.centre(f"find('QPushButton', 'Label the selection as {name}')"))
    code = hand.ask(f"window.session.labels.names.index('{name}') + 1")
    hand.wait(f"window.session.labels.counts()[{code}] > 0")


def test_a_class_is_shown_alone_renamed_selected_and_merged(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "screen") as hand:
        hand.click(hand.centre("find('QPushButton', 'Segments')"))
        hand.click(hand.centre("find('QPushButton', 'Box')"))
        for name, left, right in (("water", 0.02, 0.4), ("mud", 0.45, 0.7)):
            add_class(hand, name)
            label_half(hand, name, left, right)
        hand.ask("window.session.selection.clear()")
        hand.wait("list(window.overview.legend.entries) == [0, 1, 2]")
        water, mud = hand.ask("window.session.labels.counts()[1:]")
        whole = hand.part(POINTS)

        # a click shows only the class
        hand.click(hand.centre(entry(1)))
        hand.wait("window.session.map_visible() is not None and window.overview.points.at_rest")
        assert hand.ask("window.session.map_visible().sum()") == water
        hand.save(tmp_path / "alone.png")
        colour = [int(hand.ask("window.session.labels.classes['colour'][1]")[at : at + 2], 16) for at in (1, 3, 5)]
        of_mud = np.abs(whole.astype(int) - colour).max(axis=2) < 8
        assert of_mud.sum() > 20
        assert (np.abs(hand.part(POINTS).astype(int) - colour).max(axis=2) < 8).sum() == 0
        hand.click(hand.centre(entry(1)))
        assert hand.ask("window.session.selection.filter.classes is None")

        # what is not labelled yet
        hand.click(hand.centre(entry(0)))
        hand.wait("window.session.map_visible() is not None and window.overview.points.at_rest")
        assert hand.ask("window.session.map_visible().sum()") == hand.ask(
            "int((window.session.labels.codes == 0).sum())"
        )
        hand.click(hand.centre(entry(0)))
        hand.wait("window.session.map_visible() is None and window.overview.points.at_rest")

        # a double click asks for another name, and leaves everything shown
        hand.click(hand.centre(entry(1)), times=2)
        hand.wait("app.activeModalWidget() is not None")
        hand.save(tmp_path / "dialog.png")
        hand.write("sea")
        hand.key("Return")
        hand.wait("window.session.labels.names == ['sea', 'mud']")
        assert hand.ask("window.session.selection.filter.classes is None")
        hand.wait("window.overview.legend.entries[1].text() == 'sea'")

        # the right button: select all of it, then merge it into the other
        hand.click(hand.centre(entry(2)), 3)
        hand.wait("app.activePopupWidget() is not None")
        hand.save(tmp_path / "menu.png")
        assert "mud: " in hand.ask("app.activePopupWidget().actions()[0].text()")
        hand.key("Down", "Down", "Return")  # past "Show only this class"
        assert hand.wait("window.session.selection.target_rows().size") == mud
        hand.click(hand.centre(entry(2)), 3)
        hand.wait("app.activePopupWidget() is not None")
        hand.key(*["Down"] * 6, "Right", "Return")  # Merge into: sea
        hand.wait("window.session.labels.names == ['sea']")
        assert hand.ask("window.session.labels.counts()[1]") == water + mud
        hand.key("ctrl+z")
        hand.wait("window.session.labels.names == ['sea', 'mud']")
        assert hand.ask("window.session.labels.counts()[2]") == mud
