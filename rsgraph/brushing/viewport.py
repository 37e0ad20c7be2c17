"""The part of a map that is in view, and the pixels that show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Viewport:
    """A window onto a map: data coordinates, y upwards, on pixels, row 0 at the top.

    Pixel coordinates are continuous: (0, 0) is the upper left corner of the first pixel, whose middle is at
    (0.5, 0.5), as in Qt.

    Parameters
    ----------
    x_min, x_max, y_min, y_max
        Data coordinates of the edges.
    width, height
        Pixels.

    Raises
    ------
    ValueError
        If an edge is not finite, x_min >= x_max, y_min >= y_max, or a side has no pixel.
    """

    x_min: float
    x_max: float
    y_min: float
    y_max: float
    width: int
    height: int

    def __post_init__(self) -> None:
        """Check the edges."""
        edges = (self.x_min, self.x_max, self.y_min, self.y_max)
        if not (np.isfinite(edges).all() and self.x_min < self.x_max and self.y_min < self.y_max):
            raise ValueError(f"a viewport must have finite edges, x_min < x_max and y_min < y_max. Got {edges}.")
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a viewport must have at least one pixel. Got {self.width} x {self.height}.")

    @classmethod
    def around(
        cls, bounds: tuple[float, float, float, float], width: int, height: int, *, margin: float = 0.05
    ) -> Viewport:
        """Return the window that shows bounds (x_min, x_max, y_min, y_max) whole, one unit alike in x and y.

        ``margin`` is the share of the longer side left free on each side. Bounds without extent (a single
        point) are shown in the middle.
        """
        x_min, x_max, y_min, y_max = (float(bound) for bound in bounds)
        x, y = (x_min + x_max) / 2, (y_min + y_max) / 2
        free = 1 - 2 * margin
        unit = max((x_max - x_min) / free / width, (y_max - y_min) / free / height)
        unit = (
            max(unit, 1e-6 * max(abs(x), abs(y), 1e-30))
            if unit > 0
            else max(abs(x), abs(y), 1.0) / max(width, height)
        )
        return cls(
            x - unit * width / 2, x + unit * width / 2, y - unit * height / 2, y + unit * height / 2, width, height
        )

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels per unit of x and of y."""
        return float(self.width / (self.x_max - self.x_min)), float(self.height / (self.y_max - self.y_min))

    @property
    def affine(self) -> tuple[float, float, float, float]:
        """X of column 0, y of row 0, and pixels per unit of x and of y: always floats, for compiled code."""
        return float(self.x_min), float(self.y_max), *self.scale

    def to_pixels(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (..., 2) pixel coordinates, column and row, of data coordinates (..., 2)."""
        across, along = self.scale
        points = np.asarray(points, dtype=np.float64)
        return np.stack([(points[..., 0] - self.x_min) * across, (self.y_max - points[..., 1]) * along], axis=-1)

    def to_data(self, pixels: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (..., 2) data coordinates of pixel coordinates (..., 2), column and row."""
        across, along = self.scale
        pixels = np.asarray(pixels, dtype=np.float64)
        return np.stack([self.x_min + pixels[..., 0] / across, self.y_max - pixels[..., 1] / along], axis=-1)

    def zoomed(self, factor: float, column: float, row: float) -> Viewport:
        """Return the window ``factor`` times as near (below 1: farther); the point under the pixel stays there."""
        x, y = self.to_data(np.array([column, row])).tolist()
        edges = (x + (self.x_min - x) / factor, x + (self.x_max - x) / factor)
        return Viewport(*edges, y + (self.y_min - y) / factor, y + (self.y_max - y) / factor, self.width, self.height)

    def panned(self, columns: float, rows: float) -> Viewport:
        """Return the window after the map was dragged by so many pixels to the right and down."""
        across, along = self.scale
        x, y = -columns / across, rows / along
        return Viewport(self.x_min + x, self.x_max + x, self.y_min + y, self.y_max + y, self.width, self.height)
