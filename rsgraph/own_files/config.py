"""The config of a workspace, ``config.yaml``: plain YAML of bounded size, checked before anything is taken of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from rsgraph.own_files.fields import Fields, damaged, shown
from rsgraph.own_files.manifest import is_local
from rsgraph.own_files.plain_yaml import read_yaml


def read_config(path: Path) -> dict[str, Any]:
    """Read a workspace's config.

    Raises
    ------
    WorkspaceError
        It is too large, also with its references written out, no YAML, has tags, is nested without end, holds no
        options, or names data that are not on this machine.
    """
    try:
        found = read_yaml(path)
    except (yaml.YAMLError, ValueError) as error:  # what YAML takes for a date may be none: a ValueError
        raise damaged(path, f"not valid YAML ({' '.join(str(error).split())})") from error
    except OSError as error:
        raise damaged(path, f"it cannot be read ({error.strerror or error})") from error
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise damaged(path, f"expected options and their values. Got {shown(found)} instead")
    _check_paths(Fields(path, found))
    return found


_NOT_TAKEN = ("executor", "tracking", "cache", "workspace")
"""Sections that a run takes from its command line, never from a file."""


def _check_paths(top: Fields) -> None:
    """Refuse what is not on this machine: what a file names is not fetched, whatever option it is."""
    data = top.values.get("data")
    if isinstance(data, Mapping) and data.get("path") is not None:
        named = data["path"] if isinstance(data["path"], list) else [data["path"]]
        if not all(map(is_local, named)):
            top.object("data").refuse("path", "paths on this machine; give another place on the command line")
    model = top.values.get("model")
    if isinstance(model, Mapping) and model.get("from") is not None and not is_local(model["from"]):
        top.object("model").refuse("from", "a folder on this machine")
    for name, value in top.values.items():
        remote = None if name in _NOT_TAKEN else next((each for each in _texts(value) if not is_local(each)), None)
        if remote is not None:
            raise damaged(top.path, f"'{name}' names {shown(remote)}, which is not on this machine")


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts in a value, at any depth."""
    if isinstance(value, str):
        yield value
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for part in parts:
        yield from _texts(part)
