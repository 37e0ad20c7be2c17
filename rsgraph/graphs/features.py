"""Statistics of segments: mean of every map, centroid, area. One pass over the pixels, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rsgraph.types import Floats, Labels


def segment_means(maps: Floats, labels: Labels, n: int) -> Floats:
    r"""Average each map over each segment: the node features of section 2.5.

    .. math:: F_{id} = \frac{1}{|S_i|} \sum_{p \in S_i} A_d(p)

    Sums are kept in float64. Two memory layouts are read without a copy: one map after the other
    (C order), and all maps of a pixel side by side (``channels_last``, as the U-Net delivers on CPUs; pass
    the ``numpy.moveaxis`` view), which is the faster one.

    Parameters
    ----------
    maps
        (D, rows, columns) float32, finite wherever ``labels`` is not 0.
    labels
        (rows, columns) int32: 1 ... n, 0 where there are no data.
    n
        Number of segments.

    Returns
    -------
    means
        (n, D) float32, row i for label i + 1; 0 for a label that no pixel has.

    Raises
    ------
    ValueError
        The shapes differ, or a label lies outside 0 ... n.
    """
    maps = np.asarray(maps, dtype=np.float32)
    if maps.ndim != 3 or maps.shape[1:] != labels.shape:
        raise ValueError(f"`maps` must have shape (D, {labels.shape}). Got {maps.shape} instead.")
    flat = _flat_labels(labels, n)
    pixels = np.moveaxis(maps, 0, -1)
    if pixels.flags.c_contiguous:
        sums = _sum_pixels(pixels.reshape(labels.size, maps.shape[0]), flat, n)
    else:
        starts, values = _runs(flat)
        sums = _sum_maps(np.ascontiguousarray(maps).reshape(maps.shape[0], labels.size), starts, values, n)
    means: Floats = (sums / np.maximum(_count(flat, n), 1)[:, None]).astype(np.float32)
    return means


def areas(labels: Labels, n: int) -> NDArray[np.int64]:
    """Count the pixels of each segment: (n,) for labels 1 ... n.

    Raises
    ------
    ValueError
        A label lies outside 0 ... n.
    """
    counts: NDArray[np.int64] = _count(_flat_labels(labels, n), n)
    return counts


def centroids(labels: Labels, n: int) -> Floats:
    """Average the pixel coordinates of each segment: (n, 2) as (row, column), in pixels.

    Pixel centres have whole numbers: a one-pixel segment in the first row and column has (0, 0). A label
    that no pixel has gets (0, 0).

    Raises
    ------
    ValueError
        A label lies outside 0 ... n.
    """
    flat = _flat_labels(labels, n)
    sums = _sum_coordinates(flat, labels.shape[1], n)
    means: Floats = (sums / np.maximum(_count(flat, n), 1)[:, None]).astype(np.float32)
    return means


def _flat_labels(labels: Labels, n: int) -> NDArray[np.int32]:
    """Return labels as a contiguous line, after checking their range: the compiled loops do not."""
    flat = np.ascontiguousarray(labels, dtype=np.int32).reshape(-1)
    if flat.size and (flat.min() < 0 or flat.max() > n):
        raise ValueError(f"`labels` must lie in 0 ... {n}. Got {flat.min()} ... {flat.max()} instead.")
    return flat


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # numba ships no types
def _count(labels: Any, n: int) -> Any:
    counts = np.zeros(n + 1, dtype=np.int64)
    for pixel in range(labels.size):
        counts[labels[pixel]] += 1
    return counts[1:]


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # numba ships no types
def _sum_coordinates(labels: Any, columns: int, n: int) -> Any:
    sums = np.zeros((n + 1, 2))
    for pixel in range(labels.size):
        sums[labels[pixel], 0] += pixel // columns
        sums[labels[pixel], 1] += pixel % columns
    return sums[1:]


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # numba ships no types
def _runs(labels: Any) -> Any:
    """Cut the line of labels into runs of one label: their starts (and the end), their labels."""
    starts = np.empty(labels.size + 1, dtype=np.int64)
    values = np.empty(labels.size, dtype=np.int32)
    count = 0
    for pixel in range(labels.size):
        if pixel == 0 or labels[pixel] != labels[pixel - 1]:
            starts[count] = pixel
            values[count] = labels[pixel]
            count += 1
    starts[count] = labels.size
    return starts[: count + 1], values[:count]


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # numba ships no types
def _sum_maps(maps: Any, starts: Any, values: Any, n: int) -> Any:
    """Add up run by run: the sum of a run stays in a register, so that no addition waits for memory."""
    sums = np.zeros((n + 1, maps.shape[0]))
    for d in range(maps.shape[0]):
        line = maps[d]
        for run in range(values.size):
            if values[run] == 0:
                continue
            total = 0.0
            for pixel in range(starts[run], starts[run + 1]):
                total += line[pixel]
            sums[values[run], d] += total
    return sums[1:]


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # numba ships no types
def _sum_pixels(pixels: Any, labels: Any, n: int) -> Any:
    """Add up pixel by pixel, all maps at once: one row of the sums is touched at a time."""
    sums = np.zeros((n + 1, pixels.shape[1]))
    for pixel in range(labels.size):
        label = labels[pixel]
        if label == 0:
            continue
        for d in range(pixels.shape[1]):
            sums[label, d] += pixels[pixel, d]
    return sums[1:]
