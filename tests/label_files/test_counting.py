from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine
from shapely.geometry import Point, box

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.label_files import counting
from rsgraph.label_files.class_names import Names
from rsgraph.label_files.counting import count_labels, count_rasters, label_file, opened_file
from rsgraph.types import Window
from rsgraph.workspace import Workspace
from tests.exporters.workspaces import GRID, UTM, read_tif, scene, write_workspace

ROWS, COLUMNS = 40, 64


@pytest.fixture(scope="module")
def coast(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return write_workspace(tmp_path_factory.mktemp("coast"), [scene()])


def codes(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).choice([0, 3, 7, 200], (ROWS, COLUMNS)).astype(np.uint8)


def write(path: Path, values: np.ndarray, **tags: str) -> Path:
    size = {"count": 1, "height": values.shape[0], "width": values.shape[1], "dtype": values.dtype}
    with rasterio.open(path, "w", driver="GTiff", crs=UTM, transform=Affine(*GRID), **size) as file:
        file.write(values, 1)
        file.update_tags(**tags)
    return path


def naive(workspace: Workspace, values: np.ndarray, wanted: list[int]) -> np.ndarray:
    """Count pixel by pixel."""
    ids = read_tif(workspace.segment_file())[0][0]
    segments = workspace.segments["segment_id"].tolist()
    return np.array([[((ids == i) & (values == code)).sum() for code in wanted] for i in segments])


@pytest.mark.parametrize("block", [Window(0, 0, 512, 512), Window(0, 0, 7, 11)])
def test_counts_are_those_of_all_pixels_in_the_order_of_codes(
    coast: Workspace, tmp_path: Path, block: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "_BLOCK", block)
    found = count_labels(coast, write(tmp_path / "a.tif", codes(), CLASS_7="water", CLASS_3="land"))
    assert (found.codes, found.names) == ([3, 7, 200], ["land", "water", "class 200"])
    np.testing.assert_array_equal(found.segments, naive(coast, codes(), [3, 7, 200]))


def test_classes_of_one_name_are_one_and_the_others_are_left_out(coast: Workspace, tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", codes())
    found = count_labels(coast, path, classes={"200": "dry", "3": "dry"})
    assert (found.codes, found.names) == ([3], ["dry"])
    np.testing.assert_array_equal(found.segments[:, 0], naive(coast, codes(), [3, 200]).sum(axis=1))


def test_polygons_are_counted_by_their_pixels_and_points_where_there_are_none(
    coast: Workspace, tmp_path: Path
) -> None:
    left, top = GRID[2], GRID[5]
    half = box(left, top - 400, left + 320, top)
    places = [half, *(Point(left + x, top - y) for x, y in [(5, 205), (505, 205), (506, 206), (635, 395)])]
    table = gpd.GeoDataFrame({"label": ["west", "no", "east", "east", "corner"]}, geometry=places, crs=UTM)
    table.to_file(tmp_path / "a.gpkg")
    found = count_labels(coast, tmp_path / "a.gpkg")
    assert (found.codes, found.names) == ([1, 2, 3, 4], ["west", "no", "east", "corner"])
    west = np.repeat((np.arange(COLUMNS) < 32)[None], ROWS, axis=0)
    np.testing.assert_array_equal(found.segments[:, 0], naive(coast, west, [True])[:, 0])
    assert found.segments[:, 1:].sum(axis=0).tolist() == [0, 2, 1]


def test_rasters_scene_by_scene_share_their_classes(tmp_path: Path) -> None:
    scenes = [scene(name, rows=32, columns=32) for name in ("one", "other", "third")]
    workspace = write_workspace(tmp_path / "w", scenes)
    paths = {
        name: write(tmp_path / f"{name}.tif", np.full((32, 32), code, np.uint8)) for name, code in PLACED.items()
    }
    found = count_rasters(workspace, paths)
    table = workspace.segments
    assert (found.codes, found.names) == ([2, 5], ["class 2", "class 5"])
    expected = np.stack(
        [np.where(table["scene_id"] == name, table["area_px"], 0) for name in ("other", "one")], axis=1
    )
    np.testing.assert_array_equal(found.segments, expected)


PLACED = {"one": 5, "other": 2}


def test_an_attribute_of_a_thousand_values_is_no_class(coast: Workspace, tmp_path: Path) -> None:
    left, top = GRID[2], GRID[5]
    geometry = [Point(left + 5 + i % 60, top - 5 - i // 60) for i in range(1001)]
    table = gpd.GeoDataFrame({"label": [f"note {i}" for i in range(1001)]}, geometry=geometry, crs=UTM)
    table.to_file(tmp_path / "a.gpkg")
    with pytest.raises(NotUsable, match="names 1001 classes; expected at most 1000"):
        count_labels(coast, tmp_path / "a.gpkg")


@pytest.mark.parametrize(
    ("values", "codes_found", "decided"),
    [
        ([0, 1], [0, 1], ["0 counts as a class since 1 is the only other value"]),
        ([-1, 0, 1], [0, 1], ["-1 counts as no data", "0 counts as a class since -1 is no data"]),
        ([0, 1, 255], [0, 1], ["255 counts as no data", "0 counts as a class since 255 is no data"]),
        ([0, 3, 4], [3, 4], ["0 counts as no class"]),
    ],
)
@pytest.mark.parametrize("pixel", [10, 5])
def test_values_of_a_reference_without_a_legend(
    coast: Workspace, tmp_path: Path, values: list[int], codes_found: list[int], decided: list[str], pixel: int
) -> None:
    chosen = np.random.default_rng(1).choice(values, (ROWS, COLUMNS)).astype(np.int16)
    fine = np.kron(chosen, np.ones((10 // pixel, 10 // pixel), dtype=np.int16))
    size = {"count": 1, "height": len(fine), "width": fine.shape[1], "dtype": fine.dtype, "crs": UTM}
    grid = Affine(pixel, 0, GRID[2], 0, -pixel, GRID[5])
    with rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", transform=grid, **size) as file:
        file.write(fine, 1)
    found = count_labels(coast, tmp_path / "a.tif")
    assert found.codes == codes_found
    np.testing.assert_array_equal(found.segments, naive(coast, chosen, codes_found))
    assert [text.partition(" (")[0] for text in found.left_out.decided] == decided
    listed = count_labels(coast, tmp_path / "a.tif", classes=[str(value) for value in values])
    assert listed.codes == values
    assert listed.left_out == ({}, [])


def test_a_declared_no_data_value_may_be_called_a_class(coast: Workspace, tmp_path: Path) -> None:
    values = np.random.default_rng(1).choice([0, 1], (ROWS, COLUMNS)).astype(np.uint8)
    path = write(tmp_path / "a.tif", values)
    with rasterio.open(path, "r+") as file:
        file.nodata = 0
    alike = count_labels(coast, path)
    assert (alike.codes, alike.left_out.decided) == ([1], ["0 counts as no data, as the file declares"])
    found = count_labels(coast, path, classes={"0": "land", "1": "water"})
    assert found.names == ["land", "water"]
    np.testing.assert_array_equal(found.segments, naive(coast, values, [0, 1]))


def test_masks_of_several_scenes_are_read_alike(tmp_path: Path) -> None:
    scenes = [scene(name, rows=32, columns=32) for name in ("one", "other")]
    workspace = write_workspace(tmp_path / "w", scenes)
    land, both = np.zeros((32, 32), np.uint8), np.arange(32 * 32, dtype=np.uint8).reshape(32, 32) % 2
    paths = {"one": write(tmp_path / "a.tif", land), "other": write(tmp_path / "b.tif", both)}
    found = count_rasters(workspace, paths)
    assert found.names == ["class 0", "class 1"]
    assert found.segments[(workspace.segments["scene_id"] == "one").to_numpy(), 0].sum() == 32 * 32 - 35


def test_rows_of_a_table_count_in_their_segments(coast: Workspace, tmp_path: Path) -> None:
    left, top = GRID[2], GRID[5]
    lines = "".join(f"{left + x};{top - y};{name}\n" for x, y, name in [(5, 205, "a"), (505, 205, "b"), (-5, 5, "a")])
    (tmp_path / "a.csv").write_text(f"x;y;class\n{lines}")
    found = count_labels(coast, tmp_path / "a.csv")
    assert (found.names, found.segments.sum(axis=0).tolist()) == (["a", "b"], [1, 1])
    assert found.left_out == ({"rows whose place lies beside the scene": 1}, ["x and y are taken in the scene's CRS"])
    (tmp_path / "b.csv").write_text("segment_id,label\n2.0,a\n3,b\n900000,b\n")
    found = count_labels(coast, tmp_path / "b.csv")
    assert found.segments[1:3].tolist() == [[1, 0], [0, 1]]
    assert found.left_out.counts == {"rows of segments that the workspace does not have": 1}
    (tmp_path / "c.csv").write_text("lon,lat,label\n0.0,0.0,a\n")
    with pytest.raises(NotUsable, match="lies elsewhere"):
        count_labels(coast, tmp_path / "c.csv")


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("my places.kml", r"of no format that labels are read from; .*`ogr2ogr copy\.gpkg '.*my places\.kml'`"),
        ("a.dxf", r"of no format that labels are read from"),
        ("a.geojson", r"neither as vector data nor as a raster; .* copy or export it again"),
        ("a.png", r"neither as vector data nor as a raster; .* copy or export it again"),
    ],
)
def test_a_format_that_is_not_read_is_told_from_a_damaged_file(tmp_path: Path, name: str, match: str) -> None:
    (tmp_path / name).write_text("<kml/>")
    with (
        pytest.raises(NotReadable, match=match),
        opened_file(label_file(tmp_path / name), None, None, Names(), predictions=False),
    ):
        pass
