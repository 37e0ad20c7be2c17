"""The source behind every raster reader: bands of one or many files, brought to reflectance on one grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.io.handles import check_size, read, read_mask
from rsgraph.io.resampling import Axis, bilinear, centres, nearest, needed
from rsgraph.types import Floats, Mask, Raster, Window


class Pixels(NamedTuple):
    """Bands of one window before they are joined: (bands, rows, columns) each, ``masked`` (rows, columns)."""

    values: Floats
    nodata: Mask
    not_finite: Mask
    filled: Mask
    masked: Mask | None = None


@dataclass(frozen=True)
class Radiometry:
    """How stored numbers become reflectance: ``number * scale + offset``, band by band.

    Parameters
    ----------
    scale, offset
        One per band.
    nodata
        The declared "no data" of each band, or None; a pixel is lost where any band has it.
    fill
        Undeclared fill; a pixel is lost only where all bands of the scene have it.
    """

    scale: tuple[float, ...]
    offset: tuple[float, ...]
    nodata: tuple[float | None, ...]
    fill: float | None = None

    def pixels(self, numbers: NDArray[Any]) -> Pixels:
        """Convert (bands, rows, columns) of any real type."""
        nodata = np.zeros(numbers.shape, dtype=np.bool_)
        for band, value in enumerate(self.nodata):
            if value is not None:
                nodata[band] = equal(numbers[band], value)
        filled = np.zeros_like(nodata) if self.fill is None else equal(numbers, self.fill)
        values = self._reflectance(numbers)
        not_finite = ~np.isfinite(values) & ~nodata
        lost = nodata | not_finite
        if lost.any():
            values[lost] = 0
        return Pixels(values, nodata, not_finite, filled)

    def _reflectance(self, numbers: NDArray[Any]) -> Floats:
        """Scale and shift, rounding to float32 once; what overflows becomes infinite."""
        values = np.empty(numbers.shape, dtype=np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            for band, (scale, offset) in enumerate(zip(self.scale, self.offset, strict=True)):
                np.multiply(numbers[band], scale, out=values[band], dtype=np.float64, casting="unsafe")
                if offset:
                    values[band] = numbers[band] * np.float64(scale) + offset
        return values


def equal(numbers: NDArray[Any], value: float) -> Mask:
    """Compare with a special value in the numbers' own precision; NaN equals NaN."""
    if np.isnan(value):
        return np.isnan(numbers) if numbers.dtype.kind == "f" else np.zeros(numbers.shape, dtype=np.bool_)
    if numbers.dtype.kind == "f":
        with np.errstate(over="ignore"):
            same: Mask = numbers == numbers.dtype.type(value)
        return same
    return np.asarray(numbers == value, dtype=np.bool_)


@dataclass(frozen=True)
class Layers:
    """Some bands of one file.

    Parameters
    ----------
    path
        File, or GDAL's ``/vsizip/{archive}/member``.
    indexes
        GDAL band numbers, from 1.
    radiometry
        One scale, offset and nodata per index.
    rows, columns
        Size of the file.
    down, across
        Where the scene's grid lies on the file's rows and columns, or None where they are the same.
    masked
        Whether the file has a mask band or alpha.
    """

    path: str
    indexes: tuple[int, ...]
    radiometry: Radiometry
    rows: int
    columns: int
    down: Axis | None = None
    across: Axis | None = None
    masked: bool = False

    def read(self, window: Window) -> Pixels:
        """Read one window of the scene's grid. Raises NotReadable."""
        if self.down is None or self.across is None:
            return self._native(*window)
        at_rows = centres(self.down, window.row, window.rows)
        at_columns = centres(self.across, window.column, window.columns)
        row, rows = needed(at_rows, self.rows)
        column, columns = needed(at_columns, self.columns)
        return _resample(self._native(row, column, rows, columns), at_rows - row, at_columns - column)

    def _native(self, row: int, column: int, rows: int, columns: int) -> Pixels:
        check_size(self.path, self.rows, self.columns, max(self.indexes))
        pixels = self.radiometry.pixels(read(self.path, list(self.indexes), row, column, rows, columns))
        if not self.masked:
            return pixels
        return pixels._replace(masked=~read_mask(self.path, row, column, rows, columns))


def _resample(pixels: Pixels, at_rows: NDArray[np.float64], at_columns: NDArray[np.float64]) -> Pixels:
    """Bring coarser pixels to the scene's grid: values bilinearly, masks by the nearest pixel."""
    lost = pixels.nodata | pixels.not_finite | pixels.filled
    if pixels.masked is not None:
        lost = lost | pixels.masked
    values = bilinear(pixels.values, ~lost, at_rows, at_columns)
    filled = nearest(pixels.filled, at_rows, at_columns)
    if filled.any():  # a fill value in some bands only is a measurement there
        values = np.where(filled, nearest(pixels.values, at_rows, at_columns), values)
    return Pixels(
        values,
        nearest(pixels.nodata, at_rows, at_columns),
        nearest(pixels.not_finite, at_rows, at_columns),
        filled,
        None if pixels.masked is None else nearest(pixels.masked, at_rows, at_columns),
    )


@dataclass(frozen=True)
class LayeredSource:
    """Pixels of a scene whose bands lie in one or several files.

    Picklable; files are opened on first use, once per thread and process.
    """

    layers: tuple[Layers, ...]
    rows: int
    columns: int

    def read(self, window: Window) -> Raster:
        """Read one window, which must lie inside the scene.

        Raises
        ------
        NotReadable
            A file is missing, truncated or damaged; the message names it.
        """
        return join([layers.read(window) for layers in self.layers])


def join(parts: list[Pixels]) -> Raster:
    """Stack bands: a pixel is lost where any is nodata, masked or not finite, or where all are fill."""
    values = parts[0].values if len(parts) == 1 else np.concatenate([part.values for part in parts])
    nodata = np.logical_or.reduce([part.nodata.any(axis=0) for part in parts])
    nodata |= np.logical_and.reduce([part.filled.all(axis=0) for part in parts])
    for part in parts:
        if part.masked is not None:
            nodata |= part.masked
    not_finite = np.logical_or.reduce([part.not_finite.any(axis=0) for part in parts]) & ~nodata
    valid = ~(nodata | not_finite)
    if not valid.all():
        values[:, ~valid] = 0
    return Raster(values, valid, int(np.count_nonzero(not_finite)))
