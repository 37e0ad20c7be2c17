"""Rows of one scene: its maps, one by one and in pairs, labelled by an expert, a chooser and a clumsy one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.benchmarks.record import commit, hardware
from experiments.labelling.maps import SCENE, draw_all, epochs, hash_of
from experiments.labelling.segments import Segments, read_segments
from experiments.labelling.store import CURVES, RESULTS, Row, add_all, key_of, read
from experiments.labelling.workspaces import data_folder, read_rows, scene_workspace
from rsgraph.evaluation.clumsy import CLUMSY, Clumsy
from rsgraph.evaluation.ideal import STROKES, ideal
from rsgraph.evaluation.labelling import simulate_maps
from rsgraph.evaluation.scores import ceiling
from rsgraph.files import digest
from rsgraph.types import Floats

AFTER = (1, 3, 5, 10, 20)
HANDS = 3
"""Clumsy hands that each map is labelled by."""

KINDS = ("paper", "full")
"""Words before the layers of other workspaces than a laptop's."""

RAW = ("bands", "bands_2hop", SCENE)
UNTRAINED = (*RAW, "own", "surroundings")


class Comparison(NamedTuple):
    """Maps that are labelled in, by whom, and of how many seeds."""

    maps: tuple[str, ...]
    player: str
    seeds: int

    @property
    def name(self) -> str:
        """``own & surroundings``."""
        return " & ".join(self.maps)

    @property
    def kind(self) -> str:
        """Whose workspace the maps are of: paper, full, or a laptop's, which has no name."""
        word, _, layer = self.maps[0].partition(" ")
        return word if layer and word in KINDS else ""

    @property
    def layers(self) -> list[str]:
        """The maps' names within their workspace."""
        return [layer.removeprefix(f"{self.kind} ") for layer in self.maps]

    @property
    def trained(self) -> bool:
        """Whether a network's layer is among the maps."""
        return any(layer not in UNTRAINED for layer in self.maps)


def comparisons(rows: dict[str, Any]) -> list[Comparison]:
    """Return what is compared on each scene, as rows.yaml has it."""
    return [Comparison(tuple(each["maps"]), each.get("player", "expert"), each["seeds"]) for each in rows["compared"]]


