"""Folders of the cache and of sweeps, and names of sweep points."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rsgraph.files import digest, expanded
from rsgraph.io.path_names import path_name

_LONGEST = 150


def cache_folder(asked: str | None, beside: Path) -> Path:
    """Return ``cache.path=``, or .rsgraph-cache beside the workspaces."""
    return expanded(asked) if asked else beside / ".rsgraph-cache"


def sweep_folder(asked: str | None, path: str | Sequence[str] | None) -> Path:
    """Return the folder of a sweep's workspaces: ``workspace=``, or workspaces/<name of the path>-sweep."""
    if asked:
        return expanded(asked)
    return Path("workspaces") / f"{path_name(path)}-sweep"


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
    differing = [text.lstrip("+~") for text in overrides if text.lstrip("+~").partition("=")[0] not in shared]
    name = re.sub(r"[^\w.,=+-]+", "_", ",".join(differing)) or "default"
    return name if len(name) < _LONGEST else f"{name[:120]}-{digest(name)[:12]}"
