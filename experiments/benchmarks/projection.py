"""2-D maps of many segments: UMAP of a sample and parametric UMAP against UMAP of all, and at a million segments.

    python -m experiments.benchmarks.projection [ROWS]

Real node embeddings (layer gnn2 of the narrow models that ``matching`` trained on two real scenes; where there is
none of them, 20 000 rows drawn from the generated tile's that ``whole_tile`` made; the rows of the results say
which): how trustworthy and continuous (k = 15, by 2000 points) each map is, and what it costs. A fifth of the rows is
the sample, so that four of five are placed or mapped unseen. ``ours_s`` and ``peer_s`` are CPU seconds, wall seconds
stand beside them: other programs share the machine. The peer is UMAP of all rows by the same program; umap-learn's
own ``transform`` is the peer of the placing.

A million rows (or ROWS) are made from real ones: drawn with replacement and moved some way, from 0 to all of it, to
one of their twenty nearest. They lie in a memory-mapped file. Every measurement runs in a process of its own;
``peak_gb`` is the largest resident set of that process: compilers, libraries and the mapped file included.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.benchmarks.places import TILE
from experiments.benchmarks.record import Value, record
from rsgraph.evaluation.maps import continuity, trustworthiness
from rsgraph.neighbours.cells import cut, find_nearest
from rsgraph.neighbours.rows import comparable
from rsgraph.projectors.neighbourhoods import load_umap
from rsgraph.projectors.parametric import Parametric
from rsgraph.projectors.umap import Umap

SEED, ROWS, ASKED, K = 0, 1_000_000, 2_000, 15
DRAWN = 20_000
"""Rows of the generated tile: few enough for UMAP of all, the peer."""
REAL = {"T48QUE": "model-t48que", "T33UUB": "model-t33uub"}
NAMES = {"umap": "UMAP of all", "sample": "UMAP of a sample, the rest placed", "parametric": "parametric UMAP"}


class Found(NamedTuple):
    """What one projection cost and gave."""

    cpu_s: float
    wall_s: float
    peak_gb: float
    points: NDArray[np.float32]


def main(rows: int = ROWS) -> None:
    """Measure, print and record."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = "1"  # for the processes that measure
    with tempfile.TemporaryDirectory() as folder:
        there = sources(Path(folder))
        for name, path in there.items():
            keep(list(real(name, path)))
        for name, path in list(there.items())[:1]:
            keep(list(scaled(enlarged(path, rows, Path(folder)), rows, name)))


def sources(folder: Path) -> dict[str, Path]:
    """Return embeddings by name: of real scenes, else of the tile, drawn into ``folder``; say what is missing."""
    places = {name: TILE / place / "embeddings" / "gnn2.npy" for name, place in REAL.items()}
    there = {name: path for name, path in places.items() if path.exists()}
    for name, path in places.items():
        if name not in there:
            print(f"{name} left out: {path} is not there; make it with the benchmark matching", flush=True)
    tile = TILE / "workspace" / "embeddings" / "gnn2.npy"
    if there:
        return there
    if not tile.exists():
        print(f"nothing was measured: {tile} is not there either; make it with the benchmark whole_tile", flush=True)
        return {}
    print(f"the generated tile instead: {tile}", flush=True)
    return {"the generated tile": few_of(tile, folder / "tile.npy")}


def few_of(path: Path, drawn_to: Path) -> Path:
    """Write rows drawn from many to a file of their own; return it."""
    vectors = np.load(path, mmap_mode="r")
    chosen = np.random.default_rng(SEED).choice(len(vectors), min(DRAWN, len(vectors)), replace=False)
    np.save(drawn_to, vectors[np.sort(chosen)])
    return drawn_to


def keep(rows: list[dict[str, Value]]) -> None:
    print(record("projection", rows, seed=SEED), flush=True)


def real(name: str, path: Path) -> Iterator[dict[str, Value]]:
    """Measure the three maps of one workspace, and umap-learn's own placing."""
    vectors = np.load(path, mmap_mode="r")
    sample = len(vectors) // 5
    whole = in_new_process("umap", path, None)
    for way in ("umap", "sample", "parametric"):
        found = whole if way == "umap" else in_new_process(way, path, sample)
        row = measured(f"{NAMES[way]}: {len(vectors)} segments of {name}", vectors, found)
        if way != "umap":
            row |= {"peer_s": round(whole.cpu_s, 2), "ratio": round(whole.cpu_s / found.cpu_s, 2)}
            row["note"] = f"sample of {sample}; peer: UMAP of all; " + str(row["note"])
        yield shown(row)
    yield shown(placing(name, path, sample))


def placing(name: str, path: Path, sample: int) -> dict[str, Value]:
    """Compare placing with umap-learn's transform, both without their fits."""
    ours, peer = in_new_process("placing", path, sample), in_new_process("transform", path, sample)
    vectors = np.load(path)[drawn(path, sample)[1]]
    both = [trustworthiness(vectors, found.points, k=K, sample=ASKED).value for found in (ours, peer)]
    return {
        "work": f"placing {len(vectors)} segments of {name} on the map of {sample}",
        "ours_s": round(ours.cpu_s, 2),
        "peer_s": round(peer.cpu_s, 2),
        "ratio": round(peer.cpu_s / ours.cpu_s, 1),
        "trustworthiness": round(both[0], 4),
        "note": f"peer: umap-learn's transform; trustworthiness among them {both[0]:.4f}, peer's {both[1]:.4f}",
    }


