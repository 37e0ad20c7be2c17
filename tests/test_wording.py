"""The wording of code and configs: first lines of modules, and words that only their author understood."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ROOMS = ("rsgraph", "plugins", "conf", "experiments", "tests")

BANNED = frozenset(
    [
        *("told", "grown", "growing", "alone", "settle", "settles", "settled", "settling", "mend", "mends", "mended"),
        *("mending", "lesson", "lessons", "turning", "referring", "opening", "sharing"),
    ]
)

ALLOWED = (
    "without opening",
    "opening it",
    "Opening the demo workspace",
    "opening for writing",
    "making, opening, locking",
    "Opening a journal's file",
    "journal/opening.py",
    "journal.opening",  # all of these open files
    "grown_from",  # an entry in workspaces of version 0.1, which are continued
)
"""Phrases in which a banned word has its plain meaning, or is fixed by files of users."""

_SUSPECT = re.compile("|".join(sorted(BANNED)), re.IGNORECASE)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_START = re.compile(r'r?"""|(# @package.*\n)?# ')


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """The text of every module and config, by its path."""
    paths = [path for room in ROOMS for path in (ROOT / room).rglob("*.*") if path.suffix in {".py", ".yaml"}]
    names = {path.relative_to(ROOT).as_posix(): path for path in paths}
    return {name: path.read_text(encoding="utf-8") for name, path in sorted(names.items()) if "/." not in name}


def words(text: str) -> list[str]:
    """The words of a text in lower case; identifiers are cut at underscores and where camel case changes."""
    return [word.lower() for word in _WORD.findall(text)]


def banned_in(line: str) -> set[str]:
    """The banned words of a line."""
    if not _SUSPECT.search(line):
        return set()
    for phrase in ALLOWED:
        line = line.replace(phrase, "")
    return BANNED & set(words(line))


def first_line(text: str) -> str:
    """The first line of a module's docstring or of a config's comment; empty where there is none."""
    start = _START.match(text)
    return "" if start is None else text[start.end() :].partition("\n")[0]


def is_test(name: str) -> bool:
    return name.startswith("tests/") or "/tests/" in name


@pytest.mark.parametrize("line", ["_SETTLED_NS = 2", "class MendedStrip:", "turningPoint", "it is told", "ALONE"])
def test_banned_words_are_found_in_names_and_texts(line: str) -> None:
    assert len(banned_in(line)) == 1


@pytest.mark.parametrize("line", ["standalone", "Settlement", "recommends", "returning", "reopening", "untold"])
def test_words_that_contain_a_banned_one_are_not_found(line: str) -> None:
    assert not banned_in(line)


def test_no_name_and_no_text_has_a_word_that_only_its_author_understood(texts: dict[str, str]) -> None:
    lines = [(name, line) for name, text in texts.items() if not is_test(name) for line in [name, *text.splitlines()]]
    assert not [(name, line) for name, line in lines if banned_in(line)]


def test_connected_pixels_are_called_by_their_connectivity(texts: dict[str, str]) -> None:
    assert not [name for name, text in texts.items() if re.search(r"\bhangs? together", text) and not is_test(name)]


def test_every_module_has_a_first_line(texts: dict[str, str]) -> None:
    modules = {name: text for name, text in texts.items() if name.endswith(".py") and not is_test(name)}
    assert not [name for name, text in modules.items() if not first_line(text)]


def test_first_lines_begin_with_the_thing_that_is_there(texts: dict[str, str]) -> None:
    firsts = {name: first_line(text) for name, text in texts.items()}
    assert not {name: line for name, line in firsts.items() if line.startswith(("What ", "Where ", "How "))}
