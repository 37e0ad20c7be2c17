"""Names and colours of classes as other programs write them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.label_files.class_names import Names, class_column, class_name, first_of, hex_colour, numbered


def test_names_are_numbered_as_they_are_met() -> None:
    names = Names()
    assert [names.code(name) for name in ("water", "sand", "water", "mud")] == [1, 2, 1, 3]
    assert names.names == ["water", "sand", "mud"]
    names.code("sand", colour="#f0d080")
    names.code("sand", colour="#000000")
    assert names.colours == {"sand": "#f0d080"}  # the first that is met


def test_names_take_wanted_classes_by_name_or_by_code() -> None:
    names = Names({"5": "wet", "lake": "wet", "7": "dry"})
    found = [names.code("class 5", "5"), names.code("lake"), names.code("rock", "7"), names.code("town", "9")]
    assert (found, names.names) == ([1, 1, 2, 0], ["wet", "dry"])
    some = Names(["water"])
    assert [some.code("sand"), some.code("water")] == [0, 1]
    coded = Names(["5"])
    assert [coded.code("lake", "5"), coded.names] == [1, ["lake"]]  # a list keeps the names of the file
    assert [coded.asks_for("lake", "5"), coded.asks_for("6"), Names().asks_for("6")] == [True, False, True]
    with pytest.raises(ConfigError, match=r"`classes` must be a list of names, or names by value\. Got 'water'"):
        Names("water")


@pytest.mark.parametrize(
    ("value", "name"),
    [("  open \n water ", "open water"), (" ", None), (None, None), ("NA", None), ("#N/A ", None), ("<NA>", None),
     ("Na", "Na"), ("nan?", "nan?"), (float("nan"), None), (float("inf"), None),
     (5, "class 5"), (Decimal("5.00"), "class 5"),
     (5.0, "class 5"), (-1, "class -1"), (True, "yes"), (False, "no"), ("5", "5"), ("5.0", "5"), ("5,0", "5"),
     ("5.5", "5.5"), ("1,000", "1,000"), ("Wa\u0308lder", "W\u00e4lder"), ("\ufeffsea\u200b", "sea"),
     ("a\u2028b", "a b"), ("a\x00b\ud800", "ab"),
     ("\u0645\u06cc\u200c\u0634\u0648\u062f", "\u0645\u06cc\u200c\u0634\u0648\u062f"),
     ("\u68ee\u6797", "\u68ee\u6797"), ("\U0001f332", "\U0001f332"), ("x" * 300, "x" * 199 + "\u2026"),
     ("\u200b", None)],
)  # fmt: skip
def test_class_name_is_text_or_a_whole_number(value: Any, name: str | None) -> None:
    assert class_name(value, "column 'c'") == name
    assert numbered(5) == "class 5"


def test_class_name_refuses_measurements() -> None:
    with pytest.raises(NotUsable, match=r"column 'c' holds measurements \(0\.25\); expected names or whole numbers"):
        class_name(0.25, "column 'c'")


@pytest.mark.parametrize(
    ("value", "colour"),
    [
        ("#E69F00", "#e69f00"),
        ("e69f00", "#e69f00"),
        ("#e69f0080", "#e69f00"),
        ("#fa0", "#ffaa00"),
        ("230, 159, 0", "#e69f00"),
        ("230,159,0,255", "#e69f00"),
        ((230, 159, 0), "#e69f00"),
        ("230,159,0,255,rgb:0.9,0.62,0,1", "#e69f00"),
        ("rgb(230, 159, 0)", "#e69f00"),
        ("rgba(230,159,0,128)", "#e69f00"),
        ("red", None),
        ("256,0,0", None),
        ("1,2", None),
        (7, None),
        (None, None),
    ],
)
def test_hex_colour_reads_what_programs_write(value: Any, colour: str | None) -> None:
    assert hex_colour(value) == colour


def test_class_column_is_the_named_one_or_the_first_that_looks_like_it() -> None:
    path = Path("a.gpkg")
    assert class_column(path, ["id", "Label", "class"], None) == "Label"
    assert class_column(path, ["id", "Label", "class"], "id") == "id"
    assert class_column(path, ["whatever"], None) == "whatever"
    with pytest.raises(NotUsable, match=r"a\.gpkg has no attribute that could hold the class; add one"):
        class_column(path, [], None)
    with pytest.raises(NotUsable, match=r"a\.gpkg has no attribute 'kind'; choose one of: id, name\."):
        class_column(path, ["id", "name"], "kind")
    with pytest.raises(
        NotUsable, match=r"does not say which attribute holds the class; name it with column=: a, b\."
    ):
        class_column(path, ["a", "b"], None)
    assert first_of(["B", "b", "A"], ["b"]) == "B"
    assert first_of(["Class Name", "x"], ["class_name"]) == "Class Name"


def test_long_and_many_titles_are_listed_in_one_line() -> None:
    titles = ["one\ntwo", "a" * 5000, *map(str, range(200))]
    with pytest.raises(NotUsable) as found:
        class_column(Path("a.csv"), titles, "class")
    text = str(found.value)
    assert "choose one of: one two, aaa" in text
    assert text.endswith(" and 102 more.")
    assert len(text) < 1000
