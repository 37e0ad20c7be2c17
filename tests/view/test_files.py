"""Levels and thumbnails of a view, written by strips; folders that are whole or absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.measure import block_reduce

from rsgraph.types import Window
from rsgraph.view import files
from rsgraph.view.files import (
    Places,
    halved,
    level_shapes,
    level_starts,
    mapped,
    write_levels,
)
from rsgraph.workspace import SceneInfo

ROWS, COLUMNS = 70, 107


def info(name: str = "coast", rows: int = ROWS, columns: int = COLUMNS) -> SceneInfo:
    return SceneInfo(name, ("B02",), rows, columns, None, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (), None)


def places(*scenes: SceneInfo, windows: list[tuple[int, ...]], of_scene: list[int] | None = None) -> Places:
    return Places(scenes, np.array(windows, dtype=np.int64), np.array(of_scene or [0] * len(windows)))


def test_level_shapes_halve_and_round_up() -> None:
    assert level_shapes(1100, 2100) == [(1100, 2100), (550, 1050), (275, 525), (138, 263)]


def test_level_starts_count_the_pixels_of_all_levels() -> None:
    scenes = [info(rows=10, columns=20), info(rows=600, columns=3)]
    assert level_starts(scenes).tolist() == [0, 200, 200 + 600 * 3 + 300 * 2]


def test_halved_colours_are_means_rounded_half_up_and_ids_every_second() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    padded = np.pad(rgb, ((0, 1), (0, 1), (0, 0)), mode="edge")
    means = np.floor(block_reduce(padded, (2, 2, 1), np.mean) + 0.5)
    np.testing.assert_array_equal(halved(rgb), means)
    np.testing.assert_array_equal(halved(np.arange(15).reshape(3, 5)), [[0, 2, 4], [10, 12, 14]])


def test_places_are_packed_unless_each_chip_is_a_whole_scene() -> None:
    cut = places(info(), windows=[(0, 0, 64, 64), (0, 64, 64, 43)])
    assert cut.packed
    assert cut.side == 64
    whole = places(
        info(rows=32, columns=24), info(rows=32, columns=24), windows=[(0, 0, 32, 24)] * 2, of_scene=[0, 1]
    )
    assert not whole.packed
    assert whole.steps == 2


def test_strips_cover_each_scene_once_row_by_row() -> None:
    many = places(info(rows=300, columns=1500), info(rows=5, columns=5), windows=[(0, 0, 5, 5)])
    assert [tuple(window) for number, window in many.strips() if number == 0] == [
        (0, 0, 256, 1024),
        (0, 1024, 256, 476),
        (256, 0, 44, 1024),
        (256, 1024, 44, 476),
    ]
    assert many.steps == 5 + 1


def written(folder: Path, name: str, whole: NDArray[np.generic], windows: list[tuple[int, ...]]) -> list[int]:
    """Write one scene of these pixels; return the steps that were reported."""
    steps: list[int] = []

    def read(scene: int, window: Window) -> NDArray[np.generic]:
        row, column, rows, columns = window
        return whole[row : row + rows, column : column + columns]

    write_levels(folder, name, places(info(), windows=windows), read, lambda done, _: steps.append(done))
    return steps


def test_write_levels_lays_halved_levels_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SMALLEST", 30)
    monkeypatch.setattr(files, "_STRIP", 16)
    monkeypatch.setattr(files, "_BLOCK", Window(0, 0, 16, 40))
    ids = np.random.default_rng(0).integers(1, 999, (ROWS, COLUMNS), dtype=np.uint32)
    written(tmp_path, "ids", ids, [(0, 0, ROWS, COLUMNS)])
    found = mapped(tmp_path / "ids.npy")
    assert found.dtype == np.uint32
    np.testing.assert_array_equal(found, np.concatenate([ids[::n, ::n].ravel() for n in (1, 2, 4)]))


def test_write_levels_packs_thumbnails_padded_to_squares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "THUMBNAIL", 32)
    ids = np.random.default_rng(0).integers(1, 999, (ROWS, COLUMNS), dtype=np.uint32)
    steps = written(tmp_path, "ids", ids, [(0, 0, 64, 64), (0, 64, 64, 43)])
    first, second = mapped(tmp_path / "thumbnails.npy")
    np.testing.assert_array_equal(first, ids[:64:2, :64:2])
    np.testing.assert_array_equal(second[:, :22], ids[:64:2, 64::2])
    assert not second[:, 22:].any()
    assert steps == [1, 2, 3]


def test_level_shapes_end_below_512_pixels() -> None:
    assert level_shapes(512, 300) == [(512, 300)]
    assert level_shapes(10_980, 10_980)[-1] == (344, 344)
    assert len(level_shapes(513, 1)) == 2
