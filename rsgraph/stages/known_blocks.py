"""Blocks of chips that are looked up rather than computed: a workspace to which scenes are added has them already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rsgraph.blocks import Item, ResumableBlocks
from rsgraph.io.chip_blocks import ChipBlock
from rsgraph.own_files.fields import Fields, read_json_object
from rsgraph.protocols import Arrays, Progress
from rsgraph.stages.neighbourhoods import edge_places
from rsgraph.workspace import Workspace


class KnownBlocks:
    """Answers blocks of old chips from what a stage made of them before; has the others computed.

    Parameters
    ----------
    blocks
        Where those are computed.
    outputs
        Folder of what the stage made before.
    scenes
        Number of scenes that were there before. Blocks must not mix their chips with new ones.
    """

    def __init__(self, blocks: ResumableBlocks, outputs: Path, scenes: int) -> None:
        self.blocks = blocks
        self.before = Workspace(outputs)
        self.scenes = scenes

    def map(
        self, name: str, task: Callable[[Item], Arrays], items: Sequence[Item], progress: Progress | None = None
    ) -> Iterator[Arrays]:
        """Yield ``task(item)`` for all items in their order; as ``ResumableBlocks.map``."""
        look_up = _LOOK_UPS.get(name.partition("-")[0])
        if look_up is None:
            yield from self.blocks.map(name, task, items, progress)
            return
        old = [item for item in items if isinstance(item, ChipBlock) and max(item.scenes) < self.scenes]
        for done, block in enumerate(old, start=1):
            if progress is not None:
                progress(done, len(items))
            yield look_up(self.before, block)
        for done, found in enumerate(self.blocks.map(name, task, items[len(old) :]), start=len(old) + 1):
            if progress is not None:
                progress(done, len(items))
            yield found


def _vectors(layer: str) -> Callable[[Workspace, ChipBlock], Arrays]:
    return lambda before, block: {"vectors": _rows(before, layer, block)}


def _encoded(before: Workspace, block: ChipBlock) -> Arrays:
    arrays = {"vectors": _rows(before, "encoder", block)}
    if before.path("latents.npy").exists():
        arrays["latents"] = np.array(before.latents[[chip.chip_id for chip in block.chips]])
    return arrays


def _edges(before: Workspace, block: ChipBlock) -> Arrays:
    first, last = edge_places(before, [block.segments.start, block.segments.stop])
    arrays: Arrays = {"edges": np.array(before.edges[:, first:last])}
    attributes = before.edge_attributes
    if attributes is not None:
        arrays["attributes"] = np.array(attributes[first:last])
        path = before.existing("stage.json")
        facts = Fields(path, read_json_object(path)).object("facts")
        arrays["names"] = np.array(facts.texts("edge_attributes"))
    return arrays


def _layers(before: Workspace, block: ChipBlock) -> Arrays:
    made = sorted(before.path("embeddings").glob("gnn*.npy"), key=lambda path: int(path.stem.removeprefix("gnn")))
    return {f"layer{number}": _rows(before, path.stem, block) for number, path in enumerate(made)}


def _rows(before: Workspace, layer: str, block: ChipBlock) -> Any:
    return np.array(before.embedding(layer)[block.segments.start : block.segments.stop])


_LOOK_UPS: Mapping[str, Callable[[Workspace, ChipBlock], Arrays]] = {
    "memberships": _vectors("target"),
    "encode": _encoded,
    "graph": _edges,
    "layers": _layers,
}
"""Phase -> how its blocks are looked up in what their stage made before."""
