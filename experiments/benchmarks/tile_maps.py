"""A tile from the file to both first maps, and what a user's own script takes to one.

    python -m experiments.benchmarks.tile_maps [SIZE ...] [peer=SIZE] [FOLDER]

Tiles of some sides are generated (``places.py``) and run as a user would, with plain defaults and an empty cache, on
two cores, but without training (``experiment=untrained draw=false``). A tile is ready to label when project has
ended: seconds and memory count from the command to then, start of the program included. Stages stand beside their
bounds (``bounds.py``). Growth is the exponent of the seconds in the area between two sizes: 1.14 means that twice the
area costs 2.2 times. By default 1/16, 1/8 and 1/4 of a tile.

The peer, for the size of ``peer``, is the script that a user would write: rasterio reads, scikit-image's SLIC cuts
the whole image into as many segments, NumPy averages, umap-learn draws one map. It is stopped after an hour, and the
row says so. Both maps are judged alike: trustworthiness (scikit-learn, k = 15) of 5 000 segments, by the vectors that
the map was made of.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.manifold import trustworthiness

from experiments.benchmarks.bounds import CORES, gb
from experiments.benchmarks.places import SIZE, TILE, write_tile
from experiments.benchmarks.record import Value, record
from experiments.benchmarks.watching import Watched, watch
from experiments.benchmarks.whole_tile import command, named, stop_if_failed, table
from rsgraph.workspace import Workspace

OPTIONS = ("chips.edges=pad", "experiment=untrained", "draw=false")
COUNTED = ("scene", "segments", "graph", "metric", "project")
SIZES = (2745, 3882, 5490)
LIMIT_S, LIMIT_GB, PEER_LIMIT_S = 360, 4, 3600
ASKED, K = 5000, 15
ASKED_FOR = 1.46
"""Segments that SLIC is asked for, for each that it leaves of this tile: asked for 62 527 it left 42 776."""

SCRIPT = """
import sys, time
import numpy as np, rasterio, umap
from skimage.segmentation import slic
path, n, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
began = time.perf_counter()
with rasterio.open(path) as file:
    image = np.moveaxis(file.read().astype(np.float32) * 1e-4, 0, -1)
pixels = image.reshape(-1, image.shape[-1])
scaled = ((pixels - pixels.mean(0)) / pixels.std(0) / np.sqrt(pixels.shape[1])).reshape(image.shape)
labels = slic(scaled, n_segments=n, compactness=0.03, channel_axis=-1).ravel()
cut = time.perf_counter()
count = np.maximum(np.bincount(labels), 1)
means = np.stack([np.bincount(labels, weights=band) / count for band in pixels.T], axis=1)[1:].astype(np.float32)
averaged = time.perf_counter()
points = umap.UMAP().fit_transform(means)
print(cut - began, averaged - cut, time.perf_counter() - averaged)
np.savez(out, means=means, points=points)
"""
"""SLIC stretches the image to 0-1, which is some ten standard deviations: 0.03 is our 0.3."""


def main(words: Sequence[str]) -> None:
    """Measure, print and record one size after the other, the peer beside its size, and growth."""
    sizes = sorted({int(word) for word in words if word.isdigit()} or set(SIZES))
    peers = {int(word.removeprefix("peer=")) for word in words if word.startswith("peer=")}
    folder = next((Path(word) for word in words if not word.isdigit() and "=" not in word), TILE).absolute()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    ready: dict[int, dict[str, Value]] = {}
    for size in sizes:
        *stages, ready[size] = measured(folder, size)
        keep([*stages, ready[size]])
        if size in peers:
            keep([peer(folder, size, ready[size])])
    keep([growth(*pair, ready) for pair in pairwise(sizes)])


def keep(rows: Sequence[dict[str, Value]]) -> None:
    """Print and record rows at once: what comes later may be stopped."""
    for row in rows:
        print({name: value for name, value in row.items() if value != ""}, flush=True)
    record("tile_maps", rows)


def measured(folder: Path, size: int) -> list[dict[str, Value]]:
    """Run a tile from nothing, watched; return one row per stage and one of when it was ready to label."""
    tile, workspace = write_tile(folder, size), folder / f"maps-{size}"
    cache, log = folder / f"maps-cache-{size}", folder / f"maps-{size}.log"
    for path in (workspace, cache):
        shutil.rmtree(path, ignore_errors=True)
    log.unlink(missing_ok=True)
    before = used()
    watched = watch(command(tile, workspace, cache, *OPTIONS), workspace, log)
    stop_if_failed(watched, log)
    title = f"first maps of a {named(size, ())}"
    rows = table(workspace, tile, watched, title)
    stages = [row | {"limit_gb": LIMIT_GB} for row in rows if str(row["work"]).endswith(COUNTED)]
    return [*stages, total(Workspace(workspace), watched, title, used() - before)]


def used() -> float:
    """Return the processors' seconds of all processes that were waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def total(workspace: Workspace, watched: Watched, title: str, cpu_s: float) -> dict[str, Value]:
    """Return the row of when the maps were there."""
    samples = [sample for sample in watched.samples if sample.stage in COUNTED]
    seconds, most = samples[-1].seconds, max(sample.resident for sample in samples)
    chips, segments = len(workspace.chips), len(workspace.segments)
    return {
        "work": f"{title}: ready to label",
        "seconds": round(seconds, 1),
        "cpu_s_of_all": round(cpu_s, 1),
        "peak_gb": gb(most),
        "peak_pss_gb": gb(max(sample.proportional for sample in samples)),
        "limit_s": LIMIT_S,
        "limit_gb": LIMIT_GB,
        "chips": chips,
        "segments": segments,
        "trustworthiness": trust(np.asarray(workspace.embedding()), points_of(workspace.segments)),
        "note": f"{chips} chips, {segments} segments; of a whole tile the aim is {LIMIT_S} s and {LIMIT_GB} GB. "
        "Processors' seconds are those of the whole run, stages after the maps among them",
    }


