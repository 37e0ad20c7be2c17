"""A reader of arrays that NumPy saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rsgraph.errors import NotReadable
from rsgraph.protocols import Reader
from rsgraph.types import Raster, Scene, Window


@dataclass(frozen=True)
class NpyPixels:
    """Pixels of an array (bands, rows, columns) in a file."""

    path: Path

    def read(self, window: Window) -> Raster:
        """Read one window."""
        row, column, rows, columns = window
        array = np.load(self.path, mmap_mode="r", allow_pickle=False)
        values = np.array(array[:, row : row + rows, column : column + columns], dtype=np.float32)
        return Raster(values, np.ones((rows, columns), dtype=bool))


class Npy(Reader):
    """Arrays of reflectance (bands, rows, columns) that NumPy saved, without nodata."""

    def accepts(self, path: Path) -> bool:
        """Tell by the name."""
        return path.suffix == ".npy"

    def open(self, path: Path) -> Sequence[Scene]:
        """Return the one scene. Raises NotReadable where the array has not three dimensions."""
        shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
        if len(shape) != 3:
            raise NotReadable(f"{path} must hold an array (bands, rows, columns). Got the shape {shape} instead.")
        bands = tuple(f"band{number + 1}" for number in range(shape[0]))
        return [Scene(path.stem, bands, shape[1], shape[2], NpyPixels(path), files=(path,))]
