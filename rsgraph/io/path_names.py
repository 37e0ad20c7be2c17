"""Names of scenes, folders of scenes and lists of scenes, made from their paths."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rsgraph.own_files.names import file_safe


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
