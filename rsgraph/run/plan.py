"""The stages, what each needs, and the part of the config that each depends on.

::

    scene ─┬─ target ──┬─ encoder ──────────┐
           │           └─ memberships ──┐   ├─ encode ─┐
           └─ segments ─┬───────────────┴───┘          ├─ gnn ─ match ─ project ─ pictures
                        └─ graph ──────────────────────┘

This module holds the picture as code, ``runner.py`` walks it, and ``rsgraph/stages`` has one file a stage.

A stage over chips cuts its work into blocks (``rsgraph.blocks``). The executor (``rsgraph.executors``: processes of
this machine, or a Dask cluster) computes them, each finished block is kept beside the stage's output until that is
whole, and arrays of all segments are filled in block by block: no stage holds a tile, and an interruption costs a
block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from rsgraph.components import from_config
from rsgraph.errors import ConfigError
from rsgraph.files import digest

if TYPE_CHECKING:
    from rsgraph.stages.context import Context

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline.

    Parameters
    ----------
    name
        As the user sees it, in the manifest and in the cache.
    needs
        Stages whose outputs it reads.
    options
        The part of the config that its outputs depend on.
    place
        ``module:function`` in this package that does the work.
    code
        Counts up when the work changes in a way that makes old outputs differ.
    """

    name: str
    needs: tuple[str, ...]
    options: Callable[[Config], Any]
    place: str
    code: int = 1

    def run(self, context: Context) -> dict[str, Any]:
        """Do the work; return facts for the manifest. What it needs is imported now, not before."""
        module, _, function = self.place.partition(":")
        facts: dict[str, Any] = getattr(import_module(f"rsgraph.stages.{module}"), function)(context)
        return facts


def _sections(*names: str) -> Callable[[Config], Any]:
    return lambda config: {name: _value(config, name) for name in names}


def _value(config: Config, dotted: str) -> Any:
    found: Any = config
    for part in dotted.split("."):
        found = found[part]
    return found


def _learnt(*names: str) -> Callable[[Config], Any]:
    """Return options of a stage whose outcome is taken over when a trained model is given."""

    def options(config: Config) -> Any:
        identity = config["model"].get("identity")
        return {"model": identity} if identity else _sections(*names)(config)

    return options


def _matching(config: Config) -> Any:
    """Return what chips are compared by: a layer of their segments, or the encoder's vectors."""
    by_latent = {"chips": "latent"} if config.get("compared") == "latent" else {}
    return {**_sections("matcher", "layer")(config), **by_latent}


STAGES = (
    Stage("scene", (), _sections("identity", "chips", "data.limit", "model.bands"), "scene:scene"),
    Stage("target", ("scene",), _learnt("target", "seed"), "target:target"),
    Stage(
        "encoder",
        ("scene", "target"),
        _learnt("encoder", "training.encoder", "trainer.precision", "trainer.devices", "seed"),
        "encoder:encoder",
    ),
    Stage("segments", ("scene",), _sections("segmenter"), "segments:segments"),
    Stage("memberships", ("target", "segments"), _sections("target"), "memberships:memberships"),
    Stage("encode", ("encoder", "segments"), _sections("encoder", "trainer.precision"), "encode:encode"),
    Stage("graph", ("segments",), _sections("graph"), "graph:graph"),
    Stage(
        "gnn",
        ("encode", "memberships", "graph"),
        _learnt("gnn", "training.gnn", "trainer.precision", "trainer.devices", "seed"),
        "gnn:gnn",
    ),
    Stage("match", ("gnn",), _matching, "match:match", code=2),
    Stage("project", ("match",), _sections("projector", "layer", "seed"), "project:project", code=2),
    Stage("pictures", ("project",), _sections("display", "draw"), "pictures:pictures"),
)

COMPARED = (
    "reader",
    "chips",
    "data.limit",
    "target",
    "encoder",
    "segmenter",
    "graph",
    "gnn",
    "matcher",
    "projector",
    "training",
    "embedding",
    "display",
    "draw",
    "model",
    "seed",
)
"""Sections in which a workspace must agree with the run that continues it."""


def keys(config: Config) -> dict[str, str]:
    """Return stage -> key: the hash of its name, code, options and of the keys of what it needs."""
    found: dict[str, str] = {}
    for stage in STAGES:
        found[stage.name] = digest(
            {
                "stage": stage.name,
                "code": stage.code,
                "rsgraph": version("rsgraph"),
                "options": stage.options(config),
                "inputs": [found[name] for name in stage.needs],
            }
        )
    return found


def needed(stage: Stage) -> list[str]:
    """Return the names of all stages that a stage builds on, directly or not, in order."""
    found = {*stage.needs}
    for each in reversed(STAGES):
        if each.name in found:
            found.update(each.needs)
    return [each.name for each in STAGES if each.name in found]


def layers(config: Config) -> list[str]:
    """Return the names of the embeddings that a run makes, in order."""
    return ["bands", "target", "encoder", *from_config("gnn", config["gnn"]).embeddings]


def default_layer(config: Config) -> str:
    """Return the layer that chips are matched on: the second to last of the GNN (section 2.6 of the paper).

    Raises ConfigError where ``embedding.layer`` names one that this run does not make.
    """
    made = layers(config)
    asked = config["embedding"]["layer"]
    if asked is None:
        hidden = [name for name in made if name.startswith("gnn")][:-1]
        return hidden[-1] if hidden else made[-1]
    if asked not in made:
        raise ConfigError(f"embedding.layer '{asked}' is not made by this run; choose one of: {', '.join(made)}")
    return str(asked)


def compared(config: Config) -> str:
    """Return what chips are compared by: ``segments`` or ``latent``.

    Where ``embedding.chips`` is null: ``latent`` where the encoder makes vectors per chip and no GNN follows.
    Raises ConfigError for another value, and where vectors are asked for that the encoder does not make.
    """
    asked = config["embedding"].get("chips")
    if asked not in (None, "segments", "latent"):
        raise ConfigError(f"embedding.chips must be one of: segments, latent, null. Got {asked!r} instead.")
    if asked == "segments" or (asked is None and from_config("gnn", config["gnn"]).embeddings):
        return "segments"
    if from_config("encoder", config["encoder"]).makes_latents:
        return "latent"
    if asked == "latent":
        name = config["encoder"]["name"]
        raise ConfigError(
            f"embedding.chips=latent needs an encoder that makes a vector per chip; '{name}' makes none. Use "
            "encoder=autoencoder, or embedding.chips=segments"
        )
    return "segments"
