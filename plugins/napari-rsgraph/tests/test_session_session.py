"""The session without a window: selection, maps, labels, search, suggestions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_rsgraph.session.session import Session, open_session
from napari_rsgraph.session.work import Immediate
from rsgraph import Workspace
from rsgraph.errors import NotThere
from rsgraph.types import Window


def heard(session: Session) -> list[tuple[str, str]]:
    """Collect what the user reads."""
    said: list[tuple[str, str]] = []
    session.tasks.message.connect(lambda severity, text: said.append((severity, text)))
    return said


def test_session_brush_at_chip_level_selects_chips_and_targets_their_segments(session: Session) -> None:
    session.brush(np.array([1, 3]), "replace", True)
    assert np.flatnonzero(session.selection.chips).tolist() == [1, 3]
    expected = np.isin(session.tables.chip_of, [1, 3])
    assert np.array_equal(session.selection.target(), expected)
    lookup = session.selection.target_lookup()
    assert np.array_equal(lookup[session.tables.ids], expected)


def test_session_stroke_accumulates_and_intersects_with_what_was_before(session: Session) -> None:
    session.selection.set_level("segments")
    session.selection.select(np.array([0, 1, 2]), "replace")
    session.selection.select(np.array([3]), "add", final=False)
    session.selection.select(np.array([4]), "add", final=True)
    assert np.flatnonzero(session.selection.segments).tolist() == [0, 1, 2, 3, 4]
    session.selection.select(
        np.array([0]), "intersect", final=False
    )  # the brush moves on: only its last place counts
    session.selection.select(np.array([1, 2]), "intersect", final=True)
    assert np.flatnonzero(session.selection.segments).tolist() == [1, 2]
    session.selection.select(np.array([2]), "subtract")
    assert np.flatnonzero(session.selection.segments).tolist() == [1]


def test_session_take_apart_shows_segments_of_the_selected_chips_only(session: Session) -> None:
    session.selection.select_chips(np.array([2]))
    session.take_apart()
    assert session.selection.level == "segments"
    visible = session.map_visible()
    assert visible is not None
    assert np.array_equal(visible, session.tables.chip_of == 2)
    session.selection.select_all()
    assert np.array_equal(session.selection.target(), session.tables.chip_of == 2)


def test_session_filters_by_class_and_map_window(session: Session) -> None:
    session.selection.set_level("segments")
    session.labels.define("water")
    session.selection.select(np.array([0, 5]))
    session.label("water")
    session.selection.set_filter(classes=frozenset({0}))
    visible = session.map_visible()
    assert visible is not None
    assert np.flatnonzero(~visible).tolist() == [0, 5]
    session.selection.set_filter(classes=None, window=(0, Window(0, 0, 64, 64)))
    places = session.tables.segments[["row", "column"]].to_numpy()
    visible = session.map_visible()
    assert visible is not None
    assert np.array_equal(visible, (places < 64).all(axis=1))
    session.selection.set_filter(window=None)
    assert session.map_visible() is None


def test_session_labels_undo_and_redo_reach_the_file(session: Session, workspace: Path) -> None:
    session.selection.set_level("segments")
    session.labels.define("water", colour="#0072b2", key="1")
    session.selection.select(np.array([3, 4]))
    session.label("water")
    assert session.labels.counts().tolist() == [session.tables.n_segments - 2, 2]
    session.labels.undo()
    assert session.labels.counts()[1] == 0
    session.labels.redo()
    session.close()
    again = open_session(workspace, Immediate())
    assert np.flatnonzero(again.labels.codes).tolist() == [3, 4]
    again.labels.undo()
    assert again.labels.counts()[1] == 0
    again.close()


def test_session_label_of_nothing_says_what_to_do(session: Session) -> None:
    said = heard(session)
    session.labels.define("water")
    session.label("water")
    assert said[-1][0] == "warning"
    assert "nothing is selected" in said[-1][1]


def test_session_second_window_is_read_only_and_sees_labels_of_the_first(session: Session, workspace: Path) -> None:
    second = open_session(workspace, Immediate())
    said = heard(second)
    second.labels.define("water")
    assert second.labels.read_only
    assert said[-1][0] == "warning"
    session.labels.define("forest")
    second.labels.refresh()
    assert second.labels.names == ["forest"]
    second.close()


def test_session_hectares_of_classes_are_those_of_their_pixels(session: Session) -> None:
    session.labels.define("water")
    session.selection.set_level("segments")
    session.selection.select(np.arange(10))
    session.label("water")
    pixels = session.tables.segments["area_px"].to_numpy()
    a, _, _, _, e, _ = session.tables.scenes[0].transform
    cell = abs(a * e) / 10_000
    assert session.labels.hectares() == pytest.approx([pixels[10:].sum() * cell, pixels[:10].sum() * cell])
    assert session.labels.labelled_fraction() == pytest.approx(pixels[:10].sum() / pixels.sum())


def test_session_switches_layers_and_keeps_the_new_map_in_the_workspace(session: Session, workspace: Path) -> None:
    session.selection.set_level("segments")
    session.maps.show(session.selection.level, layer="encoder", projector="pca")
    assert session.map.layer == "encoder"
    stored = pd.read_parquet(workspace / "projections" / "encoder-pca.parquet")
    assert np.array_equal(stored[["x", "y"]].to_numpy(), session.map.points)
    assert stored["segment_id"].tolist() == session.tables.ids.tolist()


def test_session_does_not_show_a_kept_map_of_another_embedding(session: Session, workspace: Path) -> None:
    session.selection.set_level("segments")
    session.maps.show(session.selection.level, layer="encoder", projector="pca")
    path = workspace / "projections" / "encoder-pca.parquet"
    table = pd.read_parquet(path)
    table.attrs = {"embedding_sha256": "of another run"}
    table.assign(x=0.0).to_parquet(path)
    session.maps.show(session.selection.level, layer="gnn1")
    session.maps.show(session.selection.level, layer="encoder")
    assert np.ptp(session.map.points[:, 0]) > 0


def test_session_chip_map_of_another_layer_is_matched_anew(session: Session) -> None:
    before = session.map.points
    session.maps.show(session.selection.level, layer="bands")
    assert session.map.layer == "bands"
    assert session.map.points.shape == before.shape
    assert not np.allclose(session.map.points, before)


def test_session_reprojects_the_selection_on_its_own(session: Session) -> None:
    session.selection.set_level("segments")
    rows = np.arange(0, 40, 2)
    session.selection.select(rows)
    session.reproject()
    assert session.map.subset
    assert session.map.rows.tolist() == rows.tolist()
    session.brush(np.array([0, 3]), "replace", True)  # points of the new layout are these segments
    assert np.flatnonzero(session.selection.segments).tolist() == [0, 6]
    session.maps.whole("segments")
    assert len(session.map.rows) == session.tables.n_segments


def test_session_colours_by_class_membership_and_any_column(session: Session) -> None:
    session.selection.set_level("segments")
    session.labels.define("water", colour="#0072b2")
    session.selection.select(np.array([7]))
    session.label("water")
    assert session.colouring.colours(session.selection.level)[7].tolist() == [0, 0x72, 0xB2]
    for by in session.colouring.choices(session.selection.level):
        session.colouring.choose(by)
        assert session.colouring.colours(session.selection.level).shape == (session.tables.n_segments, 3)
        assert session.colouring.key(session.selection.level).title
    session.colouring.choose("strongest membership")
    memberships = Workspace(session.workspace.folder).embedding("target")
    strongest = memberships.argmax(axis=1)
    colours = session.colouring.colours(session.selection.level)
    same = strongest == strongest[0]
    assert (colours[same] == colours[0]).all()
    assert not (colours[~same] == colours[0]).all(axis=1).any()


def test_session_search_ranks_by_cosine_and_labels_what_was_accepted(session: Session) -> None:
    session.selection.set_level("segments")
    session.labels.define("water")
    session.selection.select(np.array([0]))
    session.search.k = 5
    session.find_similar()
    results = session.search.results
    assert results is not None
    vectors = np.asarray(session.workspace.embedding(session.map.layer), dtype=np.float64)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = unit @ unit[0]
    scores[0] = -2
    assert results.scores == pytest.approx(np.sort(scores)[::-1][:5], abs=1e-5)
    session.search.judge("rejected")
    session.search.judge("accepted")
    session.search.judge("accepted")
    session.search.label_accepted("water")
    assert np.flatnonzero(session.labels.codes).tolist() == sorted(results.rows[1:3].tolist())


def test_session_search_by_chip_takes_the_stored_similarities(session: Session) -> None:
    session.selection.select_chips(np.array([1]))
    session.search.k = 3
    session.find_similar()
    results = session.search.results
    assert results is not None
    matrix = session.workspace.similarity.matrix
    assert matrix is not None
    order = [chip for chip in np.argsort(-matrix[1], kind="stable") if chip != 1][:3]
    assert results.rows.tolist() == order


@pytest.mark.parametrize(("method", "origin"), [("propagation", "propagated"), ("classifier", "classified")])
def test_session_predictions_become_labels_only_when_accepted(session: Session, method: str, origin: str) -> None:
    session.selection.set_level("segments")
    first = np.flatnonzero(np.asarray(session.workspace.embedding("target")).argmax(axis=1) == 0)[:12]
    second = np.flatnonzero(np.asarray(session.workspace.embedding("target")).argmax(axis=1) == 1)[:12]
    for name, rows in (("one", first), ("two", second)):
        session.labels.define(name)
        session.selection.select(rows)
        session.label(name)
    session.suggestions.predict(method, session.maps.layer)  # type: ignore[arg-type]
    assert session.labels.counts()[1:].tolist() == [len(first), len(second)]
    session.suggestions.accept(0.5)
    labels = session.labels.journal.labels().set_index("segment_id")
    human = session.tables.ids[np.concatenate([first, second])]
    assert (labels.loc[human, "origin"] == "human").all()
    assert set(labels.drop(human)["origin"]) == {origin}
    assert (labels.drop(human)["confidence"] >= 0.5).all()
    session.labels.undo()  # bulk acceptance is one step
    assert session.labels.counts()[1:].tolist() == [len(first), len(second)]


def test_session_queue_of_least_certain_starts_with_the_smallest_margin(session: Session) -> None:
    said = heard(session)
    session.suggestions.make_queue("least certain first", session.maps.layer)
    assert "predict first" in said[-1][1]
    session.selection.set_level("segments")
    for name, rows in (("one", np.arange(5)), ("two", np.arange(300, 305))):
        session.labels.define(name)
        session.selection.select(rows)
        session.label(name)
    session.suggestions.predict("classifier", session.maps.layer)
    session.suggestions.make_queue("least certain first", session.maps.layer)
    made = session.suggestions.predictions
    assert made is not None
    ranked = np.sort(made.probabilities, axis=1)
    margins = ranked[:, -1] - ranked[:, -2]
    margins[session.labels.codes > 0] = 2
    assert session.suggestions.queue[0] == margins.argmin()
    assert np.flatnonzero(session.selection.segments).tolist() == [session.suggestions.queue[0]]


def test_session_import_fills_what_people_left_unlabelled(session: Session, tmp_path: Path) -> None:
    session.selection.set_level("segments")
    session.labels.define("mine")
    session.selection.select(np.array([0]))
    session.label("mine")
    session.exports.start("geopackage", folder=tmp_path)
    exported = next(tmp_path.glob("*.gpkg"))
    session.labels.undo()
    session.labels.define("other")
    session.selection.select(np.array([0, 1]))
    session.label("other")
    session.labels.import_labels(exported)
    labels = session.labels.journal.labels().set_index("segment_id")
    assert labels.loc[session.tables.ids[0], "label"] == "other"
    assert labels.loc[session.tables.ids[0], "origin"] == "human"


def test_session_of_an_unfinished_workspace_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="not an rsgraph workspace"):
        open_session(tmp_path, Immediate())


def test_session_select_all_on_a_part_laid_out_anew_is_that_part(session: Session) -> None:
    session.selection.set_level("segments")
    session.selection.select(np.arange(50))
    session.reproject()
    session.selection.select_all()
    assert np.flatnonzero(session.selection.target()).tolist() == list(range(50))
    session.selection.select(np.arange(10))
    session.selection.invert()
    assert np.flatnonzero(session.selection.target()).tolist() == list(range(10, 50))
    session.maps.whole("segments")
    session.selection.select_all()
    assert session.selection.target().all()


def test_session_labels_nothing_that_cannot_be_seen(session: Session) -> None:
    session.labels.define("water")
    session.selection.select_chips(np.array([0]))
    session.take_apart()
    elsewhere = np.flatnonzero(session.tables.chip_of == 3)[:5]
    session.selection.select(elsewhere)
    assert not session.selection.target().any()
    session.select_hidden(elsewhere)
    assert np.flatnonzero(session.selection.target()).tolist() == elsewhere.tolist()
    session.selection.set_filter(classes=frozenset({1}))
    assert not session.selection.target().any()
    session.select_hidden(elsewhere)
    assert not session.selection.filter.active


def test_session_take_apart_at_segment_level_keeps_the_selection(session: Session) -> None:
    said = heard(session)
    session.selection.select_chips(np.array([1]))
    session.take_apart()
    session.selection.select_all()
    before = session.selection.target().copy()
    session.take_apart()
    assert np.array_equal(session.selection.target(), before)
    assert "go to the chips first" in said[-1][1]


def test_session_accepted_prediction_never_replaces_a_label(session: Session) -> None:
    said = heard(session)
    session.selection.set_level("segments")
    for name, rows in (("one", np.arange(5)), ("two", np.arange(300, 305))):
        session.labels.define(name)
        session.selection.select(rows)
        session.label(name)
    session.suggestions.predict("classifier", session.maps.layer)
    session.suggestions.make_queue("least certain first", session.maps.layer)
    row = int(session.suggestions.queue[0])
    session.label("one")
    session.suggestions.accept_current()
    assert session.labels.codes[row] == 1
    assert session.labels.state.origins[row] == 1
    assert "has a label already" in said[-1][1]


def test_session_keeps_a_filter_by_class_while_classes_are_only_added(session: Session) -> None:
    for name in ("one", "two"):
        session.labels.define(name)
    session.selection.set_filter(classes=frozenset({2}))
    session.labels.define("three")
    assert session.selection.filter.classes == frozenset({2})
    session.labels.remove("one")
    assert session.selection.filter.classes is None


def test_session_imported_classes_get_keys_and_a_read_only_session_says_why_not(
    session: Session, workspace: Path, tmp_path: Path
) -> None:
    session.selection.set_level("segments")
    session.labels.define("meadow", key="1")
    session.selection.select(np.array([0, 1]))
    session.label("meadow")
    session.exports.start("geopackage", folder=tmp_path)
    session.labels.remove("meadow")
    session.labels.define("water", key="1")
    second = open_session(workspace, Immediate())
    said = heard(second)
    second.labels.import_labels(next(tmp_path.glob("*.gpkg")))
    assert said[-1][0] == "warning"
    second.close()
    session.labels.import_labels(next(tmp_path.glob("*.gpkg")))
    classes = session.labels.classes.set_index("name")
    assert classes.loc["meadow", "key"] == "2"
    assert np.flatnonzero(session.labels.codes).tolist() == [0, 1]
