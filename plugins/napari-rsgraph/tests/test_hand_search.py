"""A person searches by example: what is outlined, how large, how far apart, and what a verdict does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hand import Hand, at_window
from numpy.typing import NDArray

pytestmark = pytest.mark.slow

CANVAS = "window.viewer.window._qt_viewer.canvas.native"
RESULTS = "window.session.search.results"
LIST = "window.search.list"


def magenta(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which pixels have the colour of the candidate's outline."""
    red, green, blue = (picture[..., band].astype(int) for band in range(3))
    return (red > 200) & (green < 110) & (blue > 190)


@pytest.fixture
def hand(workspace: Path, tmp_path: Path) -> Iterator[Hand]:
    with at_window(workspace, tmp_path / "screen") as opened:
        opened.ask("window.session.selection.set_level('segments')")
        opened.click(opened.centre(CANVAS))
        opened.wait("len(window.session.selection.rows) == 1")
        opened.key("f")
        opened.wait(f"{RESULTS} is not None")
        opened.at_rest()
        yield opened


def outlined(hand: Hand) -> NDArray[np.bool_]:
    return magenta(hand.part(CANVAS))


def lies_at(hand: Hand) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where on the canvas the candidate lies: the least and largest (row, column) of its pixels."""
    scene = "window.scene"
    found = f"np.argwhere({scene}.places.ids == {scene}.tables.ids[{RESULTS}.current[0]]).astype(float)"
    low, high = (f"({found}.{which}(axis=0) {step})" for which, step in (("min", "- 0.5"), ("max", "+ 0.5")))
    corners = np.array(hand.ask(f"{scene}.grid.to_world(np.array([{low}, {high}])).tolist()"))
    centre, zoom = np.array(hand.ask("viewer.scene.camera.center[-2:]")), hand.ask("viewer.scene.camera.zoom")
    up = -1 if hand.ask(f"{scene}.grid.north_up") else 1
    middle = np.array(hand.part(CANVAS).shape[:2]) / 2
    ends = middle + (corners - centre) * zoom * (up, 1)
    return ends.min(axis=0), ends.max(axis=0)


def test_the_candidate_is_outlined_in_the_scene_where_it_lies(hand: Hand, tmp_path: Path) -> None:
    hand.ask("window.search.apart.setValue(0)")  # nothing else is outlined then
    for number in range(2):
        hand.at_rest()
        low, high = lies_at(hand)
        hand.save(tmp_path / f"candidate_{number}.png")
        places = np.argwhere(outlined(hand))
        assert len(places) > 150
        assert places.min(axis=0) == pytest.approx(low, abs=8)
        assert places.max(axis=0) == pytest.approx(high, abs=8)
        hand.key("j")
    hand.click(hand.centre("window.search.end"))
    assert not outlined(hand).any()


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_pictures_are_128_pixels_or_more_and_sharp(workspace: Path, tmp_path: Path, scale: float) -> None:
    size = (round(1280 * scale), round(800 * scale))
    with at_window(workspace, tmp_path / "screen", size=size, scale=scale) as hand:
        hand.ask("window.session.selection.set_level('segments')")
        hand.click(hand.centre(CANVAS))
        hand.key("f")
        hand.wait(f"{RESULTS} is not None")
        hand.at_rest()
        hand.save(tmp_path / "search.png")
        tile = hand.part(f"{LIST}.viewport()")[: round(140 * scale), : round(140 * scale)]
        framed = magenta(tile)
        rows, columns = np.flatnonzero(framed.any(axis=1)), np.flatnonzero(framed.any(axis=0))
        assert min(np.ptp(rows), np.ptp(columns)) >= 128 * scale
        asked = hand.ask(f"[list(each) for each in {LIST}.candidates._pictures]")
        assert {side for _, _, side in asked} == {128 * scale}


def test_candidates_lie_apart_and_say_how_many_they_stand_for(hand: Hand, tmp_path: Path) -> None:
    def distances() -> NDArray[np.float64]:
        places = np.array(hand.ask(f"window.session.search.ground.places('segments', {RESULTS}.rows).tolist()"))
        between = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
        return between[np.triu_indices(len(places), 1)]

    spread = hand.ask("window.session.search.apart")
    assert spread > 0
    few = hand.ask(f"len({RESULTS}.rows)")
    many = hand.ask(f"sum(map(len, {RESULTS}.near))")
    assert many > 0
    assert f"stand for {many} more near them" in hand.ask("window.search.about.text()")
    hand.key("a")
    before = hand.ask(f"{RESULTS}.accepted().tolist()")
    assert len(before) == 1 + hand.ask(f"len({RESULTS}.near[0])")
    left, top, width, height = hand.rectangle("window.search.apart")
    share = hand.ask("window.search.apart.value() / window.search.apart.maximum()")
    half = height / 2  # of the handle, about
    hand.drag((left + half + share * (width - 2 * half), top + half), (left + 2, top + half))
    assert hand.ask("window.session.search.apart") == 0
    assert hand.ask(f"len({RESULTS}.rows)") > few
    assert sorted(hand.ask(f"{RESULTS}.accepted().tolist()")) == sorted(before)
    assert distances().min() < spread
    hand.save(tmp_path / "each.png")


def test_a_verdict_and_a_step_skip_nothing(hand: Hand) -> None:
    hand.key("a", "j", "x", "j", "a", "a")
    said = hand.ask(f"{RESULTS}.verdicts[:5]")
    assert said == ["accepted", "rejected", "accepted", "accepted", "open"]
    assert hand.ask(f"{RESULTS}.at") == 4
    hand.key("j", "j", "k")
    assert hand.ask(f"{RESULTS}.at") == 4
