from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from rsgraph.errors import WorkspaceError
from rsgraph.own_files.fields import Fields, check_size, damaged, is_number, once, read_json_object, shown


def fields(tmp_path: Path, **values: Any) -> Fields:
    return Fields(tmp_path / "a.json", values, "part")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not valid JSON"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "not valid JSON"),
        (b"[1]", "expected a JSON object"),
        (b"null", "expected a JSON object"),
        (b'"text"', "expected a JSON object"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "not valid JSON"),
    ],
)
def test_what_is_no_object_is_refused_in_one_sentence(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(WorkspaceError, match=why) as caught:
        read_json_object(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(path))


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="cannot be read"):
        read_json_object(tmp_path)


def test_sizes_are_looked_at_before_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(300 * 2**20)
    with pytest.raises(WorkspaceError, match="300 MB"):
        read_json_object(path)
    check_size(path, 2**30)


@pytest.mark.parametrize("value", [None, 3, True, [], {}, "no"])
def test_text_refuses_what_is_none_or_does_not_fit(tmp_path: Path, value: object) -> None:
    with pytest.raises(WorkspaceError, match=r"'part\.a' must be yes\. Got"):
        fields(tmp_path, a=value).text("a", where=lambda text: text == "yes", expected="yes")


@pytest.mark.parametrize("value", [None, 1.0, True, "1", -1, 11, 10**30])
def test_integer_refuses_what_is_none_or_out_of_range(tmp_path: Path, value: object) -> None:
    with pytest.raises(WorkspaceError, match=r"'part\.a' must be a whole number between 0 and 10"):
        fields(tmp_path, a=value).integer("a", least=0, most=10)


@pytest.mark.parametrize("value", [None, 1, [1, 2], [1, 2, "3"], [1, 2, float("nan")], [1, 2, 10**400], [1, 2, True]])
def test_numbers_refuse_other_lengths_types_and_what_is_not_finite(tmp_path: Path, value: object) -> None:
    with pytest.raises(WorkspaceError, match="a list of 3 finite numbers"):
        fields(tmp_path, a=value).numbers("a", count=3)


@pytest.mark.parametrize("value", [None, "text", [1], [["a"]], {"a": 1}])
def test_texts_refuse_what_is_none(tmp_path: Path, value: object) -> None:
    with pytest.raises(WorkspaceError, match="a list of texts"):
        fields(tmp_path, a=value).texts("a")


@pytest.mark.parametrize("value", [None, [1], [{}, 1], {}, "x"])
def test_objects_refuse_other_lists(tmp_path: Path, value: object) -> None:
    with pytest.raises(WorkspaceError, match="a list of objects"):
        list(fields(tmp_path, a=value).objects("a"))


def test_what_fits_is_returned(tmp_path: Path) -> None:
    found = fields(tmp_path, a="x", b=3, c=[1, 2.5], d=["y"], e={"f": 1}, g=[{"h": 1}], i=True)
    assert (found.text("a"), found.integer("b", least=0, most=3)) == ("x", 3)
    assert (found.numbers("c"), found.texts("d"), found.flag("i", absent=False)) == ([1, 2.5], ["y"], True)
    assert found.object("e").at("f") == "part.e.f"
    assert [each.place for each in found.objects("g")] == ["part.g[0]"]
    assert found.optional_text("none") is None
    assert (found.flag("none", absent=True), found.texts("none", absent=[])) == (True, [])
    with pytest.raises(WorkspaceError, match="true or false"):
        found.flag("b", absent=True)
    with pytest.raises(WorkspaceError, match="an object"):
        found.object("g")


def test_values_are_shown_short() -> None:
    assert len(shown("x" * 10**6)) < 80
    assert len(shown({"a": "x" * 10**6})) < 80
    assert "damaged: no;" in str(damaged(Path("a"), "no"))


def test_numbers_are_finite() -> None:
    assert is_number(1)
    assert is_number(0.5)
    assert not any(map(is_number, (float("inf"), 10**400, True, "1", None)))


def test_a_file_is_checked_once_until_it_is_replaced(tmp_path: Path) -> None:
    path, checks = tmp_path / "a", []
    path.write_text("one")
    for _ in range(3):
        once(path, "kind", lambda: checks.append("one"))
    once(path, "other", lambda: checks.append("other"))
    other = tmp_path / "b"
    other.write_text("two!")
    other.replace(path)
    once(path, "kind", lambda: checks.append("two"))
    assert checks == ["one", "other", "two"]


def test_a_file_that_is_refused_is_refused_again(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("one")

    def check() -> None:
        raise damaged(path, "no")

    for _ in range(2):
        with pytest.raises(WorkspaceError):
            once(path, "kind", check)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "manifest.json")
    with pytest.raises(WorkspaceError, match="it is no file"):
        read_json_object(tmp_path / "manifest.json")
