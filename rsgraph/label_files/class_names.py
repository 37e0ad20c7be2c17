"""Names and colours of classes, as files of others write them."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from rsgraph.errors import ConfigError, NotUsable

Classes = Mapping[str, str] | Collection[str] | None
"""Which classes to take: all; some, by name or code; or these under other names (as in the file -> as wanted)."""


CLASS_COLUMNS = (
    *("label", "class", "class_name", "classname", "name", "landcover", "land_cover", "lulc", "category", "type"),
    *("species", "crop", "class_id", "classid", "code", "gridcode", "dn", "value"),
    *("klasse", "classe", "clase", "klass", "landuse", "land_use"),
)
"""Columns that are taken for the class where none is named, the first that is there."""

EMPTY = frozenset(
    (
        "NA",
        "N/A",
        "n/a",
        "NaN",
        "nan",
        "<NA>",
        "NULL",
        "null",
        "NaT",
        "#N/A",
        "#NV",
        "#VALUE!",
        "#WERT!",
        "#REF!",
        "#BEZUG!",
    )
)
"""What R, pandas, databases and spreadsheets write into cells without a value."""

MOST_CLASSES = 4096
"""That labels may have: as a journal's."""
LONGEST_NAME = 200
JOINERS = "\u200c\u200d"
"""They are not shown, and join or part the letters beside them in Persian, Hindi and emoji."""

COLOUR_COLUMNS = ("colour", "color", "fill", "fill_color")


class Names:
    """Numbers classes from 1 in the order in which they are met.

    Parameters
    ----------
    classes
        Which to take; values as the file gives them, codes as text.
    where
        The file that they are of, for messages.
    """

    def __init__(self, classes: Classes = None, where: str = "the file of labels") -> None:
        if isinstance(classes, str):
            raise ConfigError(f"`classes` must be a list of names, or names by value. Got {classes!r} instead.")
        self.wanted = None if classes is None else _wanted(classes)
        self.where = where
        self.names: list[str] = []
        self.colours: dict[str, str] = {}
        self._codes: dict[str, int] = {}
        self._met: set[str] = set()

    @property
    def absent(self) -> list[str]:
        """Say which classes are wanted that were not met: one phrase, or none."""
        left = [asked for asked in self.wanted or () if asked not in self._met]
        return [f"nothing over the segments is of the class asked for as {' or as '.join(left)}"] if left else []

    def asks_for(self, *names: str) -> bool:
        """Tell whether a class is wanted that the file calls by any of these names."""
        return self.wanted is None or any(name in self.wanted for name in names)

    def code(self, name: str, *others: str, colour: str | None = None) -> int:
        """Return the number of a class, 0 where it is not wanted; ``others`` are what else the file calls it."""
        if self.wanted is not None:
            asked = next((text for text in (name, *others) if text in self.wanted), None)
            if asked is None:
                return 0
            self._met.add(asked)
            name = self.wanted[asked] or name
        if name not in self._codes:
            if len(self.names) >= MOST_CLASSES:
                raise NotUsable(
                    f"{self.where} has more than {MOST_CLASSES} classes, the last of them '{name[:60]}': are they "
                    "names of something else? Name the attribute that holds the class, or the classes to take"
                )
            self.names.append(name)
            self._codes[name] = len(self.names)
        if colour is not None:
            self.colours.setdefault(name, colour)
        return self._codes[name]


def _wanted(classes: Mapping[str, str] | Collection[str]) -> dict[str, str | None]:
    """Return what wanted classes are called, by name or code in the file; None: as the file calls them."""
    if isinstance(classes, Mapping):
        return {str(value): str(name) for value, name in classes.items()}
    return {str(value): None for value in classes}


def class_name(value: Any, where: str) -> str | None:
    """Return the class that a table's value names; None for an empty one, also as programs write it (``EMPTY``).

    Whole numbers become ``class 5``. Text is taken as it is, in one spelling of letters with accents (NFC), without
    characters that no screen shows, and not longer than a class may be called; 3.0, as spreadsheets write it, is 3.

    Raises
    ------
    NotUsable
        A number that is not whole: a measurement.
    """
    if isinstance(value, str):
        return (_plain(value) or None) if value.strip() not in EMPTY else None
    if isinstance(value, Decimal):
        value = float(value)
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        if value != int(value):
            raise NotUsable(f"{where} holds measurements ({value}); expected names or whole numbers of classes.")
        return numbered(int(value))
    return str(value)


def _plain(text: str) -> str:
    """Return text as a name: see ``class_name``."""
    whole = re.fullmatch(r"([+-]?\d+)(\.0+|,00?)", text.strip())
    shown = " ".join(unicodedata.normalize("NFC", whole[1] if whole else text).split())
    shown = "".join(letter for letter in shown if letter.isprintable() or letter in JOINERS).strip()
    return shown if len(shown) <= LONGEST_NAME else f"{shown[: LONGEST_NAME - 1].rstrip()}…"


def numbered(code: int) -> str:
    """Return the name of a class that is only a number in its file."""
    return f"class {code}"


def hex_colour(value: Any) -> str | None:
    """Read ``#rgb``, ``#rrggbb``, ``#rrggbbaa``, ``r,g,b``, with an alpha and what QGIS adds, or numbers (r, g, b).

    None for anything else.
    """
    if isinstance(value, str):
        text = value.strip().lower()
        if found := re.fullmatch(r"#?([0-9a-f]{6})([0-9a-f]{2})?", text):
            return f"#{found[1]}"
        if found := re.fullmatch(r"#([0-9a-f])([0-9a-f])([0-9a-f])", text):
            return "#" + "".join(digit * 2 for digit in found.groups())
        value = re.sub(r"^rgba?\((.*)\)$", r"\1", text).split(",")
        value = value[: next((i for i, part in enumerate(value) if ":" in part), len(value))]  # rgb:0.1,0.3,0.7,1
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
    if not columns:
        raise NotUsable(f"{path} has no attribute that could hold the class; add one, such as class.")
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
    names = [" ".join(name.split()) for name in columns[:_LISTED]]
    names = [name if len(name) <= _LISTED else f"{name[:_LISTED]} ..." for name in names]
    left_out = len(columns) - len(names)
    return ", ".join(names) + (f" and {left_out} more" if left_out else "") or "none"


def first_of(columns: Sequence[str], wanted: Sequence[str]) -> str | None:
    """Return the first wanted column that is there, in upper or lower case; blanks and dashes are as underscores."""
    plain = {re.sub(r"[\s_-]+", "_", name.strip().lower()): name for name in reversed(columns)}
    return next((plain[name] for name in wanted if name in plain), None)
