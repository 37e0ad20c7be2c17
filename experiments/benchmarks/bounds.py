"""The least time that each stage of a whole tile can take, from the bytes and operations that it cannot do without.

    read / decode + written / write + operations / speed

read
    Bytes of the tile (uint16, decompressed) where the stage sees all of it.
decode
    Bytes a second of two threads that read this file and do nothing else.
written
    Bytes of the stage's outputs.
write
    Bytes a second of writing 256 MB to the same folder and flushing them.
operations
    Multiplications and additions, of P chips, N segments, p pixels, b bands, k classes, D numbers a segment, K
    neighbours. scene: 4 p b. segments (SLIC, ten rounds, four centres a pixel): 120 p (b + 2). memberships:
    p k (3 b + 10). encode: P times what the network takes for a chip with its margin. graph: 8 N K. gnn: 2 N (D + K)
    D times its layers. metric (windows on a grid of every fourth pixel, three products and three rounds of averages
    of b + 1 features): 8 p (b + 2) + 6 N (b + 1) (b + 7). match (means of all pairs, cost matrices of only the 15
    nearest, of the E numbers that are compared): 2 P^2 E + 30 P (N / P)^2 E. project and trained_maps (one round of
    the forces of each map): 20 N K. join: 2 N D^2.
speed
    Operations a second of a large matrix product on two threads, in float32 or bfloat16, whichever is faster.

No stage can be quicker than its bound. One far above it waits for something else.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import torch
from rasterio.windows import Window as RasterioWindow
from torch.utils.flop_counter import FlopCounterMode

from experiments.benchmarks.places import CHIP
from experiments.benchmarks.record import Value, best_seconds
from rsgraph import build
from rsgraph.run.scenes import Reopened
from rsgraph.stages.encoder import margin_of
from rsgraph.training.modules import encoder_module
from rsgraph.workspace import Workspace

CORES = 2


def gb(size: float) -> float:
    """Return gigabytes of bytes."""
    return round(size / 1e9, 3)


@dataclass(frozen=True)
class Sizes:
    """What the formulas count: pixels, bands, classes, chips, segments, neighbours, numbers a segment, layers.

    And the numbers of the layer that chips are compared by, maps drawn at first and once networks are trained.
    """

    pixels: int
    bands: int
    classes: int
    chips: int
    segments: int
    neighbours: int
    numbers: int
    layers: int
    network: int
    compared: int
    maps: int
    later: int

    @classmethod
    def of(cls, workspace: Workspace, tile: Path) -> Sizes:
        """Read them from the finished workspace and the tile."""
        config = workspace.config
        with rasterio.open(tile) as file:
            pixels, bands = file.width * file.height, file.count
        classes = np.load(workspace.existing("embeddings", "target.npy"), mmap_mode="r").shape[1]
        chips, segments = len(workspace.chips), len(workspace.segments)
        layers, numbers = config["gnn"].get("layers", 0), workspace.embedding("encoder").shape[1]
        network = flops(config["encoder"], bands, classes, margin_of(Reopened(workspace.folder).options, CHIP))
        neighbours, compared = config["graph"].get("k", 8), workspace.embedding().shape[1]
        maps, later = (drawn(workspace, stage) for stage in ("project", "trained_maps"))
        of_segments = (segments, neighbours, numbers, layers)
        return cls(pixels, bands, classes, chips, *of_segments, network, compared, maps, later)


def drawn(workspace: Workspace, stage: str) -> int:
    """Return how many maps of segments a stage has drawn."""
    return len(workspace.manifest["stages"].get(stage, {}).get("facts", {}).get("maps", ()))


def flops(encoder: Mapping[str, Any], bands: int, classes: int, margin: int = 0) -> int:
    """Count the operations of the encoder on one chip, with so many pixels round it."""
    network = encoder_module(build("encoder", **encoder), n_bands=bands, n_classes=classes).eval()
    side = CHIP + 2 * margin
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, bands, side, side))
    return int(counter.get_total_flops())


@dataclass(frozen=True)
class Speeds:
    """Bytes decoded and written a second, operations a second."""

    decode: float
    write: float
    operations: float

    @classmethod
    def measure(cls, folder: Path, tile: Path) -> Speeds:
        """Measure them on this machine."""
        return cls(decoding(tile), writing(folder), multiplying())


def decoding(tile: Path, side: int = 1024) -> float:
    """Return bytes a second of two threads reading rows of whole blocks, from different places of a file."""
    with rasterio.open(tile) as file:
        side = min(side, file.width)
        rows = np.linspace(0, (file.height - CHIP) // CHIP, 16).astype(int) * CHIP
    windows = [RasterioWindow(0, int(top), side, CHIP) for top in rows]

    def read(half: int) -> int:
        with rasterio.open(tile) as file:
            return sum(file.read(window=window).nbytes for window in windows[half::CORES])

    started = time.perf_counter()
    with ThreadPoolExecutor(CORES) as pool:
        size = sum(pool.map(read, range(CORES)))
    return size / (time.perf_counter() - started)


def writing(folder: Path, size: int = 1 << 28) -> float:
    """Return bytes a second of writing and flushing random bytes."""
    values = np.random.default_rng(0).bytes(size)
    started = time.perf_counter()
    with (folder / "writing.tmp").open("wb") as file:
        file.write(values)
        file.flush()
        os.fsync(file.fileno())
    seconds = time.perf_counter() - started
    (folder / "writing.tmp").unlink()
    return size / seconds


def multiplying(side: int = 2048) -> float:
    """Return operations a second of a matrix product on two threads, of the faster of float32 and bfloat16."""
    torch.set_num_threads(CORES)
    ones = [torch.ones(side, side, dtype=kind) for kind in (torch.float32, torch.bfloat16)]
    return 2 * side**3 / min(best_seconds(*(lambda each=each: each @ each for each in ones), rounds=5))


@dataclass(frozen=True)
class Work:
    """What a stage cannot do without: bytes to decode, bytes to write, operations."""

    read: float
    written: float
    operations: float

    def columns(self, speeds: Speeds, seconds: float) -> dict[str, Value]:
        """Return the columns of the bound."""
        parts = (self.read / speeds.decode, self.written / speeds.write, self.operations / speeds.operations)
        bound = sum(parts)
        return {
            "tile_gb": gb(self.read),
            "outputs_gb": gb(self.written),
            "gflop": round(self.operations / 1e9, 1),
            "bound_s": round(bound, 2),
            "bound_read_s": round(parts[0], 2),
            "bound_write_s": round(parts[1], 2),
            "bound_flop_s": round(parts[2], 2),
            "times_bound": round(seconds / bound, 1) if bound > 0.05 else "",
            "note": f"decoding {speeds.decode / 1e6:.0f} MB/s, writing {speeds.write / 1e6:.0f} MB/s, "
            f"{speeds.operations / 1e9:.0f} GFLOP/s",
        }


def work(sizes: Sizes) -> dict[str, Work]:
    """Return what each stage cannot do without, by the formulas above; outputs are added when they are there."""
    p, b, k, n, c = sizes.pixels, sizes.bands, sizes.classes, sizes.segments, sizes.chips
    d, e, near = sizes.numbers, sizes.compared, sizes.neighbours
    tile = 2.0 * p * b
    return {
        "scene": Work(tile, 0, 4 * p * b),
        "segments": Work(tile, 0, 120 * p * (b + 2)),
        "graph": Work(0, 0, 8 * n * near),
        "metric": Work(0, 0, 8 * p * (b + 2) + 6 * n * (b + 1) * (b + 7)),
        "project": Work(0, 0, 20 * n * near * sizes.maps),
        "match": Work(0, 0, 2 * c * c * e + 2 * c * 15 * (n / c) ** 2 * e),
        "chip_map": Work(0, 0, 20 * c * near),
        "target": Work(0, 0, 0),
        "encoder": Work(0, 0, 0),
        "memberships": Work(tile, 0, p * k * (3 * b + 10)),
        "encode": Work(tile, 0, c * sizes.network),
        "gnn": Work(0, 0, 2 * n * (d + near) * d * sizes.layers),
        "join": Work(0, 0, 2 * n * d * d),
        "trained_maps": Work(0, 0, 20 * n * near * sizes.later),
        "pictures": Work(0, 0, 0),
    }
