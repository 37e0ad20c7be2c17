"""Chips are compared by their nodes: the stage match."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rsgraph.matchers.chips import StoredChips
from rsgraph.protocols import Matcher
from rsgraph.stages.context import Context
from rsgraph.types import Floats
from rsgraph.workspace import Workspace, similarity_arrays, write_arrays


def match(context: Context) -> dict[str, Any]:
    """Compare chips by their nodes; write similarity.npz."""
    matcher: Matcher = context.options.matcher.build()
    known = None if context.known is None else Workspace(context.known).similarity
    nodes = chip_nodes(context.workspace, context.plan.layer)
    found = matcher.match_blocks(
        nodes, blocks=context.blocks, on_device=context.on_device, known=known, progress=context.progress
    )
    write_arrays(context.out / "similarity.npz", similarity_arrays(found))
    facts = {"layer": context.plan.layer, "chips_by": context.plan.chips_by}
    return {"assignment_problems": found.solved, "given_up": dict(found.given_up), **facts}


def by_latent(workspace: Workspace, layer: str) -> bool:
    """Tell whether the chips' map of a layer shows the encoder's vectors per chip: where chips are compared by them.

    That is the default layer's map; another layer's is made from the segments of that layer.
    """
    return layer == workspace.default_layer and workspace.chips_by == "latent"


def chip_nodes(workspace: Workspace, layer: str) -> Sequence[Floats]:
    """Return what stands for each chip: its segments' vectors (n_i, D), read when needed, or the encoder's (1, L)."""
    if by_latent(workspace, layer):
        return [np.array(vector[None]) for vector in workspace.latents]
    counts = np.bincount(workspace.segments["chip_id"].to_numpy(), minlength=len(workspace.chips))
    return StoredChips(workspace.existing("embeddings", f"{layer}.npy").resolve(), counts)
