"""Labels of a workspace whose segments are made anew: they stay, or are carried over, and are never lost.

::

    labels.before/     what labels.sqlite belongs to, from before the old segments go until the new are there
        before.json    scenes and their identity, files and hashes of their rasters, and where these stand in the run:
                       ``held``, old name of a scene -> its name in the run
        segments.tif   the old rasters, or segments/<scene>.tif
        labels.sqlite  the labels of the new segments, until they take the place of the old journal
        carried.json   key of the new segments, name of the old journal, a report: the new labels are whole

Where the new rasters hold the same ids, nothing happens. Where not, every new segment takes the label of most of its
pixels (``rsgraph.journal.transfer``), and the old journal is kept beside as ``labels.<time>.sqlite``. So it is where
the scenes are not those of before, but some of these are among them: the same files on the same grid, read in another
way. An interruption at any moment is continued by the next run, also by one with other options.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.cache import StageRecord
from rsgraph.console import note
from rsgraph.errors import InputError, WorkspaceError
from rsgraph.files import place, sha256, write_json
from rsgraph.io.drivers import OURS
from rsgraph.io.handles import open_raster_file
from rsgraph.io.segment_ids import read_ids
from rsgraph.journal.storage import WriterLock, set_aside
from rsgraph.journal.transfer import Overlaps, transfer_labels
from rsgraph.locks import why_not_locked
from rsgraph.own_files.kept_labels import read_carried, read_kept
from rsgraph.own_files.scene import read_scene_file
from rsgraph.syncing import sync_tree
from rsgraph.types import Scene, Window
from rsgraph.workspace import Workspace

KEPT = "labels.before"
_ROWS = 512
"""Rows that are compared at a time: 45 MB of two rasters of a whole tile."""


def check_unlocked(workspace: Workspace) -> None:
    """Raise JournalLocked while someone is labelling: segments do not change under their hands."""
    path = workspace.path("labels.sqlite")
    if path.exists() and why_not_locked(workspace.folder) is None:  # where it is not, nobody can label
        lock = WriterLock(path)
        lock.acquire()
        lock.release()


def keep_segments(workspace: Workspace, identity: str, wanted: Collection[str], scenes: Sequence[Scene] = ()) -> None:
    """Keep the rasters that the labels belong to, before the segments are made anew.

    Parameters
    ----------
    workspace
        As it is; nothing happens where it has no labels.
    identity
        Of its scenes.
    wanted
        Identities of scenes that the run holds.
    scenes
        Of the run. Labels of scenes that are none of these, on the same grid, have no place in it and are set aside.
    """
    journal, kept = workspace.path("labels.sqlite"), workspace.path(KEPT)
    outputs = workspace.manifest.get("stages", {}).get("segments", {}).get("outputs", {})
    rasters = {name: each for name, each in outputs.items() if name.endswith(".tif")}
    if outputs:  # what was kept for an earlier change has served
        shutil.rmtree(kept, ignore_errors=True)
    elif not kept.exists():
        rasters = _on_disk(workspace)  # the manifest was lost
    if not kept.exists() and journal.exists() and rasters:
        _keep(workspace, identity, rasters, [scene.name for scene in scenes])
    if kept.exists():
        held = _find_held(kept, wanted, scenes)
        write_json(kept / "before.json", {**read_kept(kept / "before.json"), "held": held})
    if journal.exists() and (not kept.exists() or held == {}):
        _set_aside(journal, "the segments are not those that the labels were drawn on, so the labels")
        shutil.rmtree(kept, ignore_errors=True)


def _on_disk(workspace: Workspace) -> dict[str, str]:
    """Return the rasters of segments in a workspace that does not say of what they are, with their hashes."""
    if not workspace.path("scene.json").exists():
        return {}
    found = [*workspace.folder.glob("segments.tif"), *workspace.folder.glob("segments/*.tif")]
    return {path.relative_to(workspace.folder).as_posix(): sha256(path) for path in found}


def _find_held(kept: Path, wanted: Collection[str], scenes: Sequence[Scene]) -> dict[str, str] | None:
    """Return which of the old scenes are in the run, and under which names; None: all, under their own."""
    before = read_kept(kept / "before.json")
    if before["identity"] in wanted:
        return None
    pairs = [(old, new) for old in before.get("about", ()) for new in scenes if _is_same(old, new)]
    return {old["name"]: new.name for old, new in pairs}


def _is_same(old: Mapping[str, Any], new: Scene) -> bool:
    """Tell whether a scene, as ``scene.json`` describes it, is the same one on the same grid, however it is read."""
    files = ([os.path.abspath(path) for path in old["files"]], [os.path.abspath(path) for path in new.files])
    same = files[0] == files[1] if files[0] or files[1] else old["name"] == new.name
    grid = (old["rows"], old["columns"]) == (new.rows, new.columns) and old["crs"] in (new.crs, None)
    return same and grid and np.allclose(old["transform"], new.transform, rtol=1e-9, atol=1e-9)


def _keep(workspace: Workspace, identity: str, rasters: Mapping[str, str], given: Sequence[str]) -> None:
    kept, partial = workspace.path(KEPT), workspace.path(f"{KEPT}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    for name in rasters:
        if workspace.path(name).exists():
            place(workspace.path(name), partial / name)
    about = _about(workspace)
    names = [scene["name"] for scene in about] or list(given)
    before = {"identity": identity, "scenes": names, "about": about, "rasters": dict(rasters)}
    write_json(partial / "before.json", before)
    sync_tree(partial)
    os.replace(partial, kept)


def _about(workspace: Workspace) -> list[dict[str, Any]]:
    """Return what is known of the scenes; nothing where that is lost, too: then only their identity counts."""
    found: list[dict[str, Any]] = []
    with suppress(WorkspaceError):
        found = read_scene_file(workspace.existing("scene.json"))["scenes"]
    return found


def _set_aside(journal: Path, why: str) -> None:
    kept = _beside(journal)
    set_aside(journal, kept)
    note(f"{why} were set aside as {kept}")


def _beside(journal: Path) -> Path:
    """Return a name for a journal that is kept, which no other has."""
    now = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    names = chain([f"labels.{now}.sqlite"], (f"labels.{now}-{number}.sqlite" for number in count(1)))
    return next(path for path in map(journal.with_name, names) if not path.exists())


def carry_labels(workspace: Workspace, record: StageRecord, made: Path) -> None:
    """Carry labels over to segments that were made anew and are about to be put into the workspace.

    Parameters
    ----------
    workspace
        As it is; what was kept stays until the new segments are there.
    record
        Of the new segments.
    made
        Folder that holds the new rasters, laid out like a workspace.

    Raises
    ------
    JournalLocked
        Someone is labelling.
    OutputError
        Disk full, or not writable.
    """
    kept, journal = workspace.path(KEPT), workspace.path("labels.sqlite")
    carried = read_carried(kept / "carried.json") if (kept / "carried.json").exists() else None
    if carried is not None and carried["key"] != record.key:  # interrupted, and then run with other options
        _take_back(kept, journal, carried)
        carried = None
    if carried is None:
        try:
            carried = _carried(kept, journal, record, made)
        except (WorkspaceError, InputError) as error:
            _set_aside(journal, f"the segments change and labels cannot be carried over ({error}), so they")
    if carried is not None and (kept / "labels.sqlite").exists():
        _replace(kept, journal, carried)


def _take_back(kept: Path, journal: Path, carried: Mapping[str, Any]) -> None:
    """Make the old journal the workspace's again: nobody can have labelled since, there were no segments."""
    (kept / "carried.json").unlink()
    (kept / "labels.sqlite").unlink(missing_ok=True)
    old = journal.with_name(carried["old"])
    if old.exists():
        os.replace(old, journal)


