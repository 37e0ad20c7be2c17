"""The identity of a collection of scenes: the content of its files and the options by which they are read."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from rsgraph.errors import NotReadable, OutputError
from rsgraph.files import digest, sha256, write_json
from rsgraph.protocols import Progress
from rsgraph.types import Scene

_RECENT_NS = 2_000_000_000
"""A file that changed less than this ago may change again within one tick of its clock: not remembered."""


def fingerprint(scenes: Sequence[Scene], *, known: Path | None, progress: Progress | None = None) -> str:
    """Hash a collection: SHA-256 over every scene's identity and the content of all its files.

    The place of the files does not matter, so that a scene that was moved or copied is still the same. Names
    of scenes count only in a collection, whose tables name them.

    Parameters
    ----------
    scenes
        The collection.
    known
        JSON file that remembers hashes by absolute path, size and time of change, so that a second call does
        not read the files again; None remembers nothing. A damaged or unwritable memo is ignored.
    progress
        Called with (files done, files in all).

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    NotReadable
        A file has disappeared or may not be read.
    """
    memo = _Memo(known)
    files = list(dict.fromkeys(os.path.abspath(file) for scene in scenes for file in scene.files))
    contents: dict[str, str] = {}
    for done, file in enumerate(files, start=1):
        contents[file] = memo.hash(file)
        if progress is not None:
            progress(done, len(files))
    memo.save()
    named = len(scenes) > 1
    return digest([_identity(scene, contents, named=named) for scene in scenes])


def _identity(scene: Scene, contents: dict[str, str], *, named: bool) -> list[object]:
    return [
        scene.name if named else None,
        scene.bands,
        scene.rows,
        scene.columns,
        scene.crs,
        scene.transform,
        scene.class_name,
        dict(scene.identity),
        [contents[os.path.abspath(file)] for file in scene.files],
    ]


class _Memo:
    """Hashes of files that did not change since they were last read."""

    def __init__(self, place: Path | None) -> None:
        self.place = place
        self.entries = _load(place)
        self.changed = False

    def hash(self, file: str) -> str:
        """Return the SHA-256 of a file, from the memo where size and time are the same."""
        try:
            status = os.stat(file)
            key = [status.st_size, status.st_mtime_ns]
            entry = self.entries.get(file)
            if isinstance(entry, list) and entry[:2] == key and len(entry) == 3 and isinstance(entry[2], str):
                return entry[2]
            found = sha256(Path(file))
        except OSError as error:
            raise NotReadable(
                f"{file} cannot be read ({error.strerror}); put it back or change its permissions."
            ) from error
        if time.time_ns() - status.st_mtime_ns > _RECENT_NS:
            self.entries[file] = [*key, found]
            self.changed = True
        return found

    def save(self) -> None:
        """Write the memo, whole or not at all; it is a convenience, so that a full disk does not matter."""
        if self.place is not None and self.changed:
            with contextlib.suppress(OutputError):
                write_json(self.place, self.entries)


_LARGEST = 64 * 2**20
"""Bytes of a memo: of half a million files."""


def _load(place: Path | None) -> dict[str, object]:
    if place is None:
        return {}
    try:
        stored = json.loads(place.read_text(encoding="utf-8")) if place.stat().st_size <= _LARGEST else None
    except (OSError, ValueError, RecursionError):
        return {}
    return stored if isinstance(stored, dict) else {}
