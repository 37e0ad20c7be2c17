"""Colour maps and styles: values with their colours and names, as QGIS, Esri and GDAL write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsgraph.errors import NotReadable, NotUsable, in_short
from rsgraph.label_files.tables import whole_number

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Entries = list[tuple[str | int, str | None]]
"""Names, or codes of those without a name, and colours as the file writes them."""

Values = list[tuple[str, str, str | None]]
"""Values, their labels ("" where there is none), and colours as the file writes them."""

_LARGEST = 1 << 24
"""Bytes of a style."""

_LINE = re.compile(
    r"""\s*(?P<value>[+-]?(?:[\d.]+(?:[eE][+-]?\d+)?|inf(?:inity)?|nan))
    [\s,;:]+(?P<red>\d{1,3})[\s,;:]+(?P<green>\d{1,3})[\s,;:]+(?P<blue>\d{1,3})
    (?:[\s,;:]+(?P<alpha>\d{1,3})(?=[\s,;]|$))?
    (?:[\s,;]+(?P<label>.*?))?\s*""",
    re.VERBOSE,
)
_ASIDE = re.compile(r"\s*(#.*|INTERPOLATION:.*|(nv|nodata|default)\b.*|)\s*", re.IGNORECASE)
"""Lines that are no entry: remarks, how colours are mixed, the colour of no data."""


def colour_map(text: str) -> Entries | None:
    """Read a colour map in text: of each line a value, red, green, blue, perhaps alpha, and perhaps a name.

    QGIS writes ``1,32,96,192,255,Water`` after two lines of its own, Esri's ``.clr`` and GDAL ``1 32 96 192``.

    Returns
    -------
    Entries or None
        None where a line is neither an entry nor a remark, or there is no entry.
    """
    found = colour_map_values(text)
    return None if found is None else [(_name(value, label), colour) for value, label, colour in found]


def colour_map_values(text: str) -> Values | None:
    """Read a colour map as ``colour_map`` does, with the values."""
    lines = [line for line in text.removeprefix("\ufeff").splitlines() if not _ASIDE.fullmatch(line)]
    found = [_LINE.fullmatch(line) for line in lines]
    entries = [each for each in found if each is not None and _is_colour(each)]
    if not lines or len(entries) < len(lines):
        return None
    return [
        (each["value"], (each["label"] or "").strip('" '), ",".join(each.group("red", "green", "blue")))
        for each in entries
    ]


def _is_colour(line: re.Match[str]) -> bool:
    return all(int(part) <= 255 for part in line.group("red", "green", "blue"))


def _name(value: str, label: str) -> str | int:
    """Return the name of an entry: a label that is none, or only the value, leaves the code."""
    code = whole_number(value)
    same = not label or (code is not None and whole_number(label) == code)
    return (value if code is None else code) if same else label


def style_classes(path: Path) -> Entries:
    """Read the classes of a style: QGIS's ``.qml`` of a raster or of a layer with categories, or SLD.

    Raises
    ------
    NotReadable
        Not there, too large, or no XML.
    NotUsable
        No categories: one symbol for all, or a ramp of colours without steps.
    """
    root = _root(path)
    for read in (_raster_classes, _categories, _rules, _sld):
        found = list(read(root))
        if found:
            return found
    raise NotUsable(
        f"{path} styles no classes; expected a style with categories or a palette (in QGIS: Symbology, Categorized "
        "or Paletted/Unique values)."
    )


def style_values(path: Path) -> Values:
    """Read the values of a raster's style, ``.qml`` or SLD: none where it has no palette, steps or colour map.

    Raises
    ------
    NotReadable
        As ``style_classes``.
    """
    return list(_of_raster(_root(path)))


def _of_raster(root: Element) -> Iterator[tuple[str, str, str | None]]:
    """Entries of a palette, steps of a ramp, and entries of an SLD's colour map."""
    for entry in [*root.iter("paletteEntry"), *root.iterfind(".//colorrampshader/item")]:
        yield entry.get("value", ""), entry.get("label", "").strip(), entry.get("color")
    for entry in (each for each in root.iter() if _tag(each) == "ColorMapEntry"):
        yield entry.get("quantity", ""), entry.get("label", "").strip(), entry.get("color")


def _root(path: Path) -> Element:
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    try:
        if path.stat().st_size > _LARGEST:
            raise NotReadable(f"{path} has more than {_LARGEST >> 20} MB, too much for a style.")
        # QGIS begins its files with the name of a document type, and without a declaration of entities
        root: Element = ElementTree.parse(path).getroot()
    except OSError as error:
        raise NotReadable(f"{path} cannot be read: {error.strerror}.") from error
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise NotReadable(f"{path} is damaged: it is not XML ({in_short(error)}); save the style again.") from error
    return root


def _raster_classes(root: Element) -> Iterator[tuple[str | int, str | None]]:
    for value, label, colour in _of_raster(root):
        yield _name(value, label), colour


def _categories(root: Element) -> Iterator[tuple[str | int, str | None]]:
    """Categories of a layer of polygons or points, in the colours of their symbols; not "all other values"."""
    colours = _symbols(root)
    for category in root.iterfind(".//categories/category"):
        value = category.get("value") or next((each.get("value", "") for each in category.iterfind("val")), "")
        if value and value != "NULL":
            yield _name(value, category.get("label", "").strip()), colours.get(category.get("symbol", ""))


def _rules(root: Element) -> Iterator[tuple[str | int, str | None]]:
    """Rules of a layer that have a name."""
    colours = _symbols(root)
    for rule in root.iterfind(".//rules//rule"):
        if rule.get("label", "").strip() and rule.get("symbol"):
            yield rule.get("label", "").strip(), colours.get(rule.get("symbol", ""))


def _symbols(root: Element) -> dict[str, str | None]:
    """Return the colour of each symbol by its number: that of its first layer."""
    return {symbol.get("name", ""): _symbol_colour(symbol) for symbol in root.iterfind(".//symbols/symbol")}


def _symbol_colour(symbol: Element) -> str | None:
    for layer in symbol.iterfind("layer"):
        properties = {each.get("k", ""): each.get("v") for each in layer.iterfind("prop")}
        properties |= {each.get("name", ""): each.get("value") for each in layer.iterfind("Option/Option")}
        found = properties.get("color") or properties.get("line_color")
        if found:
            return found
    return None


def _sld(root: Element) -> Iterator[tuple[str | int, str | None]]:
    """Rules with a title and a fill, of an SLD."""
    for rule in (each for each in root.iter() if _tag(each) == "Rule"):
        name = next((_text(each) for tag in ("Title", "Name") for each in rule.iter() if _tag(each) == tag), "")
        colour = next((_text(each) for each in rule.iter() if each.get("name") in ("fill", "stroke")), None)
        if name:
            yield name, colour


def _tag(element: Any) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _text(element: Element) -> str:
    return (element.text or "").strip()
