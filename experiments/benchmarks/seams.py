"""Visibility of chip borders in a scene's label map with and without stitching, and the cost of stitching.

``python -m experiments.benchmarks.seams``

Visibility of the grid: the share of pixel pairs across chip borders that lie in two segments, divided by that share
among all other pairs of neighbours. Segments that know nothing of chips have 1. The strongest line is the largest of
these shares over all offsets to the chips' borders, divided by the median: it finds seams that were merely moved.
It is not 1 where there are no seams: where nothing tells segments apart, as in calm sea, SLIC leaves its own cells,
and their straight sides lie at the same offsets in chip after chip. Two columns tell such lines from seams:
``line_chip_inside``, the strongest line of the unstitched map but for the chips' borders, and ``line_one``, that of
the scene segmented as one chip, which has no seams at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import NamedTuple

import numpy as np
from matplotlib import image
from numpy.typing import NDArray

from experiments.benchmarks.places import real_scene
from experiments.benchmarks.record import RESULTS, Value, record
from rsgraph.components import build
from rsgraph.io.chips import cut, widened
from rsgraph.segmenters.levels import level, levels
from rsgraph.segmenters.preparation import smallest_segment
from rsgraph.segmenters.stitching import cut_piece, overlap, stitch
from rsgraph.types import Chip, Scene

SIZE, N = 256, 500
SCENES = {
    "T48QUE": "S2B_MSIL2A_20200223T032739_T48QUE_bands",
    "T33UUB": "t33uub_20170527_l1c_10m.tif",
    "generated coast": "",
}
SEGMENTERS = ("slic", "felzenszwalb", "watershed")
PICTURE = ("T48QUE", "slic", (156, 156, 200))

Ids = NDArray[np.int64]


def opened(file: str) -> Scene:
    if not file:
        return build("reader", name="synthetic", rows=1024, columns=1024).open()[0]  # type: ignore[no-any-return]
    return build("reader", name="auto").open(real_scene(file))[0]  # type: ignore[no-any-return]


def apart(scene: Scene, chips: Sequence[Chip], name: str) -> tuple[Ids, float]:
    """Segment every chip for itself; return ids and seconds of one core, reading apart."""
    segmenter, ids, seconds = (
        build("segmenter", name=name, seams="chip"),
        np.zeros((scene.rows, scene.columns), dtype=np.int64),
        0.0,
    )
    for chip in chips:
        raster = scene.source.read(chip.window)
        start = process_time()
        found = segmenter.segment(raster.values, raster.valid, chip_pixels=SIZE * SIZE)
        row, column, rows, columns = chip.window
        labels = np.where(found.labels > 0, found.labels + ids.max(), 0)
        ids[row : row + rows, column : column + columns] = labels
        seconds += process_time() - start
    return ids, seconds


def together(scene: Scene, chips: Sequence[Chip], name: str) -> tuple[Ids, float]:
    """Stitch; return ids and seconds of one core, reading apart."""
    rasters = [scene.source.read(chip.window) for chip in chips]
    segmenter = build("segmenter", name=name, seams="stitch")
    outer = [widened(chip.window, overlap(segmenter, SIZE), scene.window) for chip in chips]
    larger = [scene.source.read(window) for window in outer]
    found = [level(raster.values, raster.valid) for raster in rasters]  # the survey of a scene has them already
    start = process_time()
    scale = levels([chip.window for chip in chips], found)
    pieces = (
        cut_piece(segmenter, raster, window=chip.window, outer=window, chip_pixels=SIZE * SIZE, levels=scale)
        for chip, window, raster in zip(chips, outer, larger, strict=True)
    )
    strips = list(stitch(pieces, scene.columns, min_size=smallest_segment(N, SIZE * SIZE)))
    return np.concatenate([strip.ids for strip in strips]).astype(np.int64), process_time() - start


def whole(scene: Scene, name: str) -> Ids:
    """Segment the scene as one chip; return ids."""
    raster = scene.source.read(scene.window)
    found = build("segmenter", name=name).segment(raster.values, raster.valid, chip_pixels=SIZE * SIZE)
    return np.asarray(found.labels, dtype=np.int64)


class Visibility(NamedTuple):
    """Of the grid, of the strongest line, and of the strongest line but for the chips' borders."""

    grid: float
    line: float
    inside: float


