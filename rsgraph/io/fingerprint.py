"""The identity of a collection of scenes: the content of its files and the options by which they are read."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from rsgraph.errors import NotReadable, OutputError
from rsgraph.files import digest, sha256, write_json
from rsgraph.protocols import Progress
from rsgraph.types import Scene

_RECENT_NS = 2_000_000_000
"""A file that changed less than this ago may change again within one tick of its clock: not remembered."""


def hashes(files: Iterable[str | Path], *, known: Path | None, progress: Progress | None = None) -> dict[str, str]:
    """Return absolute path -> SHA-256 of the content; parameters and Raises as of ``fingerprint``."""
    memo = _Memo(known)
    places = list(dict.fromkeys(os.path.abspath(file) for file in files))
    contents: dict[str, str] = {}
    for done, file in enumerate(places, start=1):
        contents[file] = memo.hash(file)
        if progress is not None:
            progress(done, len(places))
    memo.save()
    return contents


def fingerprint(scenes: Sequence[Scene], *, known: Path | None, progress: Progress | None = None) -> str:
    """Hash a collection: SHA-256 over every scene's identity and the content of all its files.

    The place of the files does not matter, so that a scene that was moved or copied is still the same. Names
    of scenes count only in a collection, whose tables name them.

    Parameters
    ----------
    scenes
        The collection.
    known
        JSON file that remembers hashes by absolute path and what the system says of the file (size, times, number),
        so that a second call does not read it again; None remembers nothing. A damaged or unwritable memo is ignored.
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
    contents = hashes((file for scene in scenes for file in scene.all_files), known=known, progress=progress)
    named = len(scenes) > 1
    return digest([_identity(scene, contents, named=named) for scene in scenes])


def identified(
    scenes: Sequence[Scene], recorded: str | None, *, known: Path | None, progress: Progress | None = None
) -> str:
    """Return the fingerprint; the one that was recorded, where that is of the same scenes as they were hashed before.

    Version 0.1.0 did not follow virtual rasters to those that they draw on by others.

    Parameters
    ----------
    scenes, known, progress
        As of ``fingerprint``.
    recorded
        By a workspace; None: by none.

    Raises
    ------
    NotReadable
        As ``fingerprint``.
    """
    found = fingerprint(scenes, known=known, progress=progress)
    if recorded in (None, found) or not any(scene.drawn_on for scene in scenes):
        return found
    before = fingerprint([replace(scene, drawn_on=()) for scene in scenes], known=known)
    return before if before == recorded else found


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
        *([[contents[os.path.abspath(file)] for file in scene.drawn_on]] if scene.drawn_on else []),
    ]


class _Memo:
    """Hashes of files that did not change since they were last read.

    Size and time of change are not enough: archives and ``rsync -t`` give two scenes of one size the same time, and
    one may take the other's name. Then its number, or the time at which it was renamed, tells.
    """

    def __init__(self, place: Path | None) -> None:
        self.place = place
        self.entries = _load(place)
        self.changed = False

    def hash(self, file: str) -> str:
        """Return the SHA-256 of a file, from the memo where size and time are the same."""
        try:
            status = os.stat(file)
            key = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
            entry = self.entries.get(file)
            if isinstance(entry, list) and entry[:-1] == key and isinstance(entry[-1], str):
                return entry[-1]
            found = sha256(Path(file))
        except OSError as error:
            raise NotReadable(f"{file} cannot be read ({error.strerror}); {_advice(error)}.") from error
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


def _advice(error: OSError) -> str:
    """Say what helps: only a file that is gone can be put back."""
    if isinstance(error, FileNotFoundError):
        return "put it back, or name the scene where it is now"
    if isinstance(error, PermissionError):
        return "change its permissions"
    return "see that its disk is well, or copy the file again"


def _load(place: Path | None) -> dict[str, object]:
    if place is None:
        return {}
    try:
        stored = json.loads(place.read_text(encoding="utf-8")) if place.stat().st_size <= _LARGEST else None
    except (OSError, ValueError, RecursionError):
        return {}
    return stored if isinstance(stored, dict) else {}
