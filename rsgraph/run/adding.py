"""Adding scenes to a finished workspace: what is there stays, only what is new is computed.

``rsgraph run 'data.path=[a.tif,b.tif]' workspace=W`` continues a workspace W that was made from a.tif alone, because
the scenes of W are among those given, in whatever order, and the options are the same. Then

- the model stays: classes, encoder and GNN are those of W, as with ``model.from=W``. They have not seen b.tif;
  ``overwrite=true`` trains anew on all scenes.
- chips and segments of W keep their ids, new ones count on from them, so that labels stay valid.
- stages are ordinary stages of an ordinary run over both scenes, with keys of their own. Of the old chips they take
  what the stage cache holds under W's former keys, block by block (:mod:`rsgraph.stages.known_blocks`); what it
  does not hold is computed again, with the same outcome. Of similarities only pairs with new chips are solved (where
  the matcher can do that), and the map is made anew over all.

Nothing depends on the order in which files of W are replaced: before the first of them is, ``remember`` sees to it
that all of W's stages are in the cache. An interrupted run is continued by the same command: ``config.yaml`` of W
then says ``grown_from``, that is

::

    scenes          names of the scenes that W held before
    files           of each of them: its files
    learnt_from     names of those that its model was trained on; none where W was given one (model.from)
    identity        of the scenes before
    model           section of the config before
    stages          stage -> key, as the manifest of W had them

The survey of pixels is that of all scenes and reads the old ones again. Where the new scenes are larger than all old
ones, and these smaller than a chip, the encoder sees squares of another size: then old chips are encoded again.
Stitched segments (``segmenter.seams=stitch``) are made again; labels stay if they come out the same, as they do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from rsgraph.cache import StageCache
from rsgraph.components import from_config
from rsgraph.errors import WorkspaceError, WorkspaceMismatch
from rsgraph.files import place, read_json
from rsgraph.io.fingerprint import fingerprint
from rsgraph.run.plan import STAGES
from rsgraph.run.scenes import Held, model_identity
from rsgraph.types import Scene
from rsgraph.workspace import Workspace, write_table

Config = Mapping[str, Any]
_LATER = ("x", "y")
_OF_SQUARES = ("encode", "gnn", "match")
_PLACED = ("segment_id", "chip_id", "row", "column", "area_px")


def held_scenes(config: Config, workspace: Workspace) -> list[Held]:
    """Return the scenes that a run finds in its workspace, in their order.

    They come first in the run, so that their chips and segments keep their ids, however its paths are sorted.

    Parameters
    ----------
    config
        Of the run: with ``overwrite`` it begins anew, in the order of its paths.
    workspace
        That the run writes into.
    """
    if config["overwrite"] or not workspace.path("config.yaml").exists():
        return []
    with suppress(WorkspaceError):  # interrupted before the scenes were surveyed, or damaged
        return [Held(scene.name, scene.files, scene.bands) for scene in workspace.scenes]
    made = workspace.config
    record = made.get("grown_from") or {"scenes": (), "files": ()}
    named = zip(record["scenes"], record["files"], strict=True)
    return [Held(name, tuple(files), tuple(made["model"]["bands"])) for name, files in named]


def grown(config: dict[str, Any], workspace: Workspace, scenes: Sequence[Scene], memo: Path) -> dict[str, Any]:
    """Return the config of a run that adds scenes to its workspace; any other config as it is, with nothing added.

    Parameters
    ----------
    config
        With the identity of the scenes.
    workspace
        That the run writes into.
    scenes
        All that were given.
    memo
        See :func:`rsgraph.io.fingerprint.fingerprint`.

    Raises
    ------
    WorkspaceMismatch
        The workspace is unfinished.
    """
    alone = {**config, "grown_from": None}
    if config["overwrite"] or not workspace.path("config.yaml").exists():
        return alone
    made = workspace.config
    before = made.get("grown_from")
    if made.get("identity") == config["identity"]:
        return _with_model_of(config, made, before) if before else alone
    held = workspace.scenes if workspace.path("scene.json").exists() else []
    first = scenes[: len(held)]
    if not held or len(held) >= len(scenes) or fingerprint(first, known=memo) != made.get("identity"):
        return alone
    _check_finished(workspace)
    given = made["model"].get("identity")
    model = made["model"] if given else {**_own_model(workspace), "bands": list(scenes[0].bands)}
    names = [scene.name for scene in held]
    record = {
        "scenes": names,
        "files": [list(scene.files) for scene in held],
        "learnt_from": list(before["learnt_from"]) if before else [] if given else names,
        "identity": made["identity"],
        "model": made["model"],
        "stages": {name: each["key"] for name, each in workspace.manifest["stages"].items()},
    }
    return _with_model_of(config, {"model": model}, record)


def _with_model_of(config: dict[str, Any], made: Config, record: Config) -> dict[str, Any]:
    """Take a workspace's own model, unless another one was asked for: that is a difference, to be told as such."""
    asked = config["model"]["identity"]
    if asked not in (None, made["model"]["identity"]):
        return {**config, "grown_from": None}
    return {**config, "model": dict(made["model"]), "grown_from": dict(record)}


