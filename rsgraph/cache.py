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
from rsgraph.files import locked, make_folder, output_error, read_json, sha256, sync_tree, write_json


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
        """Return the folder of a stage's outputs, finished or not."""
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
            record = StageRecord(**read_json(folder / "stage.json"))
        except (WorkspaceError, TypeError):
            record = None
        if record is None or not _intact(folder, record.outputs):
            shutil.rmtree(folder, ignore_errors=True)
            return None
        return record

    def partial(self, stage: str, key: str) -> Path:
        """Return an empty folder to write outputs to; its ``work`` folder keeps what an interrupted run left."""
        folder = self.place_of(stage, key).with_suffix(".partial")
        make_folder(folder / "work")
        for left in folder.iterdir():
            if left.name != "work":
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        return folder

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


def _intact(folder: Path, outputs: Mapping[str, str]) -> bool:
    return all((folder / name).is_file() and sha256(folder / name) == known for name, known in outputs.items())
