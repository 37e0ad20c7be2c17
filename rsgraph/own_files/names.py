"""Names that become paths: of scenes, layers and files. A title is turned into a file name; paths are kept inside."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from rsgraph.errors import WorkspaceError

_LONGEST = 240
"""Bytes of a name: file systems take 255, and a suffix follows."""

_LAYER = re.compile(r"\w[\w.+-]*")


def file_safe(text: str) -> str:
    """Turn a title into a name fit for files: letters, digits, ``.``, ``-`` and ``_``.

    Examples
    --------
    >>> file_safe("July (Raw)"), file_safe("../../etc"), file_safe("..")
    ('July_Raw', 'etc', 'scene')
    """
    return re.sub(r"[^\w.-]+", "_", text).strip("._") or "scene"


def is_file_name(text: object) -> bool:
    """Tell whether a text is the name of one file in one folder, on every system: no path, nothing unprintable."""
    if not isinstance(text, str) or not text.isprintable() or text != text.strip():
        return False
    return text not in ("", ".", "..") and not set(text) & {*'/\\:*?"<>|'} and _fits(text)


def is_layer_name(text: object) -> bool:
    """Tell whether a text is the name of a layer or projector, such as ``own+gnn1``: letters, digits, ``. + -``."""
    return isinstance(text, str) and _LAYER.fullmatch(text) is not None and _fits(text)


def _fits(text: str) -> bool:
    return len(text.encode("utf-8", errors="surrogatepass")) <= _LONGEST


def is_relative_name(text: object) -> bool:
    """Tell whether a text names a file below a folder: relative, with ``/``, none of its parts ``..`` or empty."""
    return isinstance(text, str) and all(
        part not in ("", ".", "..") and part.isprintable() and "\\" not in part and _fits(part)
        for part in text.split("/")
    )


def inside(folder: Path, *parts: str) -> Path:
    """Return the path of something in a folder.

    Raises
    ------
    WorkspaceError
        A part is no relative name: the path would leave the folder, or cannot be one. Or a pipe or device is there.
    """
    for part in parts:
        if not is_relative_name(part):
            raise WorkspaceError(
                f"{part[:80]!r} is refused as the name of a file in {folder}: expected a relative name without '..'; "
                "the workspace is damaged, or made by somebody to reach other folders"
            )
    path = folder.joinpath(*parts)
    refuse_special(path)
    return path


def refuse_special(path: Path) -> None:
    """Refuse what is neither a file nor a folder, also behind a link: reading a pipe waits, a device never ends.

    Raises WorkspaceError. What is not there, or cannot be looked at, passes: whoever opens it says so.
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise WorkspaceError(f"{path} is neither a file nor a folder but a pipe or a device; remove it")
