"""Exact node matching: the maximum-weight assignment between the nodes of two chips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.blocks import ResumableBlocks, Threads
from rsgraph.errors import ConfigError
from rsgraph.matchers.assignment import assign
from rsgraph.matchers.batched import Device, assign_pairs, device_of
from rsgraph.matchers.chips import StoredChips, UnitChips, unit_chips
from rsgraph.matchers.neighbours import BlockMatcher, as_similarity
from rsgraph.protocols import Arrays, Blocks, Progress
from rsgraph.registry import check_count
from rsgraph.types import Floats, Similarity

SIDE = 32
"""Chips along the side of a block of pairs, at most."""

SIDE_ON_GPU = 64
"""The same where a GPU solves them: a round of bids takes about as long for few problems as for many."""

FOR_GPU = 64
"""Chips from which ``device=auto`` looks for a GPU: fewer are matched on the CPU before torch is loaded."""


class Hungarian(BlockMatcher):
    r"""Mean cosine of nodes paired one to one, exactly (Hungarian assignment); the paper's similarity.

    .. math:: s = \frac{1}{n} \max_{\pi} \sum_{i=1}^{n} \langle x_i, y_{\pi(i)} \rangle

    over all injections :math:`\pi` of the n nodes of one chip into the m >= n nodes of the other.
    Every pair of chips is one linear assignment problem, solved exactly (``assignment.py``: auction, then shortest
    augmenting paths, in whole numbers); the matched cosines are averaged (sections 2.7 and 2.8 of the paper).
    Positions of nodes play no part, so that a rotated chip is as similar as the chip itself.

    Where the paper is silent: chips of n and m nodes are compared by the min(n, m) pairs of the best
    assignment, and the surplus nodes of the larger chip do not count; a node of zeros has cosine 0 with
    everything; a chip without nodes has similarity 0 with every other chip. The diagonal of the matrix is 1
    by definition.

    Cost: P (P - 1) / 2 problems of 2 to 3 ms each for chips of 500 nodes on one core, side by side on all cores.

    Parameters
    ----------
    k
        Neighbours listed per chip, at most P - 1. The full matrix is kept too, so k is only about what is
        listed; 15 is UMAP's usual neighbourhood.
    tolerance
        0: exact. Above: each problem ends as soon as its assignment is proven to be at most this below the best
        one. ``Similarity.matrix`` holds the values of the assignments and ``dual`` their upper bounds; ``error``
        is the difference. The diagonal is exact. 0.001 saves a tenth of the time where
        nodes are diverse, half where many are nearly identical.
    device
        ``cuda``: problems are solved many at once on the GPU (``batched.py``), with certified errors of at most 1e-6,
        which ``Similarity.error`` holds. ``cpu``: on the cores, to the last digit. ``auto``: the GPU where this
        process sees one and there are at least 64 chips.

    Raises
    ------
    ConfigError
        k is not a whole number of at least 1; tolerance is not in [0, 2]; device is not one of these, or is cuda
        without a GPU.
    """

    def __init__(self, k: int = 15, tolerance: float = 0.0, device: Device = "auto") -> None:
        self.k = check_count("k", k)
        if not 0 <= tolerance <= 2:
            raise ConfigError(f"`tolerance` must be in [0, 2], in units of cosine. Got {tolerance!r} instead.")
        self.tolerance = float(tolerance)
        if device not in ("auto", "cpu", "cuda"):
            raise ConfigError(f"`device` must be one of: auto, cpu, cuda. Got {device!r} instead.")
        self.device = device
        if device == "cuda":
            device_of(device)  # better now than after the hours before matching

    def match(
        self,
        nodes: Sequence[Floats],
        *,
        progress: Progress | None = None,
        blocks: Blocks | None = None,
        on_device: Blocks | None = None,
        known: Similarity | None = None,
    ) -> Similarity:
        """Match P chips, with the full matrix; ``known`` plays no part."""
        chips = unit_chips(nodes)
        device = self._device(len(chips))
        name, side = ("pairs", SIDE) if device == "cpu" else ("pairs-on-gpu", SIDE_ON_GPU)
        if device != "cpu":
            blocks = on_device or ResumableBlocks(Threads(1))
        task = TileTask(nodes if isinstance(nodes, StoredChips) else chips, self.tolerance, device)
        tiles = list(_tiles(len(chips), side))
        matrix, dual = np.eye(len(chips), dtype=np.float32), np.eye(len(chips), dtype=np.float32)
        solved = 0
        found = (blocks or ResumableBlocks()).map(name, task, tiles, progress)
        for tile, arrays in zip(tiles, found, strict=True):
            _put(matrix, tile, arrays["similarities"])
            _put(dual, tile, arrays["bounds"])
            solved += int(arrays["solved"])
        error = np.zeros_like(matrix) if device == "cpu" and self.tolerance == 0 else dual - matrix
        return as_similarity(matrix, error, self.k, solved, dual=dual if self.tolerance > 0 else None)

    def _device(self, count: int) -> Device:
        """Return the device for the tasks: ``auto`` only where there is a GPU here, so that workers may lack one."""
        if self.device == "auto" and (count < FOR_GPU or device_of("auto") == "cpu"):
            return "cpu"
        return self.device


class Tile(NamedTuple):
    """A block of pairs: rows ``first`` to before ``last`` of the matrix, and columns likewise."""

    first: int
    last: int
    first_column: int
    last_column: int


def _tiles(count: int, side: int) -> Iterator[Tile]:
    """Cut the upper triangle; small numbers of chips too are cut into some blocks, so that cores share them."""
    side = max(2, min(side, count // 8))
    for first in range(0, count, side):
        for column in range(first, count, side):
            yield Tile(first, min(first + side, count), column, min(column + side, count))


def _put(matrix: Floats, tile: Tile, values: Floats) -> None:
    rows, columns = np.nonzero(~np.isnan(values))
    found = values[rows, columns]
    matrix[rows + tile.first, columns + tile.first_column] = found
    matrix[columns + tile.first_column, rows + tile.first] = found


@dataclass(frozen=True, eq=False)
class TileTask:
    """The task of an executor on a block of pairs; nodes of all chips, as unit rows in memory or stored."""

    nodes: UnitChips | StoredChips
    tolerance: float
    device: Device = "cpu"

    def __call__(self, tile: Tile) -> Arrays:
        """Return similarities and upper bounds (rows, columns), NaN on and below the diagonal; and how many."""
        chips = unit_chips(self.nodes)
        shape = (tile.last - tile.first, tile.last_column - tile.first_column)
        similarities, bounds = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
        pairs = [
            (i, j)
            for i in range(tile.first, tile.last)
            for j in range(max(i + 1, tile.first_column), tile.last_column)
        ]
        solvable = [(i, j) for i, j in pairs if min(len(chips[i]), len(chips[j])) > 0]
        for found, values in zip((similarities, bounds), self._solve(chips, solvable), strict=True):
            _enter(found, tile, pairs, np.zeros(len(pairs)))
            _enter(found, tile, solvable, values)
        return {
            "similarities": similarities,
            "bounds": np.maximum(bounds, similarities),
            "solved": np.array(len(solvable)),
        }

    def _solve(
        self, chips: UnitChips, pairs: list[tuple[int, int]]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return similarities and upper bounds of pairs of chips that have nodes."""
        device = device_of(self.device)
        if device != "cpu":
            certified = assign_pairs(chips, pairs, device=device, tolerance=self.tolerance)
            return certified.similarities, certified.bounds
        found = np.array([self._compare(chips[i], chips[j]) for i, j in pairs]).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    def _compare(self, one: Floats, other: Floats) -> tuple[float, float]:
        few, many = sorted((one, other), key=len)
        found = assign(few @ many.T, tolerance=self.tolerance)
        return found.similarity, found.bound


def _enter(values: Floats, tile: Tile, pairs: list[tuple[int, int]], found: NDArray[np.float64]) -> None:
    """Write what was found of pairs to a tile's values."""
    for (i, j), value in zip(pairs, found, strict=True):
        values[i - tile.first, j - tile.first_column] = value
