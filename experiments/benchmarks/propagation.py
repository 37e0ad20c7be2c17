"""Predictions and queues over many segments, against scikit-learn, SciPy, PyNNDescent and naive loops.

``python -m experiments.benchmarks.propagation [segments ...]``, by default 100 000 and 1 000 000.

Each measurement runs on one thread in a process of its own, so that its peak memory is its own, too; compiled code
is compiled before the clock starts. The segments lie at random in a square, numbered chip by chip as real ones are,
each joined with its eight nearest; their vectors (64 dimensions, as ``gnn2``) vary along some directions round the
centre of a class, and classes form patches. One in a hundred is labelled.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array
from scipy.spatial import cKDTree

from experiments.benchmarks.record import Value, record
from rsgraph.neighbours.approximate import approximate_nearest
from rsgraph.neighbours.rows import standardised
from rsgraph.prediction.classification import classify, expected_calibration_error
from rsgraph.prediction.propagation import propagate, segment_graph
from rsgraph.prediction.suggestion import most_different

SEED = 0
CLASSES, DIMENSIONS, DIRECTIONS, NEIGHBOURS, QUEUE, ALPHA, ITERATIONS = 10, 64, 8, 8, 100, 0.9, 150


@dataclass(frozen=True)
class Scene:
    """Edges (2, E), vectors (n, D), true classes (n,) and the labels given (n,)."""

    edges: NDArray[np.int64]
    vectors: NDArray[np.float32]
    truth: NDArray[np.int64]
    codes: NDArray[np.int64]


@cache
def scene(n: int) -> Scene:
    rng = np.random.default_rng(SEED)
    places = rng.random((n, 2))
    chips = np.floor(places * np.sqrt(n / 500)).astype(np.int64)
    places = places[np.lexsort((places[:, 0], chips[:, 1], chips[:, 0]))]
    near = cKDTree(places).query(places, NEIGHBOURS + 1, workers=2)[1][:, 1:]
    edges = np.stack([near.ravel(), np.repeat(np.arange(n), NEIGHBOURS)])
    truth = rng.integers(0, CLASSES, 300)[cKDTree(rng.random((300, 2))).query(places)[1]]
    centres = rng.normal(size=(CLASSES, DIMENSIONS)) * 0.6
    axes = rng.normal(size=(CLASSES, DIRECTIONS, DIMENSIONS)).astype(np.float32)
    vectors = centres[truth].astype(np.float32) + 0.5 * rng.standard_normal((n, DIMENSIONS), dtype=np.float32)
    along = rng.standard_normal((n, DIRECTIONS), dtype=np.float32)
    for kind in range(CLASSES):
        vectors[truth == kind] += along[truth == kind] @ axes[kind]
    codes = np.where(rng.random(n) < 0.01, truth + 1, 0)
    return Scene(edges, vectors, truth, codes)


def system(given: Scene) -> tuple[csr_array, NDArray[np.float64]]:
    """W and Y."""
    n = len(given.codes)
    half = csr_array((np.ones(given.edges.shape[1]), tuple(given.edges)), shape=(n, n))
    return (half + half.T).tocsr(), np.eye(CLASSES + 1)[given.codes][:, 1:]


def rows_of(solution: NDArray[np.float64]) -> NDArray[np.float64]:
    total = solution.sum(axis=1, keepdims=True)
    return np.divide(solution, total, out=np.zeros_like(solution), where=total > 0)


# what is measured: each gives something to compare


def ours_propagate(n: int) -> object:
    return propagate(scene(n).edges, scene(n).codes, CLASSES, alpha=ALPHA)


def spreading(n: int) -> object:
    """scikit-learn on the same sparse graph; so many iterations that it is about as close to the solution."""
    from sklearn.semi_supervised import LabelSpreading

    matrix, _ = system(scene(n))
    model = LabelSpreading(kernel=lambda _a, _b: matrix, alpha=ALPHA, max_iter=ITERATIONS, tol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that these iterations were all
        model.fit(np.zeros((n, 1)), np.where(scene(n).codes == 0, -1, scene(n).codes))
    return model.label_distributions_


def conjugate_gradients(n: int) -> object:
    from scipy.sparse.linalg import cg

    matrix, given = system(scene(n))
    scale = 1 / np.sqrt(np.maximum(matrix.sum(axis=1), 1))
    normalised = matrix.multiply(scale[:, None]).multiply(scale[None, :]).tocsr()
    left = (eye_array(n) - ALPHA * normalised).tocsr()
    return rows_of(np.stack([cg(left, given[:, k], rtol=1e-9)[0] for k in range(CLASSES)], axis=1))


def ours_graph(n: int) -> object:
    return segment_graph(scene(n).edges, scene(n).vectors, k=NEIGHBOURS)[0].shape


def ours_nearest(n: int) -> object:
    return approximate_nearest(standardised(scene(n).vectors), NEIGHBOURS, seed=SEED)[0]


def descent(n: int) -> object:
    from pynndescent import NNDescent

    index = NNDescent(standardised(scene(n).vectors), n_neighbors=NEIGHBOURS + 1, random_state=SEED, n_jobs=1)
    return index.neighbor_graph[0][:, 1:]


def ours_classify(n: int) -> object:
    return classify(scene(n).vectors, scene(n).codes, CLASSES, groups=np.arange(n) // 500).probabilities


def calibrated(n: int) -> object:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.linear_model import LogisticRegression

    points, codes = standardised(scene(n).vectors), scene(n).codes
    model = CalibratedClassifierCV(LogisticRegression(max_iter=200), method="sigmoid", cv=5, ensemble=False)
    model.fit(points[codes > 0], codes[codes > 0])
    return model.predict_proba(points)


def ours_different(n: int) -> object:
    return most_different(scene(n).vectors, scene(n).codes, limit=QUEUE)


def naive_different(n: int) -> object:
    """One pass over all segments for each in the queue, after the distances to all labelled ones in blocks."""
    vectors, codes = scene(n).vectors, scene(n).codes
    points = vectors - vectors.mean(axis=0)
    labelled, norms = points[codes > 0], (points**2).sum(axis=1)
    distance = np.empty(n, dtype=np.float32)
    for start in range(0, n, 2048):
        block = slice(start, start + 2048)
        distance[block] = (norms[codes > 0] - 2 * points[block] @ labelled.T).min(axis=1) + norms[block]
    distance[codes > 0] = -1
    queue: list[int] = []
    for _ in range(QUEUE):
        queue.append(int(distance.argmax()))
        distance = np.minimum(distance, ((points - points[queue[-1]]) ** 2).sum(axis=1))
        distance[queue] = -1
    return np.array(queue)


# how it is measured


def measured(work: Callable[[int], object], n: int) -> tuple[float, float, object]:
    """Return seconds, peak memory in GB on top of the inputs, and the result."""
    work(60_000)  # compiles, and loads libraries
    scene(n)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what the first run freed is given back, so that it is counted again
    Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak counts from here
    before, start = status("VmRSS"), perf_counter()
    result = work(n)
    seconds = perf_counter() - start
    return seconds, status("VmHWM") - before, result


def status(name: str) -> float:
    """Return a figure of this process's memory in GB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) * 1024 / 1e9


