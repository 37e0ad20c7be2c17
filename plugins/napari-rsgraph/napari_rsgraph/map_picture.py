"""The points of the 2-D map as an image: all of them once per view, the selected ones over it once per brush step."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QBrush, QColor, QImage, QPainter, QPen

from napari_rsgraph.view_transform import ViewTransform
from rsgraph.brushing.drawing import BACKGROUND, Viewport, dim, draw_points, overlay_points
from rsgraph.brushing.index import PointIndex

_FADE = 0.38
"""Brightness left to points that are not selected: dim, not gone."""

_FEW = 4000
"""Up to here points in view are drawn one by one, smooth and with an edge; beyond, as an image in one go."""

_AT_ONCE_S = 0.02
"""A picture that takes longer is drawn by a thread while the last one is shown, moved and scaled."""

_drawing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rsgraph-map")


@dataclass(frozen=True)
class Points:
    """What is drawn: never changed in place, so that a thread may read it."""

    points: np.ndarray
    index: PointIndex
    colours: np.ndarray
    visible: np.ndarray | None = None

    def in_view(self, view: ViewTransform, limit: int) -> np.ndarray:
        """Return the visible rows in view; at most ``limit`` + 1: one more only says that there are too many."""
        return self.index.in_view(view.window(), limit=limit + 1, visible=self.visible)


@dataclass(frozen=True)
class Request:
    """One picture: of these points, in this view, on a screen with so many device pixels per logical one."""

    points: Points
    view: ViewTransform
    ratio: float


def dot_diameter(area: float, n: int) -> float:
    """Return the diameter, in logical pixels, of n dots that share an area: they cover about a tenth of it."""
    return float(np.clip((0.15 * area / max(n, 1)) ** 0.5, 1.0, 14.0))


class MapPicture:
    """Draws the points and keeps what it drew until something changes.

    The picture without a selection is kept as it is and dimmed. A step of the brush only draws the selected
    points over a copy of the dimmed one.
    """

    def __init__(self) -> None:
        self._layers: _Dots | _Cloud | None = None
        self._job: Future[_Dots | _Cloud] | None = None
        self._slow = False
        self._selected: np.ndarray | None = None
        self._image: QImage | None = None

    def set_selected(self, rows: np.ndarray | None) -> None:
        """Say which rows are bright; None for all."""
        self._selected = rows
        self._image = None

    @property
    def refining(self) -> bool:
        """Whether a thread is drawing a better picture."""
        return self._job is not None

    @property
    def ready(self) -> bool:
        """Whether the better picture is there, so that painting again would show it."""
        return self._job is not None and self._job.done()

    @property
    def diameter(self) -> float:
        """Diameter of the dots, in logical pixels."""
        return self._layers.diameter if self._layers else 1.0

    def forget(self) -> None:
        """Drop what was drawn: other points, of which nothing old may be seen."""
        self._layers, self._image, self._slow = None, None, False

    def image(self, request: Request) -> tuple[QImage, ViewTransform] | None:
        """Return the newest picture and the view that it shows: another than requested while it is being refined.

        None where nothing has been drawn yet.
        """
        self._collect()
        if self._layers is None or self._layers.request != request:
            self._renew(request)
        if self._layers is None:
            return None
        if self._image is None:
            rows = self._selected
            self._image = self._layers.plain if rows is None else self._layers.with_selected(rows)
        return self._image, self._layers.request.view

    def _renew(self, request: Request) -> None:
        if self._job is not None:
            return
        few = request.points.in_view(request.view, _FEW)
        if len(few) <= _FEW:
            self._take(_Dots(request, few))
        elif self._slow or len(request.points.points) > 200_000:
            self._job = _drawing.submit(_Cloud, request)
        else:
            self._take(_Cloud(request))

    def _collect(self) -> None:
        if self._job is not None and self._job.done():
            job, self._job = self._job, None
            self._take(job.result())

    def _take(self, layers: _Dots | _Cloud) -> None:
        self._layers, self._image = layers, None
        self._slow = layers.seconds > _AT_ONCE_S


class _Cloud:
    """Very many points: an image made by numpy."""

    def __init__(self, request: Request) -> None:
        start = perf_counter()
        self.request = request
        points, view = request.points, request.view
        n = len(points.index.inside(view.window(), visible=points.visible))
        self.diameter = dot_diameter(view.width * view.height, n)
        self._viewport = _viewport(request)
        self._pixels = draw_points(
            points.points,
            points.colours,
            self._viewport,
            size=self.diameter * request.ratio,
            background=BACKGROUND,
            visible=points.visible,
            index=points.index,
        )
        self._faded = dim(self._pixels, _FADE)
        self.plain = _image(self._pixels, request.ratio)
        self.seconds = perf_counter() - start

    def with_selected(self, rows: np.ndarray) -> QImage:
        """Return the picture in which only these rows are bright."""
        points = self.request.points
        size = self.diameter * self.request.ratio
        image = self._faded.copy()
        overlay_points(image, points.points, rows, points.colours, self._viewport, size=size)
        self._over = image
        return _image(image, self.request.ratio)


class _Dots:
    """Few points: dots with smooth edges, the selected ones with a white rim."""

    def __init__(self, request: Request, rows: np.ndarray) -> None:
        start = perf_counter()
        self.request = request
        view = request.view
        self.diameter = dot_diameter(view.width * view.height, len(rows))
        self._place = np.full(len(request.points.points), -1, np.int32)
        self._place[rows] = np.arange(len(rows))
        self._at = view.to_screen(request.points.points[rows])
        self._colours = request.points.colours[rows]
        self.plain = self._blank()
        self._draw(self.plain, np.arange(len(rows)), self._colours, rim=None)
        self._faded: QImage | None = None
        self.seconds = perf_counter() - start

    def with_selected(self, rows: np.ndarray) -> QImage:
        """Return the picture in which only these rows are bright."""
        if self._faded is None:
            self._faded = self._blank()
            grey = (self._colours * _FADE + np.array(BACKGROUND) * (1 - _FADE)).astype(np.uint8)
            self._draw(self._faded, np.arange(len(self._at)), grey, rim=None)
        image = self._faded.copy()
        chosen = self._place[rows]
        self._draw(image, chosen[chosen >= 0], self._colours, rim=QColor(255, 255, 255))
        return image

    def _blank(self) -> QImage:
        view, ratio = self.request.view, self.request.ratio
        image = QImage(round(view.width * ratio), round(view.height * ratio), QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        image.fill(QColor(*BACKGROUND))
        return image

    def _draw(self, image: QImage, places: np.ndarray, colours: np.ndarray, *, rim: QColor | None) -> None:
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = float(np.clip(self.diameter / 6, 0.6, 1.6))
        dark = QPen(QColor(*BACKGROUND), width * 0.7) if self.diameter > 4 else QPen(Qt.PenStyle.NoPen)
        painter.setPen(QPen(rim, width) if rim is not None else dark)
        radius = self.diameter / 2 + (0.5 if rim is not None else 0)
        for place in places.tolist():
            painter.setBrush(QBrush(QColor(*colours[place].tolist())))
            painter.drawEllipse(QPointF(*self._at[place]), radius, radius)
        painter.end()


def _viewport(request: Request) -> Viewport:
    window, view, ratio = request.view.window(), request.view, request.ratio
    return Viewport(
        window.x - window.half_width,
        window.x + window.half_width,
        window.y - window.half_height,
        window.y + window.half_height,
        round(view.width * ratio),
        round(view.height * ratio),
    )


def _image(pixels: np.ndarray, ratio: float) -> QImage:
    """Return an image that looks into the array (h, w, 4), which must be kept as long as the image."""
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBX8888)
    image.setDevicePixelRatio(ratio)
    return image
