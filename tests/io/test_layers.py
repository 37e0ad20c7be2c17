"""Stored numbers as reflectance, worked out by hand, and coarser bands on a finer grid."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np

from rsgraph.io.layers import LayeredSource, Layers, Radiometry, equal, join
from rsgraph.io.resampling import Axis
from rsgraph.types import Window
from tests.io.rasters import counts, write_tiff


def test_radiometry_scales_shifts_and_counts_what_is_lost() -> None:
    numbers = np.array([[[1000, 7, np.nan]], [[2000, 3000, 4000]]], dtype=np.float32)
    found = Radiometry((1e-4, 2e-4), (0.0, -0.1), (7.0, None)).pixels(numbers)
    np.testing.assert_allclose(found.values, [[[0.1, 0, 0]], [[0.3, 0.5, 0.7]]], rtol=1e-6)
    assert found.values.dtype == np.float32
    assert found.nodata.tolist() == [[[False, True, False]], [[False, False, False]]]
    assert found.not_finite.tolist() == [[[False, False, True]], [[False, False, False]]]
    assert not found.filled.any()


def test_radiometry_calls_numbers_beyond_float32_not_finite() -> None:
    found = Radiometry((1e30,), (0.0,), (None,)).pixels(np.array([[[1e10, 1.0]]]))
    assert found.not_finite.tolist() == [[[True, False]]]


def test_radiometry_finds_what_is_no_measurement_though_nobody_declared_it() -> None:
    numbers = np.array([[[100.0, -9999.0, np.nan, 70000.0]], [[-9999.0, 100.0, 100.0, -20000.0]]])
    radiometry = Radiometry((1e-4, 1e-4), (0.0, 0.0), (None, -9999.0), never=(-9999.0,), bounded=(True, False))
    pixels = radiometry.pixels(numbers)
    assert pixels.implausible is not None
    assert pixels.implausible.tolist() == [[[False, True, False, True]], [[False] * 4]]  # -9999 is declared in one
    assert pixels.not_finite[0].tolist() == [[False, False, True, False]]
    raster = join([pixels])
    assert raster.valid.tolist() == [[False, False, False, False]]
    assert (raster.implausible, raster.not_finite) == (2, 1)
    assert radiometry.pixels(np.full((2, 3, 3), 100.0)).implausible is None


def test_equal_compares_in_the_precision_of_the_numbers() -> None:
    assert equal(np.array([0.1, np.nan], dtype=np.float32), 0.1).tolist() == [True, False]
    assert equal(np.array([0.1, np.nan], dtype=np.float32), np.nan).tolist() == [False, True]
    assert equal(np.array([3, 255], dtype=np.uint8), 255.0).tolist() == [False, True]
    assert not equal(np.array([3, 255], dtype=np.uint8), np.nan).any()


def test_join_loses_a_pixel_where_any_band_is_nodata_or_all_are_fill() -> None:
    radiometry = Radiometry((1.0,), (0.0,), (9.0,), fill=0.0)
    one = radiometry.pixels(np.array([[[9, 0, 0, 5, 5]]], dtype=np.float32))
    other = radiometry.pixels(np.array([[[5, 5, 0, np.inf, 5]]], dtype=np.float32))
    raster = join([one, other])
    assert raster.valid.tolist() == [[False, True, False, False, True]]
    assert raster.not_finite == 1
    assert raster.values[:, 0].tolist() == [[0, 0, 0, 0, 5], [0, 5, 0, 0, 5]]
    masked = join([one._replace(masked=np.array([[False, True, False, False, False]])), other])
    assert masked.valid.tolist() == [[False, False, False, False, True]]


def test_layers_of_half_the_resolution_are_bilinear_between_pixels(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", np.array([[[1000, 3000], [1000, 3000]]], dtype=np.uint16))
    layers = Layers(str(path), (1,), Radiometry((1e-4,), (0.0,), (None,)), 2, 2, Axis(0.0, 0.5), Axis(0.0, 0.5))
    found = layers.read(Window(0, 0, 4, 4)).values
    # centres of the fine pixels lie a quarter and three quarters between those of the coarse ones
    np.testing.assert_allclose(found[0], [[0.1, 0.15, 0.25, 0.3]] * 4, rtol=1e-6)
    np.testing.assert_array_equal(layers.read(Window(1, 1, 2, 3)).values, found[:, 1:3, 1:4])


def test_source_stacks_files_and_travels_as_a_pickle(tmp_path: Path) -> None:
    numbers = counts(3, 20, 30)
    one, two = write_tiff(tmp_path / "a.tif", numbers[:2]), write_tiff(tmp_path / "b.tif", numbers[2:])
    twice, once = (Radiometry((1e-4,) * bands, (0.0,) * bands, (None,) * bands) for bands in (2, 1))
    layers = (Layers(str(one), (2, 1), twice, 20, 30), Layers(str(two), (1,), once, 20, 30))
    source = pickle.loads(pickle.dumps(LayeredSource(layers, 20, 30)))  # noqa: S301  # our own bytes
    raster = source.read(Window(3, 5, 10, 7))
    np.testing.assert_allclose(raster.values, numbers[[1, 0, 2], 3:13, 5:12] / 1e4, rtol=1e-6)
    assert raster.valid.all()
