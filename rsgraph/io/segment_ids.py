"""Segment ids read back from the rasters of a workspace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import NotReadable, WorkspaceError
from rsgraph.io.drivers import OURS
from rsgraph.io.handles import read
from rsgraph.own_files.fields import damaged
from rsgraph.types import Window


def read_ids(path: Path, window: Window, *, most: int | None = None) -> NDArray[np.uint32]:
    """Read segment ids (rows, columns).

    Parameters
    ----------
    path
        Of the raster.
    window
        Of its scene.
    most
        Number of segments of the workspace, which no id is above; None: not known.

    Raises
    ------
    WorkspaceError
        The raster is damaged, not of uint32, smaller than the scene, or holds an id that is none.
    """
    try:
        found: NDArray[np.uint32] = read(str(path), [1], *window, drivers=OURS)[0]
    except NotReadable as error:
        raise WorkspaceError(f"{path} is damaged ({error}); `rsgraph run` on its scene restores it") from error
    if found.dtype != np.uint32:
        raise damaged(path, f"expected ids as uint32. Got {found.dtype} instead")
    if found.shape != (window.rows, window.columns):
        raise damaged(path, f"it ends within the window at row {window.row}, column {window.column} of its scene")
    if most is not None and found.size and int(found.max()) > most:
        raise damaged(path, f"it holds segment {found.max()}, and segments.parquet has {most}")
    return found
