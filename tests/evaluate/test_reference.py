from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.warp import Resampling, reproject, transform_bounds
from shapely.geometry import box

from rsgraph.errors import ConfigError, InputError, NotReadable, NotUsable
from rsgraph.evaluate.reference import ReferenceCounts, reference_counts, wanted_classes
from rsgraph.evaluation.scores import ceiling
from rsgraph.run.runner import run
from rsgraph.run.scenes import Reopened
from rsgraph.workspace import Workspace
from tests.exporters.workspaces import read_tif, scene, write_workspace
from tests.small_runs import TINY, Configure, composed

SITE = "site_38D_378R_2_3"


def counted(workspace: Workspace, codes: np.ndarray, wanted: list[int]) -> np.ndarray:
    """Count pixel by pixel, with one table of all pairs."""
    ids = read_tif(workspace.segment_file())[0][0].astype(np.int64)
    table = np.zeros((ids.max() + 1, codes.max() + 1), dtype=np.int64)
    np.add.at(table, (ids, codes), 1)
    return np.asarray(table[np.ix_(workspace.segments["segment_id"].to_numpy(), wanted)])


def delivered(workspace: Workspace) -> tuple[np.ndarray, dict[int, str]]:
    """What the scene itself says, read as the run read it."""
    (opened,) = Reopened(workspace.folder).opened()
    assert opened.reference is not None
    return opened.reference.read(opened.window), dict(opened.reference.names)


def counts(workspace: Workspace, path: Path | None, **options: object) -> ReferenceCounts:
    found = reference_counts(workspace, path, **options)  # type: ignore[arg-type]
    assert found is not None
    return found


def extent(transform: Sequence[float], *corners: tuple[int, int]) -> tuple[float, float, float, float]:
    """Left, bottom, right, top of two corners (column, row)."""
    (left, top), (right, bottom) = (Affine(*transform) @ corner for corner in corners)
    return left, bottom, right, top


def test_the_synthetic_scene_brings_its_own_reference(finished: Workspace) -> None:
    codes, names = delivered(finished)
    found = counts(finished, None)
    present = [code for code in sorted(names) if (codes == code).any()]
    assert found.codes == present
    assert found.names == [names[code] for code in present]
    np.testing.assert_array_equal(found.segments, counted(finished, codes, present))
    assert 0.8 < ceiling(found.segments)[0] < 1


def test_a_raster_of_another_crs_and_grid_is_laid_over_the_segments(finished: Workspace, tmp_path: Path) -> None:
    codes, _ = delivered(finished)
    here = finished.scene
    source = {"src_crs": here.crs, "src_transform": Affine(*here.transform)}
    west, south, east, north = transform_bounds(here.crs, "EPSG:4326", *extent(here.transform, (0, 0), (200, 160)))
    fine = Affine((east - west) / 1000, 0, west, 0, (south - north) / 800, north)
    moved = np.zeros((800, 1000), dtype=np.uint8)
    reproject(codes, moved, dst_crs="EPSG:4326", dst_transform=fine, resampling=Resampling.nearest, **source)
    profile = {"count": 1, "height": len(moved), "width": moved.shape[1], "dtype": "uint8", "nodata": 0}
    with rasterio.open(tmp_path / "a.tif", "w", crs="EPSG:4326", transform=fine, **profile) as file:
        file.write(moved, 1)
    found, own = counts(finished, tmp_path / "a.tif"), counts(finished, None)
    assert found.codes == own.codes
    assert found.names == [f"class {code}" for code in own.codes]
    assert np.abs(found.segments - own.segments).sum() < 0.02 * own.segments.sum()


def test_names_choose_and_join_classes(finished: Workspace) -> None:
    path, own = finished.path("reference.tif"), counts(finished, None)
    first, second, *_ = own.codes
    found = counts(finished, path, names={first: "both", second: "both"})
    assert (found.codes, found.names) == ([first], ["both"])
    np.testing.assert_array_equal(found.segments[:, 0], own.segments[:, :2].sum(axis=1))


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "shp"])
def test_polygons_are_a_reference_too(finished: Workspace, tmp_path: Path, ending: str) -> None:
    here = finished.scene
    boxes = [box(*extent(here.transform, (left, 0), (left + 100, 160))) for left in (0, 100)]
    table = gpd.GeoDataFrame({"kind": ["west", "east"]}, geometry=boxes, crs=here.crs)
    table.to_crs(4326 if ending == "geojson" else here.crs).to_file(tmp_path / f"a.{ending}")
    found = counts(finished, tmp_path / f"a.{ending}", column="kind", layer="a")
    halves = np.repeat(np.where(np.arange(200) < 100, 1, 2)[None], 160, axis=0)
    assert (found.codes, found.names) == ([1, 2], ["west", "east"])
    exact = counted(finished, halves, [1, 2])
    assert np.abs(found.segments - exact).sum() <= (8 if ending == "geojson" else 0)


def test_classes_of_whole_images_are_their_segments_classes(tmp_path: Path) -> None:
    images = [("Sea_1", "Sea"), ("Forest_1", "Forest"), ("Sea_2", "Sea"), ("lost", None)]
    workspace = write_workspace(tmp_path / "w", [scene(name, class_name=of_class) for name, of_class in images])
    found, table = counts(workspace, None), workspace.segments
    assert (found.codes, found.names) == ([1, 2], ["Forest", "Sea"])
    names = table["scene_id"].str.split("_").str[0].to_numpy()
    expected = np.stack([np.where(names == name, table["area_px"], 0) for name in found.names], axis=1)
    np.testing.assert_array_equal(found.segments, expected)


