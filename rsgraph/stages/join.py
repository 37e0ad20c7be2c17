"""Trained layers join the spectra of segments, through the metric: the stage join."""

from __future__ import annotations

from typing import Any

import numpy as np

from rsgraph.metrics.fitting import Fitted, fit_metric
from rsgraph.metrics.spectra import shape_and_brightness
from rsgraph.protocols import Arrays
from rsgraph.stages.context import Context
from rsgraph.stages.map_model import read_model, write_model
from rsgraph.stages.models import model_there
from rsgraph.stages.plan import JOINT
from rsgraph.stages.touching import touching_pairs
from rsgraph.types import Doubles
from rsgraph.workspace import write_array


def join(context: Context) -> dict[str, Any]:
    """Make the layers named ``own+<layer>``: a segment's spectrum and what a network says of it, in a metric.

    Neither replaces the other: what both say alike counts once, and what differs between touching segments little.
    """
    spectra = shape_and_brightness(context.workspace.embedding("bands"))
    names = [name for name in context.plan.layers if JOINT in name]
    features = {name: _beside(context, spectra, name) for name in names}
    model = _model(context, features)
    for name in names:
        vectors = Fitted.of_arrays(model, name).apply(features[name])
        write_array(context.out / "embeddings" / f"{name}.npy", vectors.astype(np.float32))
    return {"layers": names}


def _beside(context: Context, spectra: Doubles, name: str) -> Doubles:
    trained = np.asarray(context.workspace.embedding(name.partition(JOINT)[2]), dtype=np.float64)
    return np.concatenate([spectra, trained], axis=1)


def _model(context: Context, features: dict[str, Doubles]) -> Arrays:
    """Take the metrics over from a model that has them all, else fit them; write them."""
    given = model_there(context, "models/join.safetensors", "models/join.json")
    found = None if given is None else read_model(given, name="join")
    if found is not None and all(f"{name}.matrix" in found for name in features):
        return found
    component, pairs = context.options.metric.build(), touching_pairs(context)
    arrays: Arrays = {}
    for name, each in features.items():
        arrays |= fit_metric(component, each, pairs, seed=context.seed).arrays(name)
    about = {"bands": list(context.opened.bands), "component": context.options.metric.section, "seed": context.seed}
    write_model(context.out / "models", arrays, about, name="join")
    return arrays
