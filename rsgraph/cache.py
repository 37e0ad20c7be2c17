"""The stage cache: outputs of stages by the hash of everything that went into them.

::

    <cache.path>/<stage>/<key>/            the outputs, laid out as in a workspace, and stage.json
    <cache.path>/<stage>/<key>.partial/    work in progress; `work/` in it survives an interrupt
    <cache.path>/<stage>/<key>.lock        held while the stage runs, released by the system if the process dies
    <cache.path>/models/<identity>/        files of models that workspaces were given (rsgraph.run.scenes)
    <cache.path>/runs/<name>.json          a workspace, and what its last run makes or takes from here
    <cache.path>/runs/<name>.lock          held while that run is at work
    <cache.path>/runs.lock                 held for the moment in which a run enters itself, or things are removed

An output was used last when the record beside it, ``stage.json``, was touched.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from filelock import Timeout

from rsgraph.errors import WorkspaceError
from rsgraph.files import digest, make_folder, output_error, sha256, write_json
from rsgraph.locks import locked
from rsgraph.own_files.fields import Fields, damaged, read_json_object
from rsgraph.own_files.links import refuse_links
from rsgraph.own_files.manifest import check_record, is_key, is_stage
from rsgraph.syncing import sync_tree

MODELS = "models"
"""Folder of the models, among those of the stages."""

Place = tuple[str, str]
"""Stage, and the first digits of a key: what a folder of outputs is known by; ``models`` and an identity."""

_RUNS, _REMOVED = "runs", ".removed-"
_ENTRY = re.compile(r"([0-9a-f]{32})(\.partial)?")


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


@dataclass(frozen=True)
class Entry:
    """What the cache holds under one key.

    Parameters
    ----------
    stage, key
        Its name and the first digits of its key; ``models`` and an identity.
    folder
        Where it lies.
    finished
        Whether it is whole; else the work of a run that was interrupted, or is not at an end.
    size, free
        Bytes of its files, and of those that no other folder holds as well: what its removal frees.
    used
        When it was made or last taken, in seconds since 1970.
    """

    stage: str
    key: str
    folder: Path
    finished: bool
    size: int
    free: int
    used: float

    @property
    def place(self) -> Place:
        """What it is known by."""
        return self.stage, self.key


@dataclass(frozen=True)
class KnownRun:
    """A workspace that uses the cache.

    Parameters
    ----------
    workspace
        Its folder.
    places
        What its last run makes or takes from here.
    at_work
        Whether that run goes on just now.
    """

    workspace: Path
    places: frozenset[Place]
    at_work: bool


class StageCache:
    """Content-addressed store of stage outputs.

    Parameters
    ----------
    folder
        Where it lives; shared by all workspaces beside it, and by parallel sweep points.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @staticmethod
    def place(stage: str, key: str) -> Place:
        """Return what the outputs of a stage are known by."""
        return stage, key[:32]

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
        self.refuse_linked(path)
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
        with suppress(OSError):  # of somebody else's, who lets us read it
            os.utime(folder / "stage.json")
        return record

    def partial(self, stage: str, key: str) -> Path:
        """Return an empty folder to write outputs to; its ``work`` folder keeps what an interrupted run left."""
        folder = self.place_of(stage, key).with_suffix(".partial")
        self.refuse_linked(folder)
        refuse_links(folder)
        make_folder(folder / "work")
        for left in folder.iterdir():
            if left.name != "work":
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        return folder

    def refuse_linked(self, folder: Path) -> None:
        """Refuse a folder that is reached through a symbolic link in the cache: all in it is replaced and removed.

        Raises WorkspaceError.
        """
        if _is_linked(self.folder, _below(self.folder, folder)):
            raise WorkspaceError(f"{folder} is reached through a symbolic link in the cache; remove the link")

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

    # what it holds, and for whom

    def entries(self) -> list[Entry]:
        """Return all that it holds, what is whole and what is unfinished, but nothing behind symbolic links."""
        named = [each for each in sorted(self.folder.glob("*/*")) if _is_place(each) and each.is_dir()]
        folders = [each for each in named if not _is_linked(self.folder, _below(self.folder, each))]
        return [found for found in map(_entry, folders) if found is not None]

    def runs(self) -> list[KnownRun]:
        """Return the workspaces that have used it and are still there, those of runs at work first."""
        found = []
        for path in sorted((self.folder / _RUNS).glob("*.json")):
            with suppress(WorkspaceError, KeyError, TypeError, FileNotFoundError):
                about = read_json_object(path)
                places = frozenset((str(stage), str(key)) for stage, key in about["places"])
                found.append(KnownRun(Path(about["workspace"]), places, _is_held(path)))
        there = [run for run in found if run.at_work or run.workspace.is_dir()]
        return sorted(there, key=lambda run: not run.at_work)

    @contextmanager
    def used_by(self, workspace: Path, places: Collection[Place]) -> Iterator[None]:
        """Let whoever removes things know, while a run is at work, what it needs, and which workspace it makes.

        Raises OutputError where the cache cannot be written, WorkspaceError where its runs are kept elsewhere.
        """
        self.refuse_linked(self.folder / _RUNS)
        folder, name = make_folder(self.folder / _RUNS), digest(str(workspace.resolve()))[:16]
        path = folder / f"{name}-{os.getpid()}-{os.urandom(2).hex()}.json"
        with ExitStack() as held:
            with self._entering():
                for other in folder.glob(f"{name}-*.json"):
                    if not _is_held(other):
                        other.unlink(missing_ok=True)
                        other.with_suffix(".lock").unlink(missing_ok=True)
                held.enter_context(locked(path.with_suffix(".lock"), path))
                write_json(path, {"workspace": str(workspace.resolve()), "places": sorted(map(list, places))})
            yield

    def remove(self, entries: Collection[Entry]) -> tuple[list[Entry], list[Entry]]:
        """Remove what no run at work needs; what it still holds is whole at any moment.

        Returns
        -------
        tuple
            What was removed, and what was left since a run at work needs it.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        removed: list[Entry] = []
        kept: list[Entry] = []
        with self._entering():
            needed = {place for run in self.runs() if run.at_work for place in run.places}
            for entry in entries:
                gone = entry.place not in needed and self._set_aside(entry)
                (removed if gone else kept).append(entry)
        for folder in self.folder.glob(f"{_REMOVED}*"):
            shutil.rmtree(folder, ignore_errors=True)
        return removed, kept

    @contextmanager
    def _entering(self) -> Iterator[None]:
        with locked(self.folder / f"{_RUNS}.lock", self.folder):
            yield

    def _set_aside(self, entry: Entry) -> bool:
        """Rename an entry, so that nobody sees half of it, unless a stage is being made or taken under its key."""
        try:
            with locked(entry.folder.with_name(f"{entry.key}.lock"), entry.folder, timeout=0):
                os.replace(entry.folder, self.folder / f"{_REMOVED}{entry.stage}-{os.urandom(8).hex()}")
        except Timeout:
            return False
        except FileNotFoundError:  # somebody else removed it, or it is finished meanwhile
            return False
        except OSError as error:
            raise output_error(entry.folder, error) from error
        return True


def _is_place(folder: Path) -> bool:
    """Tell whether outputs lie in a folder, by its names: others may name theirs by hashes, too."""
    return _ENTRY.fullmatch(folder.name) is not None and (
        is_stage(folder.parent.name) or folder.parent.name == MODELS
    )


def _entry(folder: Path) -> Entry | None:
    """Look at a folder; None where it goes while it is looked at."""
    parts = _ENTRY.fullmatch(folder.name)
    assert parts is not None, "only such folders are looked at"
    try:
        files = [path.stat() for path in folder.rglob("*") if path.is_file()]
        record = folder / "stage.json"
        used = max([each.st_mtime for each in files], default=folder.stat().st_mtime)
        used = record.stat().st_mtime if record.exists() else used
    except FileNotFoundError:
        return None
    size, free = sum(each.st_size for each in files), sum(each.st_size for each in files if each.st_nlink == 1)
    return Entry(folder.parent.name, parts[1], folder, parts[2] is None, size, free, used)


def _is_held(path: Path) -> bool:
    """Tell whether the run that entered itself as ``path`` is at work."""
    lock = path.with_suffix(".lock")
    if not lock.exists():
        return False
    try:
        with locked(lock, path, timeout=0):
            return False
    except Timeout:
        return True


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


def _below(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _is_linked(folder: Path, name: str) -> bool:
    """Tell whether a file, or a folder on the way to it, is a symbolic link."""
    path = folder / name
    return any(each.is_symlink() for each in (path, *path.parents) if each != folder and folder in each.parents)
