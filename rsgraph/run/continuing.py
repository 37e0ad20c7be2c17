"""Options of a workspace that is continued: its own, except those that the user typed now.

A changed default, or a new option, of a later rsgraph leaves a workspace as it is: its ``config.yaml`` says with
which options it was made. An option that it does not know yet takes the value that means "as before"
(``rsgraph.run.keys``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from rsgraph.components import RENAMED, registry
from rsgraph.config import Typed, flatten
from rsgraph.errors import ConfigError, UnknownComponent, WorkspaceError, WorkspaceMismatch
from rsgraph.options import RUN_KINDS, read_choice, read_options
from rsgraph.own_files.fields import damaged
from rsgraph.run.keys import AS_BEFORE
from rsgraph.run.record import Record, read_record
from rsgraph.workspace import Workspace

NOW = ("executor", "cache", "tracking", "workspace", "overwrite", "disk", "links")
"""Sections that say where to compute and write: as they are now."""

COMPARED = (
    "reader",
    "chips",
    "data.limit",
    "target",
    "encoder",
    "segmenter",
    "graph",
    "metric",
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


def own_config(workspace: Workspace) -> dict[str, Any]:
    """Return the options that made a workspace, with those that came later as they were before.

    Raises WorkspaceError where one has another type than an option of its name, naming ``config.yaml``.
    """
    made, record = workspace.config, read_record(workspace)
    check_sections(workspace, made)
    own = {name: deepcopy(value) for name, value in made.items() if name not in _ENTRIES_OF_0_1}
    own["model"] = {"from": _model_from(made, record)}
    for kind in RUN_KINDS:
        section = _renamed(kind, own.get(kind, {}))  # a kind may have come later
        own |= {kind: section} if section else {}
        if section.get("name") in registry(kind):
            before = read_choice(kind, section).component.as_before
            own[kind] = section | {name: value for name, value in before.items() if name not in section}
    for path, value in AS_BEFORE.items():
        _put(own, path, value, only_missing=True)
    _check_options(workspace, own)
    return own


def check_sections(workspace: Workspace, made: Mapping[str, Any]) -> None:
    """Check that what is taken apart are sections of options, where they are there. Raises WorkspaceError."""
    for name in (*RUN_KINDS, "model", "data", "chips", "embedding", "training"):
        section = made.get(name, {})
        if not isinstance(section, Mapping) or not all(isinstance(key, str) for key in section):
            raise damaged(workspace.path("config.yaml"), f"'{name}' must be a section of options")
    for name in RUN_KINDS:
        if name in made and not isinstance(made[name].get("name"), str):
            raise damaged(workspace.path("config.yaml"), f"'{name}' must name a component")


def _check_options(workspace: Workspace, own: Mapping[str, Any]) -> None:
    """Check the types of all options, as those of a command line are."""
    path = workspace.path("config.yaml")
    try:
        read_options(own)
    except UnknownComponent:  # of a package that is not installed here, which is said where it is built
        return
    except ConfigError as error:
        raise WorkspaceError(f"{path} is damaged: {error}") from error
    except (KeyError, TypeError) as error:
        raise damaged(path, f"the option {error} is not there") from error


def _renamed(kind: str, section: Mapping[str, Any]) -> dict[str, Any]:
    """Return a section with the name that its component has today."""
    name = section.get("name", "")
    return {**section, "name": RENAMED.get((kind, name), name)} if section else {}


_ENTRIES_OF_0_1 = ("layer", "compared", "identity", "grown_from")
"""What version 0.1.0 wrote into config.yaml beside the options."""


def _model_from(made: Mapping[str, Any], record: Record | None) -> str | None:
    """Return ``model.from`` as it was typed: version 0.1.0 wrote the workspace's own model there, too."""
    if record is None or record.addition is None:
        found: str | None = (made.get("model") or {}).get("from")
        return found
    addition = record.addition
    return addition.model.folder if addition.model and not addition.trained_on else None


def continued(config: Mapping[str, Any], workspace: Workspace, typed: Typed | None) -> dict[str, Any]:
    """Return the options of a run that continues its workspace; of one that begins, those that it was given.

    Parameters
    ----------
    config
        The resolved config of now, plain dicts.
    workspace
        That the run writes into.
    typed
        Of the command line; None: all options count as typed.
    """
    if typed is None or not workspace.path("config.yaml").exists():
        return dict(config)
    own, record = own_config(workspace), read_record(workspace)
    found = {**config, **{name: value for name, value in own.items() if name not in NOW}}
    if config["data"]["path"] is not None:
        found["data"] = {**found["data"], "path": config["data"]["path"]}
    same = record is not None and record.experiment == typed.experiments
    for name in (*typed.options, *(() if same else typed.by_experiments)):
        _take(found, config, name)
    return found


def _take(found: dict[str, Any], config: Mapping[str, Any], name: str) -> None:
    """Take one option, or a section, from the config of now."""
    if name in RUN_KINDS and found[name]["name"] == config[name]["name"]:
        return  # the same component was named again
    value = dict(flatten(config)).get(name, config.get(name, _GONE))
    _put(found, name, value)


_GONE = object()


def _put(config: dict[str, Any], path: str, value: Any, *, only_missing: bool = False) -> None:
    """Set an option by its path, or remove it where there is none of that name any more."""
    *sections, last = path.split(".")
    place = config
    for section in sections:
        place[section] = dict(place.get(section) or {})
        place = place[section]
    if value is _GONE:
        place.pop(last, None)
    elif not (only_missing and last in place):
        place[last] = deepcopy(value)


def check_same(
    workspace: Workspace, config: Mapping[str, Any], *, same_scenes: bool, same_model: bool, shown: tuple[str, str]
) -> None:
    """Refuse to continue a workspace that was made from another scene or with other options.

    Parameters
    ----------
    workspace
        That exists.
    config
        Options of the run, plain dicts.
    same_scenes
        Whether the scenes are those of the workspace.
    same_model
        Whether the model that is applied, if any, is that of the workspace.
    shown
        The scenes of the workspace and those of now, for the sentence.

    Raises
    ------
    WorkspaceMismatch
        Saying what differs and how to force.
    """
    differ = [] if same_scenes else [f"the scene ({shown[0]} there, {shown[1]} now)"]
    differ += _differences(own_config(workspace), config)
    if not same_model and not any(text.startswith("model.") for text in differ):
        differ.append(f"the model in {config['model']['from']} (its files changed)")
    if differ:
        listed = "; ".join(differ[:6]) + (f"; and {len(differ) - 6} more" if len(differ) > 6 else "")
        raise WorkspaceMismatch(
            f"the workspace {workspace.folder} was made otherwise: {listed}. Give another folder with workspace=..., "
            "or add overwrite=true to change this one (stages that do not differ are kept)"
        )


def _differences(own: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    before, here = flatten(own), flatten(config)
    for key in sorted({*before, *here}):
        if any(key == name or key.startswith(f"{name}.") for name in COMPARED) and before.get(key) != here.get(key):
            yield f"{key} ({before.get(key)} there, {here.get(key)} now)"
