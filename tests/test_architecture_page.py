"""Paths that ARCHITECTURE.md and README.md name exist, and the picture of the rooms holds every room."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def paths_of(text: str) -> set[str]:
    """Return what stands in backquotes and looks like a path of the checkout."""
    quoted = re.findall(r"`([\w./-]+)`", text)
    return {each for each in quoted if each.split("/")[0] in {"rsgraph", "plugins", "conf", "tests", "experiments"}}


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "README.md"])
def test_every_path_that_a_page_names_exists(page: str) -> None:
    named = paths_of((ROOT / page).read_text(encoding="utf-8"))
    assert len(named) > 2
    assert [each for each in sorted(named) if not (ROOT / each).exists()] == []


def test_the_way_of_a_chip_has_ten_steps_with_a_file_each() -> None:
    steps = re.findall(r"^(\d+)\. (.*?)(?=^\d+\. |^## )", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert [int(number) for number, _ in steps] == list(range(1, 11))
    assert all(paths_of(text) for _, text in steps)


def test_the_picture_holds_every_room() -> None:
    picture = re.search(r"```\n(.*?)```", PAGE, flags=re.DOTALL)
    assert picture is not None
    words = set(re.findall(r"\w+", picture[1]))
    rooms = {path.stem for path in (ROOT / "rsgraph").iterdir() if path.suffix in ("", ".py")}
    assert rooms - {"__init__", "__main__", "__pycache__", "py"} <= words
