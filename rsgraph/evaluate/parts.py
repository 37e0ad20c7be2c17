"""The parts of an evaluation: each reads a finished workspace and returns one table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsgraph import console
from rsgraph.errors import ConfigError, NotThere, NotUsable
from rsgraph.evaluate.lines import touching_segments
from rsgraph.evaluate.reference import ReferenceCounts, reference_counts
from rsgraph.evaluation.chip_borders import Visibility, measurable, pure_classes, visibility
from rsgraph.evaluation.clicks import click
from rsgraph.evaluation.context import evaluate_graph, spatial_neighbours
from rsgraph.evaluation.descriptors import Descriptors, MeasureOptions, describe_chip
from rsgraph.evaluation.ideal import ideal, share_of_ideal
from rsgraph.evaluation.labelling import Trace, simulate_maps, strokes_to
from rsgraph.evaluation.maps import continuity, trustworthiness
from rsgraph.evaluation.ranks import Metric
from rsgraph.evaluation.reference import majority, summed
from rsgraph.evaluation.retrieval import chance, chance_overlap, composition_overlap, precision_at_k
from rsgraph.evaluation.scores import ceiling
from rsgraph.files import digest, sha256
from rsgraph.neighbours.nearest import nearest
from rsgraph.neighbours.rows import drawn
from rsgraph.protocols import Progress
from rsgraph.registry import check_types
from rsgraph.run.scenes import Reopened, cut_chips, keep_chips
from rsgraph.stages.context import Context, Opened
from rsgraph.stages.segment_files import chip_rows, own_window, read_segmentation
from rsgraph.targets.kmeans import kmeans, soft_assignment, squared_distances
from rsgraph.types import Floats
from rsgraph.view.other_maps import find_map, project_segments

Among = Literal["all", "test"]
"""Nearest neighbours are sought among all segments, or those of the test chips among themselves."""


def check_among(among: Sequence[Any]) -> None:
    """Raise ConfigError where ``among`` is not a list of all and test."""
    wrong = [name for name in among if name not in get_args(Among)]
    if wrong or not among:
        raise ConfigError(f"measures.among must be a list of: all, test. Got {list(among)!r} instead.")


def measure_options(config: Mapping[str, Any]) -> MeasureOptions:
    """Return the options of texture, structure and spectra. Raises ConfigError where one does not fit."""
    section = {key: value for key, value in config["measures"].items() if key not in ("among", "segments")}
    check_types("measures", MeasureOptions, section)
    return MeasureOptions(**section)


@dataclass
class Evaluation:
    """A workspace that is evaluated, and what is read of it once.

    Parameters
    ----------
    folder
        The workspace.
    config
        The options (``conf/evaluate.yaml``), plain dicts.
    progress
        Called with (steps done, steps); each part shows its own.
    """

    folder: Path
    config: Mapping[str, Any]
    progress: Progress = lambda done, total: None

    @cached_property
    def workspace(self) -> Reopened:
        """The workspace; its scenes can be read again."""
        return Reopened(self.folder, links=bool(self.config.get("links", False)))

    @cached_property
    def context(self) -> Context:
        """The workspace with its chips, as the stages of a run see it."""
        plan = self.workspace.plan
        opened = keep_chips(cut_chips(plan.options.chips, self.workspace.opened()), self.workspace)
        folder = self.workspace.path("evaluation")
        return Context(plan, opened, self.workspace, folder, folder, self.progress, lambda *_: None)

    @property
    def opened(self) -> Opened:
        """The scenes and their chips."""
        return self.context.opened

    @property
    def layers(self) -> list[str]:
        """The embeddings that are evaluated. Raises NotThere for one that the workspace does not hold."""
        asked = self.config["layers"]
        if asked is None:
            return self.workspace.layers
        for layer in asked:
            self.workspace.embedding(layer)
        return list(asked)

    @cached_property
    def reference(self) -> ReferenceCounts | None:
        """Pixels of each class in each segment, or None where there is no reference."""
        path = self.config["reference"]
        return reference_counts(
            self.workspace,
            None if path is None else Path(path).expanduser(),
            layer=self.config["reference_layer"],
            column=self.config["reference_column"],
            names=self.config["reference_classes"],
            progress=self.progress,
        )

    @cached_property
    def reference_identity(self) -> str | None:
        """What tells one reference from another."""
        found = self.reference
        if found is None:
            return None
        counts = hashlib.sha256(found.segments.tobytes()).hexdigest()
        return digest({"counts": counts, "names": list(found.names)})

    @cached_property
    def chip_numbers(self) -> NDArray[np.int64]:
        """Row of ``chips.parquet`` of each segment: (segments,)."""
        ids = self.workspace.segments["chip_id"].to_numpy()
        return np.searchsorted(self.workspace.chips["chip_id"].to_numpy(), ids).astype(np.int64)

    @cached_property
    def in_test(self) -> NDArray[np.bool_]:
        """Whether each segment lies in a test chip: (segments,)."""
        return (self.workspace.chips["split"] == "test").to_numpy()[self.chip_numbers]


def measures(job: Evaluation) -> pd.DataFrame:
    """Measure texture, structure and spectra of nearest segments: one row per layer, level and set of segments."""
    options = measure_options(job.config)
    described = _described(job, options)
    points = job.workspace.segments[["row", "column"]].to_numpy(np.float64)
    images = _images(job)
    rows = []
    for among, chosen in _compared(job):
        for layer in job.layers:
            vectors = np.asarray(job.workspace.embedding(layer))
            metric = job.workspace.compared_by(layer)
            found = evaluate_graph(described, vectors, points, images, among=chosen, metric=metric, options=options)
            about = {"layer": layer, "among": among, "segments": int(chosen.sum())}
            rows += [{**about, "level": level, **found[level], **_spread(found, level)} for level in LEVELS]
    if not rows:
        raise NotUsable(
            "there are no two segments to compare; measures.among=[all] and a smaller chips.size give more"
        )
    return pd.DataFrame(rows)


def _compared(job: Evaluation) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Give the sets of segments that are compared with each other, by name."""
    for among in job.config["measures"]["among"]:
        chosen = _whole_chips(job, job.in_test | (among == "all"), "measures")
        if chosen.sum() > 1:
            yield among, chosen
        else:
            console.note(f"measures: among={among} is left out: {job.folder} has fewer than two such segments")


