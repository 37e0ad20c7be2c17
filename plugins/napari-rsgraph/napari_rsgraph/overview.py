"""The left side of the window: the 2-D map with bar and legend above the gallery, linked with the session."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QSplitter, QVBoxLayout, QWidget

from napari_rsgraph.gallery.gallery import Gallery
from napari_rsgraph.point_map.bar import MapBar
from napari_rsgraph.point_map.brush import Tool
from napari_rsgraph.point_map.legend import Legend
from napari_rsgraph.point_map.point_map import PointMap
from napari_rsgraph.session.amounts import counted
from napari_rsgraph.session.chip_order import ChipOrder, Order
from napari_rsgraph.session.session import Session
from napari_rsgraph.session.shares import shares_text
from napari_rsgraph.widgets.refresh import ticks
from rsgraph.brushing.shapes import Mode
from rsgraph.view.view import View

_THUMBNAIL, _ENOUGH = 128, 1.75
"""Pixels along a picture on the map, and how dense a screen may be for them to be sharp there."""
_MAP_HEIGHT, _GALLERY_HEIGHT = 470, 270
"""At 1280 x 800: two rows of tiles."""
_LISTED = 4
"""Classes named in the label beside the brush."""


class Overview(QWidget):
    """Shows what the session shows, and hands the user's brushing to it.

    Parameters
    ----------
    session
        Open.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.bar, self.points, self.legend = MapBar(session, self), PointMap(self), Legend(session, self)
        self.gallery = Gallery(self)
        self.chip_order = ChipOrder(session.workspace, session.tables, session.selection)
        self._moving = False
        self.view: View | None = None
        self._lay_out()
        self._listen()
        self._show_map()

    def _lay_out(self) -> None:
        top = Upper(self)
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for widget in (self.bar, self.points, self.legend):
            column.addWidget(widget, 1 if widget is self.points else 0)
        self.splitter = QSplitter(Qt.Orientation.Vertical, self)
        self.splitter.addWidget(top)
        self.splitter.addWidget(self.gallery)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([_MAP_HEIGHT, _GALLERY_HEIGHT])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.splitter)

    def _listen(self) -> None:
        session = self.session
        self.points.brushed.connect(session.brush)
        self.points.clicked.connect(lambda row, mode: session.brush(np.array([row]), mode, True))
        self.points.describe_brush = self._describe
        self.points.set_tooltip(self._point_text)
        self.gallery.chip_clicked.connect(self._chip_clicked)
        self.gallery.chip_activated.connect(self._chip_activated)
        self.gallery.segment_clicked.connect(self._segment_clicked)
        self.gallery.segments_painted.connect(self._segments_painted)
        self.gallery.set_captions(self._chip_text)
        self.gallery.order_chosen.connect(self._set_order)
        self.bar.tool_chosen.connect(self._set_tool)
        self.bar.mode_chosen.connect(self.points.set_mode)
        self.points.tool_changed.connect(self.bar.set_tool)
        self.points.mode_changed.connect(self.bar.set_mode)
        selection, labels = session.selection, session.labels
        session.map_changed.connect(self._show_map)
        session.colouring.changed.connect(self._show_colours)
        selection.changed.connect(self._show_selection)
        selection.visible_changed.connect(self._show_visible)
        selection.chips_chosen.connect(self._show_visible)
        labels.changed.connect(self._show_labels)
        labels.classes_changed.connect(self._show_labels)

    def set_view(self, view: View | None) -> None:
        """Give the pictures of the scene, once they are there."""
        self.view = view
        self.gallery.set_view(view)
        self._show_thumbnails()
        self._show_labels()
        self._show_gallery()

    # from the session

    def _show_map(self) -> None:
        shown = self.session.map
        self.points.set_points(shown.points, index=shown.index)
        self._show_colours()
        self.points.set_visible(self.session.map_visible())
        self._show_thumbnails()
        self._show_selection(True)

    def _show_thumbnails(self) -> None:
        wanted = self.view is not None and self.session.selection.level == "chips"
        self.points.set_thumbnails(self._thumbnail if wanted else None, whole=_THUMBNAIL)

    def _thumbnail(self, point: int) -> QImage | None:
        if self.view is None:
            return None
        side = round(_THUMBNAIL * max(self.devicePixelRatioF() / _ENOUGH, 1.0))
        rgb, _ = self.view.chip(int(self.session.map.rows[point]), side)
        return image_of(rgb)

    def _show_colours(self) -> None:
        session = self.session
        self.points.set_colours(session.map.of_points(session.colouring.colours(session.selection.level)))
        shares = session.colouring.shares() if session.selection.level == "chips" else None
        if shares is None:
            self.points.set_shares(None)
        else:
            self.points.set_shares(session.map.of_points(shares.values), shares.colours)

    def _show_visible(self) -> None:
        visible = self.session.map_visible()
        self.points.set_visible(visible)
        hidden = visible is not None and not visible.any()
        self.points.set_message("The filter hides all points: choose Filter > Show all" if hidden else None)
        self._show_selection(True)

    def _show_selection(self, final: bool) -> None:
        selected = self.session.map_selection()
        self.points.set_selection(selected if selected.any() else None)
        self._moving = not final
        ticks().ask(self._show_gallery, self)

    def _set_order(self, order: Order) -> None:
        self.chip_order.how = order
        self._show_gallery()

    def _show_gallery(self) -> None:
        selection, tables = self.session.selection, self.session.tables
        chips, level = self.chip_order.chips(self.session.map.layer, moving=self._moving), selection.level
        strips = int(np.count_nonzero(tables.strips[chips])) if len(tables.scenes) == 1 else 0
        self.gallery.set_message(None if len(chips) else f"Brush points in the map above to see their {level}")
        if level == "chips":
            self.gallery.show_chips(chips, total=tables.n_chips, strips=strips)
        else:
            counts = self.chip_order.counts[chips]
            lookup, total = selection.target_lookup(), tables.n_chips
            self.gallery.show_segments(chips, lookup, counts=counts, total=total, strips=strips)

    def _show_labels(self) -> None:
        labelling = self.session.labels
        self.gallery.set_classes(labelling.codes_by_id(), labelling.palette(), ["", *labelling.names])

    def point_at(self, row: int) -> None:
        """Ring the point of a segment (or of its chip) that the pointer is on in the scene; -1 for none."""
        session, shown = self.session, self.session.map
        if row >= 0 and session.selection.level == "chips":
            row = int(session.tables.chip_of[row])
        if row >= 0 and shown.subset:
            found = np.flatnonzero(shown.rows == row)
            row = int(found[0]) if len(found) else -1
        self.points.point_at(row)

    # to the session

    def _set_tool(self, tool: Tool) -> None:
        self.points.tool = tool

    def _chip_clicked(self, chip: int, mode: Mode) -> None:
        """At chip level the chip is selected; at segment level all its segments."""
        selection, at_chips = self.session.selection, self.session.selection.level == "chips"
        rows = np.array([chip]) if at_chips else np.flatnonzero(self.session.tables.chip_of == chip)
        selection.select_at_level(rows, mode, final=True)

    def _chip_activated(self, chip: int) -> None:
        self.session.focus_requested.emit(np.flatnonzero(self.session.tables.chip_of == chip))

    def _segment_clicked(self, segment: int, mode: Mode) -> None:
        row = int(self.session.tables.row_of_id[segment])
        if row >= 0:
            self.session.selection.select(np.array([row]), mode)

    def _segments_painted(self, ids: NDArray[np.int64], mode: Mode, final: bool) -> None:
        rows = self.session.tables.row_of_id[np.asarray(ids, dtype=np.int64)]
        self.session.selection.select(rows[rows >= 0], mode, final=final)

    # words

    def _describe(self, points: NDArray[np.int64]) -> str:
        """Say what is under the brush: how many, and of which classes."""
        session = self.session
        rows = session.map.rows[points]
        if session.selection.level == "chips":
            return counted(len(rows), "chip")
        labelling = session.labels
        counts = np.bincount(labelling.codes[rows], minlength=len(labelling.names) + 1)
        names = ["unlabelled", *labelling.names]
        order = [code for code in np.argsort(-counts, kind="stable")[:_LISTED] if counts[code]]
        listed = ", ".join(f"{names[code]} {counts[code]:,}" for code in order)
        return counted(len(rows), "segment") + (f": {listed}" if len(labelling.names) else "")

    def _point_text(self, point: int) -> str:
        row = int(self.session.map.rows[point])
        return self._chip_hover(row) if self.session.selection.level == "chips" else self._segment_text(row)

    def _chip_text(self, chip: int) -> str:
        table = self.session.tables.chips
        named = str(table["scene_id"].iloc[chip]) if "scene_id" in table else ""
        return f"chip {int(table['chip_id'].iloc[chip])} {named}".strip()

    def _chip_hover(self, chip: int) -> str:
        """What a chip is made of, and how small it is where it is a strip at the edge."""
        lines, tables = [self._chip_text(chip)], self.session.tables
        if tables.strips[chip]:
            window = tables.window_of(chip)
            lines.append(f"a strip at the edge of the scene: {window.rows} x {window.columns} pixels")
        shares = self.session.colouring.shares()
        if shares is not None:
            lines.append(shares_text(shares.values[chip], shares.names))
        return "\n".join(lines)

    def _segment_text(self, row: int) -> str:
        session = self.session
        code = int(session.labels.codes[row])
        name = session.labels.names[code - 1] if code else "unlabelled"
        chip = int(session.tables.segments["chip_id"].iloc[row])
        return f"segment {int(session.tables.ids[row])} in chip {chip}: {name}"


class Upper(QWidget):
    """The map with its bar and legend, which take as many rows as the width asks for.

    A splitter asks for no such height by itself: it would lay the legend over the map.
    """

    def event(self, event: QEvent) -> bool:
        """Ask for the height that the content needs at this width."""
        layout = self.layout()
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest) and layout is not None:
            self.setMinimumHeight(layout.minimumHeightForWidth(self.width()))
        return super().event(event)


def image_of(rgb: NDArray[np.uint8]) -> QImage:
    """Return pixels (rows, columns, 3) as an image of its own."""
    pixels = np.ascontiguousarray(rgb)
    rows, columns, _ = pixels.shape
    return QImage(pixels.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()
