"""Scales of a picture over a scene: kept in files or painted when looked at, both the same pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from affine import Affine

from rsgraph.errors import NotReadable, RsgraphError
from rsgraph.view.overlay_levels import Overlay, OverlayLevel, bounds_on, grid_of, level_sizes
from rsgraph.workspace import SceneInfo

SCENE = SceneInfo(
    "here", ("B02",), 700, 1100, "EPSG:32630", (10.0, 0.0, 600_000.0, 0.0, -10.0, 5_600_000.0), (), None
)


class Places:
    """Paints where each pixel lies, in tens of metres from the corner; nothing where ``broken``."""

    def __init__(self, *, finest: float = 1.0, slow: bool = False, broken: bool = False) -> None:
        self.width, self.slow, self.broken, self.painted = finest, slow, broken, 0

    def covers(self, scene: SceneInfo) -> bool:
        return True

    def finest(self, scene: SceneInfo) -> float:
        return self.width

    def paint(self, scene: SceneInfo, transform: Affine, rows: int, columns: int) -> np.ndarray:
        if self.broken:
            raise NotReadable("gone")
        self.painted += rows * columns
        x, y = transform @ tuple(np.meshgrid(np.arange(columns), np.arange(rows)))
        across, down = (x - 600_000) / 10, (5_600_000 - y) / 10
        return np.stack([across // 8, down // 8, across * 0, across * 0 + 255], axis=-1).astype(np.uint8)


def made(source: Places) -> Overlay:
    return Overlay(source, SCENE, failed=lambda error: None)


def test_scales_are_those_of_the_scene_and_finer_ones_where_the_source_is_finer() -> None:
    assert [step for step, _ in level_sizes(Places(), SCENE)] == [1, 2, 4]
    assert level_sizes(Places(finest=0.25), SCENE)[0] == (0.25, (2800, 4400))
    assert level_sizes(Places(finest=0.0), SCENE)[0][0] == 1 / 16
    assert level_sizes(Places(finest=3.0), SCENE)[0][0] == 1


def test_kept_and_painted_scales_show_the_same_places() -> None:
    overlay = made(Places(finest=0.5))
    for level in overlay.levels:
        assert (level.kept is None) == (level.step < 1)
        place = level[slice(40, 50), slice(60, 80)]
        assert place.shape == (10, 20, 4)
        expected = (np.arange(60, 80) * level.step // 8).astype(int)
        assert place[0, :, 0].tolist() == expected.tolist()
    overlay.close()


def test_slow_source_is_read_once_for_all_kept_scales() -> None:
    source = Places(slow=True)
    overlay = made(source)
    assert source.painted == SCENE.rows * SCENE.columns
    assert overlay.levels[2][10, 10].tolist() == overlay.levels[0][40, 40].tolist()
    overlay.close()


def test_closed_picture_leaves_no_file() -> None:
    overlay = made(Places())
    folder = Path(overlay._folder.name)
    assert list(folder.iterdir())
    overlay.close()
    assert not folder.exists()


def test_window_that_cannot_be_painted_is_said_and_left_clear() -> None:
    said: list[RsgraphError] = []
    level = OverlayLevel(Places(broken=True), SCENE, 1.0, (700, 1100), said.append)
    assert not level[0:5, 0:5].any()
    assert str(said[0]) == "gone"


def test_bounds_of_a_turned_grid_hold_all_its_corners() -> None:
    left, bottom, right, top = bounds_on(Affine.rotation(45), 10, 10)
    assert np.allclose((left, bottom, right, top), (-(50**0.5), 0, 50**0.5, 200**0.5))
    assert bounds_on(grid_of(SCENE), 700, 1100) == (600_000, 5_593_000, 611_000, 5_600_000)
