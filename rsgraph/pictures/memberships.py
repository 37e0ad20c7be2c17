"""Fuzzy memberships: one small map per cluster."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from rsgraph.pictures.figure import GRAY, SMALL, TEXT, bare, place_axes, sheet
from rsgraph.types import Floats, Mask

COLOURS = "viridis"
GAP, LABEL, BAR = 0.15, 0.28, 0.9
"""Inches: between panels, for a panel's title, for the colour bar at the right."""


def columns_of_panels(count: int, aspect: float) -> int:
    """Panels per row, so that the whole is about as wide as high (``aspect``: width / height of a panel)."""
    return max(1, min(count, 6, math.ceil(math.sqrt(count / aspect))))


def draw_memberships(memberships: Floats, valid: Mask, *, title: str, caption: str) -> Figure:
    """Draw one panel per cluster, all with one scale from 0 to 1.

    Parameters
    ----------
    memberships
        (C, rows, columns) in 0-1.
    valid
        (rows, columns); other pixels are light gray.
    title, caption
        Name of the scene; what made the clusters.

    Returns
    -------
    figure
        Panel i is headed by the number of the cluster (from 1, as everywhere) and the share of valid pixels
        whose strongest cluster it is.
    """
    count, rows, columns = memberships.shape
    across = columns_of_panels(count, columns / rows)
    lines = math.ceil(count / across)
    shares = _shares(memberships, valid)
    wide = 12.5 - 0.8 - BAR
    width = min((wide - (across - 1) * GAP) / across, 6.0)
    height = width * rows / columns
    content = lines * (height + LABEL) + (lines - 1) * GAP
    note = "Percentages: pixels of which the cluster is the strongest."
    figure, (left, bottom, _, _) = sheet(content, title, f"{caption} {note}")
    scale = ScalarMappable(Normalize(0, 1), COLOURS)
    for cluster in range(count):
        x = left + (cluster % across) * (width + GAP)
        y = bottom + content - LABEL - height - (cluster // across) * (height + LABEL + GAP)
        axes = place_axes(figure, x, y, width, height)
        _panel(axes, memberships[cluster], valid, f"cluster {cluster + 1}  ·  {shares[cluster]:.1%}")
    tall = min(content - LABEL, 6.0)
    bar = place_axes(figure, left + wide + 0.2, bottom + content - LABEL - tall, 0.22, tall)
    figure.colorbar(scale, cax=bar)
    bar.tick_params(labelsize=SMALL)
    bar.set_ylabel("membership", size=TEXT)
    return figure


def _shares(memberships: Floats, valid: Mask) -> Floats:
    """Share of valid pixels per strongest cluster."""
    strongest = memberships.argmax(axis=0)[valid]
    shares = np.bincount(strongest, minlength=len(memberships)) / max(1, len(strongest))
    return shares.astype(np.float32)


def _panel(axes: Axes, membership: Floats, valid: Mask, title: str) -> None:
    axes.set_facecolor("0.88")
    axes.imshow(np.ma.masked_where(~valid, membership), cmap=COLOURS, vmin=0, vmax=1)
    axes.set_title(title, size=TEXT, loc="left", pad=4, color=GRAY)
    bare(axes)
