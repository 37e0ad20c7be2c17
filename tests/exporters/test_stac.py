"""Items follow STAC 1.1 and the label extension 1.0.1, rule by rule; no schema is fetched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from rasterio.crs import CRS

from rsgraph.errors import NotThere
from rsgraph.exporters.stac import Stac, footprint
from rsgraph.files import write_text
from tests.exporters.workspaces import (
    GRID,
    OpenedWorkspace,
    leaving,
    read_tif,
    scene,
    write_classes,
    write_labels,
    write_workspace,
)

ROWS = [
    (1, "water", "human", 1.0, "ann", "2026-01-02T10:00:00Z"),
    (2, "sand", "propagated", 0.5, "ann", "2026-01-03T11:00:00Z"),
    (5, "water", "human", 1.0, "ann", "2026-01-01T09:00:00Z"),
]


@pytest.fixture
def mapped(workspace: OpenedWorkspace) -> OpenedWorkspace:
    write_labels(workspace.path("labels.sqlite"), ROWS)
    write_classes(workspace.path("labels.sqlite"), [("water", "#2060c0"), ("sand", "#f0d080"), ("mud", None)])
    return workspace


def named(workspace: OpenedWorkspace, path: str) -> OpenedWorkspace:
    write_text(workspace.path("config.yaml"), f"data:\n  path: {path}\n")
    return workspace


def item_of(workspace: OpenedWorkspace, folder: Path) -> tuple[Path, dict[str, Any]]:
    (path,) = Stac().export(leaving(workspace), folder)
    return path, json.loads(path.read_text(encoding="utf-8"))


def test_item_has_all_that_stac_asks_for(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    path, item = item_of(mapped, tmp_path)
    assert path == tmp_path / "stac" / "coast" / "coast.json"
    assert (item["type"], item["stac_version"], item["id"]) == ("Feature", "1.1.0", "coast")
    assert item["stac_extensions"] == [
        "https://stac-extensions.github.io/label/v1.0.1/schema.json",
        "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    ]
    outline = shapely.from_geojson(json.dumps(item["geometry"]))
    assert outline.geom_type == "Polygon"
    assert outline.is_valid
    np.testing.assert_allclose(item["bbox"], outline.bounds, atol=1e-9)
    assert item["bbox"] == pytest.approx([15.0, 36.1411, 15.0071, 36.1447], abs=1e-4)
    for link in item["links"]:
        assert link["rel"] in ("root", "parent", "source")
        assert link["href"]
    for asset in item["assets"].values():
        assert asset["href"].startswith("./")
        assert (path.parent / asset["href"]).is_file()


def test_item_has_the_fields_of_the_label_extension(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    found = item_of(mapped, tmp_path)[1]["properties"]
    assert found["label:type"] == "vector"
    assert found["label:tasks"] == ["segmentation"]
    assert found["label:properties"] == ["label"]
    assert found["label:classes"] == [{"name": "label", "classes": ["water", "sand", "mud"]}]
    assert found["label:methods"] == ["manual", "automated"]
    assert len(found["label:description"]) > 20
    (overview,) = found["label:overviews"]
    assert overview["property_key"] == "label"
    assert {each["name"]: each["count"] for each in overview["counts"]} == {"water": 2, "sand": 1, "mud": 0}
    allowed = {"type", "tasks", "properties", "classes", "methods", "description", "overviews"}
    assert {name for name in found if name.startswith("label:")} == {f"label:{name}" for name in allowed}


def test_item_has_the_fields_of_the_projection_extension(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    found = item_of(mapped, tmp_path)[1]["properties"]
    assert found["proj:code"] == "EPSG:32633"
    assert found["proj:shape"] == [40, 64]
    assert found["proj:transform"] == list(GRID)
    assert found["proj:bbox"] == [500_000, 3_999_600, 500_640, 4_000_000]
    assert found["proj:wkt2"].startswith("PROJCRS[")
    assert CRS.from_wkt(found["proj:wkt2"]) == CRS.from_epsg(32633)


def test_assets_are_the_labels(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    path, item = item_of(mapped, tmp_path)
    ids = read_tif(mapped.path("segments.tif"))[0][0]
    exact = gpd.read_file(path.parent / item["assets"]["labels-scene-crs"]["href"], layer="labels")
    assert exact.crs.to_epsg() == 32633
    areas = exact.dissolve("label").area
    assert areas.to_dict() == {"sand": 100 * (ids == 2).sum(), "water": 100 * np.isin(ids, [1, 5]).sum()}
    web = gpd.read_file(path.parent / item["assets"]["labels"]["href"])
    assert web.crs.to_epsg() == 4326
    assert sorted(web["label"]) == sorted(exact["label"]) == ["sand", "water", "water"]
    codes, file = read_tif(path.parent / item["assets"]["classes"]["href"])
    np.testing.assert_array_equal(codes[0], np.select([np.isin(ids, [1, 5]), ids == 2], [1, 2], 0))
    assert json.loads(file.tags["LEGEND"])["3"] == "mud"


def test_catalogue_leads_to_the_item_and_back(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    path, item = item_of(mapped, tmp_path)
    catalog = json.loads((tmp_path / "stac" / "catalog.json").read_text())
    assert (catalog["type"], catalog["stac_version"]) == ("Catalog", "1.1.0")
    assert catalog["id"]
    assert catalog["description"]
    (down,) = (link["href"] for link in catalog["links"] if link["rel"] == "item")
    assert (tmp_path / "stac" / down).resolve() == path.resolve()
    for link in item["links"]:
        assert (path.parent / link["href"]).resolve() == (tmp_path / "stac" / "catalog.json").resolve()


def test_time_is_that_of_the_scene_as_its_name_says(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    scene_path = "/data/S2B_MSIL2A_20200223T032739_N0214_R018_T48QUE_20200223T071515.SAFE"
    _, item = item_of(named(mapped, scene_path), tmp_path)
    assert item["properties"]["datetime"] == "2020-02-23T03:27:39Z"
    assert "start_datetime" not in item["properties"]
    (source,) = (link for link in item["links"] if link["rel"] == "source")
    assert source["href"] == f"file://{scene_path}"


def test_source_is_linked_where_the_scene_was_named_in_a_list(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    _, item = item_of(named(mapped, "[/data/turb_20231217_l2a.tif]"), tmp_path)
    assert [link["href"] for link in item["links"] if link["rel"] == "source"] == [
        "file:///data/turb_20231217_l2a.tif"
    ]
    assert item["properties"]["start_datetime"] == "2023-12-17T00:00:00Z"


def test_time_is_the_day_where_only_that_is_known(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    found = item_of(named(mapped, "/data/turb_20231217_l2a.tif"), tmp_path)[1]["properties"]
    assert found["datetime"] is None
    assert found["start_datetime"] == "2023-12-17T00:00:00Z"
    assert found["end_datetime"] == "2023-12-17T23:59:59Z"


def test_time_is_that_of_the_labels_where_nothing_is_known(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    found = item_of(mapped, tmp_path)[1]["properties"]
    assert found["datetime"] is None
    assert found["start_datetime"] == "2026-01-01T09:00:00Z"
    assert found["end_datetime"] == "2026-01-03T11:00:00Z"
    assert "not known" in found["label:description"]


def test_item_carries_provenance(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    facts = item_of(mapped, tmp_path)[1]["properties"]["rsgraph"]
    assert facts["model_run"] == "run-2"
    assert facts["label_origins"] == {"human": 2, "propagated": 1}
    assert facts["label_authors"] == {"ann": 3}


def test_item_of_a_scene_without_crs_has_no_footprint(tmp_path: Path) -> None:
    place = write_workspace(tmp_path / "work", [scene(crs=None, transform=(1, 0, 0, 0, 1, 0))], {1: "water"})
    _, item = item_of(place, tmp_path)
    assert item["geometry"] is None
    assert "bbox" not in item
    assert "in pixels" in item["properties"]["label:description"]
    assert not [name for name in item["properties"] if name.startswith("proj:")]


def test_collection_has_an_item_for_each_labelled_scene(collection: OpenedWorkspace, tmp_path: Path) -> None:
    (path,) = Stac().export(leaving(collection), tmp_path)
    assert path == tmp_path / "stac" / "River_1" / "River_1.json"
    assert not (tmp_path / "stac" / "Forest_22").exists()


def test_footprint_across_the_antimeridian_is_cut_there(tmp_path: Path) -> None:
    crs = CRS.from_epsg(32701).to_wkt()
    across = scene(rows=20, columns=30, crs=crs, transform=(2000.0, 0.0, 145_000.0, 0.0, -2000.0, 8_000_000.0))
    geometry, bbox = footprint(write_workspace(tmp_path / "work", [across]).scene)
    assert geometry is not None
    assert bbox is not None
    assert geometry["type"] == "MultiPolygon"
    assert bbox[0] > 179
    assert -180 < bbox[2] < -179


def test_export_replaces_an_earlier_one_whole(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    Stac().export(leaving(mapped), tmp_path)
    Stac().export(leaving(mapped), tmp_path)
    assert sorted(path.name for path in (tmp_path / "stac" / "coast").iterdir()) == [
        "classes.tif",
        "classes.tif.aux.xml",
        "coast.json",
        "labels.geojson",
        "labels.gpkg",
    ]


def test_export_reports_progress_to_the_end(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    Stac().export(leaving(mapped), tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_export_without_labels_says_what_to_do(workspace: OpenedWorkspace, tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="has no labels to export"):
        Stac().export(leaving(workspace), tmp_path / "out")
