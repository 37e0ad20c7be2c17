"""A generated tile with varied places, a sample of its chips to learn from, and how varied it is.

    python -m experiments.benchmarks.places [FOLDER]

records how far a chip is from the chip most like it, against the same tile with one kind of place. With FOLDER it
also writes ``varied-10980.tif`` (10 980 x 10 980 x 12, uint16) and ``varied-10980_sample.tif`` (8 x 8 of its chips,
drawn evenly, as one scene) there unless they are there.

A chip is described by the mean and the standard deviation of each band over the 64 x 64 pixels in its middle, each
divided by its standard deviation over the chips of both tiles. Its distance to another chip is the root of the mean
square over the 24 numbers: near 0 within open sea, 1.4 for two chips that have nothing in common.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window as RasterioWindow
from scipy.spatial import cKDTree

from experiments.benchmarks.record import Value, record
from rsgraph.files import atomic
from rsgraph.io.synthetic.reader import Places as Kind
from rsgraph.io.synthetic.reader import Synthetic
from rsgraph.io.writers import write_scene
from rsgraph.types import Scene, Window

SIZE, CHIP, ACROSS = 10_980, 256, 8
WORK = Path(__file__).resolve().parents[1] / ".work"
"""What benchmarks and tables leave for each other; not under version control."""
TILE = WORK / "tile"
"""Of the benchmarks of a whole tile: tile, models, workspace, chips cut from it."""
ALIKE = 0.1
"""Chips nearer than this are called alike: mere noise and open water are within it."""


def main(folder: str | None = None) -> None:
    """Write the files where a folder is given, and record the distances."""
    if folder is not None:
        sampled(write_tile(Path(folder), SIZE))
    rows = variety()
    for row in rows:
        print("{work}: median {median_distance}, alike {alike_percent} %".format(**row))
    print(record("places", rows))


def real_scenes() -> Path:
    """Return the folder of the real scenes: RSGRAPH_DATA, else shared/data beside the checkout."""
    return Path(os.environ.get("RSGRAPH_DATA") or WORK.parents[2] / "shared" / "data")


def real_scene(name: str) -> Path:
    """Return the path of one of the real scenes."""
    return real_scenes() / name


def write_tile(folder: Path, size: int, *, seed: int = 0) -> Path:
    """Write the varied tile as ``varied-<size>.tif`` unless it is there; return its path."""
    path = folder / f"varied-{size}.tif"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (scene,) = Synthetic(rows=size, columns=size, seed=seed, places="varied").open(None)
        write_scene(scene, path)
    return path


def sampled(tile: Path) -> Path:
    """Write the sample of a tile that models learn from beside it unless it is there; return its path."""
    return write_sample(tile, tile.with_name(f"{tile.stem}_sample.tif"), across=ACROSS)


def write_sample(tile: Path, path: Path, *, across: int, side: int = CHIP) -> Path:
    """Copy ``across`` x ``across`` chips, spread evenly over a tile, into one scene unless it is there.

    Its chips are those of the tile, so that a model learns from all the tile has; only their neighbours are wrong.
    """
    if path.exists():
        return path
    with rasterio.open(tile) as source, atomic(path) as temporary:
        across = min(across, source.height // side, source.width // side)
        rows = np.linspace(0, source.height // side - 1, across).astype(int) * side
        columns = np.linspace(0, source.width // side - 1, across).astype(int) * side
        profile = {**source.profile, "height": across * side, "width": across * side}
        with rasterio.open(temporary, "w", **profile) as target:
            target.scales, target.descriptions = source.scales, source.descriptions
            for i, row in enumerate(rows):
                for j, column in enumerate(columns):
                    chip = source.read(window=RasterioWindow(column, row, side, side))
                    target.write(chip, window=RasterioWindow(j * side, i * side, side, side))
    return path


def variety() -> list[dict[str, Value]]:
    """Compare the distances of chips to their nearest in a tile of each kind."""
    kinds: tuple[Kind, ...] = ("one", "varied")
    described = [describe(Synthetic(rows=SIZE, columns=SIZE, places=kind).open(None)[0]) for kind in kinds]
    scale = np.concatenate(described).std(axis=0)
    rows: list[dict[str, Value]] = []
    for kind, chips in zip(kinds, described, strict=True):
        away = nearest(chips / scale)
        rows.append(
            {
                "work": f"distance of {len(chips)} chips to the chip most like each, places {kind}",
                "median_distance": round(float(np.median(away)), 3),
                "alike_percent": round(100 * float((away < ALIKE).mean()), 1),
                "median_of_all_pairs": round(float(np.median(pairs(chips / scale))), 3),
                "note": f"alike: nearer than {ALIKE}; two chips with nothing in common are 1.4 apart",
            }
        )
    return rows


def describe(scene: Scene) -> NDArray[np.float64]:
    """Mean and standard deviation of each band (chips, 2 x bands), from 64 x 64 pixels in the middle of each chip."""
    inner = CHIP // 4
    starts = [CHIP * k + (CHIP - inner) // 2 for k in range(scene.rows // CHIP)]
    chips = [scene.source.read(Window(row, column, inner, inner)).values for row in starts for column in starts]
    return np.array([np.concatenate([chip.mean(axis=(1, 2)), chip.std(axis=(1, 2))]) for chip in chips], np.float64)


def nearest(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root mean square difference (chips,) to the nearest other chip."""
    away, _ = cKDTree(numbers).query(numbers, k=2)
    found: NDArray[np.float64] = away[:, 1] / np.sqrt(numbers.shape[1])
    return found


def pairs(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root mean square differences of 10 000 random pairs of chips."""
    one, other = np.random.default_rng(0).integers(0, len(numbers), (2, 10_000))
    return np.asarray(np.sqrt(np.square(numbers[one] - numbers[other]).mean(axis=1)))


if __name__ == "__main__":
    main(*sys.argv[1:])
