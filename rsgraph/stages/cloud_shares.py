"""The share of every segment's pixels that are clouds, and shadows of clouds: columns of the table of segments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsgraph.io.chip_blocks import ChipBlock, chip_blocks
from rsgraph.protocols import Arrays
from rsgraph.stages.context import Context
from rsgraph.stages.known_segments import KnownSegments
from rsgraph.stages.segment_files import read_labels
from rsgraph.types import CLOUD, SHADOW
from rsgraph.workspace import Workspace

SHARES = ("cloud_share", "shadow_share")
"""Columns: between 0 and 1; NaN in scenes of which nothing is known."""


@dataclass(frozen=True)
class _CountMarks:
    """Counts the marked pixels of the segments in one block; pickled as a path."""

    folder: Path

    def __call__(self, block: ChipBlock) -> Arrays:
        parts: dict[str, list[NDArray[Any]]] = {name: [] for name in ("ids", "clouds", "shadows", "known")}
        for chip in block.chips:
            marks = block.scene(chip).marks
            if marks is None:
                continue
            found, labels = read_labels(Workspace(self.folder), block.scene(chip), chip)
            codes = marks.read(chip.window)
            parts["ids"].append(found)
            for name, code in (("clouds", CLOUD), ("shadows", SHADOW)):
                parts[name].append(np.bincount(labels[codes == code], minlength=len(found) + 1)[1:])
            parts["known"].append(np.full(len(found), marks.knows_shadows))
        return {name: np.concatenate([np.zeros(0, np.int64), *each]) for name, each in parts.items()}


def with_cloud_shares(
    context: Context, known: KnownSegments, table: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Add the shares, where a quality layer marks clouds, from the rasters of segments that are written.

    Parameters
    ----------
    context
        Of the stage; ``out`` holds the rasters.
    known
        Segments that are taken over keep their shares.
    table
        Of segments, in the order of their ids.

    Returns
    -------
    table, facts
        The table, unchanged where nothing is marked; the shares of all segments' pixels, for the user.
    """
    opened = context.opened
    if all(scene.marks is None for scene in opened.scenes):
        return table, {}
    blocks = known.others(chip_blocks(opened.scenes, opened.chips, old=opened.old))
    counted = {name: np.zeros(len(table)) for name in ("clouds", "shadows", "known", "marked")}
    for found in context.blocks.map("clouds", _CountMarks(context.out.resolve()), blocks):
        rows = found["ids"] - 1
        for name in ("clouds", "shadows"):
            np.add.at(counted[name], rows, found[name])
        counted["known"][rows] = found["known"]
        counted["marked"][rows] = 1
    area = table["area_px"].to_numpy()
    covered = {"cloud_share": counted["marked"], "shadow_share": counted["known"]}
    added = table.copy()
    facts: dict[str, Any] = {}
    for column, name in zip(SHARES, ("clouds", "shadows"), strict=True):
        before = table[column].to_numpy() if column in table else np.full(len(table), np.nan)
        shares = np.where(covered[column] > 0, counted[name] / area, before).astype(np.float32)
        added[column] = shares
        facts |= _in_words(name, shares, area)
    return added, facts


def _in_words(name: str, shares: NDArray[Any], area: NDArray[Any]) -> dict[str, str]:
    known = np.isfinite(shares)
    return {name: f"{np.average(shares[known], weights=area[known]):.1%}"} if known.any() else {}
