"""The stage cache: outputs of stages by the hash of everything that went into them.

::

    <cache.path>/<stage>/<key>/            the outputs, laid out as in a workspace, and stage.json
    <cache.path>/<stage>/<key>.partial/    work in progress; `work/` in it survives an interrupt
    <cache.path>/<stage>/<key>.lock        held while the stage runs, released by the system if the process dies
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rsgraph.errors import WorkspaceError
from rsgraph.files import locked, make_folder, output_error, sha256, sync_tree, write_json
from rsgraph.own_files.fields import Fields, damaged, read_json_object
from rsgraph.own_files.links import refuse_links
from rsgraph.own_files.manifest import check_record, is_key, is_stage


@dataclass(frozen=True)
class StageRecord:
    """The record of a finished stage.

    Parameters
    ----------
    stage, key
        Its name and the hash of its inputs and options.
    outputs
        File, relative to the workspace -> SHA-256.
    seconds
        Wall time of the computation.
    facts
        Small JSON-able findings for the manifest (counts, devices, losses, notes).
    """

    stage: str
    key: str
    outputs: Mapping[str, str]
    seconds: float
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return a plain dict."""
        return asdict(self)


class StageCache:
    """Content-addressed store of stage outputs.

    Parameters
    ----------
    folder
        Where it lives; shared by all workspaces beside it, and by parallel sweep points.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place_of(self, stage: str, key: str) -> Path:
        """Return the folder of a stage's outputs, finished or not.

        Raises WorkspaceError for what is no stage or no key: both come from files of workspaces, too.
        """
        if not is_stage(stage) or not is_key(key):
            raise WorkspaceError(
                f"{stage[:40]!r} and {key[:70]!r} are no stage and its key; the workspace is damaged"
            )
        return self.folder / stage / key[:32]

    @contextmanager
    def lock(self, stage: str, key: str) -> Iterator[None]:
        """Hold the lock of one stage key: whoever comes second waits, then finds the outputs."""
        path = self.place_of(stage, key)
        make_folder(path.parent)
        with locked(Path(f"{path}.lock"), path):
            yield

    def find(self, stage: str, key: str) -> StageRecord | None:
        """Return the record of a stored stage, or None where it is not stored or its files are damaged."""
        folder = self.place_of(stage, key)
        if not (folder / "stage.json").exists():
            return None
        try:
            record = _read_record(folder / "stage.json", stage, key)
        except WorkspaceError:
            record = None
        if record is None or not _intact(folder, record.outputs):
            shutil.rmtree(folder, ignore_errors=True)
            return None
        return record

    def partial(self, stage: str, key: str) -> Path:
        """Return an empty folder to write outputs to; its ``work`` folder keeps what an interrupted run left."""
        folder = self.place_of(stage, key).with_suffix(".partial")
        self._refuse_links(folder)
        make_folder(folder / "work")
        for left in folder.iterdir():
            if left.name != "work":
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        return folder

    def _refuse_links(self, folder: Path) -> None:
        """Refuse a folder of the cache that is reached through links in it, or holds some: all in it is removed."""
        if _is_linked(self.folder, folder.relative_to(self.folder).as_posix()):
            raise WorkspaceError(f"{folder} is reached through a symbolic link in the cache; remove the link")
        refuse_links(folder)

    def commit(self, stage: str, key: str, seconds: float, facts: Mapping[str, Any]) -> StageRecord:
        """Turn the partial folder of a stage into its stored outputs, all at once."""
        final = self.place_of(stage, key)
        folder = final.with_suffix(".partial")
        try:
            shutil.rmtree(folder / "work", ignore_errors=True)
            files = sorted(path for path in folder.rglob("*") if path.is_file())
            outputs = {path.relative_to(folder).as_posix(): sha256(path) for path in files}
            record = StageRecord(stage, key, outputs, round(seconds, 3), facts)
            write_json(folder / "stage.json", record.to_json())
            sync_tree(folder)
            shutil.rmtree(final, ignore_errors=True)
            os.replace(folder, final)
        except OSError as error:
            raise output_error(folder, error) from error
        return record


def _read_record(path: Path, stage: str, key: str) -> StageRecord:
    """Read the record of a stored stage. Raises WorkspaceError where it is none, or that of another."""
    found = read_json_object(path)
    entry = Fields(path, found)
    check_record(entry, stage)
    if found["key"] != key:
        raise damaged(path, "it is the record of another key")
    facts = entry.object("facts").values if "facts" in found else {}
    return StageRecord(stage, key, found["outputs"], float(found.get("seconds", 0.0)), facts)


def _intact(folder: Path, outputs: Mapping[str, str]) -> bool:
    """Tell whether all files are there, as they were made, and none is a link to somewhere else."""
    return all(
        (folder / name).is_file() and not _is_linked(folder, name) and sha256(folder / name) == known
        for name, known in outputs.items()
    )


def _is_linked(folder: Path, name: str) -> bool:
    """Tell whether a file, or a folder on the way to it, is a symbolic link."""
    path = folder / name
    return any(each.is_symlink() for each in (path, *path.parents) if each != folder and folder in each.parents)
