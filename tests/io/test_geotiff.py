"""One raster file: names, numbers, masks, grid, and one sentence for each way it can be broken."""

from __future__ import annotations

import os
import pickle
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from rasterio import Affine
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window as RasterioWindow

from rsgraph.errors import ConfigError, NotReadable, NotUsable
from rsgraph.io.band_names import EUROSAT, L1C, L2A
from rsgraph.io.geotiff import GeoTiff
from rsgraph.io.header import header
from rsgraph.types import Scene, Window
from tests.io.rasters import counts, write_tiff


@pytest.fixture(autouse=True)
def _no_grid_is_fine() -> Iterator[None]:
    with warnings.catch_warnings():  # rasterio warns while the tests write files without a grid
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def opened(path: Path, **options: object) -> Scene:
    (scene,) = GeoTiff(**options).open(path)  # type: ignore[arg-type]  # tests pass any option
    return scene


def test_geotiff_counts_become_reflectance(tmp_path: Path) -> None:
    numbers = counts(3)
    scene = opened(write_tiff(tmp_path / "a.tif", numbers, names=["B02", "B03", "B04"]))
    raster = scene.source.read(Window(10, 5, 40, 20))
    assert scene.bands == ("B02", "B03", "B04")
    assert (scene.rows, scene.columns) == (70, 50)
    assert scene.transform == (10.0, 0.0, 500000.0, 0.0, -10.0, 4100000.0)
    assert rasterio.crs.CRS.from_wkt(scene.crs).to_epsg() == 32633
    assert raster.values.dtype == np.float32
    np.testing.assert_allclose(raster.values, numbers[:, 10:50, 5:25] / 10000, rtol=1e-6)
    assert raster.valid.all()
    assert raster.not_finite == 0
    assert scene.files == (tmp_path / "a.tif",)
    assert scene.reflectance


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Band 2 blue", "B02"),
        ("b8a", "B8A"),
        ("B1, coastal", "B01"),
        ("S2_L2A B12", "B12"),
        ("red", "red"),
        ("", "band1"),
    ],
)
def test_geotiff_band_names_come_from_descriptions(tmp_path: Path, text: str, name: str) -> None:
    assert opened(write_tiff(tmp_path / "a.tif", counts(1), names=[text])).bands == (name,)


def test_geotiff_twelve_undescribed_bands_are_the_papers(tmp_path: Path) -> None:
    scene = opened(write_tiff(tmp_path / "a.tif", counts(12)))
    assert scene.bands == L2A
    assert any("taken as Sentinel-2's" in note for note in scene.notes)


@pytest.mark.parametrize(("cirrus", "names"), [(10, L1C), (9, EUROSAT), (3, tuple(f"band{i}" for i in range(1, 14)))])
def test_geotiff_thirteen_undescribed_bands_are_recognised_by_the_dark_cirrus_band(
    tmp_path: Path, cirrus: int, names: tuple[str, ...]
) -> None:
    numbers = counts(13)
    numbers[cirrus] = 12
    assert opened(write_tiff(tmp_path / "a.tif", numbers)).bands == names


def test_geotiff_bands_option_selects_described_and_names_undescribed(tmp_path: Path) -> None:
    numbers = counts(3)
    described = write_tiff(tmp_path / "a.tif", numbers, names=["B02", "B03", "B04"])
    plain = write_tiff(tmp_path / "b.tif", numbers)
    scene = opened(described, bands=["B04", "B02"])
    np.testing.assert_allclose(scene.source.read(scene.window).values, numbers[[2, 0]] / 10000, rtol=1e-6)
    assert opened(plain, bands=["B08", "B04", "B03"]).bands == ("B08", "B04", "B03")
    with pytest.raises(ConfigError, match=r"has 3: B02, B03, B04"):
        opened(described, bands=["B04", "B11"])


def test_geotiff_leaves_quality_layers_out(tmp_path: Path) -> None:
    scene = opened(write_tiff(tmp_path / "a.tif", counts(3), names=["B02", "QA60", "B04"]))
    assert scene.bands == ("B02", "B04")
    assert "QA60: left out" in scene.notes[0]


