"""Pairs of touching segments, read from the rasters of a finished workspace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsgraph.borders import each_once, pairs_among, shared_borders
from rsgraph.io.segment_ids import read_ids
from rsgraph.types import Window
from rsgraph.workspace import SceneInfo, Workspace

STRIP = 1024
"""Rows of a raster that are read at a time."""


def touching_among(workspace: Workspace, rows: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Find which segments share a pixel side, in the rasters of the workspace.

    Parameters
    ----------
    workspace
        Its segments.
    rows
        Pairs among these, numbered as they come here; None: among all.

    Returns
    -------
    pairs
        (2, P), each pair once.
    """
    most = workspace.segment_count
    pairs = each_once([_touching(workspace.segment_file(scene.name), scene, most) for scene in workspace.scenes])
    return pairs if rows is None else pairs_among(pairs, rows, len(workspace.segments))


def _touching(path: Path, scene: SceneInfo, most: int | None) -> NDArray[np.int64]:
    """Return the pairs (2, P) of one scene, strip by strip, each with the first row of the next."""
    found = []
    for row in range(0, scene.rows, STRIP):
        window = Window(row, 0, min(STRIP + 1, scene.rows - row), scene.columns)
        ids = read_ids(path, window, most=most, size=(scene.rows, scene.columns))
        found.append(shared_borders(ids.astype(np.int32))[0].T)
    return each_once(found)
