# ruff: noqa: E501  # files of strangers, each as they would stand in one line

"""Files that name servers, code or other files, under any name: each is refused before anything is opened."""

from __future__ import annotations

import json
import os
import socket
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio

from rsgraph.errors import InputError
from rsgraph.io.drivers import OURS, SCENES
from rsgraph.io.handles import open_raster_file, read
from rsgraph.label_files.formats import OPENED, is_vector, safely
from rsgraph.label_files.vector_files import layers_of
from tests.io.rasters import write_tiff
from tests.tampered.harness import states


class Listener:
    """A port on this machine, and how often somebody has come to it; nobody is answered."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def asked(self) -> bool:
        try:
            self.socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    monkeypatch.chdir(tmp_path)
    for name in ("no_proxy", "NO_PROXY", "http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GDAL_HTTP_TIMEOUT", "2")
    found = Listener()
    yield found
    found.socket.close()


def vrt(source: str, *, more: str = "", kind: str = "", relative: int = 0, band: str = "") -> str:
    return (
        f'<VRTDataset rasterXSize="8" rasterYSize="8"{kind}>{more}<VRTRasterBand dataType="UInt16" band="1"{band}>'
        f'<SimpleSource><SourceFilename relativeToVRT="{relative}">{source}</SourceFilename>'
        "<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )


def mrf(folder: Path, source: str) -> str:
    return (
        f'<MRF_META><CachedSource><Source>{source}</Source></CachedSource><Raster><Size x="8" y="8" c="1"/>'
        f'<PageSize x="8" y="8" c="1"/><Compression>NONE</Compression><DataType>UInt16</DataType>'
        f"<DataFile>{folder / 'victim.txt'}</DataFile><IndexFile>{folder / 'index.idx'}</IndexFile></Raster></MRF_META>"
    )


WMS = '<GDAL_WMS><Service name="TMS"><ServerUrl>{}/t</ServerUrl></Service><DataWindow><SizeX>8</SizeX></DataWindow></GDAL_WMS>'
TEXTS = {
    "WMS": WMS,
    "WMS with a byte order mark": "\ufeff" + WMS,
    "WMS after blanks": " \n\t" + WMS,
    "WCS": "<WCS_GDAL><ServiceURL>{}/w?</ServiceURL><CoverageName>a</CoverageName></WCS_GDAL>",
    "WMTS": "<GDAL_WMTS><GetCapabilitiesUrl>{}/w</GetCapabilitiesUrl></GDAL_WMTS>",
    "WMTS capabilities": '<Capabilities xmlns="http://www.opengis.net/wmts/1.0"><ServiceMetadataURL href="{}"/></Capabilities>',
    "tile index": "<GDALTileIndexDataset><IndexDataset>/vsicurl/{}/i.gpkg</IndexDataset></GDALTileIndexDataset>",
    "STACTA": '{{"stac_version": "1.0.0", "stac_extensions": ["tiled-assets"], "asset_templates": {{"a": {{"href": "{}/a"}}}}}}',
    "STACIT": '{{"type": "FeatureCollection", "features": [{{"stac_version": "1.0.0", "assets": {{"a": {{"href": "{}/a"}}}}}}]}}',
    "kerchunk": '{{"version": 1, "refs": {{".zgroup": "{{}}", "a/0": ["{}/a", 0, 9]}}}}',
    "GDALG": '{{"type": "gdal_streamed_alg", "command_line": "gdal raster convert {}/a b"}}',
    "text of an address": "{}/a.tif",
}
NAMES = ("scene.tif", "scene.vrt", "scene.jp2", "segments.tif")


def opened_and_read(path: Path, drivers: tuple[str, ...]) -> None:
    open_raster_file(str(path), drivers).close()
    read(str(path), [1], 0, 0, 8, 8, drivers=drivers)


def refused(path: Path, listener: Listener, drivers: tuple[str, ...] = SCENES) -> str:
    """Open and read a raster, which must be refused before anybody is asked and anything written."""
    before = states(path.parent)
    with pytest.raises(InputError) as error:
        opened_and_read(path, drivers)
    assert not listener.asked()
    assert states(path.parent) == before
    return str(error.value)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_texts_that_name_servers_are_no_rasters(tmp_path: Path, listener: Listener, text: str, name: str) -> None:
    (tmp_path / name).write_text(text.format(listener.url), encoding="utf-8")
    refused(tmp_path / name, listener, OURS if name == "segments.tif" else SCENES)


@pytest.mark.parametrize("name", NAMES)
def test_an_mrf_appends_to_no_file(tmp_path: Path, listener: Listener, name: str) -> None:
    (tmp_path / "victim.txt").write_text("mine")
    write_tiff(tmp_path / "source.tif", np.ones((1, 8, 8), np.uint16))
    (tmp_path / name).write_text(mrf(tmp_path, str(tmp_path / "source.tif")))
    refused(tmp_path / name, listener, OURS if name == "segments.tif" else SCENES)


def test_our_rasters_are_geotiff_and_nothing_else(tmp_path: Path, listener: Listener) -> None:
    write_tiff(tmp_path / "a.tif", np.ones((1, 8, 8), np.uint16))
    (tmp_path / "segments.tif").write_text(vrt("a.tif", relative=1))
    open_raster_file(str(tmp_path / "segments.tif"), SCENES).close()
    assert "not recognized" in refused(tmp_path / "segments.tif", listener, OURS)


SOURCES: dict[str, Callable[[Path, str], str]] = {
    "vsicurl": lambda _, url: vrt(f"/vsicurl/{url}/a.tif"),
    "vsicurl relative": lambda _, url: vrt(f"/vsicurl/{url}/a.tif", relative=1),
    "vsicurl streaming": lambda _, url: vrt(f"/vsicurl_streaming/{url}/a.tif"),
    "vsicurl with options": lambda _, url: vrt(f"/vsicurl?url={url}/a.tif"),
    "zip of a server": lambda _, url: vrt(f"/vsizip//vsicurl/{url}/a.zip/a.tif"),
    "braced zip of a server": lambda _, url: vrt(f"/vsizip/{{/vsicurl/{url}/a.zip}}/a.tif"),
    "gzip of a server": lambda _, url: vrt(f"/vsigzip//vsicurl/{url}/a.gz"),
    "part of a server's file": lambda _, url: vrt(f"/vsisubfile/0_9,/vsicurl/{url}/a"),
    "address": lambda _, url: vrt(f"{url}/a.tif"),
    "blanks before an address": lambda _, url: vrt(f"  {url}/a.tif"),
    "S3": lambda *_: vrt("/vsis3/bucket/a.tif"),
    "WMS name": lambda _, url: vrt(f"WMS:{url}/a?"),
    "WCS name": lambda _, url: vrt(f"WCS:{url}/a?"),
    "WMTS name": lambda _, url: vrt(f"WMTS:{url}/a"),
    "vrt name": lambda _, url: vrt(f"vrt://{url}/a.tif?bands=1"),
    "NetCDF name": lambda _, url: vrt(f'NETCDF:"{url}/a.nc":v'),
    "Zarr name": lambda _, url: vrt(f'ZARR:"/vsicurl/{url}/a.zarr"'),
    "WMS written out": lambda _, url: vrt(WMS.format(url).replace("<", "&lt;").replace('"', "&quot;")),
    "VRT written out": lambda _, url: vrt(vrt(f"{url}/a.tif").replace("<", "&lt;").replace('"', "&quot;")),
    "small letters": lambda _, url: vrt(f"{url}/a.tif").replace("SourceFilename", "sourcefilename"),
    "characters by number": lambda _, url: vrt(f"{url}/a.tif".replace("h", "&#104;")),
    "a document type": lambda _, url: f'<!DOCTYPE a [<!ENTITY u "{url}/a">]>' + vrt("&u;"),
    "overviews": lambda _, url: vrt("a.tif", relative=1).replace(
        "</VRTRasterBand>", f"<Overview><SourceFilename>{url}/a</SourceFilename></Overview></VRTRasterBand>"
    ),
    "metadata of overviews": lambda _, url: vrt(
        "a.tif",
        relative=1,
        more=f'<Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">/vsicurl/{url}/o</MDI></Metadata>',
    ),
    "positions": lambda _, url: vrt(
        "a.tif",
        relative=1,
        more=f'<Metadata domain="GEOLOCATION"><MDI key="X_DATASET">/vsicurl/{url}/x</MDI></Metadata>',
    ),
    "warped": lambda _, url: vrt(
        "a.tif",
        relative=1,
        kind=' subClass="VRTWarpedDataset"',
        more=f"<GDALWarpOptions><SourceDataset>/vsicurl/{url}/a</SourceDataset></GDALWarpOptions>",
    ),
    "groups": lambda _, url: (
        f'<VRTDataset><Group name="/"><Array name="a"><Source><SourceFilename>{url}/a.nc'
        "</SourceFilename></Source></Array></Group></VRTDataset>"
    ),
    "steps": lambda _, url: vrt("a.tif", kind=' subClass="VRTProcessedDataset"', relative=1),
    "VRT in VRT": lambda folder, url: nested(folder, vrt(f"{url}/a.tif")),
    "WMS in VRT": lambda folder, url: nested(folder, WMS.format(url)),
    "MRF in VRT": lambda folder, url: nested(folder, mrf(folder, f"/vsicurl/{url}/a.tif")),
    "overviews in VRT": lambda folder, url: nested_overviews(folder, url),
    "itself": lambda folder, _: vrt(str(folder / "deep.vrt")) if write_deep(folder) else "",
    "Python": lambda folder, _: python(folder, "PixelFunctionLanguage"),
    "attribute for an element": lambda _, url: of_attribute(f"{url}/a.tif"),
    "attribute that names an MRF": lambda folder, _: of_attribute(planted_mrf(folder)),
    "attribute in small letters": lambda folder, _: of_attribute(planted_mrf(folder)).replace("Filename", "filename"),
    "attribute of an overview": lambda folder, _: vrt("a.tif", relative=1).replace(
        "</VRTRasterBand>", f'<Overview SourceFilename="{planted_mrf(folder)}"/></VRTRasterBand>'
    ),
    "attribute of warping": lambda folder, _: vrt(
        "a.tif",
        relative=1,
        kind=' subClass="VRTWarpedDataset"',
        more=f'<GDALWarpOptions SourceDataset="{planted_mrf(folder)}"/>',
    ),
    "bytes of any file": lambda *_: of_attribute("/etc/passwd", ' subClass="VRTRawRasterBand"'),
    "element for a subclass": lambda *_: vrt("a.tif", relative=1, more="<subClass>VRTProcessedDataset</subClass>"),
    "Python in an attribute": lambda *_: vrt("a.tif", relative=1, band=' PixelFunctionLanguage="Python"'),
    "coordinate system in an attribute": lambda _, url: vrt(
        "a.tif", relative=1, more=f'<GCPList Projection="{url}/crs"/>'
    ),
    "key of metadata by another name": lambda folder, _: overviews_in_vrt('k="OVERVIEW_FILE"', planted_mrf(folder)),
    "key before the key": lambda folder, _: overviews_in_vrt('k="OVERVIEW_FILE" key="x"', planted_mrf(folder)),
    "key in a namespace": lambda folder, _: overviews_in_vrt('xmlns:k="OVERVIEW_FILE" key="x"', planted_mrf(folder)),
    "address that is also a folder": lambda folder, url: vrt(local_namesake(folder, f"{url}/a.tif"), relative=1),
    "driver that is also a folder": lambda folder, url: vrt(local_namesake(folder, f"WMS:{url}/a.tif")),
    "Python in small letters": lambda folder, _: python(folder, "pixelfunctionlanguage"),
}


def of_attribute(source: str, band: str = "") -> str:
    """Name a source where GDAL reads it, too, and nobody else looks."""
    return (
        f'<VRTDataset rasterXSize="8" rasterYSize="8"><VRTRasterBand dataType="Byte" band="1"{band}>'
        f'<SimpleSource SourceFilename="{source}"><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>'
    )


def planted_mrf(folder: Path) -> Path:
    """Write an MRF that appends to the file victim.txt once it is read."""
    write_tiff(folder / "source.tif", np.ones((1, 8, 8), np.uint16))
    (folder / "e.mrf").write_text(mrf(folder, str(folder / "source.tif")))
    return folder / "e.mrf"


def overviews_in_vrt(key: str, place: Path) -> str:
    return vrt("a.tif", relative=1, more=f'<Metadata domain="OVERVIEWS"><MDI {key}>{place}</MDI></Metadata>')


def local_namesake(folder: Path, name: str) -> str:
    """Make a file whose path reads like a name that GDAL takes for something else; it is looked for here."""
    place = folder / name
    place.parent.mkdir(parents=True)
    write_tiff(place, np.ones((1, 8, 8), np.uint16))
    os.chdir(folder)
    return name


def nested(folder: Path, text: str) -> str:
    (folder / "b.tif").write_text(text)
    (folder / "c.tif").write_text(vrt("b.tif", relative=1))
    return vrt("c.tif", relative=1)


def nested_overviews(folder: Path, url: str) -> str:
    (folder / "a.tif.aux.xml").write_text(aux(url))
    return vrt("a.tif", relative=1)


def write_deep(folder: Path) -> bool:
    """Write thirty virtual rasters, each drawing on the next."""
    names = ["deep.vrt", *(f"d{i}.vrt" for i in range(30)), "a.tif"]
    for name, source in pairwise(names):
        (folder / name).write_text(vrt(source, relative=1))
    return True


def python(folder: Path, tag: str) -> str:
    code = f"def f(*a, **k):\n    open({str(folder / 'ran')!r}, 'w')"
    more = (
        f"<PixelFunctionType>f</PixelFunctionType><{tag}>Python</{tag}><PixelFunctionCode>{code}</PixelFunctionCode>"
    )
    return vrt("a.tif", relative=1, band=' subClass="VRTDerivedRasterBand"').replace(
        "<SimpleSource>", f"{more}<SimpleSource>"
    )


def aux(url: str, name: str = "OVERVIEW_FILE") -> str:
    return f'<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="{name}">/vsicurl/{url}/o.tif</MDI></Metadata></PAMDataset>'


@pytest.mark.parametrize("name", ["scene.vrt", "scene.tif"])
@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_sources_of_virtual_rasters_are_on_this_machine(
    tmp_path: Path, listener: Listener, make: Callable[[Path, str], str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GDAL_VRT_ENABLE_PYTHON", "YES")
    (tmp_path / "victim.txt").write_text("mine")
    write_tiff(tmp_path / "a.tif", np.ones((1, 8, 8), np.uint16))
    (tmp_path / name).write_text(make(tmp_path, listener.url))
    refused(tmp_path / name, listener)


BESIDE: dict[str, tuple[str, Callable[[Path, str], str]]] = {
    "statistics": ("a.tif.aux.xml", lambda _, url: aux(url)),
    "in capitals": ("a.tif.AUX.XML", lambda _, url: aux(url)),
    "key in small letters": ("a.tif.aux.xml", lambda _, url: aux(url, "overview_file")),
    "key by number": ("a.tif.aux.xml", lambda _, url: aux(url, "&#79;VERVIEW_FILE")),
    "key by another name": (
        "a.tif.aux.xml",
        lambda folder, _: beside('k="OVERVIEW_FILE"', planted_mrf(folder)),
    ),
    "key before the key": (
        "a.tif.aux.xml",
        lambda folder, _: beside('k="OVERVIEW_FILE" key="x"', planted_mrf(folder)),
    ),
    "key in a namespace": (
        "a.tif.aux.xml",
        lambda folder, _: beside('xmlns:k="OVERVIEW_FILE" key="x"', planted_mrf(folder)),
    ),
    "element for a text": ("a.tif.aux.xml", lambda folder, _: beside('key="OVERVIEW_FILE"', "<e.mrf/>", folder)),
    "address that is also a folder": (
        "a.tif.aux.xml",
        lambda folder, url: beside('key="OVERVIEW_FILE"', f":::BASE:::{local_namesake(folder, f'{url}/o.tif')}"),
    ),
    "overviews WMS": ("a.tif.ovr", lambda _, url: WMS.format(url)),
    "overviews VRT": ("a.tif.ovr", lambda _, url: vrt(f"{url}/a.tif")),
    "mask WMS": ("a.tif.msk", lambda _, url: WMS.format(url)),
    "mask MRF": ("a.tif.msk", lambda folder, url: mrf(folder, f"/vsicurl/{url}/a.tif")),
    "mask in capitals": ("a.tif.MSK", lambda _, url: vrt(f"{url}/a.tif")),
    "overviews a VRT on this disk": ("a.tif.ovr", lambda *_: vrt("a.tif", relative=1)),
}


def beside(key: str, name: object, folder: Path | None = None) -> str:
    """Name overviews by metadata that are written in another way; in ``folder`` an MRF is planted."""
    if folder is not None:
        os.chdir(planted_mrf(folder).parent)
    return f'<PAMDataset><Metadata domain="OVERVIEWS"><MDI {key}>{name}</MDI></Metadata></PAMDataset>'


@pytest.mark.parametrize("drivers", [SCENES, OURS], ids=["a scene", "ours"])
@pytest.mark.parametrize(("name", "make"), BESIDE.values(), ids=BESIDE)
def test_files_beside_a_raster_name_nothing_else(
    tmp_path: Path, listener: Listener, name: str, make: Callable[[Path, str], str], drivers: tuple[str, ...]
) -> None:
    (tmp_path / "victim.txt").write_text("mine")
    write_tiff(tmp_path / "a.tif", np.ones((1, 8, 8), np.uint16))
    (tmp_path / name).write_text(make(tmp_path, listener.url))
    refused(tmp_path / "a.tif", listener, drivers)


def test_metadata_in_a_geotiff_name_no_overviews_elsewhere(tmp_path: Path, listener: Listener) -> None:
    path = write_tiff(tmp_path / "a.tif", np.ones((1, 8, 8), np.uint16))
    with rasterio.open(path, "r+") as file:
        file.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=f"/vsicurl/{listener.url}/o.tif")
    assert "not on this machine" in refused(path, listener)


@pytest.mark.parametrize("text", [*TEXTS.values(), vrt("{}/a.tif")], ids=[*TEXTS, "VRT"])
def test_members_of_a_zip_name_no_servers(tmp_path: Path, listener: Listener, text: str) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("B02.jp2", text.format(listener.url))
    before = states(tmp_path)
    with pytest.raises(InputError):
        open_raster_file(f"/vsizip/{{{tmp_path / 'p.zip'}}}/B02.jp2", SCENES)
    assert not listener.asked()
    assert states(tmp_path) == before


TWICE = {
    "a raster": (["B02.tif", "B02.tif"], "B02.tif"),
    "what stands beside it": (["B02.tif.aux.xml", "B02.tif.aux.xml"], "B02.tif.aux.xml"),
    "in other letters": (["B02.tif.aux.xml", "b02.TIF.AUX.XML"], "not on this machine"),
}


@pytest.mark.parametrize(("names", "said"), TWICE.values(), ids=TWICE)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_one_name_are_refused(tmp_path: Path, listener: Listener, names: list[str], said: str) -> None:
    """Python reads the last of them, GDAL the first: what was looked at would not be what is opened."""
    path = write_tiff(tmp_path / "a.tif", np.ones((1, 8, 8), np.uint16))
    first, second = names
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        if "xml" in first:
            archive.write(path, "B02.tif")
            archive.writestr(first, aux(listener.url))
            archive.writestr(second, "<PAMDataset/>")
        else:
            archive.writestr(first, vrt(f"{listener.url}/a.tif"))
            archive.write(path, second)
    with pytest.raises(InputError, match=said):
        open_raster_file(f"/vsizip/{{{tmp_path / 'p.zip'}}}/B02.tif", SCENES)
    assert not listener.asked()


@pytest.mark.parametrize("name", ["a.tif.aux.xml", "a.tif.ovr", "a.tif.msk"])
def test_a_pipe_beside_a_raster_is_not_waited_for(tmp_path: Path, listener: Listener, name: str) -> None:
    write_tiff(tmp_path / "a.tif", np.ones((1, 8, 8), np.uint16))
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match="it is no file"):
        open_raster_file(str(tmp_path / "a.tif"), SCENES)


def test_files_beside_a_member_of_a_zip_name_nothing_else(tmp_path: Path, listener: Listener) -> None:
    path = write_tiff(tmp_path / "a.tif", np.ones((1, 8, 8), np.uint16))
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.write(path, "B02.tif")
        archive.writestr("B02.tif.aux.xml", aux(listener.url))
    with pytest.raises(InputError, match="not on this machine"):
        open_raster_file(f"/vsizip/{{{tmp_path / 'p.zip'}}}/B02.tif", SCENES)
    assert not listener.asked()


def test_honest_rasters_and_what_stands_beside_them_are_opened(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", np.ones((1, 64, 64), np.uint16))
    with rasterio.Env(TIFF_USE_OVR=True), rasterio.open(path, "r+") as file:
        file.build_overviews([2])
    assert (tmp_path / "a.tif.ovr").exists()
    (tmp_path / "a.tif.aux.xml").write_text(
        '<PAMDataset><Metadata><MDI key="source">http://a.b/c</MDI></Metadata></PAMDataset>'
    )
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.write(path, "deep/B02.tif")
    for name, text in {
        "absolute.vrt": vrt(str(path)),
        "relative.vrt": vrt("a.tif", relative=1),
        "zipped.vrt": vrt(f"/vsizip/{tmp_path}/p.zip/deep/B02.tif"),
        "nested.vrt": vrt("relative.vrt", relative=1),
        "declared.vrt": '<?xml version="1.0" encoding="UTF-8"?>\n' + vrt("a.tif", relative=1),
    }.items():
        (tmp_path / name).write_text(text)
        assert read(str(tmp_path / name), [1], 0, 0, 8, 8).tolist() == [[[1] * 8] * 8], name


# labels

POINT = {"type": "Feature", "properties": {"label": "x"}, "geometry": {"type": "Point", "coordinates": [0, 0]}}
LINK = '{{"type": "link", "properties": {{"href": "{}/crs", "type": "proj4"}}}}'
VECTORS = {
    "linked CRS": '{{"type": "FeatureCollection", "crs": ' + LINK + ', "features": []}}',
    "linked CRS at the end": '{{"type": "FeatureCollection", "features": [], "crs": ' + LINK + "}}",
    "linked CRS in capitals": '{{"type": "FeatureCollection", "CRS": '
    + LINK.replace("link", "LINK")
    + ', "features": []}}',
    "linked CRS, escaped": '{{"type": "FeatureCollection", "\\u0063rs": ' + LINK + ', "features": []}}',
    "named CRS": '{{"type": "FeatureCollection", "crs": {{"type": "name", "properties": {{"name": "{}/crs"}}}}, "features": []}}',
    "OGR VRT": '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/vsicurl/{}/a.geojson</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>',
    "OGR VRT after blanks": '\n <OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{}/a</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>',
    "WFS": "<OGRWFSDataSource><URL>{}/wfs?</URL></OGRWFSDataSource>",
    "WFS capabilities": '<wfs:WFS_Capabilities xmlns:wfs="http://www.opengis.net/wfs"><a href="{}"/></wfs:WFS_Capabilities>',
    "GML with a schema": '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml" schemaLocation="a {}/a.xsd"/>',
    "GeoRSS": '<rss version="2.0"><channel><link>{}</link></channel></rss>',
    "KML": '<kml xmlns="http://www.opengis.net/kml/2.2"><NetworkLink><Link><href>{}/a.kml</href></Link></NetworkLink></kml>',
    "GDALG": '{{"type": "gdal_streamed_alg", "command_line": "gdal vector read {}/a.geojson"}}',
    "STAC": '{{"type": "FeatureCollection", "stac_version": "1.0.0", "features": [{{"assets": {{"href": "{}"}}}}]}}',
    "OGR VRT behind a table": 'label\n<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{}/a</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>',
    "OGR VRT behind JSON": '{{}}\n<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{}/a</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>',
    "OGR VRT behind a mark of Parquet": 'PAR1<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{}/a</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>',
    "WFS behind a table": "label\n<OGRWFSDataSource><URL>{}/wfs?</URL></OGRWFSDataSource>",
    "WFS capabilities behind JSON": '{{}}<WFS_Capabilities version="1.1.0"><a href="{}"/></WFS_Capabilities>',
    "CSW behind a table": "label\n<OGRCSWDataSource><URL>{}/csw</URL></OGRCSWDataSource>",
    "collections of an API": '{{"links": [{{"rel": "data", "href": "{}/c"}}], "collections": [{{"id": "a", "links": [{{"rel": "items", "href": "{0}/i"}}]}}]}}'.replace(
        "{}", "{0}"
    ),
    "JSON-FG": '{{"type": "FeatureCollection", "conformsTo": ["a"], "coordRefSys": "{}/crs", "features": []}}',
}


@pytest.mark.parametrize(
    "name", ["labels.gpkg", "labels.geojson", "labels.shp", "labels.fgb", "labels.gdalg.json", "a.csv"]
)
@pytest.mark.parametrize("text", VECTORS.values(), ids=VECTORS)
@pytest.mark.parametrize("proxies", ["", "127.0.0.1"], ids=["proxies", "no proxy"])
def test_vectors_that_name_servers_are_refused(
    tmp_path: Path, listener: Listener, text: str, name: str, proxies: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the user's environment lets this machine be reached without a proxy, the settings of GDAL would not help."""
    monkeypatch.setenv("no_proxy", proxies)
    (tmp_path / name).write_text(text.format(listener.url), encoding="utf-8")
    before = states(tmp_path)
    with suppress(InputError):
        assert not any(layers_of(tmp_path / name).values()), "a table at most"
    assert not listener.asked()
    assert states(tmp_path) == before


def test_other_drivers_are_there_again_afterwards(tmp_path: Path) -> None:
    before = pyogrio.list_drivers()
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [POINT]}))
    layers_of(tmp_path / "a.geojson")
    with safely():
        assert {*pyogrio.list_drivers()} <= {*OPENED}
    assert pyogrio.list_drivers() == before


@pytest.mark.parametrize(
    "crs",
    [
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}},
        {"type": "name", "properties": {"name": "http://www.opengis.net/def/crs/EPSG/0/32633"}},
        {"type": "name", "properties": {"name": "EPSG:32633"}},
        None,
    ],
)
def test_honest_geojson_is_read(tmp_path: Path, crs: object) -> None:
    text = json.dumps({"type": "FeatureCollection", "crs": crs, "features": [POINT]})
    (tmp_path / "a.geojson").write_text(text)
    assert is_vector(tmp_path / "a.geojson")
    assert list(layers_of(tmp_path / "a.geojson")) == ["a"]
