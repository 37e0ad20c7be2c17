"""Scenes added to a finished workspace: what is there stays, only what is new is computed.

``rsgraph run 'data.path=[a.tif,b.tif]' workspace=W`` continues a workspace W that was made from a.tif, because the
scenes of W are among those given, in whatever order, and the options are the same. Then

- the model stays: classes, metric, encoder and GNN are those of W, as with ``model.from=W``. They have not seen
  b.tif; ``overwrite=true`` trains anew on all scenes.
- chips and segments of W keep their ids, new ones count on from them, so that labels stay valid.
- stages are ordinary stages of an ordinary run over both scenes, with keys of their own. Of the old scenes they take
  what the stage cache holds under W's former keys: segments scene by scene (:mod:`rsgraph.stages.known_segments`),
  what is measured of these block by block (:mod:`rsgraph.stages.known_blocks`), where the rasters of segments are
  the very files of before. What it does not hold is computed again, with the same outcome. Of similarities only pairs
  with new chips are solved (where the matcher can do that), and the map is made anew over all. The layers own and
  surroundings take no time and are made of all segments, with the metric of the model.

Nothing depends on the order in which files of W are replaced: before the first of them is, ``remember`` sees to it
that all of W's stages are in the cache. An interrupted run is continued by the same command: the manifest of W then
says what was there before (:class:`rsgraph.stages.plan.Addition`).

The survey of pixels is that of all scenes and reads the old ones again. Where the new scenes are larger than all old
ones, and these smaller than a chip, the encoder sees squares of another size: then old chips are encoded again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from rsgraph.cache import StageCache
from rsgraph.errors import ModelMismatch, WorkspaceError, WorkspaceMismatch
from rsgraph.files import place
from rsgraph.io.fingerprint import fingerprint
from rsgraph.own_files.scene import read_scene_file
from rsgraph.own_files.tables import read_table
from rsgraph.run.record import Record
from rsgraph.run.scenes import Held, Reopened, given_model, known_alike, shown_path
from rsgraph.stages.plan import Addition, GivenModel, Plan, stages_of
from rsgraph.types import Scene
from rsgraph.workspace import Workspace, write_table

_LATER = ("x", "y")
_OF_SQUARES = ("encode", "gnn", "match")


def held_scenes(workspace: Workspace, record: Record) -> list[Held]:
    """Return the scenes that a run finds in its workspace, in their order.

    They come first in the run, so that their chips and segments keep their ids, however its paths are sorted.

    Parameters
    ----------
    workspace, record
        That the run writes into, and what it says of the run that made it.
    """
    with suppress(WorkspaceError):  # interrupted before the scenes were surveyed, or damaged
        return [Held(scene.name, scene.files, scene.bands) for scene in workspace.scenes]
    if record.addition is None or record.model is None:
        return []
    named = zip(record.addition.scenes, record.addition.files, strict=True)
    return [Held(name, files, record.model.bands) for name, files in named]


def added(
    model: GivenModel | None, workspace: Workspace, record: Record, scenes: Sequence[Scene], identity: str, memo: Path
) -> tuple[GivenModel | None, Addition | None]:
    """Return the model and the addition of a run that adds scenes to its workspace; of any other its model and None.

    Parameters
    ----------
    model
        That the run was given; None: none.
    workspace, record
        That the run writes into, and what it says of the run that made it.
    scenes, identity
        All that were given, those of the workspace first, and their hash.
    memo
        See :func:`rsgraph.io.fingerprint.fingerprint`.

    Raises
    ------
    WorkspaceMismatch
        The workspace is unfinished.
    ModelMismatch
        Bands of a new scene are only assumed to be those of the scenes before.
    """
    if record.identity == identity:
        return _with_model_of(model, record.model, record.addition) if record.addition else (model, None)
    held = workspace.scenes if workspace.path("scene.json").exists() else []
    first = scenes[: len(held)]
    if not held or len(held) >= len(scenes) or fingerprint(first, known=memo) != record.identity:
        return model, None
    _check_finished(workspace)
    own = _own_model(workspace, record, scenes[0].bands)
    _check_known_alike(scenes[len(held) :], own)
    names = tuple(scene.name for scene in held)
    addition = Addition(
        scenes=names,
        files=tuple(tuple(map(str, scene.files)) for scene in held),
        trained_on=record.addition.trained_on if record.addition else () if record.model else names,
        identity=record.identity,
        model=record.addition.model or record.model if record.addition else record.model,
        stages={name: each["key"] for name, each in workspace.manifest["stages"].items()},
    )
    return _with_model_of(model, own, addition)


def _check_known_alike(scenes: Sequence[Scene], model: GivenModel) -> None:
    """Raise ModelMismatch where bands of a new scene are only assumed to be those that the model learnt from."""
    other = next((scene for scene in scenes if not known_alike(scene, model)), None)
    if other is not None:
        there, here = (each or "named by their files" for each in (model.assumed, other.assumed))
        raise ModelMismatch(
            f"the bands of the scenes before are {there}, those of {other.name} {here}: their model is not applied "
            "where nothing says that they are the same. Leave it out, or add overwrite=true to train anew on all"
        )


def _with_model_of(
    asked: GivenModel | None, own: GivenModel | None, addition: Addition
) -> tuple[GivenModel | None, Addition | None]:
    """Take a workspace's own model, unless another one was asked for: that is a difference, and named as such."""
    same = {each.identity for each in (own, addition.model) if each is not None}
    return (asked, None) if asked is not None and asked.identity not in same else (own, addition)


