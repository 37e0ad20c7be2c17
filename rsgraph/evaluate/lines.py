"""Segments that touch a line of a scene: the borders of chips, or lines through the middle of chips as control."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.io.segment_ids import read_ids
from rsgraph.types import Mask, Window
from rsgraph.workspace import Workspace

if TYPE_CHECKING:
    from pandas import DataFrame

Lines = Literal["borders", "middles", "edges"]

_LENGTH = 8192
"""Pixels of a line that are read at a time."""


def touching_segments(workspace: Workspace, lines: Lines) -> Mask:
    """Return (segments,) which of them have a pixel beside a line, on either side; those across it have, too.

    Only the pixels beside each line are read. Where a line has data on one side only, nothing touches it.

    Parameters
    ----------
    workspace
        Finished at least up to its segments.
    lines
        ``borders``: between chips. ``middles``: through the middle of each row and column of chips. ``edges``: the
        outer edge of all chips of a scene, which is not a border.

    Raises
    ------
    WorkspaceError
        A raster of segment ids is damaged.
    """
    found = np.zeros(len(workspace.segments), dtype=np.bool_)
    chips = workspace.chips
    scenes = chips["scene_id"].astype(str) if "scene_id" in chips else np.repeat(workspace.scene.name, len(chips))
    for scene in workspace.scenes:
        of_scene = chips[np.asarray(scenes == scene.name)]
        for window, upright in _windows(_Extent.of(of_scene), lines) if len(of_scene) else ():
            ids = read_ids(workspace.segment_file(scene.name), window, most=len(found)).astype(np.int64)
            _mark(found, ids.T if upright else ids)
    return found


class _Extent(NamedTuple):
    """First and last pixel (exclusive) of a scene's chips, and of each row and column of chips."""

    rows: list[tuple[int, int]]
    columns: list[tuple[int, int]]

    @classmethod
    def of(cls, chips: DataFrame) -> _Extent:
        """Return that of a table of chips, which is not empty."""
        sides = (("row_offset", "rows"), ("column_offset", "columns"))
        return cls(
            *(sorted({(int(a), int(a + n)) for a, n in zip(chips[i], chips[j], strict=True)}) for i, j in sides)
        )


def _windows(extent: _Extent, lines: Lines) -> Iterator[tuple[Window, bool]]:
    """Give the pixels beside each line, part by part, two or at an edge one across; and whether it is upright."""
    for chips, others, upright in ((extent.rows, extent.columns, False), (extent.columns, extent.rows, True)):
        first, last = others[0][0], others[-1][1]
        for place, width in _places(chips, lines):
            for start in range(first, last, _LENGTH):
                length = min(_LENGTH, last - start)
                window = (start, place, length, width) if upright else (place, start, width, length)
                yield Window(*window), upright


def _places(chips: list[tuple[int, int]], lines: Lines) -> list[tuple[int, int]]:
    """Return the first pixel beside each line, along one side of a scene, and how many are beside it."""
    if lines == "edges":
        return [(chips[0][0], 1), (chips[-1][1] - 1, 1)]
    if lines == "borders":
        return [(start - 1, 2) for start, _ in chips[1:]]
    half = max(stop - start for start, stop in chips) // 2
    return [(start + half - 1, 2) for start, stop in chips if stop - start > half]


def _mark(found: Mask, beside: NDArray[np.int64]) -> None:
    """Mark the segments beside a part of a line, (sides, length), where there are data on all of its sides."""
    found[beside[:, (beside > 0).all(axis=0)] - 1] = True