def _carried(kept: Path, journal: Path, record: StageRecord, made: Path) -> dict[str, Any] | None:
    """Write the labels of the new segments, and then that they are whole; None where the segments are the same."""
    before = read_kept(kept / "before.json")
    new = _successors(before, made)
    same_files = all(
        record.outputs.get(path.relative_to(made).as_posix()) == before["rasters"][name] for name, path in new.items()
    )
    pairs = [(kept / name, path) for name, path in new.items()]
    whole = len(new) == len(before["rasters"])
    if not journal.exists() or (whole and (same_files or all(_same(*pair) for pair in pairs))):
        return None
    (kept / "labels.sqlite").unlink(missing_ok=True)
    found = transfer_labels(journal, kept / "labels.sqlite", _overlaps(pairs))
    carried = {"key": record.key, "old": _beside(journal).name, "report": f"the segments change: {found}"}
    write_json(kept / "carried.json", carried)
    return carried


def _successors(before: Mapping[str, Any], made: Path) -> dict[str, Path]:
    """Return old raster -> the new one of the same scene, where the run holds it: the only one, or one of several."""
    held: Mapping[str, str] | None = before.get("held")
    found = {}
    for name in before["rasters"]:
        scene = before["scenes"][0] if name == "segments.tif" else Path(name).stem
        if held is None or scene in held:
            several = made / "segments" / f"{scene if held is None else held[scene]}.tif"
            found[name] = several if several.exists() else made / "segments.tif"
    return found


def _replace(kept: Path, journal: Path, carried: Mapping[str, Any]) -> None:
    """Put the carried labels in the place of the old journal, which stays beside."""
    old = journal.with_name(carried["old"])
    if journal.exists() and not old.exists():
        set_aside(journal, old)
    os.replace(kept / "labels.sqlite", journal)
    note(f"{carried['report']}; the old journal is kept as {old}")


def forget_kept(workspace: Workspace) -> None:
    """Remove what was kept, now that the new segments are in the workspace."""
    shutil.rmtree(workspace.path(KEPT), ignore_errors=True)


def _windows(path: Path) -> Iterator[Window]:
    with open_raster_file(str(path), OURS) as file:
        rows, columns = file.height, file.width
    for row in range(0, rows, _ROWS):
        yield Window(row, 0, min(_ROWS, rows - row), columns)


def _same(old: Path, new: Path) -> bool:
    """Tell whether two rasters hold the same ids."""
    return list(_windows(old)) == list(_windows(new)) and all(
        np.array_equal(read_ids(old, window), read_ids(new, window)) for window in _windows(old)
    )


def _overlaps(pairs: Sequence[tuple[Path, Path]]) -> Overlaps:
    """Count the pixels that each new segment shares with each old one, 0 for none."""
    counts: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for old, new in pairs:
        for window in _windows(new):
            ids = read_ids(new, window).astype(np.int64)
            both = (ids << 32) + read_ids(old, window)  # ids are below 2 ** 31
            counts.append(np.unique(both[ids > 0], return_counts=True))
    both, places = np.unique(np.concatenate([each for each, _ in counts]), return_inverse=True)
    pixels = np.bincount(places, np.concatenate([each for _, each in counts])).astype(np.int64)
    return Overlaps(new=both >> 32, old=both & 0xFFFFFFFF, pixels=pixels)
