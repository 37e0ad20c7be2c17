"""Names and colours of classes, as files of others write them."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from rsgraph.errors import ConfigError, NotUsable

Classes = Mapping[str, str] | Collection[str] | None
"""Which classes to take: all; some, by name or code; or these under other names (as in the file -> as wanted)."""


CLASS_COLUMNS = (
    *("label", "class", "class_name", "classname", "name", "landcover", "land_cover", "lulc", "category", "type"),
    *("species", "crop", "class_id", "classid", "code", "gridcode", "dn", "value"),
)
"""Columns that are taken for the class where none is named, the first that is there."""

MOST_CLASSES = 4096
"""That labels may have: as a journal's."""

COLOUR_COLUMNS = ("colour", "color", "fill", "fill_color")


class Names:
    """Numbers classes from 1 in the order in which they are met.

    Parameters
    ----------
    classes
        Which to take; values as the file gives them, codes as text.
    """

    def __init__(self, classes: Classes = None) -> None:
        if isinstance(classes, str):
            raise ConfigError(f"`classes` must be a list of names, or names by value. Got {classes!r} instead.")
        self.wanted = None if classes is None else _wanted(classes)
        self.names: list[str] = []
        self.colours: dict[str, str] = {}
        self._codes: dict[str, int] = {}

    def code(self, name: str, *others: str, colour: str | None = None) -> int:
        """Return the number of a class, 0 where it is not wanted; ``others`` are what else the file calls it."""
        if self.wanted is not None:
            found = next((self.wanted[text] for text in (name, *others) if text in self.wanted), None)
            if found is None:
                return 0
            name = found
        if name not in self._codes:
            if len(self.names) >= MOST_CLASSES:
                raise NotUsable(
                    f"the labels have more than {MOST_CLASSES} classes, the last of them '{name[:60]}': are they "
                    "names of something else? Name the attribute that holds the class, or the classes to take"
                )
            self.names.append(name)
            self._codes[name] = len(self.names)
        if colour is not None:
            self.colours.setdefault(name, colour)
        return self._codes[name]


def _wanted(classes: Mapping[str, str] | Collection[str]) -> dict[str, str]:
    pairs = classes.items() if isinstance(classes, Mapping) else ((name, name) for name in classes)
    return {str(value): str(name) for value, name in pairs}


def class_name(value: Any, where: str) -> str | None:
    """Return the class that a table's value names; None for an empty one.

    Text is taken as it is, whole numbers as ``class 5``.

    Raises
    ------
    NotUsable
        A number that is not whole: a measurement.
    """
    if isinstance(value, str):
        return " ".join(value.split()) or None
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        if value != int(value):
            raise NotUsable(f"{where} holds measurements ({value}); expected names or whole numbers of classes.")
        return numbered(int(value))
    return str(value)


def numbered(code: int) -> str:
    """Return the name of a class that is only a number in its file."""
    return f"class {code}"


def hex_colour(value: Any) -> str | None:
    """Read ``#rgb``, ``#rrggbb``, ``#rrggbbaa``, ``r,g,b`` or numbers (r, g, b); None for anything else."""
    if isinstance(value, str):
        text = value.strip().lower()
        if found := re.fullmatch(r"#?([0-9a-f]{6})([0-9a-f]{2})?", text):
            return f"#{found[1]}"
        if found := re.fullmatch(r"#([0-9a-f])([0-9a-f])([0-9a-f])", text):
            return "#" + "".join(digit * 2 for digit in found.groups())
        value = text.split(",")
    if not isinstance(value, list | tuple):
        return None
    parts = [str(part).strip() for part in value]
    if len(parts) not in (3, 4) or not all(re.fullmatch(r"\d{1,3}", part) and int(part) <= 255 for part in parts[:3]):
        return None
    return "#" + "".join(f"{int(part):02x}" for part in parts[:3])


def class_column(path: Path, columns: Sequence[str], column: str | None) -> str:
    """Return the attribute that holds the class: the one that is named, or the one that looks like it.

    Raises
    ------
    NotUsable
        It is not there, or none looks like it; the message lists them.
    """
    listed = _listed(columns)
    if column is not None and column not in columns:
        raise NotUsable(f"{path} has no attribute '{column}'; choose one of: {listed}.")
    found = column or first_of(columns, CLASS_COLUMNS) or (columns[0] if len(columns) == 1 else None)
    if found is None:
        raise NotUsable(f"{path} does not say which attribute holds the class; name it with column=: {listed}.")
    return found


_LISTED = 100
"""Names and characters of a name that one sentence lists."""


def _listed(columns: Sequence[str]) -> str:
    """Return names for a sentence: of many, or of long ones, the beginning."""
    names = [name if len(name) <= _LISTED else f"{name[:_LISTED]} ..." for name in columns[:_LISTED]]
    left_out = len(columns) - len(names)
    return ", ".join(names) + (f" and {left_out} more" if left_out else "") or "none"


def first_of(columns: Sequence[str], wanted: Sequence[str]) -> str | None:
    """Return the first wanted column that is there, in upper or lower case."""
    lower = {name.lower(): name for name in reversed(columns)}
    return next((lower[name] for name in wanted if name in lower), None)