def _own_model(workspace: Workspace) -> dict[str, Any]:
    return {"from": str(workspace.folder.resolve()), "identity": model_identity(workspace)}


def _check_finished(workspace: Workspace) -> None:
    recorded, there = workspace.manifest.get("stages", {}), workspace.intact()
    missing = [stage.name for stage in STAGES if stage.name not in recorded]
    missing += [name for name, record in recorded.items() if any(file not in there for file in record["outputs"])]
    if missing:
        raise WorkspaceMismatch(
            f"scenes can only be added to a finished workspace; {workspace.folder} lacks {', '.join(missing)}. Run "
            "it with its own scenes first, or add overwrite=true to begin anew with all"
        )


def as_before(config: Config, made: Config) -> dict[str, Any]:
    """Return the config as it was before scenes were added, where the workspace is still in that state."""
    record = config.get("grown_from")
    if not record or made.get("identity") != record["identity"]:
        return dict(config)
    return {**config, "identity": record["identity"], "model": record["model"]}


def told(config: Config, scenes: Sequence[Scene]) -> str:
    """Say what is added to what."""
    record = config["grown_from"]
    held, teachers = len(record["scenes"]), record["learnt_from"]
    shown = ", ".join(teachers[:3]) + (f" and {len(teachers) - 3} more" if len(teachers) > 3 else "")
    origin = f"learnt from {shown}" if teachers else f"of {config['model']['from']}"
    return (
        f"scenes are added: {len(scenes) - held} to {held}; ids and labels of segments stay, and classes, encoder "
        f"and GNN are still those {origin} (overwrite=true trains anew)"
    )


def remember(config: Config, workspace: Workspace, cache: StageCache) -> None:
    """Put the stages of a workspace that scenes are about to be added to into the cache, where they are not there."""
    record = config.get("grown_from")
    recorded = workspace.manifest.get("stages", {})
    for name, key in (record["stages"] if record else {}).items():
        with cache.lock(name, key):
            if recorded.get(name, {}).get("key") == key and cache.find(name, key) is None:
                _store(workspace, cache, recorded[name])


def _store(workspace: Workspace, cache: StageCache, record: Mapping[str, Any]) -> None:
    folder = cache.partial(record["stage"], record["key"])
    for name in record["outputs"]:
        if record["stage"] in ("scene", "segments") and name.endswith(".parquet"):
            # a later stage has added the points of the map
            table = pd.read_parquet(workspace.path(name))
            write_table(folder / name, table.drop(columns=[each for each in _LATER if each in table]))
        else:
            place(workspace.path(name), folder / name)
    cache.commit(record["stage"], record["key"], record["seconds"], record["facts"])


def outputs_before(config: Config, stage: str, cache: StageCache) -> Path | None:
    """Return the folder of what a stage made of the scenes before; None where none were, or the cache lost it."""
    record = config.get("grown_from")
    if not record or cache.find(stage, record["stages"].get(stage, "none")) is None:
        return None
    return cache.place_of(stage, record["stages"][stage])


def known_outputs(config: Config, stage: str, cache: StageCache, side: int) -> Path | None:
    """Return the folder of what a stage made of the scenes before, where this run would make the same of them.

    Parameters
    ----------
    config
        Of the run.
    stage
        Its name.
    cache
        Where it is looked for.
    side
        Of the squares that the encoder sees in this run.
    """
    found = outputs_before(config, stage, cache)
    if found is None or from_config("segmenter", config["segmenter"]).seams != "chip":
        return None
    squares = outputs_before(config, "scene", cache)
    same = squares is not None and read_json(squares / "scene.json")["side"] == side
    return found if same or stage not in _OF_SQUARES else None


def keeps_segments(config: Config, cache: StageCache, key: str) -> bool:
    """Tell whether the segments under ``key`` begin with those of the workspace before, so that labels stay valid."""
    record = config.get("grown_from")
    if not record or cache.find("segments", record["stages"]["segments"]) is None:
        return False
    before, now = (
        pd.read_parquet(cache.place_of("segments", each) / "segments.parquet", columns=list(_PLACED))
        for each in (record["stages"]["segments"], key)
    )
    return before.equals(now.iloc[: len(before)])
