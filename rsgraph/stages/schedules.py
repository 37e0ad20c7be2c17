"""Which chips networks are trained on, and for how many epochs: ``training.budget`` over the chips of a run."""

from __future__ import annotations

from collections.abc import Iterable

from rsgraph.options import Options
from rsgraph.stages.context import Opened
from rsgraph.training.budget import ENOUGH, Schedule, passes_of_encoder, passes_of_gnn, schedule


def planned_encoder(options: Options, opened: Opened) -> Schedule:
    """Return which chips train and validate the encoder, and for how many epochs, within ``training.budget``."""
    held_out = [chip.split == "test" for chip in opened.chips]
    return schedule(
        [i for i, test in enumerate(held_out) if not test],
        [i for i, test in enumerate(held_out) if test],
        options.training.encoder.max_epochs,
        passes_of_encoder(options.training.budget, opened.side),
        ENOUGH["encoder"],
        seed=options.seed,
    )


def planned_gnn(options: Options, opened: Opened, there: Iterable[int]) -> Schedule:
    """Return which chips' graphs train and validate, and for how many epochs, within ``training.budget``.

    ``there`` are the numbers of the chips that have segments. Where no chip is held out, all train, and every fourth
    of their own nodes validates.
    """
    numbers = [(number, opened.chips[number].split == "test") for number in there]
    return schedule(
        [number for number, test in numbers if not test],
        [number for number, test in numbers if test],
        options.training.gnn.max_epochs,
        passes_of_gnn(options.training.budget, opened.side),
        ENOUGH["gnn"],
        seed=options.seed,
    )
