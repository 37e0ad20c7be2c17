"""The stage of segments where these do not stop at chip borders, and means over segments that lie in several chips.

Chips are segmented with overlap, in blocks as everything else; joining them takes milliseconds per chip and is done
here, in their order, one row of chips after the other. What a segment's pixels add up to is then collected from all
chips that it lies in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rsgraph.errors import ConfigError
from rsgraph.files import write_json
from rsgraph.graphs.features import segment_sums
from rsgraph.io.chip_blocks import ChipBlock, chip_blocks
from rsgraph.io.chips import widened
from rsgraph.options import Choice
from rsgraph.own_files.arrays import read_levels
from rsgraph.progress import part_of
from rsgraph.protocols import Arrays, Segmenter
from rsgraph.segmenters.levels import Level, Levels, level, levels
from rsgraph.segmenters.preparation import smallest_segment
from rsgraph.segmenters.stitching import Piece, cut_piece, overlap, stitch
from rsgraph.stages.context import Context
from rsgraph.stages.known_segments import KnownSegments, known_segments
from rsgraph.stages.segment_files import IdRasters, read_labels, rows_of_chips, segment_table
from rsgraph.stages.streaming import array_file
from rsgraph.types import Chip, Floats, Window
from rsgraph.workspace import Workspace, write_table

_CUTTING, _ADDING = 0.87, 0.95
"""Shares of the stage's time after which all is cut, and bands are added up; the rest writes."""


def stitched_segments(context: Context, segmenter: Segmenter) -> dict[str, Any]:
    """Segment every chip with overlap and join what belongs together; as the stage ``segments``."""
    size = context.options.chips.size
    if not segmenter.n_segments:
        raise ConfigError(
            f"segmenter={context.options.segmenter.name} stitches segments, so it must say how many a chip has: "
            "set its attribute `n_segments`, or leave `seams` at chip"
        )
    by, known = overlap(segmenter, size), known_segments(context)
    table = _stitched(context, known, size * size, by, smallest_segment(segmenter.n_segments, size * size))
    write_table(context.out / "segments.parquet", table)
    write_json(context.out / "segments.json", {"seams": "stitch", "overlap": by})
    _write_bands(context, known, table)
    return {"segments": len(table), "per_chip": round(len(table) / max(len(context.opened.chips), 1), 1)}


def _stitched(context: Context, known: KnownSegments, chip_pixels: int, by: int, min_size: int) -> pd.DataFrame:
    """Write the rasters of segment ids; return the table of segments."""
    parts = [*known.tables]
    with IdRasters(context, known.next_id) as rasters:
        pieces = _pieces(context, known, chip_pixels, by)
        for index, group in groupby(pieces, key=lambda found: found[0].scene):
            chips: list[int] = []  # of this scene, as far as they are read
            columns = context.opened.scenes[index].columns
            joined = stitch(_remembered(group, chips), columns, min_size=min_size, first_id=rasters.next_id)
            for strip in joined:
                rasters.write_ids(index, strip.ids, strip.window)
                rasters.next_id += len(strip.areas)
                numbers = np.array(chips)[strip.chips]
                parts.append(segment_table(context, index, strip.first_id, numbers, strip.centroids, strip.areas))
    return pd.concat(parts, ignore_index=True)


def _remembered(found: Iterable[tuple[Chip, Piece]], chips: list[int]) -> Iterator[Piece]:
    for chip, piece in found:
        chips.append(chip.chip_id)
        yield piece


@dataclass(frozen=True)
class _Overlapping:
    """A block of chips, what of the scene is cut for each, and the scale of its values there."""

    block: ChipBlock
    outer: tuple[Window, ...]
    scales: tuple[Levels | None, ...]


@dataclass(frozen=True)
class _CutPieces:
    """Segments the chips of one block with their overlap."""

    segmenter: Choice
    chip_pixels: int

    def __call__(self, item: _Overlapping) -> Arrays:
        segmenter = self.segmenter.build()
        found = []
        for chip, outer, scale in zip(item.block.chips, item.outer, item.scales, strict=True):
            raster = item.block.scene(chip).source.read(outer)
            found.append(
                cut_piece(
                    segmenter, raster, window=chip.window, outer=outer, chip_pixels=self.chip_pixels, levels=scale
                )
            )
        return _pack(found)


