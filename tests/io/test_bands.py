"""Folders of single-band files: which files, which grid, no seams, no bleeding."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from rasterio import Affine
from scipy.ndimage import map_coordinates

from rsgraph.errors import ConfigError, NotReadable, NotUsable
from rsgraph.io.bands import Bands
from rsgraph.types import Scene, Window
from tests.io.rasters import counts, write_tiff


def grid(metres: float, x: float = 500000, y: float = 4100000) -> Affine:
    return Affine(metres, 0, x, 0, -metres, y)


def folder(path: Path) -> Path:
    """Three resolutions: 10 m (60 x 48), 20 m, 60 m."""
    write_tiff(path / "B02.tif", counts(1, 60, 48, seed=2), transform=grid(10))
    write_tiff(path / "B8A.tif", counts(1, 30, 24, seed=8), transform=grid(20))
    write_tiff(path / "B09.tif", counts(1, 10, 8, seed=9), transform=grid(60))
    return path


def opened(path: Path, **options: object) -> Scene:
    (scene,) = Bands(**options).open(path)  # type: ignore[arg-type]  # tests pass any option
    return scene


def test_bands_are_resampled_to_the_finest_grid(tmp_path: Path) -> None:
    scene = opened(folder(tmp_path / "s"))
    assert scene.bands == ("B02", "B8A", "B09")
    assert (scene.rows, scene.columns, scene.name) == (60, 48, "s")
    values = scene.source.read(scene.window).values
    np.testing.assert_allclose(values[0], counts(1, 60, 48, seed=2)[0] / 10000, rtol=1e-6)
    for band, size, seed in ((1, 2, 8), (2, 6, 9)):
        coarse = counts(1, 60 // size, 48 // size, seed=seed)[0] / 10000
        at = np.meshgrid((np.arange(60) + 0.5) / size - 0.5, (np.arange(48) + 0.5) / size - 0.5, indexing="ij")
        np.testing.assert_allclose(values[band], map_coordinates(coarse, at, order=1, mode="nearest"), atol=1e-6)


def test_bands_windows_have_no_seams(tmp_path: Path) -> None:
    scene = pickle.loads(pickle.dumps(opened(folder(tmp_path / "s"))))  # noqa: S301  # our own bytes
    whole = scene.source.read(scene.window).values
    for row in range(0, 60, 17):
        for column in range(0, 48, 13):
            window = Window(row, column, min(17, 60 - row), min(13, 48 - column))
            part = scene.source.read(window).values
            cut = whole[:, row : row + window.rows, column : column + window.columns]
            np.testing.assert_allclose(part, cut, atol=1e-6)


def test_bands_nan_border_does_not_bleed(tmp_path: Path) -> None:
    write_tiff(tmp_path / "B02.tif", np.full((1, 60, 60), 0.2, np.float32), transform=grid(10))
    coarse = np.full((1, 10, 10), 0.4, np.float32)
    coarse[:, 0] = np.nan
    write_tiff(tmp_path / "B09.tif", coarse, transform=grid(60))
    raster = opened(tmp_path).source.read(Window(0, 0, 60, 60))
    assert not raster.valid[:6].any()
    assert raster.valid[6:].all()
    assert raster.not_finite == 360
    np.testing.assert_allclose(raster.values[1, 6:], 0.4, rtol=1e-6)


def test_bands_undeclared_fill_is_lost_only_where_all_bands_have_it(tmp_path: Path) -> None:
    fine, coarse = np.full((1, 60, 60), 2000, np.uint16), np.full((1, 10, 10), 4000, np.uint16)
    fine[:, :12], coarse[:, :1] = 0, 0
    coarse[:, 9, 9] = 0
    write_tiff(tmp_path / "B02.tif", fine, transform=grid(10))
    write_tiff(tmp_path / "B09.tif", coarse, transform=grid(60))
    raster = opened(tmp_path).source.read(Window(0, 0, 60, 60))
    assert not raster.valid[:6].any()
    assert raster.valid[6:].all()
    np.testing.assert_allclose(raster.values[1, 54:, 54:], 0.0)
    np.testing.assert_allclose(raster.values[1, 6:48, :48], 0.4, rtol=1e-6)


def test_bands_names_of_the_copernicus_browser(tmp_path: Path) -> None:
    for band in ("B02", "B03", "B8A"):
        name = f"2020-02-23-00 00_2020-02-23-23 59_Sentinel-2_L2A_{band}_(Raw).tiff"
        write_tiff(tmp_path / "x (Raw)" / name, counts(1))
    write_tiff(tmp_path / "x (Raw)" / "2020-02-23_Sentinel-2_L2A_True_color.tiff", counts(3))
    write_tiff(tmp_path / "x (Raw)" / "T48QUE_SCL_20m.tif", counts(1))
    scene = opened(tmp_path / "x (Raw)")
    assert scene.bands == ("B02", "B03", "B8A")
    assert "True_color.tiff, T48QUE_SCL_20m.tif: left out" in scene.notes[0]
    assert scene.name == "x_Raw"


def test_bands_option_selects_and_orders(tmp_path: Path) -> None:
    scene = opened(folder(tmp_path), bands=["B09", "B02"])
    assert scene.bands == ("B09", "B02")
    assert len(scene.files) == 2
    with pytest.raises(ConfigError, match=r"Got B11; choose among: B02, B8A, B09"):
        opened(tmp_path, bands=["B11"])


def test_bands_of_several_resolutions_take_the_finest_file(tmp_path: Path) -> None:
    write_tiff(tmp_path / "T_B02_10m.tif", counts(1, 60, 60), transform=grid(10))
    write_tiff(tmp_path / "T_B02_20m.tif", counts(1, 30, 30), transform=grid(20))
    assert opened(tmp_path).files == (tmp_path / "T_B02_10m.tif",)


def test_bands_float_counts_are_recognised_by_all_bands_together(tmp_path: Path) -> None:
    write_tiff(tmp_path / "B04.tif", counts(1).astype(np.float32))
    write_tiff(tmp_path / "B10.tif", np.full((1, 70, 50), 1.5, np.float32))
    raster = opened(tmp_path).source.read(Window(0, 0, 4, 4))
    np.testing.assert_allclose(raster.values[1], 0.00015, rtol=1e-6)


def test_bands_without_any_grid_are_laid_out_by_size(tmp_path: Path) -> None:
    for name, size in (("B02", 60), ("B05", 30)):
        numbers = np.arange(size * size, dtype=np.uint16).reshape(1, size, size) + 1
        with pytest.warns(match="no geotransform"):
            write_tiff(tmp_path / f"{name}.tif", numbers, crs=None, transform=None)
    scene = opened(tmp_path)
    assert (scene.rows, scene.columns, scene.crs) == (60, 60, None)
    np.testing.assert_allclose(scene.source.read(Window(1, 1, 1, 1)).values[1], (1 + 0.25 * 31) / 1e4, rtol=1e-5)


def test_bands_refuse_files_that_do_not_fit(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a" / "B02.tif", counts(1), transform=grid(10))
    write_tiff(tmp_path / "a" / "B03.tif", counts(1), transform=grid(10), crs="EPSG:32634")
    with pytest.raises(NotUsable, match="different coordinate reference systems"):
        opened(tmp_path / "a")
    write_tiff(tmp_path / "b" / "B02.tif", counts(1), transform=grid(10))
    write_tiff(tmp_path / "b" / "B03.tif", counts(1), transform=grid(10, x=500100))
    with pytest.raises(NotUsable, match="do not cover the same ground"):
        opened(tmp_path / "b")
    write_tiff(tmp_path / "c" / "2020_B02.tif", counts(1))
    write_tiff(tmp_path / "c" / "2021_B02.tif", counts(1))
    with pytest.raises(NotUsable, match=r"B02 more than once \(2020_B02\.tif, 2021_B02\.tif\)"):
        opened(tmp_path / "c")
    write_tiff(tmp_path / "d" / "B02.tif", counts(2))
    with pytest.raises(NotUsable, match="holds 2 bands"):
        opened(tmp_path / "d")


def test_bands_refuse_what_is_no_folder_of_bands(tmp_path: Path) -> None:
    (tmp_path / "file.tif").write_text("x")
    for path, reason in (
        (tmp_path / "gone", "does not exist"),
        (tmp_path / "file.tif", "is a file"),
        (tmp_path, "holds no band files"),
    ):
        with pytest.raises(NotReadable, match=reason):
            opened(path)
        assert not Bands().accepts(path)


@pytest.mark.real
def test_bands_real_scene_matches_gdal(real_data: Path) -> None:
    import rasterio
    from rasterio.enums import Resampling

    path = real_data / "S2B_MSIL2A_20200223T032739_T48QUE_bands"
    scene = opened(path)
    values = scene.source.read(Window(300, 400, 200, 100)).values
    with rasterio.open(path / "B01.tif") as source:
        whole = source.read(1, out_shape=(1068, 1068), resampling=Resampling.bilinear)
    np.testing.assert_allclose(values[0], whole[300:500, 400:500] / 10000, atol=6e-5)  # GDAL rounds to whole counts
    assert any(note.startswith("cloud_mask.tif, the cloud mask: clouds and their shadows") for note in scene.notes)
    assert scene.marks is not None
    assert not scene.marks.read(Window(300, 400, 200, 100)).any()  # all clear


def test_0_along_the_border_of_all_band_files_is_fill_beside_a_declared_value(tmp_path: Path) -> None:
    layers = counts(3)
    layers[:, :30, :30] = 0
    for name, layer in zip(("B02", "B03", "B04"), layers, strict=True):
        write_tiff(tmp_path / "all" / f"{name}.tif", layer[None], nodata=65535)
    (scene,) = Bands().open(tmp_path / "all")
    assert np.count_nonzero(~scene.source.read(scene.window).valid) == 900
    assert any(note.startswith("0 in all bands fills the border") for note in scene.notes)
    write_tiff(tmp_path / "all" / "B04.tif", counts(1), nodata=65535)
    (scene,) = Bands().open(tmp_path / "all")
    assert scene.source.read(scene.window).valid.all()  # a band by itself may be 0
    assert not any("border" in note for note in scene.notes)
