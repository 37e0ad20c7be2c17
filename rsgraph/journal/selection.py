"""Checks of segment ids, labels and confidences that are to be written to a journal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from rsgraph.errors import ConfigError
from rsgraph.journal.events import LARGEST_ID, fixed_point

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Known:
    """The segments that there are.

    Parameters
    ----------
    segment_ids
        Their ids, in any order; None: any id is taken.
    """

    def __init__(self, segment_ids: ArrayLike | None) -> None:
        self._there: NDArray[np.bool_] | None = None
        if segment_ids is not None:
            ids = checked_ids(segment_ids)
            self._there = np.zeros(int(ids.max(initial=0)) + 1, dtype=bool)
            self._there[ids] = True

    def check(self, ids: NDArray[np.uint32]) -> None:
        """Raise ConfigError for ascending ids where one is unknown."""
        if self._there is None or not len(ids):
            return
        inside = ids < len(self._there)
        unknown = ids[~inside] if not inside.all() else ids[~self._there[ids]]
        if len(unknown):
            raise ConfigError(
                f"`segment_ids` holds {len(unknown)} that are not in segments.parquet (segment {unknown[0]} is one): "
                "were they drawn on other segments?"
            )


def checked_ids(segment_ids: ArrayLike) -> NDArray[np.uint32]:
    """Return segment ids as (n,) uint32, in the order given.

    Raises
    ------
    ConfigError
        They are not whole numbers of at least 1.
    """
    ids = np.asarray(segment_ids)
    if ids.ndim != 1 or (ids.dtype.kind not in "iu" and len(ids)):
        raise ConfigError(f"`segment_ids` must be whole numbers, (n,). Got {ids.dtype} of shape {ids.shape} instead.")
    if len(ids) and (ids.min() < 1 or ids.max() > LARGEST_ID):
        raise ConfigError(f"`segment_ids` must be of 1 to {LARGEST_ID}. Got {ids.min()} to {ids.max()} instead.")
    return ids.astype(np.uint32, copy=False)


def ascending(ids: NDArray[np.uint32]) -> NDArray[np.intp] | slice:
    """Return the places of ids in ascending order, each id once; a whole slice where they are so already."""
    if len(ids) < 2 or bool(np.all(ids[1:] > ids[:-1])):
        return slice(None)
    order = np.argsort(ids)
    found = ids[order]
    first: NDArray[np.intp] = order[np.append(True, found[1:] > found[:-1])]
    return first


def checked_confidence(confidence: ArrayLike | None, n: int) -> NDArray[np.uint32] | int | None:
    """Return confidences in fixed point: one number for all, or (n,).

    Raises
    ------
    ConfigError
        They are not of 0 to 1, or not as many as segments.
    """
    if confidence is None:
        return None
    values = np.asarray(confidence, dtype=np.float64)
    if values.shape not in ((), (n,)):
        raise ConfigError(f"`confidence` must be a number or {n} of them. Got shape {values.shape} instead.")
    if not np.all(np.isnan(values) | ((values >= 0) & (values <= 1))):
        raise ConfigError(f"`confidence` must be of 0 to 1. Got {np.nanmin(values)} to {np.nanmax(values)} instead.")
    fixed = fixed_point(values)
    return int(fixed) if values.ndim == 0 else fixed


def factorised(labels: Iterable[str | None]) -> tuple[list[str | None], NDArray[np.uint32]]:
    """Return the different labels in order of appearance, and for each label which of them it is."""
    names = list(labels)
    places = {name: at for at, name in enumerate(dict.fromkeys(names))}
    return list(places), np.fromiter((places[name] for name in names), np.uint32, len(names))
