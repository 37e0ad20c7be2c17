"""The camera over a scene in napari's canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_rsgraph.scene.grid import SceneGrid
from rsgraph.types import Window

if TYPE_CHECKING:
    import napari

_LEAST, _MOST = 20, 2000
"""Pixels of the screen along a scene at least, and along one of its pixels at most."""
_CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


class SceneCamera:
    """Moves the camera to pixels of a scene, and tells which it sees.

    Parameters
    ----------
    viewer
        Its camera is moved.
    """

    def __init__(self, viewer: napari.Viewer) -> None:
        self.viewer = viewer
        self._fitted: tuple[SceneGrid, tuple[float, ...]] | None = None
        camera = viewer.scene.camera
        self._before = (camera.orientation2d, tuple(camera.center), float(camera.zoom))
        viewer.canvas.events.size.connect(self._resized)

    def close(self) -> None:
        """Let the camera be as it was before."""
        self.viewer.canvas.events.size.disconnect(self._resized)
        camera = self.viewer.scene.camera
        camera.orientation2d, camera.center, camera.zoom = self._before

    def orient(self, grid: SceneGrid) -> None:
        """Turn north up, or rows downwards where there is no north; show the scale where it is in metres."""
        self.viewer.scene.camera.orientation2d = ("up" if grid.north_up else "down", "right")
        bar = self.viewer.canvas.overlays.scale_bar
        bar.visible = grid.metric
        bar.box = True

    def show_whole(self, grid: SceneGrid) -> None:
        """Fit the scene into the canvas, also when the canvas grows, until the user moves it."""
        self.show(grid, (0, 0), (grid.scene.rows, grid.scene.columns), room=1.05)
        self._fitted = (grid, self._now())

    def show(self, grid: SceneGrid, first: tuple[float, float], size: tuple[float, float], *, room: float) -> None:
        """Fit some pixels into the canvas.

        Parameters
        ----------
        grid
            Where they lie.
        first, size
            First row and column; rows and columns.
        room
            How much larger what is shown is than that.
        """
        places = grid.to_world(np.asarray(first) - 0.5 + _CORNERS * np.asarray(size))
        low, high = places.min(axis=0), places.max(axis=0)
        camera = self.viewer.scene.camera
        camera.center = tuple((low + high) / 2)
        camera.zoom = float((self._size() / np.maximum((high - low) * room, 1e-12)).min())

    @property
    def whole(self) -> bool:
        """Whether the whole scene is shown, as fitted into the canvas."""
        return self._fitted is not None and np.allclose(self._now(), self._fitted[1], rtol=1e-3)

    @property
    def place(self) -> tuple[tuple[float, float], float]:
        """The place of the world in the middle of the canvas, and pixels of the screen per unit of the world."""
        y, x, zoom = self._now()
        return (y, x), zoom

    def show_place(self, grid: SceneGrid, centre: tuple[float, float], zoom: float) -> bool:
        """Show a place as ``place`` gave it, unless nothing could be seen there. Return whether it is shown."""
        pixel, size = grid.to_pixel(np.asarray([centre]))[0], np.array([grid.scene.rows, grid.scene.columns])
        magnified = zoom * grid.pixel_size
        if not ((pixel > -0.5) & (pixel < size)).all() or not _LEAST / size.max() < magnified < _MOST:
            return False
        self._fitted = None
        camera = self.viewer.scene.camera
        camera.center, camera.zoom = centre, zoom
        return True

    def window(self, grid: SceneGrid) -> Window:
        """Return the pixels of the scene that are in view."""
        camera = self.viewer.scene.camera
        seen = np.asarray(camera.center[-2:]) + (_CORNERS - 0.5) * self._size() / camera.zoom
        pixels = grid.to_pixel(seen) + 0.5
        limits = np.array([grid.scene.rows, grid.scene.columns])
        low = np.clip(np.floor(pixels.min(axis=0)), 0, limits).astype(int)
        high = np.clip(np.ceil(pixels.max(axis=0)), 0, limits).astype(int)
        return Window(*(int(value) for value in (*low, *(high - low))))

    def _size(self) -> np.ndarray:
        return np.asarray(self.viewer.canvas.size, dtype=np.float64)

    def _now(self) -> tuple[float, float, float]:
        camera = self.viewer.scene.camera
        y, x = camera.center[-2:]
        return float(y), float(x), float(camera.zoom)

    def _resized(self) -> None:
        if self._fitted is not None and self.whole:
            self.show_whole(self._fitted[0])
