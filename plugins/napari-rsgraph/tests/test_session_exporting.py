"""Exports of a session: which segments each scope holds, and what is on the disk."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np

from napari_rsgraph.session.exporting import exporter_names
from napari_rsgraph.session.session import Session


def test_scopes_hold_all_human_or_selected_segments(session: Session, tmp_path: Path) -> None:
    session.labels.define("water")
    session.labels.assign(np.arange(4), "water")
    session.labels.assign_each(np.arange(4, 9), ["water"] * 5, origin="propagated")
    session.selection.select(np.arange(2, 8))
    assert session.exports.counts() == {"all": session.tables.n_segments, "human": 4, "selection": 6}
    written: list[Path] = []
    session.exports.start("geojson", scope="selection", folder=tmp_path, done=written.extend)
    assert set(geopandas.read_file(written[0])["segment_id"]) == set(session.tables.ids[2:8])
    written.clear()
    session.exports.start("geojson", scope="human", folder=tmp_path, done=written.extend)
    assert set(geopandas.read_file(written[0])["segment_id"]) == set(session.tables.ids[:4])


def test_exporters_are_those_that_are_registered() -> None:
    assert {"geotiff", "geopackage", "geojson", "chips"} <= set(exporter_names())