def _pack(pieces: Sequence[Piece]) -> Arrays:
    """Lay the chips of one block end to end, labels in the smallest type that holds them."""
    smallest = np.min_scalar_type(max(int(piece.labels.max(initial=0)) for piece in pieces))
    return {
        "labels": np.concatenate([piece.labels.ravel() for piece in pieces]).astype(smallest),
        "heights": np.concatenate([piece.heights.ravel() for piece in pieces]),
        "kept": np.array([piece.kept for piece in pieces]),
    }


def _pieces(context: Context, known: KnownSegments, chip_pixels: int, by: int) -> Iterator[tuple[Chip, Piece]]:
    """Segment all chips with overlap, but those of known scenes; give them in their order."""
    items = _overlapping(context, known, by)
    task = _CutPieces(context.options.segmenter, chip_pixels)
    found = context.blocks.map("pieces", task, items, part_of(context.progress, 0, _CUTTING))
    for item, arrays in zip(items, found, strict=True):
        pixel = 0
        for chip, outer, kept in zip(item.block.chips, item.outer, arrays["kept"], strict=True):
            here = slice(pixel, pixel + outer.rows * outer.columns)
            labels, heights = (
                arrays[name][here].reshape(outer.rows, outer.columns) for name in ("labels", "heights")
            )
            yield chip, Piece(chip.window, outer, labels.astype(np.int32), heights, int(kept))
            pixel = here.stop


def _overlapping(context: Context, known: KnownSegments, by: int) -> list[_Overlapping]:
    opened = context.opened
    extents, scales = _extents(opened.chips), _scales(context, known.scenes)
    items = []
    for block in known.others(chip_blocks(opened.scenes, opened.chips, old=opened.old)):
        outer = tuple(widened(chip.window, by, extents[chip.scene]) for chip in block.chips)
        near = [scales.get(chip.scene) for chip in block.chips]
        around = (None if scale is None else scale.around(window) for scale, window in zip(near, outer, strict=True))
        items.append(_Overlapping(block, outer, tuple(around)))
    return items


def _extents(chips: Sequence[Chip]) -> dict[int, Window]:
    """Return scene -> the rectangle that its chips fill: nothing beyond it belongs to a segment."""
    found = {}
    for scene, group in groupby(chips, key=lambda chip: chip.scene):
        windows = [chip.window for chip in group]
        row, column = min(w.row for w in windows), min(w.column for w in windows)
        below, right = max(w.row + w.rows for w in windows), max(w.column + w.columns for w in windows)
        found[scene] = Window(row, column, below - row, right - column)
    return found


def _measure(block: ChipBlock) -> Arrays:
    """Measure mean and contrast of one block's chips."""
    found = [level(raster.values, raster.valid) for raster in map(block.read, block.chips)]
    return {name: np.array([getattr(each, name) for each in found]) for name in Level._fields}


def _scales(context: Context, first: int) -> dict[int, Levels]:
    """Return scene -> its levels, for scenes of several chips from the ``first`` scene on."""
    opened = context.opened
    counts = np.bincount([chip.scene for chip in opened.chips], minlength=len(opened.scenes))
    several = [chip for chip in opened.chips if counts[chip.scene] > 1 and chip.scene >= first]
    if not several:
        return {}
    scales = {}
    for scene, group in groupby(zip(several, _levels(context, several), strict=True), key=lambda pair: pair[0].scene):
        pairs = list(group)
        scales[scene] = levels([chip.window for chip, _ in pairs], [each for _, each in pairs])
    return scales


def _levels(context: Context, chips: Sequence[Chip]) -> list[Level]:
    """Return the levels of chips as the survey found them; measured here in workspaces made before it kept them."""
    if context.workspace.path("levels.npz").exists():
        kept = read_levels(context.workspace.path("levels.npz"), bands=len(context.opened.bands))
        rows = [chip.chip_id for chip in chips]
        return [Level(*each) for each in zip(*(kept[name][rows] for name in Level._fields), strict=True)]
    found: list[Level] = []
    for arrays in context.blocks.map("levels", _measure, chip_blocks(context.opened.scenes, chips), context.progress):
        found += [Level(*each) for each in zip(*(arrays[name] for name in Level._fields), strict=True)]
    return found


@dataclass(frozen=True)
class _AddBands:
    """Adds the bands up over the segments of one block."""

    folder: Path

    def __call__(self, block: ChipBlock) -> Arrays:
        return summed_maps(Workspace(self.folder), block, lambda chip: block.read(chip).values)


