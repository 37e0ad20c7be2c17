"""Thumbnails in place of dots, where the points of the 2-D map lie far enough apart."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import perf_counter

import numpy as np
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPen, QPixmap

from napari_rsgraph.point_map.shares import Parts, PointShares, draw_bar
from rsgraph.brushing.dimming import dimmed
from rsgraph.brushing.drawing import BACKGROUND

Thumbnail = Callable[[int], "QImage | None"]

LIMIT = 400
"""More points in view than this are never shown as thumbnails."""

_SMALLEST = 26
"""Side in logical pixels below which a picture says less than a dot."""

_FRAME = QColor(200, 204, 214, 140)
"""Around a picture whose bar has the colours."""

_NARROWEST = 8.0
"""Logical pixels of the thinnest strip."""

_KEPT = 1000
_BUDGET_S = 0.012
"""For fetching new pictures in one repaint; the others follow in the next ones."""


def thumbnail_side(at: np.ndarray, largest: int) -> int:
    """Return the side, in logical pixels, of thumbnails at these places (n, 2) of the screen; 0 for dots.

    It is a little more than the distance between neighbours, the median of it: few overlap, and not by much.
    """
    from scipy.spatial import cKDTree

    if not len(at):
        return 0
    if len(at) == 1:
        return largest
    side = 1.25 * float(np.median(cKDTree(at).query(at, k=2)[0][:, 1]))
    return int(min(largest, side)) if side >= _SMALLEST else 0


class Thumbnails:
    """Fetches, scales, keeps and draws the pictures of single points.

    Parameters
    ----------
    fetch
        Gives the picture of a row, or None while it is not loaded: a dot is then drawn, and it is asked again.
    largest
        Side, in logical pixels.
    whole
        Pixels along a whole picture of ``fetch``: one of fewer, of a strip at the edge of a scene, is drawn as much
        smaller. None: all are drawn equally large.
    """

    def __init__(self, fetch: Thumbnail, largest: int, whole: int | None = None) -> None:
        self._fetch = fetch
        self.largest, self.whole = largest, whole
        self._kept: OrderedDict[int, QPixmap] = OrderedDict()
        self._dimmed: dict[int, QPixmap] = {}
        self.incomplete = False

    def forget(self) -> None:
        """Drop all pictures: the rows are of other points now."""
        self._kept.clear()
        self._dimmed.clear()

    def draw(
        self,
        painter: QPainter,
        rows: np.ndarray,
        at: np.ndarray,
        colours: np.ndarray,
        selected: np.ndarray | None,
        hover: int,
        ratio: float,
        shares: PointShares | None = None,
    ) -> int:
        """Draw what there is and return the side in logical pixels, 0 where dots do; ``incomplete``: more follow.

        Parameters
        ----------
        painter
            On the widget.
        rows, at, colours
            The points in view (n,), their logical pixels (n, 2) and colours (n, 3).
        selected
            Mask (n,) of these rows: they are framed in white, the others dimmed. None where nothing is selected.
        hover
            Row under the pointer, drawn larger and above the others; -1 for none.
        ratio
            Device pixels per logical one.
        shares
            What all points are made of: a bar in place of the frame in the colour of each.
        """
        side = thumbnail_side(at, self.largest)
        self.incomplete = False
        if not side:
            return 0
        deadline = perf_counter() + _BUDGET_S
        above = np.zeros(len(rows), np.int8) if selected is None else selected.astype(np.int8)
        above[rows == hover] = 2
        for place in np.argsort(above, kind="stable").tolist():
            size = side * 1.4 if above[place] == 2 else side
            picture = self._picture(int(rows[place]), ratio, deadline)
            if picture is not None:
                bright = None if selected is None else bool(selected[place])
                picture = self._dim(int(rows[place]), picture) if bright is False else picture
                parts = None if shares is None else shares.parts(int(rows[place]))
                frame = QColor(*colours[place].tolist()) if parts is None else _FRAME
                area = _area(picture, at[place], size / (self.largest * ratio))
                _draw_one(painter, picture, area, frame, bright, parts)
        return side

    def _picture(self, row: int, ratio: float, deadline: float) -> QPixmap | None:
        kept = self._kept.get(row)
        if kept is not None:
            self._kept.move_to_end(row)
            return kept
        if perf_counter() > deadline:
            self.incomplete = True
            return None
        image = self._fetch(row)
        if image is None or image.isNull():
            return None
        length = max(image.width(), image.height())
        share = 1.0 if self.whole is None else min(length / self.whole, 1.0)
        return self._keep(row, max(round(self.largest * ratio * share), 1), image)

    def _keep(self, row: int, side: int, image: QImage) -> QPixmap:
        keep_aspect, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        picture = self._kept[row] = QPixmap.fromImage(image.scaled(side, side, keep_aspect, smooth))
        self._dimmed.pop(row, None)
        if len(self._kept) > _KEPT:
            self._dimmed.pop(self._kept.popitem(last=False)[0], None)
        return picture

    def _dim(self, row: int, picture: QPixmap) -> QPixmap:
        """Return a picture grayer and darker, made once."""
        if row not in self._dimmed:
            self._dimmed[row] = _dimmed(picture)
        return self._dimmed[row]


def _dimmed(picture: QPixmap) -> QPixmap:
    """Return a picture as what is not chosen looks everywhere."""
    image = picture.toImage().convertToFormat(QImage.Format.Format_RGB888)
    lines = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    pixels = dimmed(lines[:, : 3 * image.width()].reshape(image.height(), image.width(), 3))
    made = QImage(pixels.data, image.width(), image.height(), 3 * image.width(), QImage.Format.Format_RGB888)
    return QPixmap.fromImage(made)


def _area(picture: QPixmap, at: np.ndarray, scale: float) -> QRectF:
    """Return where a picture is drawn: around a place (2,), thin strips still wide enough to be hit."""
    width, height = max(picture.width() * scale, _NARROWEST), max(picture.height() * scale, _NARROWEST)
    return QRectF(at[0] - width / 2, at[1] - height / 2, width, height)


def _draw_one(
    painter: QPainter,
    picture: QPixmap,
    place: QRectF,
    colour: QColor,
    bright: bool | None,
    parts: Parts | None,
) -> None:
    """Draw one thumbnail with a frame in the colour of its point, white and thick where it is selected."""
    painter.fillRect(place, QColor(*BACKGROUND))
    painter.drawPixmap(place, picture, QRectF(picture.rect()))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if bright:
        painter.setPen(QPen(QColor(255, 255, 255), 3))
        painter.drawRect(place.adjusted(-1.5, -1.5, 1.5, 1.5))
    painter.setOpacity(0.4 if bright is False else 1.0)
    if parts is not None:
        draw_bar(painter, place, parts)
        painter.setPen(QPen(colour, 1))
        painter.drawRect(place)
    else:
        painter.setPen(QPen(colour, 2))
        painter.drawRect(place.adjusted(1, 1, -1, -1))
    painter.setOpacity(1.0)
