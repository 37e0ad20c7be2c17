"""The 2-D map of segments, coloured by strongest membership."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from rsgraph.io.display import Pixels
from rsgraph.pictures.figure import GRAY, SMALL, TEXT, bare, place_axes, sheet
from rsgraph.pictures.palette import cluster_colours
from rsgraph.types import Floats

SIDE = 9.6
"""Inches of the map."""


def marker_area(count: int) -> float:
    """Area of a point in square points of type: a quarter of the map in all, 0.8-40."""
    return float(np.clip(0.25 * (SIDE * 72) ** 2 / max(1, count), 0.8, 40))


def opacity(count: int) -> float:
    """Opacity of a point: 0.9 for a few, 0.15 for a million."""
    return float(np.clip(0.9 - 0.25 * (math.log10(max(1, count)) - 3), 0.15, 0.9))


def draw_segment_map(
    points: Floats,
    strongest: NDArray[np.int64],
    n_clusters: int,
    *,
    title: str,
    caption: str,
    true_colours: Pixels | None = None,
) -> Figure:
    """Draw segments as points.

    Parameters
    ----------
    points
        (S, 2).
    strongest
        (S,) index (from 0) of the cluster to which each segment belongs most.
    n_clusters
        C.
    title, caption
        Name of the scene; layer and projector.
    true_colours
        (C, 3) uint8: what each cluster looks like in the quicklook, shown in the legend.
    """
    note = "Each point is a segment; neighbours in the map are similar; axes have no unit, directions no meaning."
    figure, (left, bottom, _, _) = sheet(SIDE, title, f"{caption} {note}")
    axes = place_axes(figure, left, bottom, SIDE, SIDE)
    colours = cluster_colours(n_clusters)
    order = np.random.default_rng(0).permutation(len(points))  # no cluster lies on top of all others
    size, alpha = marker_area(len(points)), opacity(len(points))
    x, y = points[order].T
    axes.scatter(x, y, s=size, c=colours[strongest[order]], alpha=alpha, linewidths=0)
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.03)
    bare(axes)
    _number_clusters(axes, points, strongest, n_clusters)
    legend = place_axes(figure, left + SIDE + 0.15, bottom, 12.5 - 0.8 - SIDE - 0.15, SIDE)
    _legend(legend, np.bincount(strongest, minlength=n_clusters), colours, true_colours)
    return figure


def _number_clusters(axes: Axes, points: Floats, strongest: NDArray[np.int64], n_clusters: int) -> None:
    """Write each cluster's number at the member that is closest to the members' median."""
    for cluster in range(n_clusters):
        members = points[strongest == cluster]
        if len(members):
            middle = np.median(members, axis=0)
            x, y = members[((members - middle) ** 2).sum(axis=1).argmin()]
            halo = [withStroke(linewidth=3.5, foreground="white")]
            axes.text(
                x, y, str(cluster + 1), size=TEXT + 3, weight="bold", ha="center", va="center", path_effects=halo
            )


def _legend(axes: Axes, counts: NDArray[np.int64], colours: Floats, true_colours: Pixels | None) -> None:
    """One line per cluster: colour, number, share; and what it looks like."""
    axes.set_axis_off()
    axes.set_xlim(0, 1.95)
    axes.set_ylim(SIDE, 0)
    step = min(0.34, (SIDE - 1.0) / max(1, len(counts)))
    axes.text(0, 0, "strongest cluster", size=TEXT, weight="bold", va="top")
    below = "share of segments" + ("; as it looks" if true_colours is not None else "")
    axes.text(0, 0.24, below, size=SMALL, color=GRAY, va="top")
    for cluster, count in enumerate(counts):
        y = 0.72 + cluster * step
        axes.scatter([0.1], [y], s=90, color=[colours[cluster]], linewidths=0, clip_on=False)
        axes.text(0.28, y, f"{cluster + 1}", size=TEXT, va="center")
        axes.text(1.05, y, f"{count / max(1, counts.sum()):.1%}", size=TEXT, va="center", ha="right", color=GRAY)
        if true_colours is not None:
            looks = [true_colours[cluster] / 255]  # with an edge, since clouds are as white as the paper
            axes.scatter([1.4], [y], s=150, marker="s", color=looks, edgecolors="0.6", linewidths=0.6)
