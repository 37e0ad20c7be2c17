"""Before the first stage: the options of the run, its scenes, its workspace, and the plan that follows from them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rsgraph.cache import StageCache
from rsgraph.components import registry
from rsgraph.config import Typed, refuse_targets
from rsgraph.console import note, progress
from rsgraph.errors import NotThere, UnknownComponent, WorkspaceError, WorkspaceMismatch
from rsgraph.files import expanded
from rsgraph.io.fingerprint import fingerprint, identified
from rsgraph.io.path_names import path_name
from rsgraph.options import RUN_KINDS, Options, read_options
from rsgraph.run.continuing import check_same, continued
from rsgraph.run.paths import Point, cache_folder
from rsgraph.run.record import Record, made_of, read_record
from rsgraph.run.scenes import Reopened, absolute, held_first, open_scenes, shown_path, with_model
from rsgraph.stages.plan import STAGES, GivenModel, Plan, plan_of
from rsgraph.types import Scene
from rsgraph.workspace import Workspace

MEMO = "fingerprints.json"
"""Of the stage cache: hashes of the scenes' files."""


@dataclass(frozen=True)
class Prepared:
    """A run that can begin.

    Parameters
    ----------
    name
        Of the scene or scenes, as the user sees it.
    plan, scenes
        What is done, on what.
    workspace, cache
        Where it goes.
    beside
        Folder in which the workspace stands beside others.
    record
        What the workspace said of an earlier run; None where it is new.
    """

    name: str
    plan: Plan
    scenes: Sequence[Scene]
    workspace: Workspace
    cache: StageCache
    beside: Path
    record: Record | None


def prepare(config: Mapping[str, Any], *, point: Point | None, typed: Typed | None) -> Prepared:
    """Open the scenes, find the workspace, and plan; as ``rsgraph.run.runner.run``."""
    refuse_targets(config)
    now, left_out = _fitting(config, typed)
    for kind in RUN_KINDS:
        registry(kind).check(config[kind]["name"])
    now = replace(now, data=replace(now.data, path=absolute(now.data.path)))
    folder = point.folder if point else (expanded(now.workspace) if now.workspace else None)
    if folder is None:
        folder = Path("workspaces") / _name(now, open_scenes(*with_model(now)))
    workspace = Workspace(folder, links=now.links)
    workspace.check_writable()
    _check_ours(workspace)
    _forget_damaged_sources(workspace)
    record = _upgraded(workspace)
    options, of_workspace = _fitting(continued(now.to_config(), workspace, typed), typed)
    options, model = _with_model(options, record, typed)
    options, of_layers = _with_layers(options, typed)
    for sentence in dict.fromkeys([*left_out, *of_workspace, *of_layers]):
        note(sentence)
    if record is not None and now.data.path is None:
        options = _found_again(options, workspace)
    beside = point.beside if point else folder.parent
    cache = StageCache(_cache_folder(options, beside))
    memo = cache.folder / MEMO
    scenes = _in_order(open_scenes(options, model), options, workspace, record, memo)
    plan = _plan(options, model, scenes, workspace, record, memo)
    return Prepared(_name(options, scenes), plan, scenes, workspace, cache, beside, record)


def _cache_folder(options: Options, beside: Path) -> Path:
    """Return where the stage cache is. Raises WorkspaceError for a link that came with the workspaces."""
    folder = cache_folder(options.cache.path, beside)
    if folder.is_symlink() and not options.cache.path and not options.links:
        raise WorkspaceError(
            f"{folder} is a symbolic link to {os.readlink(folder)}, and was not asked for: what is computed would be "
            "kept there. Remove the link, or type cache.path=... or links=true if it is your own"
        )
    return folder


def identities(prepared: Prepared) -> set[str]:
    """Return the identities of the scenes in a run: of all, and of those that the workspace held, where they stay."""
    plan, known = prepared.plan, prepared.cache.folder / MEMO
    found = {plan.identity, *([plan.addition.identity] if plan.addition else [])}
    given = {scene.name: scene for scene in prepared.scenes}
    with suppress(WorkspaceError):  # interrupted before the scenes were surveyed
        names = [scene.name for scene in prepared.workspace.scenes]
        if all(name in given for name in names):
            found.add(fingerprint([given[name] for name in names], known=known))
    return found


def _fitting(config: Mapping[str, Any], typed: Typed | None) -> tuple[Options, list[str]]:
    """Read options; what experiments set of components that were swapped is left out, and said by the sentences."""
    if typed is None or not typed.written_for:
        return read_options(config), []
    from rsgraph.run.experiments import fitting_parameters

    fitting, said = fitting_parameters(config, typed)
    return read_options(fitting), said


def _with_layers(options: Options, typed: Typed | None) -> tuple[Options, list[str]]:
    """Take layers that are made in the place of those that experiments ask for and swapped components lack."""
    if typed is None or not typed.written_for:
        return options, []
    from rsgraph.run.experiments import fitting_layers

    return fitting_layers(options, typed)


