"""Single-band files of 10, 20 and 60 metres as one scene, and those that do not fit together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rasterio import Affine

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.io.counts import decide
from rsgraph.io.header import Header, header
from rsgraph.io.mosaic import agree, chosen, finest, in_order, scene_of_files
from rsgraph.io.overrides import Overrides
from rsgraph.types import Scene, Window
from tests.io.rasters import write_tiff

LEFT, TOP = 600000, 100020


def band(folder: Path, name: str, metres: float, number: int, *, left: float = LEFT, **options: object) -> Header:
    """The header of a file of 240 metres with one number everywhere."""
    size = round(240 / metres)
    numbers = np.full((1, size, size), number, dtype=np.uint16)
    grid = Affine(metres, 0, left, 0, -metres, TOP)
    return header(str(write_tiff(folder / f"{name}.tif", numbers, transform=grid, **options)))


def joined(headers: dict[str, Header], given: Overrides | None = None) -> Scene:
    decisions = {name: decide(found, Overrides()) for name, found in headers.items()}
    return scene_of_files("scene", headers, decisions, given or Overrides())


def test_in_order_counts_b8a_after_b08_and_strangers_last() -> None:
    assert in_order(["thermal", "B09", "B8A", "B02", "B08"]) == ["B02", "B08", "B8A", "B09", "thermal"]


def test_chosen_bands_are_those_of_the_user_in_the_user_s_order() -> None:
    held = ["B04", "B02", "B8A"]
    assert chosen(held, Overrides(), Path("x")) == ["B02", "B04", "B8A"]
    assert chosen(held, Overrides(bands=("B8A", "B02")), Path("x")) == ["B8A", "B02"]
    with pytest.raises(ConfigError, match=r"bands that x holds\. Got B12; choose among: B02, B04, B8A"):
        chosen(held, Overrides(bands=("B12", "B02")), Path("x"))


def test_scene_has_the_finest_grid_and_all_bands_on_it(tmp_path: Path) -> None:
    metres = {"B01": 60, "B02": 10, "B05": 20}
    headers = {name: band(tmp_path, name, metres[name], 1000 + metres[name]) for name in metres}
    assert finest(headers) is headers["B02"]
    scene = joined(headers)
    assert (scene.bands, scene.rows, scene.columns) == (("B01", "B02", "B05"), 24, 24)
    assert scene.transform == (10.0, 0.0, LEFT, 0.0, -10.0, TOP)
    raster = scene.source.read(scene.window)
    expected = np.broadcast_to(np.array([0.106, 0.101, 0.102])[:, None, None], (3, 24, 24))
    np.testing.assert_allclose(raster.values, expected, rtol=1e-6)
    assert "B01, B05: coarser, resampled to the finest grid (24 x 24 pixels)." in scene.notes
    assert scene.identity["scale"] == [1e-4] * 3
    assert scene.files == tuple(tmp_path / f"{name}.tif" for name in metres)


def test_scene_lays_coarse_pixels_on_the_ground_that_they_cover(tmp_path: Path) -> None:
    fine = band(tmp_path, "B02", 10, 1000)
    numbers = np.arange(1, 145, dtype=np.uint16).reshape(1, 12, 12)
    path = write_tiff(tmp_path / "B05.tif", numbers, transform=Affine(20, 0, LEFT, 0, -20, TOP))
    scene = joined({"B02": fine, "B05": header(str(path))})
    found = scene.source.read(Window(2, 4, 2, 2)).values[1]  # the ground of the coarse pixel in row 1, column 2
    assert found.mean() == pytest.approx(numbers[0, 1, 2] / 1e4)


def test_scene_refuses_files_of_other_ground_or_another_crs(tmp_path: Path) -> None:
    fine = band(tmp_path, "B02", 10, 1000)
    with pytest.raises(NotUsable, match="do not cover the same ground"):
        joined({"B02": fine, "B05": band(tmp_path, "B05", 20, 1000, left=LEFT + 100)})
    assert joined({"B02": fine, "B05": band(tmp_path, "B05", 20, 1000, left=LEFT + 10)}).rows == 24
    with pytest.raises(NotUsable, match="have different coordinate reference systems"):
        joined({"B02": fine, "B05": band(tmp_path, "B05", 20, 1000, crs="EPSG:32636")})


def test_agree_reads_a_dark_band_as_counts_where_others_are(tmp_path: Path) -> None:
    dark, bright = np.ones((1, 32, 32), np.float32), np.full((1, 32, 32), 3000, np.float32)
    decisions = {
        name: decide(header(str(write_tiff(tmp_path / f"{name}.tif", numbers))), Overrides())
        for name, numbers in (("B10", dark), ("B08", bright))
    }
    assert [each.radiometry.scale for each in decisions.values()] == [(1.0,), (1e-4,)]
    assert [each.radiometry.scale for each in agree(decisions).values()] == [(1e-4,), (1e-4,)]
    assert agree({"B10": decisions["B10"]}) == {"B10": decisions["B10"]}