def _write_bands(context: Context, known: KnownSegments, table: pd.DataFrame) -> None:
    opened = context.opened
    rows = rows_of_chips(table["chip_id"].to_numpy(), len(opened.chips))
    blocks = known.others(chip_blocks(opened.scenes, opened.chips, rows, old=opened.old))
    found = context.blocks.map(
        "bands", _AddBands(context.out.resolve()), blocks, part_of(context.progress, _CUTTING, _ADDING)
    )
    with array_file(context.out / "embeddings" / "bands.npy") as means:
        for each in known.means:
            means.append(each)
        for arrays in whole_means(blocks, found):
            means.append(arrays["vectors"])


def summed_maps(workspace: Workspace, block: ChipBlock, maps: Callable[[Chip], Floats]) -> Arrays:
    """Add maps up over all segments that lie in a block's chips, those of other chips among them.

    Parameters
    ----------
    workspace
        Where the rasters of segment ids are.
    block
        Some chips.
    maps
        chip -> (D, rows, columns) float32.

    Returns
    -------
    arrays
        ``rows`` (n,) int64 of the table of segments, ascending; ``sums`` (n, D) float64; ``counts`` (n,) int64.
    """
    parts = []
    for chip in block.chips:
        found, labels = read_labels(workspace, block.scene(chip), chip)
        parts.append((found - 1, *segment_sums(maps(chip), labels, len(found))))
    all_rows, sums, counts = (np.concatenate(each) for each in zip(*parts, strict=True))
    rows, places = np.unique(all_rows, return_inverse=True)
    added = np.zeros((len(rows), sums.shape[1])), np.zeros(len(rows), dtype=np.int64)
    np.add.at(added[0], places, sums)
    np.add.at(added[1], places, counts)
    return {"rows": rows, "sums": added[0], "counts": added[1]}


def whole_means(blocks: Sequence[ChipBlock], found: Iterable[Arrays]) -> Iterator[Arrays]:
    """Turn the sums of blocks into means of segments, as soon as all chips that a segment may lie in are done.

    Three rows of chips wait at a time. The sums are added in the order of the blocks: the same wherever they ran.

    Parameters
    ----------
    blocks
        All blocks, or the last ones, from a scene's first on; with the rows of their chips' segments.
    found
        The result of each: as ``summed_maps``, or with ``vectors`` (n, D) of all its segments, and more besides.

    Yields
    ------
    arrays
        ``vectors`` (n, D) float32 of the segments that became complete, in the order of the table; what else the
        block resulted in.
    """
    first = blocks[0].segments.start if blocks else 0
    sums, counts = np.zeros((0, 0)), np.zeros(0, dtype=np.int64)
    oldest = 0  # the first block whose segments may be incomplete
    for number, (block, arrays) in enumerate(zip(blocks, found, strict=True)):
        if "sums" not in arrays:
            yield arrays
            first = block.segments.stop
            continue
        rest = {name: array for name, array in arrays.items() if name not in ("rows", "sums", "counts")}
        places = arrays["rows"] - first
        more = max(0, int(places.max(initial=-1)) + 1 - len(counts))
        sums = np.concatenate([sums.reshape(-1, arrays["sums"].shape[1]), np.zeros((more, arrays["sums"].shape[1]))])
        counts = np.concatenate([counts, np.zeros(more, dtype=np.int64)])
        sums[places] += arrays["sums"]
        counts[places] += arrays["counts"]
        row, oldest = _open(blocks, number, oldest)
        complete = row - first
        yield {**rest, "vectors": (sums[:complete] / counts[:complete, None]).astype(np.float32)}
        first, sums, counts = first + complete, sums[complete:], counts[complete:]


def _open(blocks: Sequence[ChipBlock], number: int, oldest: int) -> tuple[int, int]:
    """Return the row of the first segment that may reach into chips after a block, and the block that it is of.

    ``oldest`` is what the block before it gave: blocks above it are complete.
    """
    if number + 1 == len(blocks):
        return blocks[number].segments.stop, number
    following = blocks[number + 1].chips[0]
    for index in range(oldest, number + 1):
        for chip, rows in zip(blocks[index].chips, blocks[index].rows, strict=True):
            beside = chip.window.row + chip.window.rows >= following.window.row
            if chip.scene == following.scene and beside:
                return rows.start, index
    return blocks[number].segments.stop, number + 1
