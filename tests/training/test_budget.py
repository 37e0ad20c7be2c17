from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsgraph.training.budget import Schedule, drawn, most_pixels, passes_of_encoder, passes_of_gnn, schedule

TRAIN, TEST = [i for i in range(1764) if i % 4 != 3], [i for i in range(1764) if i % 4 == 3]


def test_a_scene_that_fits_is_trained_on_as_written() -> None:
    found = schedule(range(12), range(12, 16), 25, 500, 12, seed=0)
    assert found == Schedule(25, tuple(range(12)), (12, 13, 14, 15), 12)
    assert found.passes == 300


def test_without_a_limit_all_chips_are_seen_in_all_epochs() -> None:
    found = schedule(TRAIN, TEST, 25, None, 12, seed=0)
    assert (found.epochs, found.train, found.validation) == (25, tuple(TRAIN), tuple(TEST))


def test_a_larger_scene_has_fewer_epochs_first() -> None:
    found = schedule(range(30), range(30, 40), 25, 500, 12, seed=0)
    assert (found.epochs, len(found.train), len(found.validation)) == (16, 30, 10)


def test_a_tile_is_sampled_by_the_seed() -> None:
    found = schedule(TRAIN, TEST, 25, 500, 12, seed=0)
    assert (found.epochs, len(found.train), len(found.validation), found.passes) == (12, 41, 14, 492)
    assert found.sentence("encoder") == "encoder: at most 12 epochs over 41 of 1323 chips, 492 passes"
    assert set(found.train) <= set(TRAIN)
    assert set(found.validation) <= set(TEST)
    assert found.chips == sorted(found.chips)
    assert schedule(TRAIN, TEST, 25, 500, 12, seed=0) == found
    assert schedule(TRAIN, TEST, 25, 500, 12, seed=1).train != found.train


def test_fewer_epochs_than_are_enough_are_made_of_more_chips() -> None:
    found = schedule(TRAIN, TEST, 2, 500, 12, seed=0)
    assert (found.epochs, len(found.train)) == (2, 250)


@given(st.integers(1, 3000), st.integers(0, 800), st.integers(1, 300), st.floats(1, 1e5), st.integers(1, 120))
def test_a_budget_is_never_exceeded_nor_half_unused(
    train: int, validation: int, epochs: int, passes: float, enough: int
) -> None:
    found = schedule(range(train), range(train, train + validation), epochs, passes, enough, seed=3)
    assert 1 <= found.epochs <= epochs
    assert found.passes <= passes
    assert found.passes * 2 > min(passes, train * epochs) or found.epochs == epochs
    assert bool(found.validation) == bool(validation)


def test_drawn_chips_are_in_order_and_none_twice() -> None:
    found = drawn(TEST, 100, seed=4)
    assert list(found) == sorted(set(found))
    assert len(found) == 100
    assert drawn([3, 1], 5, seed=0) == (3, 1)


@pytest.mark.parametrize(("side", "passes"), [(256, 500), (128, 2000), (512, 125)])
def test_a_chip_counts_by_its_area(side: int, passes: float) -> None:
    assert passes_of_encoder(500, side) == passes
    assert passes_of_gnn(500, side) == 8 * passes


def test_full_is_no_limit() -> None:
    assert passes_of_encoder("full", 256) is passes_of_gnn("full", 256) is most_pixels("full") is None
    assert most_pixels(500) == 100_000
