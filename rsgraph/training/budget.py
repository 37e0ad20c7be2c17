"""A budget of training, in passes of chips: which chips an encoder and a GNN see, for how many epochs.

A pass is one chip of 256 x 256 pixels forward and backward once; a chip of another size counts by its area. Seconds
are not counted: a run makes the same steps on every machine, however fast that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rsgraph.training.options import Budget

CHIP = 256
"""Side in pixels of the chip that counts as one pass."""

GRAPHS = 8
"""Passes of graphs that are made per pass of a chip. A graph of 500 segments takes a GCN about 0.03 s of a core, a
chip the U-Net of width 16 about 1.4 s: the GNN takes a sixth of what the encoder takes."""

PIXELS = 200
"""Pixels that soft classes are fitted to per pass of a chip: fuzzy C-means takes half a minute for 100 000."""

ENOUGH = {"encoder": 12, "gnn": 100}
"""Epochs below which more chips are of no use: a scene of more chips than can be seen so often is sampled."""


@dataclass(frozen=True)
class Schedule:
    """What a training does.

    Parameters
    ----------
    epochs
        At most; training may stop before, when it no longer gains.
    train, validation
        Chips that it learns from, and that it is validated on, by their number; in order.
    available
        Chips that it might learn from.
    """

    epochs: int
    train: tuple[int, ...]
    validation: tuple[int, ...]
    available: int

    @property
    def passes(self) -> int:
        """Chips that are seen in all, at most."""
        return self.epochs * len(self.train)

    @property
    def chips(self) -> list[int]:
        """Return all that are read, in order."""
        return sorted((*self.train, *self.validation))

    def sentence(self, what: str, unit: str = "chips") -> str:
        """Say what will be done.

        Examples
        --------
        >>> Schedule(12, (4, 7), (5,), 1323).sentence("encoder")
        'encoder: at most 12 epochs over 2 of 1323 chips, 24 passes'
        """
        seen = f"{len(self.train)} of {self.available} {unit}"
        return f"{what}: at most {self.epochs} epochs over {seen}, {self.passes} passes"


def schedule(
    train: Sequence[int], validation: Sequence[int], max_epochs: int, passes: float | None, enough: int, *, seed: int
) -> Schedule:
    """Choose chips and epochs so that no more than so many passes are made.

    All chips in fewer epochs where ``enough`` of these remain, else a sample of the chips for ``enough`` epochs.
    Validation is thinned as much as training.

    Parameters
    ----------
    train, validation
        Numbers of the chips that may be learnt from and validated on.
    max_epochs
        That are asked for.
    passes
        At most; None: as many as all chips in all epochs are.
    enough
        Epochs that are made at the least, where ``max_epochs`` allows.
    seed
        Of the sample.
    """
    if passes is None or len(train) * max_epochs <= passes:
        return Schedule(max_epochs, tuple(train), tuple(validation), len(train))
    count = max(1, min(len(train), int(passes // min(enough, max_epochs))))
    epochs = max(1, min(max_epochs, int(passes // count)))
    spared = max(1, round(count * len(validation) / len(train)))
    return Schedule(epochs, drawn(train, count, seed=seed), drawn(validation, spared, seed=seed), len(train))


def drawn(chips: Sequence[int], count: int, *, seed: int) -> tuple[int, ...]:
    """Draw so many chips, in order; all, where there are no more."""
    if count >= len(chips):
        return tuple(chips)
    return tuple(sorted(np.random.default_rng(seed).choice(chips, count, replace=False).tolist()))


def passes_of_encoder(budget: Budget, side: int) -> float | None:
    """Return how often chips of this side may be seen: more often, the smaller they are. None: no limit."""
    return None if budget == "full" else budget * (CHIP / side) ** 2


def passes_of_gnn(budget: Budget, side: int) -> float | None:
    """Return how often the graphs of chips of this side may be seen. None: no limit."""
    return None if budget == "full" else GRAPHS * budget * (CHIP / side) ** 2


def most_pixels(budget: Budget) -> int | None:
    """Return how many pixels soft classes are fitted to at most. None: no limit."""
    return None if budget == "full" else PIXELS * budget
