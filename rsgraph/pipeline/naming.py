"""Where results go when the user does not say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rsgraph.files import digest

_LONGEST = 150


def workspace_folder(asked: str | None, scene: str) -> Path:
    """Return ``workspace=``, or workspaces/<scene name>."""
    return Path(asked).expanduser() if asked else Path("workspaces") / scene


def cache_folder(asked: str | None, beside: Path) -> Path:
    """Return ``cache.path=``, or .rsgraph-cache beside the workspaces."""
    return Path(asked).expanduser() if asked else beside / ".rsgraph-cache"


def sweep_folder(asked: str | None, path: str | Sequence[str] | None) -> Path:
    """Return the folder of a sweep's workspaces: ``workspace=``, or workspaces/<name of the path>-sweep."""
    if asked:
        return Path(asked).expanduser()
    return Path("workspaces") / f"{path_name(path)}-sweep"


def path_name(path: str | Sequence[str] | None) -> str:
    """Return a name for what ``data.path`` names.

    Examples
    --------
    >>> path_name("scenes/a.tif"), path_name(["scenes/a.tif", "b.tif", "c.tif"]), path_name(None)
    ('a', 'a-and-2-more', 'synthetic')
    """
    if not path:
        return "synthetic"
    if isinstance(path, str):
        return Path(path).stem
    return Path(path[0]).stem + (f"-and-{len(path) - 1}-more" if len(path) > 1 else "")


def point_name(overrides: list[str], shared: list[str]) -> str:
    """Return the folder name of a sweep point: those of its overrides that not all points share.

    Parameters
    ----------
    overrides
        Of the point.
    shared
        Options of which the user gave one value for the whole sweep.

    Examples
    --------
    >>> point_name(["data.path='a b.tif'", "seed=1", "graph.k=4"], ["data.path", "seed"])
    'graph.k=4'
    """
    told = [text.lstrip("+~") for text in overrides if text.lstrip("+~").partition("=")[0] not in shared]
    name = re.sub(r"[^\w.,=+-]+", "_", ",".join(told)) or "default"
    return name if len(name) < _LONGEST else f"{name[:120]}-{digest(name)[:12]}"
