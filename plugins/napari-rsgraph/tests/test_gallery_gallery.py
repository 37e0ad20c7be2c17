from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QFontMetrics, QHelpEvent, QKeySequence, QShortcut, QWheelEvent
from qtpy.QtWidgets import QCheckBox
from waiting import shown

from napari_rsgraph.gallery.gallery import Gallery
from napari_rsgraph.gallery.tiles import HINT
from rsgraph.brushing.tinting import dim_unchosen, paint_classes
from rsgraph.view.view import View
from rsgraph.workspace import SceneInfo

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

SIDE, ACROSS, DOWN = 64, 5, 8
N = ACROSS * DOWN
SEGMENTS = 16
Shift, Ctrl, Alt, No = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.NoModifier,
)
Left = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def view() -> View:
    """Forty chips of 4 x 4 square segments of 16 pixels; chip 0 has a corner without data."""
    rows, columns = DOWN * SIDE, ACROSS * SIDE
    rgb = np.random.default_rng(0).integers(0, 256, (rows, columns, 3), dtype=np.uint8)
    row, column = np.indices((rows, columns))
    chip = row // SIDE * ACROSS + column // SIDE
    ids = (chip * SEGMENTS + row % SIDE // 16 * 4 + column % SIDE // 16 + 1).astype(np.uint32)
    ids[:8, :8] = 0
    corners = [(r, c, SIDE, SIDE) for r in range(0, rows, SIDE) for c in range(0, columns, SIDE)]
    info = SceneInfo("coast", ("B04", "B03", "B02"), rows, columns, None, (1, 0, 0, 0, 1, 0), (), None)
    windows, scenes = np.array(corners), np.zeros(N, np.int64)
    return View([info], "true colour", SIDE, windows, scenes, rgb.reshape(-1, 3), ids.reshape(-1), None)


@pytest.fixture
def gallery(qtbot: QtBot, view: View) -> Gallery:
    """Tiles as large as chips: what is painted can be compared pixel by pixel."""
    made = Gallery()
    qtbot.addWidget(made)
    made.set_view(view)
    made.tile_size = SIDE
    made.resize(400, 300)
    shown(qtbot, made)
    return made


def painted(gallery: Gallery, place: int) -> np.ndarray[Any, Any]:
    """What the screen shows of a tile."""
    tile = gallery.tiles.tile(place)
    corner = gallery.tiles.viewport().mapTo(gallery, tile.topLeft())
    return gallery.screenshot()[corner.y() : corner.y() + SIDE, corner.x() : corner.x() + SIDE]


def chosen(*ids: int) -> np.ndarray[Any, Any]:
    lookup = np.zeros(N * SEGMENTS + 1, dtype=bool)
    lookup[list(ids)] = True
    return lookup


def middle(gallery: Gallery, place: int, segment: int) -> QPoint:
    """The middle of a segment, 0 to 15, of a tile."""
    row, column = divmod(segment, 4)
    return gallery.tiles.tile(place).topLeft() + QPoint(column * 16 + 8, row * 16 + 8)


def click(qtbot: QtBot, gallery: Gallery, at: QPoint, modifiers: Any = No) -> None:
    qtbot.mouseClick(gallery.tiles.viewport(), Left, modifiers, at)


def test_empty_gallery_hints_what_to_do(gallery: Gallery) -> None:
    assert gallery.tiles.message == HINT
    empty = gallery.screenshot()
    gallery.set_message("Nothing passes the filter")
    assert (gallery.screenshot() != empty).any()
    gallery.set_message(None)
    assert (gallery.screenshot() == empty).all()


def test_chips_are_painted_as_they_are(gallery: Gallery, view: View) -> None:
    gallery.show_chips(np.array([7, 3, 20]), total=N)
    for place, chip in enumerate((7, 3, 20)):
        np.testing.assert_array_equal(painted(gallery, place), view.chip(chip, SIDE)[0])


@pytest.mark.parametrize(
    ("chips", "total", "text"),
    [([], 40, "No chips"), ([1], 1, "1 of 1 chip"), ([1, 2], 1764, "2 of 1 764 chips"), ([1, 2], None, "2 chips")],
)
def test_header_counts_chips(gallery: Gallery, chips: list[int], total: int | None, text: str) -> None:
    gallery.show_chips(np.array(chips, dtype=int), total=total)
    assert gallery.header.replace("\u00a0", " ") == text


def test_header_counts_segments(gallery: Gallery) -> None:
    gallery.show_segments(np.arange(25), np.ones(3413, dtype=bool), total=40)
    assert gallery.header.replace("\u00a0", " ") == "25 of 40 chips, 3 413 segments"
    gallery.show_segments(np.arange(25), chosen(3), total=40)
    assert gallery.header == "25 of 40 chips, 1 segment"


def test_segments_that_are_not_chosen_are_dimmed(gallery: Gallery, view: View) -> None:
    lookup = chosen(1, 6, 3 * SEGMENTS + 2)
    gallery.show_segments(np.array([0, 3, 4]), lookup)
    for place, chip in enumerate((0, 3, 4)):
        rgb, ids = view.chip(chip, SIDE)
        found = painted(gallery, place)
        np.testing.assert_array_equal(found, dim_unchosen(rgb, ids, lookup))
        np.testing.assert_array_equal(found[lookup[ids]], rgb[lookup[ids]])


def test_what_is_painted_follows_a_moving_brush(gallery: Gallery, view: View) -> None:
    """Also where the caller changes its array in place; pictures without a change are not painted anew."""
    rng, lookup = np.random.default_rng(1), chosen()
    for turn in range(12):
        lookup[rng.integers(1, 4 * SEGMENTS, 5)] ^= True
        chips = np.sort(rng.permutation(6)[:4]) if turn % 3 == 0 else gallery.tiles.shown.chips
        gallery.show_segments(chips, lookup)
        for place, chip in enumerate(chips.tolist()):
            rgb, ids = view.chip(chip, SIDE)
            np.testing.assert_array_equal(painted(gallery, place), dim_unchosen(rgb, ids, lookup))


def test_pictures_return_to_full_colour_at_chip_level(gallery: Gallery, view: View) -> None:
    gallery.show_segments(np.arange(3), chosen(1))
    painted(gallery, 0)
    gallery.show_chips(np.arange(3))
    np.testing.assert_array_equal(painted(gallery, 0), view.chip(0, SIDE)[0])


class Counting:
    """Counts the chips that are read from a view."""

    def __init__(self, view: View) -> None:
        self.view, self.read = view, list[int]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.view, name)

    def chips(self, chips: np.ndarray[Any, Any], size: int) -> Any:
        self.read += chips.tolist()
        return self.view.chips(chips, size)


