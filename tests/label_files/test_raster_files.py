"""Rasters of class codes with the legends that GDAL's programs write, laid over a scene's grid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.label_files.class_names import Names
from rsgraph.label_files.raster_files import MASKED, RasterFile, open_raster
from rsgraph.types import Window
from rsgraph.workspace import SceneInfo
from tests.exporters.workspaces import GRID, UTM

CODES = np.array([[0, 1, 1, 7], [2, 2, 1, 7]], dtype=np.uint8)


def scene(
    rows: int = 2, columns: int = 4, *, crs: str | None = UTM, transform: tuple[float, ...] = GRID
) -> SceneInfo:
    return SceneInfo("coast", ("B02",), rows, columns, crs, transform, (), None)


def write(
    path: Path,
    codes: np.ndarray,
    *,
    pixel: float = 10,
    tags: dict[str, str] | None = None,
    colours: dict[int, tuple[int, ...]] | None = None,
    **profile: Any,
) -> Path:
    grid = Affine(pixel, 0, GRID[2], 0, -pixel, GRID[5])
    bands = codes if codes.ndim == 3 else codes[None]
    size = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2], "dtype": codes.dtype}
    with rasterio.open(path, "w", driver="GTiff", crs=UTM, transform=grid, **size, **profile) as file:
        file.write(bands)
        file.update_tags(**(tags or {}))
        if colours:
            file.write_colormap(1, colours)
    return path


def opened(path: Path, layer: int | None = None) -> RasterFile:
    return open_raster(path, layer, Names())


NONE = -99
"""Stands here for pixels that the file declares as no data."""


def on_grid(file: RasterFile, here: SceneInfo) -> np.ndarray:
    """The values that the file has on a scene's grid."""
    with file.on_grid(here) as laid:
        numbers = laid.codes(Window(0, 0, here.rows, here.columns))
    values = np.array([NONE, NONE, *file.numbers])
    assert list(file.numbers.values()) == list(range(MASKED + 1, len(values)))
    return values[numbers]


def test_values_are_numbered_and_classes_named_by_rising_value(tmp_path: Path) -> None:
    tags = {"CLASS_0": "No data", "CLASS_7": "open  water", "CLASS_2": "sand"}
    file = opened(write(tmp_path / "a.tif", CODES, tags=tags))
    np.testing.assert_array_equal(on_grid(file, scene()), CODES)
    numbers = file.class_numbers([7, 2, 1, 5])
    assert {value: numbers[number] for value, number in file.numbers.items()} == {0: 0, 1: 1, 2: 2, 7: 3}
    assert numbers[MASKED] == 0
    assert file.names.names == ["class 1", "sand", "open water"]
    assert file.asked is None
    joined = open_raster(tmp_path / "a.tif", None, Names({"7": "other", "sand": "other"}))
    np.testing.assert_array_equal(on_grid(joined, scene()), CODES)
    assert joined.asked == {2, 7}
    assert set(joined.class_numbers({2, 7}).tolist()) == {0, 1}


@pytest.mark.parametrize("pixel", [10, 20])
def test_no_data_is_what_the_file_declares_unless_the_user_calls_it_a_class(tmp_path: Path, pixel: float) -> None:
    path = write(tmp_path / "a.tif", CODES, pixel=pixel, nodata=0)
    here = scene(2 * (2 if pixel == 20 else 1), 5 * (2 if pixel == 20 else 1))  # a column more than the file
    zoom = np.ones((2, 2) if pixel == 20 else (1, 1), dtype=int)
    beyond = np.full((2, 1), NONE)
    expected = np.kron(np.hstack([np.where(CODES == 0, NONE, CODES.astype(int)), beyond]), zoom)
    np.testing.assert_array_equal(on_grid(opened(path), here), expected)
    asking = open_raster(path, None, Names(["0", "1"]))
    np.testing.assert_array_equal(on_grid(asking, here), np.kron(np.hstack([CODES.astype(int), beyond]), zoom))
    assert asking.asked == {0, 1}


