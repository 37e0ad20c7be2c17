"""The stage of the graph network: it is trained on the segments' memberships, or fitted, and applied to all chips."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rsgraph.errors import ConfigError
from rsgraph.files import file_state, sha256
from rsgraph.io.chip_blocks import ChipBlock
from rsgraph.options import Choice, Options
from rsgraph.protocols import Arrays, Gnn, Nodes
from rsgraph.stages.context import Context, Opened
from rsgraph.stages.encoder import LOADING
from rsgraph.stages.models import describe, learning_facts, take_over
from rsgraph.stages.segment_files import blocks_with_rows, chip_rows
from rsgraph.stages.streaming import array_file
from rsgraph.training.graphs import GraphSample, fit_gnn
from rsgraph.training.inference import embed
from rsgraph.training.modules import gnn_module, load_weights, save_weights
from rsgraph.training.options import Hardware
from rsgraph.types import Chip, Floats, Mask
from rsgraph.workspace import Workspace

if TYPE_CHECKING:
    from rsgraph.training.fitting import History
    from rsgraph.training.modules import GnnModule


def load_gnn(workspace: Workspace, gnn: Choice) -> GnnModule | None:
    """Build the GNN of a finished workspace and load its weights; None where there is none."""
    if gnn.build().n_layers == 0:
        return None
    return _load(workspace, gnn, workspace.existing("models", "gnn.safetensors"))


def _load(workspace: Workspace, gnn: Choice, weights: Path) -> GnnModule:
    module = _built(workspace, gnn.build())
    load_weights(module, weights)
    return module


def _built(workspace: Workspace, component: Gnn, seed: int = 0) -> GnnModule:
    """Build a network for the segments of a workspace."""
    attributes = workspace.edge_attributes
    module = gnn_module(
        component,
        n_features=workspace.embedding(component.reads).shape[1],
        n_classes=workspace.embedding("target").shape[1],
        n_edge_attributes=0 if attributes is None else attributes.shape[1],
        seed=seed,
    )
    assert module is not None, "a GNN with layers builds a network"
    return module


def gnn(context: Context) -> dict[str, Any]:
    """Train the graph network on the segments' memberships, or fit it; write its weights and all its layers."""
    component = context.options.gnn.build()
    if component.n_layers == 0:
        describe(context, "gnn", component=context.options.gnn.section, history=[])
        return {"trained": False}
    if context.plan.model:
        facts = take_over(context, "models/gnn.safetensors", "models/gnn.json")
    else:
        facts = _learn_gnn(context, component)
    write_layers(context, component)
    return facts


def _learn_gnn(context: Context, component: Gnn) -> dict[str, Any]:
    """Train or fit the graph network; write its weights."""
    samples = _graph_samples(context, component.reads)
    module, history, notes = _built(context.workspace, component, context.seed), None, []
    if component.trainable:
        history = _trained(context, module, samples)
    else:
        fit_gnn(module, samples)
        notes = _unread_encoder(context.options)
    save_weights(module, context.out / "models" / "gnn.safetensors")
    about = {"component": context.options.gnn.section, "features": int(samples[0].x.shape[1])}
    describe(context, "gnn", **about, history=history.epochs if history else [])
    return {"notes": notes, **learning_facts(history)}


def write_layers(context: Context, component: Gnn) -> None:
    """Apply the graph network to all chips; write the outputs of its layers."""
    weights = (context.out / "models" / "gnn.safetensors").resolve()
    task = _Embed(context.options.gnn, context.workspace.folder.resolve(), weights)
    # the weights are learnt in this very stage: what was kept of other ones must not be taken for theirs
    phase = f"layers-{sha256(weights)[:16]}"
    with ExitStack() as stack:
        paths = [context.out / "embeddings" / f"{name}.npy" for name in component.embeddings]
        layers = [stack.enter_context(array_file(path)) for path in paths]
        for found in context.blocks.map(phase, task, blocks_with_rows(context), context.progress):
            if len(found) != len(layers):
                name = context.options.gnn.name
                raise ConfigError(
                    f"gnn={name} has `n_layers` {len(layers)}, but its network returns {len(found)} outputs; both "
                    "must be the same"
                )
            for number, layer in enumerate(layers):
                layer.append(found[f"layer{number}"])


