"""The 2-D map of chips, drawn with the chips themselves."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from PIL import Image

from rsgraph.io.display import Pixels
from rsgraph.pictures.figure import DPI, MARGIN, SMALL, WIDTH, bare, place_axes, sheet
from rsgraph.types import Floats

HEIGHT = 10.5
"""Inches of the map."""

COVER = 0.4
"""Share of the map that thumbnails may cover: more leaves no room to keep neighbours apart from strangers."""

SMALLEST, LARGEST = 14, 150
"""Pixels of a thumbnail's side."""


NUMBERED_FROM = 60
"""Pixels of a thumbnail's side from which it carries the number of its chip."""


MOST = 2000
"""Chips in one map: more are too small to be seen one by one."""


def sample_chips(count: int) -> NDArray[np.int64]:
    """Return the chips that the map shows: all up to ``MOST``, else so many drawn at random (seeded), sorted."""
    if count <= MOST:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, MOST, replace=False))


def thumbnail_side(count: int, width: int, height: int) -> int:
    """Side of a thumbnail in pixels, such that ``count`` of them cover a fixed share of the map."""
    side = math.sqrt(COVER * width * height / max(1, count))
    return int(min(LARGEST, max(SMALLEST, side)))


def fit(points: Floats, width: int, height: int, border: int) -> Floats:
    """Scale points (n, 2) to pixels (x to the right, y downwards), one scale for both axes, centred."""
    room = np.array([width - 2 * border, height - 2 * border], dtype=np.float64)
    low, high = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
    span = high - low
    scale = min((r / s for r, s in zip(room, span, strict=True) if s > 0), default=0.0)
    placed = (points - (low + high) / 2) * scale
    placed[:, 1] *= -1
    fitted: Floats = (placed + np.array([width, height]) / 2).astype(np.float32)
    return fitted


def free_cells(places: Floats, width: int, height: int, side: int) -> NDArray[np.int64]:
    """Give each thumbnail the nearest free cell of a grid, those that lie closest to a cell's centre first.

    Parameters
    ----------
    places
        (n, 2) wanted centres in pixels.
    width, height, side
        Of the map and a cell, in pixels; there must be at least n cells.

    Returns
    -------
    corners
        (n, 2) upper left corners (x, y) of cells, no two equal.
    """
    across, down = width // side, height // side
    x, y = np.meshgrid(np.arange(across), np.arange(down))
    offset = np.array([(width - across * side) // 2, (height - down * side) // 2])
    corners = np.column_stack([x.ravel(), y.ravel()]) * side + offset
    centres = corners + side / 2
    own = np.abs((places - offset) / side % 1 - 0.5).max(axis=1)
    free = np.ones(len(centres), bool)
    chosen = np.empty(len(places), dtype=np.int64)
    for number in np.argsort(own, kind="stable"):
        distance = ((centres - places[number]) ** 2).sum(axis=1)
        distance[~free] = np.inf
        chosen[number] = distance.argmin()
        free[chosen[number]] = False
    found: NDArray[np.int64] = corners[chosen]
    return found


def compose(
    points: Floats, thumbnails: Sequence[Pixels], width: int, height: int
) -> tuple[Pixels, NDArray[np.int64], Floats]:
    """Paste thumbnails on a white map, none on top of another.

    Returns
    -------
    image, corners, moved
        (height, width, 3) uint8, the thumbnails' upper left corners (P, 2) as (x, y), and how far each was
        moved, in thumbnail sides.
    """
    image = np.full((height, width, 3), 255, np.uint8)
    side = thumbnail_side(len(thumbnails), width, height)
    places = fit(points, width, height, border=side)
    corners = free_cells(places, width, height, side)
    for (x, y), thumbnail in zip(corners, thumbnails, strict=True):
        image[y : y + side - 1, x : x + side - 1] = resized(thumbnail, side - 1)
    moved: Floats = np.linalg.norm(corners + side / 2 - places, axis=1) / side
    return image, corners, moved


def resized(image: Pixels, side: int) -> Pixels:
    """Scale an image to fit a square of ``side`` pixels, centred on white."""
    rows, columns = image.shape[:2]
    factor = side / max(rows, columns)
    size = max(1, round(columns * factor)), max(1, round(rows * factor))
    filter_ = Image.Resampling.BOX if factor < 1 else Image.Resampling.NEAREST
    small = np.asarray(Image.fromarray(image).resize(size, filter_))
    square: Pixels = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - size[1]) // 2, (side - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = small
    return square


def draw_chip_map(
    points: Floats, thumbnails: Sequence[Pixels], *, title: str, caption: str, total: int | None = None
) -> Figure:
    """Draw chips where the projection puts them.

    Thumbnails shrink with their number (up to about 2000 can be seen one by one) and move to the nearest free cell of
    a grid where they would overlap; the caption says by how much.

    Parameters
    ----------
    points
        (P, 2), of at most ``MOST`` chips: see ``sample_chips``.
    thumbnails
        P images (rows, columns, 3) uint8, in the same order.
    title, caption
        Name of the scene; projector, similarity and colours.
    total
        How many chips there are where these are a sample of them; chips carry their number where they are
        large enough and no sample.
    """
    width, height = int((WIDTH - 2 * MARGIN) * DPI), int(HEIGHT * DPI)
    image, corners, moved = compose(points, thumbnails, width, height)
    note = "Neighbours in the map are similar; axes have no unit, directions no meaning."
    if total is not None and total > len(points):
        note += f" Shown are {len(points)} of {total} chips, drawn at random."
    if moved.max(initial=0) > 0.75:
        note += f" Overlapping chips moved aside, half of them by less than {np.median(moved):.1f} chip widths."
    figure, box = sheet(HEIGHT, title, f"{caption} {note}")
    axes = place_axes(figure, *box)
    axes.imshow(image, interpolation="nearest", aspect="auto")
    bare(axes)
    sampled = total is not None and total > len(points)
    if not sampled and thumbnail_side(len(thumbnails), width, height) >= NUMBERED_FROM:
        _number(axes, corners)
    return figure


def _number(axes: Axes, corners: NDArray[np.int64]) -> None:
    """Write each chip's number in its upper left corner."""
    halo = [withStroke(linewidth=2, foreground="black")]
    for chip, (x, y) in enumerate(corners):
        axes.text(x + 4, y + 4, str(chip), size=SMALL - 1, color="white", va="top", path_effects=halo)
