"""What lies where in the scene that is shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_rsgraph.scene.grid import SceneGrid
from napari_rsgraph.scene.tools import Pixel, centroids_within, ids_near
from napari_rsgraph.session.session import Session
from napari_rsgraph.session.tables import Mask, Rows
from rsgraph.view.view import View

NONE = -1
"""A row where there is no segment and no chip."""


class ScenePlaces:
    """Finds segments and chips of one scene by pixels; rows are those of the level that the session shows.

    Parameters
    ----------
    session
        Its tables are looked up.
    view
        Has the ids.
    scene
        Which scene.
    """

    def __init__(self, session: Session, view: View, scene: int) -> None:
        self.session, self.view, self.scene = session, view, scene
        self.grid = SceneGrid(session.tables.scenes[scene])
        self.ids = view.levels(scene)[0][1]

    def row_at(self, pixel: Pixel) -> int:
        """Return the segment at a pixel, or NONE."""
        row, column = round(pixel[0]), round(pixel[1])
        if not (0 <= row < self.ids.shape[0] and 0 <= column < self.ids.shape[1]):
            return NONE
        found = int(self.ids[row, column])
        return int(self.session.tables.row_of_id[found]) if found else NONE

    def chip_at(self, pixel: Pixel) -> int:
        """Return the chip at a pixel, or NONE."""
        first, size = self.view.windows[:, :2], self.view.windows[:, 2:]
        inside = ((first - 0.5 <= pixel) & (pixel < first + size - 0.5)).all(axis=1)
        found = np.flatnonzero(inside & (self.view.of_scene == self.scene))
        return int(found[0]) if len(found) else NONE

    def near(self, path: Sequence[Pixel], radius: float) -> Rows:
        """Return the rows that a circle touches along a line."""
        tables = self.session.tables
        rows = tables.row_of_id[ids_near(self.ids, path, radius, tables.max_id)]
        rows = rows[rows >= 0]
        return np.unique(tables.chip_of[rows]) if self.session.level == "chips" else rows

    def within(self, one: Pixel, other: Pixel) -> Rows:
        """Return the rows whose centroid lies in a rectangle."""
        rows = centroids_within(self._middles(), one, other)
        return rows[self._here(rows)]

    def _middles(self) -> NDArray[np.float32]:
        if self.session.level == "segments":
            return self.session.tables.centroids
        return (self.view.windows[:, :2] + (self.view.windows[:, 2:] - 1) / 2).astype(np.float32)

    def _here(self, rows: Rows) -> Mask:
        """Return which rows lie in this scene."""
        tables = self.session.tables
        chips = rows if self.session.level == "chips" else tables.chip_of[rows]
        return np.asarray(tables.scene_of_chip[chips] == self.scene)

    def describe(self, place: tuple[float, float]) -> str:
        """Return the line for the status bar: coordinates, pixel, chip, segment and label."""
        row, column = self.grid.to_pixel(np.array([place]))[0]
        tables, told = self.session.tables, [self.grid.told(place)]
        found = self.row_at((row, column))
        if found == NONE:
            return f"{told[0]}  ·  no data"
        if self.grid.crs is not None:
            told.append(f"pixel {round(row)}, {round(column)}")
        code = int(self.session.labelling.codes[found])
        label = self.session.labelling.names[code - 1] if code else "unlabelled"
        chip = tables.chips["chip_id"].iloc[tables.chip_of[found]]
        return "  ·  ".join([*told, f"chip {chip}", f"segment {tables.ids[found]}", label])
