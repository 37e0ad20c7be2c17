"""Where results go when the user does not say."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from rsgraph.files import digest
from rsgraph.io.band_names import file_safe

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
    first, *others = [path] if isinstance(path, str) else path
    return _name(first) + (f"-and-{len(others)}-more" if others else "")


def _name(path: str) -> str:
    """Return a name fit for files; what follows the last dot is cut off files and SAFE products, not off folders."""
    place = Path(os.path.abspath(Path(path).expanduser()))  # as it was named: links are not followed
    whole = place.is_dir() and place.suffix.upper() != ".SAFE"
    return file_safe(place.name if whole else place.stem)


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
