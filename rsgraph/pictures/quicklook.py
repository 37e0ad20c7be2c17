"""A quicklook: the whole scene as a picture."""

from __future__ import annotations

from matplotlib.figure import Figure

from rsgraph.io.display import Pixels
from rsgraph.pictures.figure import MARGIN, WIDTH, place_axes, sheet, show_image
from rsgraph.pictures.scale_bar import draw_scale_bar

TALLEST = 14.0
"""Inches of an image of a tall scene."""


def draw_quicklook(image: Pixels, *, title: str, caption: str, metres: float | None = None) -> Figure:
    """Draw a scene, or a mosaic of a collection.

    Parameters
    ----------
    image
        (rows, columns, 3) uint8, as ``stretch`` makes it.
    title
        Name of the scene.
    caption
        Which bands the colours are, the size, notes.
    metres
        Ground width of a pixel of ``image``; None: no scale bar.
    """
    rows, columns = image.shape[:2]
    width = min(WIDTH - 2 * MARGIN, TALLEST * columns / rows)
    height = width * rows / columns
    figure, (left, bottom, across, _) = sheet(height, title, caption)
    axes = place_axes(figure, left + (across - width) / 2, bottom, width, height)
    show_image(axes, image)
    if metres is not None:
        draw_scale_bar(axes, columns, rows, metres)
    return figure
