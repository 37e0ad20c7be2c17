from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rsgraph.errors import ConfigError, NotReadable
from rsgraph.exporters.selection import read_selection


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ids.csv", "segment_id\n7\n3\n7\n"),
        ("table.csv", "x,segment_id\n0.5,7\n0.1,3\n"),
        ("plain.csv", "7\n3\n"),
        ("ids.txt", "7, 3\n 7"),
        ("ids.json", json.dumps([7, 3])),
        ("object.json", json.dumps({"segment_id": [3, 7]})),
        ("bom.csv", "\ufeffsegment_id\r\n7\r\n3\r\n"),
        ("excel.csv", "sep=;\r\nx;Segment ID;label\r\n0,5;7,0;a\r\n0,1;3.0;b\r\n;;\r\n"),
        ("plain.csv", "7.0\n3.0\n\n"),
        ("lines.txt", "\ufeffsegment_id\r\n7.0\r\n3\r\n"),
        ("both.txt", "7;3"),
    ],
)
def test_read_selection_gives_sorted_ids(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_selection(tmp_path / name).tolist() == [3, 7]


def test_read_selection_of_an_array(tmp_path: Path) -> None:
    np.save(tmp_path / "ids.npy", np.array([9, 2], dtype=np.uint32))
    assert read_selection(tmp_path / "ids.npy").tolist() == [2, 9]


def test_read_selection_of_an_empty_file_is_empty(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("")
    assert read_selection(tmp_path / "ids.txt").tolist() == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "id,x\n1,2\n", "it has 2 columns, but none is called segment_id"),
        ("a.csv", "segment_id,x\n1,2\n,3\n", r"does not hold a selection \(a row has no segment_id\)"),
        ("a.txt", "one two", "does not hold a selection"),
        ("a.csv", "segment_id\n1.5\n", r"does not hold a selection \('1\.5' is no whole number\)"),
        ("a.json", "{", "does not hold a selection"),
        ("a.json", '{"ids": [1]}', "does not hold a selection"),
        ("a.npy", "text", "does not hold a selection"),
    ],
)
def test_read_selection_of_something_else_says_what_was_expected(
    name: str, text: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(NotReadable, match=said):
        read_selection(tmp_path / name)


def test_read_selection_refuses_pickles(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(NotReadable, match="does not hold a selection"):
        read_selection(tmp_path / "a.npy")


def test_read_selection_names_a_missing_file_and_other_endings(tmp_path: Path) -> None:
    with pytest.raises(NotReadable, match=r"gone\.csv does not exist"):
        read_selection(tmp_path / "gone.csv")
    with pytest.raises(ConfigError, match=r"must be a file that ends in \.npy, \.csv, \.txt, \.json"):
        read_selection(tmp_path / "ids.xlsx")
    (tmp_path / "negative.txt").write_text("-1 3")
    with pytest.raises(ConfigError, match="whole numbers of at least 1"):
        read_selection(tmp_path / "negative.txt")
