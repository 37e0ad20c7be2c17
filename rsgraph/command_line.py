"""A command line, taken apart: its path, Hydra's flags and the overrides, with paths quoted for Hydra."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rsgraph.config import interpolations, quote
from rsgraph.errors import ConfigError
from rsgraph.files import expanded

_WITH_VALUE = {
    *("--config-dir", "-cd", "--config-path", "-cp", "--config-name", "-cn"),
    *("--cfg", "-c", "--package", "-p", "--info", "-i"),
}
PATHS = ("data.path", "workspace", "model.from", "cache.path", "tracking.uri", "folder", "selection", "reference")
"""Options that are paths."""

_READ = ("data.path", "model.from", "selection", "reference")
"""Those of which something is read, under whatever name it has."""

_NUMBER = re.compile(r"[+-]?[\d_.]+([eE][+-]?\d+)?|true|false|nan|inf", re.IGNORECASE)
"""What would not be taken for a name."""

_SHORT = {"mask": "reader.mask", "clouds": "reader.clouds"}
"""Options that are typed without the section that they stand in, by the verbs that read scenes."""

_READING = ("run", "label")
_OVERRIDE = re.compile(r"^[~+]{0,2}[\w./@:-]+(=|$)")


class Line(NamedTuple):
    """A command line, taken apart: the positional path, Hydra's flags, the overrides."""

    path: str | None
    flags: list[str]
    overrides: list[str]

    @property
    def multirun(self) -> bool:
        """Whether it asks for a sweep."""
        return bool({"-m", "--multirun"} & set(self.flags))

    def values(self, *names: str) -> list[str]:
        """Return the values of a flag, given by all of its names."""
        return [value for flag, value in zip(self.flags, self.flags[1:], strict=False) if flag in names]


def split_line(words: Sequence[str], *, verb: str) -> Line:
    """Take a command line apart.

    The first word that is no flag is the path if it exists on disk, or if it does not look like an override.
    Raises ConfigError for a second path.
    """
    path: str | None = None
    flags: list[str] = []
    overrides: list[str] = []
    waiting = False
    for word in _flags_apart(words):
        if waiting or (word.startswith("-") and not Path(word).exists()):
            flags.append(word)
            waiting = not waiting and word in _WITH_VALUE
        elif path is None and (Path(word).exists() or not _OVERRIDE.match(word) or "=" not in word):
            path = word
        elif "=" in word or word.startswith("~"):
            overrides.append(_quoted(_in_full(word) if verb in _READING else word))
        else:
            several = f", or give several scenes as 'data.path=[{path},{word}]'" if verb == "run" else ""
            raise ConfigError(
                f"rsgraph {verb} takes one path, but got '{path}' and '{word}'; quote a path that has spaces in it"
                f"{several}"
            )
    return Line(path, flags, overrides)


def _in_full(word: str) -> str:
    """Put the section before an option that is typed without: ``mask=none`` is ``reader.mask=none``."""
    key, equals, value = word.partition("=")
    return f"{_SHORT.get(key, key)}{equals}{value}"


def _flags_apart(words: Sequence[str]) -> list[str]:
    """Write ``--config-dir=X`` as two words, so that it is seen."""
    apart: list[str] = []
    for word in words:
        flag, equals, value = word.partition("=")
        apart.extend([flag, value] if equals and flag in _WITH_VALUE else [word])
    return apart


def _quoted(override: str) -> str:
    """Quote the value of an override that is a path, unless it is quoted, null, or several paths of a sweep.

    In a list of paths, and among several with interpolations, each is quoted. A name that has a comma in it must be
    quoted by the user. Interpolations stay what they are, but in the name of a file that is there and is to be read.
    Raises ConfigError for what is to be written where a brace is not closed: that is a slip, and no name of a folder.
    """
    key, _, value = override.partition("=")
    if key.lstrip("+") in PATHS and key.lstrip("+") not in _READ and "${" in value and _is_literal(value):
        raise ConfigError(
            f"{override}: a brace is not closed; ${{graph.k}} stands for a value, \\${{ for the characters"
        )
    if key.lstrip("+") not in PATHS or value[:1] in ("'", '"'):
        return override
    spans = interpolations(value)
    if not spans and re.fullmatch(r"[\w./,~+-]*", value):
        return f"{key}={quote(value)}" if _NUMBER.fullmatch(value) else override
    literal = _is_literal(value) or (key.lstrip("+") in _READ and expanded(value).exists())
    if value.startswith("["):
        listed = _apart(value[1:-1]) if value.endswith("]") else [value]
        plain = not any(mark in text for text in listed for mark in "'\"[]")
        return f"{key}=[{','.join(map(_as_path, listed))}]" if plain else override
    several = [value] if literal else _apart(value)
    return f"{key}={','.join(quote(each, literal=literal) for each in several)}"


def _as_path(text: str) -> str:
    """Quote one path of a list, whose interpolations count unless a file of that name is there."""
    return quote(text, literal=_is_literal(text) or expanded(text).exists())


def _is_literal(text: str) -> bool:
    """Tell whether a text interpolates nothing and escapes nothing: one with a brace that is not closed, too."""
    return not interpolations(text) and "\\${" not in text


def _apart(text: str) -> list[str]:
    """Cut a text at its commas, those in interpolations left out, without what is empty."""
    inside = [range(*span) for span in interpolations(text)]
    commas = [place for place, mark in enumerate(text) if mark == "," and not any(place in each for each in inside)]
    edges = zip([0, *(place + 1 for place in commas)], [*commas, len(text)], strict=True)
    return [part for part in (text[first:end].strip() for first, end in edges) if part]
