"""Selections of segments, read from a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError, NotReadable, in_short
from rsgraph.exporters.scope import check_ids
from rsgraph.files import NO_ARRAY, expanded
from rsgraph.io.absent import missing
from rsgraph.label_files.class_names import first_of
from rsgraph.label_files.tables import read_table, read_text, whole_number

_COLUMN = "segment_id"
_ENDINGS = (".npy", ".csv", ".txt", ".json")
_LARGEST = 64 * 2**20
"""Bytes of the file: of eight million ids."""


def read_selection(path: Path) -> NDArray[np.int64]:
    """Read segment ids.

    Parameters
    ----------
    path
        ``.npy``: an array of integers. ``.csv``: a table with the column ``segment_id``, or a single column, with any
        separator and also with ids as 3.0. ``.txt``: ids between spaces, commas or line ends. ``.json``: a list, or
        an object with the member ``segment_id``.

    Returns
    -------
    NDArray
        Unique ids in ascending order.

    Raises
    ------
    NotReadable
        The file is missing, or does not hold ids.
    ConfigError
        Another kind of file, or the ids are not whole numbers of at least 1.
    """
    path = expanded(path)
    if path.suffix.lower() not in _ENDINGS:
        raise ConfigError(f"`selection` must be a file that ends in {', '.join(_ENDINGS)}. Got {path} instead.")
    if not path.exists():
        raise missing(path, "`selection` must be a file of segment ids")
    if not path.is_file():
        raise NotReadable(f"{path} is no file; `selection` must be a file of segment ids")
    if path.stat().st_size > _LARGEST:
        raise NotReadable(f"{path} is larger than {_LARGEST // 2**20} MB; expected a selection of segments")
    try:
        found = _READERS[path.suffix.lower()](path)
        return check_ids(found if len(found) else np.empty(0, np.int64))
    except NO_ARRAY as error:
        why = in_short(error)
        raise NotReadable(f"{path} does not hold a selection ({why}); expected segment ids, whole numbers") from error


def _npy(path: Path) -> NDArray[Any]:
    found: NDArray[Any] = np.atleast_1d(np.load(path, mmap_mode="r", allow_pickle=False))  # never more than the file
    return found


def _csv(path: Path) -> NDArray[Any]:
    table = read_table(path)
    title = first_of(table.titles, (_COLUMN,))
    if title is None and len(table.titles) > 1:
        raise ValueError(f"it has {len(table.titles)} columns, but none is called {_COLUMN}")
    if title is not None:
        return _whole(_given(table.rows, table.titles.index(title)))
    return _whole([*table.titles, *(row[0] for row in table.rows)])


def _given(rows: Iterable[Sequence[str]], place: int) -> list[str]:
    """Return the ids of rows in which something stands; spreadsheets leave empty ones at the end."""
    found = [row[place] for row in rows if any(cell.strip() for cell in row)]
    if not all(cell.strip() for cell in found):
        raise ValueError(f"a row has no {_COLUMN}")
    return found


def _txt(path: Path) -> NDArray[Any]:
    words = read_text(path).removeprefix("\ufeff")
    title, _, rest = words.strip().partition("\n")
    return _whole((rest if title.strip() == _COLUMN else words).replace(",", " ").replace(";", " ").split())


def _whole(cells: Iterable[str]) -> NDArray[np.int64]:
    """Return ids as whole numbers, also where a spreadsheet wrote 3.0; empty cells are left out."""
    found = [(cell, whole_number(cell)) for cell in cells if cell.strip()]
    wrong = next((cell for cell, number in found if number is None), None)
    if wrong is not None:
        raise ValueError(f"{wrong!r} is no whole number")
    return np.array([number for _, number in found], dtype=np.int64)


def _json(path: Path) -> NDArray[Any]:
    found = json.loads(read_text(path).removeprefix("\ufeff"))
    return np.array(found[_COLUMN] if isinstance(found, dict) else found)


_READERS = {".npy": _npy, ".csv": _csv, ".txt": _txt, ".json": _json}
