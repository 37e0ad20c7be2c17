"""Superpixels: their outlines over a few chips, large enough to judge them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from rsgraph.io.display import Pixels
from rsgraph.pictures.figure import GRAY, MARGIN, TEXT, WIDTH, bare, place_axes, sheet
from rsgraph.types import Labels, Mask

YELLOW = (255, 221, 0)
GAP, LABEL = 0.2, 0.3
"""Inches: between panels, for a panel's title."""


def outlined(image: Pixels, labels: Labels, side: int) -> Pixels:
    """Enlarge a chip and draw a line of two pixels where two segments meet.

    Parameters
    ----------
    image
        (rows, columns, 3) uint8.
    labels
        (rows, columns) int32; 0 where there are no data.
    side
        Pixels that the longer side shall have at least.

    Returns
    -------
    image
        Enlarged by a whole factor.
    """
    factor = max(1, math.ceil(side / max(labels.shape)))
    large: Pixels = image.repeat(factor, axis=0).repeat(factor, axis=1)
    wide = labels.repeat(factor, axis=0).repeat(factor, axis=1)
    border = np.zeros(wide.shape, bool)
    down, right = _meet(wide[1:], wide[:-1]), _meet(wide[:, 1:], wide[:, :-1])
    border[1:] |= down
    border[:, 1:] |= right
    if factor >= 3:
        border[:-1] |= down
        border[:, :-1] |= right
    large[border] = YELLOW
    return large


def _meet(one: Labels, other: Labels) -> Mask:
    """Where two segments touch; the edge of the data shows by itself."""
    meet: Mask = (one != other) & (one > 0) & (other > 0)
    return meet


def draw_outlines(
    images: Sequence[Pixels], labels: Sequence[Labels], *, names: Sequence[str], title: str, caption: str
) -> Figure:
    """Draw up to four chips (a mosaic counts as one) with their segments outlined in yellow.

    Parameters
    ----------
    images
        (rows, columns, 3) uint8 each.
    labels
        (rows, columns) int32 each.
    names
        A heading per chip.
    title, caption
        Name of the scene; what made the segments.
    """
    count = min(len(images), 4)
    across = 1 if count == 1 else 2
    width = (WIDTH - 2 * MARGIN - (across - 1) * GAP) / across
    height = max(width * image.shape[0] / image.shape[1] for image in images[:count])
    lines = math.ceil(count / across)
    content = lines * (height + LABEL) + (lines - 1) * GAP
    figure, (left, bottom, _, _) = sheet(content, title, caption)
    for number in range(count):
        x = left + (number % across) * (width + GAP)
        y = bottom + content - LABEL - height - (number // across) * (height + LABEL + GAP)
        axes = place_axes(figure, x, y, width, height)
        axes.imshow(outlined(images[number], labels[number], side=int(width * 120)), interpolation="auto")
        axes.set_anchor("NW")
        bare(axes)
        axes.set_title(names[number], size=TEXT, loc="left", pad=4, color=GRAY, parse_math=False)
    return figure