def test_only_chips_in_sight_are_read(gallery: Gallery, view: View) -> None:
    counting = Counting(view)
    gallery.set_view(counting)  # type: ignore[arg-type]  # all that the gallery asks for
    gallery.show_chips(np.arange(N))
    gallery.screenshot()
    seen = gallery.tiles.places_in_sight()
    assert counting.read == list(seen)
    assert len(seen) < N
    gallery.tiles.verticalScrollBar().setValue(gallery.tiles.verticalScrollBar().maximum())
    gallery.screenshot()
    assert counting.read[-1] == N - 1
    assert len(counting.read) == len(set(counting.read))


def test_only_chips_with_a_change_are_read_again(gallery: Gallery, view: View) -> None:
    counting = Counting(view)
    gallery.set_view(counting)  # type: ignore[arg-type]  # all that the gallery asks for
    gallery.show_segments(np.arange(5), chosen(1))
    gallery.screenshot()
    counting.read.clear()
    gallery.show_segments(np.arange(5), chosen(1, 2 * SEGMENTS + 5))
    gallery.screenshot()
    assert counting.read == [2]


def test_without_a_view_tiles_have_captions_only(gallery: Gallery) -> None:
    gallery.set_view(None)
    gallery.show_chips(np.arange(3))
    assert len(np.unique(painted(gallery, 1).reshape(-1, 3), axis=0)) == 1
    assert gallery.tiles.segment_at(middle(gallery, 1, 3)) == 0


@pytest.mark.parametrize(
    ("modifiers", "mode"),
    [
        (No, "replace"),
        (Shift, "add"),
        (Alt, "subtract"),
        (Ctrl, "subtract"),
        (Shift | Alt, "intersect"),
        (Shift | Ctrl, "intersect"),
    ],
)
def test_click_names_chip_and_mode(qtbot: QtBot, gallery: Gallery, modifiers: Any, mode: str) -> None:
    gallery.show_chips(np.array([7, 3, 20]))
    with qtbot.waitSignal(gallery.chip_clicked) as got:
        click(qtbot, gallery, gallery.tiles.tile(1).center(), modifiers)
    assert got.args == [3, mode]


