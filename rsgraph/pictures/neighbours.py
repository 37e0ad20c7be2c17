"""Sheets of chips beside their nearest neighbours, by which the similarity can be judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rsgraph.io.display import Pixels
from rsgraph.pictures.chip_map import resized
from rsgraph.pictures.figure import GRAY, MARGIN, SMALL, TEXT, WIDTH, bare, place_axes, sheet
from rsgraph.types import Floats

SHOWN = 8
"""Neighbours per query."""

GAP, LABEL, HEAD, APART = 0.1, 0.24, 0.3, 0.25
"""Inches: between chips, under a chip, over the columns, between query and neighbours."""


def choose_queries(points: Floats, count: int = 8) -> list[int]:
    """Choose chips that differ: the one nearest the middle of the map, then always the farthest from all chosen.

    Parameters
    ----------
    points
        (P, 2) of the chip map.
    count
        Fewer where there are fewer chips.

    Returns
    -------
    indices
        Sorted.
    """
    if len(points) == 0:
        return []
    chosen = [int(((points - np.median(points, axis=0)) ** 2).sum(axis=1).argmin())]
    while len(chosen) < min(count, len(points)):
        distance = ((points[:, None] - points[chosen]) ** 2).sum(axis=2).min(axis=1)
        distance[chosen] = -1.0
        chosen.append(int(distance.argmax()))
    return sorted(chosen)


def draw_neighbours(
    queries: Sequence[int],
    indices: NDArray[np.int64],
    similarities: Floats,
    thumbnails: Sequence[Pixels] | Mapping[int, Pixels],
    *,
    title: str,
    caption: str,
) -> Figure:
    """Draw query chips at the left and their nearest chips, best first, with the similarity beneath.

    Parameters
    ----------
    queries
        Chips to ask for, one row each.
    indices, similarities
        (P, k), as in ``Similarity``.
    thumbnails
        Images (rows, columns, 3) uint8 of the P chips, or by number of those that are drawn.
    title, caption
        Name of the scene; the matcher and layer.
    """
    shown = min(SHOWN, indices.shape[1])
    side = (WIDTH - 2 * MARGIN - APART - SHOWN * GAP) / (SHOWN + 1)
    line = side + LABEL + GAP
    content = HEAD + max(1, len(queries)) * line
    figure, (left, bottom, _, _) = sheet(content, title, caption)

    def put(chip: int, x: float, y: float, text: str, colour: str) -> None:
        axes = place_axes(figure, x, y, side, side)
        axes.imshow(resized(thumbnails[chip], int(side * 120)), interpolation="nearest")
        bare(axes)
        axes.set_xlabel(text, size=SMALL + 0.5, labelpad=3, color=colour)

    def head(text: str, x: float) -> None:
        place = x / figure.get_figwidth(), (bottom + content) / figure.get_figheight()
        figure.text(*place, text, size=TEXT, weight="bold", va="top")

    first = left + side + GAP + APART
    head("query", left)
    head("most similar chips, best first; similarity beneath" if shown else "no other chip", first)
    for row, query in enumerate(queries):
        y = bottom + content - HEAD - row * line - side
        put(query, left, y, f"chip {query}", "black")
        for place, (chip, value) in enumerate(zip(indices[query, :shown], similarities[query], strict=False)):
            put(int(chip), first + place * (side + GAP), y, f"{value:.3f}  (chip {chip})", GRAY)
    return figure
