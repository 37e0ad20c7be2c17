"""Lists of classes: CSV, text, JSON, and the styles and colour maps of QGIS and others."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rsgraph.errors import NotReadable, NotUsable, in_short
from rsgraph.label_files.class_names import (
    CLASS_COLUMNS,
    COLOUR_COLUMNS,
    Names,
    class_column,
    class_name,
    first_of,
    hex_colour,
)
from rsgraph.label_files.colour_maps import colour_map, style_classes
from rsgraph.label_files.places import is_label_table
from rsgraph.label_files.tables import SUFFIXES, Table, cells, read_text, whole_number

STYLES = (".qml", ".sld", ".clr")
"""Endings of styles and colour maps."""

Listed = list[tuple[str, str | None]]
"""Names and colours."""


def listed_classes(path: Path, column: str | None) -> Listed | None:
    """Read a list of classes; None for other files, tables of labels among them.

    Parameters
    ----------
    path
        CSV or text with one class per line, with any separator; a colour map of QGIS (``value,r,g,b,a,label``), Esri
        (``.clr``) or GDAL; a style of QGIS (``.qml``) or SLD; or JSON.
    column
        Title of the column with the names; None: the one that looks like it.

    Raises
    ------
    NotReadable
        Not text, or not JSON or XML.
    NotUsable
        No such column, or no list.
    """
    read = _READERS.get(path.suffix.lower())
    return read(path, column) if read is not None else None


def _from_table(path: Path, column: str | None) -> Listed | None:
    """Read a colour map, a table with a line of titles, or one class per line."""
    text = read_text(path)
    mapped = colour_map(text) if column is None else None
    if mapped is not None:
        return _unique(mapped, path)
    lines = cells(text)
    titles = lines[0] if lines else []
    if column is None and is_label_table(titles):
        return None
    if column is None and first_of(titles, CLASS_COLUMNS) is None:
        return _unique([_line(line) for line in lines], path)
    width = max(map(len, lines), default=0)
    table = Table(titles, [line + [""] * (width - len(line)) for line in lines[1:]])
    names = table.column(class_column(path, titles, column))
    colour = first_of(titles, COLOUR_COLUMNS)
    colours = table.column(colour) if colour is not None else _mixed(table)
    return _unique(list(zip(names, colours, strict=True)), path)


def _line(line: Sequence[str]) -> tuple[str, str | None]:
    """Return name and colour of a line without titles: ``Water``, ``Water,#2060c0``, or a code before them."""
    coded = len(line) > 1 and whole_number(line[0]) is not None and line[1] and hex_colour(line[1]) is None
    named = line[1:] if coded else line
    return named[0], named[1] if len(named) > 1 else None


def _mixed(table: Table) -> Sequence[str | None]:
    """Return the colours of three columns red, green and blue; None where there are none."""
    parts = [first_of(table.titles, (name, name[0])) for name in ("red", "green", "blue")]
    found = [title for title in parts if title is not None]
    if len(found) < 3:
        return [None] * len(table.rows)
    shares = zip(*(table.column(title) for title in found), strict=True)
    return [",".join(str(whole_number(part)) for part in each) for each in shares]


def _from_style(path: Path, column: str | None) -> Listed:
    """Read a style in XML."""
    return _unique(style_classes(path), path)


def _from_colour_map(path: Path, column: str | None) -> Listed:
    found = colour_map(read_text(path))
    if found is None:
        raise NotUsable(f"{path} is no colour map; expected lines of a value, red, green and blue from 0 to 255.")
    return _unique(found, path)


def _from_json(path: Path, column: str | None) -> Listed | None:
    try:
        found = json.loads(read_text(path).removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise NotReadable(f"{path} is damaged: it is not JSON ({in_short(error)}); save it again.") from error
    if isinstance(found, dict) and found.get("type") in ("FeatureCollection", "Feature", "Topology"):
        return None
    if isinstance(found, dict):
        found = found.get("classes", found)
    if isinstance(found, dict):
        found = [_named(key, value) for key, value in found.items()]
    if not isinstance(found, list):
        raise NotUsable(f"{path} holds no list of classes; expected names, or objects with name and colour.")
    return _unique([_entry(entry) for entry in found], path)


_READERS: Mapping[str, Callable[[Path, str | None], Listed | None]] = {
    **dict.fromkeys(SUFFIXES, _from_table),
    ".json": _from_json,
    ".qml": _from_style,
    ".sld": _from_style,
    ".clr": _from_colour_map,
}


def _named(key: str, value: Any) -> dict[str, Any]:
    """Return an entry of a mapping: colours by name, or names (or what there is to say of each class) by code."""
    if isinstance(value, dict):
        return {"code": key, **value} if whole_number(key) is not None else {**value, "name": key}
    by_code = whole_number(key) is not None and isinstance(value, str) and value.strip() and hex_colour(value) is None
    return {"name": value} if by_code else {"name": key, "colour": value}


def _entry(entry: Any) -> tuple[Any, Any]:
    """Return name and colour of an object or of a name."""
    if not isinstance(entry, dict):
        return entry, None
    lower = {str(key).lower(): value for key, value in entry.items()}
    name = next((lower[key] for key in CLASS_COLUMNS if key in lower), None)
    return name, next((lower[key] for key in COLOUR_COLUMNS if key in lower), None)


def _unique(pairs: Sequence[tuple[Any, Any]], path: Path) -> Listed:
    names = Names(where=str(path))
    for value, colour in pairs:
        name = class_name(value, str(path))
        if name is not None:
            names.code(name, colour=hex_colour(colour))
    if not names.names:
        raise NotUsable(f"{path} names no class; expected names, one a line, or a style with categories.")
    return [(name, names.colours.get(name)) for name in names.names]
