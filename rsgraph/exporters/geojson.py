"""GeoJSON of segment polygons."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio

from rsgraph.exporters.content import check_embeddings, check_layer
from rsgraph.exporters.features import NAME, Frames, export_polygons
from rsgraph.exporters.provenance import KEY, as_text
from rsgraph.exporters.whole import whole
from rsgraph.protocols import Progress
from rsgraph.workspace import Workspace

_NO_CRS = ("'crs' was not provided", "No SRS set on layer")


class GeoJson:
    """GeoJSON (RFC 7946): one polygon per segment in WGS 84 longitude and latitude, with all columns.

    ``segments_polygons.geojson``. RFC 7946 allows no other coordinates, so scenes with a CRS are reprojected
    (seven decimals, about a centimetre; outlines that cross the antimeridian are cut there): areas are to be taken
    from the columns area_px and area_m2, and GeoPackage or GeoParquet are for exact outlines. Scenes without a CRS
    keep pixel coordinates, x = column and y = row counted downwards, in a file of their own
    (``segments_polygons_pixels.geojson``) where others have one. Columns as in the GeoPackage; the provenance is the
    member ``rsgraph`` of the collection. Text is some ten times larger than GeoParquet: for whole tiles prefer that.

    Parameters
    ----------
    layer
        The embedding to write: ``gnn2``, ``encoder``, ``bands`` ...; None: the workspace's default layer.
    embeddings
        False leaves the properties e00, e01 ... out.

    References
    ----------
    RFC 7946, doi:10.17487/RFC7946

    Raises
    ------
    ConfigError
        A parameter is of the wrong kind.
    """

    def __init__(self, layer: str | None = None, embeddings: bool = True) -> None:
        self.layer = check_layer(layer)
        self.embeddings = check_embeddings(embeddings)

    def export(self, workspace: Workspace, folder: Path, *, progress: Progress | None = None) -> list[Path]:
        """Write the GeoJSON. Raises what ``export_polygons`` raises."""
        return export_polygons(
            workspace,
            folder,
            "geojson",
            _write,
            layer=self.layer,
            embeddings=self.embeddings,
            one_crs=True,
            progress=progress,
        )


def _write(path: Path, frames: Frames, facts: Mapping[str, Any]) -> None:
    with whole(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(f'{{"type": "FeatureCollection", "name": "{NAME}", "{KEY}": {as_text(facts)}, "features": [')
        for number, feature in enumerate(_features(frames)):
            file.write(f"{',' if number else ''}\n{feature}")
        file.write("\n]}\n")


def _features(frames: Frames) -> Iterator[str]:
    """Give one feature at a time, as text."""
    for frame in frames:
        yield from _lines(frame)


def _lines(frame: gpd.GeoDataFrame) -> list[str]:
    """Let GDAL reproject, cut at the antimeridian, turn rings and round; one feature per line."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        for message in _NO_CRS:  # pixel space is what we mean where a scene has no CRS
            warnings.filterwarnings("ignore", message=message)
        pyogrio.write_dataframe(frame, buffer, driver="GeoJSONSeq", layer=NAME)
    return [line for line in buffer.getvalue().decode("utf-8").split("\n") if line]
