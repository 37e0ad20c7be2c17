"""A scale bar in metres or kilometres."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from rsgraph.pictures.figure import TEXT


def round_length(metres: float) -> float:
    """Return the largest of 1, 2, 5, 10, 20, 50 ... that is not longer."""
    power = 10.0 ** math.floor(math.log10(metres))
    return next(step * power for step in (5, 2, 1) if step * power <= metres * (1 + 1e-9))


def length_text(metres: float) -> str:
    """Write a length with its unit: ``500 m``, ``2 km``."""
    return f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"


def draw_scale_bar(axes: Axes, columns: int, rows: int, metres: float) -> None:
    """Draw a bar of about a fifth of the image in its lower left corner.

    Parameters
    ----------
    axes
        Shows an image of (rows, columns) pixels.
    columns, rows
        Size of the image in its pixels.
    metres
        Ground width of a pixel of the image.
    """
    length = round_length(metres * columns / 5)
    bar, pad, thick = length / metres, 0.02 * columns, max(0.008 * columns, 0.5)
    bottom = rows - 0.5 - pad
    box = Rectangle(
        (pad - 0.5, bottom - 4.6 * thick - pad / 2),
        bar + pad,
        4.6 * thick + pad / 2,
        color="black",
        alpha=0.6,
        linewidth=0,
    )
    axes.add_patch(box)
    axes.add_patch(Rectangle((pad * 1.5 - 0.5, bottom - thick - pad / 4), bar, thick, color="white", linewidth=0))
    axes.text(
        pad * 1.5 - 0.5 + bar / 2,
        bottom - 1.6 * thick - pad / 4,
        length_text(length),
        color="white",
        size=TEXT,
        ha="center",
        va="bottom",
    )
