"""A simulated expert who clicks one segment at a time, with or without labels that spread to other segments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.evaluation.labelling import STROKES, Trace, check_strokes
from rsgraph.evaluation.reference import majority
from rsgraph.evaluation.scores import check_known, scores
from rsgraph.protocols import Progress

Spread = Callable[[NDArray[np.int64]], NDArray[np.int64]]
"""Given class codes (n,), 0 where unlabelled, returns codes (n,) for all: propagation, a classifier."""


def click(
    counts: NDArray[Any],
    *,
    spread: Spread | None = None,
    strokes: int = STROKES,
    progress: Progress | None = None,
) -> Trace:
    """Let a simulated expert label one segment per action, with its majority class.

    The next segment is the one that by itself gains the most correctly labelled pixels: the largest, by and large,
    that is wrong or has no label yet. What a click gains elsewhere, by spreading, is not foreseen (that would take
    one spreading per segment and class): an expert sees errors, not the consequences of correcting them. Of equals,
    the first is taken. Clicked segments keep their class, whatever ``spread`` says.

    Parameters
    ----------
    counts
        (n, C) reference pixels of each class in each segment.
    spread
        Called after every click with what was clicked so far; None: nothing spreads.
    strokes
        Number of clicks, at least 1.
    progress
        Called with (clicks done, clicks); may raise to cancel.

    Raises
    ------
    ConfigError
        Shapes or options that do not fit, also of what ``spread`` returns.
    NotUsable
        The reference knows nothing.
    """
    known = check_known(counts)
    check_strokes(strokes)
    trace, given = Trace.blank(len(known), strokes), np.zeros(len(known), dtype=np.int64)
    wanted, rows = majority(known), np.arange(len(known))
    for stroke in range(strokes):
        right = np.where(trace.labels > 0, known[rows, trace.labels - 1], 0)
        gains = np.where(given > 0, 0, known.max(axis=1) - right)
        chosen = int(gains.argmax())
        taken = (chosen, 0.0, int(wanted[chosen])) if gains[chosen] > 0 else ()
        if taken:
            given[chosen] = wanted[chosen]
            trace.labels[:] = given if spread is None else _spread(spread, given, known.shape[1])
        trace.enter(stroke, scores(known, trace.labels), *taken)
        if progress is not None:
            progress(stroke + 1, strokes)
    return trace


def _spread(spread: Spread, given: NDArray[np.int64], n_classes: int) -> NDArray[np.int64]:
    """Return the codes that are given, and elsewhere those that spread."""
    codes = np.asarray(spread(given.copy()))
    if codes.shape != given.shape or codes.min() < 0 or codes.max() > n_classes:
        raise ConfigError(
            f"`spread` must return one code from 0 to {n_classes} per segment, ({len(given)},). "
            f"Got codes of shape {codes.shape} instead."
        )
    return np.where(given > 0, given, codes)
