"""Options of a run, typed: components by name, chips, training, the place of computation, the place of results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from rsgraph.components import KINDS, registry
from rsgraph.errors import ConfigError
from rsgraph.protocols import Component
from rsgraph.registry import check_types
from rsgraph.training.options import Budget, EncoderOptions, Hardware, TrainingOptions

Path = str | list[str] | None
RUN_KINDS = tuple(kind for kind in KINDS if kind != "exporter")
"""The kinds of components that a run is made of."""


@dataclass(frozen=True)
class Choice:
    """A component that was chosen by name.

    Parameters
    ----------
    kind, name
        As registered: ``segmenter``, ``slic``.
    parameters
        Of its constructor, plain values.
    """

    kind: str
    name: str
    parameters: Mapping[str, Any]

    def __hash__(self) -> int:
        return hash(json.dumps(self.section, sort_keys=True))

    def build(self) -> Any:
        """Build the component; raises as ``rsgraph.build``."""
        return registry(self.kind).build(self.name, {**self.component.as_before, **self.parameters})

    @property
    def component(self) -> type[Component]:
        """Its class."""
        return registry(self.kind)[self.name]

    @property
    def section(self) -> dict[str, Any]:
        """Its section of a config: ``name`` and the parameters."""
        return {"name": self.name, **self.parameters}


@dataclass(frozen=True)
class DataOptions:
    """``path`` of the scene or scenes, and how many images of a collection are drawn at most (None: all)."""

    path: Path
    limit: int | None


_WIDEST = 512
"""Margin in pixels beyond which no network of ours sees anything."""


@dataclass(frozen=True)
class ChipOptions:
    """How scenes are cut, and what crosses the borders of chips.

    Parameters
    ----------
    size
        Of a chip's side in pixels.
    edges
        ``pad`` or ``drop`` partial chips.
    test_every
        Every so many-th chip is test.
    across
        Whether segments are connected, and GNNs see, across the borders of chips.
    margin
        Pixels of its surroundings that an encoder sees on each side of a chip (``rsgraph.io.margins``). As wide as
        its network reaches: 32 suffice for four levels of a U-Net, in calm water even.
    """

    size: int
    edges: Literal["pad", "drop"]
    test_every: int
    across: bool
    margin: int

    def __post_init__(self) -> None:
        if not 0 <= self.margin <= _WIDEST:
            raise ConfigError(
                f"chips.margin must be between 0 and {_WIDEST} pixels. Got {self.margin} instead; 32 is usual."
            )


@dataclass(frozen=True)
class EmbeddingOptions:
    """What segments and chips are compared by, and which maps are drawn.

    Parameters
    ----------
    layer
        That chips are compared by and the first map shows; None: the first of ``maps``.
    maps
        Layers that maps are drawn of, in the order in which a viewer offers them; None: own, surroundings and a
        trained one.
    own
        Whether the closed-form layers own and surroundings are made.
    surroundings
        Sigma of the window of surroundings, in pixels.
    chips
        What chips are compared by; None: as the components say.
    """

    layer: str | None
    maps: list[str] | None
    own: bool
    surroundings: float
    chips: Literal["segments", "latent"] | None

    def __post_init__(self) -> None:
        if not self.surroundings >= 1:
            raise ConfigError(
                f"embedding.surroundings must be a width of at least 1 pixel. Got {self.surroundings!r}; try 24."
            )
        if any(not isinstance(name, str) for name in self.maps or ()):
            raise ConfigError(
                f"embedding.maps must be a list of names of layers, such as [own,bands]. Got {self.maps} instead."
            )


@dataclass(frozen=True)
class ModelOptions:
    """``from_``: the workspace whose classes, encoder and GNN are applied without training; None: train."""

    from_: str | None


@dataclass(frozen=True)
class CacheOptions:
    """``path`` of the stage cache; None: beside the workspace."""

    path: str | None


@dataclass(frozen=True)
class TrackingOptions:
    """``uri`` of MLflow's store (None: beside the workspace, ``none``: no tracking) and the ``experiment``."""

    uri: str | None
    experiment: str

    @property
    def off(self) -> bool:
        """Whether nothing is tracked."""
        return (self.uri or "").lower() == "none"