def test_ctrl_adds_what_is_not_selected(qtbot: QtBot, gallery: Gallery) -> None:
    gallery.set_selected(np.arange(N) == 7)
    gallery.show_chips(np.array([7, 3]))
    for place, wanted in enumerate(([7, "subtract"], [3, "add"])):
        with qtbot.waitSignal(gallery.chip_clicked) as got:
            click(qtbot, gallery, gallery.tiles.tile(place).center(), Ctrl)
        assert got.args == wanted


def test_double_click_goes_to_the_chip(qtbot: QtBot, gallery: Gallery) -> None:
    gallery.show_chips(np.array([7, 3, 20]))
    with qtbot.waitSignal(gallery.chip_activated) as got:
        qtbot.mouseDClick(gallery.tiles.viewport(), Left, No, gallery.tiles.tile(2).center())
    assert got.args == [20]


@pytest.mark.parametrize(("modifiers", "mode"), [(No, "replace"), (Shift, "add"), (Alt, "subtract"), (Ctrl, "add")])
def test_click_at_segment_level_names_the_segment(qtbot: QtBot, gallery: Gallery, modifiers: Any, mode: str) -> None:
    gallery.show_segments(np.array([7, 3]), chosen(5))
    with qtbot.waitSignal(gallery.segment_clicked) as got, qtbot.assertNotEmitted(gallery.chip_clicked):
        click(qtbot, gallery, middle(gallery, 1, 6), modifiers)
    assert got.args == [3 * SEGMENTS + 7, mode]


def test_ctrl_click_takes_a_chosen_segment_away(qtbot: QtBot, gallery: Gallery) -> None:
    gallery.show_segments(np.array([7, 3]), chosen(3 * SEGMENTS + 7))
    with qtbot.waitSignal(gallery.segment_clicked) as got:
        click(qtbot, gallery, middle(gallery, 1, 6), Ctrl)
    assert got.args == [3 * SEGMENTS + 7, "subtract"]


def test_click_on_no_data_chooses_the_chip(qtbot: QtBot, gallery: Gallery) -> None:
    gallery.show_segments(np.array([0]), chosen())
    with qtbot.waitSignal(gallery.chip_clicked) as got, qtbot.assertNotEmitted(gallery.segment_clicked):
        click(qtbot, gallery, gallery.tiles.tile(0).topLeft() + QPoint(3, 3))
    assert got.args == [0, "replace"]


def test_segment_under_the_pointer_is_the_same_at_every_size(gallery: Gallery) -> None:
    gallery.show_segments(np.array([3]), chosen())
    for side in (48, 64, 112, 256):
        gallery.tile_size = side
        tile = gallery.tiles.tile(0)
        for segment in range(SEGMENTS):
            row, column = divmod(segment, 4)
            at = tile.topLeft() + QPoint((2 * column + 1) * side // 8, (2 * row + 1) * side // 8)
            assert gallery.tiles.segment_at(at) == 3 * SEGMENTS + segment + 1


def drag(qtbot: QtBot, gallery: Gallery, *points: QPoint) -> None:
    viewport = gallery.tiles.viewport()
    qtbot.mousePress(viewport, Left, Shift, points[0])
    for point in points[1:]:
        qtbot.mouseMove(viewport, point)
    qtbot.mouseRelease(viewport, Left, Shift, points[-1])


def test_dragging_paints_every_segment_on_the_way(qtbot: QtBot, gallery: Gallery) -> None:
    gallery.show_segments(np.array([7, 3]), chosen())
    said: list[tuple[list[int], str, bool]] = []
    gallery.segments_painted.connect(lambda ids, mode, final: said.append((ids.tolist(), mode, final)))
    drag(qtbot, gallery, middle(gallery, 1, 4), middle(gallery, 1, 7), middle(gallery, 1, 15))
    first = 3 * SEGMENTS + 1
    assert said[-1] == ([first + k for k in (4, 5, 6, 7, 11, 15)], "add", True)
    assert [final for _, _, final in said] == [False] * (len(said) - 1) + [True]
    assert said[0][0] == [first + k for k in (4, 5, 6, 7)]


def test_tiles_stay_where_they_are_while_segments_are_painted(qtbot: QtBot, gallery: Gallery) -> None:
    """Whoever listens shows only chips with chosen segments: nothing may move away under the pointer."""
    gallery.show_segments(np.array([7, 3]), chosen())
    shown: list[list[int]] = []

    def listen(ids: Any, mode: str, final: bool) -> None:
        gallery.show_segments(np.array([3]), chosen(*ids.tolist()))
        shown.append(gallery.tiles.shown.chips.tolist())

    gallery.segments_painted.connect(listen)
    drag(qtbot, gallery, middle(gallery, 1, 4), middle(gallery, 1, 7))
    assert shown == [[7, 3], [3]]


def test_labels_are_laid_over_pictures_when_switched_on(gallery: Gallery, view: View) -> None:
    codes = np.arange(N * SEGMENTS + 1) % 3
    palette = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 255]], np.uint8)
    labels = next(action for action in gallery.actions() if action.text() == "Labels")
    assert not labels.isEnabled()
    gallery.set_classes(codes, palette, ["water", "sand"])
    gallery.show_chips(np.array([3]))
    rgb, ids = view.chip(3, SIDE)
    np.testing.assert_array_equal(painted(gallery, 0), rgb)
    labels.trigger()
    np.testing.assert_array_equal(painted(gallery, 0), paint_classes(rgb, ids, codes, palette, 0.5))
    gallery.set_classes(np.zeros_like(codes), palette)
    np.testing.assert_array_equal(painted(gallery, 0), rgb)


