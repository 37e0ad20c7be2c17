"""The stages that compare chips and lay chips and segments out in 2-D: match, project."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsgraph.components import build, from_config
from rsgraph.files import make_folder
from rsgraph.pipeline.context import Context
from rsgraph.pipeline.segmenting import chip_rows
from rsgraph.types import Floats, Projection, Similarity
from rsgraph.workspace import write_arrays, write_table

_FEW_CHIPS = 5
"""Below this many chips their map is laid out by classical scaling: a neighbour graph of so few says nothing."""


def match(context: Context) -> dict[str, Any]:
    """Compare all chips by their nodes; write similarity.npz."""
    matcher = from_config("matcher", context.config["matcher"])
    found: Similarity = matcher.match(_nodes(context), progress=context.progress)
    arrays: dict[str, NDArray[Any]] = {
        "indices": found.indices,
        "similarities": found.similarities,
        "error": found.error,
        "solved": np.array(found.solved, dtype=np.int64),
    }
    if found.matrix is not None:
        arrays["matrix"] = found.matrix
    write_arrays(context.out / "similarity.npz", arrays)
    facts = {"layer": context.config["layer"], "chips_by": context.config["compared"]}
    return {"assignment_problems": found.solved, **facts}


def _nodes(context: Context) -> list[Floats]:
    """Return what stands for each chip: its segments' vectors (n_i, D), or the encoder's one (1, L)."""
    if context.config["compared"] == "latent":
        return [np.array(vector[None]) for vector in context.workspace.latents]
    vectors = context.workspace.embedding(context.config["layer"])
    return [np.array(vectors[rows.start : rows.stop]) for _, rows in chip_rows(context)]


def project(context: Context) -> dict[str, Any]:
    """Lay out chips and segments; write the maps, and both tables again with their x and y."""
    projector = from_config("projector", context.config["projector"])
    name, layer = context.config["projector"]["name"], context.config["layer"]
    chips, segments = context.workspace.chips, context.workspace.segments
    vectors = np.asarray(context.workspace.embedding(layer))
    of_chips = _project_chips(context, projector)
    of_segments: Projection = projector.project(vectors, seed=context.seed, progress=context.progress)
    folder = make_folder(context.out / "projections")
    _write(folder / f"chips-{name}.parquet", chips[["chip_id"]], of_chips.points)
    _write(folder / f"{layer}-{name}.parquet", segments[["segment_id"]], of_segments.points)
    _write(context.out / "chips.parquet", chips, of_chips.points)
    _write(context.out / "segments.parquet", segments, of_segments.points)
    return {"layer": layer, "chip_map": of_chips.method, "segment_map": of_segments.method}


def _project_chips(context: Context, projector: Any) -> Projection:
    matrix = context.workspace.similarity.matrix
    assert matrix is not None, "matchers without a full matrix come with their own projection"
    if len(matrix) < _FEW_CHIPS:
        projector = build("projector", name="pca")
    distances = np.clip(1.0 - matrix, 0.0, None).astype(np.float32)
    found: Projection = projector.project_distances(distances, seed=context.seed, progress=None)
    return found


def _write(path: Any, table: pd.DataFrame, points: Floats) -> None:
    located = table.drop(columns=["x", "y"], errors="ignore")
    write_table(path, located.assign(x=points[:, 0].astype(np.float32), y=points[:, 1].astype(np.float32)))
