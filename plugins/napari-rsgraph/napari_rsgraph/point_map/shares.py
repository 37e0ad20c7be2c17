"""Shares of classes, drawn: a bar along the foot of a picture, or a dot cut like a cake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPen

_DARK = QColor(15, 17, 22)
_LEAST = 0.005
"""Shares below are left out: less than a pixel of the largest bar."""
_TURN = 16 * 360
"""Qt counts sixteenths of degrees."""


Parts = list[tuple[QColor, float, float]]
"""Colour, start and end (0 ... 1) of each."""


@dataclass(frozen=True, eq=False)
class PointShares:
    """What each point of the map is made of.

    Parameters
    ----------
    values
        (points, classes) float32, each row sums to 1.
    colours
        (classes, 3) uint8.
    """

    values: NDArray[np.float32]
    colours: NDArray[np.uint8]

    def parts(self, row: int) -> Parts:
        """Return colour, start and end (0 ... 1) of the parts of a point, always in the order of the classes.

        What has no class, the first of them, comes last.
        """
        order = [*range(1, len(self.colours)), 0]
        shares, found, start = self.values[row], [], 0.0
        for code in order:
            share = float(shares[code])
            if share >= _LEAST:
                found.append((QColor(*self.colours[code].tolist()), start, start + share))
                start += share
        return [(colour, begin / start, end / start) for colour, begin, end in found]


def draw_bar(painter: QPainter, place: QRectF, parts: Parts) -> None:
    """Draw a bar along the foot of a picture, over it.

    Parameters
    ----------
    painter
        In logical pixels.
    place
        Of the picture.
    parts
        As of ``PointShares.parts``.
    """
    height = min(max(place.height() * 0.12, 5.0), 9.0)
    bar = QRectF(place.left(), place.bottom() - height, place.width(), height)
    painter.fillRect(bar.adjusted(0, -1.5, 0, 0), _DARK)
    for colour, start, end in parts:
        painter.fillRect(
            QRectF(bar.left() + start * bar.width(), bar.top(), (end - start) * bar.width(), bar.height()), colour
        )


def draw_pie(
    painter: QPainter,
    at: NDArray[Any],
    diameter: float,
    parts: Parts,
    *,
    bright: bool,
) -> None:
    """Draw a dot at a place (2,) in logical pixels, cut into the parts, clockwise from the top."""
    box = QRectF(at[0] - diameter / 2, at[1] - diameter / 2, diameter, diameter)
    painter.setOpacity(1.0 if bright else 0.4)
    painter.setPen(Qt.PenStyle.NoPen)
    for colour, start, end in parts:
        painter.setBrush(colour)
        if end - start > 1 - 1e-6:
            painter.drawEllipse(box)
        else:
            painter.drawPie(box, round(_TURN * (0.25 - start)), -round(_TURN * (end - start)))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(_DARK, 1))
    painter.drawEllipse(QPointF(float(at[0]), float(at[1])), diameter / 2, diameter / 2)
    painter.setOpacity(1.0)
