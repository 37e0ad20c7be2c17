"""Orders of training data are those of seed and epoch, whatever was drawn before."""

import pytest

from rsgraph.training.ordering import SeededRows


def drawn(seed: int | None, epoch: int) -> list[int]:
    rows = SeededRows([3, 5, 7, 9, 11, 13], seed)
    rows.set_epoch(epoch)
    return list(rows)


def test_an_order_depends_on_nothing_but_seed_and_epoch() -> None:
    assert drawn(1, 4) == drawn(1, 4)
    assert len({tuple(drawn(seed, epoch)) for seed in (1, 2) for epoch in (0, 1, 2)}) == 6


@pytest.mark.parametrize("epoch", [0, 1])
def test_every_row_is_drawn_once(epoch: int) -> None:
    assert sorted(drawn(0, epoch)) == [3, 5, 7, 9, 11, 13]
    assert len(SeededRows([3, 5], 0)) == 2


def test_without_a_seed_rows_keep_their_order() -> None:
    assert drawn(None, 5) == [3, 5, 7, 9, 11, 13]
