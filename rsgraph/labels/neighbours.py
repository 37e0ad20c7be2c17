"""The most similar rows of a large table of vectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.labels.checks import check_vectors
from rsgraph.protocols import Progress
from rsgraph.types import Floats

EXACT = 50_000
"""Up to so many rows all pairs are compared: some ten seconds on two cores."""

_PER_LIST = 1_000
_PROBES = 8
_LLOYD = 5
_ELEMENTS = 4_000_000
"""Distances in memory at a time: 16 MB, and a small part of a second."""


def standardised(vectors: Floats) -> Floats:
    """Return vectors (n, D) with mean 0 and standard deviation 1 per dimension; constant dimensions become 0.

    Raises
    ------
    NotUsable
        A vector is not finite.
    """
    mean = vectors.mean(axis=0, dtype=np.float64)
    deviation = vectors.std(axis=0, dtype=np.float64)
    if not np.all(np.isfinite(mean)) or not np.all(np.isfinite(deviation)):
        raise NotUsable("the embedding holds NaN or infinite numbers; choose another layer or run the scene again.")
    constant = deviation <= 1e-6 * np.abs(mean)
    scale = np.where(constant, 0, 1 / np.where(constant, 1, deviation))
    points = (vectors - mean.astype(np.float32)) * scale.astype(np.float32)
    return np.ascontiguousarray(points, dtype=np.float32)


def nearest_rows(
    points: Floats, k: int, *, seed: int, progress: Progress | None = None
) -> tuple[NDArray[np.int64], Floats]:
    """Find the k nearest other rows of each row.

    Exact up to ``EXACT`` rows. Above, the rows are dealt to about n / 1000 lists (k-means on a sample), and each
    row is compared with the rows of the eight lists whose centres are nearest to its own list's: an inverted file
    index (Jégou et al. 2011, doi:10.1109/TPAMI.2010.57).

    Parameters
    ----------
    points
        (n, D) float32, finite.
    k
        Neighbours per row; min(k, n - 1) are taken.
    seed
        Of the lists.
    progress
        Called with (rows done, n); may raise to cancel.

    Returns
    -------
    rows
        (n, k) int64, nearest first.
    distances
        (n, k) float32, Euclidean.

    Raises
    ------
    ConfigError
        k below 1, or points of the wrong shape.
    """
    check_vectors(points)
    if k < 1:
        raise ConfigError(f"`k` must be at least 1. Got {k} instead.")
    n = len(points)
    k = min(k, n - 1)
    rows, distances = np.zeros((n, max(k, 0)), dtype=np.int64), np.zeros((n, max(k, 0)), dtype=np.float32)
    if k < 1:
        return rows, distances
    _report(progress, 0, n)
    done = 0
    for queries, found in _searched(points, k, seed, progress):
        rows[queries] = found
        distances[queries] = np.sqrt(((points[queries][:, None] - points[found]) ** 2).sum(axis=-1))
        done += len(queries)
        _report(progress, done, n)
    order = np.argsort(distances, axis=1, kind="stable")
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(distances, order, axis=1)


def _report(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


def _searched(
    points: Floats, k: int, seed: int, progress: Progress | None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Give blocks of rows and their k nearest."""
    import torch

    table = torch.from_numpy(points)
    norms = (table**2).sum(dim=1)
    for members, candidates in _groups(points, k, seed, progress):
        block = max(1, _ELEMENTS // len(candidates))
        others, other_norms = table[candidates], norms[candidates]
        for start in range(0, len(members), block):
            queries = members[start : start + block]
            # without the queries' own norms: they do not change the order
            distance = torch.addmm(other_norms, table[queries], others.T, alpha=-2)
            own = torch.arange(len(queries))
            distance[own, own + start] = torch.inf  # the members lead the candidates, in the same order
            nearest = distance.topk(k, largest=False).indices.numpy()
            yield queries, candidates[nearest]


def _groups(
    points: Floats, k: int, seed: int, progress: Progress | None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Give groups of rows and the rows that they are compared with, themselves first."""
    n = len(points)
    if n <= EXACT:
        yield np.arange(n), np.arange(n)
        return
    centres = _centres(points, n // _PER_LIST, seed, progress)
    lists = _assigned(points, centres, progress)
    order = np.argsort(lists, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(lists, minlength=len(centres)))[:-1])
    gaps = ((centres[:, None] - centres) ** 2).sum(axis=-1) if len(centres) <= 512 else _gaps(centres)
    for number, own in enumerate(members):
        if len(own):
            yield own, _candidates(members, np.argsort(gaps[number], kind="stable"), number, k)


def _gaps(centres: Floats) -> Any:
    norms = (centres**2).sum(axis=1)
    return norms[:, None] + norms - 2 * centres @ centres.T


def _candidates(members: list[NDArray[np.int64]], order: NDArray[np.intp], number: int, k: int) -> NDArray[np.int64]:
    """Join a list with the nearest lists: eight, or as many as it takes to find k others."""
    chosen, count = [members[number]], len(members[number])
    for other in order[order != number]:
        if len(chosen) >= _PROBES and count > k:
            break
        chosen.append(members[other])
        count += len(members[other])
    return np.concatenate(chosen)


def _centres(points: Floats, count: int, seed: int, progress: Progress | None) -> Floats:
    """Run a few steps of k-means on a sample."""
    rng = np.random.default_rng(seed)
    sample = points[np.sort(rng.choice(len(points), min(len(points), 64 * count), replace=False))]
    centres = sample[np.sort(rng.choice(len(sample), count, replace=False))]
    for _ in range(_LLOYD):
        lists = _assigned(sample, centres, progress)
        counts = np.bincount(lists, minlength=count)
        sums = np.zeros(centres.shape)
        np.add.at(sums, lists, sample)
        centres = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres).astype(np.float32)
    return centres


def _assigned(points: Floats, centres: Floats, progress: Progress | None) -> NDArray[np.int64]:
    """Return the nearest centre of each point."""
    import torch

    table, others = torch.from_numpy(points), torch.from_numpy(centres)
    norms = (others**2).sum(dim=1)
    lists = np.empty(len(points), dtype=np.int64)
    block = max(1, _ELEMENTS // len(centres))
    for start in range(0, len(points), block):
        distance = torch.addmm(norms, table[start : start + block], others.T, alpha=-2)
        lists[start : start + block] = distance.argmin(dim=1).numpy()
        _report(progress, 0, len(points))  # a chance to cancel
    return lists
