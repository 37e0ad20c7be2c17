"""Mean and contrast that change smoothly over a scene, so that neighbouring chips are cut alike.

Segmenters put every chip on its own scale: a chip of open sea shows its faintest waves, its neighbour with a
strip of beach shows none of them, and the border between the two can be seen in the label map, whatever course it
takes. Here the scale of a pixel is interpolated between the chips round it, as in adaptive histogram equalisation
(Pizer et al. 1987, doi:10.1016/S0734-189X(87)80186-X).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.io.survey import moments, valid_pixels
from rsgraph.types import Floats, Mask, Window

_FAINTEST = 1e-3
"""Smallest contrast of a band in a chip, as a share of its largest one in the scene: below it is rounding."""


class Level(NamedTuple):
    """Mean (bands,), standard deviation (bands,) and number of valid pixels of one chip."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    pixels: int


def level(values: Floats, valid: Mask) -> Level:
    """Return the level of one chip: values (bands, rows, columns), valid (rows, columns)."""
    pixels = valid_pixels(values, valid)
    mean, squares = moments(pixels)[:2]
    return Level(mean, np.sqrt(squares / max(pixels.shape[1], 1)), pixels.shape[1])


@dataclass(frozen=True)
class Levels:
    """The levels of a scene on the grid of its chips; ``levels`` makes them.

    Parameters
    ----------
    rows, columns
        (R,) and (C,): where the chips' centres lie, in pixels of the scene.
    means, logarithms
        (bands, R, C): mean, and logarithm of the standard deviation (of the means where a band is
        constant in every chip).
    weights
        (R, C): valid pixels.
    """

    rows: NDArray[np.float64]
    columns: NDArray[np.float64]
    means: NDArray[np.float64]
    logarithms: NDArray[np.float64]
    weights: NDArray[np.float64]

    def around(self, window: Window) -> Levels:
        """Return the part that a window needs (some kilobytes, to send along with it)."""
        down = _near(self.rows, window.row, window.rows)
        across = _near(self.columns, window.column, window.columns)
        return Levels(
            self.rows[down],
            self.columns[across],
            self.means[:, down, across],
            self.logarithms[:, down, across],
            self.weights[down, across],
        )

    def even(self, values: Floats, valid: Mask, window: Window) -> Floats:
        r"""Return :math:`(v_b(p) - m_b(p)) / s_b(p)`, with m and s interpolated linearly, s by its logarithm.

        Parameters
        ----------
        values, valid
            (bands, rows, columns) and (rows, columns) of the window.
        window
            In the scene.

        Returns
        -------
        values
            (bands, rows, columns) float32; 0 where not valid, and in bands that are constant in the window.
        """
        down = _hats(self.rows, np.arange(window.row, window.row + window.rows))
        across = _hats(self.columns, np.arange(window.column, window.column + window.columns)).T
        share = 1 / np.maximum(down @ self.weights.astype(np.float32) @ across, np.float32(1e-6))
        result = np.zeros(values.shape, dtype=np.float32)
        for band in range(len(values)):
            if not _varies(values[band], valid):
                continue
            mean, logarithm = (
                np.multiply(down @ (grid[band] * self.weights).astype(np.float32) @ across, share)
                for grid in (self.means, self.logarithms)
            )
            np.exp(np.negative(logarithm, out=logarithm), out=logarithm)
            np.multiply(np.subtract(values[band], mean, out=mean), logarithm, out=result[band])
        if not valid.all():
            result[:, ~valid] = 0
        return result


def levels(windows: Sequence[Window], found: Sequence[Level]) -> Levels:
    """Put the levels of a scene's chips on their grid.

    Parameters
    ----------
    windows
        The chips: a grid, of which those without data may be missing.
    found
        The level of each.
    """
    rows = {window.row: window.row + (window.rows - 1) / 2 for window in windows}
    columns = {window.column: window.column + (window.columns - 1) / 2 for window in windows}
    down, across = sorted(rows), sorted(columns)
    shape = len(found[0].mean), len(down), len(across)
    means, deviations, weights = np.zeros(shape), np.zeros(shape), np.zeros(shape[1:])
    for window, each in zip(windows, found, strict=True):
        place = down.index(window.row), across.index(window.column)
        means[:, *place], deviations[:, *place], weights[place] = each
    logarithms = np.log(_scale(means, deviations, weights))
    centres = np.array([rows[row] for row in down]), np.array([columns[column] for column in across])
    return Levels(*centres, means, logarithms, weights)


def _scale(
    means: NDArray[np.float64], deviations: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what each band is divided by (bands, R, C): deviations, none of them near 0.

    A band that is constant within every chip has no deviation but rounding: there it is the spread of the means.
    """
    spread = means[:, weights > 0].std(axis=1)[:, None, None] if weights.any() else np.zeros((len(means), 1, 1))
    largest = deviations.max(axis=(1, 2), keepdims=True)
    least = np.where(largest > _FAINTEST * spread, _FAINTEST * largest, spread)
    return np.maximum(deviations, np.where(least > 0, least, 1.0))


@compiled()
def _varies(band: Any, valid: Any) -> bool:
    """Tell whether the valid pixels of a band (rows, columns) differ."""
    seen, first = False, band[0, 0]
    for r in range(band.shape[0]):
        for c in range(band.shape[1]):
            if valid[r, c]:
                if not seen:
                    seen, first = True, band[r, c]
                elif band[r, c] != first:
                    return True
    return False


def _near(centres: NDArray[np.float64], first: int, count: int) -> slice:
    """Return which centres a range of pixels is interpolated between."""
    begin = max(0, int(np.searchsorted(centres, first, side="right")) - 1)
    return slice(begin, int(np.searchsorted(centres, first + count - 1)) + 1)


def _hats(centres: NDArray[np.float64], places: NDArray[np.int64]) -> Floats:
    """Return the weight of each centre at each place (places, centres): linear between, constant outside."""
    units = np.eye(len(centres))
    return np.stack([np.interp(places, centres, unit) for unit in units], axis=1).astype(np.float32)
