"""The config of a workspace, ``config.yaml``: plain YAML of bounded size, checked before anything is taken of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rsgraph.own_files.fields import Fields, check_size, damaged, shown
from rsgraph.own_files.manifest import is_local

MOST_BYTES = 4 * 2**20
"""Of a config: one that lists the paths of 10 000 scenes is smaller."""


MOST_VALUES = 200_000
"""That a config says, all references written out."""


class _PlainLoader(yaml.SafeLoader):
    """YAML's own types, of bounded size: of a few lines that refer to each other, billions of values can be made."""

    def get_single_node(self) -> Any:
        """Return the whole document, once it is known how much it says."""
        node = super().get_single_node()
        if _size(node, {}) > MOST_VALUES:
            raise yaml.composer.ComposerError(None, None, f"it says more than {MOST_VALUES:,} values", None)
        return node


def _size(node: Any, known: dict[int, int | None]) -> int:
    """Count the values of a node with all references written out. Raises ComposerError where it contains itself."""
    if id(node) in known:
        found = known[id(node)]
        if found is None:
            raise yaml.composer.ComposerError(None, None, "a value contains itself", node.start_mark)
        return found
    known[id(node)] = None
    parts: list[Any] = []
    if isinstance(node, yaml.MappingNode):
        parts = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        parts = node.value
    size = 1 + sum(_size(part, known) for part in parts)
    known[id(node)] = size
    return size


def read_config(path: Path) -> dict[str, Any]:
    """Read a workspace's config.

    Raises
    ------
    WorkspaceError
        It is too large, also with its references written out, no YAML, has tags, is nested without end, holds no
        options, or names data that are not on this machine.
    """
    try:
        check_size(path, MOST_BYTES)
        found = yaml.load(path.read_text(encoding="utf-8"), _PlainLoader)  # noqa: S506 - a SafeLoader
    except RecursionError as error:
        raise damaged(path, "nested too deep") from error
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
