"""Folders that are whole or absent: filled under a temporary name, then swapped in."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path

from rsgraph.errors import OutputError
from rsgraph.files import make_folder, replaced_folder

LISTING = "chips.csv"
ABOUT = "chips.json"
_BY_VIEWERS = (".aux.xml", ".ovr")


@contextmanager
def whole_folder(path: Path, *, listing: str = LISTING, also: Sequence[str] = (ABOUT,)) -> Iterator[Path]:
    """Give an empty temporary folder beside ``path``; on success it replaces ``path``.

    Replacing whole matters for a training set: files left from an earlier export could stand in both train
    and test.

    Parameters
    ----------
    path
        The folder to create or replace.
    listing
        A table (CSV) in it whose columns ``file`` and ``mask`` name the files that an export wrote.
    also
        Further files that an export wrote.

    Yields
    ------
    Path
        The temporary folder, to be filled.

    Raises
    ------
    OutputError
        ``path`` holds files that no export wrote (they are not thrown away); disk full; folder not writable.
    """
    _refuse_foreign(path, {listing, *also, *_listed(path / listing)})
    make_folder(path.parent)
    with replaced_folder(path, f"{os.getpid()}.{os.urandom(4).hex()}") as temporary:
        yield temporary


def _refuse_foreign(path: Path, known: Set[str]) -> None:
    if not path.exists():
        return
    files = (file.relative_to(path).as_posix() for file in sorted(path.rglob("*")) if not file.is_dir())
    foreign = [name for name in files if name not in known and not name.endswith(_BY_VIEWERS)]
    if foreign or not path.is_dir():
        shown = foreign[0] if foreign else "a file of that name"
        raise OutputError(
            f"could not replace {path}: it holds {shown}, which no export wrote; move it away, or export to another "
            "folder with folder=..."
        )


def _listed(listing: Path) -> set[str]:
    """Return the files that an earlier export wrote."""
    if not listing.is_file():
        return set()
    with listing.open(encoding="utf-8", errors="replace", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row[name] for row in rows for name in ("file", "mask") if row.get(name)}
