"""A person's first strokes, by mouse and keys from outside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hand import at_window

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("size", "scale"), [((1280, 800), 1.0), ((2560, 1600), 2.0)])
def test_a_box_on_the_map_and_a_new_class_give_labels(
    workspace: Path, tmp_path: Path, size: tuple[int, int], scale: float
) -> None:
    with at_window(workspace, tmp_path / "screen", size=size, scale=scale) as hand:
        hand.click(hand.centre("window.labels.new_name"))
        hand.write("water")
        hand.key("Return")
        assert hand.wait("window.session.labels.classes['name'].tolist()") == ["water"]
        before = hand.part("window.overview.points")
        start, end = (hand.spot("window.overview.points", share, share) for share in (0.3, 0.7))
        hand.drag(start, end)
        chosen = hand.wait("window.session.map_selection().sum()")
        assert chosen > 0
        assert np.any(hand.part("window.overview.points") != before)


def test_plain_napari_opens(tmp_path: Path) -> None:
    with at_window(None, tmp_path / "screen") as hand:
        picture = hand.picture()
        assert picture.shape == (800, 1280, 3)
        assert hand.ask("viewer.window is not None")
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 10
