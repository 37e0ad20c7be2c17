"""The points of the 2-D map as an image: all of them once per view, the selected ones over it once per brush step."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from time import perf_counter

import numpy as np
from qtpy.QtGui import QImage

from napari_rsgraph.point_map.view_transform import ViewTransform
from rsgraph.brushing.dimming import dimmed
from rsgraph.brushing.drawing import BACKGROUND, DOTS, Viewport, dim, dot_size, draw_points, overlay_points
from rsgraph.brushing.index import PointIndex
from rsgraph.brushing.shapes import Circle, Lasso, Rectangle

_FADE, _COLOUR = 0.45, 0.5
"""Contrast and colour left to points that are not selected: darker and grayer, not gone."""

_LIT = 20_000
"""Beyond so many selected points in a density, their pixels are lit up instead of drawing them again."""

_MANY = 200_000
"""So many points are drawn by a thread even the first time, when it is not known how long it takes."""

_AT_ONCE_S = 0.02
"""A picture that takes longer is drawn by a thread while the last one is shown, moved and scaled."""

_drawing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rsgraph-map")


def warm_up() -> None:
    """Have a thread load or compile all that a first brush needs, so that it does not stutter."""
    _drawing.submit(_every_kind_once)


@cache
def _every_kind_once() -> None:
    points = np.array([[0, 0], [1, 0], [0, 1]], np.float32)
    index = PointIndex(points)
    for shape in (Circle(0, 0, 1), Rectangle(0, 0, 1, 1), Lasso(points.astype(np.float64))):
        index.inside(shape)
    index.nearest(0, 0, within=1.0)
    viewport = Viewport(-1, 2, -1, 2, 8, 8)
    for drawn in (points, np.zeros((DOTS + 1, 2), np.float32)):
        colours = np.zeros((len(drawn), 3), np.uint8)
        image = draw_points(drawn, colours, viewport)
        overlay_points(image, drawn, np.arange(len(drawn)), colours, viewport)
        dim(image, _FADE, saturation=_COLOUR)
    dimmed(np.zeros((1, 3), np.uint8))


@dataclass(frozen=True, eq=False)
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


def dot_scale(n: int) -> float:
    """Return the size in logical pixels to draw n points with: a handful of chips are easy targets of the mouse."""
    return 6.0 * float(np.clip((400 / max(n, 1)) ** 0.15, 1.0, 1.5))


class MapPicture:
    """Draws the points and keeps what it drew until something changes.

    The picture without a selection is kept as it is and dimmed. A step of the brush only draws the selected
    points over a copy of the dimmed one.
    """

    def __init__(self) -> None:
        self._layers: Layers | None = None
        self._job: Future[Layers] | None = None
        self._wanted: Request | None = None
        self._slow = False
        self._selected: np.ndarray | None = None
        self._image: QImage | None = None

    def set_selected(self, rows: np.ndarray | None) -> None:
        """Say which rows are bright; None for all."""
        self._selected = rows
        self._image = None

    @property
    def refining(self) -> bool:
        """Whether a better picture is wanted or being drawn."""
        return self._job is not None or self._wanted is not None

    def refine(self) -> bool:
        """Have a thread draw the better picture; return whether it is there, so that painting again would show it.

        Called after painting: the last picture, moved and scaled, is on the screen before the thread competes.
        """
        if self._job is None and self._wanted is not None:
            self._job, self._wanted = _drawing.submit(Layers, self._wanted), None
        return self._job is not None and self._job.done()

    @property
    def diameter(self) -> float:
        """Diameter of the dots, in logical pixels."""
        return self._layers.diameter if self._layers else 1.0

    def forget(self) -> None:
        """Drop what was drawn: other points, of which nothing old may be seen."""
        self._layers, self._image, self._wanted, self._slow = None, None, None, False

    def image(self, request: Request) -> tuple[QImage, ViewTransform] | None:
        """Return the newest picture and the view that it shows: another than requested while it is being refined.

        None where nothing has been drawn yet.
        """
        self._collect()
        self._wanted = None
        if self._layers is None or self._layers.request != request:
            self._renew(request)
        if self._layers is None:
            return None
        if self._image is None:
            rows = self._selected
            self._image = self._layers.plain if rows is None else self._layers.with_selected(rows)
        return self._image, self._layers.request.view

    def _renew(self, request: Request) -> None:
        if self._slow or len(request.points.points) > _MANY:
            self._wanted = request
        elif self._job is None:
            self._take(Layers(request))

    def _collect(self) -> None:
        if self._job is not None and self._job.done():
            job, self._job = self._job, None
            self._take(job.result())

    def _take(self, layers: Layers) -> None:
        self._layers, self._image = layers, None
        self._slow = layers.seconds > _AT_ONCE_S


class Layers:
    """One request, drawn: the plain picture, a dimmed one, and what it takes to light up points in it."""

    def __init__(self, request: Request) -> None:
        start = perf_counter()
        self.request = request
        points, view = request.points, request.view
        n = len(points.index.inside(view.window(), points.visible))
        self._size = dot_scale(n) * request.ratio
        self.diameter = dot_size(self._size, n) / request.ratio
        self._viewport = _viewport(request)
        self._pixels = draw_points(
            points.points,
            points.colours,
            self._viewport,
            size=self._size,
            visible=points.visible,
            index=points.index,
        )
        self._faded = dim(self._pixels, _FADE, saturation=_COLOUR)
        self._places: np.ndarray | None = None
        if self.diameter == 0:
            self._places = _pixel_numbers(points.points, self._viewport)
            self._bright = _lightened(self._pixels)
        self.plain = _image(self._pixels, request.ratio)
        self.seconds = perf_counter() - start

    def with_selected(self, rows: np.ndarray) -> QImage:
        """Return the picture in which only these rows are bright."""
        pixels = self._lit(rows) if self.diameter == 0 and len(rows) > _LIT else self._overlaid(rows)
        self._over = pixels
        return _image(pixels, self.request.ratio)

    def _overlaid(self, rows: np.ndarray) -> np.ndarray:
        points = self.request.points
        return overlay_points(
            self._faded.copy(),
            points.points,
            rows,
            points.colours,
            self._viewport,
            size=self._size,
            visible=points.visible,
            index=points.index,
        )

    def _lit(self, rows: np.ndarray) -> np.ndarray:
        """Of very many points only the pixels are lit up: they are drawn already, in the plain picture."""
        assert self._places is not None
        height, width = self._faded.shape[:2]
        lit = np.zeros(height * width + 1, np.bool_)
        lit[self._places[rows]] = True
        wide = _widened(lit[:-1].reshape(height, width))
        bright, faded = self._bright.view(np.uint32)[..., 0], self._faded.view(np.uint32)[..., 0]
        return np.where(wide, bright, faded)[..., None].view(np.uint8)


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


def _pixel_numbers(points: np.ndarray, viewport: Viewport) -> np.ndarray:
    """Return in which pixel each point (n, 2) lies, counted line by line; one past the last for those out of view."""
    (across, along), width, height = viewport.scale, viewport.width, viewport.height
    with np.errstate(invalid="ignore", over="ignore"):
        column = np.floor((points[:, 0] - np.float32(viewport.x_min)) * np.float32(across))
        line = np.floor((np.float32(viewport.y_max) - points[:, 1]) * np.float32(along))
        seen = (column >= 0) & (column < width) & (line >= 0) & (line < height)
    numbers = np.full(len(points), width * height, np.int32)
    numbers[seen] = line[seen].astype(np.int32) * width + column[seen].astype(np.int32)
    return numbers


def _widened(mask: np.ndarray) -> np.ndarray:
    """Return the mask with all pixels above, below and beside those that are set."""
    wide = mask.copy()
    wide[1:] |= mask[:-1]
    wide[:-1] |= mask[1:]
    wide[:, 1:] |= mask[:, :-1]
    wide[:, :-1] |= mask[:, 1:]
    return wide


def _lightened(pixels: np.ndarray) -> np.ndarray:
    """Return the picture brighter: what is faint in it rises most, the background stays."""
    ground = np.array([*BACKGROUND, 255], np.uint8)
    lighter = 255 - (255 - pixels.astype(np.uint16)) * 2 // 3
    return np.where((pixels == ground).all(axis=2, keepdims=True), pixels, lighter).astype(np.uint8)


def _image(pixels: np.ndarray, ratio: float) -> QImage:
    """Return an image that looks into the array (h, w, 4), which must be kept as long as the image."""
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBX8888)
    image.setDevicePixelRatio(ratio)
    return image
