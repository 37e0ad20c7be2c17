"""The last view of a window, read from a file that a stranger may have written."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from rsgraph.errors import WorkspaceError
from rsgraph.files import write_json
from rsgraph.own_files.window import (
    MOST_BYTES,
    FilterChoice,
    Layout,
    MapChoice,
    SceneChoice,
    ScreenPlace,
    Shown,
    read_shown,
)

FULL = Shown(
    level="chips",
    chips=MapChoice("own", "umap"),
    segments=MapChoice("own+gnn1", "labels"),
    part=(1.0, -2.5, 3.0, 4.0),
    colour="strongest membership",
    filter=FilterChoice(("", "water"), clear=True, scene="coast", within=(0, 5, 100, 200)),
    scene=SceneChoice("coast", (4.5e6, 3.2e5), 0.25),
    layout=Layout(440, 330, 470, 0, "Search"),
    place=ScreenPlace(-1200, 10, 1000, 700, maximised=True),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "window.json"


@pytest.mark.parametrize("shown", [FULL, Shown()])
def test_what_is_written_is_read(path: Path, shown: Shown) -> None:
    write_json(path, shown.as_json())
    assert read_shown(path) == shown


def test_what_is_left_out_is_as_at_first(path: Path) -> None:
    write_json(path, {"level": "segments"})
    assert read_shown(path) == Shown()


def changed(*names: str, value: Any) -> dict[str, Any]:
    """The full file with one field changed."""
    found: dict[str, Any] = json.loads(json.dumps(FULL.as_json()))
    place = found
    for name in names[:-1]:
        place = place[name]
    place[names[-1]] = value
    return found


@pytest.mark.parametrize(
    ("names", "value", "field"),
    [
        (("level",), "pixels", "'level'"),
        (("level",), None, "'level'"),
        (("chips",), ["own", "umap"], "'chips'"),
        (("segments", "layer"), "../../etc/passwd", "'segments.layer'"),
        (("segments", "projector"), 3, "'segments.projector'"),
        (("part",), [1, 2, 3], "'part'"),
        (("part",), [1, 2, 3, -4], "'part'"),
        (("part",), [1e300, 2, 3, 4], "'part'"),
        (("part",), [float("nan"), 2, 3, 4], "'part'"),
        (("colour",), "x" * 300, "'colour'"),
        (("filter", "classes"), ["water", 3], "'filter.classes'"),
        (("filter", "classes"), ["c"] * 2000, "'filter.classes'"),
        (("filter", "clear"), "yes", "'filter.clear'"),
        (("filter", "within"), [0, 0, 1.5, 2], "'filter.within'"),
        (("filter", "within"), [0, 0, -1, 2], "'filter.within'"),
        (("filter", "scene"), None, "'filter.scene'"),
        (("scene", "name"), "../coast", "'scene.name'"),
        (("scene", "centre"), [1], "'scene.centre'"),
        (("scene", "centre"), [1, float("inf")], "'scene.centre'"),
        (("scene", "zoom"), 0, "'scene.zoom'"),
        (("scene", "zoom"), True, "'scene.zoom'"),
        (("layout", "left"), 10**9, "'layout.left'"),
        (("layout", "gallery"), -1, "'layout.gallery'"),
        (("layout", "tab"), "Money", "'layout.tab'"),
        (("place", "width"), 0, "'place.width'"),
        (("place", "left"), 1.5, "'place.left'"),
        (("place", "maximised"), 1, "'place.maximised'"),
    ],
)
def test_what_is_out_of_range_is_refused_with_its_field(
    path: Path, names: tuple[str, ...], value: Any, field: str
) -> None:
    path.write_text(json.dumps(changed(*names, value=value)))
    with pytest.raises(WorkspaceError, match="opens as at first") as raised:
        read_shown(path)
    assert field in str(raised.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"level": "segm', "[" * 100_000, "\x00" * 40])
def test_what_is_no_object_is_refused(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(WorkspaceError, match="damaged"):
        read_shown(path)


def test_a_file_that_is_too_large_is_not_read(path: Path) -> None:
    path.write_text(" " * (MOST_BYTES + 1) + "{}")
    with pytest.raises(WorkspaceError, match="no such file more than"):
        read_shown(path)


def test_a_pipe_keeps_nobody_waiting(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(WorkspaceError, match="no file"):
        read_shown(path)


_PIECES = (b"", b"-", b"9" * 400, b"null", b"[", b"\xff", b"1e999")


def test_whatever_was_changed_is_read_or_refused_and_nothing_else(path: Path) -> None:
    data, rng, read = json.dumps(FULL.as_json()).encode(), random.Random(17), 0
    for _ in range(2000):
        found = bytearray(data)
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(found))
            found[place : place + rng.randint(0, 4)] = rng.choice(
                (b"", b"-", b"9" * 400, b"null", b"[", b"\xff", b"1e999")
            )
        path.write_bytes(found)
        try:
            assert isinstance(read_shown(path), Shown)
            read += 1
        except WorkspaceError:
            continue
    assert 0 < read < 1000
