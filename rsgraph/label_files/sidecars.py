"""Names and colours of classes that lie beside a raster of class codes, as QGIS, Esri and others leave them there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyogrio

from rsgraph.errors import NotReadable
from rsgraph.label_files.class_names import CLASS_COLUMNS, first_of, hex_colour
from rsgraph.label_files.colour_maps import colour_map_values, style_values
from rsgraph.label_files.formats import safely
from rsgraph.label_files.tables import number, read_text, whole_number
from rsgraph.warning_filters import ignored

_CODES = ("value", "code", "class_id", "classid", "gridcode", "dn", "id")
_NAMES = tuple(name for name in CLASS_COLUMNS if name not in _CODES)
_MOST_ROWS = 65_536
"""Of a table of attributes: of 16 bits, one each."""


@dataclass(frozen=True)
class Legend:
    """What codes of classes are called, and their colours (``#rrggbb``)."""

    names: Mapping[int, str] = field(default_factory=dict)
    colours: Mapping[int, str] = field(default_factory=dict)


def legend_beside(path: Path) -> Legend:
    """Read the legend that lies beside a raster: its table of attributes, its style, its colour map.

    ``a.tif.vat.dbf`` or ``a.vat.dbf`` of Esri, ``a.qml`` and ``a.sld`` of QGIS, ``a.clr``; what stands first goes
    before. Codes are whole numbers; what is none, as steps of a ramp between them, is left out.

    Raises
    ------
    NotReadable
        One is damaged.
    """
    names: dict[int, str] = {}
    colours: dict[int, str] = {}
    for ending, read in _READERS.items():
        for place in dict.fromkeys((Path(f"{path}{ending}"), path.with_suffix(ending))):
            if place.is_file() and place != path:
                found = read(place)
                names, colours = {**found.names, **names}, {**found.colours, **colours}
    return Legend(names, colours)


def _of_values(entries: Iterable[tuple[str, str, Any]]) -> Legend:
    """Make a legend of values, labels and colours; a label that is the value again is no name."""
    known = [(code, label, hex_colour(colour)) for value, label, colour in entries for code in [_code(value)]]
    coded = [(code, label, colour) for code, label, colour in known if code is not None]
    return Legend(
        {code: label for code, label, _ in coded if label and number(label) != code},
        {code: colour for code, _, colour in coded if colour},
    )


def _code(value: Any) -> int | None:
    return whole_number(str(value))


def _style(path: Path) -> Legend:
    return _of_values(style_values(path))


def _colour_map(path: Path) -> Legend:
    """Read a colour map; other files of that ending are none of ours."""
    return _of_values(colour_map_values(read_text(path)) or ())


def _attributes(path: Path) -> Legend:
    """Read Esri's table of attributes."""
    with ignored(), safely():
        try:
            about, _, _, columns = pyogrio.raw.read(path, read_geometry=False, max_features=_MOST_ROWS)
        except (RuntimeError, ValueError, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise NotReadable(f"{path} is damaged ({reason}); remove it or make it anew.") from error
    return legend_of_table([str(title) for title in about["fields"]], list(zip(*columns, strict=True)))


def legend_of_table(titles: Sequence[str], rows: Sequence[Sequence[Any]], usages: Sequence[str] = ()) -> Legend:
    """Find codes, names and colours in a table of attributes.

    Parameters
    ----------
    titles
        Of the columns.
    rows
        Cells; rows with fewer or more than there are titles are left out.
    usages
        What GDAL says that each column is for: 2 names, 5 codes, 6, 7 and 8 red, green and blue.

    Returns
    -------
    Legend
        Without entries where there are no codes.
    """
    code = _column(titles, usages, "5", _CODES)
    name = _column(titles, usages, "2", _NAMES)
    parts = [
        _column(titles, usages, usage, wanted)
        for usage, wanted in (("6", ("red", "r")), ("7", ("green", "g")), ("8", ("blue", "b")))
    ]
    if code is None:
        return Legend()
    whole = [row for row in rows if len(row) == len(titles)]
    shares = [[row[part] for part in parts if part is not None] for row in whole]
    mixed = _mixed(shares) if None not in parts else [None] * len(whole)
    return _of_values(
        (row[code], "" if name is None else _text(row[name]), colour)
        for row, colour in zip(whole, mixed, strict=True)
    )


def _column(titles: Sequence[str], usages: Sequence[str], usage: str, wanted: Sequence[str]) -> int | None:
    """Return the place of a column: by what GDAL says, else by its title."""
    if usage in usages:
        return list(usages).index(usage)
    found = first_of(titles, wanted)
    return None if found is None else list(titles).index(found)


def _text(cell: Any) -> str:
    return "" if cell is None else " ".join(str(cell).split())


def _mixed(shares: Sequence[Sequence[Any]]) -> list[str | None]:
    """Return ``r,g,b`` of each row; Esri writes shares of 1, too."""
    numbers = [[number(str(part)) for part in row] for row in shares]
    known = [part for row in numbers for part in row if part is not None]
    times = 255 if known and max(known) <= 1 and any(0 < part < 1 for part in known) else 1
    return [
        None if None in row else ",".join(str(round(part * times)) for part in row if part is not None)
        for row in numbers
    ]


_READERS = {".vat.dbf": _attributes, ".qml": _style, ".sld": _style, ".clr": _colour_map}
"""Ending -> what reads it, in the order in which they count."""