def test_geotiff_scale_and_offset_from_the_file_and_from_the_user(tmp_path: Path) -> None:
    numbers = counts(2)
    path = write_tiff(tmp_path / "a.tif", numbers)
    with rasterio.open(path, "r+") as target:
        target.scales, target.offsets = (0.0002, 0.0004), (-0.1, 0.0)
    scene = opened(path)
    expected = numbers * np.array([0.0002, 0.0004])[:, None, None] + np.array([-0.1, 0.0])[:, None, None]
    np.testing.assert_allclose(scene.source.read(scene.window).values, expected, atol=1e-7)
    scene = opened(path, scale=0.0001, offset=-0.1)
    np.testing.assert_allclose(scene.source.read(scene.window).values, numbers * 0.0001 - 0.1, atol=1e-7)


@pytest.mark.parametrize(("factor", "scale"), [(1.0, 1e-4), (1e-4, 1.0)])
def test_geotiff_floats_are_counts_or_reflectance_by_size(tmp_path: Path, factor: float, scale: float) -> None:
    numbers = (counts(2) * factor).astype(np.float32)
    scene = opened(write_tiff(tmp_path / "a.tif", numbers))
    np.testing.assert_allclose(scene.source.read(scene.window).values, numbers * scale, rtol=1e-6)


def test_geotiff_float_scale_is_found_beyond_empty_corners(tmp_path: Path) -> None:
    numbers = np.full((1, 700, 700), np.nan, dtype=np.float32)
    numbers[0, 200:220, 500:520] = 3000
    scene = opened(write_tiff(tmp_path / "a.tif", numbers))
    raster = scene.source.read(Window(190, 490, 40, 40))
    assert raster.values.max() == pytest.approx(0.3)
    assert raster.not_finite == 40 * 40 - 20 * 20


def test_geotiff_eight_bit_is_not_reflectance_and_its_fill_is_masked(tmp_path: Path) -> None:
    numbers = counts(4, 60, 60).astype(np.uint8) // 2
    numbers[:, :, :20] = 255
    numbers[0, 40, 40] = 255
    scene = opened(write_tiff(tmp_path / "a.tif", numbers, photometric="MINISBLACK"))
    raster = scene.source.read(scene.window)
    assert not scene.reflectance
    assert any("not reflectance" in note for note in scene.notes)
    assert any("255 in all bands fills the border" in note for note in scene.notes)
    np.testing.assert_array_equal(raster.valid, np.arange(60)[None, :].repeat(60, 0) >= 20)
    np.testing.assert_allclose(raster.values[:, :, 20:], numbers[:, :, 20:] / 255, rtol=1e-6)


def test_geotiff_saturated_cloud_inside_is_no_fill(tmp_path: Path) -> None:
    numbers = counts(4, 60, 60).astype(np.uint8) // 2
    numbers[:, 20:30, 20:30] = 255
    scene = opened(write_tiff(tmp_path / "a.tif", numbers, photometric="MINISBLACK"))
    assert scene.source.read(scene.window).valid.all()


def test_geotiff_zero_in_all_bands_is_nodata_where_none_is_declared(tmp_path: Path) -> None:
    numbers = counts(3)
    numbers[:, :8, :8] = 0
    numbers[1, 30, 30] = 0
    scene = opened(write_tiff(tmp_path / "a.tif", numbers))
    valid = scene.source.read(scene.window).valid
    assert not valid[:8, :8].any()
    assert valid.sum() == 70 * 50 - 64
    assert any("0 in all bands" in note for note in scene.notes)


def test_geotiff_declared_nodata_in_any_band_masks_the_pixel(tmp_path: Path) -> None:
    numbers = counts(3)
    numbers[1, 3, 4] = 7
    scene = opened(write_tiff(tmp_path / "a.tif", numbers, nodata=7))
    raster = scene.source.read(scene.window)
    assert np.argwhere(~raster.valid).tolist() == [[3, 4]]
    assert raster.values[:, 3, 4].tolist() == [0, 0, 0]
    scene = opened(tmp_path / "a.tif", nodata=int(numbers[0, 0, 0]))
    assert not scene.source.read(Window(0, 0, 1, 1)).valid.any()


