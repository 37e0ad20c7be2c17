"""The k-means of SLIC: every pixel chooses among the centres near it, which then move to the mean of their pixels.

Labels are those of scikit-image to the bit, in less than half the time: tiles of 8 x 8 pixels are compared with a
centre at once, and those are left out for which its distance in space is above what their pixels have already.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.util import regular_grid

from rsgraph.compiled import compiled
from rsgraph.types import Floats, Labels

ROUNDS = 10
"""How often pixels choose: scikit-image's number."""

SIDE = 8
"""Of a tile. Its 64 pixels are compared in four registers each, and are near enough to be left out together."""

_TOGETHER = 4
"""Bands that are added up in one pass over a tile. Bands of zeros fill their number up."""


def local_k_means(image: Floats, n_centres: int) -> Labels:
    r"""Assign each pixel to one of about ``n_centres`` centres that begin on a regular grid of step S.

    .. math:: d^2 = \sum_b (v_b - c_b)^2 + \frac{\Delta_r^2 + \Delta_c^2}{S^2}

    A centre is seen by the pixels within 2 S' of it in each direction, where S' is the step of a grid of as many
    centres as there are: one more than S, here and there. Of centres equally near, the first is taken.

    Parameters
    ----------
    image
        (bands, rows, columns) float32, finite, in units of the difference that counts as much as one step in space.
    n_centres
        Asked for, at least 1; a regular grid has some percent more or fewer.

    Returns
    -------
    labels
        (rows, columns) int32, 1 ... n. Pixels of one label need not be connected, and not every label occurs.
    """
    _, rows, columns = image.shape
    places, steps = _grid(rows, columns, n_centres)
    _, seen = _grid(rows, columns, len(places))
    tiles = _tiles(image)
    colours = np.zeros((len(places), tiles.shape[2]), dtype=np.float32)
    labels = np.zeros((*tiles.shape[:2], SIDE * SIDE), dtype=np.int32)
    _near(places, steps, rows, columns, labels)
    _move(tiles, places, colours, max(steps), seen, np.array([rows, columns]), ROUNDS, labels)
    whole = labels.reshape(*labels.shape[:2], SIDE, SIDE).swapaxes(1, 2).reshape(SIDE * len(labels), -1)
    return np.ascontiguousarray(whole[:rows, :columns])


def _grid(rows: int, columns: int, n_centres: int) -> tuple[Floats, NDArray[np.int64]]:
    """Return where centres (n, 2) begin, and the steps (2,) between them."""
    _, down, across = regular_grid((1, rows, columns), n_centres)
    places = np.meshgrid(np.arange(rows)[down], np.arange(columns)[across], indexing="ij")
    steps = [1 if each.step is None else each.step for each in (down, across)]
    return np.stack([each.ravel() for each in places], axis=1).astype(np.float32), np.array(steps, dtype=np.int64)


