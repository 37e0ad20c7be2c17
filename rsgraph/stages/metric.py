"""A metric is learnt, and the closed-form layers own and surroundings are made with it: the stage metric."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from rsgraph.metrics.diffusion import diffused, median_distance
from rsgraph.metrics.fitting import Fitted, fit_metric, rms_length
from rsgraph.metrics.none import NoMetric
from rsgraph.metrics.spectra import DARKEST, scale_of, shape_and_brightness
from rsgraph.metrics.window import window_means
from rsgraph.progress import part_of
from rsgraph.protocols import Arrays, Metric, Pairs
from rsgraph.stages.context import Context
from rsgraph.stages.map_model import read_model, write_model
from rsgraph.stages.models import model_there
from rsgraph.stages.touching import touching_pairs
from rsgraph.types import Doubles
from rsgraph.workspace import write_array

BANDS, SPECTRUM, AROUND, DIFFUSED = "bands", "spectrum", "around", "diffused"
"""Parts of the layers, and names in ``models/metric.safetensors``: bands as they are, spectra in the metric, means
of spectra in the window in a metric of their own, and spectra diffused over touching segments, for which the model
holds the median distance of touching segments and the length of what comes out."""

LAYERS = {
    "own": {BANDS: 0.6, SPECTRUM: 1.0, DIFFUSED: 0.5, AROUND: 0.7},
    "surroundings": {AROUND: 1.0, DIFFUSED: 0.5},
}
"""Layer -> its parts, each about one long, and what they weigh, chosen on labelled scenes (experiments/labelling).

The spectrum tells covers apart, its surroundings kinds of land use; the raw bands keep what a metric that was learnt
in a scene of few covers takes for noise."""

_TOUCHING = 0.3
"""Share of the stage's time that looking for touching segments takes."""

ROUNDS = 3
"""How often vectors are averaged over touching segments."""


def metric(context: Context) -> dict[str, Any]:
    """Make the layers own and surroundings; write them and the metric that they were made with."""
    bands = np.asarray(context.workspace.embedding("bands"), dtype=np.float64)
    spectra = shape_and_brightness(bands)
    features = {BANDS: bands, SPECTRUM: spectra, AROUND: _window(context, context.workspace.segments, spectra)}
    pairs = touching_pairs(replace(context, progress=part_of(context.progress, 0, _TOUCHING)))
    model = _model(context, features, pairs)
    parts = {name: Fitted.of_arrays(model, name).apply(each) for name, each in features.items()}
    median, length = model[DIFFUSED].tolist()
    parts[DIFFUSED] = diffused(parts[SPECTRUM], pairs, median=median, rounds=ROUNDS) / length
    for layer, weights in LAYERS.items():
        joined = np.concatenate([weight * parts[name] for name, weight in weights.items()], axis=1)
        write_array(context.out / "embeddings" / f"{layer}.npy", joined.astype(np.float32))
    fitted = context.plan.model is None or not context.plan.model.metric
    return {"pairs": int(pairs.shape[1]), "fitted": fitted, "notes": _blank(spectra)}


def _blank(spectra: Doubles) -> list[str]:
    """Say it where nothing tells segments apart: values in a unit in which all of them are black."""
    if len(spectra) < 2 or scale_of(spectra).weight.any():
        return []
    return [
        f"All segments look the same to own and surroundings: their values differ by less than {DARKEST:g}, which is "
        "black for reflectance. If they have another unit, give its factor with reader.scale=."
    ]


def _window(context: Context, segments: pd.DataFrame, spectra: Doubles) -> Doubles:
    """Average spectra within the window round each segment, scene by scene."""
    found = np.empty_like(spectra)
    scenes = segments["scene_id"] if "scene_id" in segments else pd.Series(0, index=segments.index)
    places, areas = segments[["row", "column"]].to_numpy(np.float64), segments["area_px"].to_numpy()
    sigma = context.options.embedding.surroundings
    for rows in segments.groupby(scenes, sort=False).indices.values():
        found[rows] = window_means(spectra[rows], places[rows], areas[rows], sigma=sigma)
    return found


def _model(context: Context, features: dict[str, Doubles], pairs: Pairs) -> Arrays:
    """Take the metric over from a model that has one, else fit it; write it."""
    given = model_there(context, "models/metric.safetensors", "models/metric.json")
    if given is not None:
        found = read_model(given, name="metric")
        assert found is not None, "it is there"
        return found
    component: Metric = context.options.metric.build()
    arrays: Arrays = {}
    for name, each in features.items():
        chosen = NoMetric() if name == BANDS else component
        arrays |= fit_metric(chosen, each, pairs, seed=context.seed).arrays(name)
    spectra = Fitted.of_arrays(arrays, SPECTRUM).apply(features[SPECTRUM])
    median = median_distance(spectra, pairs)
    length = rms_length(diffused(spectra, pairs, median=median, rounds=ROUNDS))
    arrays[DIFFUSED] = np.array([median, length])
    write_model(context.out / "models", arrays, learnt_with(context), name="metric")
    return arrays


def learnt_with(context: Context) -> dict[str, Any]:
    """Say what a metric was learnt with."""
    section = context.options.metric.section
    return {"bands": list(context.opened.bands), "component": section, "seed": context.seed}
