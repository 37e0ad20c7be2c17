"""Virtual rasters, archives and links are followed to the files that hold pixels."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
import rasterio

from rsgraph.errors import NotReadable
from rsgraph.io.fingerprint import fingerprint, identified
from rsgraph.io.geotiff import GeoTiff
from rsgraph.io.pixel_files import drawn_on, place_of, places
from tests.io.rasters import counts, write_tiff

_VRT = """<VRTDataset rasterXSize="50" rasterYSize="70"><SRS>EPSG:32633</SRS>
<GeoTransform>500000,10,0,4100000,0,-10</GeoTransform>{bands}</VRTDataset>"""
_BAND = """<VRTRasterBand dataType="UInt16" band="{band}"><SimpleSource>
<SourceFilename relativeToVRT="{relative}">{source}</SourceFilename><SourceBand>{band}</SourceBand>
</SimpleSource></VRTRasterBand>"""


def write_vrt(path: Path, source: str, *, relative: int = 1) -> Path:
    """Write a virtual raster over the first two bands of another raster."""
    bands = (_BAND.format(band=band, relative=relative, source=escape(source)) for band in (1, 2))
    path.write_text(_VRT.format(bands="".join(bands)))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tiff(tmp_path / "a.tif", counts(2))
    return tmp_path


def files_of(path: Path) -> list[str]:
    (scene,) = GeoTiff().open(path)
    return [file.name for file in scene.all_files]


def test_a_virtual_raster_over_another_is_followed_to_the_pixels(folder: Path) -> None:
    write_vrt(folder / "inner.vrt", "a.tif")
    write_vrt(folder / "middle.vrt", "inner.vrt")
    outer = write_vrt(folder / "outer.vrt", "middle.vrt")
    assert files_of(outer) == ["outer.vrt", "middle.vrt", "inner.vrt", "a.tif"]


def test_what_changes_at_the_bottom_is_another_scene(folder: Path) -> None:
    write_vrt(folder / "inner.vrt", "a.tif")
    outer = write_vrt(folder / "outer.vrt", "inner.vrt")
    before = fingerprint(GeoTiff().open(outer), known=None)
    write_tiff(folder / "a.tif", counts(2, seed=1))
    assert fingerprint(GeoTiff().open(outer), known=None) != before


def test_an_archive_is_among_the_files_that_identify_a_scene(folder: Path) -> None:
    with zipfile.ZipFile(folder / "scenes.zip", "w") as archive:
        archive.write(folder / "a.tif", "deep/a.tif")
    outer = write_vrt(folder / "outer.vrt", f"/vsizip/{folder}/scenes.zip/deep/a.tif", relative=0)
    assert files_of(outer) == ["outer.vrt", "scenes.zip"]
    before = fingerprint(GeoTiff().open(outer), known=None)
    write_tiff(folder / "a.tif", counts(2, seed=1))
    with zipfile.ZipFile(folder / "scenes.zip", "w") as archive:
        archive.write(folder / "a.tif", "deep/a.tif")
    assert fingerprint(GeoTiff().open(outer), known=None) != before


def test_a_workspace_of_before_nested_files_were_followed_is_still_that_of_its_scene(folder: Path) -> None:
    write_vrt(folder / "inner.vrt", "a.tif")
    outer = write_vrt(folder / "outer.vrt", "inner.vrt")
    scenes = GeoTiff().open(outer)
    now = fingerprint(scenes, known=None)
    (as_it_was,) = scenes
    assert [file.name for file in as_it_was.files] == ["outer.vrt", "inner.vrt"], "what GDAL lists"
    from dataclasses import replace

    before = fingerprint([replace(as_it_was, drawn_on=())], known=None)
    assert before != now
    assert identified(scenes, before, known=None) == before
    assert identified(scenes, "another", known=None) == identified(scenes, None, known=None) == now


def test_a_plain_file_is_identified_as_before(folder: Path) -> None:
    (scene,) = GeoTiff().open(folder / "a.tif")
    assert (scene.files, scene.drawn_on) == ((folder / "a.tif",), ())


def test_a_link_is_named_as_it_is_called_and_hashed_by_what_it_points_to(folder: Path) -> None:
    (folder / "link.tif").symlink_to("a.tif")
    (scene,) = GeoTiff().open(folder / "link.tif")
    assert scene.name == "link"
    assert fingerprint([scene], known=None) == fingerprint(GeoTiff().open(folder / "a.tif"), known=None)
    write_tiff(folder / "b.tif", counts(2, seed=1))
    (folder / "link.tif").unlink()
    (folder / "link.tif").symlink_to("b.tif")
    assert fingerprint(GeoTiff().open(folder / "link.tif"), known=None) == fingerprint(
        GeoTiff().open(folder / "b.tif"), known=None
    )


def test_a_file_that_is_gone_is_named_however_deep_it_was(folder: Path) -> None:
    write_vrt(folder / "inner.vrt", "a.tif")
    outer = write_vrt(folder / "outer.vrt", "inner.vrt")
    (folder / "a.tif").unlink()
    with pytest.raises(NotReadable, match=r"draws on .*a\.tif, which does not exist; put it back"):
        GeoTiff().open(outer)


def test_subdatasets_and_connections_are_files_on_this_disk(folder: Path) -> None:
    connected = write_vrt(folder / "connected.vrt", f"vrt://{folder / 'a.tif'}?bands=1,2", relative=0)
    directory = write_vrt(folder / "directory.vrt", f"GTIFF_DIR:1:{folder / 'a.tif'}", relative=0)
    assert files_of(connected) == ["connected.vrt", "a.tif"]
    assert files_of(directory) == ["directory.vrt", "a.tif"]


def test_what_is_not_on_this_machine_is_refused(folder: Path) -> None:
    remote = write_vrt(folder / "remote.vrt", "/vsicurl/http://localhost:1/a.tif", relative=0)
    with pytest.raises(NotReadable, match="which is not on this machine"):
        GeoTiff().open(remote)


@pytest.mark.parametrize(
    "name",
    [
        "{file}",
        "/vsizip/{file}/B02.tif",
        "/vsizip/{{{file}}}/B02.tif",
        "/vsitar//vsigzip/{file}/deep/B02.tif",
        "/vsisubfile/100_200,{file}",
        'NETCDF:"{file}":B02',
        "SENTINEL2_L2A:/vsizip/{file}/MTD_MSIL2A.xml:10m:EPSG_32633",
        "vrt://{file}?bands=1",
    ],
)
def test_place_of_finds_the_file_in_names_of_gdal(name: str, tmp_path: Path) -> None:
    file = tmp_path / "some where.dat"
    file.touch()
    assert place_of(name.format(file=file)) == str(file)
    file.unlink()
    assert place_of(name.format(file=file)) is None


def test_places_are_named_once(tmp_path: Path) -> None:
    (tmp_path / "z.zip").touch()
    names = [f"/vsizip/{tmp_path}/z.zip/{band}.tif" for band in ("B02", "B03")]
    assert places([*names, "/vsimem/nothing"]) == (str(tmp_path / "z.zip"),)


def test_an_index_of_tiles_is_not_opened(folder: Path) -> None:
    import geopandas as gpd
    from shapely.geometry import box

    with rasterio.open(folder / "a.tif") as file:
        bounds = box(*file.bounds)
    index = folder / "index.gti.gpkg"
    gpd.GeoDataFrame({"location": ["a.tif"]}, geometry=[bounds], crs="EPSG:32633").to_file(index)
    with rasterio.open(index) as file:
        assert file.driver == "GTI", "GDAL would read it"
    with pytest.raises(NotReadable):
        GeoTiff().open(index)
    with pytest.raises(NotReadable):
        GeoTiff().open(write_vrt(folder / "over.vrt", index.name))


def test_a_raster_that_is_nested_may_name_no_server_either(folder: Path) -> None:
    inner = write_vrt(folder / "inner.vrt", "/vsicurl/http://127.0.0.1:9/a.tif", relative=0)
    with pytest.raises(NotReadable, match="which is not on this machine"):
        drawn_on(str(folder / "outer.vrt"), [str(inner)])