def test_a_scene_without_reference_has_none(finished: Workspace, tmp_path: Path) -> None:
    assert reference_counts(write_workspace(tmp_path / "w", [scene()]), None) is None
    shutil.copytree(finished.folder, tmp_path / "copy")
    with rasterio.open(tmp_path / "copy" / "reference.tif", "r+") as file:
        file.write(np.zeros((1, 160, 200), dtype=np.uint8))
    assert reference_counts(Workspace(tmp_path / "copy"), None) is None


@pytest.fixture
def wrong(finished: Workspace, tmp_path: Path) -> Path:
    """Files that are no reference of the scene."""
    here = finished.scene
    shape = {"count": 1, "height": 160, "width": 200, "crs": here.crs}
    places = {"away": Affine.translation(9e5, 0) @ Affine(*here.transform)}
    measured = np.random.default_rng(0).random((160, 200), dtype=np.float32)
    contents = {"measured": measured, "many": np.arange(32_000, dtype=np.float32).reshape(160, 200)}
    for name in ("away", "measured", "many"):
        values = contents.get(name, np.ones((160, 200), dtype=np.uint8))
        transform = places.get(name, Affine(*here.transform))
        with rasterio.open(tmp_path / f"{name}.tif", "w", dtype=values.dtype, transform=transform, **shape) as file:
            file.write(values, 1)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("away.tif", NotUsable, "lies elsewhere: nothing in it overlaps scene"),
        ("measured.tif", NotUsable, r"holds measurements \(0\.\d+\); expected whole numbers"),
        ("many.tif", NotUsable, "holds more than 1000 different values; expected class codes"),
        ("missing.tif", NotReadable, "does not exist"),
    ],
)
def test_what_is_no_reference_is_refused_in_one_sentence(
    finished: Workspace, wrong: Path, name: str, kind: type[InputError], message: str
) -> None:
    with pytest.raises(kind, match=message) as caught:
        reference_counts(finished, wrong / name)
    assert "\n" not in str(caught.value)


def test_advice_names_the_options_of_references(finished: Workspace, tmp_path: Path) -> None:
    here = finished.scene
    places = [box(*extent(here.transform, (0, 0), (100, 160)))] * 2
    table = gpd.GeoDataFrame({"kind": ["a", "b"], "sort": ["c", "d"]}, geometry=places, crs=here.crs)
    table.to_file(tmp_path / "a column=.gpkg")
    with pytest.raises(NotUsable, match=r"a column=\.gpkg does not say .* name it with reference_column=: kind"):
        reference_counts(finished, tmp_path / "a column=.gpkg")
    table.to_file(tmp_path / "b.gpkg", layer="one")
    table.to_file(tmp_path / "b.gpkg", layer="two")
    with pytest.raises(NotUsable, match="several layers; name one with reference_layer=: one, two"):
        reference_counts(finished, tmp_path / "b.gpkg")


def test_classes_are_asked_for_by_codes_or_names() -> None:
    assert wanted_classes([0, "water"]) == ["0", "water"]
    assert wanted_classes({0: "land", "1": "water"}) == {"0": "land", "1": "water"}
    for wrong in ("water", 3, [], {}, [0.5], [True], {0: ""}, [None]):
        with pytest.raises(ConfigError, match="`reference_classes` must be codes or names such as"):
            wanted_classes(wrong)  # type: ignore[arg-type]


def test_progress_ends_whole(finished: Workspace) -> None:
    calls: list[tuple[int, int]] = []
    reference_counts(finished, None, progress=lambda done, total: calls.append((done, total)))
    assert calls[0] == (0, 1)
    assert calls[-1] == (1, 1)


PLAIN = ["encoder=bands", "gnn=none", "reader=auto"]


@pytest.mark.real
def test_land_cover_of_a_real_site(real_data: Path, tmp_path: Path) -> None:
    tiny = [option for option in TINY if not option.startswith(("reader", "encoder.", "training.gnn"))]
    data = real_data / f"{SITE}_l2a_10m.tif"
    workspace = run(composed(*tiny, *PLAIN, f"data.path={data}", f"workspace={tmp_path / 'w'}"))
    assert reference_counts(workspace, None) is None
    codes = read_tif(real_data / f"{SITE}_lulc_10m.tif")[0][0]
    found = counts(workspace, real_data / f"{SITE}_lulc_10m.tif", names={9: "rangeland", 4: "crops", 7: "built"})
    assert (found.codes, found.names) == ([4, 9], ["crops", "rangeland"])
    np.testing.assert_array_equal(found.segments, counted(workspace, codes, [4, 9]))
    assert found.segments.sum() == 224 * 224
    assert 0.85 < ceiling(found.segments)[0] < 1
    with pytest.raises(NotUsable, match="labels no segment as one of: 1;"):
        reference_counts(workspace, real_data / f"{SITE}_lulc_10m.tif", names={1: "sea"})


@pytest.mark.real
def test_a_real_collection_is_referred_to_by_its_folders(
    real_data: Path, tmp_path: Path, configure: Configure
) -> None:
    tiny = [option for option in TINY if not option.startswith(("reader", "encoder.", "training.gnn"))]
    data = real_data / "eurosat_ms_200"
    workspace = run(composed(*tiny, *PLAIN, f"data.path={data}", "data.limit=12", f"workspace={tmp_path / 'w'}"))
    found = counts(workspace, None)
    assert set(found.names) == {name.rsplit("_", 1)[0] for name in workspace.segments["scene_id"]}
    assert found.segments.sum() == workspace.segments["area_px"].sum()
    assert ceiling(found.segments) == (1, 1)
