"""One row of EuroSAT: a map of chips, an expert on it, and what is kept of both."""

from __future__ import annotations

from datetime import date
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.benchmarks.record import commit, hardware
from experiments.labelling.representations import Representation
from experiments.labelling.store import Row, add
from rsgraph.evaluation.clicks import click
from rsgraph.evaluation.labelling import STROKES, Trace, simulate, strokes_to
from rsgraph.evaluation.reference import majority
from rsgraph.evaluation.retrieval import precision_at_k
from rsgraph.evaluation.scores import ceiling
from rsgraph.neighbours.nearest import nearest
from rsgraph.neighbours.rows import Metric
from rsgraph.projectors.pca import Pca
from rsgraph.projectors.tsne import Tsne
from rsgraph.projectors.umap import Umap
from rsgraph.types import Floats

AFTER = (1, 3, 5, 10, 20, 50)
SHARES = (90, 95, 99)
NEIGHBOURS = 15
MANY = 5_000
"""Points from which UMAP runs 200 instead of 500 epochs, so that all rows fit an hour."""


def precision(representation: Representation, counts: NDArray[np.int64]) -> float:
    """Return the share of a point's 15 nearest vectors that are of its own (majority) class."""
    found = nearest(representation.vectors, NEIGHBOURS, metric=representation.metric).rows
    return precision_at_k(found, majority(counts), ks=[NEIGHBOURS])[NEIGHBOURS]


def lay_out(representation: Representation, projector: str, seed: int) -> Floats:
    """Return the map (n, 2) that a projector makes."""
    vectors, metric = representation
    if metric == "precomputed":
        return _projector(projector, "euclidean", len(vectors)).project_distances(vectors, seed=seed).points
    return _projector(projector, metric, len(vectors)).project(vectors, seed=seed).points


def _projector(name: str, metric: Metric, n: int) -> Umap | Tsne | Pca:
    if name == "umap":
        return Umap(metric=metric, n_epochs=200 if n > MANY else 500)
    return Tsne(metric=metric) if name == "tsne" else Pca()


def strokes_row(
    about: Row, representation: Representation, counts: NDArray[np.int64], seed: int, found: float
) -> None:
    """Lay out, let the expert label, and keep the row."""
    start = perf_counter()
    points = lay_out(representation, str(about["projector"]), seed)
    laid_out = perf_counter()
    trace = simulate(points, counts)
    seconds = {"seconds_map": laid_out - start, "seconds_strokes": perf_counter() - laid_out}
    keep({**about, "seed": seed}, trace, counts, {"precision_15": found, **seconds})


def clicks_row(about: Row, counts: NDArray[np.int64]) -> None:
    """Let the expert click, and keep the row."""
    start = perf_counter()
    trace = click(counts)
    keep({**about, "seed": 0}, trace, counts, {"seconds_strokes": perf_counter() - start})


def keep(about: dict[str, Any], trace: Trace, counts: NDArray[np.int64], more: dict[str, float]) -> None:
    """Write a row of results and its two curves."""
    best = ceiling(counts)
    row: dict[str, Any] = {**about, "points": len(counts), "classes": int(counts.any(axis=0).sum())}
    row |= {"ceiling_accuracy": round(best.accuracy, 4), "ceiling_iou": round(best.mean_iou, 4)}
    for stroke in AFTER:
        row[f"accuracy_{stroke}"] = round(float(trace.accuracy[stroke - 1]), 4)
        row[f"iou_{stroke}"] = round(float(trace.mean_iou[stroke - 1]), 4)
    for share in SHARES:
        row[f"strokes_{share}"] = strokes_to(trace, best, share / 100)
        row[f"strokes_iou_{share}"] = strokes_to(trace, best, share / 100, measure="mean_iou")
    row |= {"precision_15": "", "seconds_map": ""} | {name: round(value, 4) for name, value in more.items()}
    row |= {"date": date.today().isoformat(), "commit": commit(), **hardware()}
    add(row, [_curve(about, "accuracy", trace.accuracy), _curve(about, "iou", trace.mean_iou)])
    print(
        f"{about['data']:14s} {about['representation']:18s} {about['projector']:6s} {about['seed']} "
        f"accuracy {row['accuracy_10']:.3f} IoU {row['iou_10']:.3f} after 10, 95% at {row['strokes_95']}",
        flush=True,
    )


def _curve(about: dict[str, Any], measure: str, values: NDArray[np.float64]) -> Row:
    key = {name: about[name] for name in ("data", "representation", "projector", "seed")}
    return {**key, "measure": measure, **{str(i + 1): round(float(values[i]), 4) for i in range(STROKES)}}