def visibility(ids: Ids) -> Visibility:
    """Return how visible the chips are in a label map."""
    borders, pairs = np.zeros(SIZE), np.zeros(SIZE)
    for labels in (ids, ids.T):
        differ = (labels[:, 1:] != labels[:, :-1]).sum(axis=0)
        offsets = np.arange(1, labels.shape[1]) % SIZE
        borders += np.bincount(offsets, weights=differ, minlength=SIZE)
        pairs += np.bincount(offsets, minlength=SIZE) * len(labels)
    shares = borders / pairs
    grid, middle = shares[0] / (borders[1:].sum() / pairs[1:].sum()), np.median(shares)
    return Visibility(float(grid), float(shares.max() / middle), float(shares[1:].max() / middle))


def picture(scene: Scene, maps: Sequence[Ids], place: tuple[int, int, int], path: Path) -> None:
    """Draw the outlines of label maps side by side on the scene."""
    row, column, side = place
    here = slice(row, row + side), slice(column, column + side)
    chosen = [scene.bands.index(band) for band in ("B04", "B03", "B02")]
    colours = np.moveaxis(scene.source.read(scene.window).values[chosen][:, *here], 0, -1)
    low, high = np.percentile(colours, [1, 98])
    back = np.kron(np.clip((colours - low) / (high - low), 0, 1), np.ones((3, 3, 1)))
    panels = []
    for ids in maps:
        large, panel = np.kron(ids[here], np.ones((3, 3), dtype=np.int64)), back.copy()
        panel[:, 1:][large[:, 1:] != large[:, :-1]] = (1, 1, 0)
        panel[1:][large[1:] != large[:-1]] = (1, 1, 0)
        panels += [panel, np.ones((len(panel), 9, 3))]
    image.imsave(path, np.concatenate(panels[:-1], axis=1))


def main() -> None:
    rows: list[dict[str, Value]] = []
    for title, file in SCENES.items():
        scene = opened(file)
        chips = cut([scene], size=SIZE)
        for name in SEGMENTERS:
            apart(scene, chips[:1], name)  # compiled before it is timed
            (chip_ids, chip_s), (ids, stitch_s) = apart(scene, chips, name), together(scene, chips, name)
            if (title, name) == PICTURE[:2]:
                picture(scene, (chip_ids, ids), PICTURE[2], RESULTS / "seams.png")
            chip, stitched, one = visibility(chip_ids), visibility(ids), visibility(whole(scene, name))
            grids = (
                f"{chip.grid:.1f} times as visible as other borders chip by chip, {stitched.grid:.2f} times stitched"
            )
            rows.append(
                {
                    "work": f"stitched segments of {title} ({len(chips)} chips), {name}",
                    "ours_s": round(stitch_s, 2),
                    "peer_s": round(chip_s, 2),
                    "ratio": round(chip_s / stitch_s, 2),
                    "grid_chip": round(chip.grid, 2),
                    "grid_stitch": round(stitched.grid, 2),
                    "line_chip": round(chip.line, 2),
                    "line_chip_inside": round(chip.inside, 2),
                    "line_stitch": round(stitched.line, 2),
                    "line_one": round(one.line, 2),
                    "segments_chip": int(chip_ids.max()),
                    "segments_stitch": int(ids.max()),
                    "note": f"seconds of one core; peer: seams=chip; grid {grids}; strongest line "
                    f"inside chips {chip.inside:.1f}, stitched {stitched.line:.1f}, scene as one chip {one.line:.1f}",
                }
            )
            print(f"{rows[-1]['work']}: grid {grids}; {stitch_s:.2f} s against {chip_s:.2f} s")
    print(record("seams", rows))


if __name__ == "__main__":
    main()
