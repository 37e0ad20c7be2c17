"""The source behind every raster reader: bands of one or many files, brought to reflectance on one grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.io.handles import check_size, read, read_mask, read_masks
from rsgraph.io.resampling import Axis, bilinear, centres, nearest, needed
from rsgraph.types import CLEAR, LOST, Floats, Mask, QualitySource, Raster, Window

PLAUSIBLE = (-1.0, 6.5536)
"""Smallest and largest reflectance that a measurement can have: no 16-bit count of 10 000 to the unit is more, and
what correction of the atmosphere overdoes in the dark stays far above the least."""


class Pixels(NamedTuple):
    """Bands of one window before they are joined: (bands, rows, columns) each, ``masked`` (rows, columns).

    ``implausible``: numbers that nobody declared and that are no measurement; None where none were looked for.
    """

    values: Floats
    nodata: Mask
    not_finite: Mask
    filled: Mask
    masked: Mask | None = None
    implausible: Mask | None = None


class MaskLayer(NamedTuple):
    """A layer of a file that says where data are: other than 0 is data, or 0 is where it is ``inverted``.

    ``number`` is GDAL's, from 1.
    """

    number: int
    inverted: bool = False

    def lost(self, numbers: NDArray[Any]) -> Mask:
        """Return where no data are: (rows, columns); NaN is none."""
        lost: Mask = ~(numbers == 0) if self.inverted else (numbers == 0) | (numbers != numbers)
        return lost


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
    fills
        More of the same: lost where every band has ``fill`` or one of these.
    never
        Numbers that are no measurement, whatever the file declares (the largest of the type, -9999): a pixel is lost
        where any band has one of them.
    bounded
        Whether each band is known to hold reflectance: what lies outside ``PLAUSIBLE`` is then lost, too; none are
        where this is empty.
    """

    scale: tuple[float, ...]
    offset: tuple[float, ...]
    nodata: tuple[float | None, ...]
    fill: float | None = None
    fills: tuple[float, ...] = ()
    never: tuple[float, ...] = ()
    bounded: tuple[bool, ...] = ()

    def pixels(self, numbers: NDArray[Any]) -> Pixels:
        """Convert (bands, rows, columns) of any real type."""
        nodata = np.zeros(numbers.shape, dtype=np.bool_)
        for band, value in enumerate(self.nodata):
            if value is not None:
                nodata[band] = equal(numbers[band], value)
        filled = np.zeros_like(nodata) if self.fill is None else equal(numbers, self.fill)
        for value in self.fills:
            filled |= equal(numbers, value)
        values = self._reflectance(numbers)
        not_finite = ~np.isfinite(values) & ~nodata
        implausible = self._implausible(numbers, values, nodata) if self.never or any(self.bounded) else None
        lost = nodata | not_finite
        if implausible is not None:
            not_finite &= ~implausible
            lost |= implausible
        if lost.any():
            values[lost] = 0
        return Pixels(values, nodata, not_finite, filled, None, implausible)

    def _implausible(self, numbers: NDArray[Any], values: Floats, nodata: Mask) -> Mask | None:
        """Find numbers that nobody declared and that are no measurement: (bands, rows, columns); None where none is.

        Most windows hold none, which their least and largest numbers show.
        """
        low, high = _ends(numbers)
        never = [value for value in self.never if low <= value <= high]
        least, most = PLAUSIBLE
        ends = {band: _ends(values[band]) for band, bounded in enumerate(self.bounded) if bounded}
        beyond = [band for band, (low, high) in ends.items() if low < least or high > most]
        if not (never or beyond):
            return None
        found = np.zeros(numbers.shape, dtype=np.bool_)
        for value in never:
            found |= equal(numbers, value)
        for band in beyond:
            with np.errstate(invalid="ignore"):
                found[band] |= ((values[band] < least) | (values[band] > most)) & np.isfinite(values[band])
        found &= ~nodata
        return found

    def _reflectance(self, numbers: NDArray[Any]) -> Floats:
        """Scale and shift, rounding to float32 once; what overflows becomes infinite."""
        values = np.empty(numbers.shape, dtype=np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            for band, (scale, offset) in enumerate(zip(self.scale, self.offset, strict=True)):
                np.multiply(numbers[band], scale, out=values[band], dtype=np.float64, casting="unsafe")
                if offset:
                    values[band] = numbers[band] * np.float64(scale) + offset
        return values


def _ends(numbers: NDArray[Any]) -> tuple[float, float]:
    """Return the least and the most; infinities where there is any NaN."""
    low, high = float(numbers.min()), float(numbers.max())
    return (-np.inf, np.inf) if np.isnan(low) else (low, high)


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
        Whether the file has a mask band or alpha that GDAL knows as its mask.
    masks
        Layers of the file that say where data are.
    band_masks
        Whether GDAL knows a mask of each band by itself.
    """

    path: str
    indexes: tuple[int, ...]
    radiometry: Radiometry
    rows: int
    columns: int
    down: Axis | None = None
    across: Axis | None = None
    masked: bool = False
    masks: tuple[MaskLayer, ...] = ()
    band_masks: bool = False

    @property
    def looked_for(self) -> dict[str, object]:
        """What was found that the file does not declare, JSON-able: part of the scene's identity."""
        radiometry = self.radiometry
        found = {
            "masks": [list(mask) for mask in self.masks],
            "band_masks": self.band_masks,
            "fills": list(radiometry.fills),
            "never": list(radiometry.never),
            "bounded": list(radiometry.bounded),
        }
        return {name: value for name, value in found.items() if value}

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
        wanted = [*self.indexes, *(mask.number for mask in self.masks)]
        check_size(self.path, self.rows, self.columns, max(wanted))
        numbers = read(self.path, wanted, row, column, rows, columns)
        bands = len(self.indexes)
        pixels = self.radiometry.pixels(numbers[:bands])
        if self.band_masks:
            known = read_masks(self.path, list(self.indexes), row, column, rows, columns)
            pixels = pixels._replace(nodata=pixels.nodata | ~known)
        lost = [mask.lost(layer) for mask, layer in zip(self.masks, numbers[bands:], strict=True)]
        if self.masked:
            lost.append(~read_mask(self.path, row, column, rows, columns))
        return pixels._replace(masked=np.logical_or.reduce(lost)) if lost else pixels


def looked_for(layers: Sequence[Layers]) -> dict[str, object]:
    """Return what a scene's identity holds of masks and fill that its files do not declare; empty where none is."""
    found = [each.looked_for for each in layers]
    return {"looked_for": found} if any(found) else {}


def _resample(pixels: Pixels, at_rows: NDArray[np.float64], at_columns: NDArray[np.float64]) -> Pixels:
    """Bring coarser pixels to the scene's grid: values bilinearly, masks by the nearest pixel."""
    lost = pixels.nodata | pixels.not_finite | pixels.filled
    if pixels.masked is not None:
        lost = lost | pixels.masked
    if pixels.implausible is not None:
        lost = lost | pixels.implausible
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
        None if pixels.implausible is None else nearest(pixels.implausible, at_rows, at_columns),
    )