def test_geotiff_nan_and_infinity_are_counted_unless_declared(tmp_path: Path) -> None:
    numbers = counts(2).astype(np.float32)
    numbers[0, 0, 0], numbers[1, 1, 1], numbers[1, 2, 2] = np.nan, np.inf, -9999
    raster = opened(write_tiff(tmp_path / "a.tif", numbers, nodata=-9999)).source.read(Window(0, 0, 70, 50))
    assert np.argwhere(~raster.valid).tolist() == [[0, 0], [1, 1], [2, 2]]
    assert raster.not_finite == 2
    assert np.isfinite(raster.values).all()
    declared = opened(write_tiff(tmp_path / "b.tif", numbers, nodata=np.nan)).source.read(Window(0, 0, 70, 50))
    assert declared.not_finite == 1


def test_geotiff_alpha_and_mask_band_mask(tmp_path: Path) -> None:
    numbers = counts(4)
    numbers[3] = 255
    numbers[3, :5] = 0
    path = write_tiff(tmp_path / "a.tif", numbers, photometric="RGB", alpha="YES")
    with rasterio.open(path, "r+") as target:
        target.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
    scene = opened(path)
    assert len(scene.bands) == 3
    assert scene.source.read(scene.window).valid.sum() == 65 * 50
    assert (
        scene.notes[0]
        == "Band 4 is marked as alpha: taken as a mask, not as a band (mask=declared takes only what GDAL does)."
    )
    path = write_tiff(tmp_path / "b.tif", numbers[:3])
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(path, "r+") as target:
        target.write_mask(np.pad(np.full((60, 50), 255, np.uint8), ((10, 0), (0, 0))))
    scene = opened(path)
    assert scene.source.read(scene.window).valid.sum() == 60 * 50
    assert len(scene.files) == 2  # the mask lies beside the file and belongs to its content


def test_geotiff_without_grid_works_in_pixel_space(tmp_path: Path) -> None:
    scene = opened(write_tiff(tmp_path / "a.tif", counts(1), crs=None, transform=None))
    assert scene.crs is None
    assert scene.transform == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    assert any("pixel space" in note for note in scene.notes)
    assert opened(tmp_path / "a.tif", crs="EPSG:32631").crs is not None


@pytest.mark.parametrize("name", ["a (Raw), b=c 'd'.tif", "x?y#z.tif", "ünïcode &%.tif", "a:b.tif", "{braces}.tif"])
def test_geotiff_reads_files_of_any_name(tmp_path: Path, name: str) -> None:
    scene = opened(write_tiff(tmp_path / "a.tif", counts(1)).rename(tmp_path / name))
    assert scene.source.read(scene.window).valid.all()
    assert scene.name.replace("_", "").replace(".", "").replace("-", "").isalnum()
    assert GeoTiff().accepts(tmp_path / name)


def test_geotiff_cog_and_vrt_read_like_the_file(tmp_path: Path) -> None:
    plain = opened(write_tiff(tmp_path / "a.tif", counts(3), names=["B02", "B03", "B04"]))
    with rasterio.open(tmp_path / "a.tif") as source:
        rasterio.shutil.copy(source, tmp_path / "cog.tif", driver="COG")
        rasterio.shutil.copy(source, tmp_path / "v.vrt", driver="VRT")
    for name in ("cog.tif", "v.vrt"):
        scene = opened(tmp_path / name)
        assert scene.bands == plain.bands
        np.testing.assert_array_equal(scene.source.read(scene.window).values, plain.source.read(plain.window).values)
    assert scene.files == (tmp_path / "v.vrt", tmp_path / "a.tif")
    (tmp_path / "a.tif").unlink()
    with pytest.raises(NotReadable, match=r"draws on .*a\.tif, which does not exist"):
        opened(tmp_path / "v.vrt")


