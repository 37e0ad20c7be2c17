"""Trained layers join own, through the metric: the stage join."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from rsgraph.metrics.fitting import Fitted, fit_metric
from rsgraph.progress import part_of
from rsgraph.protocols import Arrays
from rsgraph.stages.context import Context
from rsgraph.stages.map_model import read_model, write_model
from rsgraph.stages.metric import learnt_with
from rsgraph.stages.models import model_there
from rsgraph.stages.touching import touching_pairs
from rsgraph.types import Doubles
from rsgraph.workspace import JOINT, write_array

WEIGHT = 0.7
"""What a trained layer weighs beside own."""


def join(context: Context) -> dict[str, Any]:
    """Make the layers named ``own+<layer>``: own, and beside it what a network says of a segment, in a metric."""
    names = [name for name in context.plan.layers if JOINT in name]
    trained = {name: _trained(context, name) for name in names}
    model, own = _model(context, trained), context.workspace.embedding("own")
    for name in names:
        vectors = Fitted.of_arrays(model, name).apply(trained[name])
        write_array(context.out / "embeddings" / f"{name}.npy", np.hstack([own, WEIGHT * vectors.astype(np.float32)]))
    return {"layers": names}


def _for_a_part(context: Context) -> Context:
    """Count the search for touching segments as two thirds of the stage."""
    return replace(context, progress=part_of(context.progress, 0, 0.3))


def _trained(context: Context, name: str) -> Doubles:
    return np.asarray(context.workspace.embedding(name.partition(JOINT)[2]), dtype=np.float64)


def _model(context: Context, features: dict[str, Doubles]) -> Arrays:
    """Take the metrics over that a model has, fit the others; write them."""
    given = model_there(context, "models/join.safetensors", "models/join.json")
    arrays: Arrays = {**((given and read_model(given, name="join")) or {})}
    lacking = [name for name in features if f"{name}.matrix" not in arrays]
    if not lacking:
        return arrays
    component, pairs = context.options.metric.build(), touching_pairs(_for_a_part(context))
    for name in lacking:
        arrays |= fit_metric(component, features[name], pairs, seed=context.seed).arrays(name)
    write_model(context.out / "models", arrays, learnt_with(context), name="join")
    return arrays
