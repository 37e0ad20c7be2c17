"""Alpha and masks wherever they stand in a file: what is taken as a mask masks, and nothing else does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from rsgraph.io.band_names import L2A
from rsgraph.io.bands import Bands
from rsgraph.io.geotiff import GeoTiff
from rsgraph.io.masks import agreement
from rsgraph.types import Mask, Scene
from tests.io.rasters import counts, write_tiff

VOID = np.add.outer(np.arange(70), np.arange(50)) < 40
SCENE = counts(12)


def opened(path: Path, **options: object) -> Scene:
    (scene,) = GeoTiff(**options).open(path)  # type: ignore[arg-type]  # tests pass any option
    return scene


def lost(scene: Scene) -> Mask:
    return ~scene.source.read(scene.window).valid


def written(
    path: Path, layers: NDArray[np.generic], names: Sequence[str] = (), alpha: int | None = None, **options: object
) -> Path:
    write_tiff(path, layers, names=names, photometric="MINISBLACK", **options)
    if alpha is not None:
        with rasterio.open(path, "r+") as target:
            kinds = [ColorInterp.gray] + [ColorInterp.undefined] * (len(layers) - 1)
            kinds[alpha] = ColorInterp.alpha
            target.colorinterp = kinds
    return path


def layer(file: str, number: int) -> str:
    name = f'<SourceFilename relativeToVRT="1">{file}</SourceFilename>'
    return f"<SimpleSource>{name}<SourceBand>{number}</SourceBand></SimpleSource>"


def opaque(value: int = 65535, dtype: str = "uint16") -> NDArray[np.generic]:
    return np.where(VOID, 0, value).astype(dtype)[None]


@pytest.mark.parametrize("value", [1, 255, 65535])
@pytest.mark.parametrize("place", [0, 3, 7, 12])
def test_alpha_masks_at_any_place_and_of_any_height(tmp_path: Path, place: int, value: int) -> None:
    layers = np.concatenate([SCENE[:place], opaque(value), SCENE[place:]])
    names = [*L2A[:place], "", *L2A[place:]]
    scene = opened(written(tmp_path / "a.tif", layers, names, place))
    assert scene.bands == L2A
    assert scene.notes[0].startswith(f"Band {place + 1} is marked as alpha: taken as a mask, not as a band")
    np.testing.assert_array_equal(lost(scene), VOID)
    np.testing.assert_allclose(scene.source.read(scene.window).values[:, ~VOID], SCENE[:, ~VOID] / 10000, rtol=1e-6)


def test_alpha_and_declared_nodata_both_mask(tmp_path: Path) -> None:
    layers = np.concatenate([SCENE, opaque()])
    layers[2, 60, 40] = 7
    found = lost(opened(written(tmp_path / "a.tif", layers, [*L2A, ""], 12, nodata=7)))
    expected = VOID.copy()
    expected[60, 40] = True
    np.testing.assert_array_equal(found, expected)


def test_alpha_of_a_virtual_raster_masks(tmp_path: Path) -> None:
    written(tmp_path / "a.tif", np.concatenate([SCENE, opaque()]), [*L2A, ""], 12)
    with rasterio.open(tmp_path / "a.tif") as source:
        rasterio.shutil.copy(source, tmp_path / "a.vrt", driver="VRT")
    np.testing.assert_array_equal(lost(opened(tmp_path / "a.vrt")), VOID)


def test_opaque_may_be_negative_where_a_writer_cut_it_to_fewer_bits(tmp_path: Path) -> None:
    layers = np.concatenate([SCENE, opaque()]).astype(np.int16)
    assert layers.min() == -1
    np.testing.assert_array_equal(lost(opened(written(tmp_path / "a.tif", layers, alpha=12))), VOID)


def test_edges_that_are_half_transparent_are_data(tmp_path: Path) -> None:
    alpha = opaque(255)
    alpha[0, 40, :10] = 128
    np.testing.assert_array_equal(
        lost(opened(written(tmp_path / "a.tif", np.concatenate([SCENE, alpha]), alpha=12))), VOID
    )


def test_a_fourth_band_that_a_writer_marked_as_alpha_stays_a_band(tmp_path: Path) -> None:
    layers = (counts(4) // 20).astype(np.uint8)
    path = write_tiff(tmp_path / "a.tif", layers, photometric="RGB", alpha="YES")
    scene = opened(path)
    assert scene.bands == ("band1", "band2", "band3", "band4")
    assert "holds many values: taken as a band" in scene.notes[0]
    np.testing.assert_allclose(scene.source.read(scene.window).values, layers / 255, rtol=1e-6)


@pytest.mark.parametrize("name", ["mask", "dataMask", "Alpha", "valid pixels", "data_mask"])
def test_layers_named_as_masks_mask(tmp_path: Path, name: str) -> None:
    scene = opened(written(tmp_path / "a.tif", np.concatenate([SCENE, opaque(1)]), [*L2A, name]))
    assert scene.bands == L2A
    assert any("taken as a mask, 0 in it is no data" in note for note in scene.notes)
    np.testing.assert_array_equal(lost(scene), VOID)


@pytest.mark.parametrize("name", ["FILL_MASK", "nodata", "mask"])
def test_masks_are_read_the_way_round_that_fits_the_bands(tmp_path: Path, name: str) -> None:
    layers = np.concatenate([SCENE, VOID[None].astype(np.uint16)])
    layers[:12, VOID] = 0
    scene = opened(written(tmp_path / "a.tif", layers, [*L2A, name]))
    assert any("other than 0 in it is no data" in note for note in scene.notes)
    np.testing.assert_array_equal(lost(scene), VOID)


def test_a_mask_that_would_hide_everything_or_is_none_is_left_out(tmp_path: Path) -> None:
    nothing = written(tmp_path / "a.tif", np.concatenate([SCENE, np.zeros_like(SCENE[:1])]), [*L2A, "mask"])
    classes = written(tmp_path / "b.tif", np.concatenate([SCENE, SCENE[:1] % 7]), [*L2A, "mask"])
    for path, why in ((nothing, "would hide all pixels"), (classes, "holds more than two values")):
        scene = opened(path)
        assert scene.bands == L2A
        assert why in scene.notes[0]
        assert not lost(scene).any()


@pytest.mark.parametrize("named", [True, False])
def test_a_layer_without_a_name_that_agrees_with_the_void_masks(tmp_path: Path, named: bool) -> None:
    layers = np.concatenate([SCENE, opaque(255)])
    layers[:12, VOID] = 0
    layers[:12, VOID & (SCENE[0] % 400 == 0)] = 0
    scene = opened(written(tmp_path / "a.tif", layers, [*L2A, ""] if named else ()))
    assert scene.bands == L2A
    assert scene.notes[0].startswith("Band 13 is 0 where the others hold no data: taken as a mask, not as a band")
    np.testing.assert_array_equal(lost(scene), VOID)


def test_whoever_names_all_layers_gets_them(tmp_path: Path) -> None:
    layers = np.concatenate([SCENE[:3], opaque(255)])
    layers[:3, VOID] = 0
    path = written(tmp_path / "a.tif", layers)
    assert opened(path, bands=["a", "b", "c", "d"]).bands == ("a", "b", "c", "d")
    assert opened(path).bands == ("band1", "band2", "band3")


def test_masks_of_single_bands_mask(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", SCENE[:2])
    write_tiff(tmp_path / "m.tif", (~VOID[None] * 255).astype(np.uint8))
    mask = f'<MaskBand><VRTRasterBand dataType="Byte">{layer("m.tif", 1)}</VRTRasterBand></MaskBand>'
    bands = [
        f'<VRTRasterBand dataType="UInt16" band="{i}">{layer("a.tif", i)}{mask if i == 2 else ""}</VRTRasterBand>'
        for i in (1, 2)
    ]
    size = 'rasterXSize="50" rasterYSize="70"'
    (tmp_path / "a.vrt").write_text(f"<VRTDataset {size}>{''.join(bands)}</VRTDataset>")
    np.testing.assert_array_equal(lost(opened(tmp_path / "a.vrt")), VOID)


def test_as_declared_alpha_is_only_what_gdal_takes_as_the_mask(tmp_path: Path) -> None:
    scene = opened(written(tmp_path / "a.tif", np.concatenate([SCENE, opaque()]), [*L2A, ""], 12), mask="declared")
    assert scene.bands == L2A
    assert "left out, and not taken as a mask" in scene.notes[0]
    assert not lost(scene).any()
    assert "looked_for" not in scene.identity


@pytest.mark.parametrize("value", [1, 255, 65535])
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_band_files_may_hold_their_mask_as_a_second_layer(tmp_path: Path, value: int, dtype: str) -> None:
    for number, band in enumerate(("B02", "B03", "B8A")):
        numbers = SCENE[number].astype(dtype)
        layers = np.stack([numbers, np.where(VOID, 0, value).astype(dtype)])
        write_tiff(tmp_path / "x" / f"2020_Sentinel-2_L2A_{band}_(Raw).tiff", layers)
    (scene,) = Bands().open(tmp_path / "x")
    assert scene.bands == ("B02", "B03", "B8A")
    assert "taken as the mask of the first" in scene.notes[0]
    np.testing.assert_array_equal(lost(scene), VOID)


def test_agreement_needs_both_sides() -> None:
    zero, void = np.array([True, True, False, False]), np.array([True, True, False, False])
    assert agreement(zero, void) is False
    assert agreement(~zero, void) is True
    assert agreement(zero, np.zeros(4, dtype=bool)) is None
    assert agreement(np.zeros(4, dtype=bool), void) is None


@pytest.mark.parametrize("value", [1, 255, 65535])
def test_the_second_of_two_layers_without_names_is_the_mask_of_the_first(tmp_path: Path, value: int) -> None:
    path = written(tmp_path / "a.tif", np.concatenate([SCENE[:1], opaque(value)]))
    scene = opened(path)
    assert scene.bands == ("band1",)
    np.testing.assert_array_equal(lost(scene), VOID)
    assert any(note.startswith("Band 2 of the file holds two values: taken as the mask") for note in scene.notes)
    assert len(opened(path, bands=["B02", "B03"]).bands) == 2
    assert len(opened(written(tmp_path / "b.tif", SCENE[:2])).bands) == 2


@pytest.mark.parametrize(
    ("values", "name"), [((0, 1), ""), ((0, 255), "udm"), ((0, 3, 4, 9), ""), ((0, 1024), ""), ((0, 1), "is_valid")]
)
def test_a_layer_of_few_numbers_behind_the_bands_is_no_band(
    tmp_path: Path, values: tuple[int, ...], name: str
) -> None:
    layer = np.random.default_rng(1).choice(values, (1, 70, 50)).astype(np.uint16)
    path = written(tmp_path / "a.tif", np.concatenate([SCENE, layer]), [*L2A, name])
    scene = opened(path)
    assert scene.bands == L2A
    assert not lost(scene).any()
    assert any(f"{name or 'Band 13'}: left out, since where it was looked at" in note for note in scene.notes)
    assert len(opened(path, bands=[*L2A, "other"]).bands) == 13


def test_dark_bands_and_quality_layers_stay_what_they_are(tmp_path: Path) -> None:
    cirrus = np.random.default_rng(1).integers(1, 9, (1, 70, 50)).astype(np.uint16)
    bands = np.concatenate([SCENE[:10], cirrus, SCENE[10:]])
    assert len(opened(written(tmp_path / "a.tif", bands)).bands) == 13  # dark, but before a band
    assert len(opened(written(tmp_path / "b.tif", np.concatenate([SCENE[:11], cirrus]))).bands) == 12
    marked = opened(written(tmp_path / "c.tif", np.concatenate([SCENE, opaque(1)]), [*L2A, "CLM"]))
    assert marked.bands == L2A
    assert marked.marks is not None
