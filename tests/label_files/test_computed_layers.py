"""GeoPackages that compute what is read of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import geopandas
import pytest
from shapely import box

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.label_files.computed_layers import refuse_computed_layers

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000000)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """One polygon of the class water, as a GeoPackage."""
    frame = geopandas.GeoDataFrame({"label": ["water"]}, geometry=[box(0, 0, 1, 1)], crs="EPSG:32633")
    frame.to_file(tmp_path / "labels.gpkg", layer="labels", engine="pyogrio")
    return tmp_path / "labels.gpkg"


def changed(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(script)


def test_plain_layers_and_other_files_pass(path: Path, tmp_path: Path) -> None:
    refuse_computed_layers(path)
    changed(path, "CREATE VIEW of_mine AS SELECT * FROM labels; CREATE TABLE layer_styles (x)")
    refuse_computed_layers(path)
    (tmp_path / "labels.geojson").write_text("{}")
    refuse_computed_layers(tmp_path / "labels.geojson")
    with closing(sqlite3.connect(tmp_path / "plain.sqlite")) as database:
        database.execute("CREATE TABLE t (x)")
    refuse_computed_layers(tmp_path / "plain.sqlite")


@pytest.mark.parametrize(
    ("script", "named"),
    [
        (
            f"ALTER TABLE labels RENAME TO kept; CREATE VIEW labels AS {ENDLESS} "
            "SELECT i AS fid, geom, label FROM n, kept",
            "labels",
        ),
        (
            f"CREATE VIEW LaBeLs2 AS {ENDLESS} SELECT i AS fid FROM n; "
            "UPDATE gpkg_contents SET table_name = 'labels2'",
            "LaBeLs2",
        ),
        (
            "PRAGMA foreign_keys = OFF; ALTER TABLE gpkg_contents RENAME TO kept; "
            f"CREATE VIEW gpkg_contents AS {ENDLESS} SELECT kept.* FROM n, kept",
            "gpkg_contents",
        ),
        (
            "ALTER TABLE gpkg_geometry_columns RENAME TO kept; "
            f"CREATE VIEW GPKG_geometry_columns AS {ENDLESS} SELECT kept.* FROM n, kept",
            "GPKG_geometry_columns",
        ),
        ("ALTER TABLE labels ADD COLUMN more TEXT AS (zeroblob(1000000000))", "labels"),
    ],
)
def test_what_is_computed_is_named_and_not_evaluated(path: Path, script: str, named: str) -> None:
    changed(path, f"PRAGMA legacy_alter_table = ON; {script}")
    with pytest.raises(NotUsable, match=f"computes '{named}' as it is read"):
        refuse_computed_layers(path)


def test_a_damaged_database_is_named(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(NotReadable, match=r"labels\.gpkg cannot be read"):
        refuse_computed_layers(path)
