"""Every chip is segmented, for itself or stitched to its neighbours: the stage segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rsgraph.graphs.features import areas, centroids, segment_means
from rsgraph.io.chip_blocks import ChipBlock, chip_blocks
from rsgraph.options import Choice
from rsgraph.protocols import Arrays, Segmenter
from rsgraph.stages.cloud_shares import with_cloud_shares
from rsgraph.stages.context import Context
from rsgraph.stages.known_segments import known_segments
from rsgraph.stages.segment_files import CutChip, IdRasters, pack, segment_table, unpack
from rsgraph.stages.stitched import stitched_segments
from rsgraph.stages.streaming import array_file
from rsgraph.types import Raster
from rsgraph.workspace import write_table


@dataclass(frozen=True)
class _Segment:
    """Segments the chips of one block."""

    segmenter: Choice
    chip_pixels: int

    def __call__(self, block: ChipBlock) -> Arrays:
        segmenter = self.segmenter.build()
        return pack([self._chip(segmenter, block.read(chip)) for chip in block.chips])

    def _chip(self, segmenter: Segmenter, raster: Raster) -> CutChip:
        found = segmenter.segment(raster.values, raster.valid, chip_pixels=self.chip_pixels)
        n = found.n_segments
        return CutChip(
            found.labels,
            segment_means(raster.values, found.labels, n),
            centroids(found.labels, n),
            areas(found.labels, n),
        )


def segments(context: Context) -> dict[str, Any]:
    """Segment every chip, for itself or stitched to its neighbours, as the segmenter says.

    Where each chip is a scene of its own there is nothing to stitch.
    """
    segmenter: Segmenter = context.options.segmenter.build()
    neighbours = len({chip.scene for chip in context.opened.chips}) < len(context.opened.chips)
    if segmenter.seams == "stitch" and neighbours:
        return stitched_segments(context, segmenter)
    return _cut_at_borders(context)


def _cut_at_borders(context: Context) -> dict[str, Any]:
    """Segment every chip for itself; write the rasters of segment ids, the table of segments and their band means."""
    task, known = _Segment(context.options.segmenter, context.options.chips.size**2), known_segments(context)
    chips = context.opened.chips
    items = known.others(chip_blocks(context.opened.scenes, chips, old=context.opened.old))
    parts = [*known.tables]
    with IdRasters(context, known.next_id) as rasters, array_file(context.out / "embeddings" / "bands.npy") as means:
        for each in known.means:
            means.append(each)
        found = context.blocks.map("segments", task, items, context.progress)
        for block, arrays in zip(items, found, strict=True):
            for chip, cut in unpack(block, arrays):
                places = np.add(cut.centroids, [chip.window.row, chip.window.column])
                numbers = np.full(len(cut.areas), chip.chip_id)
                parts.append(segment_table(context, chip.scene, rasters.next_id, numbers, places, cut.areas))
                rasters.write(chip, cut)
            means.append(arrays["means"])
    table, clouds = with_cloud_shares(context, known, pd.concat(parts, ignore_index=True))
    write_table(context.out / "segments.parquet", table)
    return {"segments": len(table), "per_chip": round(len(table) / max(len(chips), 1), 1), **clouds}
