"""Selections of segments, read from a file."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError, NotReadable
from rsgraph.exporters.scope import check_ids
from rsgraph.own_files.arrays import NO_ARRAY

_COLUMN = "segment_id"
_ENDINGS = (".npy", ".csv", ".txt", ".json")
_LARGEST = 64 * 2**20
"""Bytes of the file: of eight million ids."""


def read_selection(path: Path) -> NDArray[np.int64]:
    """Read segment ids.

    Parameters
    ----------
    path
        ``.npy``: an array of integers. ``.csv``: a table with the column ``segment_id``, or a single column.
        ``.txt``: ids between spaces, commas or line ends. ``.json``: a list, or an object with the member
        ``segment_id``.

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
    path = path.expanduser()
    if path.suffix.lower() not in _ENDINGS:
        raise ConfigError(f"`selection` must be a file that ends in {', '.join(_ENDINGS)}. Got {path} instead.")
    if not path.is_file():
        raise NotReadable(f"{path} does not exist; `selection` must be a file of segment ids")
    if path.stat().st_size > _LARGEST:
        raise NotReadable(f"{path} is larger than {_LARGEST // 2**20} MB; expected a selection of segments")
    try:
        found = _READERS[path.suffix.lower()](path)
        return check_ids(found if len(found) else np.empty(0, np.int64))
    except (*NO_ARRAY, KeyError, IndexError, csv.Error, *_BEYOND_MEASURE) as error:
        why = " ".join(str(error).split())[:200]
        raise NotReadable(f"{path} does not hold a selection ({why}); expected segment ids, whole numbers") from error


_BEYOND_MEASURE = (MemoryError, OverflowError, RecursionError)
"""What Python says of numbers and lists that are large or nested without end."""


def _npy(path: Path) -> NDArray[Any]:
    found: NDArray[Any] = np.atleast_1d(np.load(path, mmap_mode="r", allow_pickle=False))  # never more than the file
    return found


def _csv(path: Path) -> NDArray[Any]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    named = bool(rows) and _COLUMN in rows[0]
    if rows and not named and len(rows[0]) > 1:
        raise ValueError(f"it has {len(rows[0])} columns, but none is called {_COLUMN}")
    place = rows[0].index(_COLUMN) if named else 0
    return np.array([int(row[place]) for row in rows[named:]], dtype=np.int64)


def _txt(path: Path) -> NDArray[Any]:
    words = path.read_text(encoding="utf-8-sig").replace(",", " ").split()
    return np.array([int(word) for word in words], dtype=np.int64)


def _json(path: Path) -> NDArray[Any]:
    found = json.loads(path.read_text(encoding="utf-8"))
    return np.array(found[_COLUMN] if isinstance(found, dict) else found)


_READERS = {".npy": _npy, ".csv": _csv, ".txt": _txt, ".json": _json}
