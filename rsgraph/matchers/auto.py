"""The paper's similarity: the full matrix for few chips, nearest chips for many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rsgraph.matchers.neighbours import BlockMatcher
from rsgraph.protocols import Blocks, Progress
from rsgraph.registry import check_count
from rsgraph.types import Floats, Similarity

if TYPE_CHECKING:
    from rsgraph.matchers.hungarian import Hungarian


class Auto(BlockMatcher):
    """The exact Hungarian similarity: the full matrix of few chips, the k nearest of many.

    ``hungarian`` up to ``full`` chips, above that ``hungarian_nearest``: the same similarities and neighbours, but no
    matrix.

    Parameters
    ----------
    k
        Neighbours per chip, at most P - 1.
    full
        Chips up to which all pairs are solved: 64 take about six seconds of one core, 300 two minutes. Above,
        time grows with the number of chips, not with its square.
    """

    measure = "hungarian"

    def __init__(self, k: int = 15, full: int = 64) -> None:
        self.k, self.full = check_count("k", k), check_count("full", full)

    def match(
        self,
        nodes: Sequence[Floats],
        *,
        progress: Progress | None = None,
        blocks: Blocks | None = None,
        on_device: Blocks | None = None,
        known: Similarity | None = None,
    ) -> Similarity:
        """Match P chips given as (n_i, D) each; see ``Hungarian.match`` and ``HungarianNearest.match``."""
        if len(nodes) <= self.full:
            return self.with_matrix().match(nodes, progress=progress, blocks=blocks, on_device=on_device)
        from rsgraph.matchers.hungarian_nearest import HungarianNearest  # the one that is chosen, and not before

        return HungarianNearest(self.k).match(nodes, progress=progress, blocks=blocks, known=known)

    def with_matrix(self) -> Hungarian:
        """Return ``hungarian``, whatever the number of chips."""
        from rsgraph.matchers.hungarian import Hungarian

        return Hungarian(self.k)
