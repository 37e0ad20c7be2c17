"""Weights of the parts of own, chosen on all scenes but one and reported on that one; options.csv.

``python -m experiments.labelling.options``: bands, the diffused spectrum and what lies around, beside 1 for a
segment's own spectrum; on the cheap, with two seeds, at most 2000 segments and 200 epochs of UMAP.
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
from rsgraph.stages.metric import AROUND, BANDS, DIFFUSED, LAYERS, SPECTRUM

RESULTS = FOLDER / "options.csv"
WEIGHTS = LAYERS["own"]
PARTS = (BANDS, DIFFUSED, AROUND)
KEY = ("data", *PARTS, "seed")
GRID = tuple(product((0.0, WEIGHTS[BANDS]), (0.0, WEIGHTS[DIFFUSED]), (0.0, WEIGHTS[AROUND])))
CHOSEN = tuple(WEIGHTS[part] for part in PARTS)
SEEDS, MOST, EPOCHS = (0, 1), 2000, 200


def main(names: Sequence[str]) -> None:
    """Measure the grid on the scenes named (all)."""
    rows = read_rows()
    for name in names or rows["scenes"]:
        segments = _segments(name, rows)
        there = {tuple(row[column] for column in (*KEY, "vectors")) for row in read(RESULTS)}
        best = float(ideal(segments.counts).mean_iou.mean())
        for weights, seed in product(GRID, SEEDS):
            about = {"data": name, **dict(zip(PARTS, weights, strict=True)), "seed": seed}
            about["vectors"] = hash_of(segments.layers["own"])
            if tuple(str(about[column]) for column in (*KEY, "vectors")) not in there:
                share = _reached(weighted(segments, weights), segments.counts, seed) / best
                add_all(RESULTS, [{**about, "share": round(share, 4)}], key=KEY)
        print(name, flush=True)


def _segments(name: str, rows: dict[str, dict[str, dict[str, str]]]) -> Segments:
    row = Measured(name, rows).row
    return read_segments(scene_workspace(name, row), row["reference"], MOST, draw=row.get("draw", "seed"))


def weighted(segments: Segments, weights: Sequence[float]) -> NDArray[np.float64]:
    """Return own with other weights of ``PARTS``; all parts lie side by side in it, the bands first."""
    own, bands = np.asarray(segments.layers["own"], dtype=np.float64), segments.layers["bands"].shape[1]
    parts = [own[:, :bands], *np.split(own[:, bands:], len(WEIGHTS) - 1, axis=1)]
    wanted = {SPECTRUM: 1.0, **dict(zip(PARTS, weights, strict=True))}
    scales = [(wanted[name] / weight, part) for (name, weight), part in zip(WEIGHTS.items(), parts, strict=True)]
    return np.hstack([scale * part for scale, part in scales if scale])


def _reached(vectors: NDArray[np.float64], counts: NDArray[np.int64], seed: int) -> float:
    projector = Umap(metric="euclidean", n_epochs=EPOCHS)
    points = projector.project(np.ascontiguousarray(vectors, dtype=np.float32), seed=seed).points
    return float(simulate(points, counts, strokes=STROKES).mean_iou.mean())


def by_scene() -> pd.DataFrame:
    """Return the mean share of each scene (rows) by weights (columns)."""
    same = {name: row.get("same", name) for name, row in read_rows()["scenes"].items()}
    table = pd.read_csv(RESULTS)
    table = table.assign(scene=table["data"].map(same))
    return table.groupby(["scene", *PARTS])["share"].mean().unstack(list(range(1, len(PARTS) + 1))).sort_index(axis=1)


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
