"""Symbolic links of a workspace: those that leave it are not written through, unless they are the user's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from rsgraph.errors import WorkspaceError


def refuse_links(folder: Path, *begin: str, allowed: bool = False) -> None:
    """Refuse to write into a folder with a symbolic link that leads out of it, and would be written through.

    Parameters
    ----------
    folder
        A workspace, which may itself be reached through links, and need not be there.
    begin
        Only what lies in it under a name that begins so is written; none: all.
    allowed
        The option ``links``: the links are the user's own, and may be written through.

    Raises
    ------
    WorkspaceError
        Naming the first such link and where it leads.
    """
    if allowed:
        return
    for link, target in links_out_of(folder, *begin):
        if not is_written_through(link, target):
            continue
        raise WorkspaceError(
            f"{link} is a symbolic link to {target}, outside of the workspace: what is written there would go "
            "elsewhere. Remove the link, or add links=true if it is your own"
        )


def is_written_through(link: Path, target: Path) -> bool:
    """Tell whether what is written at a link would go to where it leads.

    So it does in folders, and where nothing is yet; and in journals and locks, which are written in place. All other
    files are written beside and renamed, so that a link to one is replaced: data may be read from another disk.
    """
    return not target.is_file() or link.name.startswith("labels.") or link.suffix == ".lock"


def links_out_of(folder: Path, *begin: str) -> Iterator[tuple[Path, Path]]:
    """Yield the symbolic links below a folder that lead out of it, and where to; ``begin`` as in ``refuse_links``."""
    root = os.path.realpath(folder)
    for path in _links(folder, begin):
        target = os.path.realpath(path)
        if os.path.commonpath([root, target]) != root:
            yield path, Path(target)


def _links(folder: Path, begin: tuple[str, ...]) -> Iterator[Path]:
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
        if begin:
            entries, begin = [entry for entry in entries if entry.name.startswith(begin)], ()
        for entry in entries:
            if entry.is_symlink():
                yield Path(entry.path)
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))
