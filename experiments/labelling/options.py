"""Weights of own, chosen on all scenes but one and reported on that one; options.csv and options.md.

``python -m experiments.labelling.options``: each weight of the diffused spectrum and of the surroundings beside 1 for
a segment's own spectrum, on the cheap: two seeds, at most 2000 segments, 200 epochs of UMAP.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.labelling.maps import hash_of
from experiments.labelling.scenes import Measured
from experiments.labelling.segments import Segments, read_segments
from experiments.labelling.store import FOLDER, add_all, read
from experiments.labelling.workspaces import read_rows, scene_workspace
from rsgraph.evaluation.ideal import STROKES, ideal
from rsgraph.evaluation.labelling import simulate
from rsgraph.projectors.umap import Umap
from rsgraph.stages.metric import DIFFUSED, OWN, SURROUNDINGS, WEIGHTS

RESULTS = FOLDER / "options.csv"
KEY = ("data", "diffused", "surroundings", "seed")
GRID = tuple(product((0.0, 0.5, 0.7), (0.0, 0.3, 0.6)))
CHOSEN = (WEIGHTS[DIFFUSED], WEIGHTS[SURROUNDINGS])
SEEDS, MOST, EPOCHS = (0, 1), 2000, 200


def main(names: Sequence[str]) -> None:
    """Measure the grid on the scenes named (all)."""
    rows = read_rows()
    for name in names or rows["scenes"]:
        segments = _segments(name, rows)
        there = {tuple(row[column] for column in (*KEY, "vectors")) for row in read(RESULTS)}
        best = float(ideal(segments.counts).mean_iou.mean())
        for weights, seed in product(GRID, SEEDS):
            about = {"data": name, "diffused": weights[0], "surroundings": weights[1], "seed": seed}
            about["vectors"] = hash_of(segments.layers["own"])
            if tuple(str(about[column]) for column in (*KEY, "vectors")) not in there:
                share = _reached(weighted(segments, *weights), segments.counts, seed) / best
                add_all(RESULTS, [{**about, "share": round(share, 4)}], key=KEY)


def _segments(name: str, rows: dict[str, dict[str, dict[str, str]]]) -> Segments:
    row = Measured(name, rows).row
    return read_segments(scene_workspace(name, row), row["reference"], MOST, draw=row.get("draw", "seed"))


def weighted(segments: Segments, diffused: float, surroundings: float) -> NDArray[np.float64]:
    """Return own with other weights of its parts, which lie side by side in it."""
    parts = np.split(np.asarray(segments.layers["own"], dtype=np.float64), len(WEIGHTS), axis=1)
    wanted = {OWN: 1.0, DIFFUSED: diffused, SURROUNDINGS: surroundings}
    return np.hstack(
        [
            part * wanted[name] / weight
            for part, (name, weight) in zip(parts, WEIGHTS.items(), strict=True)
            if wanted[name]
        ]
    )


def _reached(vectors: NDArray[np.float64], counts: NDArray[np.int64], seed: int) -> float:
    projector = Umap(metric="euclidean", n_epochs=EPOCHS)
    points = projector.project(np.ascontiguousarray(vectors, dtype=np.float32), seed=seed).points
    return float(simulate(points, counts, strokes=STROKES).mean_iou.mean())


def by_scene() -> pd.DataFrame:
    """Return the mean share of each scene (rows) by weights (columns)."""
    same = {name: row.get("same", name) for name, row in read_rows()["scenes"].items()}
    table = pd.read_csv(RESULTS)
    table = table.assign(scene=table["data"].map(same))
    return table.groupby(["scene", "diffused", "surroundings"])["share"].mean().unstack([1, 2]).sort_index(axis=1)


def left_out(table: pd.DataFrame) -> pd.DataFrame:
    """Choose on all scenes but one, by the mean share, and return what was chosen and what it gives on that one."""
    found = []
    for scene in table.index:
        best = table.drop(index=scene).mean().idxmax()
        found.append(
            {"scene": scene, "chosen": best, "share": table.loc[scene, best], "ours": table.loc[scene, CHOSEN]}
        )
    return pd.DataFrame(found).set_index("scene")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
