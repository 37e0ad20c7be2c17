"""Borders between the pieces of a label image: which touch along pixel sides (4-connectivity), and how long."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rsgraph.types import Labels


def shared_borders(labels: Labels) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the pieces that touch along pixel sides, and how long their borders are.

    Parameters
    ----------
    labels
        (rows, columns) int32: 1 ... n, 0 where there are no data.

    Returns
    -------
    pairs
        (borders, 2) int64 nodes (label - 1), the smaller first, sorted; each pair once.
    lengths
        (borders,) int64: number of pixel sides that the two pieces share.
    """
    width = int(labels.max(initial=0)) or 1
    codes = []
    for one, two in ((labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])):
        differ = (one != two) & (one > 0) & (two > 0)
        low, high = np.minimum(one[differ], two[differ]) - 1, np.maximum(one[differ], two[differ]) - 1
        codes.append(low.astype(np.int64) * width + high)
    pairs, lengths = np.unique(np.concatenate(codes), return_counts=True)
    return np.stack([pairs // width, pairs % width], axis=1), lengths.astype(np.int64)


def each_once(found: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Join sets of pairs (2, p), none negative: each once, sorted by the first, then the second, (2, P)."""
    pairs = np.concatenate([np.empty((2, 0), dtype=np.int64), *found], axis=1)
    width = int(pairs.max(initial=0)) + 1
    codes = np.unique(pairs[0] * width + pairs[1])
    return np.stack([codes // width, codes % width])


def pairs_among(pairs: NDArray[np.int64], rows: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return the pairs (2, p) of n pieces that lie among some of them, numbered as these come.

    Parameters
    ----------
    pairs
        (2, P), 0 ... n - 1.
    rows
        (m,) which pieces.
    n
        How many there are in all.
    """
    number = np.full(n, -1, dtype=np.int64)
    number[rows] = np.arange(len(rows))
    found: NDArray[np.int64] = number[pairs[:, (number[pairs] >= 0).all(axis=0)]]
    return found