def test_geotiff_vrt_of_a_stranger_reaches_no_network(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", counts(1))
    with rasterio.open(tmp_path / "a.tif") as source:
        rasterio.shutil.copy(source, tmp_path / "v.vrt", driver="VRT")
    text = (tmp_path / "v.vrt").read_text()
    local = '<SourceFilename relativeToVRT="1">a.tif'
    assert local in text
    (tmp_path / "v.vrt").write_text(text.replace(local, "<SourceFilename>/vsicurl/http://127.0.0.1:9/a.tif"))
    with pytest.raises(NotReadable, match="not on this machine"):
        opened(tmp_path / "v.vrt")


def test_geotiff_source_is_picklable_and_reads_from_threads(tmp_path: Path) -> None:
    numbers = counts(3, 200, 200)
    scene = pickle.loads(pickle.dumps(opened(write_tiff(tmp_path / "a.tif", numbers))))  # noqa: S301  # our own bytes
    wrong: list[int] = []

    def work(seed: int) -> None:
        places = np.random.default_rng(seed).integers(0, 150, (60, 2))
        for row, column in places:
            part = scene.source.read(Window(int(row), int(column), 50, 50)).values
            if not np.allclose(part, numbers[:, row : row + 50, column : column + 50] / 10000, rtol=1e-6):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_geotiff_forked_child_opens_its_own_handle(tmp_path: Path) -> None:
    scene = opened(write_tiff(tmp_path / "a.tif", counts(3, 200, 200)))
    before = scene.source.read(scene.window).values
    child = os.fork()
    if child == 0:
        same = np.array_equal(scene.source.read(scene.window).values, before)
        os._exit(0 if same else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_geotiff_rewritten_file_is_opened_anew(tmp_path: Path) -> None:
    scene = opened(write_tiff(tmp_path / "a.tif", counts(1, seed=0)))
    scene.source.read(scene.window)
    write_tiff(tmp_path / "b.tif", counts(1, seed=1))
    (tmp_path / "b.tif").replace(tmp_path / "a.tif")
    np.testing.assert_allclose(scene.source.read(scene.window).values, counts(1, seed=1) / 10000, rtol=1e-6)


def test_geotiff_refuses_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "empty.tif").touch()
    (tmp_path / "text.tif").write_text("hello")
    for name, reason in [
        ("gone.tif", "does not exist"),
        ("", "is a folder"),
        ("empty.tif", "is empty"),
        ("text.tif", "not recognized"),
    ]:
        with pytest.raises(NotReadable, match=reason):
            opened(tmp_path / name)
        assert not GeoTiff().accepts(tmp_path / name)


def test_geotiff_cut_off_is_found_when_it_is_opened(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_tiff(tmp_path / "a.tif", counts(4, 300, 300), compress=None)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size * 2 // 3)
    with pytest.raises(NotReadable, match=r"a\.tif is cut off: it has \d+ bytes"):
        opened(path)
    assert capfd.readouterr() == ("", "")


def test_geotiff_damaged_block_is_found_on_reading_and_gdal_keeps_silent(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_tiff(tmp_path / "a.tif", counts(1, 300, 300))
    scene = opened(path)
    with rasterio.open(path) as source:
        place = int(source.get_tag_item("BLOCK_OFFSET_1_1", "TIFF", bidx=1))
    data = bytearray(path.read_bytes())
    data[place : place + 100] = b"\xff" * 100
    path.write_bytes(data)
    with pytest.raises(NotReadable, match=r"a\.tif cannot be read"):
        scene.source.read(scene.window)
    opened(write_tiff(tmp_path / "sound.tif", counts(4)))
    header(str(path))  # the same open file: rasterio keeps errors and raises them in the next call
    assert capfd.readouterr() == ("", "")


def test_geotiff_holes_are_refused_unless_nodata_is_declared(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    size = {"width": 96, "height": 96, "blockxsize": 32, "blockysize": 32, "tiled": True, "sparse_ok": True}
    grid = {"crs": "EPSG:32633", "transform": Affine(10, 0, 0, 0, -10, 0)}
    with rasterio.open(path, "w", driver="GTiff", count=2, dtype="uint16", **size, **grid) as target:
        target.write(counts(2, 32, 32), window=RasterioWindow(0, 0, 32, 32))
    with pytest.raises(
        NotReadable, match=r"8 of 9 blocks are missing \(the first in band 1, block row 0, block column 1\)"
    ):
        opened(path)
    scene = opened(path, nodata=0)
    assert scene.source.read(scene.window).valid.sum() == 32 * 32


def test_geotiff_refuses_complex_numbers(tmp_path: Path) -> None:
    with pytest.raises(NotUsable, match="complex"):
        opened(write_tiff(tmp_path / "a.tif", counts(1).astype(np.complex64)))


def test_geotiff_fourth_band_that_gdal_takes_for_alpha_is_kept_where_it_is_described(tmp_path: Path) -> None:
    numbers = counts(4).astype(np.uint8)
    scene = opened(write_tiff(tmp_path / "a.tif", numbers, names=["B04", "B03", "B02", "B08"]))
    assert scene.bands == ("B04", "B03", "B02", "B08")
    assert scene.source.read(scene.window).valid.all()


def test_geotiff_in_a_product_says_that_its_metadata_are_not_read(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "P.SAFE" / "GRANULE" / "x" / "IMG_DATA" / "B02.tif", counts(1))
    assert not any("lies in the product" in note for note in opened(path).notes)
    (tmp_path / "P.SAFE" / "MTD_MSIL2A.xml").touch()
    (said,) = [note for note in opened(path).notes if "lies in the product P.SAFE" in note]
    assert "reader.offset=-0.1" in said


def test_geotiff_of_several_pages_says_which_is_read(tmp_path: Path) -> None:
    from PIL import Image

    pages = [Image.fromarray(counts(1, 40, 40, seed=seed)[0].astype(np.uint8)) for seed in range(3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert "3 parts, of which the first is read" in opened(tmp_path / "a.tif").notes[0]


def test_geotiff_container_of_parts_lists_them_and_how_to_copy_one(tmp_path: Path) -> None:
    from scipy.io import netcdf_file

    with netcdf_file(tmp_path / "a.nc", "w") as target:
        target.createDimension("y", 30)
        target.createDimension("x", 40)
        for name in ("rhos_443", "rhos_665"):
            target.createVariable(name, "f4", ("y", "x"))[:] = 0.1
    with pytest.raises(NotUsable, match=r"no bands of its own, but 2 parts .*a\.nc:rhos_443.*`rio convert 'netcdf:"):
        opened(tmp_path / "a.nc")


@pytest.mark.parametrize(
    "options",
    [
        {"bands": "B02"}, {"bands": []}, {"bands": ["B02", "B02"]}, {"bands": 3}, {"scale": 0}, {"scale": "x"},
        {"scale": float("nan")}, {"offset": float("inf")}, {"nodata": True}, {"crs": "EPSG:999999999"},
        {"crs": "nowhere"}, {"rules": 4}, {"rules": True},
    ],
)  # fmt: skip
def test_geotiff_refuses_options_that_make_no_sense(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        GeoTiff(**options)  # type: ignore[arg-type]  # the wrong kinds are the point


@pytest.mark.real
def test_geotiff_real_files_say_what_is_special_about_them(real_data: Path) -> None:
    turb = opened(real_data / "turb_20231217_l2a_10m.tif")
    assert turb.bands == tuple(band for band in L2A if band != "B09")
    assert turb.source.read(turb.window).valid.sum() == 218 * 219 - 436
    plain = opened(real_data / "t33uub_20170527_l1c_10m.tif")
    assert plain.bands == L2A
    assert plain.crs is None
    stretched = opened(real_data / "rcr_20181013_l1c_8bit.tif")
    assert not stretched.reflectance
    assert 0.68 < stretched.source.read(stretched.window).valid.mean() < 0.69
