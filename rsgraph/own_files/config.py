"""The config of a workspace, ``config.yaml``: plain YAML without anchors, checked before anything is taken of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rsgraph.own_files.fields import Fields, check_size, damaged, shown
from rsgraph.own_files.manifest import is_local

MOST_BYTES = 4 * 2**20
"""Of a config: one that lists the paths of 10 000 scenes is smaller."""


class _PlainLoader(yaml.SafeLoader):
    """YAML's own types without anchors: of a few lines that refer to each other, billions can be made."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse a reference to another node."""
        if self.check_event(yaml.events.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, "anchors and aliases are not used in it", mark)
        return super().compose_node(parent, index)


def read_config(path: Path) -> dict[str, Any]:
    """Read a workspace's config.

    Raises
    ------
    WorkspaceError
        It is too large, no YAML, has anchors or tags, is nested without end, holds no options, or names data that
        are not on this machine.
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
