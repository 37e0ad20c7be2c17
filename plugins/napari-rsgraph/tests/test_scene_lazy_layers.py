"""Layers that are painted window by window."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from napari_rsgraph.scene.lazy_layers import (
    CHOSEN,
    EDGE,
    HIDDEN,
    MAGNIFIED,
    REST,
    Classes,
    Grid,
    Level,
    Place,
    Selected,
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


def test_edges_of_chips_are_lines() -> None:
    codes = Grid(np.array([0]), np.array([0, 4]))(np.zeros((2, 8), np.uint32), Place(0, 0, 1))
    assert codes[1].tolist() == [1, 0, 0, 1, 1, 0, 0, 0]
