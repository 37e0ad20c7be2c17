"""The place of a workspace's scenes: recorded by every run, and found again where they or the workspace were moved.

::

    sources.json    folder    the workspace, when it was written
                    path      ``data.path``: a path, a list of them, or null
                    files     path -> bytes and sha256, of all files that hold pixels

A scene is first looked for where it lies as seen from the workspace, so that both may move together; then where it
was; then, by what it held, under another name in the folders of these two. A copy that holds something else is not
taken.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from rsgraph.errors import NotReadable
from rsgraph.io.fingerprint import hashes
from rsgraph.types import Scene
from rsgraph.workspace import Workspace, run_command

Held = Mapping[str, Mapping[str, Any]]
"""What lies at a path: path in it ("." for a file itself) -> bytes and sha256."""

_MOST_LOOKED_AT, _MOST_READ = 10_000, 16
"""Entries of a folder that are looked at for a scene under another name, and those of its size that are read."""


def enter(
    workspace: Workspace, scenes: Sequence[Scene], path: str | Sequence[str] | None, *, memo: Path | None
) -> None:
    """Enter what belongs to this run and not to what the cache may hold: names and files, and where all this lies.

    Parameters
    ----------
    workspace
        With its stage ``scene`` made.
    scenes, path
        Of this run.
    memo
        See :func:`rsgraph.io.fingerprint.fingerprint`.
    """
    workspace.enter_scenes([(scene.name, [str(file) for file in scene.all_files]) for scene in scenes])
    contents = hashes((file for scene in scenes for file in scene.all_files), known=memo)
    files = {file: {"bytes": os.path.getsize(file), "sha256": found} for file, found in contents.items()}
    named = path if path is None or isinstance(path, str) else list(path)
    workspace.enter_sources({"folder": os.path.abspath(workspace.folder), "path": named, "files": files})


def located(workspace: Workspace, path: str | Sequence[str] | None) -> str | list[str] | None:
    """Return ``data.path`` of a workspace as it is now.

    Raises NotReadable where a scene is nowhere.
    """
    if path is None:
        return None
    if isinstance(path, str):
        return _located(workspace, path)
    return [_located(workspace, each) for each in path]


def _located(workspace: Workspace, path: str) -> str:
    together = workspace.moved(path)
    if together == path and os.path.exists(path):
        return path
    held = dict(_below(path, workspace.sources.get("files", {})))
    there = [each for each in (together, path) if os.path.exists(each)]
    same = next((each for each in there if _is_same(each, held)), None) or _renamed(workspace, path, held)
    if same is None and not there:
        raise NotReadable(
            f"the scene of {workspace.folder}, {path}, is not there any more; put it back, or say where it is now: "
            f"{run_command(workspace.folder, 'NEW_PATH')}"
        )
    return same or there[0]


def _below(path: str, files: Held) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for file, about in files.items():
        if file == path or file.startswith(path.rstrip(os.sep) + os.sep):
            yield os.path.relpath(file, path), about


def _at(path: str, held: Held) -> dict[str, Mapping[str, Any]]:
    """Return what should lie at a path, by whole paths."""
    return {os.path.normpath(os.path.join(path, name)): about for name, about in held.items()}


def _has_sizes(path: str, held: Held) -> bool:
    with suppress(OSError):
        return all(os.path.getsize(file) == about["bytes"] for file, about in _at(path, held).items())
    return False


def _is_same(path: str, held: Held) -> bool:
    """Tell whether a file or folder holds what was recorded: sizes first, which cost nothing."""
    files = _at(path, held)
    with suppress(NotReadable):
        return _has_sizes(path, held) and all(
            hashes([file], known=None)[file] == about["sha256"] for file, about in files.items()
        )
    return False


def _renamed(workspace: Workspace, path: str, held: Held) -> str | None:
    """Look for a scene by what it held, beside where it was and beside where it would be now."""
    if not held:
        return None
    now = os.path.abspath(workspace.folder)
    before = workspace.sources["folder"]
    together = os.path.normpath(os.path.join(now, os.path.relpath(path, before)))
    folders = dict.fromkeys([os.path.dirname(path), os.path.dirname(together)])
    entries = (entry for folder in folders for entry in _entries(folder))
    alike = islice((entry for entry in entries if _has_sizes(entry, held)), _MOST_READ)
    return next((entry for entry in alike if _is_same(entry, held)), None)


def _entries(folder: str) -> list[str]:
    with suppress(OSError), os.scandir(folder) as entries:
        return sorted(entry.path for entry, _ in zip(entries, range(_MOST_LOOKED_AT), strict=False))
    return []