LEVELS = ("feature", "context", "feature_apart", "context_apart")
"""Sections 2.9.1 and 2.9.2; and both again without contexts in which a segment is paired with itself."""


def _spread(found: Mapping[str, Mapping[str, float]], level: str) -> dict[str, float]:
    """Return standard deviations over segments, and how far the contexts are the same ones."""
    deviations = {f"{name}_sd": value for name, value in found.get(f"{level}_std", {}).items()}
    return {**deviations, **found["overlap"]}


def _images(job: Evaluation) -> NDArray[np.int64]:
    """Number the image that each segment lies in: neighbours are sought in the same scene."""
    chips = job.workspace.chips
    if "scene_id" not in chips:
        return np.zeros(len(job.chip_numbers), dtype=np.int64)
    return np.asarray(pd.factorize(chips["scene_id"])[0])[job.chip_numbers].astype(np.int64)


def _described(job: Evaluation, options: MeasureOptions) -> Descriptors:
    """Describe all segments, chip by chip."""
    survey = job.workspace.survey
    low, high = (np.asarray(survey[name], dtype=np.float32) for name in ("percentile_2", "percentile_98"))
    parts = []
    items = chip_rows(job.context)
    for done, (chip, rows) in enumerate(items):
        scene = job.opened.scenes[chip.scene]
        labels = read_segmentation(job.workspace, scene, chip, rows).labels
        values = scene.source.read(own_window(job.workspace, scene, chip)).values
        parts.append(describe_chip(values, labels, len(rows), low=low, high=high, options=options))
        job.progress(done + 1, len(items))
    return Descriptors.joined(parts)


def maps(job: Evaluation) -> pd.DataFrame:
    """Measure how faithful the workspace's 2-D maps are: one row per map."""
    rows = []
    for layer, projector, points in _maps(job):
        vectors = np.asarray(job.workspace.embedding(layer))
        found = _faithful(job, vectors, points, job.workspace.compared_by(layer))
        rows.append({"level": "segments", "layer": layer, "projector": projector, **found})
    return pd.DataFrame([*_map_of_chips(job), *rows])


