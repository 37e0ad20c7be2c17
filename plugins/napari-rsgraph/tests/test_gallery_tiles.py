"""Tiles of a gallery."""

from __future__ import annotations

import numpy as np
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, Qt

from napari_rsgraph.gallery.gallery import Gallery
from napari_rsgraph.gallery.grid import GAP, Shown
from napari_rsgraph.gallery.tiles import Tiles
from rsgraph.view.view import View
from rsgraph.workspace import SceneInfo


def test_segments_that_small_tiles_leave_out_are_painted_in_large_ones(qtbot: QtBot) -> None:
    """Segment 4 is one pixel, which no smaller picture has."""
    ids = np.full((256, 256), 2, np.uint32)
    ids[:, 128:], ids[255, 255] = 3, 4
    rgb, where = np.full((256, 256, 3), 200, np.uint8), np.array([[0, 0, 256, 256]])
    info = SceneInfo("coast", ("B04", "B03", "B02"), 256, 256, None, (1, 0, 0, 0, 1, 0), (), None)
    flat = rgb.reshape(-1, 3), ids.reshape(-1)
    gallery = Gallery()
    qtbot.addWidget(gallery)
    gallery.set_view(View([info], "gray", 256, where, np.zeros(1, np.int64), *flat, None))
    gallery.resize(400, 400)
    gallery.tile_size = 64
    gallery.show_segments(np.array([0]), np.zeros(5, bool))
    gallery.screenshot()
    gallery.tile_size = 256
    gallery.show_segments(np.array([0]), np.arange(5) == 3)
    gallery.screenshot()
    gallery.show_segments(np.array([0]), np.isin(np.arange(5), [3, 4]))
    tile = gallery.tiles.tile(0)
    corner = gallery.tiles.viewport().mapTo(gallery, tile.bottomRight())
    assert gallery.screenshot()[corner.y(), corner.x()].tolist() == [200, 200, 200]


def test_tiles_lie_side_by_side_with_their_captions_below(qtbot: QtBot) -> None:
    tiles = Tiles()
    qtbot.addWidget(tiles)
    tiles.resize(2 * 64 + 3 * GAP + 30, 300)
    tiles.set_side(64)
    tiles.show_tiles(Shown(np.array([7, 3, 5]), None, None, 9))
    assert [tiles.tile(place).topLeft() for place in (0, 1)] == [QPoint(GAP, GAP), QPoint(64 + 2 * GAP, GAP)]
    assert tiles.place_at(tiles.tile(2).center()) == 2
    assert tiles.place_at(QPoint(0, 0)) == -1
    assert tiles.caption(1) == "chip 3"
    assert tiles.text_at(tiles.tile(1).center()) == "chip 3\nDouble-click: show it on the map"


def test_captions_say_how_many_segments_are_chosen(qtbot: QtBot) -> None:
    tiles = Tiles()
    qtbot.addWidget(tiles)
    tiles.captions = "tile {}".format
    tiles.show_tiles(Shown(np.array([2, 4]), np.ones(9, bool), np.array([1, 1200])))
    assert [tiles.caption(place) for place in (0, 1)] == ["tile 2 · 1 segment", "tile 4 · 1\u00a0200 segments"]


def test_modes_of_the_keys_that_are_held() -> None:
    shift, alt = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
    control = Qt.KeyboardModifier.ControlModifier
    assert Tiles._mode(shift, taken=False) == "add"
    assert Tiles._mode(shift | alt, taken=False) == "intersect"
    assert [Tiles._mode(control, taken=taken) for taken in (True, False)] == ["subtract", "add"]