@dataclass(frozen=True)
class TrainingSections:
    """Training of the encoder and of the GNN, and how much of it there is.

    Parameters
    ----------
    budget
        Passes of chips that all training together is bounded by, or ``full``: all chips, all epochs
        (``rsgraph.training.budget``).
    encoder, gnn
        Duration and step sizes of each.

    Raises
    ------
    ConfigError
        The budget is below 1.
    """

    budget: Budget
    encoder: EncoderOptions
    gnn: TrainingOptions

    def __post_init__(self) -> None:
        if self.budget != "full" and self.budget < 1:
            raise ConfigError(
                f"training.budget must be at least 1 pass of a chip, or full. Got {self.budget}; 500 is usual."
            )


@dataclass(frozen=True)
class Options:
    """All options of a run: ``conf/run.yaml``, section by section."""

    reader: Choice
    target: Choice
    encoder: Choice
    segmenter: Choice
    graph: Choice
    metric: Choice
    gnn: Choice
    matcher: Choice
    projector: Choice
    executor: Choice
    training: TrainingSections
    trainer: Hardware
    data: DataOptions
    chips: ChipOptions
    embedding: EmbeddingOptions
    model: ModelOptions
    cache: CacheOptions
    tracking: TrackingOptions
    display: str | list[str]
    draw: bool
    workspace: str | None
    overwrite: bool
    links: bool
    disk: Literal["check", "ignore"]
    seed: int

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ConfigError(f"seed must be at least 0. Got {self.seed} instead.")

    def to_config(self) -> dict[str, Any]:
        """Return plain nested dicts, as ``read_options`` takes them."""
        return {_written(each.name): plain(getattr(self, each.name)) for each in fields(self)}


def plain(value: Any) -> Any:
    """Return options as JSON and YAML hold them."""
    if isinstance(value, Choice):
        return value.section
    if is_dataclass(value) and not isinstance(value, type):
        return {_written(each.name): plain(getattr(value, each.name)) for each in fields(value)}
    return value


def _written(name: str) -> str:
    """Return a field's name as a config writes it: ``from`` is no name in Python."""
    return name.removesuffix("_")


_SECTIONS: Mapping[str, type] = {
    "trainer": Hardware,
    "data": DataOptions,
    "chips": ChipOptions,
    "embedding": EmbeddingOptions,
    "model": ModelOptions,
    "cache": CacheOptions,
    "tracking": TrackingOptions,
}


def read_options(config: Mapping[str, Any]) -> Options:
    """Turn a resolved config (plain dicts) into options; components are named, not yet built.

    Raises
    ------
    ConfigError
        A section or option is missing, unknown, or of another type.
    UnknownComponent
        A component is not registered; the message lists those that are.
    """
    found: dict[str, Any] = {kind: read_choice(kind, _mapping(config, kind)) for kind in RUN_KINDS}
    for name, constructor in _SECTIONS.items():
        found[name] = _section(name, constructor, _mapping(config, name))
    training = _training(_mapping(config, "training"))
    simple = {name: config[name] for name in ("display", "draw", "workspace", "overwrite", "links", "disk", "seed")}
    check_types(None, Options, {name: value for name, value in simple.items() if name != "display"})
    return Options(**found, training=training, **simple)


def _training(section: Mapping[str, Any]) -> TrainingSections:
    parts = {"encoder": EncoderOptions, "gnn": TrainingOptions}
    read = {name: _section(f"training.{name}", part, _mapping(section, name)) for name, part in parts.items()}
    found: TrainingSections = _section("training", TrainingSections, {**section, **read})
    return found


def read_choice(kind: str, section: Mapping[str, Any]) -> Choice:
    """Turn a section of a config into the component that it names; raises as ``read_options``."""
    parameters = {str(key): value for key, value in section.items() if key != "name"}
    if not isinstance(section.get("name"), str):
        raise ConfigError(f"the section '{kind}' must name a component; choose one of: {', '.join(registry(kind))}")
    return Choice(kind, section["name"], parameters)


def _section(name: str, constructor: type, values: Mapping[str, Any]) -> Any:
    known = [_written(each.name) for each in fields(constructor)]
    for key in values:
        if key not in known:
            raise ConfigError(f"unknown option '{name}.{key}'; choose one of: {', '.join(known)}")
    given = {each.name: values[_written(each.name)] for each in fields(constructor) if _written(each.name) in values}
    check_types(name, constructor, given)
    return constructor(**given)


def _mapping(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = config.get(name)
    if not isinstance(section, Mapping):
        raise ConfigError(f"the section '{name}' must be a mapping of options. Got {section!r} instead.")
    return section
