"""The scene map in a real viewer: what is drawn, where, and what the mouse selects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scene_screen import Screen

from napari_rsgraph.scene.lazy_layers import CASING, CHOSEN, EDGE, FIRST_GRAY, HIDDEN, HIDDEN_CASING, NOTHING
from napari_rsgraph.scene.scene_map import SceneMap
from napari_rsgraph.session.session import Session
from rsgraph.brushing.dimming import dimmed
from rsgraph.view.view import find_view

pytestmark = pytest.mark.usefixtures("qapp")


def whole(layer: Any) -> np.ndarray:
    """Codes of a layer at full size."""
    level = next(level for level in layer.scales if level.step == 1)
    return np.asarray(level[:, :])


def test_layers_have_names_and_lie_on_each_other(screen: Screen) -> None:
    names = [layer.name for layer in screen.viewer.layers]
    assert names == ["Scene (true colour)", "Labels", "Selection", "Segments", "Chips", "Candidate"]
    low, high = screen.map.picture.extent.world
    for layer in screen.map.layers:
        # an outline's first and last pixel are finer, so its middles lie further out
        assert np.abs(layer.extent.world - [low, high]).max() <= 10 * 0.5


def test_labels_show_codes_and_nothing_on_no_data(screen: Screen) -> None:
    screen.session.labels.define("water")
    screen.session.labels.define("land")
    screen.session.labels.assign(np.array([3, 4]), "land")
    screen.drawn()
    codes, ids = whole(screen.map.labels), screen.session.tables.ids
    assert np.array_equal(codes == 2, np.isin(screen.ids, ids[[3, 4]]))
    assert (codes[screen.ids == 0] == 0).all()
    assert (codes == 1).sum() == 0


def test_labels_have_the_colours_of_the_classes(screen: Screen) -> None:
    screen.session.labels.define("water", colour="#0000ff")
    screen.session.labels.define("land", colour="#ff8000")
    screen.drawn()
    assert screen.map.labels.get_color(1) == pytest.approx([0, 0, 1, 1])
    assert screen.map.labels.get_color(2) == pytest.approx([1, 128 / 255, 0, 1])
    screen.session.labels.define("land", colour="#00ff00")
    screen.drawn()
    assert screen.map.labels.get_color(2) == pytest.approx([0, 1, 0, 1])


def test_a_label_is_seen_on_the_screen(screen: Screen) -> None:
    row, column = 80, 100
    before = screen.viewer.screenshot(canvas_only=True, flash=False)
    screen.session.labels.define("water", colour="#ff00ff")
    screen.session.labels.assign(np.arange(screen.session.tables.n_segments), "water")
    screen.drawn()
    after = screen.viewer.screenshot(canvas_only=True, flash=False)
    place = screen.at(row, column).toPoint()
    old, new = (image[place.y(), place.x(), :3].astype(float) for image in (before, after))
    assert new == pytest.approx(old * 0.45 + np.array([255, 0, 255]) * 0.55, abs=4)


def test_selection_clears_the_chosen_and_covers_the_rest(screen: Screen) -> None:
    assert (whole(screen.map.selection) == NOTHING).all()
    rows = np.array([10, 11, 40])
    screen.session.selection.select(rows)
    screen.drawn()
    codes, chosen = whole(screen.map.selection), np.isin(screen.ids, screen.session.tables.ids[rows])
    assert set(np.unique(codes[chosen])) <= {CHOSEN, EDGE}
    rest = codes[~chosen & (screen.ids > 0)]
    assert ((rest == CASING) | (rest >= FIRST_GRAY)).all()
    inside = np.lib.stride_tricks.sliding_window_view(np.pad(chosen, 2), (5, 5)).all(axis=(2, 3))
    assert (codes[inside] == CHOSEN).all()
    screen.session.selection.clear()
    screen.drawn()
    assert (whole(screen.map.selection) == NOTHING).all()


def test_what_is_not_chosen_is_dimmed_on_the_screen_and_keeps_its_hue(screen: Screen) -> None:
    rows = np.flatnonzero(screen.session.tables.centroids[:, 1] < 60)
    screen.session.selection.set_level("segments")  # without the lines between chips
    screen.map.segments.visible = False
    screen.drawn()
    before = screen.viewer.screenshot(canvas_only=True, flash=False)[..., :3]
    screen.session.selection.select(rows)
    screen.drawn()
    after = screen.viewer.screenshot(canvas_only=True, flash=False)[..., :3]
    chosen = np.isin(screen.ids, screen.session.tables.ids[rows])
    kept, turned = [], []
    for pixel in ((row, column) for row in range(4, 156, 8) for column in range(4, 196, 8)):
        place = screen.at(*pixel).toPoint()
        old, new = before[place.y(), place.x()], after[place.y(), place.x()]
        around = chosen[pixel[0] - 3 : pixel[0] + 4, pixel[1] - 3 : pixel[1] + 4]
        if around.all():
            kept.append(np.abs(old.astype(int) - new).max())
        elif not around.any() and screen.ids[pixel]:
            turned.append(np.abs(dimmed(old[np.newaxis])[0].astype(int) - new).max())
    assert len(kept) > 50
    assert len(turned) > 50
    assert max(kept) == 0
    assert max(turned) <= 3


def test_selection_is_drawn_again_at_the_coarsest_level(screen: Screen) -> None:
    """napari keeps the coarsest level of multiscale layers as it first was."""
    screen.session.selection.select(np.arange(20))
    screen.drawn()
    layer = screen.map.selection
    coarsest = layer.scales[-1]
    assert np.array_equal(np.asarray(coarsest), coarsest[:, :])
    assert (np.asarray(coarsest) == CHOSEN).any()


def test_outlines_follow_the_segments_and_hide_when_small(screen: Screen) -> None:
    fine = next(level for level in screen.map.segments.scales if level.step == 1 / 4)
    codes = fine[:, :]
    assert codes.shape == (160 * 4, 200 * 4)
    ids = screen.ids.repeat(4, axis=0).repeat(4, axis=1)
    above = ids[1:] != ids[:-1]
    assert (codes[1:][above] == 1).all()
    assert (codes[:-1][above] == 1).all()
    same = (ids[1:-1, 1:-1] == ids[:-2, 1:-1]) & (ids[1:-1, 1:-1] == ids[2:, 1:-1])
    same &= (ids[1:-1, 1:-1] == ids[1:-1, :-2]) & (ids[1:-1, 1:-1] == ids[1:-1, 2:])
    assert (codes[1:-1, 1:-1][same] == 0).all()
    assert (whole(screen.map.segments) == 0).all()  # 8 pixels along a segment are too few


def test_a_window_of_a_level_is_the_same_part_of_the_whole(screen: Screen) -> None:
    screen.session.labels.define("water")
    screen.session.labels.assign(np.arange(0, 300, 2), "water")
    screen.drawn()
    for level in screen.map.labels.scales:
        assert np.array_equal(level[3:20, 5:31], level[:, :][3:20, 5:31])
    level = next(level for level in screen.map.chips.scales if level.step == 1 / 8)
    assert np.array_equal(level[505:541, 13:77], level[:, :][505:541, 13:77])


def test_chip_edges_show_at_chip_level_only(screen: Screen) -> None:
    assert screen.map.chips.visible
    codes = whole(screen.map.chips)
    assert codes[64].all()
    assert codes[:, 128].all()
    assert not codes[30, 30]
    screen.session.selection.set_level("segments")
    assert not screen.map.chips.visible


def test_redraws_are_gathered(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[bool] = []
    monkeypatch.setattr(screen.map.selection, "repaint", lambda *, thumbnail: drawn.append(thumbnail))
    for row in range(50):
        screen.session.selection.select(np.array([row]), "add", final=row == 49)
    screen.drawn()
    assert drawn == [True]


def test_north_is_up_on_the_screen(screen: Screen) -> None:
    assert tuple(str(side) for side in screen.viewer.scene.camera.orientation2d) == ("up", "right")
    assert screen.at(10, 50).y() < screen.at(20, 50).y()
    shot = screen.viewer.screenshot(canvas_only=True, flash=False)
    rgb = screen.view.levels(0)[0][0]
    inside = [(row, column) for row in range(4, 156, 8) for column in range(4, 196, 8) if row % 64 and column % 64]
    seen, meant = [], []
    for row, column in inside:
        place = screen.at(row, column).toPoint()
        seen.append(shot[place.y(), place.x(), :3])
        meant.append(rgb[row, column])
    assert np.median(np.abs(np.array(seen, float) - np.array(meant, float))) <= 2


def test_status_bar_tells_place_chip_segment_and_label(screen: Screen) -> None:
    screen.session.labels.define("water")
    row = screen.row_at((80, 100))
    screen.session.labels.assign(np.array([row]), "water")
    place = screen.map.grid.to_world(np.array([[80.0, 100.0]]))[0]
    said = screen.map.picture.get_status(tuple(place), world=True)["coordinates"]
    chip = screen.session.tables.chips["chip_id"].iloc[screen.session.tables.chip_of[row]]
    for part in ("EPSG:32630", "pixel 80, 100", f"chip {chip}", f"segment {screen.ids[80, 100]}", "water"):
        assert part in said
    assert "no data" in screen.map.describe((1e7, 1e7))


def test_go_to_shows_the_segments(screen: Screen) -> None:
    rows = np.array([screen.row_at((30, 30)), screen.row_at((60, 50))])
    screen.map.go_to(rows)
    found = screen.map.window_in_view()
    assert found is not None
    scene, (row, column, n_rows, n_columns) = found
    places = screen.session.tables.centroids[rows]
    assert scene == 0
    assert ((places >= (row, column)) & (places < (row + n_rows, column + n_columns))).all()
    assert n_rows < 160
    screen.map.go_to_chip(5)
    found = screen.map.window_in_view()
    assert found is not None
    window = screen.session.tables.window_of(5)
    assert found[1].row <= window.row
    assert found[1].column <= window.column
    assert found[1].rows < 2 * window.rows + 2 or found[1].columns < 2 * window.columns + 2


def test_rectangle_is_drawn_while_it_grows(screen: Screen) -> None:
    screen.session.selection.set_level("segments")
    screen.map.select_within((30.0, 20.0), (90.0, 110.0), "replace", final=False)
    codes = whole(screen.map.selection)
    assert (codes[30, 20:111] == EDGE).all()
    assert (codes[30:91, 110] == EDGE).all()
    screen.map.select_within((30.0, 20.0), (90.0, 110.0), "replace", final=True)
    assert not (whole(screen.map.selection)[30, 20:111] == EDGE).all()


def test_what_the_filter_hides_is_not_selected(screen: Screen) -> None:
    screen.session.labels.define("water")
    screen.session.labels.assign(np.array([screen.row_at((40, 60))]), "water")
    screen.session.selection.set_level("segments")
    screen.session.selection.set_filter(classes=frozenset({0}))
    screen.click((40, 60))
    assert screen.selected() == []


def test_what_cannot_be_selected_is_dark(screen: Screen) -> None:
    session, tables = screen.session, screen.session.tables
    chips = np.arange(tables.n_chips) == 5
    session.take_apart(chips)
    screen.drawn()
    codes, outside = whole(screen.map.selection), ~np.isin(screen.ids, tables.ids[tables.chip_of == 5])
    assert (codes[outside & (screen.ids > 0)] == HIDDEN).all()
    assert (codes[~outside] == NOTHING).all()
    said: list[str] = []
    session.tasks.message.connect(lambda severity, text: said.append(text))
    screen.click((10, 10))
    assert "can be selected" in said[0]
    screen.click((100, 100))
    screen.drawn()
    assert screen.selected() == [screen.row_at((100, 100))]
    codes = whole(screen.map.selection)
    assert set(np.unique(codes[outside & (screen.ids > 0)])) <= {HIDDEN, HIDDEN_CASING}
    inside = codes[~outside]
    assert set(np.unique(np.minimum(inside, FIRST_GRAY))) == {CASING, CHOSEN, EDGE, FIRST_GRAY}
    session.take_apart(np.ones(tables.n_chips, dtype=bool))
    screen.drawn()
    assert (whole(screen.map.selection) == NOTHING).all()


def test_close_gives_everything_back(screen: Screen) -> None:
    viewer = screen.viewer
    viewer.add_points(np.zeros((1, 2)), name="mine")
    screen.tools.close()
    screen.map.close()
    assert [layer.name for layer in viewer.layers] == ["mine"]
    assert all(getattr(found, "__self__", None) is not screen.tools for found in viewer.mouse_drag_callbacks)
    assert {"drag_to_zoom"} <= {found.__name__ for found in viewer.mouse_drag_callbacks}
    screen.session.selection.select(np.array([1]))


def test_a_removed_layer_is_no_error(screen: Screen) -> None:
    screen.viewer.layers.remove("Selection")
    screen.session.selection.select(np.array([1]))
    screen.drawn()


def test_scenes_of_a_collection_are_shown_one_at_a_time(
    make_napari_viewer_proxy: Callable[..., Any], session: Session, qtbot: Any
) -> None:
    view = find_view(session.workspace)
    assert view is not None
    second = replace(session.tables.scenes[0], name="second", crs=None)
    session.tables.scenes.append(second)
    viewer = make_napari_viewer_proxy()
    scene_map = SceneMap(viewer, session)

    class Twice:
        """The same scene twice."""

        windows, of_scene, description = view.windows, view.of_scene, view.description

        def levels(self, scene: int) -> Any:
            return view.levels(0)

    scene_map.set_view(Twice())  # type: ignore[arg-type]
    assert scene_map.scenes == [session.tables.scenes[0].name, "second"]
    shown: list[int] = []
    scene_map.scene_changed.connect(shown.append)
    scene_map.show_scene(1)
    assert shown == [1]
    assert len(viewer.layers) == 6
    assert tuple(str(side) for side in viewer.scene.camera.orientation2d) == ("down", "right")
    assert not viewer.canvas.overlays.scale_bar.visible
    assert scene_map.picture.extent.world[1] == pytest.approx([159, 199])
    scene_map.go_to(np.array([0]))
    assert scene_map.scene == 0
    assert scene_map.picture.extent.world == pytest.approx(np.array([[-1595, 5], [-5, 1995]]))