def points_of(table: pd.DataFrame) -> NDArray[np.float32]:
    """Return the first map (segments, 2)."""
    return table[["x", "y"]].to_numpy(np.float32)


def trust(vectors: NDArray[np.float32], points: NDArray[np.float32]) -> float:
    """Return the trustworthiness of a map of vectors, by a sample of them."""
    drawn = np.random.default_rng(0).choice(len(vectors), min(ASKED, len(vectors)), replace=False)
    return round(float(trustworthiness(vectors[drawn], points[drawn], n_neighbors=K)), 4)


def peer(folder: Path, size: int, ours: dict[str, Value]) -> dict[str, Value]:
    """Run the user's script on the same tile; return its row."""
    out = folder / f"maps-peer-{size}.npz"
    asked = round(float(ours["segments"]) * ASKED_FOR)
    words = [sys.executable, "-c", SCRIPT, str(write_tile(folder, size)), str(asked), str(out)]
    row: dict[str, Value] = {"work": f"first map of a {named(size, ())} by a script of scikit-image and umap-learn"}
    started, before = time.perf_counter(), used()
    try:
        done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=PEER_LIMIT_S)
    except subprocess.TimeoutExpired:
        return row | {"seconds": PEER_LIMIT_S, "note": f"stopped after {PEER_LIMIT_S} s, without a map"}
    seconds = time.perf_counter() - started
    cut, averaged, drawn = map(float, done.stdout.split()[-3:])
    with np.load(out) as found:
        trusted, segments = trust(found["means"], found["points"]), len(found["points"])
    return row | {
        "ours_s": ours["seconds"],
        "peer_s": round(seconds, 1),
        "cpu_s_of_all": round(used() - before, 1),
        "segments": segments,
        "trustworthiness": ours["trustworthiness"],
        "peer_trustworthiness": trusted,
        "ratio": round(seconds / float(ours["seconds"]), 2),
        "note": f"{segments} segments; read and SLIC {cut:.0f} s, means {averaged:.0f} s, umap {drawn:.0f} s; "
        f"ours are two maps; trustworthiness of the peer's {trusted}",
    }


def growth(small: int, large: int, ready: dict[int, dict[str, Value]]) -> dict[str, Value]:
    """Return the row of how seconds grow with the area between two sizes."""
    seconds = [float(ready[size]["seconds"]) for size in (small, large)]
    area = (large / small) ** 2
    exponent = float(np.log(seconds[1] / seconds[0]) / np.log(area))
    return {
        "work": f"growth of the time to both first maps from side {small} to {large}",
        "exponent": round(exponent, 3),
        "note": f"{area:.2f} times the area in {seconds[1] / seconds[0]:.2f} times the time: twice the area costs "
        f"{2**exponent:.2f} times, aim 2.2; a whole tile has side {SIZE}",
    }


if __name__ == "__main__":
    main(sys.argv[1:])
