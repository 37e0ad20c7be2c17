"""Exact node matching: the maximum-weight assignment between the nodes of two chips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from rsgraph.blocks import ResumableBlocks
from rsgraph.errors import ConfigError
from rsgraph.matchers.assignment import assign
from rsgraph.matchers.chips import StoredChips, UnitChips, unit_chips
from rsgraph.matchers.neighbours import as_similarity, check_count
from rsgraph.protocols import Arrays, Blocks, Progress
from rsgraph.types import Floats, Similarity

SIDE = 32
"""Chips along the side of a block of pairs, at most."""


def matched_cosine(few: Floats, many: Floats) -> float:
    r"""Mean cosine over the best one-to-one assignment of nodes.

    .. math:: s = \frac{1}{n} \max_{\pi} \sum_{i=1}^{n} \langle x_i, y_{\pi(i)} \rangle

    over all injections :math:`\pi` of the n nodes of one chip into the m >= n nodes of the other.

    Parameters
    ----------
    few, many
        Unit rows (n, D) and (m, D) float32, 1 <= n <= m. Rows of zeros have cosine 0 with everything.

    Returns
    -------
    similarity
        In [-1, 1].
    """
    return assign(few @ many.T).similarity


class Hungarian:
    """Mean cosine of nodes paired one to one, exactly (Hungarian assignment); the paper's similarity.

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
        is the difference. The diagonal is exact. 0.001 saves about a tenth of the time.

    Raises
    ------
    ConfigError
        k is not a whole number of at least 1; tolerance is not in [0, 2].
    """

    def __init__(self, k: int = 15, tolerance: float = 0.0) -> None:
        self.k = check_count("k", k)
        if not 0 <= tolerance <= 2:
            raise ConfigError(f"`tolerance` must be in [0, 2], in units of cosine. Got {tolerance!r} instead.")
        self.tolerance = float(tolerance)

    def match(
        self, nodes: Sequence[Floats], *, progress: Progress | None = None, blocks: Blocks | None = None
    ) -> Similarity:
        """Match P chips given as (n_i, D) each.

        Parameters
        ----------
        nodes
            One float32 array per chip; D is the same for all. Or ``StoredChips``.
        progress
            Called with the blocks of pairs done and in all.
        blocks
            Where blocks of work run and are kept; None: in threads of this process.

        Returns
        -------
        similarity
            With the full matrix.

        Raises
        ------
        NotUsable
            Shapes do not fit or values are not finite.
        """
        chips = unit_chips(nodes)
        task = Pairs(nodes if isinstance(nodes, StoredChips) else chips, self.tolerance)
        tiles = list(_tiles(len(chips)))
        matrix, dual = np.eye(len(chips), dtype=np.float32), np.eye(len(chips), dtype=np.float32)
        solved = 0
        with threadpool_limits(1, user_api="blas"):  # blocks run side by side already
            found = (blocks or ResumableBlocks()).map("pairs", task, tiles, progress)
            for tile, arrays in zip(tiles, found, strict=True):
                _put(matrix, tile, arrays["similarities"])
                _put(dual, tile, arrays["bounds"])
                solved += int(arrays["solved"])
        if self.tolerance == 0:
            return as_similarity(matrix, np.zeros_like(matrix), self.k, solved)
        return as_similarity(matrix, dual - matrix, self.k, solved, dual=dual)


class Tile(NamedTuple):
    """A block of pairs: rows ``first`` to before ``last`` of the matrix, and columns likewise."""

    first: int
    last: int
    first_column: int
    last_column: int


def _tiles(count: int) -> Iterator[Tile]:
    """Cut the upper triangle; small numbers of chips too are cut into some blocks, so that cores share them."""
    side = max(2, min(SIDE, count // 8))
    for first in range(0, count, side):
        for column in range(first, count, side):
            yield Tile(first, min(first + side, count), column, min(column + side, count))


def _put(matrix: Floats, tile: Tile, values: Floats) -> None:
    rows, columns = np.nonzero(~np.isnan(values))
    found = values[rows, columns]
    matrix[rows + tile.first, columns + tile.first_column] = found
    matrix[columns + tile.first_column, rows + tile.first] = found


@dataclass(frozen=True, eq=False)
class Pairs:
    """The work on one block of pairs, wherever it runs.

    Parameters
    ----------
    nodes
        Of all chips: unit rows in memory, or where they are stored.
    tolerance
        As in ``Hungarian``.
    """

    nodes: UnitChips | StoredChips
    tolerance: float

    def __call__(self, tile: Tile) -> Arrays:
        """Return similarities and upper bounds (rows, columns), NaN on and below the diagonal; and how many."""
        chips = self.nodes if isinstance(self.nodes, UnitChips) else unit_chips(self.nodes)
        shape = (tile.last - tile.first, tile.last_column - tile.first_column)
        similarities, bounds = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
        solved = 0
        for i in range(tile.first, tile.last):
            for j in range(max(i + 1, tile.first_column), tile.last_column):
                few, many = sorted((chips[i], chips[j]), key=len)
                value, bound = (0.0, 0.0) if len(few) == 0 else self._compare(few, many)
                place = i - tile.first, j - tile.first_column
                similarities[place], bounds[place] = value, bound
                solved += len(few) > 0
        return {"similarities": similarities, "bounds": bounds, "solved": np.array(solved)}

    def _compare(self, few: Floats, many: Floats) -> tuple[float, float]:
        found = assign(few @ many.T, tolerance=self.tolerance)
        similarity = np.float32(found.similarity)
        return float(similarity), max(found.bound, float(similarity))
