"""2-D maps of a session."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from napari_rsgraph.session.maps import verdict_text
from napari_rsgraph.session.session import Session, open_session
from napari_rsgraph.session.work import Immediate
from rsgraph.files import read_json, write_json
from rsgraph.prediction.fitting_maps import MapFit, Verdict


def test_switches_layers_and_keeps_the_new_map_in_the_workspace(session: Session, workspace: Path) -> None:
    session.selection.set_level("segments")
    session.maps.show(session.selection.level, layer="encoder", projector="pca")
    assert session.map.layer == "encoder"
    stored = pd.read_parquet(workspace / "projections" / "encoder-pca.parquet")
    assert np.array_equal(stored[["x", "y"]].to_numpy(), session.map.points)
    assert stored["segment_id"].tolist() == session.tables.ids.tolist()


def test_does_not_show_a_kept_map_of_another_embedding(session: Session, workspace: Path) -> None:
    session.selection.set_level("segments")
    session.maps.show(session.selection.level, layer="encoder", projector="pca")
    path = workspace / "projections" / "encoder-pca.parquet"
    table = pd.read_parquet(path)
    table.attrs = {"embedding_sha256": "of another run"}
    table.assign(x=0.0).to_parquet(path)
    session.maps.show(session.selection.level, layer="gnn1")
    session.maps.show(session.selection.level, layer="encoder")
    assert np.ptp(session.map.points[:, 0]) > 0


def test_chip_map_of_another_layer_is_matched_anew(session: Session) -> None:
    before = session.map.points
    session.maps.show(session.selection.level, layer="bands")
    assert session.map.layer == "bands"
    assert session.map.points.shape == before.shape
    assert not np.allclose(session.map.points, before)


def test_reprojects_the_selection_on_its_own(session: Session) -> None:
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


def test_maps_that_the_run_drew_are_offered_first(workspace: Path) -> None:
    manifest = read_json(workspace / "manifest.json")
    maps = [
        {"layer": name, "projector": "pca", "path": f"projections/{name}-pca.parquet"} for name in ("gnn2", "bands")
    ]
    write_json(workspace / "manifest.json", {**manifest, "maps": maps})
    opened = open_session(workspace, Immediate())
    assert opened.maps.layers[:2] == ["gnn2", "bands"]
    assert sorted(opened.maps.layers) == sorted(manifest["layers"])
    opened.close()


def stroke(session: Session, rows: np.ndarray, name: str) -> None:
    session.selection.select(rows)
    session.label(name)


def test_map_from_labels_is_drawn_beside_the_others(session: Session, workspace: Path) -> None:
    session.selection.set_level("segments")
    before = session.map
    for name, rows in (("one", np.arange(10)), ("two", np.arange(20, 30))):
        session.labels.define(name)
        stroke(session, rows, name)
    session.selection.set_level("chips")
    session.draw_from_labels()
    assert (session.map.level, session.map.layer, session.map.projector) == ("segments", before.layer, "labels")
    assert not np.allclose(session.map.points, before.points)
    assert (workspace / "projections" / f"{before.layer}-labels.parquet").exists()
    session.maps.show("segments", projector=before.projector)
    np.testing.assert_array_equal(session.map.points, before.points)
    session.maps.show("segments", projector="labels")
    session.selection.select(np.arange(8))
    session.reproject()
    assert session.map.projector == before.projector


def test_labels_lay_out_segments_and_no_chips(session: Session) -> None:
    assert session.maps.offered("segments")[-1] == "labels"
    assert "labels" not in session.maps.offered("chips")


def test_which_map_fits_is_said_once_there_are_strokes_enough(session: Session) -> None:
    heard: list[str] = []
    session.tasks.message.connect(lambda _, text: heard.append(text))
    for name in ("one", "two"):
        session.labels.define(name)
    session.maps.judge()
    assert heard[-1].startswith("a verdict takes 5 strokes")
    session.selection.set_level("segments")
    memberships = np.asarray(session.workspace.embedding("target")).argmax(axis=1)
    for place in range(6):
        stroke(session, np.flatnonzero(memberships == place % 2)[8 * (place // 2) :][:8], ("one", "two")[place % 2])
    session.draw_from_labels()
    session.maps.judge()
    verdict = session.maps.verdict
    assert verdict is not None
    drawn = {f"{each['layer']}-{each['projector']}" for each in session.workspace.maps}
    assert drawn == {"own-pca", "surroundings-pca", "own+gnn1-pca"}
    assert {fit.name for fit in verdict.fits} == {*drawn, "own-labels"}
    assert "predicted right of 6 strokes that were left out" in heard[-1]


def test_a_verdict_is_one_sentence() -> None:
    fits = (MapFit("own-umap", 8, 0.93, (0.85, 1.0)), MapFit("bands-umap", 8, 0.5, (0.4, 0.6)))
    shares = (
        "predicted right of 8 strokes that were left out: own-umap 93% (85% to 100%), bands-umap 50% (40% to 60%)"
    )
    assert verdict_text(Verdict(fits, "own-umap", "clearly")) == f"own-umap fits the labels best (clearly); {shares}"
    assert verdict_text(Verdict(fits, None, "both alike")) == f"both alike; {shares}"
    assert verdict_text(Verdict((), None, "too few")) == "too few"


def test_a_map_that_was_shown_before_is_shown_again_and_none_is_made(session: Session, workspace: Path) -> None:
    maps = session.maps
    maps.reopen("segments", "surroundings", "pca")
    assert maps.current["segments"].layer == "surroundings"
    maps.reopen("segments", "bands", "tsne")
    maps.reopen("segments", "../../elsewhere", "pca")
    assert maps.current["segments"].layer == "surroundings"
    assert not (workspace / "projections" / "bands-tsne.parquet").exists()


def test_the_first_map_is_the_one_that_the_manifest_lists_first(session: Session, workspace: Path) -> None:
    session.maps.show_first()
    assert session.maps.current["segments"].layer == session.workspace.maps[0]["layer"]
    manifest = read_json(workspace / "manifest.json")
    manifest["maps"] = manifest["maps"][1:]
    write_json(workspace / "manifest.json", manifest)
    session.maps.show_first()
    assert session.maps.current["segments"].layer == manifest["maps"][0]["layer"] != "own"
