"""The plan of a run on one page: options, what is made of them, and the stages with what each needs and writes.

::

    scene ─┬─ target ──┬─ encoder ──────────┐
           │           └─ memberships ──┐   ├─ encode ─┐
           └─ segments ─┬───────────────┴───┘          ├─ gnn ─ match ─ project ─ pictures
                        └─ graph ──────────────────────┘

``rsgraph/run/runner.py`` walks ``STAGES``; the module of a stage's name in this folder does its work.

A stage over chips cuts its work into blocks (``rsgraph.blocks``). The executor (``rsgraph.executors``: processes of
this machine, or a Dask cluster) computes them, each finished block is kept beside the stage's output until that is
whole, and arrays of all segments are filled in block by block: no stage holds a tile, and an interruption costs a
block.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rsgraph.errors import ConfigError
from rsgraph.options import Choice, Options

ChipsBy = Literal["segments", "latent"]


@dataclass(frozen=True)
class GivenModel:
    """Classes, encoder and GNN that are applied, not trained.

    Parameters
    ----------
    folder
        The workspace that learnt them.
    identity
        Hash of their files.
    bands
        Names of the bands that they read, in order.
    """

    folder: str
    identity: str
    bands: tuple[str, ...]


@dataclass(frozen=True)
class Addition:
    """Scenes that are added to those which the workspace held before.

    Parameters
    ----------
    scenes, files
        Names of the scenes before, and the files of each.
    trained_on
        Names of those that the model was trained on; none where the workspace was given one.
    identity, model
        Of the scenes before; the model that the workspace was given before, if any.
    stages
        Stage -> key, as the manifest had them before.
    """

    scenes: tuple[str, ...]
    files: tuple[tuple[str, ...], ...]
    trained_on: tuple[str, ...]
    identity: str
    model: GivenModel | None
    stages: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """What a run does.

    Parameters
    ----------
    options
        Chosen by the user.
    identity
        Hash of the scenes' content and of how they are read.
    layers
        Embeddings that are made, in order: bands, target, encoder, then those of the GNN.
    layer
        The one that chips are compared by and points are drawn from.
    chips_by
        What chips are compared by: their segments in ``layer``, or the encoder's vector of each.
    model
        None: classes, encoder and GNN are trained.
    addition
        None: all scenes are there from the beginning.
    """

    options: Options
    identity: str
    layers: tuple[str, ...]
    layer: str
    chips_by: ChipsBy
    model: GivenModel | None = None
    addition: Addition | None = None


@dataclass(frozen=True)
class Stage:
    """One step of a run: a module of its name in this folder, with a function of its name.

    Parameters
    ----------
    name
        As the user sees it, in the manifest and in the cache.
    needs
        Stages whose outputs it reads.
    components
        Kinds of the components that its outputs depend on.
    options
        What else of the plan they depend on, as paths of its fields.
    writes
        Files that it may leave in the workspace, as patterns of ``fnmatch``.
    trained
        Options that count only where no model is given: then its outcome is taken over.
    count
        Raised by one when the outcome of the same options and inputs changes: workspaces make it anew.
    """

    name: str
    needs: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    trained: tuple[str, ...] | None = None
    count: int = 1


STAGES = (
    Stage(
        "scene",
        components=("reader",),
        options=("identity", "options.chips", "options.data.limit", "model.bands"),
        writes=("scene.json", "chips.parquet", "levels.npz", "reference.tif", "reference/*.tif"),
    ),
    Stage(
        "target", needs=("scene",), trained=("target", "options.seed"), writes=("targets.npz", "models/target.json")
    ),
    Stage(
        "encoder",
        needs=("scene", "target"),
        trained=(
            "encoder",
            "options.chips.margin",
            "options.training.encoder",
            "options.trainer.precision",
            "options.trainer.devices",
            "options.seed",
        ),
        writes=("models/encoder.safetensors", "models/encoder.json"),
    ),
    Stage(
        "segments",
        needs=("scene",),
        components=("segmenter",),
        writes=("segments.tif", "segments/*.tif", "segments.parquet", "segments.json", "embeddings/bands.npy"),
    ),
    Stage("memberships", needs=("target", "segments"), components=("target",), writes=("embeddings/target.npy",)),
    Stage(
        "encode",
        needs=("encoder", "segments"),
        components=("encoder",),
        options=("options.trainer.precision", "options.chips.margin"),
        writes=("embeddings/encoder.npy", "latents.npy"),
    ),
    Stage("graph", needs=("segments",), components=("graph",), writes=("edges.npy", "edge_attributes.npy")),
    Stage(
        "gnn",
        needs=("encode", "memberships", "graph"),
        components=("gnn",),
        trained=(
            "gnn",
            "options.training.gnn",
            "options.trainer.precision",
            "options.trainer.devices",
            "options.seed",
        ),
        writes=("models/gnn.safetensors", "models/gnn.json", "embeddings/gnn*.npy"),
    ),
    Stage(
        "match",
        needs=("gnn",),
        components=("matcher",),
        options=("layer", "chips_by"),
        writes=("similarity.npz",),
        count=2,
    ),
    Stage(
        "project",
        needs=("match",),
        components=("projector",),
        options=("layer", "options.seed"),
        writes=("chips.parquet", "segments.parquet", "projections/*.parquet", "models/projector.*"),
        count=2,
    ),
    Stage("pictures", needs=("project",), options=("options.display", "options.draw"), writes=("pictures/*.png",)),
)


def plan_of(options: Options, identity: str, model: GivenModel | None, addition: Addition | None) -> Plan:
    """Return the plan of a run. Raises ConfigError where options do not fit each other."""
    layers = layers_of(options)
    return Plan(options, identity, layers, default_layer(options, layers), chips_by(options), model, addition)


def needed(stage: Stage) -> list[str]:
    """Return the names of all stages that a stage builds on, directly or not, in order."""
    found = {*stage.needs}
    for each in reversed(STAGES):
        if each.name in found:
            found.update(each.needs)
    return [each.name for each in STAGES if each.name in found]


def layers_of(options: Options) -> tuple[str, ...]:
    """Return the names of the embeddings that a run makes, in order: each component says its own."""
    made = (options.segmenter, options.target, options.encoder, options.gnn)
    return tuple(name for each in made for name in each.build().embeddings)


def default_layer(options: Options, layers: tuple[str, ...]) -> str:
    """Return the layer that chips are matched on: the GNN's second to last (section 2.6 of the paper), if it has one.

    Raises ConfigError where ``embedding.layer`` names one that this run does not make.
    """
    asked = options.embedding.layer
    if asked is None:
        hidden = [name for name in layers if name.startswith("gnn")][:-1]
        return hidden[-1] if hidden else layers[-1]
    if asked not in layers:
        raise ConfigError(f"embedding.layer '{asked}' is not made by this run; choose one of: {', '.join(layers)}")
    return asked


def chips_by(options: Options) -> ChipsBy:
    """Return what chips are compared by.

    Where ``embedding.chips`` is null: ``latent`` where the encoder makes vectors per chip and no GNN follows.
    Raises ConfigError where vectors are asked for that the encoder does not make.
    """
    asked = options.embedding.chips
    if asked == "segments" or (asked is None and options.gnn.build().n_layers > 0):
        return "segments"
    if options.encoder.build().makes_latents:
        return "latent"
    if asked == "latent":
        raise ConfigError(
            f"embedding.chips=latent needs an encoder that makes a vector per chip; '{options.encoder.name}' makes "
            "none. Use encoder=autoencoder, or embedding.chips=segments"
        )
    return "segments"


def value_of(plan: Plan, path: str) -> Any:
    """Return a field of the plan by its path, such as ``options.data.limit``; None where a part of it is None."""
    found: Any = plan
    for part in path.split("."):
        found = None if found is None else getattr(found, part)
    return found


def choice(plan: Plan, kind: str) -> Choice:
    """Return the component of a kind that the run uses."""
    found: Choice = getattr(plan.options, kind)
    return found
