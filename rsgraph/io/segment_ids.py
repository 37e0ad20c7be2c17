"""Segment ids read back from the rasters of a workspace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import NotReadable, WorkspaceError, in_short
from rsgraph.io.drivers import OURS
from rsgraph.io.handles import dataset, read
from rsgraph.own_files.fields import damaged
from rsgraph.types import Window

STRIP = 1024
"""Rows of a raster that are looked at together."""


def check_ids(path: Path, rows: int, columns: int, *, most: int | None) -> None:
    """Check a whole raster of segment ids, strip by strip: that of a scene of so many rows and columns.

    Raises WorkspaceError as ``read_ids``, and where the raster is of another size than the scene.
    """
    for row in range(0, rows, STRIP):
        read_ids(path, Window(row, 0, min(STRIP, rows - row), columns), most=most, size=(rows, columns))


def _unreadable(path: Path, error: NotReadable) -> WorkspaceError:
    return WorkspaceError(f"{path} is damaged ({in_short(error)}); `rsgraph run` on its scene restores it")


def read_ids(
    path: Path, window: Window, *, most: int | None = None, size: tuple[int, int] | None = None
) -> NDArray[np.uint32]:
    """Read segment ids (rows, columns).

    Parameters
    ----------
    path
        Of the raster.
    window
        Of its scene.
    most
        Number of segments of the workspace, which no id is above; None: not known.
    size
        Rows and columns of its scene, which are those of the raster; None: not known.

    Raises
    ------
    WorkspaceError
        The raster is damaged, not of uint32, of another size than the scene, or holds an id that is none.
    """
    try:
        file = dataset(str(path), OURS)
        if size is not None and (file.height, file.width) != size:
            raise damaged(
                path, f"it has {file.height} x {file.width} pixels, and its scene {size[0]} x {size[1]} in scene.json"
            )
        found: NDArray[np.uint32] = read(str(path), [1], *window, drivers=OURS)[0]
    except NotReadable as error:
        raise _unreadable(path, error) from error
    if found.dtype != np.uint32:
        raise damaged(path, f"expected ids as uint32. Got {found.dtype} instead")
    if found.shape != (window.rows, window.columns):
        raise damaged(path, f"it ends within the window at row {window.row}, column {window.column} of its scene")
    if most is not None and found.size and int(found.max()) > most:
        raise damaged(path, f"it holds segment {found.max()}, and segments.parquet has {most}")
    return found
