"""Properties of all segmenters, whatever the method."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from rsgraph.components import build
from rsgraph.errors import ConfigError
from rsgraph.types import Segmentation

NAMES = ["slic", "felzenszwalb", "watershed", "grid"]
each = pytest.mark.parametrize("name", NAMES)


def assert_sound(segmentation: Segmentation, valid: NDArray[np.bool_]) -> None:
    labels, n = segmentation.labels, segmentation.n_segments
    assert labels.dtype == np.int32
    assert labels.shape == valid.shape
    np.testing.assert_array_equal(labels > 0, valid)
    assert np.unique(labels[valid]).tolist() == list(range(1, n + 1))
    for label in range(1, n + 1):
        assert ndimage.label(labels == label)[1] == 1  # scipy's own idea of connected, along sides


def patches(rows: int, columns: int, bands: int, seed: int) -> NDArray[np.float32]:
    """Rectangles of different spectra, with noise."""
    generator = np.random.default_rng(seed)
    spectra = generator.random((6, bands))
    classes = np.kron(generator.integers(0, 6, (-(-rows // 8), -(-columns // 8))), np.ones((8, 8), dtype=int))
    image = spectra[classes[:rows, :columns]] + generator.normal(0, 0.02, (rows, columns, bands))
    return np.moveaxis(image, -1, 0).astype(np.float32)


def masks(rows: int, columns: int, kind: str) -> NDArray[np.bool_]:
    row, column = np.mgrid[:rows, :columns]
    return {
        "all": np.ones((rows, columns), dtype=bool),
        "disc": np.hypot(row - rows / 2, column - columns / 2) < min(rows, columns) / 3,
        "diagonal": np.abs(row - column) < 2,
        "islands": (row // 3 % 2 == 0) & (column // 3 % 2 == 0),
        "salt": np.random.default_rng(0).random((rows, columns)) < 0.7,
        "line": row == rows // 2,
        "pixel": (row == rows // 2) & (column == columns // 2),
        "none": np.zeros((rows, columns), dtype=bool),
    }[kind]


@each
@pytest.mark.parametrize("kind", ["all", "disc", "diagonal", "islands", "salt", "line", "pixel", "none"])
def test_any_mask(name: str, kind: str) -> None:
    valid = masks(40, 56, kind)
    values = np.where(valid, patches(40, 56, 4, seed=1), 0).astype(np.float32)
    assert_sound(build("segmenter", name=name, n_segments=30).segment(values, valid, chip_pixels=2240), valid)


@each
@pytest.mark.parametrize("bands", [1, 2, 3, 6, 13])
def test_any_number_of_bands(name: str, bands: int) -> None:
    valid = masks(32, 32, "all")
    found = build("segmenter", name=name, n_segments=20).segment(patches(32, 32, bands, 2), valid, chip_pixels=1024)
    assert_sound(found, valid)
    assert 10 <= found.n_segments <= 30


@each
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (3, 50)])
def test_any_shape(name: str, shape: tuple[int, int]) -> None:
    valid = np.ones(shape, dtype=bool)
    values = np.random.default_rng(0).random((3, *shape), dtype=np.float32)
    for n_segments in (1, 4, 500):
        found = build("segmenter", name=name, n_segments=n_segments).segment(values, valid, chip_pixels=valid.size)
        assert_sound(found, valid)


@each
def test_constant_image(name: str) -> None:
    valid = masks(40, 40, "all")
    values = np.full((3, 40, 40), 0.2, dtype=np.float32)
    assert_sound(build("segmenter", name=name, n_segments=16).segment(values, valid, chip_pixels=1600), valid)


@each
def test_pure_noise(name: str) -> None:
    valid = masks(48, 48, "all")
    values = np.random.default_rng(0).random((4, 48, 48), dtype=np.float32)
    found = build("segmenter", name=name, n_segments=40).segment(values, valid, chip_pixels=48 * 48)
    assert_sound(found, valid)


@each
@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
    bands=st.integers(1, 5),
    n_segments=st.integers(1, 60),
    share=st.floats(0, 1),
    seed=st.integers(0, 1_000),
)
def test_promises_hold(
    name: str, rows: int, columns: int, bands: int, n_segments: int, share: float, seed: int
) -> None:
    valid = ndimage.uniform_filter(np.random.default_rng(seed).random((rows, columns)), 3) < share
    values = np.where(valid, patches(rows, columns, bands, seed), 0).astype(np.float32)
    segmenter = build("segmenter", name=name, n_segments=n_segments)
    found = segmenter.segment(values, valid, chip_pixels=rows * columns)
    assert_sound(found, valid)
    again = segmenter.segment(values, valid, chip_pixels=rows * columns)
    np.testing.assert_array_equal(found.labels, again.labels)


@each
def test_count_follows_the_valid_share_of_the_chip(name: str) -> None:
    values = patches(96, 96, 3, seed=4)
    valid = masks(96, 96, "all")
    valid[:, 48:] = False
    segmenter = build("segmenter", name=name, n_segments=100)
    half = segmenter.segment(np.where(valid, values, 0), valid, chip_pixels=96 * 96)
    part = segmenter.segment(values[:, :, :48].copy(), valid[:, :48], chip_pixels=96 * 96)
    assert 35 <= half.n_segments <= 65
    assert 35 <= part.n_segments <= 65


@each
def test_unit_of_the_values_does_not_matter(name: str) -> None:
    valid = masks(48, 48, "disc")
    values = np.round(patches(48, 48, 4, seed=5) * 1024) / 1024
    segmenter = build("segmenter", name=name, n_segments=40)
    one = segmenter.segment(values.astype(np.float32), valid, chip_pixels=48 * 48)
    two = segmenter.segment((values * 4096 + 1024).astype(np.float32), valid, chip_pixels=48 * 48)
    assert (one.labels == two.labels).mean() > 0.97


@each
def test_what_nodata_holds_does_not_matter(name: str) -> None:
    valid = masks(48, 48, "disc")
    values = patches(48, 48, 3, seed=6)
    segmenter = build("segmenter", name=name, n_segments=40)
    zeros = segmenter.segment(np.where(valid, values, 0).astype(np.float32), valid, chip_pixels=48 * 48)
    nans = segmenter.segment(np.where(valid, values, np.nan).astype(np.float32), valid, chip_pixels=48 * 48)
    np.testing.assert_array_equal(zeros.labels, nans.labels)


@each
def test_input_is_not_changed(name: str) -> None:
    valid = masks(32, 32, "disc")
    values = patches(32, 32, 3, seed=7)
    before = values.copy(), valid.copy()
    build("segmenter", name=name, n_segments=20).segment(values, valid, chip_pixels=1024)
    np.testing.assert_array_equal(values, before[0])
    np.testing.assert_array_equal(valid, before[1])


@each
def test_threads_give_the_same_labels(name: str) -> None:
    segmenter = build("segmenter", name=name, n_segments=60)
    inputs = [(patches(64, 64, 4, seed), masks(64, 64, "disc" if seed % 2 else "all")) for seed in range(8)]
    expected = [segmenter.segment(*pair, chip_pixels=4096).labels for pair in inputs]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda pair: segmenter.segment(*pair, chip_pixels=4096).labels, inputs * 3))
    for one, two in zip(found, expected * 3, strict=True):
        np.testing.assert_array_equal(one, two)


@each
@pytest.mark.parametrize("n_segments", [0, -3, 2.5, True])
def test_n_segments_out_of_range_is_refused(name: str, n_segments: object) -> None:
    with pytest.raises(ConfigError, match=r"segmenter.n_segments`? must be a whole number"):
        build("segmenter", name=name, n_segments=n_segments)


@each
@pytest.mark.real
def test_real_chip(name: str, real_data: Path) -> None:
    with rasterio.open(real_data / "t18svg_20160112_l1c_20m.tif") as file:
        values = file.read(window=((400, 656), (200, 456))).astype(np.float32) / 10_000
    valid = np.ones((256, 256), dtype=bool)
    found = build("segmenter", name=name).segment(values, valid, chip_pixels=65_536)
    assert_sound(found, valid)
    assert 400 <= found.n_segments <= 600
    means = np.stack([ndimage.mean(band, found.labels, range(1, found.n_segments + 1)) for band in values])
    rest = values - means[:, found.labels - 1]
    explained = 1 - rest.var() / (values - values.mean(axis=(1, 2), keepdims=True)).var()
    assert explained > {"slic": 0.9, "felzenszwalb": 0.8, "watershed": 0.8, "grid": 0.6}[name]