def in_new_process(work: Callable[[int], object], n: int) -> tuple[float, float, object]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, work, n).result()


def compared(
    name: str,
    n: int,
    ours: Callable[[int], object],
    peer: Callable[[int], object] | None,
    note: Callable[[object, object], str],
) -> dict[str, Value]:
    seconds, memory, result = in_new_process(ours, n)
    row: dict[str, Value] = {
        "work": f"{name}, {n} segments",
        "ours_s": round(seconds, 2),
        "ours_gb": round(memory, 2),
    }
    line = f"{row['work']}: {seconds:.2f} s, {memory:.2f} GB"
    other: object = None
    if peer is not None:
        peer_seconds, peer_memory, other = in_new_process(peer, n)
        row |= {"peer_s": round(peer_seconds, 2), "ratio": round(peer_seconds / seconds, 1)}
        row |= {"peer_gb": round(peer_memory, 2)}
        line += f"; peer {peer_seconds:.2f} s, {peer_memory:.2f} GB"
    row["note"] = note(result, other)
    print(f"{line}; {row['note']}", flush=True)
    return row


def accuracies(n: int) -> Callable[[object, object], str]:
    def note(ours: object, peer: object) -> str:
        given, rest = scene(n), scene(n).codes == 0
        exact = propagate(given.edges, given.codes, CLASSES, alpha=ALPHA, tolerance=1e-7)[rest]
        errors = [np.abs(np.asarray(found)[rest] - exact).max() for found in (ours, peer)]
        return f"largest error of a probability {errors[0]:.0e}, peer {errors[1]:.0e}"

    return note


