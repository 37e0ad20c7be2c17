"""The stage of the graph network: it is trained on the segments' memberships, or fitted, and applied to all chips."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rsgraph.errors import ConfigError
from rsgraph.files import file_state, sha256
from rsgraph.io.chip_blocks import ChipBlock
from rsgraph.options import Choice, Options
from rsgraph.progress import part_of
from rsgraph.protocols import Arrays, Gnn, Nodes
from rsgraph.stages.context import Context, Opened
from rsgraph.stages.encoder import LOADING
from rsgraph.stages.models import describe, learning_facts, take_over
from rsgraph.stages.neighbourhoods import Neighbourhood, neighbourhood
from rsgraph.stages.schedules import planned_gnn
from rsgraph.stages.segment_files import blocks_with_rows, chip_rows
from rsgraph.stages.streaming import array_file
from rsgraph.training.budget import Schedule
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
    planned = None if context.plan.model or not component.trainable else _planned(context)
    learning = 0.0 if planned is None else _share_of_learning(context, planned)
    if context.plan.model:
        facts = take_over(context, "models/gnn.safetensors", "models/gnn.json")
    else:
        facts = _learn_gnn(replace(context, progress=part_of(context.progress, 0, learning)), component, planned)
    write_layers(replace(context, progress=part_of(context.progress, learning, 1)), component)
    return facts


def _learn_gnn(context: Context, component: Gnn, planned: Schedule | None) -> dict[str, Any]:
    """Train the graph network as planned, or fit it; write its weights."""
    module, history, notes = _built(context.workspace, component, context.seed), None, []
    features = context.workspace.embedding(component.reads)
    if planned is not None:
        context.say(planned.sentence("gnn", "graphs"))
        history = _trained(context, module, planned, _chip_graphs(context, component, planned))
    else:
        fit_gnn(module, features, context.workspace.edges)
        notes = _unread_encoder(context.options)
    save_weights(module, context.out / "models" / "gnn.safetensors")
    about = {"component": context.options.gnn.section, "features": int(features.shape[1])}
    describe(context, "gnn", **about, history=history.epochs if history else [])
    return {"notes": notes, **learning_facts(history)}


def write_layers(context: Context, component: Gnn) -> None:
    """Apply the graph network to all chips; write the outputs of its layers."""
    weights = (context.out / "models" / "gnn.safetensors").resolve()
    task = _Embed(context.options.gnn, context.workspace.folder.resolve(), weights, _hops(context, component))
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


def _hops(context: Context, component: Gnn) -> int:
    """Return how far around a chip the network must see; 0 where no edge crosses the borders of chips."""
    return component.n_layers if context.options.chips.across else 0


@dataclass(frozen=True)
class _Embed:
    """Applies the graph network to the chips of one block."""

    gnn: Choice
    workspace: Path
    weights: Path
    hops: int

    def __call__(self, block: ChipBlock) -> Arrays:
        workspace = Workspace(self.workspace)
        with LOADING:
            module = _loaded_gnn(workspace.folder, self.gnn, self.weights, file_state(self.weights))
        layers = [self._layers(workspace, module, rows) for rows in block.rows]
        return {f"layer{number}": np.concatenate(parts) for number, parts in enumerate(zip(*layers, strict=True))}

    def _layers(self, workspace: Workspace, module: GnnModule, rows: range) -> list[Floats]:
        """Return the outputs of all layers for one chip, by one thread: their sums are then the same everywhere."""
        near = neighbourhood(workspace.edges, rows, hops=self.hops)
        attributes = workspace.edge_attributes
        outputs = embed(
            module,
            np.array(workspace.embedding(self.gnn.build().reads)[near.nodes]),
            near.edge_index,
            None if attributes is None else np.array(attributes[near.columns]),
            hardware=Hardware(accelerator="cpu", threads=1),
        )
        return [output[: near.own] for output in outputs]


@lru_cache(maxsize=1)
def _loaded_gnn(folder: Path, chosen: Choice, weights: Path, state: tuple[int, ...]) -> GnnModule:
    """Load a graph network, once per process and state of its file."""
    return _load(Workspace(folder), chosen, weights).eval()


def _trained(context: Context, module: GnnModule, planned: Schedule, samples: Sequence[GraphSample]) -> History:
    from rsgraph.training.gnn import train_gnn  # it loads Lightning

    return train_gnn(
        module,
        samples,
        options=replace(context.options.training.gnn, max_epochs=planned.epochs),
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


@dataclass(frozen=True)
class _ChipGraphs(Sequence[GraphSample]):
    """One graph per chip, with what lies around it; vectors are read when they are asked for.

    Parameters
    ----------
    workspace
        Where they are read.
    reads
        The embedding that the network reads.
    parts
        Of each chip.
    held
        Of each chip: which of its own nodes are held out.
    """

    workspace: Workspace
    reads: Nodes
    parts: Sequence[Neighbourhood]
    held: Sequence[Mask]

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, index: Any) -> Any:  # a number: nobody asks for slices
        near, held = self.parts[index], self.held[index]
        attributes, around = self.workspace.edge_attributes, np.zeros(len(near.nodes) - near.own, dtype=np.bool_)
        return GraphSample(
            x=np.array(self.workspace.embedding(self.reads)[near.nodes]),
            edge_index=near.edge_index,
            edge_attributes=None if attributes is None else np.array(attributes[near.columns]),
            target=np.array(self.workspace.embedding("target")[near.nodes]),
            train_mask=np.concatenate([~held, around]),
            val_mask=np.concatenate([held, around]),
            own=near.own,
        )


def _share_of_learning(context: Context, planned: Schedule) -> float:
    """Return which share of the stage's time learning takes; applying the network to a chip takes one pass."""
    return planned.passes / (planned.passes + len(context.opened.chips))


def _planned(context: Context) -> Schedule:
    there = [number for number, (_, rows) in enumerate(chip_rows(context)) if len(rows)]
    return planned_gnn(context.options, context.opened, there)


def _chip_graphs(context: Context, component: Gnn, planned: Schedule) -> _ChipGraphs:
    """Return a graph for each chip; under four chips every fourth node is held out, else the test chips."""
    edges, hops, rows_of = context.workspace.edges, _hops(context, component), chip_rows(context)
    chips = [rows_of[number] for number in planned.chips]
    parts = [neighbourhood(edges, rows, hops=hops) for _, rows in chips]
    held = [_held_out(context.opened, chip, len(rows)) for chip, rows in chips]
    return _ChipGraphs(context.workspace, component.reads, parts, held)


def _held_out(opened: Opened, chip: Chip, n: int) -> Mask:
    if any(each.split == "test" for each in opened.chips):
        return np.full(n, chip.split == "test")
    return np.asarray(np.arange(n) % 4 == 3)