@dataclass(frozen=True)
class LayeredSource:
    """Pixels of a scene whose bands lie in one or several files.

    Picklable; files are opened on first use, once per thread and process.

    Parameters
    ----------
    layers
        Files and their bands, in the order of the scene's bands.
    rows, columns
        Size of the scene.
    quality
        What says of each pixel whether it is data, and clear; None: nothing does.
    clouds_lost
        Whether clouds and their shadows are no data, too.
    """

    layers: tuple[Layers, ...]
    rows: int
    columns: int
    quality: QualitySource | None = None
    clouds_lost: bool = False

    def read(self, window: Window) -> Raster:
        """Read one window, which must lie inside the scene.

        Raises
        ------
        NotReadable
            A file is missing, truncated or damaged; the message names it.
        """
        return join([layers.read(window) for layers in self.layers], self._lost(window))

    def _lost(self, window: Window) -> Mask | None:
        if self.quality is None:
            return None
        codes = self.quality.read(window)
        lost: Mask = codes != CLEAR if self.clouds_lost else codes == LOST
        return lost


def join(parts: list[Pixels], lost: Mask | None = None) -> Raster:
    """Stack bands: a pixel is lost where any is nodata, masked or not finite, or where all are fill.

    ``lost`` (rows, columns): pixels that something else says are no data.
    """
    values = parts[0].values if len(parts) == 1 else np.concatenate([part.values for part in parts])
    nodata = np.logical_or.reduce([part.nodata.any(axis=0) for part in parts])
    nodata |= np.logical_and.reduce([part.filled.all(axis=0) for part in parts])
    for part in parts:
        if part.masked is not None:
            nodata |= part.masked
    if lost is not None:
        nodata |= lost
    odd = [part.implausible.any(axis=0) for part in parts if part.implausible is not None]
    implausible = np.logical_or.reduce(odd) & ~nodata if odd else np.zeros_like(nodata)
    not_finite = np.logical_or.reduce([part.not_finite.any(axis=0) for part in parts]) & ~nodata & ~implausible
    valid = ~(nodata | implausible | not_finite)
    if not valid.all():
        values[:, ~valid] = 0
    return Raster(values, valid, int(np.count_nonzero(not_finite)), int(np.count_nonzero(implausible)))
