"""The grid of a gallery: places of its tiles, and the chips and segments in them. No Qt in here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

GAP = 6
"""Between tiles, in pixels of the screen."""


@dataclass
class Shown:
    """What the tiles show.

    Parameters
    ----------
    chips
        Rows of the table of chips, in the order of the tiles.
    chosen
        By segment id (max_id + 1,) at segment level, None at chip level.
    counts
        (chips,) how many of each chip's segments are chosen, where that is known.
    total
        How many chips there are to choose from.
    strips
        How many of those shown are narrow strips at the edge of their scene.
    """

    chips: Rows = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    chosen: Mask | None = None
    counts: NDArray[np.integer[Any]] | None = None
    total: int | None = None
    strips: int = 0

    def header(self) -> str:
        """Say how much is shown: ``25 of 1 764 chips (3 edge strips), 3 412 segments``."""
        of_all = "" if self.total is None else f" of {grouped(self.total)}"
        text = f"{grouped(len(self.chips))}{of_all} chip{'s' if (self.total or len(self.chips)) != 1 else ''}"
        if self.strips:
            text += f" ({grouped(self.strips)} edge strip{'s' if self.strips != 1 else ''})"
        if self.chosen is None:
            return text
        number = int(np.count_nonzero(self.chosen))
        return f"{text}, {grouped(number)} segment{'s' if number != 1 else ''}"


@dataclass(frozen=True)
class Grid:
    """Where tiles are, in pixels of the screen.

    Parameters
    ----------
    side
        Of a tile.
    caption
        Height of the line below it.
    columns
        Tiles side by side.
    """

    side: int
    caption: int
    columns: int

    @property
    def pitch(self) -> tuple[int, int]:
        """From one tile to the next, across and down."""
        return self.side + GAP, self.side + self.caption + GAP

    def corner(self, place: int) -> tuple[int, int]:
        """Return x and y of a tile, from the top of all tiles."""
        row, column = divmod(place, self.columns)
        return GAP + column * self.pitch[0], GAP + row * self.pitch[1]

    def place(self, x: int, y: int, n: int) -> int:
        """Return which of n tiles, caption included, is at (x, y), or -1 in the gaps and beyond the last."""
        (column, right), (row, below) = divmod(x - GAP, self.pitch[0]), divmod(y - GAP, self.pitch[1])
        place = row * self.columns + column
        inside = right < self.side and below < self.side + self.caption and 0 <= column < self.columns
        return place if inside and 0 <= place < n else -1

    def height(self, n: int) -> int:
        """Return the height of n tiles."""
        return GAP + -(-n // self.columns) * self.pitch[1] if n else 0

    def between(self, top: int, bottom: int, n: int) -> range:
        """Return the places of n tiles of which a part is between two heights."""
        first, stop = max(0, (top - GAP) // self.pitch[1]), max(0, (bottom - GAP - 1) // self.pitch[1] + 1)
        return range(min(n, first * self.columns), min(n, stop * self.columns))


def grouped(number: int) -> str:
    """Write a number with thin gaps between thousands.

    >>> grouped(1764).replace(chr(0xA0), " ")
    '1 764'
    """
    return f"{number:,}".replace(",", "\u00a0")