def _tiles(image: Floats) -> Floats:
    """Cut an image into tiles: (tiles down, tiles across, bands, 64)."""
    bands, rows, columns = image.shape
    down, across, filled = -(-rows // SIDE), -(-columns // SIDE), -(-bands // _TOGETHER) * _TOGETHER
    whole = np.zeros((filled, SIDE * down, SIDE * across), dtype=np.float32)
    whole[:bands, :rows, :columns] = image
    cut = whole.reshape(filled, down, SIDE, across, SIDE).transpose(1, 3, 0, 2, 4)
    return np.ascontiguousarray(cut).reshape(down, across, filled, SIDE * SIDE)


def _near(places: Floats, steps: NDArray[np.int64], rows: int, columns: int, labels: Labels) -> None:
    """Give each pixel the centre of its cell of the grid: the first round has a bound then, too."""
    across = int(np.searchsorted(places[:, 0], places[0, 0], side="right"))
    cell = [
        np.minimum(np.maximum(np.arange(n) - int(first) + step // 2, 0) // step, count - 1)
        for n, first, step, count in zip(
            (rows, columns), places[0], steps, (len(places) // across, across), strict=True
        )
    ]
    whole = np.zeros((SIDE * labels.shape[0], SIDE * labels.shape[1]), dtype=np.int32)
    whole[:rows, :columns] = cell[0][:, None] * across + cell[1] + 1
    labels[:] = whole.reshape(labels.shape[0], SIDE, labels.shape[1], SIDE).swapaxes(1, 2).reshape(labels.shape)


@compiled(error_model="numpy")
def _move(tiles: Any, places: Any, colours: Any, step: Any, steps: Any, size: Any, rounds: int, labels: Any) -> None:
    """Let pixels choose and centres move, ``rounds`` times.

    Centres stand ``step`` apart, and are seen from twice ``steps`` (2,) away. Of each there are ``places`` (n, 2) and
    ``colours`` (n, bands); ``size`` is (rows, columns) of the image; ``labels`` are (tiles
    down, tiles across, 64): at first any centres near by, 0 beyond the image.
    """
    weight = np.float32(1) / np.float32(step) ** 2
    nearest, total = np.empty(labels.shape, dtype=np.float32), np.empty(labels.shape[2], dtype=np.float32)
    farthest = np.empty(labels.shape[:2], dtype=np.float32)
    numbers = np.arange(SIDE * SIDE)
    down, along = (numbers // SIDE).astype(np.float32), (numbers % SIDE).astype(np.float32)
    counts = np.ones(len(places), dtype=np.int64)
    for _ in range(rounds):
        _bound(tiles, places, colours, steps, size, weight, labels, nearest, farthest)
        for k in range(len(places)):
            if counts[k] == 0:
                continue
            top, bottom = _window(places[k, 0], steps[0], size[0])
            left, right = _window(places[k, 1], steps[1], size[1])
            for i in range(top // SIDE, (bottom - 1) // SIDE + 1):
                for j in range(left // SIDE, (right - 1) // SIDE + 1):
                    corner = (np.float32(i * SIDE), np.float32(j * SIDE))
                    if _beyond(places[k, 0], corner[0]) + _beyond(places[k, 1], corner[1]) <= farthest[i, j]:
                        limits = (top - i * SIDE, bottom - i * SIDE, left - j * SIDE, right - j * SIDE)
                        _claim(
                            tiles[i, j],
                            colours[k],
                            (places[k, 0], places[k, 1]),
                            corner,
                            (down, along),
                            weight,
                            limits,
                            np.int32(k + 1),
                            labels[i, j],
                            nearest[i, j],
                            total,
                        )
        _centre(tiles, labels, places, colours, counts)


@compiled(error_model="numpy")
def _window(place: Any, step: Any, size: int) -> Any:
    """Return the first row (or column) from which a centre is seen, and the one after the last."""
    reach = np.float32(2 * step)
    first = np.int64(max(place - reach, np.float32(0)))
    last = np.int64(min(place + reach + np.float32(1), np.float32(size)))
    return first, last


@compiled(error_model="numpy")
def _beyond(place: Any, corner: Any) -> Any:
    """Return the squared distance of a centre from the rows (or columns) of a tile."""
    away = max(corner - place, max(place - (corner + np.float32(SIDE - 1)), np.float32(0)))
    return away * away


@compiled(error_model="numpy")
def _bound(
    tiles: Any,
    places: Any,
    colours: Any,
    steps: Any,
    size: Any,
    weight: Any,
    labels: Any,
    nearest: Any,
    farthest: Any,
) -> None:
    """Set what a centre must be below: just above the distance to the one that a pixel has, where that is in sight.

    ``farthest`` (tiles down, tiles across) is the squared distance in space, and a thousandth for rounding, from
    which on a centre is above all of a tile.
    """
    for i in range(labels.shape[0]):
        for j in range(labels.shape[1]):
            most = np.float32(0)
            for pixel in range(labels.shape[2]):
                r, c = SIDE * i + pixel // SIDE, SIDE * j + pixel % SIDE
                k = labels[i, j, pixel] - 1
                found = np.float32(np.inf)
                if k >= 0:
                    top, bottom = _window(places[k, 0], steps[0], size[0])
                    left, right = _window(places[k, 1], steps[1], size[1])
                    if top <= r < bottom and left <= c < right:
                        away = _squared(tiles[i, j, :, pixel], colours[k])
                        down, along = places[k, 0] - np.float32(r), places[k, 1] - np.float32(c)
                        found = np.nextafter((down * down + along * along) * weight + away, np.float32(np.inf))
                nearest[i, j, pixel] = found
                if r < size[0] and c < size[1]:
                    most = max(most, found)
            farthest[i, j] = most / weight * np.float32(1.001)


@compiled(error_model="numpy")
def _squared(one: Any, two: Any) -> Any:
    """Return the squared distance of two colours (bands,)."""
    total = np.float32(0)
    for band in range(len(one)):
        total += (one[band] - two[band]) * (one[band] - two[band])
    return total


@compiled(error_model="numpy", fastmath={"nnan", "nsz"})
def _claim(
    tile: Any,
    colour: Any,
    place: Any,
    corner: Any,
    offsets: Any,
    weight: Any,
    limits: Any,
    label: Any,
    labels: Any,
    nearest: Any,
    total: Any,
) -> None:
    """Give a centre those pixels of a tile that see it and are nearer to it than to the centres before it.

    ``offsets`` are rows and columns (64,) within the tile, ``limits`` those from which the centre is seen.
    """
    n, down, along = len(nearest), offsets[0], offsets[1]
    top, bottom, left, right = (
        np.float32(limits[0]),
        np.float32(limits[1]),
        np.float32(limits[2]),
        np.float32(limits[3]),
    )
    total[:] = 0
    for band in range(0, len(tile), 4):
        p, q, r, s = colour[band], colour[band + 1], colour[band + 2], colour[band + 3]
        one, two, three, four = tile[band], tile[band + 1], tile[band + 2], tile[band + 3]
        for j in range(n):
            added = total[j] + (one[j] - p) * (one[j] - p)
            added += (two[j] - q) * (two[j] - q)
            added += (three[j] - r) * (three[j] - r)
            total[j] = added + (four[j] - s) * (four[j] - s)
    for j in range(n):
        above, aside = place[0] - (corner[0] + down[j]), place[1] - (corner[1] + along[j])
        away = (above * above + aside * aside) * weight + total[j]
        seen = (down[j] >= top) & (down[j] < bottom) & (along[j] >= left) & (along[j] < right)
        nearer = seen & (nearest[j] > away)
        labels[j] = label if nearer else labels[j]
        nearest[j] = away if nearer else nearest[j]


@compiled(error_model="numpy")
def _centre(tiles: Any, labels: Any, places: Any, colours: Any, counts: Any) -> None:
    """Move each centre to the mean of its pixels, added up row by row in float32."""
    counts[:], places[:], colours[:] = 0, 0, 0
    bands = tiles.shape[2]
    for i in range(labels.shape[0]):
        for line in range(SIDE):
            for j in range(labels.shape[1]):
                for across in range(SIDE):
                    pixel = SIDE * line + across
                    k = labels[i, j, pixel] - 1
                    if k < 0:  # beyond the image
                        continue
                    counts[k] += 1
                    places[k, 0] += np.float32(SIDE * i + line)
                    places[k, 1] += np.float32(SIDE * j + across)
                    for band in range(bands):
                        colours[k, band] += tiles[i, j, band, pixel]
    for k in range(len(places)):
        share = np.float32(counts[k])
        for axis in range(2):
            places[k, axis] /= share
        for band in range(bands):
            colours[k, band] /= share
