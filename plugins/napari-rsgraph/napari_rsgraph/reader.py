"""Opens workspaces that are dropped on napari, named on its command line, or chosen in a dialog."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import napari

LayerData = tuple[Any, ...]
Reader = Callable[[str | Sequence[str]], list[LayerData]]

OPENED: list[LayerData] = [(None,)]
"""What a napari reader returns that opened something else than layers."""

_FILES = ("manifest.json", "segments.parquet")


def get_reader(path: str | Sequence[str]) -> Reader | None:
    """Return the reader for a workspace, or None for anything else.

    Parameters
    ----------
    path
        A folder, or the manifest.json in it.
    """
    return None if workspace_at(path) is None else read


def workspace_at(path: str | Sequence[str]) -> Path | None:
    """Return the folder of the workspace that a path names, or None."""
    if not isinstance(path, str | Path):
        if len(path) != 1:
            return None
        path = path[0]
    found = Path(path)
    folder = found.parent if found.name == _FILES[0] else found
    return folder if all((folder / name).is_file() for name in _FILES) else None


def read(path: str | Sequence[str]) -> list[LayerData]:
    """Open the session's widgets in the current viewer; without one, return picture and segments as layers.

    Raises
    ------
    NotThere
        It is no workspace.
    WorkspaceError
        It is unfinished or damaged.
    """
    import napari

    from rsgraph.workspace import Workspace

    named = Path(path if isinstance(path, str | Path) else path[0])
    folder = workspace_at(path) or Path(Workspace(named).existing(_FILES[1]).parent)
    viewer = napari.current_viewer()
    if viewer is None:
        return layers_of(folder)
    open_in(viewer, folder)
    return OPENED


def open_in(viewer: napari.Viewer, folder: Path) -> None:
    """Open a workspace in a viewer."""
    from napari_rsgraph.window import open_workspace

    open_workspace(viewer, folder).welcome()


def choose_workspace() -> None:
    """Ask for the folder of a workspace and open it in the current viewer."""
    import napari
    from napari.utils.notifications import show_warning
    from qtpy.QtWidgets import QApplication, QFileDialog

    parent = QApplication.activeWindow()
    chosen = QFileDialog.getExistingDirectory(parent, "A folder made by `rsgraph run`", str(Path.cwd()))
    if not chosen:
        return
    folder = workspace_at(chosen)
    if folder is None:
        show_warning(f"{chosen} is no rsgraph workspace: it holds no manifest.json and segments.parquet")
        return
    open_in(napari.current_viewer() or napari.Viewer(), folder)


def layers_of(folder: Path) -> list[LayerData]:
    """Return the pictures of a workspace's scenes and their segments, for programs without a window.

    Raises
    ------
    NotReadable
        The scene's files are gone.
    """
    from rsgraph.run.scenes import Reopened
    from rsgraph.view.view import make_view

    view = make_view(Reopened(folder))
    found: list[LayerData] = []
    for number, scene in enumerate(view.scenes):
        levels = view.levels(number)
        common = {"multiscale": True, "metadata": {"crs": scene.crs, "transform": scene.transform}}
        found.append(([rgb for rgb, _ in levels], {"name": scene.name, "rgb": True, **common}, "image"))
        ids = [np.asarray(part) for _, part in levels]
        found.append((ids, {"name": f"{scene.name} segments", "visible": False, **common}, "labels"))
    return found
