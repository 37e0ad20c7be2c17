"""Tables as spreadsheets save them: CSV and text with any separator, encoding and decimal sign."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from pathlib import Path
from typing import NamedTuple

from rsgraph.errors import NotReadable, NotUsable

SUFFIXES = (".csv", ".tsv", ".txt")
"""Endings of files that are read as tables."""

_SEPARATORS = ";\t,|"
"""From the one that stands in text and numbers least to the one that does most."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""What stands at the beginning of a file and tells its encoding."""

_LOOKED_AT = 20
"""Lines by which the separator is found."""

_LARGEST = 1 << 26
"""Bytes: a table of a million rows has less."""


_WORKBOOKS = {"xl/workbook.xml", "xl/workbook.bin"}
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def refuse_workbook(path: Path) -> None:
    """Refuse what a spreadsheet keeps its sheets in: .xlsx, .ods, .xls. Raises NotUsable, with what to do instead."""
    with path.open("rb") as file:
        head = file.read(128)
    old = head.startswith(_OLD_EXCEL) and path.suffix.lower() in (".xls", ".xlt")
    if old or _OPEN_DOCUMENT in head or (head.startswith(b"PK\x03\x04") and _holds_workbook(path)):
        raise NotUsable(
            f"{path} is a workbook of a spreadsheet, which is not read; save the sheet with the labels or classes as "
            "CSV (in Excel and LibreOffice: Save As), and name that."
        )


def _holds_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return bool(_WORKBOOKS & {*archive.namelist()})
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


class Table(NamedTuple):
    """Lines of cells without blanks around them; empty lines are left out.

    Parameters
    ----------
    titles
        The first line.
    rows
        The others, each with as many cells as there are titles.
    """

    titles: list[str]
    rows: list[list[str]]

    def column(self, title: str) -> list[str]:
        """Return the cells below a title."""
        place = self.titles.index(title)
        return [row[place] for row in self.rows]


def read_table(path: Path) -> Table:
    """Read a table.

    Raises
    ------
    NotReadable
        Not there, not text, or too large for a table.
    """
    lines = cells(read_text(path))
    width = max((len(line) for line in lines), default=0)
    whole = [line + [""] * (width - len(line)) for line in lines]
    return Table(whole[0] if whole else [], whole[1:])


def cells(text: str) -> list[list[str]]:
    """Return the cells of each line that is not empty."""
    text, separator = _separated(text)
    found = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    try:
        lines = [[cell.strip() for cell in line] for line in found]
    except csv.Error:  # a quotation mark that nobody closed: then they are letters like others
        lines = [[cell.strip() for cell in line.split(separator)] for line in text.splitlines()]
    return [line for line in lines if any(line)]


def _separated(text: str) -> tuple[str, str]:
    """Return a table's text and its separator, which Excel may name in a line before it."""
    if found := re.match(r'"?sep=(.)"?\r?\n', text, re.IGNORECASE):
        return text[found.end() :], found[1]
    lines = [re.sub(r'"[^"]*"', "", line) for line in text.splitlines() if line.strip()][:_LOOKED_AT]
    counts = {each: [line.count(each) for line in lines] for each in _SEPARATORS}
    # the one that stands in every line, as often as can be alike; else the most frequent in the first one
    steady = [each for each in _SEPARATORS if lines and min(counts[each]) > 0 and len(set(counts[each])) == 1]
    if steady:
        return text, steady[0]
    return text, max(_SEPARATORS, key=lambda each: counts[each][0] if lines else 0)


def read_text(path: Path) -> str:
    """Read text in UTF-8, in UTF-16 or UTF-32 with a mark at its beginning, or else in Windows-1252.

    Raises
    ------
    NotReadable
        Not there, not text, or larger than a table.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise NotReadable(f"{path} has more than {_LARGEST >> 20} MB, too much for a table; bring a GeoPackage.")
        content = path.read_bytes()
    except OSError as error:
        raise NotReadable(f"{path} cannot be read: {error.strerror}.") from error
    try:
        text = _decoded(content)
    except UnicodeDecodeError as error:
        raise NotReadable(f"{path} is not text in UTF-8 ({error.reason}); save it as such.") from error
    if "\0" in text:
        raise NotReadable(f"{path} is no text, for it holds bytes of 0; save it as text in UTF-8.")
    return text


def _decoded(content: bytes) -> str:
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    if encoding is not None:
        return content.decode(encoding)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252")  # what Excel writes where nobody asks for UTF-8


_GROUPED = (
    ("[ \u00a0\u2009\u202f'\u2019]", "[.,]"),
    (",(?=.*[.])", "[.]"),
    ("[.](?=.*,)", ","),
)
"""What stands between thousands, and the decimal sign that goes with it."""


def number(text: str) -> float | None:
    """Return the number that a cell holds, with a decimal point or comma; None for other text.

    Thousands may be set apart by blanks and apostrophes, or by points and commas where the other one is the decimal
    sign. ``500,200`` is 500.2: a comma that stands for itself is the decimal one.

    >>> number("3,5"), number("3.0"), number(" -1 "), number("1e3"), number("three"), number("")
    (3.5, 3.0, -1.0, 1000.0, None, None)
    >>> number("7,200,100.5"), number("7.200.100,5"), number("7 200 100,5"), number("7'200'100"), number("1.2.3")
    (7200100.5, 7200100.5, 7200100.5, 7200100.0, None)
    """
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    for groups, decimals in _GROUPED:
        if re.fullmatch(rf"[+-]?\d{{1,3}}({groups}\d{{3}})+({decimals}\d+)?", plain, re.ASCII):
            plain = re.sub(groups, "", plain).replace(",", ".")
    if re.fullmatch(r"[+-]?\d*,\d+", plain):
        plain = plain.replace(",", ".")
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", plain, re.ASCII):
        return None
    return float(plain)


def whole_number(text: str) -> int | None:
    """Return the whole number that a cell holds, also as ``3.0`` or ``3,0``; None for anything else."""
    found = number(text)
    return int(found) if found is not None and found.is_integer() and abs(found) < 2**53 else None
