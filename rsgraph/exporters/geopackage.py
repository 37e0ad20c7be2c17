"""GeoPackage of segment polygons."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio

from rsgraph.exporters.features import Frames, PolygonExporter, Sink, layer_name
from rsgraph.exporters.provenance import KEY, as_text
from rsgraph.exporters.whole import whole
from rsgraph.warning_filters import ignored


class GeoPackage(PolygonExporter):
    """GeoPackage: one polygon per segment, with areas, memberships, labels and embedding as columns.

    ``segments_polygons.gpkg``, layer ``segments``, in the scene's CRS; without a CRS in pixels, x = column and
    y = row counted downwards. Scenes of several CRS go to one file each. Columns: segment_id, chip_id, scene_id
    (collections), area_px, area_m2 (on the ground), strongest_membership (1 ... C), membership (its mean, 0-1),
    x, y (position in the 2-D map, not on the ground), then label, origin, confidence, author, time where there
    are labels, and e00, e01 ... Dissolved by class, the file is ``classes_polygons.gpkg`` (layer ``classes``) or
    ``regions_polygons.gpkg`` (layer ``regions``) with the columns label, code, colour, area_px, area_m2, area_ha,
    segments (how many), confidence (their mean), origins and authors (``human 12, propagated 3``), first_time and
    last_time; the area of a polygon is exactly that of its pixels. The provenance is in the file's metadata (item
    ``rsgraph``). An existing file is replaced whole, never edited.

    Parameters
    ----------
    layer
        The embedding to write: ``gnn2``, ``encoder``, ``bands`` ...; None: the workspace's default layer.
    embeddings
        False leaves the columns e00, e01 ... out.
    dissolve
        ``none``: one polygon per segment. ``class``: one multipolygon per class. ``regions``: one polygon per
        connected region of a class.
    """

    ending = "gpkg"

    def sink(self, *, one_crs: bool) -> Sink:
        """Return what writes one file."""
        return write_geopackage


def write_geopackage(path: Path, frames: Frames, facts: Mapping[str, Any], *, layer: str | None = None) -> None:
    """Write tables to one layer, named by default as the file is. Raises OutputError."""
    with whole(path) as temporary:
        for number, frame in enumerate(frames):
            _add(temporary, frame, layer or layer_name(path), facts if number == 0 else None)


def _add(path: Path, frame: gpd.GeoDataFrame, layer: str, facts: Mapping[str, Any] | None) -> None:
    """Write a table: the first, with the provenance, makes the file."""
    with ignored("'crs' was not provided", UserWarning):  # pixel space is what we mean where a scene has no CRS
        pyogrio.write_dataframe(
            frame,
            path,
            driver="GPKG",
            layer=layer,
            geometry_type="MultiPolygon",
            promote_to_multi=True,  # one type for the layer, also where a segment has several pieces
            append=facts is None,
            dataset_metadata={KEY: as_text(facts)} if facts is not None else None,
        )
