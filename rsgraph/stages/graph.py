"""The segments of a scene are connected, across the borders of chips or within each: the stage graph."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from rsgraph.files import file_state
from rsgraph.graphs.features import centroids
from rsgraph.io.chip_blocks import ChipBlock
from rsgraph.io.chips import widened
from rsgraph.io.segment_ids import read_ids
from rsgraph.options import Choice
from rsgraph.own_files.tables import read_table
from rsgraph.protocols import Arrays, Graph
from rsgraph.stages.context import Context
from rsgraph.stages.segment_files import blocks_with_rows, own_window, read_segmentation
from rsgraph.stages.streaming import array_file, pairs_file
from rsgraph.types import Chip, Floats, Labels, RegionGraph, Scene, ScenePart, SceneSegments, Window
from rsgraph.workspace import Workspace

_READING = threading.Lock()
"""Held while segments are looked up: threads of one process wait for one copy instead of each making its own."""


@dataclass(frozen=True)
class _Connect:
    """Connects the segments of one block's chips."""

    graph: Choice
    workspace: Path
    across: bool

    def __call__(self, block: ChipBlock) -> Arrays:
        component, connect = self.graph.build(), self._within_scene if self.across else self._within_chip
        found = [connect(component, block, chip, rows) for chip, rows in zip(block.chips, block.rows, strict=True)]
        arrays: Arrays = {"edges": np.concatenate([each.edge_index for each in found], axis=1).astype(np.int64)}
        attributes = [each.edge_attributes for each in found if each.edge_attributes is not None]
        if attributes:
            arrays["attributes"] = np.concatenate(attributes).astype(np.float32)
            arrays["names"] = np.array(next(each.attribute_names for each in found))
        return arrays

    def _within_chip(self, component: Graph, block: ChipBlock, chip: Chip, rows: range) -> RegionGraph:
        """Connect one chip by itself; its nodes are numbered as rows of the table of segments."""
        workspace = Workspace(self.workspace)
        segmentation = read_segmentation(workspace, block.scene(chip), chip, rows)
        window = own_window(workspace, block.scene(chip), chip)
        corner = np.array([window.row, window.column], dtype=np.float32)
        # as the table of segments holds them, in scene pixels rounded to float32
        points = (centroids(segmentation.labels, segmentation.n_segments) + corner) - corner
        found = component.connect(segmentation, points)
        return replace(found, edge_index=found.edge_index + rows.start)

    def _within_scene(self, component: Graph, block: ChipBlock, chip: Chip, rows: range) -> RegionGraph:
        """Connect one chip's segments with all of the scene; nodes are numbered likewise, receivers ascend."""
        whole = block.scene_rows[chip.scene]
        own = range(rows.start - whole.start, rows.stop - whole.start)
        reading = _Reading(Workspace(self.workspace), block.scene(chip), chip, whole)
        with _READING:
            table = self.workspace / "segments.parquet"
            scene = _scene_segments(table, file_state(table), whole)
        found = component.connect_within(ScenePart(scene, own, reading))
        return _received(found, own, first=whole.start)


@dataclass(frozen=True)
class _Reading:
    """Reads which segments of a scene lie in and around a chip."""

    workspace: Workspace
    scene: Scene
    chip: Chip
    whole: range

    def __call__(self, margin: int) -> tuple[Window, Labels]:
        window = widened(own_window(self.workspace, self.scene, self.chip), margin, self.scene.window)
        path, most = self.workspace.segment_file(self.scene.name), self.workspace.segment_count
        ids = read_ids(path, window, most=most).astype(np.int64)
        return window, np.where(ids > 0, ids - self.whole.start, 0).astype(np.int32)


@lru_cache(maxsize=1)
def _scene_segments(table: Path, state: tuple[int, ...], rows: range) -> SceneSegments:
    """Return the segments in some rows of a table, the same object for all chips of a scene."""
    return SceneSegments(_centroids(table, state)[rows.start : rows.stop])


@lru_cache(maxsize=1)
def _centroids(table: Path, state: tuple[int, ...]) -> Floats:
    """Read the centroids (n, 2) of all segments, once per process and state of the table."""
    return read_table(table, ["row", "column"]).to_numpy(dtype=np.float32)


def _received(found: RegionGraph, own: range, *, first: int) -> RegionGraph:
    """Keep the edges that own segments receive, sorted by receiver; count nodes from ``first``."""
    receivers = found.edge_index[1]
    kept = np.flatnonzero((receivers >= own.start) & (receivers < own.stop))
    kept = kept[np.argsort(receivers[kept], kind="stable")]
    attributes = None if found.edge_attributes is None else found.edge_attributes[kept]
    return replace(found, edge_index=found.edge_index[:, kept] + first, edge_attributes=attributes)


def graph(context: Context) -> dict[str, Any]:
    """Connect the segments; write edges.npy and, on request, edge_attributes.npy.

    The edges that a chip's segments receive stand together, in the order of the chips. Where edges cross the borders
    of chips, receivers ascend over the whole file.
    """
    task = _Connect(context.options.graph, context.workspace.folder.resolve(), context.options.chips.across)
    names: list[str] = []
    with pairs_file(context.out / "edges.npy", context.work) as edges, ExitStack() as stack:
        attributes = None
        for arrays in context.blocks.map("graph", task, blocks_with_rows(context), context.progress):
            edges.append(arrays["edges"])
            if "attributes" in arrays:
                attributes = attributes or stack.enter_context(array_file(context.out / "edge_attributes.npy"))
                attributes.append(arrays["attributes"])
                names = arrays["names"].tolist()
    return {"edges": edges.pairs, "edge_attributes": names}
