"""YAML's own types, of bounded size: of a few lines that refer to each other, billions of values can be made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from rsgraph.own_files.names import refuse_special

MOST_BYTES = 2 * 2**20
"""Of a file: a config that lists the paths of 10 000 scenes is smaller."""

MOST_VALUES = 50_000
"""That it says, all references written out."""


class _PlainLoader(yaml.SafeLoader):
    """Counts values as they come, and what they say together before anything is made of them."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._values = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Return the next value, unless there are too many."""
        self._values += 1
        if self._values > MOST_VALUES:
            raise _too_much()
        return super().compose_node(parent, index)

    def get_single_node(self) -> Any:
        """Return the whole document, once it is known how much it says."""
        node = super().get_single_node()
        if node is not None and _size(node, {}) > MOST_VALUES:
            raise _too_much()
        return node


def _too_much() -> yaml.YAMLError:
    return yaml.composer.ComposerError(None, None, f"it says more than {MOST_VALUES:,} values", None)


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


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Raises
    ------
    ValueError
        It is too large, has tags, says more than any config, contains itself, or is nested without end.
    YAMLError
        It is no YAML.
    OSError
        It cannot be read.
    WorkspaceError
        It is a pipe or a device.
    """
    refuse_special(path)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ValueError(f"it has {size / 2**20:,.0f} MB, and no config more than {MOST_BYTES // 2**20}")
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _PlainLoader)  # noqa: S506 - a SafeLoader
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
