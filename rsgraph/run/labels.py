"""Labels of a workspace whose segments are made anew: they stay, or are carried over, and are never lost.

The rasters that the labels belong to are kept in ``labels.before`` until the new ones are there. If these hold the
same ids, nothing happens. If not, every new segment takes the label of most of its pixels (rsgraph.journal.transfer),
and the old journal is kept beside as ``labels.<time>.sqlite``. An interruption at any moment is continued by the next
run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsgraph.console import note
from rsgraph.errors import JournalDamaged
from rsgraph.files import place, read_json, sync_tree, write_json
from rsgraph.io.segment_ids import read_ids
from rsgraph.journal.storage import WriterLock, set_aside
from rsgraph.journal.transfer import Overlaps, transfer_labels
from rsgraph.types import Window
from rsgraph.workspace import Workspace

_KEPT = "labels.before"
_ROWS = 512
"""Rows that are compared at a time: 45 MB of two rasters of a whole tile."""


def check_unlocked(workspace: Workspace) -> None:
    """Raise JournalLocked while someone is labelling: segments do not change under their hands."""
    path = workspace.path("labels.sqlite")
    if path.exists():
        lock = WriterLock(path)
        lock.acquire()
        lock.release()


def keep_segments(workspace: Workspace, *, same_scenes: bool) -> None:
    """Keep the rasters that the labels belong to, before the segments are made anew.

    Parameters
    ----------
    workspace
        As it is.
    same_scenes
        Whether its scenes stay; the labels of others have no place in the new ones and are set aside.
    """
    journal, kept = workspace.path("labels.sqlite"), workspace.path(_KEPT)
    if not journal.exists() or kept.exists():
        return
    rasters = list(_rasters(workspace.folder))
    if not same_scenes or not rasters:
        _set_aside(journal, "the segments are those of other scenes, so the labels drawn on the old ones")
        return
    partial = workspace.path(f"{_KEPT}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    for raster in rasters:
        place(raster, partial / raster.relative_to(workspace.folder))
    write_json(partial / "scenes.json", [scene.name for scene in workspace.scenes])
    sync_tree(partial)
    os.replace(partial, kept)


def _rasters(folder: Path) -> Iterator[Path]:
    yield from (path for path in (folder / "segments.tif", *sorted(folder.glob("segments/*.tif"))) if path.exists())


def _set_aside(journal: Path, why: str) -> None:
    kept = _beside(journal)
    set_aside(journal, kept)
    note(f"{why} were set aside as {kept}")


def _beside(journal: Path) -> Path:
    return journal.with_name(f"labels.{datetime.now(UTC):%Y%m%dT%H%M%S}.sqlite")


def carry_labels(workspace: Workspace, made: Path) -> None:
    """Carry labels over to segments that were made anew and are about to be put into the workspace.

    Parameters
    ----------
    workspace
        As it is; nothing happens where it has no labels.
    made
        Folder that holds the new rasters, laid out like a workspace.

    Raises
    ------
    JournalLocked
        Someone is labelling.
    OutputError
        Disk full, or not writable.
    """
    kept, journal = workspace.path(_KEPT), workspace.path("labels.sqlite")
    if not kept.exists():
        return
    if not (kept / "carried.json").exists():
        pairs = [(old, _successor(kept, old, made)) for old in _rasters(kept)]
        if journal.exists() and not all(_same(*pair) for pair in pairs):
            _prepare(kept, journal, pairs)
    if (kept / "carried.json").exists():
        _replace(kept, journal)
    shutil.rmtree(kept)


def _successor(kept: Path, old: Path, made: Path) -> Path:
    """Return the new raster of a scene: the only one, or one of several since others were added."""
    name = read_json(kept / "scenes.json")[0] if old.name == "segments.tif" else old.stem
    several = made / "segments" / f"{name}.tif"
    return several if several.exists() else made / "segments.tif"


def _prepare(kept: Path, journal: Path, pairs: Sequence[tuple[Path, Path]]) -> None:
    """Write the journal of the new segments, and then that it is whole; a damaged one is set aside."""
    carried = kept / "labels.sqlite"
    carried.unlink(missing_ok=True)
    try:
        found = transfer_labels(journal, carried, _overlaps(pairs))
    except JournalDamaged:
        _set_aside(journal, "the segments change and the journal is damaged, so the labels drawn on the old ones")
        return
    write_json(kept / "carried.json", {"report": f"the segments change: {found}"})


def _replace(kept: Path, journal: Path) -> None:
    """Put the carried labels in the place of the old journal, which stays beside."""
    carried = kept / "labels.sqlite"
    if not carried.exists():
        return  # interrupted right after this
    beside = _beside(journal)
    if journal.exists():
        set_aside(journal, beside)
    os.replace(carried, journal)
    note(f"{read_json(kept / 'carried.json')['report']}; the old journal is kept as {beside}")


def _windows(path: Path) -> Iterator[Window]:
    import rasterio

    with rasterio.open(path) as file:
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
