"""GeoJSON of segment polygons."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import pyogrio

from rsgraph.exporters.areas import Dissolve
from rsgraph.exporters.content import check_choice, parsed_crs
from rsgraph.exporters.features import Frames, PolygonExporter, Sink
from rsgraph.exporters.provenance import KEY, as_text
from rsgraph.exporters.whole import whole
from rsgraph.warning_filters import ignored
from rsgraph.workspace import SceneInfo

Crs = Literal["scene", "wgs84"]

_NO_CRS = ("'crs' was not provided", "No SRS set on layer")


class GeoJson(PolygonExporter):
    """GeoJSON: one polygon per segment, or per class, with all columns, in the scene's CRS or WGS 84.

    ``segments_polygons.geojson``; dissolved by class ``classes_polygons.geojson`` or ``regions_polygons.geojson``.
    Columns as in the GeoPackage; the provenance is the member ``rsgraph`` of the collection. Text is some ten times
    larger than GeoParquet: for whole tiles prefer that.

    With ``crs: scene`` coordinates are those of the scene and outlines exact; the member ``crs`` says which
    (GeoJSON 2008: GDAL, QGIS and geopandas obey it), and scenes of several CRS go to one file each. A CRS without
    an EPSG code cannot be named so: these scenes are written as with ``wgs84``. With ``crs: wgs84`` the file
    follows RFC 7946, which allows longitude and latitude only, as web maps expect it (seven decimals, about a
    centimetre; outlines that cross the antimeridian are cut there): take areas from the columns area_px and area_m2.
    Scenes without a CRS keep pixel coordinates, x = column and y = row counted downwards, in a file of their own
    (``segments_polygons_pixels.geojson``) where others have one.

    Parameters
    ----------
    layer
        The embedding to write: ``gnn2``, ``encoder``, ``bands`` ...; None: the workspace's default layer.
    embeddings
        False leaves the properties e00, e01 ... out.
    dissolve
        ``none``: one polygon per segment. ``class``: one multipolygon per class. ``regions``: one polygon per
        connected region of a class.
    crs
        ``scene`` or ``wgs84``.

    References
    ----------
    RFC 7946, doi:10.17487/RFC7946; GeoJSON 2008, https://geojson.org/geojson-spec
    """

    ending = "geojson"

    def __init__(
        self, layer: str | None = None, embeddings: bool = True, dissolve: Dissolve = "none", crs: Crs = "scene"
    ) -> None:
        super().__init__(layer, embeddings, dissolve)
        self.crs = check_choice("crs", crs, Crs)

    def one_crs(self, scenes: Sequence[SceneInfo]) -> bool:
        """Tell whether all is written in WGS 84."""
        return self.crs == "wgs84" or not all(_code(scene.crs) for scene in scenes if scene.crs is not None)

    def sink(self, *, one_crs: bool) -> Sink:
        """Return what writes one file."""
        return write_geojson if one_crs else _write_as_it_is


def _code(crs: str | None) -> int | None:
    found: int | None = None if crs is None else parsed_crs(crs).to_epsg()
    return found


def write_geojson(path: Path, frames: Frames, facts: Mapping[str, Any]) -> None:
    """Write tables in longitude and latitude; those without a CRS as they are."""
    _write(path, frames, facts, rfc7946=True)


def _write_as_it_is(path: Path, frames: Frames, facts: Mapping[str, Any]) -> None:
    _write(path, frames, facts, rfc7946=False)


def _write(path: Path, frames: Frames, facts: Mapping[str, Any], *, rfc7946: bool) -> None:
    with whole(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for number, (frame, feature) in enumerate(_features(frames, rfc7946=rfc7946)):
            if number == 0:
                head = {"type": "FeatureCollection", "name": path.stem, **_crs_member(frame, rfc7946=rfc7946)}
                file.write(f'{as_text(head)[:-1]}, "{KEY}": {as_text(facts)}, "features": [')
            file.write(f"{',' if number else ''}\n{feature}")
        file.write("\n]}\n")


def _crs_member(frame: gpd.GeoDataFrame, *, rfc7946: bool) -> dict[str, Any]:
    """Name a CRS as GeoJSON 2008 did. Longitude and latitude are what a file without it means."""
    if rfc7946 or frame.crs is None:
        return {}
    return {"crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{frame.crs.to_epsg()}"}}}


def _features(frames: Frames, *, rfc7946: bool) -> Iterator[tuple[gpd.GeoDataFrame, str]]:
    """Give one feature at a time, as text."""
    for frame in frames:
        plain = frame if rfc7946 else frame.set_crs(None, allow_override=True)
        for line in geojson_features(plain):
            yield frame, line


def geojson_features(frame: gpd.GeoDataFrame) -> list[str]:
    """Let GDAL reproject, cut at the antimeridian, turn rings and round; return one feature per line."""
    buffer = io.BytesIO()
    with ignored("|".join(_NO_CRS)):  # pixel space is what we mean where a scene has no CRS
        pyogrio.write_dataframe(frame, buffer, driver="GeoJSONSeq", layer="features")
    return [line for line in buffer.getvalue().decode("utf-8").split("\n") if line]
