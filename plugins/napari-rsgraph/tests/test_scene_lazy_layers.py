"""Layers that are painted window by window."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from napari_rsgraph.scene.cover import PictureGrays
from napari_rsgraph.scene.lazy_layers import (
    CASING,
    CHOSEN,
    EDGE,
    FIRST_GRAY,
    HIDDEN,
    MAGNIFIED,
    REST,
    Classes,
    Grid,
    Labels,
    Level,
    Place,
    Selected,
    World,
    borders,
    make_levels,
)

IDS = np.array([[1, 1, 2], [1, 3, 3]], dtype=np.uint32)


def test_magnified_levels_halve() -> None:
    assert all(large == 2 * small for large, small in pairwise(MAGNIFIED))


def test_a_window_of_a_level_is_painted_by_id() -> None:
    level = Level(IDS, 1, np.uint8, Classes(np.array([0, 7, 8, 9], dtype=np.uint8)))
    assert level[:, 1:].tolist() == [[7, 8], [9, 9]]
    assert np.asarray(level).tolist() == [[7, 7, 8], [7, 9, 9]]


def test_a_magnified_level_repeats_pixels() -> None:
    level = Level(IDS, 1 / 2, np.uint8, Classes(np.arange(4, dtype=np.uint8)))
    assert level.shape == (4, 6)
    assert level[1:3, 3:5].tolist() == [[1, 2], [3, 3]]


def test_a_whole_level_is_painted_again_in_place() -> None:
    classes = Classes(np.zeros(4, dtype=np.uint8))
    level = Level(IDS, 1, np.uint8, classes)
    whole = np.asarray(level)
    classes.codes_by_id = np.array([0, 5, 5, 5], dtype=np.uint8)
    level.renew()
    assert (whole == 5).all()


def test_the_coarsest_level_is_painted_again_once_it_is_looked_at() -> None:
    classes = Classes(np.zeros(4, dtype=np.uint8))
    levels = make_levels([np.tile(IDS, (4, 4))], np.uint8, classes)
    layer = Labels(levels, World(np.eye(3), "pixel", lambda place: ""), name="Codes", colours=[(1.0, 0.0, 0.0, 1.0)])
    coarsest = np.asarray(levels[-1])
    layer.data_level = 0
    classes.codes_by_id = np.ones(4, dtype=np.uint8)
    layer.repaint(thumbnail=False)
    assert not coarsest.any()  # nobody sees it
    layer.data_level = len(levels) - 1
    layer.refresh()
    assert coarsest.all()
    layer.data_level = 0
    classes.codes_by_id = np.zeros(4, dtype=np.uint8)
    layer.repaint(thumbnail=True)
    assert not coarsest.any()


def test_one_scale_becomes_two_so_that_napari_takes_it_for_multiscale() -> None:
    levels = make_levels([IDS], np.uint8, Classes(np.arange(4, dtype=np.uint8)))
    assert [level.shape for level in levels] == [(2, 3), (1, 2)]


def test_borders_are_drawn_on_both_sides() -> None:
    assert borders(np.array([[1, 1, 1, 2, 2]])).tolist() == [[False, False, True, True, False]]


def test_chosen_segments_are_clear_and_hidden_ones_dark() -> None:
    painted = Selected()
    painted.choose(np.array([False, True, False, False]), np.array([False, True, True, False]))
    ids = np.repeat(np.array([[1, 2, 3]], dtype=np.uint32), 6, axis=1)
    codes = painted(ids, Place(0, 0, 1))[0]
    assert codes[[0, 3, 4, 5]].tolist() == [CHOSEN, CHOSEN, EDGE, EDGE]
    assert codes[[11, 12]].tolist() == [REST, HIDDEN]


def test_only_the_rest_is_covered_by_grays_of_the_picture() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (6, 18, 3), dtype=np.uint8)
    ids = np.repeat(np.repeat(np.array([[1, 2, 3]], dtype=np.uint32), 6, axis=1), 6, axis=0)
    painted = Selected()
    painted.choose(np.array([False, True, False, False]), np.array([False, True, True, False]))
    plain = painted(ids, Place(0, 0, 1))
    painted.grays = PictureGrays([picture])
    codes = painted(ids, Place(0, 0, 1))
    rest = plain == REST
    assert set(plain[~rest].tolist()) == {CHOSEN, EDGE, CASING, HIDDEN}
    assert np.array_equal(codes[~rest], plain[~rest])
    assert np.array_equal(codes[rest], painted.grays.window(0, 0, 1, ids.shape)[rest] + FIRST_GRAY)


def test_edges_of_chips_are_lines() -> None:
    codes = Grid(np.array([0]), np.array([0, 4]))(np.zeros((2, 8), np.uint32), Place(0, 0, 1))
    assert codes[1].tolist() == [1, 0, 0, 1, 1, 0, 0, 0]
