"""Exact neighbours and the faithfulness of maps, against scikit-learn.

``python -m experiments.benchmarks.neighbourhoods``: some minutes. Each measurement runs on one thread in a process of
its own, so that its peak memory is its own, too; compiled code is compiled before the clock starts. Vectors have 64
dimensions, and the map is two of them: a bad map, for which no rank can be skipped.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from sklearn.manifold import trustworthiness as peer_trustworthiness
from sklearn.neighbors import NearestNeighbors

from experiments.benchmarks.record import Value, record
from rsgraph.evaluation.maps import continuity, trustworthiness
from rsgraph.neighbours.nearest import nearest

SEED, DIMENSIONS, K, SAMPLE = 0, 64, 15, 2_000
Measure = Callable[[int], object]


def vectors(n: int) -> NDArray[np.float32]:
    return np.random.default_rng(SEED).standard_normal((n, DIMENSIONS), dtype=np.float32)


def ours_trust(n: int) -> object:
    return trustworthiness(vectors(n), vectors(n)[:, :2], k=K).value


def peers_trust(n: int) -> object:
    wide = vectors(n).astype(np.float64)  # in float32 many distances are equal
    return float(peer_trustworthiness(wide, wide[:, :2], n_neighbors=K, metric="cosine"))


def ours_continuity(n: int) -> object:
    return continuity(vectors(n), vectors(n)[:, :2], k=K).value


def sampled(n: int) -> object:
    return trustworthiness(vectors(n), vectors(n)[:, :2], k=K, sample=SAMPLE)


def ours_nearest(n: int) -> object:
    return nearest(vectors(n), K).rows


def peers_nearest(n: int) -> object:
    search = NearestNeighbors(n_neighbors=K, metric="cosine", algorithm="brute").fit(vectors(n).astype(np.float64))
    return search.kneighbors(return_distance=False)


def measured(measure: Measure, n: int) -> tuple[float, float, object]:
    """Return seconds, GB above what was held before, and the result."""
    measure(100)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = perf_counter()
    found = measure(n)
    return perf_counter() - started, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e6, found


def in_new_process(measure: Measure, n: int) -> tuple[float, float, object]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, measure, n).result()


def compared(
    work: str, n: int, ours: Measure, peer: Measure | None, note: Callable[[object, object], str]
) -> dict[str, Value]:
    seconds, memory, result = in_new_process(ours, n)
    row: dict[str, Value] = {
        "work": f"{work}, {n} x {DIMENSIONS}",
        "ours_s": round(seconds, 2),
        "ours_gb": round(memory, 2),
    }
    other: object = None
    if peer is not None:
        peer_seconds, peer_memory, other = in_new_process(peer, n)
        row |= {"peer_s": round(peer_seconds, 2), "ratio": round(peer_seconds / seconds, 1)}
        row |= {"peer_gb": round(peer_memory, 2)}
    row["note"] = note(result, other)
    print(row, flush=True)
    return row


def rows() -> list[dict[str, Value]]:
    return [
        compared(
            f"trustworthiness of a map, k = {K}", 10_000, ours_trust, peers_trust,
            lambda a, b: f"peer: sklearn.manifold; they differ by {abs(a - b):.0e}",  # type: ignore[operator]
        ),
        compared(f"continuity of a map, k = {K}", 10_000, ours_continuity, None, lambda a, _: f"{a:.4f}"),
        compared(
            f"trustworthiness of a map, k = {K}, {SAMPLE} points asked", 100_000, sampled, None,
            lambda a, _: f"{a[0]:.4f} with a standard error of {a[1]:.4f}",  # type: ignore[index]
        ),
        compared(
            f"{K} nearest by cosine, exact", 20_000, ours_nearest, peers_nearest,
            lambda a, b: f"peer: NearestNeighbors, brute; {np.mean(np.asarray(a) == np.asarray(b)):.2%} the same",
        ),
        compared(f"{K} nearest by cosine, exact", 100_000, ours_nearest, None, lambda a, _: "all pairs"),
    ]  # fmt: skip


def main() -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = "1"  # for the processes that measure: all work on one thread, as the machine is shared
    print(record("neighbourhoods", rows(), seed=SEED))


if __name__ == "__main__":
    main()
