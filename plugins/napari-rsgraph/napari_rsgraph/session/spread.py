"""Distances on the ground between candidates of a search: their places, and the distances that a slider offers."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_rsgraph.session.tables import Level, Rows, Tables
from rsgraph.ground import pixel_width

_USUAL = 1 / 8
"""Of the longer side of a scene: the distance at first. The best eight then come from several parts of it."""


_CLOSE = 1.5
"""Times the side of a usual segment: nearer than that there is nothing but the segment itself."""


class Ground:
    """Places of chips and segments on the ground, in metres where the scenes say how large a pixel is.

    Parameters
    ----------
    tables
        Chips and segments.
    """

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    @cached_property
    def _widths(self) -> list[float | None]:
        """Metres along a pixel of each scene."""
        return [
            pixel_width(scene.crs, scene.transform, scene.rows, scene.columns) if scene.crs else None
            for scene in self.tables.scenes
        ]

    @cached_property
    def metric(self) -> bool:
        """Whether places are in metres; else in pixels."""
        return all(width is not None for width in self._widths)

    def _scales(self) -> NDArray[np.float64]:
        """(scenes,) units along a pixel."""
        return np.array([width if self.metric and width is not None else 1.0 for width in self._widths])

    def scenes_of(self, level: Level, rows: Rows) -> NDArray[np.int64]:
        """Return (n,) the scene of each chip or segment."""
        chips = rows if level == "chips" else self.tables.chip_of[rows]
        return self.tables.scene_of_chip[chips]

    def places(self, level: Level, rows: Rows) -> NDArray[np.float64]:
        """Return (n, 2) the middles of chips or segments, from the first corner of their scene."""
        tables = self.tables
        if level == "chips":
            table = tables.chips[["row_offset", "column_offset", "rows", "columns"]].to_numpy(np.float64)[rows]
            middles = table[:, :2] + (table[:, 2:] - 1) / 2
        else:
            middles = tables.centroids[rows].astype(np.float64)
        return np.asarray(middles * self._scales()[self.scenes_of(level, rows)][:, np.newaxis])

    @cached_property
    def _side(self) -> float:
        """The longest side of a scene."""
        scenes = zip(self.tables.scenes, self._scales().tolist(), strict=True)
        return float(max(max(scene.rows, scene.columns) * scale for scene, scale in scenes))

    @cached_property
    def distances(self) -> list[float]:
        """What a slider offers: 0, then of 1, 2, 5, 10 ... what lies between a usual segment and the scene's side."""
        usual = float(np.sqrt(self.tables.segments["area_px"].mean())) * float(self._scales().mean())
        least = _CLOSE * (usual if np.isfinite(usual) else 1.0)
        series = [factor * 10.0**power for power in range(-1, 8) for factor in (1, 2, 5)]
        return [0.0, *(distance for distance in series if least <= distance <= self._side)]

    @cached_property
    def usual(self) -> float:
        """The distance at first: about an eighth of a scene's side, or the least that there is."""
        offered = self.distances[1:]
        return min(offered, key=lambda each: abs(np.log(each / (self._side * _USUAL)))) if offered else 0.0

    def written(self, distance: float) -> str:
        """Write a distance as a person does: ``500 m``, ``2 km``, ``50 pixels``."""
        if not self.metric:
            return f"{distance:g} pixels"
        return f"{distance / 1000:g} km" if distance >= 1000 else f"{distance:g} m"
