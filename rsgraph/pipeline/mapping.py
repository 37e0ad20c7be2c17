"""The stages that compare chips and lay chips and segments out in 2-D: match, project."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rsgraph.components import from_config
from rsgraph.files import atomic, make_folder
from rsgraph.matchers.chips import StoredChips
from rsgraph.pipeline.context import Context
from rsgraph.pipeline.map_model import write_model
from rsgraph.pipeline.projecting import lay_out_chips
from rsgraph.pipeline.segmenting import chip_rows
from rsgraph.types import Floats, Projection, Similarity
from rsgraph.workspace import similarity_arrays, write_arrays


def match(context: Context) -> dict[str, Any]:
    """Compare chips by their nodes; write similarity.npz."""
    matcher = from_config("matcher", context.config["matcher"])
    in_blocks = {"blocks": context.blocks} if "blocks" in signature(matcher.match).parameters else {}
    found: Similarity = matcher.match(_nodes(context), progress=context.progress, **in_blocks)
    write_arrays(context.out / "similarity.npz", similarity_arrays(found))
    facts = {"layer": context.config["layer"], "chips_by": context.config["compared"]}
    return {"assignment_problems": found.solved, "given_up": dict(found.given_up), **facts}


def _nodes(context: Context) -> Sequence[Floats]:
    """Return what stands for each chip: its segments' vectors (n_i, D), or the encoder's one (1, L)."""
    if context.config["compared"] == "latent":
        return [np.array(vector[None]) for vector in context.workspace.latents]
    path = context.workspace.existing("embeddings", f"{context.config['layer']}.npy")
    return StoredChips(path.resolve(), [len(rows) for _, rows in chip_rows(context)])


def project(context: Context) -> dict[str, Any]:
    """Lay out chips and segments; write the maps, both tables again with their x and y, and what was learnt."""
    section, layer, seed = context.config["projector"], context.config["layer"], context.seed
    projector, workspace = from_config("projector", section), context.workspace
    of_chips = lay_out_chips(projector, workspace.similarity, seed=seed)
    vectors = workspace.embedding(layer)
    of_segments: Projection = projector.project(vectors, seed=seed, progress=context.progress)
    maps = make_folder(context.out / "projections")
    for table, key, file, found in (
        ("chips.parquet", "chip_id", f"chips-{section['name']}.parquet", of_chips),
        ("segments.parquet", "segment_id", f"{layer}-{section['name']}.parquet", of_segments),
    ):
        source = workspace.existing(table)
        write_located(context.out / table, source, found.points)
        write_located(maps / file, source, found.points, columns=[key])
    if of_segments.model is not None:
        write_model(context.out / "models", of_segments.model, {**section, "layer": layer, "seed": seed})
    return {"layer": layer, "chip_map": of_chips.method, "segment_map": of_segments.method}


def write_located(path: Path, source: Path, points: Floats, columns: Sequence[str] | None = None) -> None:
    """Copy a table with x and y, some rows at a time: two million segments take the memory of 65 536.

    Parameters
    ----------
    path
        Parquet file to write.
    source
        Parquet file to read; its own x and y are left out.
    points
        (rows, 2).
    columns
        Columns to copy; None: all.
    """
    with pq.ParquetFile(source) as table, atomic(path) as temporary:
        kept = [name for name in columns or table.schema_arrow.names if name not in ("x", "y")]
        schema = pa.schema([table.schema_arrow.field(name) for name in kept])
        schema = schema.append(pa.field("x", pa.float32())).append(pa.field("y", pa.float32()))
        with pq.ParquetWriter(temporary, schema) as writer:
            first = 0
            for batch in table.iter_batches(columns=kept):
                x, y = np.ascontiguousarray(points[first : first + len(batch)].T, dtype=np.float32)
                writer.write_batch(pa.record_batch([*batch.columns, pa.array(x), pa.array(y)], schema=schema))
                first += len(batch)
