"""Rasters of segment ids and the table of segments: how stages write them, and read them back chip by chip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsgraph.io.chip_blocks import ChipBlock, chip_blocks
from rsgraph.io.chips import widened
from rsgraph.io.segment_ids import read_ids
from rsgraph.io.writers import raster_writer
from rsgraph.protocols import Arrays
from rsgraph.stages.context import Context
from rsgraph.types import Chip, Floats, Labels, Scene, Segmentation, Window
from rsgraph.workspace import Workspace


class CutChip(NamedTuple):
    """One chip, segmented: labels (rows, columns); of its n segments means (n, bands), centroids (n, 2), areas."""

    labels: Labels
    means: Floats
    centroids: Floats
    areas: NDArray[np.int64]


def pack(cut: Sequence[CutChip]) -> Arrays:
    """Lay the chips of one block end to end, labels in the smallest type that holds them."""
    counts = np.array([len(each.areas) for each in cut], dtype=np.int64)
    smallest = np.min_scalar_type(int(counts.max(initial=0)))
    return {
        "counts": counts,
        "labels": np.concatenate([each.labels.ravel() for each in cut]).astype(smallest),
        "means": np.concatenate([each.means for each in cut]).astype(np.float32),
        "centroids": np.concatenate([each.centroids for each in cut]),
        "areas": np.concatenate([each.areas for each in cut]),
    }


def unpack(block: ChipBlock, arrays: Arrays) -> Iterator[tuple[Chip, CutChip]]:
    """Take the chips of one block apart again."""
    last = np.cumsum(arrays["counts"])
    first = last - arrays["counts"]
    pixel = 0
    for number, chip in enumerate(block.chips):
        rows, columns = chip.window.rows, chip.window.columns
        here = slice(int(first[number]), int(last[number]))
        labels = arrays["labels"][pixel : pixel + rows * columns].reshape(rows, columns).astype(np.int32)
        yield chip, CutChip(labels, *(arrays[name][here] for name in ("means", "centroids", "areas")))
        pixel += rows * columns


def segment_table(
    context: Context,
    scene: int,
    first: int,
    chips: NDArray[np.integer[Any]],
    places: NDArray[np.floating[Any]],
    areas: NDArray[np.int64],
) -> pd.DataFrame:
    """Return the rows of some consecutive segments of one scene.

    Parameters
    ----------
    context
        Of the stage.
    scene
        Its index in the collection.
    first
        Id of the first segment.
    chips, places, areas
        Of each segment: its ``chip_id`` (n,), its centroid (n, 2) as (row, column) in scene pixels, its pixels (n,).
    """
    n = len(areas)
    table = pd.DataFrame(
        {
            "segment_id": np.arange(first, first + n, dtype=np.uint32),
            "chip_id": chips.astype(np.int32),
            "row": places[:, 0].astype(np.float32),
            "column": places[:, 1].astype(np.float32),
            "area_px": areas.astype(np.int32),
        }
    )
    if context.opened.collection:
        table["scene_id"] = pd.Series([context.opened.scenes[scene].name] * n, dtype="str")
    return table


def segment_raster(context: Context, scene: Scene) -> Path:
    """Return the raster that a scene's segment ids are written to: one of several in a collection."""
    return context.out / (f"segments/{scene.name}.tif" if context.opened.collection else "segments.tif")


class IdRasters:
    """Writes segment ids, scene by scene, counting on from ``next_id``."""

    def __init__(self, context: Context, next_id: int = 1) -> None:
        self.context = context
        self.next_id = next_id
        self._current: tuple[int, Any] | None = None
        self._open_file: ExitStack = ExitStack()

    def __enter__(self) -> IdRasters:
        return self

    def __exit__(self, *failure: Any) -> None:
        self._open_file.__exit__(*failure)

    def write(self, chip: Chip, cut: CutChip) -> None:
        """Write one chip; ids count on from the last one."""
        ids = np.where(cut.labels > 0, cut.labels.astype(np.int64) + self.next_id - 1, 0)
        self.write_ids(chip.scene, ids.astype(np.uint32), chip.window)
        self.next_id += len(cut.areas)

    def write_ids(self, scene: int, ids: NDArray[np.uint32], window: Window) -> None:
        """Write the ids (rows, columns) of one window of a scene."""
        self._writer(scene).write(ids[None], window)

    def _writer(self, index: int) -> Any:
        if self._current is None or self._current[0] != index:
            self._open_file.close()
            self._open_file = ExitStack()
            self._current = (index, self._open_file.enter_context(self._raster(self.context.opened.scenes[index])))
        return self._current[1]

    def _raster(self, scene: Scene) -> AbstractContextManager[Any]:
        return raster_writer(
            segment_raster(self.context, scene),
            rows=scene.rows,
            columns=scene.columns,
            count=1,
            dtype="uint32",
            crs=scene.crs,
            transform=scene.transform,
            nodata=0,
        )


def blocks_with_rows(context: Context) -> list[ChipBlock]:
    """Return the chips in blocks, with their rows of the table of segments."""
    opened = context.opened
    return chip_blocks(opened.scenes, opened.chips, [rows for _, rows in chip_rows(context)], old=opened.old)


def chip_rows(context: Context) -> list[tuple[Chip, range]]:
    """Return every chip with its rows of the table of segments, which are consecutive."""
    chips = context.opened.chips
    numbers = context.workspace.segments["chip_id"].to_numpy()
    return list(zip(chips, rows_of_chips(numbers, len(chips)), strict=True))


def rows_of_chips(numbers: NDArray[Any], chips: int) -> list[range]:
    """Return the rows of each chip in a table with these ``chip_id``, which ascend."""
    bounds = np.searchsorted(numbers, np.arange(chips + 1)).tolist()
    return [range(first, last) for first, last in pairwise(bounds)]


def own_window(workspace: Workspace, scene: Scene, chip: Chip) -> Window:
    """Return the pixels of a scene that a chip's own segments lie in: the chip, or more where they were stitched."""
    return widened(chip.window, workspace.segment_overlap, scene.window)


def read_segmentation(workspace: Workspace, scene: Scene, chip: Chip, rows: range) -> Segmentation:
    """Read one chip's own segments back, numbered from 1, in its ``own_window``."""
    ids = read_ids(workspace.segment_file(scene.name), own_window(workspace, scene, chip)).astype(np.int64)
    own = (ids > rows.start) & (ids <= rows.stop)
    return Segmentation(np.where(own, ids - rows.start, 0).astype(np.int32), len(rows))


def read_labels(workspace: Workspace, scene: Scene, chip: Chip) -> tuple[NDArray[np.int64], Labels]:
    """Read the ids (n,) of all segments in a chip, ascending, and its pixels' labels: 1 ... n, 0 for no data."""
    ids = read_ids(workspace.segment_file(scene.name), chip.window, most=workspace.segment_count)
    found, labels = np.unique(ids, return_inverse=True)
    labels = labels.reshape(ids.shape) + (found[0] != 0)
    return found[found != 0].astype(np.int64), labels.astype(np.int32)
