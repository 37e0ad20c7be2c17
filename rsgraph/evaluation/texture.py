"""Texture of segments' bounding boxes: grey level co-occurrence (GLCM) and local binary patterns (LBP)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.types import Floats, Labels

Property = Literal["contrast", "dissimilarity", "homogeneity"]
Pattern = Literal["uniform", "default"]
Comparison = Literal["intersection", "cosine", "correlation", "bhattacharyya"]


def bounding_boxes(labels: Labels, n: int) -> NDArray[np.int32]:
    """Find the bounding box of each segment.

    Parameters
    ----------
    labels
        (rows, columns) int32: 1 ... n, 0 where there are no data.
    n
        Number of segments.

    Returns
    -------
    boxes
        (n, 4) int32: first row, first column, rows, columns; zeros for a label that no pixel has.
    """
    return _boxes(labels, n)


def co_occurrence(
    levels: NDArray[np.uint8],
    labels: Labels,
    boxes: NDArray[np.int32],
    *,
    distances: Sequence[int],
    angles: Sequence[float],
    prop: Property,
) -> NDArray[np.float64]:
    r"""Compute a property of the grey level co-occurrence matrix of each box, one value per offset.

    .. math:: \sum_{a,b} P_{ab} f(a - b), \qquad f(d) = d^2, \; |d| \; \text{or} \; \frac{1}{1 + d^2}

    for contrast, dissimilarity and homogeneity. As f depends only on the difference, no matrix is made: f is
    averaged over all pairs of pixels of the box that are an offset apart. That equals ``skimage.feature.graycoprops``
    of ``graycomatrix`` of the box. Pairs that touch nodata are not counted, as none beyond the box is; where no
    pair is left the value is 0, as in scikit-image.

    Parameters
    ----------
    levels
        (rows, columns) grey levels.
    labels
        (rows, columns) int32; 0 is nodata. Other segments inside the box count.
    boxes
        (n, 4), of ``bounding_boxes``.
    distances, angles
        Offsets, in pixels and radians: all distances with all angles, as scikit-image rounds them.
    prop
        The property.

    Returns
    -------
    values
        (n, distances * angles) float64, the angles of the first distance first.

    References
    ----------
    Haralick, Shanmugam, Dinstein: Textural features for image classification. IEEE Transactions on Systems, Man,
    and Cybernetics 3(6), 1973. doi:10.1109/TSMC.1973.4309314
    """
    difference = np.arange(256, dtype=np.float64)
    weights = {"contrast": difference**2, "dissimilarity": difference, "homogeneity": 1 / (1 + difference**2)}[prop]
    offsets = [(round(np.sin(a) * d), round(np.cos(a) * d)) for d in distances for a in angles]
    return _co_occurrence(levels, labels, boxes, np.array(offsets, dtype=np.int64), weights)


def binary_patterns(
    levels: NDArray[np.uint8],
    labels: Labels,
    boxes: NDArray[np.int32],
    *,
    points: int,
    radius: float,
    method: Pattern,
) -> Floats:
    """Count the local binary patterns of each box: ``skimage.feature.local_binary_pattern`` of the box, as shares.

    Beyond the box there are zeros, as scikit-image has it. Nodata is treated alike: its own patterns are not
    counted, and its neighbours see zeros.

    Parameters
    ----------
    levels, labels, boxes
        As in ``co_occurrence``.
    points, radius
        Of the circle.
    method
        ``uniform``: patterns of at most two changes by their number of ones, all others together (points + 2 bins,
        the same in every direction). ``default``: 2 ** points bins.

    Returns
    -------
    histograms
        (n, bins) float32; rows sum to 1.

    References
    ----------
    Ojala, Pietikäinen, Mäenpää: Multiresolution gray-scale and rotation invariant texture classification with local
    binary patterns. IEEE Transactions on Pattern Analysis and Machine Intelligence 24(7), 2002.
    doi:10.1109/TPAMI.2002.1017623
    """
    angles = 2 * np.pi * np.arange(points, dtype=np.float64) / points
    single = float(np.float32(radius))  # as scikit-image holds it
    down, along = np.round(-single * np.sin(angles), 5), np.round(single * np.cos(angles), 5)
    bins = points + 2 if method == "uniform" else 2**points
    return _binary_patterns(levels, labels, boxes, down, along, method == "uniform", bins)


def texture_differences(values: NDArray[np.float64], pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Average the absolute differences of co-occurrence properties (n, offsets) over the offsets: (m,)."""
    apart = np.abs(values.take(pairs[:, 0], axis=0) - values.take(pairs[:, 1], axis=0))
    return np.asarray(np.einsum("po->p", apart) / values.shape[1])


