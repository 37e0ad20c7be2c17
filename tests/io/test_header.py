"""Headers of small files: what GDAL wrote is what is found, and missing blocks are noticed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.io.header import header
from tests.io.rasters import TRANSFORM, counts, write_tiff


def test_header_repeats_what_was_written(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", counts(2, 40, 30), names=["B08", "Band 4"], nodata=9)
    with rasterio.open(path, "r+") as target:
        target.scales, target.offsets = (0.5, 0.25), (1.0, -1.0)
    found = header(str(path))
    assert (found.rows, found.columns, found.dtype, found.masked) == (40, 30, "uint16", False)
    assert found.transform == (10.0, 0.0, 500000.0, 0.0, -10.0, 4100000.0)
    assert CRS.from_wkt(found.crs).to_epsg() == 32633
    assert (found.indexes, found.names, found.described) == ((1, 2), ("B08", "B04"), True)
    assert (found.scale, found.offset, found.nodata) == ((0.5, 0.25), (1.0, -1.0), (9.0, 9.0))
    assert (found.files, found.notes) == ((str(path),), ())


def test_header_leaves_alpha_and_quality_layers_out(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", counts(4), names=["B02", "SCL", "B03", ""])
    with rasterio.open(path, "r+") as target:
        target.colorinterp = [ColorInterp.gray, ColorInterp.undefined, ColorInterp.undefined, ColorInterp.alpha]
    found = header(str(path))
    assert (found.indexes, found.names, found.masked) == ((1, 3), ("B02", "B03"), True)
    assert found.notes == (
        "Band 4 is marked as alpha: taken as a mask, not as a band.",
        "SCL: left out, since the layer is not spectral.",
    )


def test_header_takes_names_from_tags_where_there_are_no_descriptions(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", counts(1))
    with rasterio.open(path, "r+") as target:
        target.update_tags(1, long_name="Band 8A")
    assert header(str(path)).names == ("B8A",)


def test_header_finds_missing_blocks_unless_they_may_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    blocks = {"tiled": True, "blockxsize": 32, "blockysize": 32, "SPARSE_OK": True}
    size = {"width": 64, "height": 96, "count": 1, "dtype": "uint16"}
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:32633", transform=TRANSFORM, **size, **blocks) as target:
        target.write(np.ones((1, 32, 64), np.uint16), window=Window(0, 0, 64, 32))
    missing = r"4 of 6 blocks are missing \(the first in band 1, block row 1, block column 0\)"
    with pytest.raises(NotReadable, match=missing):
        header(str(path))
    assert header(str(path), holes_allowed=True).rows == 96


def test_header_finds_the_end_of_the_file_before_the_last_block(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", counts(1, 64, 64), compress=None)
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(
        NotReadable, match=f"is cut off: it has {size - 100} bytes where its last block ends at {size}"
    ):
        header(str(path))


def test_header_refuses_complex_numbers_and_lost_sources(tmp_path: Path) -> None:
    write_tiff(tmp_path / "c.tif", np.ones((1, 8, 8), np.complex64))
    with pytest.raises(NotUsable, match="holds complex numbers; expected reflectance"):
        header(str(tmp_path / "c.tif"))
    source = write_tiff(tmp_path / "s.tif", counts(1, 8, 8))
    rasterio.shutil.copy(str(source), str(tmp_path / "v.vrt"), driver="VRT")
    assert header(str(tmp_path / "v.vrt")).files == (str(tmp_path / "v.vrt"), str(source))
    source.unlink()
    with pytest.raises(NotReadable, match=r"v\.vrt draws on .*s\.tif, which does not exist"):
        header(str(tmp_path / "v.vrt"))


def test_a_raster_larger_than_any_is_refused_by_what_it_says(tmp_path: Path) -> None:
    grid = {"crs": "EPSG:32633", "transform": TRANSFORM, "count": 1, "dtype": "uint8"}
    options = {"driver": "GTiff", "sparse_ok": True, "compress": "deflate", **grid}
    with rasterio.open(tmp_path / "wide.tif", "w", width=500_000, height=16, blockysize=16, **options):
        pass
    with pytest.raises(NotUsable, match=r"wide\.tif says that it has 16 x 500,000 pixels; expected at most"):
        header(str(tmp_path / "wide.tif"))
    options |= {"tiled": True, "blockxsize": 40_000, "blockysize": 40_000}
    with rasterio.open(tmp_path / "part.tif", "w", width=40_000, height=40_000, **options):
        pass
    with pytest.raises(NotUsable, match=r"part\.tif can only be read in parts of 1\.5 GB; write it in tiles first"):
        header(str(tmp_path / "part.tif"))
