"""The benchmark's tile, and the sample of its chips that a model learns from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from experiments.benchmarks import places
from rsgraph.io.geotiff import GeoTiff
from rsgraph.io.synthetic.reader import Synthetic


@pytest.fixture(scope="module")
def tile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return places.write_tile(tmp_path_factory.mktemp("tile"), 160)


def test_tile_holds_the_generated_pixels(tile: Path) -> None:
    (scene,) = Synthetic(rows=160, columns=160, places="varied").open(None)
    with rasterio.open(tile) as file:
        assert file.dtypes == ("uint16",) * 12
        counts = file.read()
    assert counts == pytest.approx(np.rint(scene.source.read(scene.window).values * 1e4), abs=1)


def test_tile_that_is_there_is_kept(tile: Path) -> None:
    before = tile.stat().st_mtime_ns
    assert places.write_tile(tile.parent, 160) == tile
    assert tile.stat().st_mtime_ns == before


def test_tiles_of_two_sizes_lie_side_by_side(tile: Path) -> None:
    other = places.write_tile(tile.parent, 64)
    with rasterio.open(other) as smaller, rasterio.open(places.write_tile(tile.parent, 160)) as larger:
        assert (smaller.shape, larger.shape) == ((64, 64), (160, 160))


def test_sample_lies_beside_the_tile_that_it_is_of(tmp_path: Path) -> None:
    sample = places.sampled(places.write_tile(tmp_path, 300))
    with rasterio.open(sample) as drawn:
        assert drawn.shape == (256, 256)
    assert places.sampled(places.write_tile(tmp_path, 260)) != sample


def test_sample_holds_whole_chips_from_corner_to_corner(tile: Path, tmp_path: Path) -> None:
    sample = places.write_sample(tile, tmp_path / "sample.tif", across=2, side=32)
    with rasterio.open(tile) as file, rasterio.open(sample) as drawn:
        whole, chips = file.read(), drawn.read()
        assert drawn.descriptions == file.descriptions
        assert drawn.scales == file.scales
    assert chips.shape == (12, 64, 64)
    assert np.array_equal(chips[:, :32, :32], whole[:, :32, :32])
    assert np.array_equal(chips[:, 32:, 32:], whole[:, 128:, 128:])


def test_sample_is_read_as_reflectance(tile: Path, tmp_path: Path) -> None:
    sample = places.write_sample(tile, tmp_path / "sample.tif", across=1, side=64)
    (scene,) = GeoTiff().open(sample)
    (made,) = Synthetic(rows=160, columns=160, places="varied").open(None)
    assert scene.bands == made.bands
    assert scene.source.read(scene.window).values == pytest.approx(made.source.read(scene.window).values, abs=1e-4)


def test_nearest_is_the_root_of_the_mean_square_difference() -> None:
    numbers = np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0], [30.0, 40.0]])
    assert places.nearest(numbers) == pytest.approx(np.array([5, 0, 0, 45]) / np.sqrt(2))