def scaled(path: Path, rows: int, name: str) -> Iterator[dict[str, Value]]:
    """Measure the two ways that scale, at full size."""
    vectors = np.load(path, mmap_mode="r")
    for way in ("sample", "parametric"):
        found = in_new_process(way, path, 50_000)
        row = measured(f"{NAMES[way]}: {rows} segments", vectors, found)
        yield shown(row | {"note": f"sample of 50000, generated from those of {name}; {row['note']}"})


def measured(work: str, vectors: NDArray[np.float32], found: Found) -> dict[str, Value]:
    trust = trustworthiness(vectors, found.points, k=K, sample=ASKED, seed=SEED)
    near = continuity(vectors, found.points, k=K, sample=ASKED, seed=SEED)
    return {
        "work": work,
        "ours_s": round(found.cpu_s, 2),
        "wall_s": round(found.wall_s, 2),
        "peak_gb": round(found.peak_gb, 3),
        "trustworthiness": round(trust.value, 4),
        "continuity": round(near.value, 4),
        "note": f"trustworthiness {trust.value:.4f}, continuity {near.value:.4f} (errors {trust.error:.4f}, "
        f"{near.error:.4f}), peak {found.peak_gb:.2f} GB, wall {found.wall_s:.0f} s",
    }


def shown(row: dict[str, Value]) -> dict[str, Value]:
    print(f"{row['work']}: {row['ours_s']} s; {row['note']}", flush=True)
    return row


def in_new_process(way: str, path: Path, sample: int | None) -> Found:
    """Project in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return Found(*pool.apply(projected, (way, path, sample)))


def projected(way: str, path: Path, sample: int | None) -> tuple[float, float, float, NDArray[np.float32]]:
    """Compile, then project with the clock running; return CPU and wall seconds, peak GB and points."""
    vectors = np.load(path, mmap_mode="r")
    prepared = prepare(way, path, sample)
    started, cpu = perf_counter(), process_time()
    points = prepared(vectors)
    used = process_time() - cpu, perf_counter() - started
    return *used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, points


def prepare(way: str, path: Path, sample: int | None) -> Any:
    """Return the function to time, with all that is compiled on first use compiled."""
    few = np.array(np.load(path, mmap_mode="r")[:600])
    if way == "placing":
        return prepared_placing(path, sample or 0, few)
    if way == "transform":
        return prepared_transform(path, sample or 0)
    small = Parametric(steps=2, sample=300) if way == "parametric" else Umap(n_epochs=2, sample=300)
    small.project(few, seed=SEED)
    projector = Parametric(sample=sample, accelerator="cpu") if way == "parametric" else Umap(sample=sample)
    return lambda vectors: projector.project(vectors, seed=SEED).points


def prepared_placing(path: Path, sample: int, few: NDArray[np.float32]) -> Any:
    vectors, (inside, outside) = np.load(path), drawn(path, sample)
    projector = Umap()
    model = {"vectors": vectors[inside], "points": projector.project(vectors[inside], seed=SEED).points}
    projector.transform(few, model, seed=SEED)
    return lambda _: projector.transform(vectors[outside], model, seed=SEED)


def prepared_transform(path: Path, sample: int) -> Any:
    vectors, (inside, outside) = np.load(path), drawn(path, sample)
    reducer = load_umap().UMAP(n_neighbors=K, min_dist=0.1, metric="cosine", random_state=SEED, n_jobs=1)
    reducer.fit(vectors[inside])
    reducer.transform(vectors[outside[:50]])
    return lambda _: reducer.transform(vectors[outside])


@cache
def drawn(path: Path, sample: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows inside and outside of a sample."""
    order = np.random.default_rng(SEED).permutation(len(np.load(path, mmap_mode="r")))
    return np.sort(order[:sample]), np.sort(order[sample:])


def enlarged(path: Path, rows: int, folder: Path) -> Path:
    """Write so many rows made from real ones, strip by strip; return the file."""
    real_rows, rng = np.load(path), np.random.default_rng(SEED)
    unit = comparable(real_rows, "cosine")
    near = find_nearest(cut(unit, seed=SEED), unit, 20, np.arange(len(unit)))[0]
    made = np.lib.format.open_memmap(folder / "many.npy", "w+", np.float32, (rows, real_rows.shape[1]))
    for start in range(0, rows, 65_536):
        own = rng.integers(len(real_rows), size=min(65_536, rows - start))
        other = near[own, rng.integers(20, size=len(own))]
        share = rng.random((len(own), 1), dtype=np.float32)
        made[start : start + len(own)] = real_rows[own] + share * (real_rows[other] - real_rows[own])
    made.flush()
    return folder / "many.npy"


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