def test_numbers_that_are_none_and_infinite_are_no_data(tmp_path: Path) -> None:
    values = np.array([[np.nan, 1, np.inf, 3], [0, -1, -9999, 2]], dtype=np.float32)
    for nodata in (None, float("nan"), float("inf")):
        found = on_grid(opened(write(tmp_path / "a.tif", values, nodata=nodata)), scene())
        np.testing.assert_array_equal(found, [[NONE, 1, NONE, 3], [0, -1, -9999, 2]])


def test_codes_of_another_grid_are_those_of_the_nearest_pixel(tmp_path: Path) -> None:
    file = opened(write(tmp_path / "a.tif", CODES, pixel=20, nodata=0))
    fine = on_grid(file, scene(6, 10))
    expected = np.full((6, 10), NONE)
    expected[:4, :8] = np.where(CODES == 0, NONE, CODES.astype(int)).repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_array_equal(fine, expected)


def test_overlaps_tells_neighbours_from_strangers(tmp_path: Path) -> None:
    file = opened(write(tmp_path / "a.tif", CODES))
    assert file.overlaps(scene())
    assert not file.overlaps(scene(transform=(10, 0, GRID[2] + 40, 0, -10, GRID[5])))  # side by side
    assert file.overlaps(scene(transform=(10, 0, GRID[2] + 39, 0, -10, GRID[5])))
    with pytest.raises(NotUsable, match=r"scene 'coast' has no CRS, so .* cannot be laid over it"):
        file.overlaps(scene(crs=None))


@pytest.mark.parametrize("kind", ["tag", "categories", "table"])
def test_legends_are_read_as_gdal_s_programs_write_them(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / "a.tif", CODES)
    names = {1: "sea", 2: "land"}
    if kind == "tag":
        write(path, CODES, tags={"LEGEND": json.dumps(names)})
    else:
        categories = "<CategoryNames><Category/><Category>sea</Category><Category>land</Category></CategoryNames>"
        fields = '<FieldDefn index="0"><Name>Value</Name><Type>0</Type><Usage>5</Usage></FieldDefn>'
        fields += '<FieldDefn index="1"><Name>What</Name><Type>2</Type><Usage>2</Usage></FieldDefn>'
        rows = "".join(f'<Row index="{i}"><F>{i + 1}.0</F><F>{names[i + 1]}</F></Row>' for i in range(2))
        rows += '<Row index="2"><F>3</F></Row>'
        table = f"<GDALRasterAttributeTable>{fields}{rows}</GDALRasterAttributeTable>"
        inside = categories if kind == "categories" else table
        text = f'<PAMDataset><PAMRasterBand band="1">{inside}</PAMRasterBand></PAMDataset>'
        Path(f"{path}.aux.xml").write_text(text)
    assert {code: name for code, name in opened(path).legend.items() if name} == names


def test_what_is_no_map_of_classes_is_refused(tmp_path: Path) -> None:
    measured = opened(write(tmp_path / "a.tif", np.array([[1.0, 0.25]], dtype=np.float32)))
    with pytest.raises(NotUsable, match=r"holds measurements \(0\.25\); expected whole numbers"):
        on_grid(measured, scene(1, 2))
    many = opened(write(tmp_path / "b.tif", np.arange(1100, dtype=np.uint16).reshape(1, -1)))
    with pytest.raises(NotUsable, match="holds more than 1000 different values"):
        on_grid(many, scene(1, 1100))
    two = write(tmp_path / "c.tif", np.stack([CODES, CODES + 1]))
    with pytest.raises(
        NotUsable, match=r"has 2 bands; expected one band of class codes, so name one: layer=1 \.\.\. 2"
    ):
        opened(two)
    with pytest.raises(NotUsable, match=r"has no band 3; choose one of: 1, 2\."):
        opened(two, 3)
    assert on_grid(opened(two, 2), scene())[0].tolist() == [1, 2, 2, 8]
    (tmp_path / "d.tif").write_text("no raster")
    with pytest.raises(NotReadable, match=r"d\.tif cannot be read"):
        opened(tmp_path / "d.tif")
