"""Connected segments: a check that every segment is one piece, and labels for pieces that are not.

Superpixel methods promise this and do not always keep it: SLIC on a masked image may give one label to
pieces that do not touch (scikit-image issue 8295). Connected means along pixel sides (4-connectivity).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.borders import shared_borders
from rsgraph.compiled import compiled

if TYPE_CHECKING:
    from rsgraph.types import Floats, Labels, Mask


def relabel_connected(
    labels: NDArray[Any], valid: Mask, values: Floats | None = None, *, min_size: int = 1
) -> tuple[Labels, int]:
    """Number the connected pieces of ``labels`` 1 ... n, after merging those that are too small.

    In rounds, each piece of fewer than ``min_size`` pixels joins the touching piece whose mean spectrum is
    most similar (Euclidean distance; the larger shared border where no values are given), until none is
    left that touches another. Pieces that touch nothing (islands in nodata) stay, however small.

    Parameters
    ----------
    labels
        (rows, columns) integers, any values. Pieces of different labels are never one segment before merging.
    valid
        (rows, columns); pixels outside get 0, pixels inside never do.
    values
        (bands, rows, columns) float32, finite where valid, or None.
    min_size
        In pixels. 1 merges nothing.

    Returns
    -------
    labels
        (rows, columns) int32: 1 ... n in the order of their first pixels, 0 where not valid.
    n
        Number of segments.
    """
    pieces, count = _pieces(labels, valid)
    if min_size > 1 and count > 1:
        parents = _merge(pieces, _borders(pieces), count, _spectra(values, pieces.shape), min_size)
        pieces, count = _renumber(pieces, parents)
    return pieces, int(count)


def _pieces(labels: NDArray[Any], valid: Mask) -> tuple[Labels, int]:
    """Number connected pieces of equal label 1 ... n, by their first pixels; 0 where not valid."""
    from skimage.measure import label

    numbers = np.where(valid, labels - labels.min(initial=0) + 1, 0)
    pieces, count = label(numbers, background=0, connectivity=1, return_num=True)
    return pieces.astype(np.int32), int(count)


def _spectra(values: Floats | None, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return (rows, columns, bands); no bands where there are no values."""
    if values is None:
        return np.empty((*shape, 0), dtype=np.float32)
    return np.ascontiguousarray(np.moveaxis(values, 0, -1), dtype=np.float32)


def _borders(pieces: Labels) -> NDArray[np.int64]:
    """List the touching pieces (low, high, pixel sides), each pair once, sorted."""
    pairs, lengths = shared_borders(pieces)
    return np.column_stack([pairs + 1, lengths])


@compiled()
def root(parents: Any, node: int) -> int:
    """Follow the parents to the top, halving the path."""
    while parents[node] != node:
        parents[node] = parents[parents[node]]
        node = parents[node]
    return node


@compiled()
def _renumber(pieces: Any, parents: Any) -> Any:
    """Give 1 ... n to the roots, in the order of their numbers."""
    new = np.zeros(parents.size, dtype=np.int32)
    count = 0
    for piece in range(1, parents.size):
        if parents[piece] == piece:
            count += 1
            new[piece] = count
    result = np.zeros_like(pieces)
    for r in range(pieces.shape[0]):
        for c in range(pieces.shape[1]):
            if pieces[r, c] > 0:
                result[r, c] = new[root(parents, pieces[r, c])]
    return result, count


@compiled()
def _sizes_and_sums(pieces: Any, count: int, spectra: Any) -> Any:
    sizes = np.zeros(count + 1, dtype=np.int64)
    sums = np.zeros((count + 1, spectra.shape[2]))
    for r in range(pieces.shape[0]):
        for c in range(pieces.shape[1]):
            piece = pieces[r, c]
            sizes[piece] += 1
            if piece > 0:
                for band in range(spectra.shape[2]):
                    sums[piece, band] += spectra[r, c, band]
    return sizes, sums


@compiled()
def _distance(sums: Any, sizes: Any, one: int, two: int) -> float:
    """Squared Euclidean distance between two mean spectra."""
    total = 0.0
    for band in range(sums.shape[1]):
        total += (sums[one, band] / sizes[one] - sums[two, band] / sizes[two]) ** 2
    return total


@compiled()
def _choose(borders: Any, parents: Any, sizes: Any, sums: Any, min_size: int) -> Any:
    """Find for each small piece the most similar piece that it touches; 0 where there is none."""
    best = np.zeros(sizes.size, dtype=np.int64)
    costs = np.full(sizes.size, np.inf)
    for border in range(borders.shape[0]):
        one, two = root(parents, borders[border, 0]), root(parents, borders[border, 1])
        if one == two or (sizes[one] >= min_size and sizes[two] >= min_size):
            continue
        cost = _distance(sums, sizes, one, two) if sums.shape[1] else -float(borders[border, 2])
        for small, other in ((one, two), (two, one)):
            if sizes[small] < min_size and cost < costs[small]:
                best[small], costs[small] = other, cost
    return best


@compiled()
def _merge(pieces: Any, borders: Any, count: int, spectra: Any, min_size: int) -> Any:
    """Merge small pieces in rounds; return the parent of each piece (a piece that stays is its own)."""
    sizes, sums = _sizes_and_sums(pieces, count, spectra)
    parents = np.arange(count + 1)
    merged = True
    while merged:
        merged = False
        best = _choose(borders, parents, sizes, sums, min_size)
        for small in range(1, count + 1):
            other = root(parents, best[small])
            top = root(parents, small)
            if best[small] == 0 or other == top:
                continue
            keep, drop = min(other, top), max(other, top)
            parents[drop] = keep
            sizes[keep] += sizes[drop]
            for band in range(sums.shape[1]):  # sums[keep] += sums[drop] takes numba a second to compile
                sums[keep, band] += sums[drop, band]
            merged = True
    return parents