def _name(options: Options, scenes: Sequence[Scene]) -> str:
    return scenes[0].name if len(scenes) == 1 else path_name(options.data.path)


def _forget_damaged_sources(workspace: Workspace) -> None:
    """Remove the file that tells where scenes were, where it is damaged: the run writes it anew."""
    try:
        workspace.sources  # noqa: B018  # only whether it can be read
    except WorkspaceError as error:
        note(f"{error.args[0].partition(';')[0]}; it is written anew")
        workspace.path("sources.json").unlink()


_NAMES = ("config.yaml", "manifest.json", *(name for stage in STAGES for name in stage.writes if "*" not in name))
"""Files that a run writes under names which do not depend on anything."""


def _check_ours(workspace: Workspace) -> None:
    """Refuse a folder in which files of somebody else have names of ours: results would take their place.

    Raises
    ------
    WorkspaceMismatch
        Naming the first of them.
    """
    there = [name for name in _NAMES if workspace.path(name).exists()]
    if there and not _is_ours(workspace, there):
        raise WorkspaceMismatch(
            f"{workspace.path(there[0])} is there and not of an rsgraph workspace; results would take its place, so "
            "give another folder with workspace=..., or move it away"
        )


def _is_ours(workspace: Workspace, there: Sequence[str]) -> bool:
    """Tell whether a folder is a workspace, whatever of it is lost, by its manifest or its options."""
    try:
        if {"stages", "run"} & workspace.manifest.keys():
            return True
    except WorkspaceError:  # damaged, which is said where it is read
        return True
    with suppress(WorkspaceError):
        made: Any = workspace.config if "config.yaml" in there else None
        return isinstance(made, dict) and {"reader", "segmenter"} <= made.keys()
    return False


def _upgraded(workspace: Workspace) -> Record | None:
    """Return what the workspace says of an earlier run; one of version 0.1.0 is brought up to date first."""
    if not workspace.path("config.yaml").exists():
        return None
    record = read_record(workspace)
    if record is not None and "run" not in workspace.manifest:
        from rsgraph.run.version_0_1 import upgrade

        with suppress(UnknownComponent):  # of a package that is not installed here
            upgrade(workspace, Reopened(workspace.folder).plan, record)
    return record


def _with_model(options: Options, record: Record | None, typed: Typed | None) -> tuple[Options, GivenModel | None]:
    """Take over the model that is asked for; a workspace that goes on keeps the one that it has, be that gone."""
    held = record.model if record else None
    goes_on = typed is not None and "model.from" not in typed.options
    if held is None or not goes_on or options.model.from_ != held.folder:
        return with_model(options)
    if not options.overwrite:
        return options, held
    try:
        return with_model(options)
    except NotThere:  # what was kept of it serves
        return options, held


def _found_again(options: Options, workspace: Workspace) -> Options:
    """Look for the scene of a workspace that goes on without being given one: both may have been moved."""
    from rsgraph.run.sources import located

    return replace(options, data=replace(options.data, path=located(workspace, options.data.path)))


def _in_order(
    scenes: list[Scene], options: Options, workspace: Workspace, record: Record | None, memo: Path
) -> list[Scene]:
    """Put the scenes that the workspace holds first, so that their segments keep their ids."""
    if record is None or options.overwrite:
        return scenes
    from rsgraph.run.adding import held_scenes

    return held_first(scenes, held_scenes(workspace, record), memo=memo, renamed=True)


def _plan(
    options: Options,
    given: GivenModel | None,
    scenes: Sequence[Scene],
    workspace: Workspace,
    record: Record | None,
    memo: Path,
) -> Plan:
    """Make the plan. Raises WorkspaceMismatch where the workspace was made otherwise, unless that is overwritten."""
    with progress("reading") as report:
        identity = identified(scenes, record.identity if record else None, known=memo, progress=report)
    model, addition = given, None
    if record is not None and not options.overwrite:
        from rsgraph.run.adding import added

        model, addition = added(given, workspace, record, scenes, identity, memo)
        same_scenes = made_of(identity, record, addition)
        shown = (shown_path(workspace.config["data"]["path"]), shown_path(options.data.path))
        same_model = addition is not None or _is_same(model, record.model)
        config = options.to_config()
        if record.model is not None and same_model and addition is None:
            config["model"] = {"from": record.model.folder}  # wherever it is now
        check_same(workspace, config, same_scenes=same_scenes, same_model=same_model, shown=shown)
    return plan_of(options, identity, model, addition)


def _is_same(model: GivenModel | None, recorded: GivenModel | None) -> bool:
    """Tell whether two models are one, which may have been moved."""
    if model is None or recorded is None:
        return model is recorded
    return replace(model, folder=recorded.folder) == recorded
