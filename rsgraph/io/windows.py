"""Small windows of a file, from which is judged what it does not say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.io.handles import read
from rsgraph.types import Mask

_SIDE = 64


@dataclass(frozen=True, eq=False)
class Sample:
    """Pixels of a few windows.

    Parameters
    ----------
    numbers
        (bands, n) as they are stored.
    border
        (n,) which of the pixels lie in the outermost rows and columns of the file.
    """

    numbers: NDArray[Any]
    border: Mask

    def band(self, place: int) -> NDArray[Any]:
        """Return the pixels of one band: (n,)."""
        found: NDArray[Any] = self.numbers[place]
        return found


def corners_and_centre(rows: int, columns: int, side: int = _SIDE) -> Iterator[tuple[int, int, int, int]]:
    """Nine small windows: corners, middles of the edges, centre; fewer where they would coincide."""
    height, width = min(side, rows), min(side, columns)
    starts = [sorted({0, (size - part) // 2, size - part}) for size, part in ((rows, height), (columns, width))]
    for row in starts[0]:
        for column in starts[1]:
            yield row, column, height, width


def sample(path: str, indexes: Sequence[int], rows: int, columns: int) -> Sample:
    """Read some bands of a file at its corners, the middles of its edges and its centre. Raises NotReadable."""
    parts, edges = [], []
    for window in corners_and_centre(rows, columns):
        parts.append(read(path, list(indexes), *window).reshape(len(indexes), -1))
        edges.append(_border(window, rows, columns).ravel())
    return Sample(np.concatenate(parts, axis=1), np.concatenate(edges))


def _border(window: tuple[int, int, int, int], rows: int, columns: int) -> Mask:
    """Return which pixels of a window lie in the outermost rows and columns: (rows, columns)."""
    row, column, height, width = window
    down, across = row + np.arange(height), column + np.arange(width)
    outer_rows, outer_columns = (down == 0) | (down == rows - 1), (across == 0) | (across == columns - 1)
    found: Mask = outer_rows[:, None] | outer_columns[None, :]
    return found
