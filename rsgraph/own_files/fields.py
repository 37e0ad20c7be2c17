"""Fields of JSON and YAML files of ours, read with their types: what does not fit is named with its file."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from rsgraph.errors import WorkspaceError
from rsgraph.own_files.names import refuse_special

MOST_BYTES = 64 * 2**20
"""Of a JSON file: that of 100 000 images is a third of this. What it says may take twenty times as much memory."""

_SHOWN = 60


def damaged(path: Path, why: str) -> WorkspaceError:
    """Return the error of a file that is not as it was written."""
    if path.name == _FORGOTTEN:
        return WorkspaceError(f"{path} is damaged: {why}; the window opens as at first and writes it anew")
    first = "remove it and " if path.name in _READ_FIRST else ""
    return WorkspaceError(f"{path} is damaged: {why}; {first}`rsgraph run` on its scene restores it, or copy it anew")


_READ_FIRST = ("manifest.json", "config.yaml")
"""Files that a run reads before it makes anything."""

_FORGOTTEN = "window.json"
"""A file that no run makes, and that nobody misses."""


def shown(value: object) -> str:
    """Return a value for a sentence: its first characters, in one line."""
    text = repr(value[:_SHOWN] if isinstance(value, str | list | tuple) else value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."


def check_size(path: Path, most: int = MOST_BYTES) -> None:
    """Refuse a file that is larger than any of its kind, or none at all, before it is read."""
    refuse_special(path)
    size = path.stat().st_size
    if size > most:
        raise damaged(path, f"it has {size / 2**20:,.0f} MB, and no such file more than {most / 2**20:,.0f}")


def read_json_object(path: Path, *, most: int = MOST_BYTES) -> dict[str, Any]:
    """Read a JSON file that holds one object.

    Raises
    ------
    WorkspaceError
        It is too large, no JSON, nested without end, no object, or cannot be read.
    """
    try:
        check_size(path, most)
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else f"not valid JSON: {error}"
        raise damaged(path, why) from error
    except OSError as error:
        raise damaged(path, f"it cannot be read ({error.strerror or error})") from error
    if not isinstance(found, dict):
        raise damaged(path, f"expected a JSON object. Got {shown(found)} instead")
    return found


@dataclass(frozen=True)
class Fields:
    """The fields of one object in a file.

    Parameters
    ----------
    path
        The file.
    values
        As they were read.
    place
        Where the object stands in the file: ``stages.scene``; empty at the top.
    """

    path: Path
    values: Mapping[str, Any]
    place: str = ""

    def refuse(self, name: str, expected: str) -> NoReturn:
        """Raise WorkspaceError for a field: what was expected there, what is there."""
        got = shown(self.values[name]) if name in self.values else "nothing"
        raise damaged(self.path, f"'{self.at(name)}' must be {expected}. Got {got} instead")

    def at(self, name: str) -> str:
        """Return a field's full name."""
        return f"{self.place}.{name}" if self.place else name

    def text(self, name: str, *, where: Callable[[str], bool] = lambda _: True, expected: str = "a text") -> str:
        """Return a text for which ``where`` holds."""
        value = self.values.get(name)
        if not isinstance(value, str) or not where(value):
            self.refuse(name, expected)
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a text, or None where the field is null or absent."""
        return None if self.values.get(name) is None else self.text(name, expected="a text or null")

    def flag(self, name: str, *, absent: bool) -> bool:
        """Return true or false."""
        value = self.values.get(name, absent)
        if not isinstance(value, bool):
            self.refuse(name, "true or false")
        return value

    def integer(self, name: str, *, least: int, most: int) -> int:
        """Return a whole number in a range."""
        value = self.values.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.refuse(name, f"a whole number between {least} and {most}")
        return value

    def numbers(self, name: str, *, count: int | None = None) -> list[float]:
        """Return a list of finite numbers, of a given length."""
        value = self.values.get(name)
        many = "" if count is None else f"{count} "
        if not isinstance(value, list) or not all(map(is_number, value)) or count not in (None, len(value)):
            self.refuse(name, f"a list of {many}finite numbers")
        return value

    def texts(
        self,
        name: str,
        *,
        where: Callable[[str], bool] = lambda _: True,
        expected: str = "a list of texts",
        absent: list[str] | None = None,
    ) -> list[str]:
        """Return a list of texts for each of which ``where`` holds."""
        value = self.values.get(name, absent)
        if not isinstance(value, list) or not all(isinstance(each, str) and where(each) for each in value):
            self.refuse(name, expected)
        return value

    def object(self, name: str) -> Fields:
        """Return an object in this one."""
        value = self.values.get(name)
        if not isinstance(value, dict):
            self.refuse(name, "an object")
        return Fields(self.path, value, self.at(name))

    def objects(self, name: str) -> Iterator[Fields]:
        """Yield the objects of a list."""
        value = self.values.get(name)
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.refuse(name, "a list of objects")
        for number, each in enumerate(value):
            yield Fields(self.path, each, self.at(f"{name}[{number}]"))


def is_number(value: object) -> bool:
    """Tell whether a value is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number of more digits than a float holds
        return False


_CHECKED: dict[tuple[Path, str], tuple[int, int, int]] = {}
_MOST_CHECKED = 10_000


def once(path: Path, kind: str, check: Callable[[], None]) -> None:
    """Check a file unless this process has done so since it was last replaced.

    Our files are only ever replaced whole: number, size and time tell a new one. Checks of large arrays, or of a
    manifest that is read many times, are paid for once.
    """
    about = os.stat(path)
    state = (about.st_ino, about.st_size, about.st_mtime_ns)
    key = (path.absolute(), kind)
    if _CHECKED.get(key) == state:
        return
    check()
    if len(_CHECKED) >= _MOST_CHECKED:
        _CHECKED.clear()
    _CHECKED[key] = state
