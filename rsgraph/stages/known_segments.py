"""Segments of scenes that the workspace held before others were added: they are taken over, not made again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rsgraph.files import place
from rsgraph.io.chip_blocks import ChipBlock
from rsgraph.stages.context import Context
from rsgraph.stages.segment_files import segment_raster
from rsgraph.types import Floats
from rsgraph.workspace import Workspace


@dataclass(frozen=True)
class KnownSegments:
    """What is there of the table of segments and of their band means, in parts: one, or none.

    Parameters
    ----------
    scenes
        Number of first scenes whose segments these are.
    tables, means
        Rows of the table; (n, bands) of the same segments.
    """

    scenes: int = 0
    tables: tuple[pd.DataFrame, ...] = ()
    means: tuple[Floats, ...] = ()

    @property
    def next_id(self) -> int:
        """Id of the first new segment."""
        return 1 + sum(map(len, self.tables))

    def others(self, blocks: Sequence[ChipBlock]) -> list[ChipBlock]:
        """Return the blocks of other scenes."""
        return [block for block in blocks if min(block.scenes) >= self.scenes]


def known_segments(context: Context) -> KnownSegments:
    """Put the rasters of known scenes in place, as files; return the rest of what is known of their segments."""
    if context.known is None:
        return KnownSegments()
    before, opened = Workspace(context.known), context.opened
    for scene in opened.scenes[: opened.held]:
        place(before.segment_file(scene.name), segment_raster(context, scene))
    names = np.array([opened.scenes[chip.scene].name for chip in opened.chips])
    table = before.segments
    table["scene_id"] = pd.Series(names[table["chip_id"]], dtype="str")
    return KnownSegments(opened.held, (table,), (before.embedding("bands"),))
