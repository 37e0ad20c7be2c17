"""The gallery: pictures of the brushed chips, at segment level with everything but the chosen segments dimmed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QAction, QImage
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QVBoxLayout, QWidget

from napari_rsgraph.actions import key
from napari_rsgraph.gallery.grid import GAP, Mask, Rows, Shown
from napari_rsgraph.gallery.tiles import HINT, LARGEST, SMALLEST, STEP, Caption, Tiles
from napari_rsgraph.session.chip_order import ORDERS, TEXTS
from napari_rsgraph.widgets.controls import HIT, Slider
from napari_rsgraph.widgets.layouts import FlowLayout
from napari_rsgraph.widgets.shortcuts import add_actions, shown
from rsgraph.view.view import View


class Gallery(QWidget):
    """Pictures of chips, with a line that says how many, a slider for their size and a switch for labels.

    Parameters
    ----------
    parent
        As of any widget.
    """

    chip_clicked = Signal(int, str)
    """Row of the chip; replace, add, subtract or intersect."""
    chip_activated = Signal(int)
    """Double click or Enter: show it on the map."""
    chip_hovered = Signal(int)
    """Row of the chip under the pointer, -1 for none."""
    segment_clicked = Signal(int, str)
    """Segment id; replace, add, subtract or intersect."""
    order_chosen = Signal(str)
    """most, typical or spread."""
    segments_painted = Signal(object, str, bool)
    """All segment ids of the stroke so far (int64); the mode; True once the stroke is finished."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tiles = Tiles(self)
        self._header = QLabel()
        self._slider = _size_slider(self.tiles)
        self._order = _order_box()
        self._order.currentIndexChanged.connect(lambda place: self.order_chosen.emit(ORDERS[place]))
        self._make_actions()
        self._lay_out()
        tiles = self.tiles
        tiles.chip_clicked.connect(self.chip_clicked)
        tiles.chip_activated.connect(self.chip_activated)
        tiles.chip_hovered.connect(self.chip_hovered)
        tiles.segment_clicked.connect(self.segment_clicked)
        tiles.segments_painted.connect(self.segments_painted)
        self._show_header()

    # what is shown

    def set_view(self, view: View | None) -> None:
        """Take the pictures from here; None while there are none: tiles are gray."""
        self.tiles.pictures.set_view(view)
        self.tiles.forget()

    def show_chips(self, chips: Rows, *, total: int | None = None, strips: int = 0) -> None:
        """Show chips (rows of the table) in this order, of ``total`` in all; ``strips`` of them are edge strips."""
        self.tiles.show_tiles(Shown(np.asarray(chips, dtype=np.int64), None, None, total, strips))
        self._show_header()

    def show_segments(
        self,
        chips: Rows,
        chosen: Mask,
        *,
        counts: NDArray[np.integer[Any]] | None = None,
        total: int | None = None,
        strips: int = 0,
    ) -> None:
        """Show chips with the chosen segments in full colour with a line round them, and the others dimmed.

        Parameters
        ----------
        chips
            Rows of the table of chips, in the order of the tiles.
        chosen
            (max_id + 1,) by segment id.
        counts
            (chips,) number of chosen segments in each chip, for the captions.
        total
            How many chips there are in all.
        strips
            How many of the chips are narrow strips at the edge of their scene.
        """
        self.tiles.show_tiles(Shown(np.asarray(chips, dtype=np.int64), chosen, counts, total, strips))
        self._show_header()

    def set_classes(
        self,
        codes_by_id: NDArray[np.integer[Any]] | None,
        palette: NDArray[np.uint8] | None = None,
        names: Sequence[str] = (),
    ) -> None:
        """Give the labels that the switch lays over the pictures.

        Parameters
        ----------
        codes_by_id
            (max_id + 1,) class of each segment by id, 0 for none; None for no labels.
        palette
            (classes + 1, 3) colour of each code.
        names
            Of the classes 1, 2 ..., for tooltips.
        """
        pictures = self.tiles.pictures
        pictures.codes, pictures.names = codes_by_id, names
        if palette is not None:
            pictures.palette = palette
        self._labels.setEnabled(codes_by_id is not None)
        if pictures.labels:
            self.tiles.forget()

    def set_captions(self, captions: Caption | None) -> None:
        """Write ``captions(chip)`` below the tiles; None: the chip's number."""
        self.tiles.captions = captions
        self.tiles.viewport().update()

    def set_selected(self, chips: Mask | None) -> None:
        """Frame the chips of a mask (chips,)."""
        self.tiles.selected = chips
        self.tiles.viewport().update()

    def set_message(self, text: str | None) -> None:
        """Write this where there are no chips; None: the hint to brush."""
        self.tiles.message = HINT if text is None else text
        self.tiles.viewport().update()

    @property
    def tile_size(self) -> int:
        """Side of a tile in pixels of the screen."""
        return self.tiles.side

    @tile_size.setter
    def tile_size(self, side: int) -> None:
        self.tiles.set_side(side)

    @property
    def header(self) -> str:
        """What is shown, in words."""
        return str(self._header.text())

    def screenshot(self) -> NDArray[np.uint8]:
        """Return what the widget shows, (rows, columns, 3)."""
        image = self.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
        lines = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        return lines[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()

    def _show_header(self) -> None:
        self._header.setText(self.tiles.shown.header() if len(self.tiles.shown.chips) else "No chips")

    def _make_actions(self) -> None:
        tiles = self.tiles
        self.named = add_actions(
            self,
            {
                "larger_tiles": lambda: tiles.set_side(tiles.side + STEP),
                "smaller_tiles": lambda: tiles.set_side(tiles.side - STEP),
                "tile_labels": self._toggle_labels,
                "tile_outlines": self._toggle_outlines,
            },
        )
        self._labels, self._outlines = self.named["tile_labels"], self.named["tile_outlines"]
        for switch in (self._labels, self._outlines):
            switch.setCheckable(True)
        self._labels.setEnabled(False)

    def _toggle_labels(self) -> None:
        self.tiles.pictures.labels = self._labels.isChecked()
        self.tiles.forget()

    def _toggle_outlines(self) -> None:
        self.tiles.pictures.outlines = self._outlines.isChecked()
        self.tiles.forget()

    def _lay_out(self) -> None:
        line = FlowLayout(spacing=8)
        line.setContentsMargins(GAP, 2, GAP, 0)
        line.addWidget(self._header)
        line.addWidget(self._order)
        for switch in (self._labels, self._outlines):
            line.addWidget(_check_box(switch))
        line.addWidget(self._slider)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(2)
        whole.addLayout(line)
        whole.addWidget(self.tiles, 1)


def _check_box(switch: QAction) -> QCheckBox:
    """Show a switch as a box with a tick: napari's themes hardly show whether a button is down."""
    box = QCheckBox(switch.text())
    box.setToolTip(switch.toolTip())
    box.setMinimumHeight(HIT)
    box.setEnabled(switch.isEnabled())
    box.clicked.connect(switch.trigger)

    def follow() -> None:
        box.setChecked(switch.isChecked())
        box.setEnabled(switch.isEnabled())

    switch.changed.connect(follow)
    return box


def _order_box() -> QComboBox:
    box = QComboBox()
    for order in ORDERS:
        text, sentence = TEXTS[order]
        box.addItem(text)
        box.setItemData(box.count() - 1, sentence, Qt.ItemDataRole.ToolTipRole)
    box.setAccessibleName("Order of the chips")
    box.setToolTip("\n".join(f"{text}: {sentence}" for text, sentence in TEXTS.values()))
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    return box


def _size_slider(tiles: Tiles) -> Slider:
    slider = Slider(Qt.Orientation.Horizontal)
    slider.setRange(SMALLEST // STEP, LARGEST // STEP)
    slider.setValue(tiles.side // STEP)
    slider.setFixedWidth(80)
    keys = (shown(key(name)) for name in ("larger_tiles", "smaller_tiles"))
    slider.setToolTip(f"Size of the tiles (Ctrl + scroll, {', '.join(keys)})")
    slider.setAccessibleName("Size of the tiles")
    slider.valueChanged.connect(lambda steps: tiles.set_side(steps * STEP))
    tiles.resized_tiles.connect(lambda side: slider.setValue(side // STEP))
    return slider
