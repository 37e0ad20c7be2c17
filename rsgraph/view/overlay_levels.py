"""Pictures of what the user lays over a scene, at several scales: coarse ones in files, fine ones read when seen.

A raster of a stranger may be larger than the memory, and may have no overviews of its own. Scales that are coarse
enough are therefore painted once, strip by strip, into temporary files; the others are painted window by window.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from rsgraph.errors import RsgraphError
from rsgraph.files import map_array, output_error
from rsgraph.protocols import Progress
from rsgraph.stages.streaming import write_header
from rsgraph.view.files import level_shapes
from rsgraph.workspace import SceneInfo

Picture = NDArray[np.uint8]
"""(rows, columns, 4): red, green, blue and how far a pixel covers what lies below, 0 ... 255."""

MAGNIFIED = (16, 8, 4, 2)
"""How many pixels a side stand for one of the scene's, where what is laid over it is finer."""

_KEPT = 2**25
"""Pixels of a scale up to which it is kept in a file, of 134 MB: half the width of a tile of Sentinel-2."""

_STRIP = 256
"""Rows that are painted at a time; a power of two."""


class Source(Protocol):
    """What is laid over a scene."""

    @property
    def slow(self) -> bool:
        """Whether coarse pictures of it cost as much as fine ones: a raster without overviews."""
        ...

    def covers(self, scene: SceneInfo) -> bool:
        """Tell whether it lies over any of a scene. Raises NotUsable where they cannot be laid over each other."""
        ...

    def finest(self, scene: SceneInfo) -> float:
        """Return how many pixels of the scene one of its own is wide; 0 where it has none."""
        ...

    def paint(self, scene: SceneInfo, transform: Affine, rows: int, columns: int) -> Picture:
        """Return its picture on a grid in the scene's CRS (without one: in the scene's pixels).

        Raises
        ------
        NotReadable
            Its file is damaged, or has gone.
        """
        ...


class OverlayLevel:
    """One scale of a picture: it looks like an array (rows, columns, 4) of uint8.

    Parameters
    ----------
    source, scene
        What is painted over which scene.
    step
        Pixels of the scene along one of this scale's.
    shape
        Rows and columns.
    failed
        Called with the error where a window could not be painted; nothing lies there then.
    """

    ndim = 3
    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        source: Source,
        scene: SceneInfo,
        step: float,
        shape: tuple[int, int],
        failed: Callable[[RsgraphError], object],
    ) -> None:
        self.source, self.scene, self.step, self.failed = source, scene, step, failed
        self.shape = (*shape, 4)
        self.size = shape[0] * shape[1] * 4
        self.kept: NDArray[np.uint8] | None = None

    def paint(self, top: int, bottom: int, left: int, right: int) -> Picture:
        """Paint a window. Raises NotReadable."""
        whole = grid_of(self.scene)
        here = whole @ Affine.scale(self.step) @ Affine.translation(left, top)
        return self.source.paint(self.scene, here, bottom - top, right - left)

    def __getitem__(self, key: Any) -> Picture:
        """Cut out a window, painting it where it is not kept."""
        if self.kept is not None:
            return np.asarray(self.kept[key])
        rows, columns, *rest = (*key, slice(None), slice(None)) if isinstance(key, tuple) else (key, slice(None))
        top, bottom, _ = rows.indices(self.shape[0])
        left, right, _ = columns.indices(self.shape[1])
        try:
            found = self.paint(top, bottom, left, right)
        except RsgraphError as error:  # raised within the viewer's drawing it would end there, unsaid
            self.failed(error)
            found = np.zeros((max(bottom - top, 0), max(right - left, 0), 4), dtype=np.uint8)
        return found[(slice(None), slice(None), *rest[:1])]

    def __array__(self, dtype: object = None, copy: bool | None = None) -> Picture:
        """Return all of it."""
        return self[:, :]


class Overlay:
    """The picture of one source over one scene, at all scales.

    Parameters
    ----------
    source, scene
        What is painted over which scene.
    failed
        As in ``OverlayLevel``.
    progress
        Called with (strips done, strips in all); may raise to cancel.

    Raises
    ------
    NotReadable
        The file is damaged.
    OutputError
        The disk of the temporary files is full.
    """

    def __init__(
        self,
        source: Source,
        scene: SceneInfo,
        *,
        failed: Callable[[RsgraphError], object],
        progress: Progress | None = None,
    ) -> None:
        sizes = level_sizes(source, scene)
        self.levels = [OverlayLevel(source, scene, step, shape, failed) for step, shape in sizes]
        self._folder = tempfile.TemporaryDirectory(prefix="rsgraph-overlay-")
        kept = [level for level in self.levels if _is_kept(level)]
        steps = [-(-level.shape[0] // _STRIP) for level in kept]
        total, done = sum(steps), 0
        for number, level in enumerate(kept):
            finer = kept[number - 1].kept if source.slow and number else None
            path = Path(self._folder.name) / f"{number}.npy"
            try:
                with path.open("wb") as file:
                    write_header(file, level.shape, level.dtype)
                    for top in range(0, level.shape[0], _STRIP):
                        file.write(np.ascontiguousarray(_strip(level, top, finer)).data)
                        done += 1
                        if progress is not None:
                            progress(done, total)
            except OSError as error:
                raise output_error(path, error) from error
            level.kept = np.asarray(map_array(path))

    @property
    def magnified(self) -> int:
        """How many pixels a side of the finest scale stand for one of the scene's."""
        return max(round(1 / self.levels[0].step), 1)

    def close(self) -> None:
        """Remove the temporary files."""
        for level in self.levels:
            level.kept = None
        self._folder.cleanup()


def grid_of(scene: SceneInfo) -> Affine:
    """Return the map from (column, row) to the scene's CRS; without a CRS to its own pixels."""
    return Affine.identity() if scene.crs is None else Affine(*scene.transform[:6])


def level_sizes(source: Source, scene: SceneInfo) -> list[tuple[float, tuple[int, int]]]:
    """Return pixels of the scene along one of each scale's, and its rows and columns, finest first.

    Scales finer than the scene's are there where the source is finer.
    """
    finest = source.finest(scene)
    finer = [m for m in MAGNIFIED if finest <= 0 or m <= 2 ** math.ceil(math.log2(max(1 / finest, 1)) - 1e-6)]
    sizes = [(1 / m, (scene.rows * m, scene.columns * m)) for m in finer]
    shapes = level_shapes(scene.rows, scene.columns)
    if len(shapes) == 1:  # a picture of one scale is another kind of layer for viewers
        shapes.append((-(-scene.rows // 2), -(-scene.columns // 2)))
    return sizes + [(2.0**number, shape) for number, shape in enumerate(shapes)]


def _is_kept(level: OverlayLevel) -> bool:
    return level.size // 4 <= _KEPT and (level.source.slow or level.step >= 1)


def _strip(level: OverlayLevel, top: int, finer: NDArray[np.uint8] | None) -> Picture:
    bottom = min(top + _STRIP, level.shape[0])
    if finer is not None:
        return finer[2 * top : 2 * bottom : 2, ::2]
    return level.paint(top, bottom, 0, level.shape[1])


def bounds_on(transform: Affine, rows: int, columns: int) -> tuple[float, float, float, float]:
    """Return left, bottom, right and top of a grid, which may be turned."""
    x, y = transform @ (np.array([0, columns, 0, columns]), np.array([0, 0, rows, rows]))
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())
