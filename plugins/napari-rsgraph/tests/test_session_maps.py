"""2-D maps of a session."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from napari_rsgraph.session.session import Session, open_session
from napari_rsgraph.session.work import Immediate
from rsgraph.files import read_json, write_json


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
