"""Symbolic links of a workspace: those that leave it are not written through, unless they are the user's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from rsgraph.errors import WorkspaceError


def refuse_links(folder: Path, *, allowed: bool = False) -> None:
    """Refuse to write into a folder with a symbolic link that leads out of it.

    Parameters
    ----------
    folder
        A workspace, which may itself be reached through links, and need not be there.
    allowed
        The option ``links``: the links are the user's own, and may be written through.

    Raises
    ------
    WorkspaceError
        Naming the first such link and where it leads.
    """
    if allowed:
        return
    for link, target in links_out_of(folder):
        raise WorkspaceError(
            f"{link} is a symbolic link to {target}, outside of the workspace: what is written there would go "
            "elsewhere. Remove the link, or add links=true if it is your own"
        )


def links_out_of(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the symbolic links below a folder that lead out of it, and where to; folders are walked in order."""
    root = os.path.realpath(folder)
    for path in _links(folder):
        target = os.path.realpath(path)
        if os.path.commonpath([root, target]) != root:
            yield path, Path(target)


def _links(folder: Path) -> Iterator[Path]:
    """Yield all symbolic links below a folder. Folders behind links are not entered, what cannot be read is left out.

    Links are known from the folder's own listing, so that many files cost little.
    """
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.is_symlink():
                yield Path(entry.path)
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))
