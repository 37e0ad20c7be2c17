"""Exports of 16 bits: reflectance x 65535, read right where nothing else is possible, else spoken of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rsgraph.io.sixteen_bits import in_steps
from tests.io.rasters import write_tiff
from tests.io.test_plausible import NAMES, PLANTS, SOIL, WATER, brightness, opened, picture, pixels

BRIGHT = tuple(value * 1.6 for value in SOIL)


def exported(reflectance: NDArray[np.float64], *, cut: bool = False) -> NDArray[np.uint16]:
    """As the browser does: counts of 10000, stretched to 65535, rounded or cut off."""
    numbers = np.round(reflectance * 10000) / 10000 * 65535
    return (np.floor(numbers) if cut else np.round(numbers)).clip(0, 65535).astype(np.uint16)


@pytest.mark.parametrize("spectra", [(PLANTS,), (PLANTS, SOIL), (PLANTS, WATER), (SOIL,), (BRIGHT,)])
@pytest.mark.parametrize("names", [NAMES, ("a", "b", "c", "d", "e")])
@pytest.mark.parametrize("cut", [False, True])
def test_what_cannot_be_counts_of_10000_is_read_as_65535(
    tmp_path: Path, spectra: tuple[tuple[float, ...], ...], names: tuple[str, ...], cut: bool
) -> None:
    real = picture(pixels(*spectra))
    path = write_tiff(tmp_path / "a.tif", exported(real, cut=cut), names=names)
    scene = opened(path)
    assert scene.identity["scale"] == pytest.approx([1 / 65535] * 5)
    assert scene.reflectance
    assert brightness(scene) == pytest.approx(np.median(real), abs=0.001)
    (said,) = [note for note in scene.notes if "65535" in note]
    assert "reflectance x 65535, not x 10000, since otherwise" in said
    assert opened(path, scale=0.0001).identity["scale"] == [0.0001] * 5
    assert opened(path, rules=2).identity["scale"] != scene.identity["scale"] or not opened(path, rules=2).reflectance


def test_a_folder_of_the_browsers_files_is_read_so_too(tmp_path: Path) -> None:
    real = picture(pixels(PLANTS, SOIL))
    for name, band in zip(NAMES, exported(real), strict=True):
        write_tiff(tmp_path / f"2024-05-01-00_00_2024-05-01-23_59_Sentinel-2_L2A_{name}_(Raw).tiff", band[None])
    assert brightness(opened(tmp_path)) == pytest.approx(np.median(real), abs=0.001)


def test_a_dark_scene_keeps_its_reading_and_the_steps_are_spoken_of(tmp_path: Path) -> None:
    real = picture(pixels(WATER))
    path = write_tiff(tmp_path / "a.tif", exported(real), names=NAMES)
    scene = opened(path)
    assert scene.identity["scale"] == [0.0001] * 5
    assert any("steps of 6.55" in note and "reader.scale=0.00001525902" in note for note in scene.notes)
    right = opened(path, scale=0.00001525902)
    assert brightness(right) == pytest.approx(np.median(real), abs=0.001)


def test_counts_and_very_bright_clouds_among_them_stay_as_they_are(tmp_path: Path) -> None:
    real = picture(np.concatenate([pixels(WATER, n=1900), pixels((2.4,) * 5, n=100)], axis=1))
    path = write_tiff(tmp_path / "a.tif", np.round(real * 10000).astype(np.uint16), names=NAMES)
    scene = opened(path)
    assert scene.identity["scale"] == [0.0001] * 5
    assert any("Many pixels are brighter than 2" in note for note in scene.notes), "the other reading is told"


def test_what_was_interpolated_afterwards_is_read_so_where_bands_are_sentinels(tmp_path: Path) -> None:
    real = picture(pixels(PLANTS, tuple(x * 1.5 for x in SOIL)))
    numbers = np.round(real * 65535).astype(np.uint16)
    assert not in_steps(numbers.astype(np.float32))
    assert opened(write_tiff(tmp_path / "a.tif", numbers, names=NAMES)).identity["scale"] == pytest.approx(
        [1 / 65535] * 5
    )
    other = opened(write_tiff(tmp_path / "b.tif", numbers, names=("a", "b", "c", "d", "e")))
    assert other.identity["scale"] == [0.0001] * 5


@pytest.mark.parametrize("step", [1, 2, 10, 16, 257])
def test_other_steps_are_no_proof(step: int) -> None:
    assert not in_steps(np.arange(0, 65535, step, dtype=np.float32))


def test_few_numbers_are_no_proof() -> None:
    assert not in_steps(np.round(np.arange(10) * 6.5535).astype(np.float32))
