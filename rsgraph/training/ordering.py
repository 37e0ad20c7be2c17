"""The order of training data: a function of seed and epoch, so that a resumed training has the same order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

import numpy as np
from torch.utils.data import Sampler

Key = TypeVar("Key")


class SeededOrder(Sampler[Key], Generic[Key]):
    """Rows in an order that depends on nothing but (seed, epoch).

    Parameters
    ----------
    rows
        To be drawn, each once per epoch.
    seed
        Of the order; None: their own order.
    """

    def __init__(self, rows: list[int], seed: int | None) -> None:
        self.rows = rows
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; Lightning calls this."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.rows)

    def order(self) -> list[int]:
        """Return the rows in this epoch's order."""
        if self.seed is None:
            return self.rows
        drawn: list[int] = np.random.default_rng((self.seed, self.epoch)).permutation(self.rows).tolist()
        return drawn


class SeededRows(SeededOrder[int]):
    """The rows themselves, one by one."""

    def __iter__(self) -> Iterator[int]:
        return iter(self.order())