def map_hashes(job: Evaluation) -> dict[str, str]:
    """Hash the maps that the workspace holds: more may have been made since."""
    return {path.name: sha256(path) for path in sorted(job.workspace.path("projections").glob("*.parquet"))}


def _maps(job: Evaluation) -> Iterator[tuple[str, str, Floats]]:
    """Give the maps of segments that the workspace holds: layer, projector, points."""
    for path in sorted(job.workspace.path("projections").glob("*.parquet")):
        layer, _, projector = path.stem.rpartition("-")
        points = find_map(job.workspace, "segments", layer, projector) if layer in job.layers else None
        if points is not None:
            yield layer, projector, points


def _map_of_chips(job: Evaluation) -> list[dict[str, Any]]:
    """Measure the default map of chips against the similarities that it shows.

    Nothing under four chips, or without a matrix.
    """
    matrix = job.workspace.similarity.matrix
    if matrix is None:
        console.note(
            f"maps: the map of chips is left out: {job.folder} holds each chip's nearest, not the similarities "
            "of all pairs that it would be measured against (matcher=hungarian or sinkhorn computes them)"
        )
    if matrix is None or len(matrix) < _FEWEST:
        return []
    projector = str(job.workspace.config["projector"]["name"])
    points = job.workspace.chips[["x", "y"]].to_numpy(np.float32)
    found = _faithful(job, 1.0 - matrix.astype(np.float64), points, "precomputed")
    return [{"level": "chips", "layer": job.workspace.default_layer, "projector": projector, **found}]


_FEWEST = 4
"""Points below which a map has no neighbourhoods to speak of."""


def _faithful(job: Evaluation, space: NDArray[Any], points: Floats, metric: Metric) -> dict[str, float]:
    options = job.config["maps"]
    given = {"k": options["k"], "metric": metric, "sample": options["sample"], "seed": job.config["seed"]}
    trust, whole = trustworthiness(space, points, **given), continuity(space, points, **given)
    return {
        "k": trust.k,
        "trustworthiness": trust.value,
        "trustworthiness_error": trust.error,
        "continuity": whole.value,
        "continuity_error": whole.error,
    }


def rotation(job: Evaluation) -> pd.DataFrame:
    """Compare rotated chips with themselves and with others: one row per level."""
    from rsgraph.evaluate.rotation import rotation as measured

    chips, seed = job.config["rotation"]["chips"], job.config["seed"]
    return measured(job.folder, chips=chips, seed=seed, progress=job.progress)


def retrieval(job: Evaluation) -> pd.DataFrame:
    """Measure how often nearest neighbours are of the same class: one row per level, layer and k.

    ``classes`` is how many most pixels of what is compared belong to: of one class only every neighbour is of it.
    ``segments apart``: without the eight segments around each, which are often of its class wherever one looks.
    """
    counts = _counts(job)
    if any(scene.class_name for scene in job.workspace.scenes):
        console.note("retrieval: each image has one class, so segments of the same image count as found")
    around = spatial_neighbours(job.workspace.segments[["row", "column"]].to_numpy(np.float64), _images(job))
    rows = []
    for layer in job.layers:
        vectors = np.asarray(job.workspace.embedding(layer))
        asked = drawn(len(vectors), job.config["retrieval"]["sample"], job.config["seed"])
        most = min(max(map(int, job.config["retrieval"]["ks"])), len(vectors) - 1)
        k, metric = min(most + around.shape[1], len(vectors) - 1), job.workspace.compared_by(layer)
        near = nearest(vectors, k, metric=metric, queries=asked).rows
        apart = _spatial_last(near, around[asked])[:, :most]
        rows += _precise("segments", layer, near[:, :most], counts, asked, job)
        rows += _precise("segments apart", layer, apart, counts, asked, job)
    return pd.DataFrame([*rows, *_chip_retrieval(job, counts)])


