"""A command line, taken apart: its path, Hydra's flags and the overrides, with paths quoted for Hydra."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rsgraph.config import quote
from rsgraph.errors import ConfigError

_WITH_VALUE = {
    *("--config-dir", "-cd", "--config-path", "-cp", "--config-name", "-cn"),
    *("--cfg", "-c", "--package", "-p", "--info", "-i"),
}
_PATHS = ("data.path", "workspace", "model.from", "cache.path", "tracking.uri", "folder", "selection", "reference")
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

    In a list of paths each is quoted. A name that has a comma in it must be quoted by the user.
    """
    key, _, value = override.partition("=")
    plain = re.fullmatch(r"[\w./,~+-]*", value) or value[:1] in ("'", '"')
    if key not in _PATHS or plain:
        return override
    listed = re.fullmatch(r"\[([^'\"\[\]]*)\]", value)
    if listed:
        return f"{key}=[{','.join(quote(path.strip()) for path in listed[1].split(',') if path.strip())}]"
    return override if value.startswith("[") else f"{key}={quote(value)}"
