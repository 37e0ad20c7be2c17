"""Chosen and not chosen, as a person sees it: in the scene, in the gallery and on the map of chips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hand import Hand, at_window
from numpy.typing import NDArray
from skimage.color import rgb2hsv, rgb2lab

from rsgraph.brushing.dimming import OUTLINE, dimmed

pytestmark = pytest.mark.slow


def seen(hand: Hand, part: NDArray[np.uint8], row: float, column: float) -> NDArray[np.uint8]:
    """Return the colours about a pixel of the scene, in a picture of the canvas: (3, 3, 3)."""
    world = f"window.scene.grid.to_world(np.array([[{row}, {column}]]))[0]"
    where = f"({world} - np.asarray(viewer.scene.camera.center[-2:])) * viewer.scene.camera.zoom"
    down, right = hand.ask(where)
    down = -down if hand.ask("window.scene.grid.north_up") else down
    at = round(part.shape[0] / 2 + down * hand.scale), round(part.shape[1] / 2 + right * hand.scale)
    return part[at[0] - 1 : at[0] + 2, at[1] - 1 : at[1] + 2]


CANVAS = "viewer.window._qt_viewer.canvas.native"


def test_the_rest_of_the_scene_turns_darker_and_grayer_and_keeps_its_hue(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "screen") as hand:
        hand.click(hand.centre("find('QPushButton', 'Segments')"))
        hand.click(hand.centre("find('QPushButton', 'Outlines')"))  # lines over the picture are off
        hand.click(hand.centre("find('QPushButton', 'Box')"))
        before = hand.part(CANVAS)
        left, top, width, height = hand.rectangle(CANVAS)
        hand.drag((left + 0.3 * width, top + 4), (left + 0.5 * width, top + height - 4))
        chosen = hand.wait("window.session.selection.target_rows().tolist()")
        hand.move(hand.centre("window.labels.progress_text"))
        after = hand.part(CANVAS)
        hand.save(tmp_path / "dimmed.png")
        ids = np.asarray(hand.ask("window.overview.view.levels(0)[0][1]"))
        of_chosen = hand.ask(f"window.session.tables.ids[{chosen}].tolist()")
        inside = np.isin(ids, of_chosen)
        assert 20 < len(chosen) < hand.ask("window.session.tables.n_segments") - 20
        kept, dim, colours = [], [], []
        for row in range(8, ids.shape[0] - 8, 12):
            for column in range(8, ids.shape[1] - 8, 12):
                around = inside[row - 3 : row + 4, column - 3 : column + 4]
                old, new = seen(hand, before, row, column)[1, 1], seen(hand, after, row, column)[1, 1]
                if around.all():
                    kept.append(np.abs(old.astype(int) - new).max())
                elif not around.any() and ids[row, column]:
                    dim.append(np.abs(dimmed(old[np.newaxis])[0].astype(int) - new).max())
                    colours.append((old, new))
        assert len(kept) > 5
        assert len(dim) > 20
        assert max(kept) == 0
        assert max(dim) <= 3
        old, new = (np.array(each) / 255 for each in zip(*colours, strict=True))
        lab, lab_before = rgb2lab(new), rgb2lab(old)
        coloured = np.hypot(lab_before[:, 1], lab_before[:, 2]) > 15
        assert coloured.any()
        assert (lab[coloured, 0] < lab_before[coloured, 0]).all()
        turned = np.abs((rgb2hsv(new)[:, 0] - rgb2hsv(old)[:, 0] + 0.5) % 1 - 0.5)
        assert np.median(turned[coloured]) < 0.05
        assert (after == np.array(OUTLINE)).all(axis=2).sum() > 50  # the line round what is chosen


def test_the_gallery_and_the_map_of_chips_dim_and_outline_too(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "screen") as hand:
        points = "window.overview.points"
        hand.click(hand.centre("window.overview.bar.levels['chips']"))
        plain = hand.part(points)
        hand.click(hand.centre(f"{points}"))
        chip = "window.overview.points.to_screen(window.overview.points._points.points)[0].tolist()"
        left, top, *_ = hand.rectangle(points)
        right, down = hand.ask(chip)
        hand.click((left + right * hand.scale, top + down * hand.scale))
        chosen = hand.wait("window.session.selection.chips.sum()")
        assert 0 < chosen < hand.ask("window.session.tables.n_chips")
        hand.move(hand.centre("window.labels.progress_text"))
        hand.wait("window.overview.points.at_rest")
        bright = hand.part(points)
        assert bright.astype(int).sum() < plain.astype(int).sum()
        hand.click(hand.centre("find('QPushButton', 'Take apart')"))
        hand.click(hand.centre("find('QPushButton', 'Box')"))
        left, top, width, height = hand.rectangle(CANVAS)
        rows = hand.ask("window.session.tables.segments_of(window.session.selection.chosen_chips).sum()")
        hand.drag((left + 3, top + 3), (left + width * 0.2, top + height * 0.5))
        chosen = hand.wait("window.session.selection.target_rows().size")
        hand.at_rest()
        hand.save(tmp_path / "gallery.png")
        assert chosen < rows
        tiles = hand.part("window.overview.gallery.tiles")
        assert (np.abs(tiles.astype(int) - OUTLINE).max(axis=2) < 60).sum() > 20, "drawn, and scaled with its tile"
