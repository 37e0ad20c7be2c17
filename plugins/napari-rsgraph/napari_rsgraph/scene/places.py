"""Segments and chips of a scene by its pixels: under the pointer, near a stroke, within a rectangle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_rsgraph.scene.grid import SceneGrid
from napari_rsgraph.session.labels import Labels
from napari_rsgraph.session.tables import Level, Mask, Rows, Tables
from rsgraph.brushing.index import PointIndex
from rsgraph.brushing.shapes import Lasso
from rsgraph.view.view import View

Pixel = tuple[float, float]

NONE = -1
"""A row where there is no segment and no chip."""


class ScenePlaces:
    """Finds segments and chips of one scene by pixels.

    Parameters
    ----------
    tables, labels
        Are looked up.
    view
        Has the ids.
    scene
        Which scene.
    """

    def __init__(self, tables: Tables, labels: Labels, view: View, scene: int) -> None:
        self.tables, self.labels, self.view, self.scene = tables, labels, view, scene
        self.grid = SceneGrid(tables.scenes[scene])
        self.ids = view.levels(scene)[0][1]
        self._indices: dict[Level, PointIndex] = {}

    def row_at(self, pixel: Pixel) -> int:
        """Return the segment at a pixel, or NONE."""
        row, column = round(pixel[0]), round(pixel[1])
        if not (0 <= row < self.ids.shape[0] and 0 <= column < self.ids.shape[1]):
            return NONE
        found = int(self.ids[row, column])
        return int(self.tables.row_of_id[found]) if found else NONE

    def chip_at(self, pixel: Pixel) -> int:
        """Return the chip at a pixel, or NONE."""
        first, size = self.view.windows[:, :2], self.view.windows[:, 2:]
        inside = ((first - 0.5 <= pixel) & (pixel < first + size - 0.5)).all(axis=1)
        found = np.flatnonzero(inside & (self.view.of_scene == self.scene))
        return int(found[0]) if len(found) else NONE

    def near(self, path: Sequence[Pixel], radius: float, level: Level) -> Rows:
        """Return the rows of a level that a circle touches along a line."""
        rows = self.tables.row_of_id[ids_near(self.ids, path, radius, self.tables.max_id)]
        rows = rows[rows >= 0]
        return np.unique(self.tables.chip_of[rows]) if level == "chips" else rows

    def within(self, one: Pixel, other: Pixel, level: Level) -> Rows:
        """Return the rows of a level whose middle lies in a rectangle."""
        return self._here(centroids_within(self.middles(level), one, other), level)

    def _here(self, rows: Rows, level: Level) -> Rows:
        chips = rows if level == "chips" else self.tables.chip_of[rows]
        return np.asarray(rows[self.tables.scene_of_chip[chips] == self.scene])

    def inside(self, trail: Sequence[Pixel], level: Level) -> Rows:
        """Return the rows of a level whose middle lies in a lasso along a trail."""
        if level not in self._indices:
            self._indices[level] = PointIndex(self.middles(level))
        rows = self._indices[level].inside(Lasso(np.asarray(trail, dtype=np.float64)))
        return self._here(rows, level)

    def middles(self, level: Level) -> NDArray[np.float32]:
        """Return (n, 2) row and column of the middles of segments or chips, in pixels of their scene."""
        if level == "segments":
            return self.tables.centroids
        return (self.view.windows[:, :2] + (self.view.windows[:, 2:] - 1) / 2).astype(np.float32)

    def describe(self, place: tuple[float, float]) -> str:
        """Return the line for the status bar: coordinates, pixel, chip, segment and label."""
        row, column = self.grid.to_pixel(np.array([place]))[0]
        tables, said = self.tables, [self.grid.written(place)]
        found = self.row_at((row, column))
        if found == NONE:
            return f"{said[0]}  ·  no data"
        if self.grid.crs is not None:
            said.append(f"pixel {round(row)}, {round(column)}")
        code = int(self.labels.codes[found])
        label = self.labels.names[code - 1] if code else "unlabelled"
        chip = tables.chips["chip_id"].iloc[tables.chip_of[found]]
        return "  ·  ".join([*said, f"chip {chip}", f"segment {tables.ids[found]}", label])


def ids_near(ids: NDArray[np.uint32], path: Sequence[Pixel], radius: float, largest: int) -> NDArray[np.int64]:
    """Return the segments that a circle touches on its way along a line.

    Parameters
    ----------
    ids
        (rows, columns) segment of each pixel; 0 is nodata.
    path
        One place or two, (row, column); whole numbers are the middles of pixels.
    radius
        In pixels. The pixel under the path is always touched.
    largest
        The largest id.

    Returns
    -------
    ids
        In ascending order, without 0.
    """
    points = np.asarray(path, dtype=np.float64)
    low = np.maximum(np.floor(points.min(axis=0) - radius + 0.5).astype(int), 0)
    high = np.minimum(np.ceil(points.max(axis=0) + radius + 0.5).astype(int), ids.shape)
    if (low >= high).any():
        return np.zeros(0, dtype=np.int64)
    rows, columns = np.ogrid[low[0] : high[0], low[1] : high[1]]
    touched = np.zeros(largest + 1, dtype=bool)
    touched[ids[low[0] : high[0], low[1] : high[1]][_near(rows, columns, points, max(radius, 0.5))]] = True
    touched[0] = False
    return np.flatnonzero(touched).astype(np.int64)


def _near(rows: NDArray[Any], columns: NDArray[Any], points: NDArray[np.float64], radius: float) -> Mask:
    """Return which pixels have their middle at most ``radius`` from the line, or hold an end of it."""
    start, step = points[0], points[-1] - points[0]
    length = max(float(step @ step), 1e-12)
    along = np.clip(((rows - start[0]) * step[0] + (columns - start[1]) * step[1]) / length, 0, 1)
    near = (rows - start[0] - along * step[0]) ** 2 + (columns - start[1] - along * step[1]) ** 2 <= radius**2
    for row, column in np.floor(points + 0.5):
        near |= (rows == row) & (columns == column)
    return np.asarray(near)


def centroids_within(places: NDArray[np.float32], one: Pixel, other: Pixel) -> Rows:
    """Return the rows of (n, 2) places that lie in the rectangle with these corners, its border included."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    inside = (places[:, 0] >= low[0]) & (places[:, 0] <= high[0])
    inside &= (places[:, 1] >= low[1]) & (places[:, 1] <= high[1])
    return np.flatnonzero(inside)
