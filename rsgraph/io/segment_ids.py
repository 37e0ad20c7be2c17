"""Segment ids read back from the rasters of a workspace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import NotReadable, WorkspaceError
from rsgraph.io.handles import read
from rsgraph.types import Window


def read_ids(path: Path, window: Window) -> NDArray[np.uint32]:
    """Read segment ids (rows, columns). Raises WorkspaceError where the raster is damaged."""
    try:
        found: NDArray[np.uint32] = read(str(path), [1], *window)[0]
    except NotReadable as error:
        raise WorkspaceError(f"{path} is damaged ({error}); run the same command again to restore it") from error
    return found
