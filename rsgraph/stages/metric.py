"""A metric is learnt, and the closed-form layers own and surroundings are made with it: the stage metric."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from rsgraph.metrics.diffusion import diffused, median_distance
from rsgraph.metrics.fitting import Fitted, fit_metric
from rsgraph.metrics.spectra import shape_and_brightness
from rsgraph.metrics.window import window_means
from rsgraph.protocols import Arrays, Pairs
from rsgraph.stages.context import Context
from rsgraph.stages.map_model import read_model, write_model
from rsgraph.stages.models import model_there
from rsgraph.stages.touching import touching_pairs
from rsgraph.types import Doubles
from rsgraph.workspace import write_array

OWN, SURROUNDINGS, MEDIAN = "own", "surroundings", "median"
"""Names in ``models/metric.safetensors``: two fitted metrics, and the median distance of touching segments in own."""


def metric(context: Context) -> dict[str, Any]:
    """Make the layers own and surroundings; write them and the metric that they were made with.

    ``own`` is a segment's spectrum in the metric; ``surroundings`` the means of spectra within a Gaussian window over
    the scene, in a metric of their own.
    """
    segments = context.workspace.segments
    spectra = shape_and_brightness(context.workspace.embedding("bands"))
    around = _window(context, segments, spectra)
    pairs = touching_pairs(context)
    model = _model(context, spectra, around, pairs)
    own, surroundings = Fitted.of_arrays(model, OWN), Fitted.of_arrays(model, SURROUNDINGS)
    vectors = own.apply(spectra)
    layers = {
        OWN: np.concatenate(
            [vectors, JOINED * diffused(vectors, pairs, median=float(model[MEDIAN][0]), rounds=3)], 1
        ),
        SURROUNDINGS: surroundings.apply(around),
    }
    for name, layer in layers.items():
        write_array(context.out / "embeddings" / f"{name}.npy", layer.astype(np.float32))
    return {"pairs": int(pairs.shape[1]), "fitted": context.plan.model is None}


JOINED = 0.7
"""Weight of a segment's diffused vector beside its own."""


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
    median = np.array([median_distance(own.apply(spectra), pairs)])
    arrays = {**own.arrays(OWN), **surroundings.arrays(SURROUNDINGS), MEDIAN: median}
    about = {"bands": list(context.opened.bands), "component": context.options.metric.section, "seed": context.seed}
    write_model(context.out / "models", arrays, about, name="metric")
    return arrays