def recalls(n: int) -> Callable[[object, object], str]:
    def note(ours: object, peer: object) -> str:
        chosen = np.random.default_rng(1).choice(n, 500, replace=False)
        points = standardised(scene(n).vectors)
        distance = ((points**2).sum(axis=1) - 2 * points[chosen] @ points.T).astype(np.float32)
        distance[np.arange(500), chosen] = np.inf
        exact = np.argpartition(distance, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
        found = [np.mean([np.isin(a[i], e).mean() for i, e in zip(chosen, exact, strict=True)]) for a in (ours, peer)]  # type: ignore[index]
        return f"peer: PyNNDescent; recall {found[0]:.3f}, peer {found[1]:.3f}"

    return note


def errors(n: int) -> Callable[[object, object], str]:
    def scores(probabilities: object) -> str:
        found, rest = np.asarray(probabilities), scene(n).codes == 0
        right = found.argmax(axis=1) == scene(n).truth
        error = expected_calibration_error(found.max(axis=1)[rest], right[rest])
        return f"accuracy {right[rest].mean():.3f}, calibration error {error:.4f}"

    return lambda ours, peer: f"peer: CalibratedClassifierCV, rows held out; {scores(ours)}; peer {scores(peer)}"


def same(ours: object, peer: object) -> str:
    return f"peer: naive loop; {int((np.asarray(ours) == np.asarray(peer)).sum())} of {QUEUE} are the same"


def rows(n: int) -> list[dict[str, Value]]:
    sparse = f"{CLASSES} classes, degree {NEIGHBOURS}"
    labelled = "1 % labelled"
    return [
        compared(
            f"label propagation, {sparse}", n, ours_propagate, spreading,
            lambda a, b: f"peer: LabelSpreading, {ITERATIONS} iterations; {accuracies(n)(a, b)}",
        ),
        compared(
            f"label propagation by CG, {sparse}", n, ours_propagate, conjugate_gradients,
            lambda a, b: f"peer: scipy.sparse.linalg.cg, one class at a time; {accuracies(n)(a, b)}",
        ),
        compared(f"{NEIGHBOURS} most similar of {DIMENSIONS} dimensions", n, ours_nearest, descent, recalls(n)),
        compared("segment graph, whole", n, ours_graph, None, lambda a, _: f"{a[1]} edges"),  # type: ignore[index]
        compared(f"calibrated classifier, {labelled}", n, ours_classify, calibrated, errors(n)),
        compared(f"{QUEUE} most different, {labelled}", n, ours_different, naive_different, same),
    ]  # fmt: skip


def main() -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = "1"  # for the processes that measure: all work on one thread, as the machine is shared
    for n in [int(word) for word in sys.argv[1:]] or [100_000, 1_000_000]:
        print(record("propagation", rows(n), seed=SEED))


if __name__ == "__main__":
    main()