class Measured:
    """One workspace of a scene, and what is measured on it.

    Parameters
    ----------
    name
        Of the scene.
    trained
        Seed of training.
    kind
        One of ``KINDS``, or a laptop's.
    """

    def __init__(self, name: str, rows: dict[str, Any], *, trained: int = 0, kind: str = "") -> None:
        self.name, self.row, self.most = name, rows["scenes"][name], rows["most"]
        self.trained, self.kind = trained, kind

    @cached_property
    def segments(self) -> Segments:
        """Its segments; the workspace is made where it is missing."""
        folder = scene_workspace(self.name, self.row, trained=self.trained, kind=self.kind)
        return read_segments(folder, self.row["reference"], self.most, draw=self.row.get("draw", "seed"))

    def measure(self, comparison: Comparison, *, keep: bool = True) -> None:
        """Measure the seeds of a comparison that results.csv lacks."""
        layers = comparison.layers
        if any(layer != SCENE and layer not in self.segments.layers for layer in layers):
            return
        wanted = [self._about(comparison, layers, seed) for seed in range(comparison.seeds)]
        missing = [about for about in wanted if (*key_of(about), about["settings"]) not in _there()]
        found = [self._measured(comparison, layers, about) for about in missing]
        if keep:
            add_all(RESULTS, [row for row, _ in found])
            add_all(CURVES, [curve for _, curve in found])
        if found:
            shares = [row["share"] for row, _ in found]
            print(f"{self.name:10s} {self.trained} {comparison.player:8s} {comparison.name:36s}", *shares, flush=True)

    def _about(self, comparison: Comparison, layers: Sequence[str], seed: int) -> dict[str, Any]:
        vectors = [hash_of(self.segments.layers[layer]) for layer in layers if layer != SCENE]
        kept = {name: self.row.get(name) for name in ("path", "options", "reference", "draw")}
        text = json.dumps([kept, self.most, vectors, *self._epochs()], sort_keys=True).replace(data_folder(), "")
        projector = "none" if comparison.maps == (SCENE,) else "umap"
        about = {"data": self.name, "representation": comparison.name, "projector": projector, "seed": seed}
        about |= {"player": comparison.player, "trained": self.trained}
        return {**about, "settings": digest({"row": text})[:12]}

    def _epochs(self) -> list[int]:
        n = len(self.segments.counts)
        return [] if epochs(n) == 500 else [epochs(n)]

    def _measured(self, comparison: Comparison, layers: list[str], about: dict[str, Any]) -> tuple[Row, Row]:
        seed, counts = int(about["seed"]), self.segments.counts
        maps = draw_all(self.segments, layers, seed)
        accuracy, iou = _curves(maps, counts, comparison.player, seed)
        best, goal = ceiling(counts), float(ideal(counts).mean_iou.mean())
        row: dict[str, Any] = {**about, "points": len(counts), "classes": counts.shape[1]}
        row |= {"ceiling_accuracy": round(best.accuracy, 4), "ceiling_iou": round(best.mean_iou, 4)}
        for stroke in AFTER:
            row[f"accuracy_{stroke}"] = round(float(accuracy[stroke - 1]), 4)
            row[f"iou_{stroke}"] = round(float(iou[stroke - 1]), 4)
        row |= {"ideal": round(goal, 4), "share": round(float(iou.mean()) / goal, 4)}
        row |= {"date": date.today().isoformat(), "commit": commit(), **hardware()}
        key = {name: about[name] for name in ("data", "representation", "projector", "seed", "player", "trained")}
        return row, {**key, "measure": "iou", **{str(i + 1): round(float(v), 4) for i, v in enumerate(iou)}}


def _curves(maps: Sequence[Floats], counts: NDArray[np.int64], player: str, seed: int) -> NDArray[np.float64]:
    """Return accuracy and mean IoU (2, strokes) of a player; of a clumsy one, the mean over hands."""
    hands: list[Clumsy | None] = [None]
    if player == "clumsy":
        hands = [Clumsy(CLUMSY.radius, CLUMSY.mistaken, seed=HANDS * seed + hand) for hand in range(HANDS)]
    choice = "purest" if player == "purest" else "gain"
    traces = [simulate_maps(maps, counts, strokes=STROKES, choice=choice, clumsy=hand) for hand in hands]
    return np.mean([[trace.accuracy, trace.mean_iou] for trace in traces], axis=0)


def _there() -> set[tuple[str, ...]]:
    return {(*key_of(row), row["settings"]) for row in read(RESULTS)}


def measure_scene(name: str, rows: dict[str, Any], wanted: Sequence[Comparison]) -> None:
    """Measure comparisons on one scene, in their order; those of networks for each seed of training."""
    for measured, mine in _workspaces(name, rows, wanted):
        for comparison in mine:
            measured.measure(comparison)


def _workspaces(
    name: str, rows: dict[str, Any], wanted: Sequence[Comparison]
) -> Iterator[tuple[Measured, list[Comparison]]]:
    """Yield the workspaces of a scene, and what is measured on each."""
    row = rows["scenes"][name]
    yield Measured(name, rows), [each for each in wanted if not each.kind and (row["trained"] or not each.trained)]
    if row.get("paper"):
        yield Measured(name, rows, kind="paper"), [each for each in wanted if each.kind == "paper"]
    for seed in row["trained"][1:]:
        yield Measured(name, rows, trained=seed), [each for each in wanted if each.trained and not each.kind]


def main(names: Sequence[str]) -> None:
    """Measure all that is compared on the scenes named (all)."""
    rows = read_rows()
    for name in names or rows["scenes"]:
        measure_scene(name, rows, comparisons(rows))
