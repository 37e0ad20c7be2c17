"""Statistics of segments: mean of every map, centroid, area. One pass over the pixels, compiled."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled

if TYPE_CHECKING:
    from rsgraph.types import Floats, Labels

BLOCK = 8
"""Maps that are read side by side: more would fight for the same lines of the cache."""

SHARED = 2**20
"""Numbers from which on two threads share the work: fewer are added up before the second one wakes."""


def segment_means(maps: Floats, labels: Labels, n: int) -> Floats:
    r"""Average each map over each segment: the node features of section 2.5.

    .. math:: F_{id} = \frac{1}{|S_i|} \sum_{p \in S_i} A_d(p)

    Sums are kept in float64. The memory layout decides the speed: all maps of a pixel side by side (torch's
    ``channels_last``, as the U-Net delivers on CPUs; its strides are recognised) is read at nearly the
    speed of memory, one map after the other (C order) takes about twice as long. Large inputs are added up in
    two halves by two threads, without the interpreter lock; it may itself be called from several threads.

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
    sums, counts = segment_sums(maps, labels, n)
    means: Floats = (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)
    return means


def segment_sums(maps: Floats, labels: Labels, n: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Add each map up over each segment, for segments of which more pixels lie elsewhere.

    Parameters
    ----------
    maps, labels, n
        As in ``segment_means``.

    Returns
    -------
    sums
        (n, D) float64.
    counts
        (n,) int64 pixels.

    Raises
    ------
    ValueError
        The shapes differ, or a label lies outside 0 ... n.
    """
    maps = np.asarray(maps, dtype=np.float32)
    if maps.ndim != 3 or maps.shape[1:] != labels.shape:
        raise ValueError(f"`maps` must have shape (D, {labels.shape}). Got {maps.shape} instead.")
    flat = _flat_labels(labels, n)
    if maps.strides[0] < maps.strides[2]:
        pixels = np.ascontiguousarray(np.moveaxis(maps, 0, -1)).reshape(flat.size, len(maps))
        add = _sum_64 if len(maps) == 64 else _sum_pixels
        sums = sum(_halves(lambda part: add(pixels[part], flat[part], n), flat.size, maps.size))
    else:
        lines = np.ascontiguousarray(maps).reshape(len(maps), flat.size)
        sums = np.concatenate(_halves(lambda part: _sum_maps(lines[part], flat, n), len(maps), maps.size), axis=1)
    return sums, _count(flat, n)


def _halves(work: Callable[[slice], Any], length: int, size: int) -> list[Any]:
    """Do work on both halves of a length at once; on the whole where ``size`` numbers are too few to share."""
    if size < SHARED or length < 2:
        return [work(slice(0, length))]
    middle = -(-length // (2 * BLOCK)) * BLOCK
    other = _pool().submit(work, slice(middle, length))
    return [work(slice(0, middle)), other.result()]


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="segment_means")


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


@compiled()
def _count(labels: Any, n: int) -> Any:
    counts = np.zeros(n + 1, dtype=np.int64)
    for pixel in range(labels.size):
        counts[labels[pixel]] += 1
    return counts[1:]


@compiled()
def _sum_coordinates(labels: Any, columns: int, n: int) -> Any:
    sums = np.zeros((n + 1, 2))
    for pixel in range(labels.size):
        sums[labels[pixel], 0] += pixel // columns
        sums[labels[pixel], 1] += pixel % columns
    return sums[1:]


@compiled()
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


@compiled()
def _sum_64(pixels: Any, labels: Any, n: int) -> Any:
    """Do the same for the 64 maps of the paper's U-Net: a loop of known length is 1.5 times as fast."""
    sums = np.zeros((n + 1, 64))
    for pixel in range(labels.size):
        label = labels[pixel]
        if label == 0:
            continue
        for d in range(64):
            sums[label, d] += pixels[pixel, d]
    return sums[1:]


@compiled()
def _sum_maps(maps: Any, labels: Any, n: int) -> Any:
    """Add up BLOCK maps at a time, so that no addition waits for the one before it."""
    sums = np.zeros((n + 1, maps.shape[0]))
    whole = maps.shape[0] - maps.shape[0] % BLOCK
    for first in range(0, whole, BLOCK):
        part = np.zeros((n + 1, BLOCK))
        for pixel in range(labels.size):
            label = labels[pixel]
            for d in range(BLOCK):
                part[label, d] += maps[first + d, pixel]
        for label in range(n + 1):  # assigned as a slice, numba would compile the words of an error for seconds
            for d in range(BLOCK):
                sums[label, first + d] = part[label, d]
    for d in range(whole, maps.shape[0]):
        for pixel in range(labels.size):
            sums[labels[pixel], d] += maps[d, pixel]
    return sums[1:]
