"""The pixels' memberships are averaged over every segment: the stage memberships."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.graphs.features import segment_means
from rsgraph.io.chip_blocks import ChipBlock
from rsgraph.options import Choice
from rsgraph.protocols import Arrays
from rsgraph.stages.context import Context
from rsgraph.stages.segment_files import blocks_with_rows, read_segmentation
from rsgraph.stages.stitched import summed_maps, whole_means
from rsgraph.stages.streaming import array_file
from rsgraph.types import Chip, Floats, Mask
from rsgraph.workspace import Workspace


def memberships(context: Context) -> dict[str, Any]:
    """Average the pixels' memberships over every segment; write embeddings/target.npy."""
    task = _Memberships(context.options.target, context.workspace.folder.resolve())
    model = context.workspace.targets(bands=len(context.opened.bands))
    counts = np.zeros(len(model["centres"]), dtype=np.int64)
    with array_file(context.out / "embeddings" / "target.npy") as vectors:
        items = blocks_with_rows(context)
        for found in whole_means(items, context.blocks.map("memberships", task, items, context.progress)):
            vectors.append(found["vectors"])
            counts += np.bincount(found["vectors"].argmax(1), minlength=len(counts))
    return {"strongest": counts.tolist()}


@dataclass(frozen=True)
class _Memberships:
    """Averages the pixels' memberships over the segments of one block."""

    target: Choice
    workspace: Path

    def __call__(self, block: ChipBlock) -> Arrays:
        labeller = self.target.build()
        model = Workspace(self.workspace).targets(needed=labeller.fitted)

        def maps(chip: Chip) -> Floats:
            raster = block.read(chip)
            return membership_maps(labeller, model, raster.values, raster.valid)

        return mean_maps(Workspace(self.workspace), block, maps)


def mean_maps(workspace: Workspace, block: ChipBlock, maps: Callable[[Chip], Floats]) -> Arrays:
    """Return the means of ``maps(chip)`` (D, rows, columns) over a block's segments as ``vectors`` (segments, D).

    Where segments were stitched and may lie in several blocks: what ``whole_means`` makes these of.
    """
    if workspace.segment_overlap:
        return summed_maps(workspace, block, maps)
    parts = []
    for chip, rows in zip(block.chips, block.rows, strict=True):
        labels = read_segmentation(workspace, block.scene(chip), chip, rows).labels
        parts.append(segment_means(maps(chip), labels, len(rows)))
    return {"vectors": np.concatenate(parts).astype(np.float32)}


def membership_maps(labeller: Any, model: Mapping[str, NDArray[Any]], values: Floats, valid: Mask) -> Floats:
    """Return memberships (C, rows, columns), all of a pixel side by side; 0 where there are no data."""
    found = labeller.predict(values[:, valid].T, model)
    maps = np.zeros((*valid.shape, found.shape[1]), dtype=np.float32)
    maps[valid] = found
    return np.moveaxis(maps, -1, 0)