def test_captions_and_tooltip_say_what_is_there(gallery: Gallery) -> None:
    tiles = gallery.tiles
    gallery.set_classes(np.full(N * SEGMENTS + 1, 2), np.zeros((3, 3), np.uint8), ["water", "sand"])
    gallery.show_segments(np.array([7, 3]), chosen(3 * SEGMENTS + 7), counts=np.array([0, 1]))
    assert [tiles.caption(place) for place in range(2)] == ["chip 7 · 0 segments", "chip 3 · 1 segment"]
    lines = tiles.text_at(middle(gallery, 1, 6)).split("\n")
    assert lines[1] == "rows 0 to 63, columns 192 to 255"
    assert lines[2] == "segment 55, chosen, sand"
    gallery.set_captions(lambda chip: f"no. {chip}")
    assert tiles.caption(0) == "no. 7 · 0 segments"
    assert tiles.text_at(QPoint(1, 1)) == ""


def test_hovering_shows_a_tooltip(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("napari_rsgraph.gallery.tiles.QToolTip.showText", lambda at, text, widget: shown.append(text))
    gallery.show_chips(np.array([7]))
    at = gallery.tiles.tile(0).center()
    gallery.tiles.viewportEvent(QHelpEvent(QEvent.Type.ToolTip, at, at))
    assert shown[0].startswith("chip 7\n")


def test_pointer_tells_which_chip_it_is_over(qtbot: QtBot, gallery: Gallery) -> None:
    gallery.show_chips(np.array([7, 3]))
    with qtbot.waitSignal(gallery.chip_hovered) as got:
        qtbot.mouseMove(gallery.tiles.viewport(), gallery.tiles.tile(1).center())
    assert got.args == [3]


def test_keys_move_choose_and_go(qtbot: QtBot, gallery: Gallery) -> None:
    gallery.show_chips(np.arange(N))
    tiles, columns = gallery.tiles, gallery.tiles.grid.columns
    for key, place in (
        (Qt.Key.Key_Right, 0),
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Down, 1 + columns),
        (Qt.Key.Key_Left, columns),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_End, N - 1),
    ):
        qtbot.keyClick(tiles, key)
        assert tiles.current == place
    assert N - 1 in tiles.places_in_sight()
    with qtbot.waitSignal(gallery.chip_activated) as got:
        qtbot.keyClick(tiles, Qt.Key.Key_Return)
    assert got.args == [N - 1]
    with qtbot.waitSignal(gallery.chip_clicked) as got:
        qtbot.keyClick(tiles, Qt.Key.Key_Space, Shift)
    assert got.args == [N - 1, "add"]


def test_keyboard_place_survives_fewer_chips(qtbot: QtBot, gallery: Gallery) -> None:
    gallery.show_chips(np.arange(N))
    qtbot.keyClick(gallery.tiles, Qt.Key.Key_End)
    qtbot.keyClick(gallery.tiles, Qt.Key.Key_End)
    gallery.show_chips(np.arange(2))
    with qtbot.waitSignal(gallery.chip_activated) as got:
        qtbot.keyClick(gallery.tiles, Qt.Key.Key_Return)
    assert got.args == [1]


