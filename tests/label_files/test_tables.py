"""Tables as spreadsheets of several countries save them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.label_files.tables import Table, number, read_table, refuse_workbook, whole_number

PLAIN = Table(["id", "label"], [["3.0", "Wald, dicht"], ["4", "Gewässer"]])


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ('id,label\n3.0,"Wald, dicht"\n4,Gewässer\n', "utf-8"),
        ('id,label\r\n3.0,"Wald, dicht"\r\n4,Gewässer\r\n', "utf-8-sig"),
        ("id;label\n3.0;Wald, dicht\n4;Gewässer\n", "cp1252"),
        ("id\tlabel\n3.0\tWald, dicht\n4\tGewässer", "utf-16"),
        ("id\tlabel\r\n3.0\tWald, dicht\r\n\r\n4\tGewässer\r\n", "utf-16"),
        ("sep=;\r\nid;label\r\n3.0;Wald, dicht\r\n4;Gewässer\r\n;\r\n", "utf-8-sig"),
        ("id | label\n3.0 | Wald, dicht\n4 | Gewässer\n", "utf-8"),
        ('"id";"label"\n"3.0";"Wald, dicht"\n"4";"Gewässer"\n', "utf-8"),
        ("id;label\r3.0;Wald, dicht\r4;Gewässer\r", "utf-8"),  # an old Mac
    ],
)
def test_tables_are_read_whatever_program_saved_them(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    assert read_table(path) == PLAIN
    assert read_table(path).column("label") == ["Wald, dicht", "Gewässer"]


def test_short_lines_are_filled_up_and_quotation_marks_may_stand_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('x;label;note\n1;"two\nlines"\n2;5" pipe;old\n')
    assert read_table(path) == Table(["x", "label", "note"], [["1", "two\nlines", ""], ["2", '5" pipe', "old"]])
    path.write_text("")
    assert read_table(path) == Table([], [])
    path.write_text("water\u2028shallow\nland\n", encoding="utf-8")  # such a line end is no end of a row
    assert read_table(path) == Table(["water\u2028shallow"], [["land"]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe\x00", r"a\.csv is not text in UTF-8"),
        (b"a\x81b", r"a\.csv is not text in UTF-8"),
        (b"PK\x03\x04\x00\x00", r"a\.csv is no text, for it holds bytes of 0"),
    ],
)
def test_what_is_no_text_is_said(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(NotReadable, match=message):
        read_table(tmp_path / "a.csv")
    with pytest.raises(NotReadable, match="cannot be read: No such file"):
        read_table(tmp_path / "b.csv")


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("3.0", 3), ("3,0", 3), (" 3 ", 3), ("+3.", 3), ("3e0", 3), ("\N{MINUS SIGN}3", -3), ("3.5", None),
     ("3,5", None), ("", None), ("three", None), ("nan", None), ("1e300", None), ("1.000,5", None), ("٣", None)],
)  # fmt: skip
def test_whole_numbers_are_read_with_their_decimals(text: str, value: int | None) -> None:
    assert whole_number(text) == value


def test_numbers_have_points_or_commas() -> None:
    assert [number(text) for text in ("0,5", "0.5", "-,5", "1.5e-3", "1,5e3")] == [0.5, 0.5, -0.5, 0.0015, None]


@pytest.mark.parametrize(
    ("text", "value"),
    [("7,199,800.5", 7199800.5), ("7.199.800,5", 7199800.5), ("7\u00a0199\u202f800,5", 7199800.5),
     ("-7'199'800", -7199800.0), ("500,200.00", 500200.0), ("500.200,00", 500200.0),
     ("500,200", 500.2), ("500.200", 500.2), ("1.2.3", None), ("51 2", None), ("1,23,456.0", None),
     ("7.199.800", None)],
)  # fmt: skip
def test_thousands_may_be_set_apart_where_that_is_clear(text: str, value: float | None) -> None:
    assert number(text) == value


def workbook(path: Path, *members: str, first: tuple[str, str] | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in [first] if first else []:
            archive.writestr(name, text)
        for name in members:
            archive.writestr(name, "<x/>")
    return path


def test_workbooks_of_spreadsheets_are_refused_with_what_to_do(tmp_path: Path) -> None:
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    old = tmp_path / "d.xls"
    old.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100))
    for path in (
        workbook(tmp_path / "a.xlsx", "[Content_Types].xml", "xl/workbook.xml"),
        workbook(tmp_path / "b.csv", "xl/workbook.bin"),  # whatever it is called
        workbook(tmp_path / "c.ods", "content.xml", first=("mimetype", kind)),
        old,
    ):
        with pytest.raises(NotUsable, match=r"is a workbook of a spreadsheet, which is not read; save the sheet"):
            refuse_workbook(path)
    refuse_workbook(workbook(tmp_path / "shapes.zip", "a.shp"))
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04" + bytes(50))
    refuse_workbook(tmp_path / "broken.zip")
