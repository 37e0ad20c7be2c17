"""The order in which a gallery lists chips."""

from __future__ import annotations

import numpy as np
import pytest

from napari_rsgraph.session.chip_order import ChipOrder, by_area, by_likeness, kept, spread_out
from napari_rsgraph.session.session import Session

CHIPS = np.array([2, 5, 7, 9])


@pytest.fixture
def order(session: Session) -> ChipOrder:
    return ChipOrder(session.workspace, session.tables, session.selection)


def test_the_largest_area_comes_first() -> None:
    assert by_area(CHIPS, np.array([1.0, 8.0, 3.0, 8.0])).tolist() == [5, 9, 7, 2]


def test_the_most_typical_comes_first() -> None:
    means = np.array([[0.0], [10.0], [4.0], [5.0]])
    assert by_likeness(CHIPS, means, np.ones(4)).tolist() == [9, 7, 2, 5]  # the mean is 4.75, 7 is .75 away
    assert by_likeness(CHIPS, means, np.array([100.0, 1, 1, 1])).tolist()[0] == 2
    assert by_likeness(CHIPS[:0], means[:0], np.zeros(0)).tolist() == []


def test_the_first_ones_lie_far_apart() -> None:
    places = np.array([[0.0, 0], [0, 1], [0, 10], [0, 4]])
    scenes = np.zeros(4, dtype=int)
    assert spread_out(CHIPS, places, scenes, np.array([9.0, 1, 1, 1])).tolist() == [2, 7, 9, 5]
    apart = np.array([0, 0, 0, 1])
    assert spread_out(CHIPS, places, apart, np.array([9.0, 1, 1, 1])).tolist() == [2, 9, 7, 5]


def test_tiles_stay_where_they_are_and_new_ones_come_last() -> None:
    assert kept(np.array([7, 5, 9]), np.array([2, 9, 7, 4])).tolist() == [7, 9, 2, 4]


def test_a_selection_is_listed_by_area_and_stays_while_the_brush_moves(order: ChipOrder, session: Session) -> None:
    tables, chip_of = session.tables, session.tables.chip_of
    few, many = np.flatnonzero(chip_of == 1)[:2], np.flatnonzero(chip_of == 4)[:20]
    session.selection.select(few)
    assert order.chips("own", moving=True).tolist() == [1]
    session.selection.select(np.concatenate([few, many]))
    assert order.chips("own", moving=True).tolist() == [1, 4]
    assert order.chips("own", moving=False).tolist() == [4, 1]
    assert order.counts[[1, 4]].tolist() == [2, 20]
    assert tables.n_chips == len(order.counts)


def test_each_order_lists_all_chips_of_the_selection_once(order: ChipOrder, session: Session) -> None:
    for rows in (np.arange(session.tables.n_segments), np.zeros(0, dtype=np.int64)):
        session.selection.select(rows)
        for order.how in ("most", "typical", "spread"):
            chips = order.chips("own", moving=False).tolist()
            assert sorted(chips) == session.selection.shown_chips().tolist()


def test_chips_are_listed_too(order: ChipOrder, session: Session) -> None:
    session.selection.set_level("chips")
    session.selection.select_chips(np.array([3, 0, 8]))
    sizes = np.bincount(session.tables.chip_of, session.tables.segments["area_px"])
    assert order.chips("own", moving=True).tolist() == [0, 3, 8]
    assert order.chips("own", moving=False).tolist() == sorted([0, 3, 8], key=lambda chip: -sizes[chip])


def test_the_most_typical_chip_is_the_one_nearest_to_the_mean(order: ChipOrder, session: Session) -> None:
    session.selection.select(np.arange(session.tables.n_segments))
    order.how = "typical"
    first = int(order.chips("own", moving=False)[0])
    vectors = np.asarray(session.workspace.embedding("own"), dtype=np.float64)
    chip_of = session.tables.chip_of
    means = np.array([vectors[chip_of == chip].mean(axis=0) for chip in range(session.tables.n_chips)])
    assert first == np.linalg.norm(means - vectors.mean(axis=0), axis=1).argmin()
