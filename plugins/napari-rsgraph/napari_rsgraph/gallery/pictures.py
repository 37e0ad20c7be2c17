"""Pictures of chips for a gallery: read, dimmed where not chosen, and kept until something in them changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtGui import QImage

from napari_rsgraph.gallery.grid import Mask, Rows
from rsgraph.brushing.tinting import dim_unchosen, outline, paint_classes
from rsgraph.view.view import View

LABEL_OPACITY = 0.5

_KEPT = 64 * 2**20
"""Bytes of pictures kept for scrolling back, besides those in sight: a thousand of 128 x 128 pixels."""

_BATCH = 16
"""Chips made at a time: their 2 MB stay in the processor's cache."""

_OUTLINED_FROM = 96
"""Pixels of a tile; in smaller ones the outlines hide the picture."""


class Pictures:
    """Makes pictures of chips, and makes again only those in which something changed."""

    def __init__(self) -> None:
        self.view: View | None = None
        self.codes: NDArray[np.integer[Any]] | None = None
        self.palette: NDArray[np.uint8] = np.zeros((1, 3), np.uint8)
        self.names: Sequence[str] = ()
        self.labels = False
        self.outlines = False
        self._pixels = 0.0
        self._chosen: Mask | None = None
        self._made: dict[int, QImage] = {}
        self._ranges: dict[int, slice] = {}

    def __getitem__(self, chip: int) -> QImage | None:
        return self._made.get(chip)

    def set_view(self, view: View | None) -> None:
        """Take the pixels from another view."""
        self.view = view
        self.forget()

    def forget(self) -> None:
        """Make all pictures anew."""
        self._made.clear()
        self._ranges.clear()

    def choose(self, chosen: Mask | None) -> None:
        """Dim all segments but those of a mask (max_id + 1,) by id; None: none is.

        While a brush moves, few segments change: only the chips that may hold one of them are made again.
        """
        before, self._chosen = self._chosen, None if chosen is None else chosen.copy()
        if before is None or chosen is None or len(before) != len(chosen):
            if before is not None or chosen is not None:
                self._made.clear()
            return
        changed = before != chosen
        self._made = {chip: picture for chip, picture in self._made.items() if not changed[self._ranges[chip]].any()}

    def is_chosen(self, segment: int) -> bool:
        """Whether a segment is in full colour at segment level."""
        chosen = self._chosen
        return chosen is not None and segment < len(chosen) and bool(chosen[segment])

    def class_of(self, segment: int) -> list[str]:
        """Return the class of a segment in one word, or nothing where no labels were given."""
        if self.codes is None or segment >= len(self.codes):
            return []
        code = int(self.codes[segment])
        if not code:
            return ["no label"]
        return [self.names[code - 1] if code <= len(self.names) else f"class {code}"]

    def any_chosen(self, chip: int) -> bool:
        """Whether any segment of a chip that was made is in full colour."""
        if chip not in self._ranges or self._chosen is None:
            return False
        return bool(self._chosen[self._ranges[chip]].any())

    def make(self, chips: Rows, pixels: float) -> None:
        """Make the pictures of these chips that are not there yet.

        Parameters
        ----------
        chips
            Rows of the table of chips.
        pixels
            Side of a tile on the screen.
        """
        if pixels != self._pixels:  # also where the window has gone to a finer screen
            self._pixels = pixels
            self.forget()
        missing = chips[[int(chip) not in self._made for chip in chips]] if len(chips) else chips
        if self.view is None or not len(missing):
            return
        for start in range(0, len(missing), _BATCH):
            few = missing[start : start + _BATCH]
            for chip, picture in zip(few.tolist(), self._painted(self.view, few, pixels), strict=True):
                self._made[chip] = _image(picture)
        spare = _KEPT // self._made[int(missing[0])].sizeInBytes()
        if len(self._made) > spare + len(chips):
            self._made = {chip: self._made[chip] for chip in chips.tolist()}

    def _painted(self, view: View, chips: Rows, pixels: float) -> NDArray[np.uint8]:
        rgb, ids = view.chips(chips, stored_size(view.side, pixels))
        if self.labels and self.codes is not None:
            paint_classes(rgb, ids, self.codes, self.palette, LABEL_OPACITY, out=rgb)
        if self._chosen is not None:
            dim_unchosen(rgb, ids, self._chosen, outlined=pixels >= _OUTLINED_FROM, out=rgb)
        if self.outlines and pixels >= _OUTLINED_FROM:
            borders = outline(ids)
            rgb[borders] = rgb[borders] // 2 + 127  # half transparent: small segments would be all outline
        for chip, here in zip(chips.tolist(), ids, strict=True):
            if chip not in self._ranges:
                self._ranges[chip] = _range(here)
        return rgb


def _range(ids: NDArray[np.uint32]) -> slice:
    """Return the range of the ids in a chip; 0 is no data."""
    there = ids[ids > 0]
    return slice(int(there.min()), int(there.max()) + 1) if there.size else slice(0)


def stored_size(side: int, pixels: float) -> int:
    """Return the power of two to read for tiles of so many pixels: not coarser than the screen, nor finer than chips.

    >>> stored_size(256, 100.0)
    128
    """
    size = next((size for size in (64, 128) if size >= pixels), 256)
    return min(size, side) if side <= 256 else size


def _image(picture: NDArray[np.uint8]) -> QImage:
    """Turn a square picture into an image with pixels of its own, in the format that is drawn quickest."""
    size = len(picture)
    return QImage(picture.data, size, size, 3 * size, QImage.Format.Format_RGB888).convertToFormat(
        QImage.Format.Format_RGB32
    )
