"""The plan of a run on one page: options, what is made of them, and the stages with what each needs and writes.

::

    scene ─┬─ segments ─┬─ metric ─┬─ project ─┬─ chip_map ───────────────────────────────┐
           │            │          └─ match ───┘                                          ├─ pictures
           │            ├─ graph ──────────────────────┐                                  │
           │            ├─ memberships ─┐   ┌─ encode ─┴─ gnn ─ join ─ trained_maps ──────┘
           └─ target ───┴─ encoder ─────┴───┘

The closed-form layers and their maps come first: with them, labelling can begin. Chips, laid out by their means until
then, are matched and laid out anew; networks are trained afterwards, and their maps join. Where chips are compared by
a trained layer (the paper's gnn2), match waits for it, project waits for match, and there is no chip_map.

``rsgraph/run/runner.py`` walks ``stages_of(plan)``; the module of a stage's name in this folder does its work.

A stage over chips cuts its work into blocks (``rsgraph.blocks``). The executor (``rsgraph.executors``: processes of
this machine, or a Dask cluster) computes them, each finished block is kept beside the stage's output until that is
whole, and arrays of all segments are filled in block by block: no stage holds a tile, and an interruption costs a
block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from rsgraph.errors import ConfigError
from rsgraph.options import Choice, Options
from rsgraph.own_files.manifest import STAGE_FILES
from rsgraph.workspace import CLOSED_FORM, JOINT

ChipsBy = Literal["segments", "latent"]

UNTRAINED = ("bands", *CLOSED_FORM)
"""Layers that are there before anything is trained."""


@dataclass(frozen=True)
class GivenModel:
    """Classes, metric, encoder and GNN that are applied, not trained.

    Parameters
    ----------
    folder
        The workspace that learnt them.
    identity
        Hash of their files.
    bands
        Names of the bands that they read, in order.
    metric
        Whether it has a metric, too; one of before there was any has none, and a run fits its own.
    assumed
        How the names of the bands that it learnt from were known, as in ``Scene``; "" where nothing says it.
    """

    folder: str
    identity: str
    bands: tuple[str, ...]
    metric: bool = False
    assumed: str | None = field(default="", compare=False)

    def has(self, stage: Stage) -> bool:
        """Tell whether the outcome of a stage is taken over from it."""
        return stage.trained is not None and (self.metric or "metric" not in stage.trained)


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
        Embeddings that are made, in order: bands, own, surroundings, target, encoder, those of the GNN, and those in
        which a trained one joins own.
    layer
        The one that chips are compared by and the first map shows.
    maps
        All layers that maps are drawn of, ``layer`` first.
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
    maps: tuple[str, ...]
    chips_by: ChipsBy
    model: GivenModel | None = None
    addition: Addition | None = None

    @property
    def untrained(self) -> bool:
        """Whether chips are compared, and the first maps drawn, before anything is trained."""
        return self.options.embedding.own and self.layer in UNTRAINED and self.chips_by == "segments"

    @property
    def also_drawn(self) -> tuple[str, ...]:
        """Layers that stage project draws beside the first: what is there when it comes."""
        there = UNTRAINED if self.untrained else self.layers
        return tuple(name for name in self.maps[1:] if name in there and JOINT not in name)

    @property
    def drawn_later(self) -> tuple[str, ...]:
        """Layers that are drawn once networks are trained."""
        return tuple(name for name in self.maps[1:] if name not in self.also_drawn)


@dataclass(frozen=True)
class Stage:
    """One step of a run: a module of its name in this folder, with a function of its name.

    Parameters
    ----------
    name
        As the user sees it, in the manifest and in the cache.
    needs
        Stages whose outputs it reads; those of match, project and pictures follow from the plan (``stages_of``).
    components
        Kinds of the components that its outputs depend on.
    options
        What else of the plan they depend on, as paths of its fields.
    trained
        Options that count only where no model is given: then its outcome is taken over.
    count
        Raised by one when the outcome of the same options and inputs changes: workspaces make it anew.
    """

    name: str
    needs: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    trained: tuple[str, ...] | None = None
    count: int = 1

    @property
    def writes(self) -> tuple[str, ...]:
        """Files that it may leave in the workspace: a manifest may claim these for it, and no others."""
        return STAGE_FILES[self.name]


STAGES = (
    Stage(
        "scene",
        components=("reader",),
        options=("identity", "options.chips", "options.data.limit", "model.bands"),
    ),
    Stage(
        "segments",
        needs=("scene",),
        components=("segmenter",),
    ),
    Stage(
        "graph",
        needs=("segments",),
        components=("graph",),
        options=("options.chips.across",),
    ),
    Stage(
        "metric",
        needs=("segments",),
        options=("options.embedding.surroundings",),
        trained=("metric", "options.seed"),
    ),
    Stage(
        "project",
        components=("projector",),
        options=("layer", "also_drawn", "options.seed"),
        count=2,
    ),
    Stage(
        "match",
        components=("matcher",),
        options=("layer", "chips_by"),
        count=2,
    ),
    Stage(
        "chip_map",
        needs=("match", "project"),
        components=("projector",),
        options=("options.seed",),
    ),
    Stage(
        "target",
        needs=("scene",),
        trained=("target", "options.training.budget", "options.seed"),
    ),
    Stage(
        "encoder",
        needs=("scene", "target"),
        trained=(
            "encoder",
            "options.chips.margin",
            "options.training.encoder",
            "options.training.budget",
            "options.trainer.precision",
            "options.trainer.devices",
            "options.seed",
        ),
    ),
    Stage("memberships", needs=("target", "segments"), components=("target",)),
    Stage(
        "encode",
        needs=("encoder", "segments"),
        components=("encoder",),
        options=("options.trainer.precision", "options.chips.margin"),
    ),
    Stage(
        "gnn",
        needs=("encode", "memberships", "graph"),
        components=("gnn",),
        options=("options.chips.across",),
        trained=(
            "gnn",
            "options.training.gnn",
            "options.training.budget",
            "options.trainer.precision",
            "options.trainer.devices",
            "options.seed",
        ),
    ),
    Stage(
        "join",
        needs=("metric", "gnn"),
        options=("layers",),
        trained=("metric", "options.seed"),
    ),
    Stage(
        "trained_maps",
        components=("projector",),
        options=("drawn_later", "options.seed"),
    ),
    Stage("pictures", options=("options.display", "options.draw")),
)
"""All stages there are, in the order in which they are walked where nothing forbids it."""

CLOSED_STAGES = ("scene", "segments", "graph", "metric", "project", "match", "chip_map")
"""Stages that need nothing trained; with ``embedding.own`` they are walked first."""


def plan_of(options: Options, identity: str, model: GivenModel | None, addition: Addition | None) -> Plan:
    """Return the plan of a run. Raises ConfigError where options do not fit each other."""
    layers = layers_of(options)
    maps = maps_of(options, layers)
    return Plan(options, identity, layers, maps[0], maps, chips_by(options), model, addition)


def stages_of(plan: Plan) -> tuple[Stage, ...]:
    """Return the stages of a run in the order in which they are walked, each after all that it needs."""
    waiting = [replace(stage, needs=_needs(stage, plan)) for stage in STAGES if _takes_part(stage, plan)]
    found: list[Stage] = []
    while waiting:
        there = {stage.name for stage in found}
        following = next(stage for stage in waiting if there.issuperset(stage.needs))
        waiting.remove(following)
        found.append(following)
    return tuple(found)


def _takes_part(stage: Stage, plan: Plan) -> bool:
    """Leave out the closed-form layers of workspaces that are older than these, and maps that nobody asked for."""
    takes_part = {
        "metric": plan.options.embedding.own,
        "chip_map": plan.untrained,
        "join": any(JOINT in name for name in plan.layers),
        "trained_maps": bool(plan.drawn_later),
    }
    return takes_part.get(stage.name, True)


def _needs(stage: Stage, plan: Plan) -> tuple[str, ...]:
    """Return what a stage needs in this run: chips are compared as soon as the layer is there that they are by."""
    joined = "join" if any(JOINT in name for name in plan.layers) else "gnn"
    if stage.name == "match":
        return ("metric" if plan.untrained else joined if JOINT in plan.layer else "gnn",)
    if stage.name == "project":
        if plan.untrained:
            return ("metric",)
        return ("match", "metric") if plan.also_drawn and plan.options.embedding.own else ("match",)
    if stage.name == "trained_maps":
        return (joined,)
    if stage.name == "pictures":
        last = "trained_maps" if plan.drawn_later else "gnn"
        chips = "chip_map" if plan.untrained else "project"
        return (chips, last) if plan.drawn_later or plan.untrained else (chips,)
    return stage.needs


def needed(stage: Stage, stages: Sequence[Stage]) -> list[str]:
    """Return the names of all stages that one of ``stages_of`` builds on, directly or not, in order."""
    found = {*stage.needs}
    for each in reversed(stages):
        if each.name in found:
            found.update(each.needs)
    return [each.name for each in stages if each.name in found]


def layers_of(options: Options) -> tuple[str, ...]:
    """Return the names of the embeddings that a run makes, in order: each component says its own."""
    made = (options.target, options.encoder, options.gnn)
    closed_form = CLOSED_FORM if options.embedding.own else ()
    found = [*options.segmenter.build().embeddings, *closed_form]
    found += [name for each in made for name in each.build().embeddings]
    return (*found, *_joint(options, found))


def _joint(options: Options, layers: Sequence[str]) -> list[str]:
    """Return the layers in which a trained one joins own: those that are asked for; by default own+gnn1."""
    embedding = options.embedding
    if not embedding.own:
        return []
    asked = [*(embedding.maps or ()), *([embedding.layer] if embedding.layer else [])]
    named = dict.fromkeys(name for name in asked if JOINT in name)
    if embedding.maps is None and options.gnn.build().trainable and "gnn1" in layers:
        named |= {f"own{JOINT}gnn1": None}
    return [name for name in named if name.startswith(f"own{JOINT}") and name.partition(JOINT)[2] in layers]


def maps_of(options: Options, layers: Sequence[str]) -> tuple[str, ...]:
    """Return the layers that maps are drawn of, the first of which chips are compared by.

    Raises ConfigError where ``embedding.layer`` or ``embedding.maps`` names one that this run does not make.
    """
    layer, maps = options.embedding.layer, options.embedding.maps
    joined = f", or own{JOINT} and one of these" if options.embedding.own else ""
    for option, names in (("layer", [layer] if layer else []), ("maps", maps or [])):
        for name in names:
            if name not in layers:
                raise ConfigError(
                    f"embedding.{option} '{name}' is not made by this run; choose one of: {', '.join(layers)}{joined}"
                )
    usual = [name for name in layers if name in CLOSED_FORM or JOINT in name]
    first = layer or (maps or usual or [deepest(layers)])[0]
    return tuple(dict.fromkeys([first, *(usual if maps is None else maps)]))


def deepest(layers: Sequence[str]) -> str:
    """Return the GNN's second to last layer (section 2.6 of the paper), or the last layer where it has none."""
    hidden = [name for name in layers if name.startswith("gnn")][:-1]
    return hidden[-1] if hidden else layers[-1]


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


def maps_entry(plan: Plan) -> list[dict[str, str]]:
    """Return the maps of a run as the manifest lists them: layer, projector and path, the default one first."""
    projector = plan.options.projector.name
    return [
        {"layer": name, "projector": projector, "path": _map_path(name, projector, first=name == plan.layer)}
        for name in plan.maps
    ]


def _map_path(layer: str, projector: str, *, first: bool) -> str:
    return "segments.parquet" if first else f"projections/{layer}-{projector}.parquet"


def choice(plan: Plan, kind: str) -> Choice:
    """Return the component of a kind that the run uses."""
    found: Choice = getattr(plan.options, kind)
    return found
