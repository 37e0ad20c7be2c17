"""Pairs of touching segments of whole scenes, across the borders of chips."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsgraph.borders import each_once, shared_borders
from rsgraph.io.chip_blocks import ChipBlock
from rsgraph.io.segment_ids import read_ids
from rsgraph.protocols import Arrays
from rsgraph.stages.context import Context
from rsgraph.stages.segment_files import blocks_with_rows
from rsgraph.types import Chip, Scene, Window
from rsgraph.workspace import Workspace


def touching_pairs(context: Context) -> NDArray[np.int64]:
    """Find all pairs of segments that share a pixel side, in blocks of chips.

    Returns
    -------
    pairs
        (2, P) int64 rows i < j of the table of segments, each pair once, sorted by i, then by j. No pair joins two
        scenes.
    """
    task = _Touching(context.workspace.folder.resolve())
    found = context.blocks.map("touching", task, blocks_with_rows(context), context.progress)
    return each_once([arrays["pairs"] for arrays in found])


@dataclass(frozen=True)
class _Touching:
    """Finds the pairs that touch in the chips of one block or along their right and lower borders."""

    workspace: Path

    def __call__(self, block: ChipBlock) -> Arrays:
        workspace = Workspace(self.workspace)
        return {"pairs": each_once([_pairs(workspace, block.scene(chip), chip) for chip in block.chips])}


def _pairs(workspace: Workspace, scene: Scene, chip: Chip) -> NDArray[np.int64]:
    path, most = workspace.segment_file(scene.name), workspace.segment_count
    ids = read_ids(path, _one_further(chip.window, scene), most=most).astype(np.int32)
    return shared_borders(ids)[0].T


def _one_further(window: Window, scene: Scene) -> Window:
    """Widen a window by one pixel to the right and below: all pairs across borders lie in one such window."""
    rows = min(window.rows + 1, scene.rows - window.row)
    columns = min(window.columns + 1, scene.columns - window.column)
    return Window(window.row, window.column, rows, columns)
