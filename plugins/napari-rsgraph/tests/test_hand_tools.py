"""Tools in a real window, as in a GIS: click, box, lasso, Shift, the wheel, the middle button and the space bar."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hand import Hand, at_window

pytestmark = pytest.mark.slow

MAP, SCENE = "window.overview.points", "window.main.centralWidget()"
CHOSEN = "window.session.selection.rows.tolist()"
VIEW = "[window.overview.points.map_window().x, window.overview.points.map_window().half_width]"
CAMERA = "[*viewer.scene.camera.center[-2:], viewer.scene.camera.zoom]"


def let_go(hand: Hand) -> None:
    hand._do("mouseup", "1")
    hand.at_rest()


def test_a_box_on_the_map_is_a_rubber_band(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "screen") as hand:
        hand.key("Tab", "r")
        empty = hand.part(MAP)
        start, wide, narrow = hand.spot(MAP, 0.1, 0.1), hand.spot(MAP, 0.9, 0.9), hand.spot(MAP, 0.5, 0.6)
        hand.drag(start, wide, release=False)
        many, picture = hand.ask(CHOSEN), hand.part(MAP)
        left, top, _, _ = hand.rectangle(MAP)
        line = picture[round(start[1]) - top, round(start[0]) - left + 5 : round(wide[0]) - left - 5].astype(int)
        assert (np.abs(line - [240, 220, 80]).max(axis=1) < 60).mean() > 0.9, "the upper side of the box is drawn"
        hand.move(narrow)
        hand.at_rest()
        few = hand.ask(CHOSEN)
        assert 0 < len(few) < len(many)
        assert set(few) < set(many)
        let_go(hand)
        assert hand.ask(CHOSEN) == few
        assert hand.ask("window.overview.points.brush is None")
        assert np.any(hand.part(MAP) != empty)
        hand.drag(hand.spot(MAP, 0.45, 0.5), wide, keys=["shift"])
        more = hand.ask(CHOSEN)
        assert set(few) < set(more)
        hand.drag(hand.spot(MAP, 0.45, 0.5), wide, keys=["ctrl"])
        assert set(hand.ask(CHOSEN)) < set(few) | {-1}
        hand.save(tmp_path / "box.png")


def test_wheel_middle_button_and_space_move_the_map_and_a_double_click_does_not(
    workspace: Path, tmp_path: Path
) -> None:
    with at_window(workspace, tmp_path / "screen") as hand:
        hand.key("Tab")
        for tool in ("c", "r", "l"):
            hand.key(tool)
            place = hand.spot(MAP, 0.25, 0.5)
            before = hand.ask(VIEW)
            hand.wheel(place, 2)
            after = hand.ask(VIEW)
            assert after[1] == pytest.approx(before[1] / 1.2**2, rel=1e-3)
            # what is under the pointer stays there
            assert after[0] - 0.5 * after[1] == pytest.approx(before[0] - 0.5 * before[1], abs=0.02 * before[1])
            hand.wheel(place, -2)
            hand.drag(place, hand.spot(MAP, 0.5, 0.5), button=2)
            assert hand.ask(VIEW)[0] == pytest.approx(before[0] - 0.5 * before[1], abs=0.05 * before[1])
            hand._do("keydown", "space")
            hand.drag(hand.spot(MAP, 0.5, 0.5), place)
            hand._do("keyup", "space")
            hand.at_rest()
            now = hand.ask(VIEW)
            assert now == pytest.approx(before, abs=0.05 * before[1])
            hand.click(hand.spot(MAP, 0.5, 0.5), times=2)
            assert hand.ask(VIEW) == pytest.approx(now)


def test_click_box_and_lasso_in_the_scene(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "screen") as hand:
        hand.key("Tab")
        corners = [hand.spot(SCENE, *place) for place in ((0.35, 0.42), (0.6, 0.42), (0.6, 0.58), (0.35, 0.58))]
        camera = hand.ask(CAMERA)
        hand.key("shift+c")
        hand.click(corners[0])
        (one,) = hand.ask(CHOSEN)
        hand.click(corners[2], keys=["shift"])
        assert len(hand.ask(CHOSEN)) == 2
        hand.click(corners[2], keys=["ctrl"])
        assert hand.ask(CHOSEN) == [one]
        hand.click(corners[2], times=2)
        assert len(hand.ask(CHOSEN)) == 1
        hand.key("shift+r")
        hand.drag(corners[0], corners[2], hand.spot(SCENE, 0.5, 0.5))
        boxed = hand.ask(CHOSEN)
        hand.drag(corners[0], corners[2])
        assert set(boxed) < set(hand.ask(CHOSEN))
        whole = hand.ask(CHOSEN)
        hand.key("shift+l")
        hand.drag(*corners, release=False)
        assert hand.ask("window.drawn.isVisible() and len(window.drawn.trail) > 4")
        hand.save(tmp_path / "lasso.png")
        let_go(hand)
        assert not hand.ask("window.drawn.isVisible()")
        lassoed = hand.ask(CHOSEN)
        both = len(set(lassoed) & set(whole)) / len(set(lassoed) | set(whole))
        assert both > 0.8, "a lasso along the box takes what the box takes"
        assert hand.ask(CAMERA) == pytest.approx(camera), "no tool moved the picture"
        hand._do("keydown", "space")
        hand.drag(corners[0], corners[1])
        hand._do("keyup", "space")
        hand.at_rest()
        assert hand.ask(CAMERA)[1] < camera[1]
        assert hand.ask(CHOSEN) == lassoed
        hand.drag(corners[1], corners[0], button=2)
        assert hand.ask(CAMERA) == pytest.approx(camera, abs=5)


def test_a_class_key_goes_on_with_the_queue(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "screen") as hand:
        for name in ("water", "sand"):
            hand.key("shift+n")
            hand.write(name)
            hand.key("Return")
            hand.wait(f"'{name}' in window.session.labels.names")
        hand.key("d")
        hand.wait("len(window.session.suggestions.queue) > 3")
        queue = hand.ask("window.session.suggestions.queue.tolist()")
        for place, key in enumerate("121"):
            assert hand.ask(CHOSEN) == [queue[place]]
            hand.key(key)
            hand.wait(f"window.session.labels.codes[{queue[place]}] == {key}")
        assert hand.ask(CHOSEN) == [queue[3]]
        hand.save(tmp_path / "queue.png")
