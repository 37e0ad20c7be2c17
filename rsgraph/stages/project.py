"""Chips and segments are laid out in 2-D: the stage project."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from rsgraph.blocks import Threads
from rsgraph.components import build
from rsgraph.errors import WorkspaceError
from rsgraph.files import atomic, file_state, make_folder, map_array
from rsgraph.neighbours.rows import parts
from rsgraph.options import Choice
from rsgraph.progress import Together, part_of
from rsgraph.protocols import Arrays, Blocks, Progress, Projector
from rsgraph.stages.context import Context
from rsgraph.stages.map_model import NAME, read_model, write_model
from rsgraph.stages.match import chip_nodes
from rsgraph.stages.touching import touching_pairs
from rsgraph.training.options import Hardware, device_type
from rsgraph.types import Distance, Floats, Projection, Similarity

FEW = 5
"""Below this many points the map is PCA's: a neighbour graph of so few says nothing."""


_READING = threading.Lock()
"""Held while a model is read: threads of one process wait for one copy instead of each making its own."""

MATRIX_UP_TO = 3000
"""Chips up to which a map is made from the whole matrix where there is one; above, its eigenvectors take minutes and
gigabytes, and the nearest chips are all that UMAP and t-SNE look at anyway."""


def project(context: Context) -> dict[str, Any]:
    """Lay out chips and segments; write the maps, both tables again with their x and y, and what was learnt."""
    workspace = context.workspace
    of_chips = draw_chips(context, matched=not context.plan.untrained)
    layers = (context.plan.layer, *context.plan.also_drawn)
    of_segments = draw_layers(context, layers)[0]
    write_located(context.out / "segments.parquet", workspace.existing("segments.parquet"), of_segments.points)
    if of_segments.model is not None:
        write_model(context.out / "models", of_segments.model, _about(context, context.plan.layer))
    methods = {"chip_map": of_chips.method, "segment_map": of_segments.method}
    return {"layer": context.plan.layer, "maps": list(layers), **methods}


def draw_chips(context: Context, *, matched: bool) -> Projection:
    """Lay out chips as they were matched, or by the means of their segments; write their table and map."""
    workspace, projector = context.workspace, _projector(context)
    if matched:
        found = lay_out_chips(projector, workspace.similarity, seed=context.seed)
    else:
        chosen = comparing(projector, workspace.compared_by(context.plan.layer))
        found = lay_out_means(chosen, chip_nodes(workspace, context.plan.layer), seed=context.seed)
    write_located(context.out / "chips.parquet", workspace.existing("chips.parquet"), found.points)
    _write_map(context, f"chips-{context.options.projector.name}", "chips.parquet", found)
    return found


def lay_out_means(projector: Projector, nodes: Sequence[Floats], *, seed: int) -> Projection:
    """Lay out chips by the means of their nodes: in seconds, where matching a tile's chips takes minutes.

    Parameters
    ----------
    projector
        Used from ``FEW`` chips on; PCA below.
    nodes
        Per chip (n_i, D), n_i at least 1; read one by one.
    seed
        As in ``Projector``.
    """
    means = np.stack([np.asarray(each, dtype=np.float32).mean(axis=0) for each in nodes])
    return for_points(projector, len(means)).project(means, seed=seed)


_SEARCHED, _DRAWN = 0.02, 0.9
"""Shares of the time of drawing after which touching segments are found, and all is drawn; the rest writes."""

_AS_LONG = 10
"""A row of the sample that a map is learnt from takes as long as so many that are placed in it afterwards: that is
done by all cores, and maps are learnt side by side, in the time of one."""


PLACED = 16_384
"""Rows that are placed as one block of work: some tens of blocks for a quarter of a tile, so cores end together."""


def _learnt(projector: Choice, rows: int, chosen: Sequence[Projector]) -> float:
    """Return the share of the time of drawing after which maps are learnt: all of it where there is no sample."""
    sample = projector.parameters.get("sample")
    if not isinstance(sample, int) or not any(each.in_parts(rows) for each in chosen):
        return _DRAWN
    return _SEARCHED + (_DRAWN - _SEARCHED) * _AS_LONG * sample / (_AS_LONG * sample + rows * len(chosen))


def draw_layers(context: Context, layers: Sequence[str]) -> list[Projection]:
    """Lay out the segments of layers, each by its own distance, side by side; write ``projections/*.parquet``."""
    projector = _projector(context)
    if projector.touching:
        searching = replace(context, progress=part_of(context.progress, 0, _SEARCHED))
        projector = projector.with_pairs(touching_pairs(searching))
    chosen = [comparing(projector, context.workspace.compared_by(layer)) for layer in layers]
    learnt = _learnt(context.options.projector, len(context.workspace.embedding(layers[0])), chosen)
    together = Together(part_of(context.progress, _SEARCHED, learnt), len(layers))
    items = list(enumerate(zip(layers, chosen, strict=True)))
    begun = Threads().run(lambda item: _begin(context, *item[1], together.part(item[0])), items, stop=together.stop)
    found = []
    for (number, item), each in zip(items, begun, strict=True):
        begins, ends = (learnt + (_DRAWN - learnt) * done / len(items) for done in (number, number + 1))
        found.append(_complete(replace(context, progress=part_of(context.progress, begins, ends)), *item, each))
    for layer, each in zip(layers, found, strict=True):
        _write_map(context, f"{layer}-{context.options.projector.name}", "segments.parquet", each)
    return found


