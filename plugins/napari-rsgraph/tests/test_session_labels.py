"""Classes and labels over the journal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_rsgraph.session.labels import Labels
from napari_rsgraph.session.session import Session, open_session
from napari_rsgraph.session.work import Immediate


def heard(session: Session) -> list[tuple[str, str]]:
    """Collect what the user reads."""
    said: list[tuple[str, str]] = []
    session.tasks.message.connect(lambda severity, text: said.append((severity, text)))
    return said


def test_labels_undo_and_redo_reach_the_file(session: Session, workspace: Path) -> None:
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


def test_second_window_is_read_only_and_sees_labels_of_the_first(session: Session, workspace: Path) -> None:
    second = open_session(workspace, Immediate())
    said = heard(second)
    second.labels.define("water")
    assert second.labels.read_only
    assert said[-1][0] == "warning"
    session.labels.define("forest")
    second.labels.refresh()
    assert second.labels.names == ["forest"]
    second.close()


def test_hectares_of_classes_are_those_of_their_pixels(session: Session) -> None:
    session.labels.define("water")
    session.selection.set_level("segments")
    session.selection.select(np.arange(10))
    session.label("water")
    pixels = session.tables.segments["area_px"].to_numpy()
    a, _, _, _, e, _ = session.tables.scenes[0].transform
    cell = abs(a * e) / 10_000
    assert session.labels.hectares() == pytest.approx([pixels[10:].sum() * cell, pixels[:10].sum() * cell])
    assert session.labels.labelled_fraction() == pytest.approx(pixels[:10].sum() / pixels.sum())


def test_import_fills_what_people_left_unlabelled(session: Session, tmp_path: Path) -> None:
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


def test_imported_classes_get_keys_and_a_read_only_session_says_why_not(
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


def test_counts_and_areas_by_class(labels: Labels) -> None:
    labels.define("water", colour="#0072b2")
    labels.define("wood")
    labels.assign(np.array([0, 4]), "water")
    labels.assign_each(np.array([1, 2]), ["wood", "water"], origin="classified")
    assert labels.codes.tolist() == [1, 2, 1, 0, 1]
    assert labels.state.origins.tolist() == [1, 4, 4, 0, 1]
    assert labels.counts().tolist() == [1, 3, 1]
    assert labels.hectares() == pytest.approx([0.6, 1.1, 0.3])
    assert labels.labelled_fraction() == pytest.approx(140 / 200)
    assert labels.palette()[1].tolist() == [0, 0x72, 0xB2]
    assert labels.codes_by_id().tolist() == [0, 1, 2, 1, 0, 1]


def test_what_changed_is_said_by_signals(labels: Labels) -> None:
    heard: list[str] = []
    labels.changed.connect(lambda: heard.append("labels"))
    labels.classes_changed.connect(lambda: heard.append("classes"))
    labels.define("water")
    labels.assign(np.array([0]), "water")
    labels.undo()
    assert heard == ["classes", "labels", "labels", "labels"]


def test_a_note_goes_to_segments_or_to_the_scene(labels: Labels) -> None:
    labels.note("steep", np.array([1, 2]))
    labels.note("hazy", np.array([], dtype=int))
    assert labels.history()["note"].to_list() == ["steep", "hazy"]
    assert labels.history()["segments"].to_list() == [2, 0]


def test_undo_and_redo_say_what_they_did(labels: Labels) -> None:
    heard: list[str] = []
    labels.tasks.message.connect(lambda _, text: heard.append(text))
    labels.undo()
    labels.define("water")
    labels.undo()
    labels.redo()
    labels.redo()
    done = "define the class water"
    assert heard == ["nothing to undo", f"undone: {done}", f"done again: {done}", "nothing to redo"]