def _own_model(workspace: Workspace, record: Record, bands: Sequence[str]) -> GivenModel:
    """Return the model as it is here: one that was given without a metric had it fitted to the scenes before."""
    given = record.model
    own = given_model(workspace, given.bands if given else bands)
    return replace(own, folder=given.folder) if given else own


def _check_finished(workspace: Workspace) -> None:
    recorded, there = workspace.manifest.get("stages", {}), workspace.intact()
    missing = [stage.name for stage in stages_of(Reopened(workspace.folder).plan) if stage.name not in recorded]
    missing += [name for name, record in recorded.items() if any(file not in there for file in record["outputs"])]
    if missing:
        raise WorkspaceMismatch(
            f"scenes can only be added to a finished workspace; {workspace.folder} lacks {', '.join(missing)}. Run "
            "it with its own scenes first, or add overwrite=true to begin anew with all"
        )


def describe_addition(addition: Addition, model: GivenModel | None, scenes: int) -> str:
    """Say what is added to what; ``scenes`` counts all."""
    held, teachers = len(addition.scenes), addition.trained_on
    origin = f"learnt from {shown_path(teachers)}" if teachers or model is None else f"of {model.folder}"
    return (
        f"scenes are added: {scenes - held} to {held}; ids and labels of segments stay, and classes, encoder "
        f"and GNN are still those {origin} (overwrite=true trains anew)"
    )


def remember(addition: Addition, workspace: Workspace, cache: StageCache) -> None:
    """Put the stages of a workspace that scenes are about to be added to into the cache, where they are not there."""
    recorded = workspace.manifest.get("stages", {})
    for name, key in addition.stages.items():
        with cache.lock(name, key):
            if recorded.get(name, {}).get("key") == key and cache.find(name, key) is None:
                _store(workspace, cache, recorded[name])


def _store(workspace: Workspace, cache: StageCache, record: Mapping[str, Any]) -> None:
    folder = cache.partial(record["stage"], record["key"])
    for name in record["outputs"]:
        if record["stage"] in ("scene", "segments") and name.endswith(".parquet"):
            # a later stage has added the points of the map
            table = read_table(workspace.path(name))
            write_table(folder / name, table.drop(columns=[each for each in _LATER if each in table]))
        else:
            place(workspace.path(name), folder / name)
    cache.commit(record["stage"], record["key"], record["seconds"], record["facts"])


def outputs_before(plan: Plan, stage: str, cache: StageCache) -> Path | None:
    """Return the folder of what a stage made of the scenes before; None where none were, or the cache lost it."""
    if plan.addition is None or cache.find(stage, plan.addition.stages.get(stage, "none")) is None:
        return None
    return cache.place_of(stage, plan.addition.stages[stage])


def known_outputs(plan: Plan, stage: str, cache: StageCache, side: int, workspace: Workspace) -> Path | None:
    """Return the folder of what a stage made of the scenes before, where this run would make the same of them.

    Parameters
    ----------
    plan
        Of the run.
    stage
        Its name.
    cache
        Where it is looked for.
    side
        Of the squares that the encoder sees in this run.
    workspace
        That the run writes into, with the segments of all scenes unless it is these that are looked for.
    """
    found = outputs_before(plan, stage, cache)
    if found is None or (stage != "segments" and not _same_segments(plan, cache, workspace)):
        return None
    squares = outputs_before(plan, "scene", cache)
    same = squares is not None and read_scene_file(squares / "scene.json").get("side") == side
    return found if same or stage not in _OF_SQUARES else None


def _same_segments(plan: Plan, cache: StageCache, workspace: Workspace) -> bool:
    """Tell whether the old scenes' segments are those of before: the same ids in the same file, by its hash."""
    assert plan.addition is not None, "something was there before"
    record = cache.find("segments", plan.addition.stages.get("segments", "none"))
    before = record.outputs if record else {}
    now = workspace.manifest.get("stages", {}).get("segments", {}).get("outputs", {})
    rasters = [f"segments/{name}.tif" for name in plan.addition.scenes]
    return all(file in now and now[file] == before.get("segments.tif", before.get(file)) for file in rasters)
