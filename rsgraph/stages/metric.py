"""A metric is learnt, and the closed-form layers own and surroundings are made with it: the stage metric."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from rsgraph.metrics.diffusion import diffused, median_distance
from rsgraph.metrics.fitting import Fitted, fit_metric, rms_length
from rsgraph.metrics.spectra import shape_and_brightness
from rsgraph.metrics.window import window_means
from rsgraph.protocols import Arrays, Pairs
from rsgraph.stages.context import Context
from rsgraph.stages.map_model import read_model, write_model
from rsgraph.stages.models import model_there
from rsgraph.stages.touching import touching_pairs
from rsgraph.types import Doubles
from rsgraph.workspace import write_array

OWN, SURROUNDINGS, DIFFUSED = "own", "surroundings", "diffused"
"""Names in ``models/metric.safetensors``: two fitted metrics; and what diffusion needs to know of the segments that
they were fitted to, the median distance of touching ones and the length of diffused vectors."""

WEIGHTS = {OWN: 1.0, DIFFUSED: 0.5, SURROUNDINGS: 0.6}
"""Weights of the parts of own: a segment's spectrum, the same diffused, and its surroundings. They were chosen by
leaving out one scene after the other (experiments/labelling)."""


def metric(context: Context) -> dict[str, Any]:
    """Make the layers own and surroundings; write them and the metric that they were made with.

    ``own`` is a segment's spectrum in the metric, beside the same averaged over touching segments that resemble it
    and, as a weaker part, its surroundings. ``surroundings`` are the means of spectra within a Gaussian window over
    the scene, in a metric of their own.
    """
    spectra = shape_and_brightness(context.workspace.embedding("bands"))
    around = _window(context, context.workspace.segments, spectra)
    pairs = touching_pairs(context)
    model = _model(context, spectra, around, pairs)
    parts = {
        name: Fitted.of_arrays(model, name).apply(each) for name, each in ((OWN, spectra), (SURROUNDINGS, around))
    }
    median, length = model[DIFFUSED].tolist()
    parts[DIFFUSED] = diffused(parts[OWN], pairs, median=median, rounds=ROUNDS) / length
    own = np.concatenate([weight * parts[name] for name, weight in WEIGHTS.items()], axis=1)
    for name, layer in ((OWN, own), (SURROUNDINGS, parts[SURROUNDINGS])):
        write_array(context.out / "embeddings" / f"{name}.npy", layer.astype(np.float32))
    return {"pairs": int(pairs.shape[1]), "fitted": context.plan.model is None}


ROUNDS = 3
"""How often vectors are averaged over touching segments."""


def _window(context: Context, segments: pd.DataFrame, spectra: Doubles) -> Doubles:
    """Average spectra within the window round each segment, scene by scene."""
    found = np.empty_like(spectra)
    scenes = segments["scene_id"] if "scene_id" in segments else pd.Series(0, index=segments.index)
    for rows in segments.groupby(scenes, sort=False).indices.values():
        places = segments[["row", "column"]].to_numpy(np.float64)[rows]
        areas = segments["area_px"].to_numpy()[rows]
        found[rows] = window_means(spectra[rows], places, areas, sigma=context.options.embedding.surroundings)
    return found


def _model(context: Context, spectra: Doubles, around: Doubles, pairs: Pairs) -> Arrays:
    """Take the metric over from a model that has one, else fit it; write it."""
    given = model_there(context, "models/metric.safetensors", "models/metric.json")
    if given is not None:
        found = read_model(given, name="metric")
        assert found is not None, "it is there"
        return found
    component = context.options.metric.build()
    own = fit_metric(component, spectra, pairs, seed=context.seed)
    surroundings = fit_metric(component, around, pairs, seed=context.seed)
    vectors = own.apply(spectra)
    median = median_distance(vectors, pairs)
    length = rms_length(diffused(vectors, pairs, median=median, rounds=ROUNDS))
    arrays = {**own.arrays(OWN), **surroundings.arrays(SURROUNDINGS), DIFFUSED: np.array([median, length])}
    about = {"bands": list(context.opened.bands), "component": context.options.metric.section, "seed": context.seed}
    write_model(context.out / "models", arrays, about, name="metric")
    return arrays
