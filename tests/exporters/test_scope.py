"""Everything, only labels of an origin, or only a selection leaves the workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from rsgraph.errors import ConfigError, NotThere
from rsgraph.exporters.chips import Chips
from rsgraph.exporters.content import gather
from rsgraph.exporters.geojson import GeoJson
from rsgraph.exporters.geopackage import GeoPackage
from rsgraph.exporters.geoparquet import GeoParquet
from rsgraph.exporters.geotiff import GeoTiff
from rsgraph.exporters.provenance import provenance
from tests.exporters.workspaces import OpenedWorkspace, leaving, read_tif, write_labels

ROWS = [
    (1, "water", "human", 1.0, "ann", "2026-01-01T10:00:00"),
    (2, "sand", "imported", 1.0, "bob", "2026-01-02T10:00:00"),
    (5, "water", "propagated", 0.8, "ann", "2026-01-03T10:00:00"),
    (6, "water", "human", 1.0, "ann", "2026-01-04T10:00:00"),
]


@pytest.fixture
def mixed(workspace: OpenedWorkspace) -> OpenedWorkspace:
    """Labels of three origins; most segments have none."""
    write_labels(workspace.path("labels.sqlite"), ROWS)
    return workspace


SCOPES: dict[str, tuple[dict[str, Any], set[int]]] = {
    "human": ({"origins": ["human"]}, {1, 6}),
    "two origins": ({"origins": ("human", "imported")}, {1, 2, 6}),
    "selection": ({"segment_ids": [3, 2, 1, 2]}, {1, 2, 3}),
    "human in a selection": ({"origins": ["human"], "segment_ids": np.array([1, 2, 3])}, {1}),
}
EVERY = pytest.mark.parametrize(("options", "expected"), SCOPES.values(), ids=SCOPES)


@EVERY
def test_polygons_of_a_scope_are_its_segments(
    options: dict[str, Any], expected: set[int], mixed: OpenedWorkspace, tmp_path: Path
) -> None:
    for exporter in (GeoPackage(), GeoJson(), GeoParquet()):
        (path,) = exporter.export(leaving(mixed, **options), tmp_path)
        frame = gpd.read_parquet(path) if path.suffix == ".parquet" else gpd.read_file(path)
        assert set(frame["segment_id"]) == expected
        assert len(frame) == len(expected)


@EVERY
def test_rasters_of_a_scope_are_empty_elsewhere(
    options: dict[str, Any], expected: set[int], mixed: OpenedWorkspace, tmp_path: Path
) -> None:
    GeoTiff().export(leaving(mixed, **options), tmp_path)
    ids = read_tif(mixed.path("segments.tif"))[0][0]
    inside = np.isin(ids, list(expected))
    np.testing.assert_array_equal(read_tif(tmp_path / "segments_ids.tif")[0][0], np.where(inside, ids, 0))
    for name in ("segments_clusters", "segments_classes"):
        codes = read_tif(tmp_path / f"{name}.tif")[0][0]
        labelled = np.isin(ids, [row[0] for row in ROWS]) | (name == "segments_clusters")
        np.testing.assert_array_equal(codes > 0, inside & labelled)
    np.testing.assert_array_equal(np.isfinite(read_tif(tmp_path / "embedding_gnn2.tif")[0][0]), inside)


@EVERY
def test_labels_and_provenance_of_a_scope(
    options: dict[str, Any], expected: set[int], mixed: OpenedWorkspace
) -> None:
    export = leaving(mixed, **options)
    assert set(export.labels["segment_id"]) == expected & {row[0] for row in ROWS}
    assert export.segment_ids.tolist() == sorted(expected)
    assert provenance(export, layer=None)["scope"] == {
        "origins": list(options["origins"]) if "origins" in options else None,
        "selected_segments": len(np.unique(options["segment_ids"])) if "segment_ids" in options else None,
    }


def test_chips_of_a_selection_are_those_that_hold_it(mixed: OpenedWorkspace, tmp_path: Path) -> None:
    segments = mixed.segments
    chosen = segments.loc[segments["chip_id"].isin([1, 3]), "segment_id"].to_numpy()
    (folder,) = Chips().export(leaving(mixed, segment_ids=chosen), tmp_path)
    assert pd.read_csv(folder / "chips.csv")["chip_id"].tolist() == [1, 3]
    assert len(list(folder.rglob("*.png"))) == 2


def test_scope_that_leaves_nothing_says_so(mixed: OpenedWorkspace) -> None:
    with pytest.raises(NotThere, match="no segment has a label of origin classified, so there is nothing to export"):
        gather(leaving(mixed, origins=["classified"]))
    with pytest.raises(NotThere, match="no segment in the selection has a label of origin human"):
        gather(leaving(mixed, origins=["human"], segment_ids=[2]))
    with pytest.raises(NotThere, match="the selection is empty"):
        gather(leaving(mixed, segment_ids=[]))


def test_scope_refuses_unknown_segments(mixed: OpenedWorkspace) -> None:
    with pytest.raises(NotThere, match=r"names 2 segments that the workspace does not hold \(segment 90000 is one\)"):
        gather(leaving(mixed, segment_ids=[1, 90_000, 90_001]))


def test_scope_refuses_other_origins_and_ids(mixed: OpenedWorkspace) -> None:
    with pytest.raises(ConfigError, match=r"`labels` must be all, or one or several of: human, .* Got 'humn'"):
        leaving(mixed, origins=["humn"])
    with pytest.raises(ConfigError, match="one or several of: human"):
        leaving(mixed, origins=[])
    for ids in ([0, 1], [1.5], ["a"]):
        with pytest.raises(ConfigError, match="whole numbers of at least 1"):
            leaving(mixed, segment_ids=ids)
