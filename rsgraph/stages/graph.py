"""The segments of every chip are connected: the stage graph."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rsgraph.graphs.features import centroids
from rsgraph.io.chip_blocks import ChipBlock
from rsgraph.options import Choice
from rsgraph.protocols import Arrays, Graph
from rsgraph.stages.context import Context
from rsgraph.stages.segment_files import block_segmentation, blocks_with_rows, own_window
from rsgraph.stages.streaming import array_file, pairs_file
from rsgraph.types import Chip, RegionGraph
from rsgraph.workspace import Workspace


@dataclass(frozen=True)
class _Connect:
    """Connects the segments of one block's chips.

    Parameters
    ----------
    graph
        The component.
    workspace
        Whose segments are connected.
    """

    graph: Choice
    workspace: Path

    def __call__(self, block: ChipBlock) -> Arrays:
        component = self.graph.build()
        found = [self._chip(component, block, chip, rows) for chip, rows in zip(block.chips, block.rows, strict=True)]
        arrays: Arrays = {"edges": np.concatenate([each.edge_index for each in found], axis=1).astype(np.int64)}
        attributes = [each.edge_attributes for each in found if each.edge_attributes is not None]
        if attributes:
            arrays["attributes"] = np.concatenate(attributes).astype(np.float32)
            arrays["names"] = np.array(next(each.attribute_names for each in found))
        return arrays

    def _chip(self, component: Graph, block: ChipBlock, chip: Chip, rows: range) -> RegionGraph:
        """Connect one chip; its nodes are numbered as rows of the table of segments."""
        workspace = Workspace(self.workspace)
        segmentation = block_segmentation(workspace, block, chip, rows)
        window = own_window(workspace, block.scene(chip), chip)
        corner = np.array([window.row, window.column], dtype=np.float32)
        # as the table of segments holds them, in scene pixels rounded to float32
        points = (centroids(segmentation.labels, segmentation.n_segments) + corner) - corner
        found = component.connect(segmentation, points)
        return replace(found, edge_index=found.edge_index + rows.start)


def graph(context: Context) -> dict[str, Any]:
    """Connect the segments of every chip; write edges.npy and, on request, edge_attributes.npy."""
    task = _Connect(context.options.graph, context.workspace.folder.resolve())
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
