"""Opened datasets: what rasterio reads by itself, one handle per thread and state, and words for what fails."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio

from rsgraph.errors import NotReadable
from rsgraph.io.handles import check_size, dataset, existing_file, gdal, read, read_mask
from rsgraph.io.named_files import shown
from tests.io.rasters import counts, write_tiff


def test_read_takes_bands_and_window_in_the_file_s_own_type(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", counts(3, 20, 30))
    found = read(str(path), [3, 1], 4, 7, 10, 5)
    assert found.dtype == np.uint16
    with rasterio.open(path) as source:
        np.testing.assert_array_equal(found, source.read([3, 1])[:, 4:14, 7:12])


def test_read_mask_is_true_where_data_are(tmp_path: Path) -> None:
    numbers = np.array([[[7, 1, 2], [3, 7, 4]]], dtype=np.uint16)
    path = write_tiff(tmp_path / "a.tif", numbers, nodata=7)
    assert read_mask(str(path), 0, 0, 2, 3).tolist() == [[False, True, True], [True, False, True]]


def test_dataset_is_opened_once_per_thread_and_anew_when_the_file_changes(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", counts(1, 8, 8))
    first = dataset(str(path))
    assert dataset(str(path)) is first
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(dataset, str(path)).result() is not first
    write_tiff(path, counts(1, 9, 9))
    os.utime(path, ns=(0, 0))
    assert dataset(str(path)).shape == (9, 9)


def test_check_size_names_both_sizes(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", counts(2, 8, 9))
    check_size(str(path), 8, 9, 1)
    with pytest.raises(NotReadable, match=r"a\.tif has 2 bands of 8 x 9 pixels; expected at least 3 of 8 x 9"):
        check_size(str(path), 8, 9, 3)
    with pytest.raises(NotReadable, match="expected at least 1 of 9 x 8"):
        check_size(str(path), 9, 8, 1)


def test_existing_file_says_what_is_wrong_with_a_path(tmp_path: Path) -> None:
    (tmp_path / "empty.tif").touch()
    whole = write_tiff(tmp_path / "a.tif", counts(1, 8, 8))
    assert existing_file(whole) == whole
    for path, reason in (
        (tmp_path / "none.tif", "does not exist; expected a raster file"),
        (tmp_path, "is a folder; expected one raster file"),
        (tmp_path / "empty.tif", "is empty (0 bytes)"),
    ):
        with pytest.raises(NotReadable) as caught:
            existing_file(path)
        assert str(caught.value).startswith(f"{path} {reason}")


def test_gdal_s_errors_name_the_file_as_the_user_knows_it(tmp_path: Path) -> None:
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(NotReadable, match=r"text\.tif cannot be read: .*not recognized.*; expected a complete"):
        dataset(str(tmp_path / "text.tif"))
    member = "/vsizip/{/a/p.zip}/B02.jp2"
    with pytest.raises(NotReadable, match=r"^/a/p\.zip/B02\.jp2 cannot be read: no luck; "), gdal(member):
        raise OSError("no luck...")
    assert shown(member) == "/a/p.zip/B02.jp2"
