"""Layers without maps: a linear probe on few labels, and how pure the nearest segments are; probe.csv."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from experiments.labelling.maps import hash_of
from experiments.labelling.scenes import Measured
from experiments.labelling.store import FOLDER, Row, add_all, read
from experiments.labelling.workspaces import read_rows
from rsgraph.errors import NotUsable
from rsgraph.evaluation.probe import linear_probe
from rsgraph.evaluation.reference import majority
from rsgraph.evaluation.retrieval import precision_at_k
from rsgraph.neighbours.nearest import nearest

RESULTS = FOLDER / "probe.csv"
KEY = ("data", "representation", "trained")
LAYERS = ("bands", "bands_2hop", "own", "surroundings", "own+gnn1", "encoder", "gnn1", "gnn2")
OF_PAPER = ("gnn1", "gnn2")
LABELS, NEIGHBOURS = (1, 5, 20), 15


def main(names: Sequence[str]) -> None:
    """Measure the scenes named (all)."""
    rows = read_rows()
    for name in names or rows["scenes"]:
        row = rows["scenes"][name]
        for trained in row["trained"] or [0]:
            _measure(Measured(name, rows, trained=trained), LAYERS)
        if row.get("paper"):
            _measure(Measured(name, rows, kind="paper"), OF_PAPER)


def _measure(measured: Measured, layers: Sequence[str]) -> None:
    segments, there = measured.segments, {row["vectors"] for row in read(RESULTS)}
    for layer in layers:
        if layer in segments.layers and hash_of(segments.layers[layer]) not in there:
            add_all(RESULTS, [_row(measured, layer)], key=KEY)


def _row(measured: Measured, layer: str) -> Row:
    segments = measured.segments
    vectors = segments.layers[layer]
    name = f"{measured.kind} {layer}".strip()
    row: dict[str, Any] = {"data": measured.name, "representation": name, "trained": measured.trained}
    near = nearest(vectors, NEIGHBOURS, metric=segments.compared[layer]).rows
    row["precision_15"] = round(precision_at_k(near, majority(segments.counts), ks=[NEIGHBOURS])[NEIGHBOURS], 4)
    try:
        found = linear_probe(vectors, segments.counts, labels=LABELS)
        row |= {f"iou_{number}": round(probe.mean_iou, 4) for number, probe in found.items()}
        row |= {f"accuracy_{number}": round(probe.accuracy, 4) for number, probe in found.items()}
    except NotUsable as error:  # fewer than two classes are known
        print(f"{measured.name} {name}: {error}")
    return {**row, "vectors": hash_of(vectors)}