def pattern_similarities(
    histograms: Floats, pairs: NDArray[np.int64], *, comparison: Comparison
) -> NDArray[np.float64]:
    r"""Compare histograms (n, bins) of each pair (m, 2).

    .. math:: \sum \min(p, q), \quad \frac{\langle p, q \rangle}{|p| |q|}, \quad
        \frac{\langle p - \bar p, q - \bar q \rangle}{|p - \bar p| |q - \bar q|}, \quad \sum \sqrt{p q}

    for intersection (Swain and Ballard 1991, doi:10.1007/BF00130487), cosine, correlation and Bhattacharyya's
    coefficient. Equal histograms have 1. Where a denominator is 0 (flat or empty histograms), 1 if the histograms
    are equal, else 0.

    Returns
    -------
    similarities
        (m,) in 0 ... 1; correlation from -1.
    """
    return _histogram_pairs(histograms, pairs, get_args(Comparison).index(comparison))


@compiled()
def _boxes(labels: Any, n: int) -> NDArray[np.int32]:
    boxes = np.zeros((n, 4), dtype=np.int32)  # while collecting: first row, first column, end row, end column
    for row in range(labels.shape[0]):
        for column in range(labels.shape[1]):
            label = labels[row, column]
            if label == 0:
                continue
            box = boxes[label - 1]
            if box[2] == 0:
                box[:] = row, column, row + 1, column + 1
            box[1] = min(box[1], column)
            box[2] = row + 1
            box[3] = max(box[3], column + 1)
    boxes[:, 2:] -= boxes[:, :2]
    return boxes


@compiled()
def _co_occurrence(levels: Any, labels: Any, boxes: Any, offsets: Any, weights: Any) -> NDArray[np.float64]:
    values = np.zeros((len(boxes), len(offsets)))
    for index in range(len(boxes)):
        top, left, rows, columns = boxes[index]
        for number in range(len(offsets)):
            down, along = offsets[number]
            total, count = 0.0, 0
            for row in range(top + max(0, -down), top + rows - max(0, down)):
                for column in range(left + max(0, -along), left + columns - max(0, along)):
                    if labels[row, column] and labels[row + down, column + along]:
                        one, two = np.int64(levels[row, column]), np.int64(levels[row + down, column + along])
                        total += weights[abs(one - two)]
                        count += 1
            if count:
                values[index, number] = total / count
    return values


@compiled()
def _binary_patterns(levels: Any, labels: Any, boxes: Any, down: Any, along: Any, uniform: bool, bins: int) -> Floats:
    histograms = np.zeros((len(boxes), bins), dtype=np.float32)
    rim = int(np.ceil(max(np.abs(down).max(), np.abs(along).max())))
    rows, columns = 0, 0
    for box in boxes:
        rows, columns = max(rows, box[2]), max(columns, box[3])
    framed = np.zeros((rows + 2 * rim, columns + 2 * rim))
    above, upper = _weights(down, rows)
    before, first = _weights(along, columns)
    found = np.empty(columns, dtype=np.int64)
    for index in range(len(boxes)):
        top, left, rows, columns = boxes[index]
        counts, total = np.zeros(bins, dtype=np.int64), 0
        _frame(levels, labels, boxes[index], rim, framed)
        for row in range(rows):
            _patterns_of_row(framed, row, rim, above, upper, before, first, uniform, found[:columns])
            for column in range(columns):
                if labels[top + row, left + column]:
                    counts[found[column]] += 1
                    total += 1
        for place in range(bins):
            histograms[index, place] = counts[place] / max(total, 1)
    return histograms


