"""Sound files of each kind, small: generated, cut from real scenes where these are there, or of old workspaces."""

from __future__ import annotations

import io
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from PIL import Image
from rasterio.windows import Window

from tests.io.rasters import counts, write_tiff
from tests.io.safe_product import write_jp2, write_safe, zipped

WORKSPACE = Path(__file__).parents[1] / "workspaces_of_0_1" / "one"
REAL = Path(os.environ.get("RSGRAPH_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rsgraph-fuzz-") as name:
        yield Path(name)


def of_workspace(*names: str) -> list[bytes]:
    """Files of a workspace of version 0.1.0."""
    return [(WORKSPACE / name).read_bytes() for name in names]


def _cut(name: str, size: int = 24) -> Iterator[tuple[bytes, dict[str, object]]]:
    """Yield a corner of a real scene and how it was written, where real scenes are there."""
    if not (REAL / name).exists():
        return
    with rasterio.open(REAL / name) as source:
        about = {**source.profile, "width": size, "height": size, "tiled": False, "driver": "GTiff"}
        about = {key: value for key, value in about.items() if key not in ("blockxsize", "blockysize")}
        yield source.read(window=Window(0, 0, size, size)), about


def geotiffs() -> list[bytes]:
    """Tiles, strips, floats, a BigTIFF of the other byte order, alpha, codes with legend and colours; real cuts."""
    with _folder() as folder:
        numbers, together = counts(4, 48, 40), {"interleave": "pixel"}
        small = numbers.astype(np.uint8)
        codes = (numbers[:1] % 5).astype(np.uint8)
        with rasterio.open(WORKSPACE / "segments.tif") as scene:
            place = {"crs": scene.crs, "transform": scene.transform}
        with_legend = write_tiff(folder / "legend.tif", codes, nodata=255, **place)
        with rasterio.open(with_legend, "r+") as target:
            target.update_tags(LEGEND=json.dumps({"1": "water", "2": "forest"}))
            target.write_colormap(1, {1: (0, 0, 255, 255), 2: (0, 128, 0, 255)})
        paths = [
            write_tiff(folder / "a.tif", numbers),
            write_tiff(folder / "b.tif", numbers[:2].astype(np.float32), compress=None, tiled=False, nodata=-9999),
            write_tiff(folder / "c.tif", numbers, BIGTIFF="YES", ENDIANNESS="BIG", compress="lzw", predictor=2),
            write_tiff(folder / "d.tif", small, photometric="RGB", alpha="YES", **together),
            write_tiff(folder / "e.tif", small[:3], photometric="YCBCR", compress="jpeg", **together),
            with_legend,
        ]  # fmt: skip
        for name in ("eopatch_2_l1c_10m.tif", "eopatch_lulc_10m.tif", "site_38D_378R_2_3_lulc_10m.tif"):
            for number, (values, about) in enumerate(_cut(name)):
                with rasterio.open(folder / f"{name}{number}.tif", "w", **about) as target:
                    target.write(values)
                paths.append(folder / f"{name}{number}.tif")
        return [path.read_bytes() for path in paths]


def jp2s() -> list[bytes]:
    """A band as ESA packs it, one without a place, and one with more levels."""
    with _folder() as folder:
        numbers = counts(1, 64, 64)[0]
        paths = [
            write_jp2(folder / "a.jp2", numbers, 10),
            write_jp2(folder / "b.jp2", numbers[:20, :30], 10, crs=None),
            write_jp2(folder / "c.jp2", np.tile(numbers, (3, 3)), 20),
        ]
        return [path.read_bytes() for path in paths]


def metadata() -> list[bytes]:
    """Metadata of products, L1C and L2A, and the real ones of a tile where these are there."""
    with _folder() as folder:
        found = [
            (write_safe(folder / level, level=level) / f"MTD_MSIL{level}.xml").read_bytes() for level in ("1C", "2A")
        ]
    real = REAL / "safe_t36nxf_metadata" / "MTD_MSIL2A.xml"
    return [*found, real.read_bytes()] if real.exists() else found


def manifests() -> list[bytes]:
    """The manifest of a product."""
    with _folder() as folder:
        return [(write_safe(folder, level="2A") / "manifest.safe").read_bytes()]


def zips() -> list[bytes]:
    """A SAFE product with two bands' files cut away, and EuroSAT's images."""
    with _folder() as folder:
        product = zipped(write_safe(folder, level="1C")).read_bytes()
        with zipfile.ZipFile(folder / "e.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name in ("River/River_1", "River/River_2", "Forest/Forest_1"):
                image = io.BytesIO()
                Image.fromarray(counts(3, 64, 64).transpose(1, 2, 0).astype(np.uint8)).save(image, "JPEG")
                archive.writestr(f"2750/{name}.jpg", image.getvalue())
            image = io.BytesIO()
            Image.fromarray(counts(3, 64, 64).transpose(1, 2, 0).astype(np.uint8)).save(image, "PNG")
            archive.writestr("2750/Forest/Forest_2.png", image.getvalue())
        return [product, (folder / "e.zip").read_bytes()]


def _features(crs: str) -> gpd.GeoDataFrame:
    """Polygons, one of them in two parts with a hole, and points over the scene of the old workspace."""
    with rasterio.open(WORKSPACE / "segments.tif") as source:
        left, bottom, right, top = source.bounds
        here = source.crs
    across, down = (right - left) / 4, (top - bottom) / 4
    box = shapely.box(left + across, bottom + down, right - across, top - down)
    hole = box.difference(box.buffer(-across / 2).centroid.buffer(across / 4, 2))
    shapes = [
        shapely.box(left, bottom, left + across, top),
        shapely.MultiPolygon([hole, shapely.box(right - across / 2, top - down / 2, right, top)]),
        shapely.Point(left + across / 3, top - down / 3),
    ]
    about = {"class": ["water", "forest", "urban"], "colour": ["#0000ff", "#008000", None], "segment_id": [1, 2, 3]}
    return gpd.GeoDataFrame(about, geometry=shapes, crs=here).to_crs(crs)


def vectors(ending: str, driver: str) -> list[bytes]:
    """Features over the old workspace, in its CRS and in degrees."""
    with _folder() as folder, rasterio.open(WORKSPACE / "segments.tif") as source:
        found = []
        for name, crs in (("a", source.crs.to_wkt()), ("b", "EPSG:4326")):
            path = folder / f"{name}.{ending}"
            _features(crs).to_file(path, driver=driver, layer="labels")
            found.append(path.read_bytes())
        return found


def class_tables() -> list[bytes]:
    """Lists of classes as people keep them."""
    return [
        b"name,colour\nwater,#0000ff\nforest,#008000\n",
        b"code;class;color\n1;water;0,0,255\n2;forest;#080\n",
        "\ufeffwater\nForêt\nStraße\n".encode(),
    ]


def class_lists() -> list[bytes]:
    """The same as JSON."""
    named = [{"name": "water", "colour": "#0000ff"}, {"name": "forest", "color": "green"}]
    return [json.dumps(each).encode() for each in (named, {"classes": named}, {"water": "#00f"}, ["water", "forest"])]


def selections() -> list[bytes]:
    """Ids of segments."""
    stream = io.BytesIO()
    np.save(stream, np.arange(1, 40))
    return [stream.getvalue()]


def npys() -> list[bytes]:
    """Arrays of SWED: an image and its labels."""
    found = []
    for array in (counts(12, 16, 16).transpose(1, 2, 0), (counts(1, 16, 16) % 2).astype(np.uint8)):
        stream = io.BytesIO()
        np.save(stream, array)
        found.append(stream.getvalue())
    return found


def safetensors() -> list[bytes]:
    """Weights of an old workspace, and a small model of plain arrays."""
    from safetensors.numpy import save

    arrays = {"mean": np.zeros(4, np.float32), "whitening": np.eye(4, dtype=np.float64), "at": np.arange(3)}
    return [*of_workspace("models/gnn.safetensors"), save(arrays)]
