"""The chips and segments of a workspace as arrays, and who belongs to whom."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsgraph.ground import hectares
from rsgraph.types import Window
from rsgraph.workspace import Workspace

SHARES = ("cloud_share", "shadow_share")
"""Columns of segments that say how much of them is cloud, and shadow of one."""

_MOSTLY = 0.5

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Level = Literal["chips", "segments"]


class Tables:
    """What a session knows of chips and segments; rows count as in the workspace's two tables.

    Parameters
    ----------
    workspace
        Its ``segments.parquet`` and ``chips.parquet`` are read.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.segments: pd.DataFrame = workspace.segments
        self.chips: pd.DataFrame = workspace.chips
        self.scenes = workspace.scenes
        self.ids: NDArray[np.int64] = self.segments["segment_id"].to_numpy(np.int64)
        order = pd.Index(self.chips["chip_id"])
        self.chip_of: NDArray[np.int64] = order.get_indexer(self.segments["chip_id"]).astype(np.int64)
        self._first = np.searchsorted(self.chip_of, np.arange(len(self.chips) + 1))

    @property
    def n_segments(self) -> int:
        """How many segments."""
        return len(self.ids)

    @property
    def n_chips(self) -> int:
        """How many chips."""
        return len(self.chips)

    @property
    def max_id(self) -> int:
        """The largest segment id: look-up tables by id have one entry more."""
        return int(self.ids.max(initial=0))

    @cached_property
    def hectares(self) -> NDArray[np.float64]:
        """(segments,) area on the ground; NaN without a CRS."""
        return hectares(self.segments, self.scenes)

    @cached_property
    def row_of_id(self) -> NDArray[np.int64]:
        """(max_id + 1,) row of each segment id, -1 where there is none."""
        rows = np.full(self.max_id + 1, -1, dtype=np.int64)
        rows[self.ids] = np.arange(self.n_segments)
        return rows

    @cached_property
    def scene_of_chip(self) -> NDArray[np.int64]:
        """(chips,) index of each chip's scene."""
        if "scene_id" not in self.chips:
            return np.zeros(self.n_chips, dtype=np.int64)
        names = pd.Index([scene.name for scene in self.scenes])
        return names.get_indexer(pd.Index(self.chips["scene_id"])).astype(np.int64)

    @cached_property
    def strips(self) -> Mask:
        """(chips,) which are cut off at the edge of their scene to half of a whole chip or less."""
        pixels = (self.chips["rows"] * self.chips["columns"]).to_numpy(np.int64)
        return np.asarray(2 * pixels <= pixels.max(initial=0))

    @cached_property
    def centroids(self) -> NDArray[np.float32]:
        """(segments, 2) row and column of the centroids, in pixels of their scene."""
        return self.segments[["row", "column"]].to_numpy(np.float32)

    @cached_property
    def cloudy(self) -> Mask | None:
        """(segments,) which are cloud, or shadow of one, on half of their pixels or more.

        None where the run found nothing that says so.
        """
        shares = [self.segments[name].fillna(0) for name in SHARES if name in self.segments]
        return np.asarray(sum(shares) >= _MOSTLY) if shares else None

    @cached_property
    def _counted(self) -> bool:
        """Whether segment ids are 1, 2 ... n, as every run writes them: look-ups by id are then plain copies."""
        return self.max_id == self.n_segments and bool((self.ids == np.arange(1, self.n_segments + 1)).all())

    def by_id(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values (segments,) by segment id, (max_id + 1,); ids without a segment have 0."""
        lookup = np.zeros(self.max_id + 1, dtype=values.dtype)
        if self._counted:
            lookup[1:] = values
        else:
            lookup[self.ids] = values
        return lookup

    def segments_of(self, chips: Mask) -> Mask:
        """Return (segments,): those of the chips given as a mask."""
        return np.asarray(chips[self.chip_of])

    def chips_with(self, segments: Mask) -> NDArray[np.int64]:
        """Return (chips,) how many of the segments given as a mask each chip holds."""
        rows = np.flatnonzero(segments)
        return np.bincount(self.chip_of[rows], minlength=self.n_chips).astype(np.int64)

    def window_of(self, chip: int) -> Window:
        """Return a chip's pixels in its scene."""
        row = self.chips.iloc[chip]
        return Window(int(row["row_offset"]), int(row["column_offset"]), int(row["rows"]), int(row["columns"]))
