"""Marks over the points of the 2-D map: the brush, its count, the badge of its mode, hints and messages."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from napari_rsgraph.point_map.brush import half_sizes, middle
from napari_rsgraph.point_map.view_transform import ViewTransform
from rsgraph.brushing.shapes import Circle, Mode, Rectangle, Shape

BRUSH = QColor(255, 221, 87)
"""Yellow, as in the paper's figures; a dark line under it keeps it visible over bright points."""

_TEXT = QColor(236, 238, 242)
_PANEL = QColor(40, 44, 52, 225)
_BADGES: dict[str, str] = {"add": "+", "subtract": "−", "intersect": "&"}


def brush_path(shape: Shape, view: ViewTransform) -> QPainterPath:
    """Return the outline of the shape on the screen, in logical pixels."""
    path = QPainterPath()
    if isinstance(shape, (Circle, Rectangle)):
        left, top = view.to_screen(np.array([middle(shape)]))[0]
        width, height = (half * view.scale for half in half_sizes(shape))
        box = QRectF(left - width, top - height, 2 * width, 2 * height)
        if isinstance(shape, Circle):
            path.addEllipse(box)
        else:
            path.addRect(box)
        return path
    path.addPolygon(QPolygonF([QPointF(*corner) for corner in view.to_screen(shape.points).tolist()]))
    path.closeSubpath()
    return path


def draw_brush(painter: QPainter, shape: Shape, view: ViewTransform, *, ghost: bool = False) -> None:
    """Draw the brush; a ghost shows where and how large it would be."""
    path = brush_path(shape, view)
    painter.setBrush(Qt.BrushStyle.NoBrush if ghost else QBrush(QColor(255, 221, 87, 26)))
    painter.setPen(QPen(QColor(0, 0, 0, 110 if ghost else 170), 3.5))
    painter.drawPath(path)
    line = QColor(BRUSH)
    line.setAlpha(150 if ghost else 255)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(line, 1.6, Qt.PenStyle.DashLine if ghost else Qt.PenStyle.SolidLine))
    painter.drawPath(path)


def draw_count(painter: QPainter, text: str, shape: Shape, view: ViewTransform) -> None:
    """Write the count above the brush, or below or inside it where the border of the widget is near."""
    box = brush_path(shape, view).boundingRect()
    size = _text_size(painter, text)
    width, height = size.width() + 14, size.height() + 6
    top = box.top() - height - 5
    if top < 2:
        top = box.bottom() + 5 if box.bottom() + height + 7 < view.height else max(box.top(), 0) + 6
    left = float(np.clip(box.center().x() - width / 2, 2, max(view.width - width - 2, 2)))
    _panel(painter, QRectF(left, top, width, height), text, BRUSH)


def draw_badge(painter: QPainter, mode: Mode, at: QPointF) -> None:
    """Draw + − or & beside the pointer; nothing where the brush replaces."""
    if mode not in _BADGES:
        return
    centre = at + QPointF(15, 15)
    painter.setPen(QPen(QColor(0, 0, 0, 200), 1.5))
    painter.setBrush(QBrush(BRUSH))
    painter.drawEllipse(centre, 9, 9)
    painter.setPen(QColor(20, 20, 20))
    painter.setFont(_font(painter, 1.15, bold=True))
    painter.drawText(QRectF(centre.x() - 9, centre.y() - 10, 18, 19), Qt.AlignmentFlag.AlignCenter, _BADGES[mode])


def draw_ring(painter: QPainter, at: np.ndarray, diameter: float) -> None:
    """Draw a ring round the point under the pointer."""
    radius = max(diameter / 2 + 3, 5)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((QColor(0, 0, 0, 180), 3.5), (QColor(255, 255, 255), 1.5)):
        painter.setPen(QPen(colour, width))
        painter.drawEllipse(QPointF(*at), radius, radius)


def draw_hint(painter: QPainter, text: str, view: ViewTransform, opacity: float) -> None:
    """Write one line at the bottom, on two where it is too long."""
    painter.setOpacity(opacity)
    painter.setFont(_font(painter, 0.95))
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    room = QRectF(12, 0, view.width - 24, view.height - 8)
    size = QFontMetricsF(painter.font()).boundingRect(room, int(flags), text)
    box = QRectF(0, 0, size.width() + 18, size.height() + 8)
    box.moveCenter(QPointF(view.width / 2, view.height - box.height() / 2 - 6))
    _panel(painter, box, text, QColor(200, 204, 212))
    painter.setOpacity(1.0)


def draw_message(painter: QPainter, text: str, view: ViewTransform, progress: float | None) -> None:
    """Write a message in the middle, with a bar below it where a share of the work is known."""
    painter.setFont(_font(painter, 1.15))
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    room = QRectF(24, 0, view.width - 48, view.height)
    size = QFontMetricsF(painter.font()).boundingRect(room, int(flags), text)
    bar = 0 if progress is None else 18
    width = max(size.width(), 160 if bar else 0) + 36
    box = QRectF(0, 0, min(width, view.width - 8), size.height() + 24 + bar)
    box.moveCenter(QPointF(view.width / 2, view.height / 2))
    _panel(painter, box, "", _TEXT)
    painter.setPen(_TEXT)
    painter.drawText(box.adjusted(6, 0, -6, -bar), int(flags), text)
    if progress is not None:
        _bar(painter, QRectF(box.left() + 18, box.bottom() - 20, box.width() - 36, 6), progress)


def _bar(painter: QPainter, box: QRectF, progress: float) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(QColor(80, 86, 98)))
    painter.drawRoundedRect(box, 3, 3)
    painter.setBrush(QBrush(BRUSH))
    done = box.width() * float(np.clip(progress, 0, 1))
    painter.drawRoundedRect(QRectF(box.left(), box.top(), done, box.height()), 3, 3)


def _panel(painter: QPainter, box: QRectF, text: str, colour: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(_PANEL))
    painter.drawRoundedRect(box, 5, 5)
    if text:
        painter.setPen(colour)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), text)


def _text_size(painter: QPainter, text: str) -> QRectF:
    room = QRectF(0, 0, 4000, 4000)
    return QFontMetricsF(painter.font()).boundingRect(room, int(Qt.AlignmentFlag.AlignLeft), text)


def _font(painter: QPainter, factor: float, *, bold: bool = False) -> QFont:
    font = QFont(painter.font())
    if font.pointSizeF() > 0:
        font.setPointSizeF(font.pointSizeF() * factor)
    font.setBold(bold)
    return font
