"""The figure of all pictures: size, fonts, heading, saving. No pyplot, no global state."""

from __future__ import annotations

import textwrap
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from rsgraph.files import atomic
from rsgraph.io.display import Pixels
from rsgraph.warning_filters import ignored

DPI = 120
WIDTH = 12.5
"""Inches: 1500 pixels."""

MARGIN = 0.4
"""Inches on all sides."""

TITLE, TEXT, SMALL = 17, 11, 9
"""Points."""

GRAY = "0.35"


def sheet(content_height: float, title: str, caption: str) -> tuple[Figure, tuple[float, float, float, float]]:
    """Make a figure of the usual width with a heading.

    Parameters
    ----------
    content_height
        Inches that the drawing under the heading needs.
    title
        What one sees, in a few words.
    caption
        Units, colours, how to read it; wrapped.

    Returns
    -------
    figure, box
        The box (left, bottom, width, height) of the drawing, in inches.
    """
    titles = textwrap.wrap(title, 84, max_lines=2, placeholder=" ...") or [""]
    lines = textwrap.wrap(caption, 150)
    head = 0.3 * len(titles) + 0.2 * len(lines) + 0.15
    figure = Figure(figsize=(WIDTH, content_height + head + 2 * MARGIN), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    height = figure.get_figheight()
    top = height - MARGIN
    write(figure, "\n".join(titles), MARGIN, top, TITLE, weight="bold")
    write(figure, "\n".join(lines), MARGIN, top - 0.3 * len(titles) - 0.02, TEXT, colour=GRAY)
    return figure, (MARGIN, MARGIN, WIDTH - 2 * MARGIN, content_height)


def write(
    figure: Figure, text: str, left: float, top: float, size: float, *, colour: str = "black", weight: str = "normal"
) -> None:
    """Write at a place given in inches from the lower left. Dollar signs are only dollar signs."""
    place = left / figure.get_figwidth(), top / figure.get_figheight()
    figure.text(*place, text, size=size, color=colour, weight=weight, va="top", linespacing=1.25, parse_math=False)


def place_axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes at a box given in inches."""
    across, up = figure.get_figwidth(), figure.get_figheight()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def show_image(axes: Axes, image: Pixels) -> None:
    """Show an image without ticks: smoothed where it shrinks, in crisp pixels where it grows."""
    axes.imshow(image, interpolation="auto", aspect="equal")
    bare(axes)


def bare(axes: Axes) -> None:
    """Take away ticks; leave a thin gray frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color("0.6")
        side.set_linewidth(0.6)


def save_png(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG, whole or not at all.

    Raises
    ------
    OutputError
        Disk full, or the folder is not writable.
    """
    # A scene's name in a script that the font lacks: boxes are drawn, which is no reason to alarm.
    with atomic(path) as temporary, ignored(r"Glyph \d+ .* missing from font"):
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": "rsgraph"})
    return path