def wheel(gallery: Gallery, modifiers: Any, steps: int) -> None:
    at, viewport = QPointF(50, 50), gallery.tiles.viewport()
    event = QWheelEvent(
        at,
        viewport.mapToGlobal(at),
        QPoint(),
        QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    gallery.tiles.wheelEvent(event)


def test_ctrl_and_scroll_change_the_size_of_tiles(gallery: Gallery) -> None:
    gallery.show_chips(np.arange(N))
    wheel(gallery, Ctrl, 1)
    assert gallery.tile_size == SIDE + 16
    wheel(gallery, Ctrl, -1)
    assert gallery.tile_size == SIDE
    wheel(gallery, No, -1)
    assert gallery.tiles.verticalScrollBar().value() > 0


def test_size_of_tiles_is_kept_in_bounds_and_first_chip_in_sight(gallery: Gallery) -> None:
    gallery.show_chips(np.arange(N))
    gallery.tiles.verticalScrollBar().setValue(400)
    first = gallery.tiles.places_in_sight().start
    gallery.tile_size = 96
    assert first in gallery.tiles.places_in_sight()
    gallery.tile_size = 5000
    assert gallery.tile_size == 256
    gallery.tile_size = 1
    assert gallery.tile_size == 48


def test_every_action_has_a_shortcut_and_a_tooltip(gallery: Gallery) -> None:
    actions = gallery.actions()
    assert [action.text() for action in actions] == ["Larger tiles", "Smaller tiles", "Labels", "Outlines"]
    assert all(not action.shortcut().isEmpty() and len(action.toolTip()) > 10 for action in actions)
    actions[0].trigger()
    assert gallery.tile_size == SIDE + 16


def test_outlines_of_segments_can_be_shown(gallery: Gallery, view: View) -> None:
    gallery.tile_size = 128
    gallery.show_chips(np.array([3]))
    before = gallery.screenshot()
    gallery.actions()[3].trigger()
    after = gallery.screenshot()
    assert 0.02 < (before != after).any(axis=2).mean() < 0.3


def test_gallery_fits_into_320_pixels(gallery: Gallery) -> None:
    assert gallery.minimumSizeHint().width() <= 320
    gallery.resize(320, 300)
    gallery.show_segments(np.arange(N), np.ones(N * SEGMENTS + 1, dtype=bool), total=123_456)
    assert gallery.tiles.grid.columns == 4


def test_pixels_are_as_fine_as_the_screen(gallery: Gallery, view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    monkeypatch.setattr(gallery.tiles, "devicePixelRatioF", lambda: 1.5)
    monkeypatch.setattr(gallery.tiles.pictures, "make", lambda chips, pixels: asked.append(pixels))
    gallery.show_chips(np.array([3]))
    gallery.screenshot()
    assert asked[-1] == SIDE * 1.5


def test_keys_of_the_tiles_are_kept_from_shortcuts_of_the_window(qtbot: QtBot, gallery: Gallery) -> None:
    stolen = QShortcut(QKeySequence("Home"), gallery)
    gallery.show_chips(np.arange(N))
    gallery.tiles.setFocus()
    gallery.tiles.current = 5
    with qtbot.assertNotEmitted(stolen.activated):
        qtbot.keyClick(gallery.tiles, Qt.Key.Key_Home)
    assert gallery.tiles.current == 0


def test_boxes_and_actions_are_ticked_together(qtbot: QtBot, gallery: Gallery) -> None:
    gallery.set_classes(np.zeros(N * SEGMENTS + 1, int), np.zeros((2, 3), np.uint8))
    boxes = {box.text(): box for box in gallery.findChildren(QCheckBox)}
    labels = next(action for action in gallery.actions() if action.text() == "Labels")
    boxes["Labels"].click()
    assert (labels.isChecked(), gallery.tiles.pictures.labels) == (True, True)
    labels.trigger()
    assert (boxes["Labels"].isChecked(), gallery.tiles.pictures.labels) == (False, False)


def test_small_tiles_leave_the_number_of_segments_out(gallery: Gallery) -> None:
    gallery.show_segments(np.array([7]), chosen(), counts=np.array([1234]))
    metrics = QFontMetrics(gallery.tiles.font())
    gallery.tile_size = 256
    assert gallery.tiles._fitting(0, metrics).replace("\u00a0", " ") == "chip 7 · 1 234 segments"
    gallery.tile_size = 64
    assert gallery.tiles._fitting(0, metrics) == "chip 7"
