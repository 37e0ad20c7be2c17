"""The user's copy of the sample that the package brings: made where there is none, else kept.

::

    samples/parana_coast/     a workspace, complete, and beside its files:
        parana_coast.tif      the scene, 12 bands, 224 x 224 pixels
        reference.tif         its land cover, by which `rsgraph evaluate` measures
        README.md  LICENSE    where both come from, and what one may do with them

Installations may be read-only, and labels belong to the user: so it is opened as a copy.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from rsgraph.errors import OutputError, WorkspaceError, WorkspaceMismatch
from rsgraph.files import expanded, has_home, make_folder, output_error, write_text
from rsgraph.syncing import sync_tree
from rsgraph.workspace import Workspace

NAME = "parana_coast"
SCENE = f"{NAME}.tif"


def sample_copy(folder: Path | None = None) -> Path:
    """Return the user's copy of the sample; make it where there is none.

    Parameters
    ----------
    folder
        Where it is, or shall be; None: ``samples_folder() / "parana_coast"``.

    Returns
    -------
    Path
        The absolute path of a workspace with all that the sample has. Whatever was labelled in it is still there.

    Raises
    ------
    WorkspaceMismatch
        Something else is in the folder.
    OutputError
        The disk is full or the place not writable; nothing is half-written.
    """
    place = (samples_folder() / NAME if folder is None else expanded(folder)).absolute()
    if not _is_free(place):
        _check_copy(place)
    else:
        _copy(place)
    _point_at_scene(Workspace(place))
    return place


def samples_folder() -> Path:
    """Return the folder in which a user's samples are kept: where the system has programs keep their data.

    Raises OutputError where the user has no home.
    """
    folder = _data_folder(sys.platform, os.environ, expanded("~")) / "rsgraph" / "samples"
    if not has_home() and not Path(os.environ.get("XDG_DATA_HOME", "")).is_absolute():
        raise OutputError("this user has no home folder to keep a sample in; name a folder: `rsgraph sample FOLDER`")
    return folder


def _data_folder(platform: str, environment: Mapping[str, str], home: Path) -> Path:
    """Return the folder for data of programs: XDG's on Linux, else the system's own."""
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
    if platform == "darwin":
        return home / "Library" / "Application Support"
    given = Path(environment.get("XDG_DATA_HOME", ""))
    return given if given.is_absolute() else home / ".local" / "share"  # XDG: relative paths do not count


def shipped() -> Traversable:
    """Return the folder of the sample in the package."""
    return files("rsgraph.samples") / NAME


def _is_free(place: Path) -> bool:
    """Tell whether nothing is at a place, or an empty folder."""
    return not os.path.lexists(place) or (place.is_dir() and not any(place.iterdir()))


def _check_copy(place: Path) -> None:
    """Raise WorkspaceMismatch where a place holds anything but a copy of the sample."""
    if _scenes_of(place / "manifest.json") != _scenes_of(shipped() / "manifest.json"):
        raise WorkspaceMismatch(
            f"{place} holds something else than the sample; choose a folder that is empty or not there yet: "
            "`rsgraph sample FOLDER`"
        )


def _scenes_of(manifest: Traversable) -> Any:
    """Return the hash of the scenes that a workspace was made of; None where there is no workspace."""
    import json

    try:
        return json.loads(manifest.read_text(encoding="utf-8"))["run"]["identity"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _copy(place: Path) -> None:
    """Copy the sample, whole or not at all; another program that does the same at the same time disturbs nothing."""
    temporary = place.with_name(f".{place.name}.{os.getpid()}.{os.urandom(4).hex()}")
    make_folder(place.parent)
    try:
        for name, file in _files_below(shipped()):
            make_folder((temporary / name).parent)
            (temporary / name).write_bytes(file.read_bytes())  # not its mode: that may say read-only
        sync_tree(temporary)
        temporary.rename(place)
    except OSError as error:
        if _is_free(place):
            raise output_error(place, error) from error
        _check_copy(place)  # the other program was first
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _files_below(folder: Traversable, above: str = "") -> Iterator[tuple[str, Traversable]]:
    """Yield all files of a folder with their paths in it."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files_below(entry, f"{above}{entry.name}/")
        else:
            yield f"{above}{entry.name}", entry


def _point_at_scene(workspace: Workspace) -> None:
    """Let the options name the scene that lies in this copy, wherever it was copied or moved to."""
    import yaml

    config, path = workspace.config, workspace.path(SCENE)
    if config["data"]["path"] == str(path):
        return
    if not path.exists():
        raise WorkspaceError(f"{workspace.folder} has lost its scene {SCENE}; remove the folder, or name another one")
    config["data"]["path"] = str(path)
    write_text(workspace.path("config.yaml"), yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
