"""Plain lists of classes: CSV, text, JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.label_files.class_names import CLASS_COLUMNS, COLOUR_COLUMNS, Names, class_column, class_name, hex_colour

_LISTS = (".csv", ".tsv", ".txt")
_LARGEST = 16 * 2**20
"""Bytes of a list."""

Listed = list[tuple[str, str | None]]
"""Names and colours."""


def listed_classes(path: Path, column: str | None) -> Listed | None:
    """Read a plain list of classes; None for other files.

    Parameters
    ----------
    path
        CSV or text with one class per line, or JSON.
    column
        Title of the column with the names; None: the one that looks like it.

    Raises
    ------
    NotReadable
        Not text in UTF-8, or not JSON.
    NotUsable
        No such column, or no list.
    """
    if path.suffix.lower() in _LISTS:
        return _from_table(path, column)
    if path.suffix.lower() == ".json":
        return _from_json(path)
    return None


def _from_table(path: Path, column: str | None) -> Listed:
    """Read a table with a line of titles, or one class per line."""
    text = _text(path)
    separator = max(",;\t", key=text.partition("\n")[0].count)
    try:
        lines = [line for line in csv.reader(text.splitlines(), delimiter=separator) if any(map(str.strip, line))]
    except csv.Error as error:
        raise NotReadable(f"{path} is no table that can be read ({error}); save it again.") from error
    titles = [cell.strip() for cell in lines[0]] if lines else []
    if column is None and not any(title.lower() in CLASS_COLUMNS for title in titles):
        return _unique([(line[0], line[1] if len(line) > 1 else None) for line in lines], path)
    name = titles.index(class_column(path, titles, column))
    colour = next((place for place, title in enumerate(titles) if title.lower() in COLOUR_COLUMNS), None)
    cells = [[*line, *[""] * len(titles)] for line in lines[1:]]
    return _unique([(line[name], None if colour is None else line[colour]) for line in cells], path)


def _from_json(path: Path) -> Listed | None:
    try:
        found = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise NotReadable(f"{path} is damaged: it is not JSON ({error}); save it again.") from error
    if isinstance(found, dict) and found.get("type") in ("FeatureCollection", "Feature"):
        return None
    if isinstance(found, dict):
        found = found.get("classes", found)
    if isinstance(found, dict):
        found = [{"name": name, "colour": colour} for name, colour in found.items()]
    if not isinstance(found, list):
        raise NotUsable(f"{path} holds no list of classes; expected names, or objects with name and colour.")
    return _unique([_entry(entry) for entry in found], path)


def _entry(entry: Any) -> tuple[Any, Any]:
    """Return name and colour of an object or of a name."""
    if not isinstance(entry, dict):
        return entry, None
    lower = {str(key).lower(): value for key, value in entry.items()}
    name = next((lower[key] for key in CLASS_COLUMNS if key in lower), None)
    return name, next((lower[key] for key in COLOUR_COLUMNS if key in lower), None)


def _unique(pairs: Sequence[tuple[Any, Any]], path: Path) -> Listed:
    names = Names()
    for value, colour in pairs:
        name = class_name(value, str(path))
        if name is not None:
            names.code(name, colour=hex_colour(colour))
    return [(name, names.colours.get(name)) for name in names.names]


def _text(path: Path) -> str:
    if path.stat().st_size > _LARGEST:
        raise NotUsable(f"{path} is larger than {_LARGEST // 2**20} MB; expected a list of classes.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotReadable(f"{path} is not text in UTF-8 ({error.reason}); save it as such.") from error
