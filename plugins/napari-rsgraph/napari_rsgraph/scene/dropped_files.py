"""Files that were dropped on the window: a workspace is opened, a raster or vector file is laid over the scene."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from npe2 import PluginManager
from qtpy.QtCore import QTimer

from napari_rsgraph.session.overlays import Overlays

if TYPE_CHECKING:
    import napari

_NOT_OTHERS = ("napari", "napari-rsgraph")
"""Plugins that take every file, or workspaces only."""


def open_dropped(viewer: napari.Viewer, overlays: Overlays, paths: list[Path]) -> None:
    """Open a workspace in the place of the one that is open, or lay files over the scene."""
    workspaces = [path for path in paths if is_workspace(path)]
    if workspaces:  # once the drop is over: the window that took it closes
        QTimer.singleShot(0, partial(viewer.open, [str(workspaces[0])], plugin="napari-rsgraph"))
    else:
        overlays.add(paths)


def open_otherwise(viewer: napari.Viewer, path: Path) -> bool:
    """Open a file by a plugin of the user's that takes such files; return whether there is one."""
    readers = PluginManager.instance().iter_compatible_readers([str(path)])
    names = [each.plugin_name for each in readers if each.plugin_name not in _NOT_OTHERS]
    if names:
        viewer.open([str(path)], plugin=names[0])
    return bool(names)


def is_workspace(path: Path) -> bool:
    """Tell whether a path is the folder of a workspace, or the manifest in it."""
    folder = path.parent if path.name == "manifest.json" else path
    return all((folder / name).is_file() for name in ("manifest.json", "segments.parquet"))