def _spatial_last(near: NDArray[np.int64], around: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move those of the nearest (q, K) that lie around the segment (q, 8) behind the others; the order stays."""
    beside = (near[:, :, None] == around[:, None, :]).any(axis=2)
    return np.take_along_axis(near, np.argsort(beside, axis=1, kind="stable"), axis=1)


def _chip_retrieval(job: Evaluation, counts: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Measure the chips that the workspace's matcher lists as nearest."""
    similarity = job.workspace.similarity
    chips = len(job.workspace.chips)
    if chips < _FEWEST:
        return []
    of_chips = summed(counts, job.chip_numbers, chips)
    near = similarity.indices.astype(np.int64)
    return _precise("chips", job.workspace.default_layer, near, of_chips, np.arange(chips), job)


def _precise(
    level: str,
    layer: str,
    near: NDArray[np.int64],
    counts: NDArray[np.int64],
    asked: NDArray[np.int64],
    job: Evaluation,
) -> list[dict[str, Any]]:
    classes, ks = majority(counts), sorted({min(k, near.shape[1]) for k in job.config["retrieval"]["ks"]})
    precise = precision_at_k(near, classes, asked, ks=ks)
    overlap = composition_overlap(near, counts, asked, ks=ks)
    by_chance = {"precision_by_chance": chance(classes, asked), "overlap_by_chance": chance_overlap(counts, asked)}
    known = {"classes": len(np.unique(classes[classes > 0]))}
    return [
        {"level": level, "layer": layer, "k": k, **known, "precision": precise[k], "overlap": overlap[k], **by_chance}
        for k in ks
    ]


def _counts(job: Evaluation) -> NDArray[np.int64]:
    found = job.reference
    if found is None:
        raise NotThere(f"{job.folder} has no reference; name one with reference=...")
    return found.segments


def labelling(job: Evaluation) -> pd.DataFrame:
    """Let a simulated expert brush the maps of segments.

    One row per map, one for the first two of the workspace's maps together, and one for clicking segments.
    ``classes`` is how many most pixels of the segments belong to: of one class only every stroke is right.
    """
    counts, strokes = _counts(job), job.config["labelling"]["strokes"]
    chosen = np.flatnonzero(_whole_chips(job, np.ones(len(counts), dtype=bool), "labelling"))
    known = counts[chosen]
    rows = [_traced("click per segment", "none", click(known, strokes=strokes), known)]
    for shown in _brushed(job):
        points = [_points(job, layer, projector)[chosen] for layer, projector in shown]
        trace = simulate_maps(points, known, strokes=strokes, progress=job.progress)
        layers, projectors = (" and ".join(dict.fromkeys(names)) for names in zip(*shown, strict=True))
        rows.append(_traced(layers, projectors, trace, known))
    return pd.DataFrame(rows)


def _brushed(job: Evaluation) -> list[list[tuple[str, str]]]:
    """Return the maps that are brushed, as (layer, projector), and behind them the pair of the first two."""
    own = [(each["layer"], each["projector"]) for each in job.workspace.maps]
    layers = ["bands", *(layer for layer, _ in own)] if job.config["layers"] is None else job.layers
    asked = job.config["labelling"]["projectors"] or [str(job.workspace.config["projector"]["name"])]
    single = [[(layer, projector)] for layer in dict.fromkeys(layers) for projector in asked]
    both = len(own) > 1 and all([each] in single for each in own[:2])
    return [*single, own[:2]] if both else single


def _points(job: Evaluation, layer: str, projector: str) -> Floats:
    """Take a map of all segments, made now where the workspace has none."""
    found = find_map(job.workspace, "segments", layer, projector)
    return project_segments(job.folder, layer, projector, progress=job.progress) if found is None else found


def _whole_chips(job: Evaluation, allowed: NDArray[np.bool_], part: str) -> NDArray[np.bool_]:
    """Choose all allowed segments where they are few enough; else those of whole chips, drawn by the seed."""
    most = job.config[part]["segments"]
    if np.count_nonzero(allowed) <= most:
        return allowed
    sizes = np.bincount(job.chip_numbers[allowed], minlength=len(job.workspace.chips))
    order = np.random.default_rng(job.config["seed"]).permutation(np.flatnonzero(sizes))
    kept = order[: max(1, int(np.searchsorted(np.cumsum(sizes[order]), most, side="right")))]
    console.note(f"{part}: of {len(order)} chips, {len(kept)} drawn by the seed ({part}.segments={most})")
    return allowed & np.isin(job.chip_numbers, kept)


_STROKES = (1, 3, 5, 10, 20, 50)
_SHARES = (0.90, 0.95, 0.99)


def _traced(representation: str, projector: str, trace: Trace, counts: NDArray[np.int64]) -> dict[str, Any]:
    """Say how good the labels were after some strokes, also beside the ideal map, and how many came near the best."""
    best = ceiling(counts)
    shown = [stroke for stroke in _STROKES if stroke <= len(trace.accuracy)]
    return {
        "representation": representation,
        "projector": projector,
        "classes": len(np.setdiff1d(majority(counts), [0])),
        **{f"accuracy_{stroke}": trace.accuracy[stroke - 1] for stroke in shown},
        **{f"mean_iou_{stroke}": trace.mean_iou[stroke - 1] for stroke in shown},
        **{f"strokes_to_{share:.0%}".replace("%", ""): strokes_to(trace, best, share) for share in _SHARES},
        "share_of_ideal": share_of_ideal(trace, ideal(counts)),
        "best_accuracy": best.accuracy,
        "best_mean_iou": best.mean_iou,
    }


def borders(job: Evaluation) -> pd.DataFrame:
    """Measure how well layers and maps say, within pure classes, which segments touch a chip border: one row each.

    Columns: level (layer or map), layer, projector; classes and segments that were measured; accuracy, its standard
    error and the worst class; the same of lines through the middle of chips as control; the difference of both.
    Segments at the outer edge of a scene are left out: they may look like those at borders, and are neither.
    """
    if _scenes_of_one_chip(job):
        raise NotUsable("no scene has more than one chip, so there are no borders between chips")
    lines = {name: touching_segments(job.workspace, name) for name in ("borders", "middles")}
    outer, least = touching_segments(job.workspace, "edges"), job.config["borders"]["least"]
    classes = pure_classes(_memberships(job), job.workspace.edges, lines["borders"], outer, least=least)
    rows = _measured_rows(job, classes, lines["borders"])
    levels = [("layer", layer, "none", job.workspace.embedding(layer)) for layer in job.layers]
    levels += [("map", layer, projector, points) for layer, projector, points in _maps(job)]
    found = []
    for done, (level, layer, projector, vectors) in enumerate(levels):
        given = (np.asarray(vectors[rows]), classes[rows], job.chip_numbers[rows])
        border, middle = (_seen(job, given, lines[name][rows]) for name in ("borders", "middles"))
        found.append({"level": level, "layer": layer, "projector": projector, **_compared_lines(border, middle)})
        job.progress(done + 1, len(levels))
    if not len(rows):
        console.note(f"borders: not measurable: no pure class has {least} segments that touch a border of a chip")
    return pd.DataFrame(found)


def _scenes_of_one_chip(job: Evaluation) -> bool:
    chips = job.workspace.chips
    return len(chips) < 2 or ("scene_id" in chips and not chips["scene_id"].duplicated().any())


_CLUSTERS = 8
"""Classes of mean bands where the workspace holds no memberships."""


def _memberships(job: Evaluation) -> NDArray[Any]:
    """Return the memberships (segments, classes): the workspace's own, or in clusters of the mean bands."""
    if "target" in job.workspace.layers:
        return np.asarray(job.workspace.embedding("target"))
    bands = np.asarray(job.workspace.embedding("bands"))
    fitted = bands[drawn(len(bands), job.config["borders"]["segments"], job.config["seed"])]
    centres = kmeans(fitted, min(_CLUSTERS, len(fitted)), restarts=1, seed=job.config["seed"])
    softness = float(squared_distances(fitted, centres).min(axis=1).mean())
    return soft_assignment(bands, centres, softness or 1.0)


def _measured_rows(job: Evaluation, classes: NDArray[np.int64], touching: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Draw from the segments of the classes that can be measured."""
    usable = measurable(classes, touching, least=job.config["borders"]["least"])
    rows = np.flatnonzero(np.isin(classes, usable))
    return rows[drawn(len(rows), job.config["borders"]["segments"], job.config["seed"])]


def _seen(
    job: Evaluation,
    given: tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]],
    touching: NDArray[np.bool_],
) -> Visibility:
    vectors, classes, chips = given
    return visibility(vectors, touching, classes, chips, least=job.config["borders"]["least"])


def _compared_lines(border: Visibility, middle: Visibility) -> dict[str, Any]:
    return {
        **border._asdict(),
        "control": middle.accuracy,
        "control_error": middle.error,
        "difference": border.accuracy - middle.accuracy,
    }