@compiled()
def _weights(steps: Any, length: int) -> Any:
    """Split steps from places 0 ... length - 1 into whole pixels (points,) and what remains (points, length).

    What remains is rounded as scikit-image rounds it, differently at each place: on flat ground the last bit decides
    whether a neighbour counts as lower.
    """
    whole, places = np.floor(steps).astype(np.int64), np.arange(length)
    return whole, (places + steps.reshape(-1, 1)) - (places + whole.reshape(-1, 1))


@compiled()
def _frame(levels: Any, labels: Any, box: Any, rim: int, framed: Any) -> None:
    """Copy a box into the corner of ``framed``, with a rim of zeros, and zeros for nodata."""
    top, left, rows, columns = box
    framed[: rows + 2 * rim, : columns + 2 * rim] = 0
    for row in range(rows):
        for column in range(columns):
            if labels[top + row, left + column]:
                framed[row + rim, column + rim] = levels[top + row, left + column]


@compiled()
def _patterns_of_row(
    framed: Any, row: int, rim: int, above: Any, upper: Any, before: Any, first: Any, uniform: bool, found: Any
) -> None:
    """Write the bins of a row's patterns. Like scikit-image, changes are not counted across the circle's seam."""
    columns, points = len(found), len(above)
    code, ones, changes, last = np.zeros((4, columns), dtype=np.int64)
    centre = framed[row + rim, rim:]
    for point in range(points):
        y, x, dy, right_share = row + rim + above[point], rim + before[point], upper[point, row], first[point]
        # a step of whole pixels meets one pixel, not the one behind it, which may lie beyond the rim
        below, after = y + (dy > 0), x + (right_share[0] > 0)
        top_left, top_right = framed[y, x:], framed[y, after:]
        low_left, low_right = framed[below, x:], framed[below, after:]
        for column in range(columns):
            dx = right_share[column]
            high = (1 - dx) * top_left[column] + dx * top_right[column]
            low = (1 - dx) * low_left[column] + dx * low_right[column]
            bit = np.int64((1 - dy) * high + dy * low - centre[column] >= 0)
            code[column] += bit << point
            ones[column] += bit
            changes[column] += bit ^ last[column]
            last[column] = bit
        if point == 0:
            changes[:] = 0
    for column in range(columns):
        found[column] = (ones[column] if changes[column] <= 2 else points + 1) if uniform else code[column]


@compiled()
def _histogram_pairs(histograms: Any, pairs: Any, comparison: int) -> NDArray[np.float64]:
    found = np.empty(len(pairs))
    for index in range(len(pairs)):
        one, two = histograms[pairs[index, 0]], histograms[pairs[index, 1]]
        total = 0.0
        if comparison == 0:
            for place in range(len(one)):
                total += min(one[place], two[place])
        elif comparison == 3:
            for place in range(len(one)):
                total += np.sqrt(np.float64(one[place]) * np.float64(two[place]))
        else:
            total = _cosine(one, two, comparison == 2)
        found[index] = total
    return found


@compiled()
def _cosine(one: Any, two: Any, centred: bool) -> Any:
    bins = len(one)
    first, second = 0.0, 0.0
    if centred:
        for place in range(bins):
            first += one[place] / bins
            second += two[place] / bins
    product, a, b, same = 0.0, 0.0, 0.0, True
    for place in range(bins):
        x, y = one[place] - first, two[place] - second
        product += x * y
        a += x * x
        b += y * y
        same = same and one[place] == two[place]
    if same:
        return 1.0
    return product / np.sqrt(a * b) if a * b > 0 else 0.0
