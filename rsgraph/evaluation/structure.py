"""The structural similarity index (SSIM) of two segments, resampled to a small common grid."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.types import Floats, Labels

Outside = Literal["zero", "mean"]
"""What stands in the box where the segment is not."""


def content_grids(
    grey: Floats,
    labels: Labels,
    boxes: NDArray[np.int32],
    *,
    side: int,
    outside: Outside,
) -> Floats:
    """Bring the content of each segment to a grid of side x side.

    The bounding box, with everything but the segment blotted out, is interpolated bilinearly (pixel centres at half
    numbers, border pixels repeat: ``skimage.transform.resize(box, (side, side), order=1, mode="edge",
    anti_aliasing=False)``), so that segments of any shape can be compared pixel by pixel.

    Parameters
    ----------
    grey
        (rows, columns), 0 ... 1.
    labels
        (rows, columns) int32.
    boxes
        (n, 4) first row, first column, rows and columns of each segment's bounding box; no rows: no such segment.
    side
        Of the grid.
    outside
        Pixels of the box that are not the segment's become 0, or the mean of the segment.

    Returns
    -------
    grids
        (n, side, side) float32; zeros for a label that no pixel has.
    """
    grids: Floats = _grids(grey, labels, boxes, side, outside == "mean")
    return grids


def structural_similarities(
    grids: Floats, pairs: NDArray[np.int64], *, window: int, k1: float, k2: float
) -> NDArray[np.float64]:
    r"""Measure the mean SSIM of each pair of grids, as ``skimage.metrics.structural_similarity`` with range 1.

    .. math:: \frac{2 \mu_x \mu_y + C_1}{\mu_x^2 + \mu_y^2 + C_1} \cdot
        \frac{2 \sigma_{xy} + C_2}{\sigma_x^2 + \sigma_y^2 + C_2}

    in each window that lies wholly inside the grid, C_i = k_i^2, with sample variances; then averaged.

    Parameters
    ----------
    grids
        (n, side, side), 0 ... 1.
    pairs
        (m, 2) indices.
    window
        Side of the window.
    k1, k2
        Keep quotients of small numbers calm.

    Returns
    -------
    similarities
        (m,) in -1 ... 1.

    References
    ----------
    Wang, Bovik, Sheikh, Simoncelli: Image quality assessment: from error visibility to structural similarity.
    IEEE Transactions on Image Processing 13(4), 2004. doi:10.1109/TIP.2003.819861
    """
    side = grids.shape[1]
    lines = grids.reshape(len(grids), side * side)
    similarities: NDArray[np.float64] = _similarities(lines, side, pairs, window, k1**2, k2**2)
    return similarities


@compiled()
def _grids(grey: Any, labels: Any, boxes: Any, side: int, fill_mean: bool) -> Any:
    grids = np.zeros((len(boxes), side, side), dtype=np.float32)
    for index in range(len(boxes)):
        top, left, rows, columns = boxes[index]
        if rows:
            part = slice(top, top + rows), slice(left, left + columns)
            _resample(_content(grey[part], labels[part], index + 1, fill_mean), grids[index])
    return grids


@compiled()
def _content(grey: Any, labels: Any, label: int, fill_mean: bool) -> Any:
    """Return the box of one segment, blotted out where the segment is not."""
    total, count = 0.0, 0
    for row in range(grey.shape[0]):
        for column in range(grey.shape[1]):
            if labels[row, column] == label:
                total += grey[row, column]
                count += 1
    content = np.full(grey.shape, total / count if fill_mean else 0.0)
    for row in range(grey.shape[0]):
        for column in range(grey.shape[1]):
            if labels[row, column] == label:
                content[row, column] = grey[row, column]
    return content


@compiled()
def _resample(content: Any, grid: Any) -> None:
    rows, columns = content.shape
    side = len(grid)
    for i in range(side):
        y = (i + 0.5) * rows / side - 0.5
        above = int(np.floor(y))
        down = y - above
        upper, lower = max(above, 0), min(above + 1, rows - 1)
        for j in range(side):
            x = (j + 0.5) * columns / side - 0.5
            before = int(np.floor(x))
            along = x - before
            first, second = max(before, 0), min(before + 1, columns - 1)
            high = (1 - along) * content[upper, first] + along * content[upper, second]
            low = (1 - along) * content[lower, first] + along * content[lower, second]
            grid[i, j] = (1 - down) * high + down * low


@compiled()
def _similarities(grids: Any, side: int, pairs: Any, window: int, c1: float, c2: float) -> Any:
    """Compare grids given as lines (n, side * side)."""
    found = np.empty(len(pairs))
    products, sums = np.empty((5, side * side)), np.empty((5, side * side))
    for index in range(len(pairs)):
        _multiply(grids[pairs[index, 0]], grids[pairs[index, 1]], products)
        for number in range(5):
            _add_windows(products[number], side, window, sums[number])
        found[index] = _mean_index(sums, side, window, c1, c2)
    return found


@compiled()
def _multiply(one: Any, two: Any, products: Any) -> None:
    """Write x, y, x^2, y^2 and x y."""
    for place in range(len(one)):
        x, y = np.float64(one[place]), np.float64(two[place])
        products[0, place] = x
        products[1, place] = y
        products[2, place] = x * x
        products[3, place] = y * y
        products[4, place] = x * y


@compiled()
def _add_windows(line: Any, side: int, window: int, sums: Any) -> None:
    """Add up each window, at its first pixel: along rows, then down. ``line`` is overwritten.

    The image is one line, so that the loops are long enough for vector registers; windows that begin too far right
    run into the next row, and are not used.
    """
    across, down = side * side - window + 1, side * (side - window + 1) - window + 1
    sums[:across] = line[:across]
    for step in range(1, window):
        _add(sums[:across], line[step:])
    line[:across] = sums[:across]
    for step in range(1, window):
        _add(sums[:down], line[step * side :])


@compiled()
def _add(sums: Any, values: Any) -> None:
    for place in range(len(sums)):
        sums[place] += values[place]


@compiled()
def _mean_index(sums: Any, side: int, window: int, c1: float, c2: float) -> Any:
    """Return the mean SSIM of all windows, from the sums of x, y, x^2, y^2 and x y over each."""
    places, size = side - window + 1, window * window
    share, sample, total = 1 / size, size / (size - 1), 0.0
    for row in range(places):
        part = sums[:, row * side : row * side + places]
        for place in range(places):
            x, y = part[0, place] * share, part[1, place] * share
            spread = sample * (part[2, place] * share - x * x + part[3, place] * share - y * y)
            shared = sample * (part[4, place] * share - x * y)
            total += (2 * x * y + c1) * (2 * shared + c2) / ((x * x + y * y + c1) * (spread + c2))
    return total / (places * places)