def for_points(projector: Projector, points: int) -> Projector:
    """Return the projector that lays out so many points: PCA below ``FEW``."""
    few: Projector = projector if points >= FEW else build("projector", name="pca")
    return few


def comparing(projector: Projector, by: Distance) -> Projector:
    """Return a projector that compares vectors as their layer wants it; of raw layers its own option decides."""
    return projector.with_metric(by) if by == "euclidean" else projector


def _projector(context: Context) -> Projector:
    accelerator = context.options.trainer.accelerator
    chosen: Projector = context.options.projector.build().with_accelerator(accelerator)
    return chosen


def _write_map(context: Context, name: str, table: str, found: Projection) -> None:
    key = table.removesuffix("s.parquet") + "_id"
    path = make_folder(context.out / "projections") / f"{name}.parquet"
    write_located(path, context.workspace.existing(table), found.points, columns=[key])


def lay_out_chips(
    projector: Projector, similarity: Similarity, *, seed: int, progress: Progress | None = None
) -> Projection:
    """Lay out chips by 1 - similarity: by all of them where they are few enough, else by each chip's nearest.

    Parameters
    ----------
    projector
        Used from ``FEW`` chips on; PCA below.
    similarity
        With or without a matrix.
    seed, progress
        As in ``Projector``.
    """
    chips = len(similarity.indices)
    chosen = for_points(projector, chips)
    if similarity.matrix is not None and chips <= MATRIX_UP_TO:
        return chosen.project_distances(_distances(similarity.matrix), seed=seed, progress=progress)
    near = _distances(similarity.similarities)
    return chosen.project_neighbours(similarity.indices, near, seed=seed, progress=progress)


def _distances(similarities: Floats) -> Floats:
    distances: Floats = np.clip(1.0 - similarities, 0.0, None).astype(np.float32)
    return distances


def _begin(context: Context, layer: str, projector: Projector, progress: Progress) -> Projection | None:
    """Lay out segments; where their map is learnt from a sample, learn it, keep it, and return None."""
    vectors, folder = context.workspace.embedding(layer), _kept_model(context, layer)
    if not projector.in_parts(len(vectors)):
        return projector.project(vectors, seed=context.seed, progress=progress)
    if _left_model(folder) is None:
        model = projector.fit(vectors, seed=context.seed, progress=progress)
        write_model(folder, model, _about(context, layer))
    return None


def _kept_model(context: Context, layer: str) -> Path:
    return context.work / "models" / layer


def _complete(context: Context, layer: str, projector: Projector, begun: Projection | None) -> Projection:
    """Fill a map that was learnt from a sample in, block by block."""
    if begun is not None:
        return begun
    folder = _kept_model(context, layer)
    path = context.workspace.existing("embeddings", f"{layer}.npy").resolve()
    task = _Transform(projector, path, folder.resolve(), context.seed)
    items = [(part.start, part.stop) for part in parts(len(context.workspace.embedding(layer)), PLACED)]
    found = list(_blocks(context, projector).map(f"transform-{layer}", task, items, context.progress))
    points = np.concatenate([block["points"] for block in found])
    return Projection(points=points, method=context.options.projector.name, model=read_model(folder))


def _blocks(context: Context, projector: Projector) -> Blocks:
    """Return where segments are placed: a projector that computes on a GPU shares it with nobody."""
    accelerator = projector.accelerator
    on_cpu = accelerator == "cpu" or device_type(Hardware(accelerator=accelerator)) == "cpu"
    return context.blocks if on_cpu else context.on_device


def _left_model(folder: Path) -> dict[str, NDArray[Any]] | None:
    """Return what an interrupted run has left where its model was finished; None where that is damaged."""
    try:
        return read_model(folder)
    except WorkspaceError:
        return None


@dataclass(frozen=True)
class _Transform:
    """Places one block of segments on the map; pickled as paths."""

    projector: Projector
    vectors: Path
    model: Path
    seed: int

    def __call__(self, block: tuple[int, int]) -> Arrays:
        """Return the points of rows ``block[0]`` to ``block[1]``."""
        first, last = block
        rows = map_array(self.vectors)[first:last]
        with _READING:
            model = _prepared(self.projector, self.model, file_state(self.model / f"{NAME}.safetensors"), self.seed)
        return {"points": self.projector.transform(rows, model, seed=self.seed, first=first)}


@lru_cache(maxsize=1)
def _prepared(projector: Projector, folder: Path, state: tuple[int, ...], seed: int) -> Mapping[str, NDArray[Any]]:
    """Read a model and prepare it, once per process and state of its file for all blocks of a map."""
    model = read_model(folder)
    assert model is not None, "it was written before"
    return projector.prepared(model, seed=seed)


def _about(context: Context, layer: str) -> dict[str, Any]:
    """Say what a projector learnt from."""
    return {**context.options.projector.section, "layer": layer, "seed": context.seed}


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
