"""The config of a workspace, ``config.yaml``: plain YAML of bounded size, checked before anything is taken of it."""

from __future__ import annotations

from collections.abc import Mapping
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


def _check_paths(top: Fields) -> None:
    """Refuse scenes and models that are not on this machine: what a file names is not fetched."""
    data = top.values.get("data")
    if isinstance(data, Mapping) and data.get("path") is not None:
        named = data["path"] if isinstance(data["path"], list) else [data["path"]]
        if not all(map(is_local, named)):
            top.object("data").refuse("path", "paths on this machine; give another place on the command line")
    model = top.values.get("model")
    if isinstance(model, Mapping) and model.get("from") is not None and not is_local(model["from"]):
        top.object("model").refuse("from", "a folder on this machine")
