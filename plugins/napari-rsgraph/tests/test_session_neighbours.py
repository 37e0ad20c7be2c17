"""Neighbours in a direction and along edges."""

from __future__ import annotations

import numpy as np
import pytest

from napari_rsgraph.session.neighbours import NONE, nearest, next_towards, with_neighbours, without_rim

PLACES = np.array([[0, 0], [1, 0], [3, 0], [0, 2], [-1, 0.9], [np.nan, 0]], np.float32)
EDGES = np.array([[0, 1, 2], [1, 2, 3]])


@pytest.mark.parametrize(
    ("direction", "expected"), [((1, 0), 1), ((-1, 0), 4), ((0, 1), 3), ((0, -1), NONE)], ids=str
)
def test_an_arrow_goes_to_the_nearest_in_its_quarter(direction: tuple[int, int], expected: int) -> None:
    assert next_towards(PLACES, PLACES[0], direction) == expected


def test_what_is_not_allowed_is_passed_over() -> None:
    allowed = np.array([True, False, True, True, True, True])
    assert next_towards(PLACES, PLACES[0], (1, 0), allowed) == 2
    assert next_towards(PLACES, PLACES[0], (1, 0), np.zeros(6, bool)) == NONE


def test_every_place_of_a_grid_is_reached_and_left_again() -> None:
    places = np.stack(np.mgrid[:4, :5], axis=-1).reshape(-1, 2).astype(np.float32)
    for row, place in enumerate(places):
        for direction in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            found = next_towards(places, place, direction)
            inside = ((place + direction >= 0) & (place + direction < (4, 5))).all()
            assert (found == NONE) is not bool(inside)
            if inside:
                assert places[found].tolist() == (place + direction).tolist()
                assert next_towards(places, places[found], (-direction[0], -direction[1])) == row


def test_the_nearest_of_those_allowed() -> None:
    assert nearest(PLACES, np.array([0.9, 0.2], np.float32)) == 1
    assert nearest(PLACES, np.array([0.9, 0.2], np.float32), np.arange(6) == 3) == 3
    assert nearest(PLACES, np.zeros(2, np.float32), np.zeros(6, bool)) == NONE
    assert nearest(np.zeros((0, 2), np.float32), np.zeros(2, np.float32)) == NONE


def test_a_selection_takes_in_its_neighbours_and_gives_them_back() -> None:
    chosen = np.array([False, True, False, False, False])
    larger = with_neighbours(chosen, EDGES)
    assert larger.tolist() == [True, True, True, False, False]
    assert without_rim(larger, EDGES).tolist() == [True, True, False, False, False]
    assert without_rim(np.ones(5, bool), EDGES).all()