def edge_places(workspace: Workspace, rows: Sequence[int]) -> list[int]:
    """Return the column of edges.npy from which on all edges lead to segments of these rows or later ones.

    ``rows`` are first rows of chips. Within a chip the receivers come in any order, but none is left of all that
    bisection compares them with, so that it finds its way.
    """
    found: list[int] = np.searchsorted(workspace.edges[1], rows).tolist()
    return found


@dataclass(frozen=True)
class _Embed:
    """Applies the graph network to the chips of one block."""

    gnn: Choice
    workspace: Path
    weights: Path

    def __call__(self, block: ChipBlock) -> Arrays:
        workspace = Workspace(self.workspace)
        with LOADING:
            module = _loaded_gnn(workspace.folder, self.gnn, self.weights, file_state(self.weights))
        places = edge_places(workspace, [*(rows.start for rows in block.rows), block.segments.stop])
        layers = [
            _layers(workspace, module, self.gnn, rows, range(first, last))
            for rows, (first, last) in zip(block.rows, pairwise(places), strict=True)
        ]
        return {f"layer{number}": np.concatenate(parts) for number, parts in enumerate(zip(*layers, strict=True))}


def _layers(workspace: Workspace, module: GnnModule, chosen: Choice, rows: range, columns: range) -> list[Floats]:
    """Return the outputs of all layers for one chip, by one thread: their sums are then the same everywhere."""
    attributes = workspace.edge_attributes
    part = slice(columns.start, columns.stop)
    return embed(
        module,
        np.array(workspace.embedding(chosen.build().reads)[rows.start : rows.stop]),
        np.array(workspace.edges[:, part]) - rows.start,
        None if attributes is None else np.array(attributes[part]),
        hardware=Hardware(accelerator="cpu", threads=1),
    )


@lru_cache(maxsize=1)
def _loaded_gnn(folder: Path, chosen: Choice, weights: Path, state: tuple[int, ...]) -> GnnModule:
    """Load a graph network, once per process and state of its file."""
    return _load(Workspace(folder), chosen, weights).eval()


def _trained(context: Context, module: GnnModule, samples: list[GraphSample]) -> History:
    from rsgraph.training.gnn import train_gnn  # it loads Lightning

    return train_gnn(
        module,
        samples,
        options=context.options.training.gnn,
        hardware=context.options.trainer,
        seed=context.seed,
        folder=context.work,
        on_epoch=lambda number, metrics: context.epoch("gnn", number, metrics),
        progress=context.progress,
    )


def _unread_encoder(options: Options) -> list[str]:
    """Tell a user who had an encoder trained that this GNN does not read it."""
    gnn, encoder = options.gnn.build(), options.encoder.build()
    if gnn.reads == "encoder" or not encoder.trainable:
        return []
    name = options.gnn.name
    return [f"gnn={name} reads the bands, not the trained encoder: encoder=bands spares you its training."]


def _graph_samples(context: Context, nodes: Nodes) -> list[GraphSample]:
    """Return one graph per chip; under four chips every fourth node is held out, else the test chips."""
    workspace = context.workspace
    features, classes = workspace.embedding(nodes), workspace.embedding("target")
    edges, weights = workspace.edges, workspace.edge_attributes
    chips = chip_rows(context)
    places = edge_places(workspace, [*(rows.start for _, rows in chips), len(features)])
    samples = []
    for (chip, rows), (first, last) in zip(chips, pairwise(places), strict=True):
        held = _held_out(context.opened, chip, len(rows))
        samples.append(
            GraphSample(
                x=np.array(features[rows.start : rows.stop]),
                edge_index=np.asarray(edges[:, first:last]) - rows.start,
                edge_attributes=None if weights is None else np.array(weights[first:last]),
                target=np.array(classes[rows.start : rows.stop]),
                train_mask=~held,
                val_mask=held,
            )
        )
    return samples


def _held_out(opened: Opened, chip: Chip, n: int) -> Mask:
    if any(each.split == "test" for each in opened.chips):
        return np.full(n, chip.split == "test")
    return np.asarray(np.arange(n) % 4 == 3)
