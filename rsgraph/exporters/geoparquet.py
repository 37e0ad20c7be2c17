"""GeoParquet of segment polygons."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from rsgraph.exporters.features import Frames, PolygonExporter, Sink
from rsgraph.exporters.provenance import KEY, as_text
from rsgraph.exporters.whole import whole

_GEOMETRY = "geometry"


class GeoParquet(PolygonExporter):
    """GeoParquet 1.0: one polygon per segment, with areas, memberships, labels and embedding as columns.

    ``segments_polygons.parquet``, in the scene's CRS; without a CRS in pixels, x = column and y = row counted
    downwards. Dissolved by class: ``classes_polygons.parquet`` or ``regions_polygons.parquet``. Scenes of several
    CRS go to one file each. Columns as in the GeoPackage. geopandas, DuckDB and QGIS read it, pandas and pyarrow
    too (geometry as WKB). The provenance is the file's key ``rsgraph``. The smallest and fastest of the vector
    formats.

    Parameters
    ----------
    layer
        The embedding to write: ``gnn2``, ``encoder``, ``bands`` ...; None: the workspace's default layer.
    embeddings
        False leaves the columns e00, e01 ... out.
    dissolve
        ``none``: one polygon per segment. ``class``: one multipolygon per class. ``regions``: one polygon per
        connected region of a class.

    References
    ----------
    https://geoparquet.org/releases/v1.0.0/
    """

    ending = "parquet"

    def sink(self, *, one_crs: bool) -> Sink:
        """Return what writes one file."""
        return _write


@dataclass
class _Geometries:
    """What the file's key ``geo`` says of the geometries written so far."""

    crs: Any = None
    types: set[str] = field(default_factory=set)
    bounds: list[float] = field(default_factory=list)

    def add(self, frame: gpd.GeoDataFrame) -> None:
        """Take the geometries of one table into account."""
        self.crs = frame.crs
        self.types |= set(frame.geom_type)
        bounds = [frame.total_bounds, *([np.array(self.bounds)] if self.bounds else [])]
        lowest, highest = np.min(bounds, axis=0)[:2], np.max(bounds, axis=0)[2:]
        self.bounds = [float(number) for number in (*lowest, *highest)]

    def to_json(self) -> str:
        """Return the metadata that GeoParquet 1.0 asks for."""
        column = {
            "encoding": "WKB",
            "crs": self.crs.to_json_dict() if self.crs is not None else None,
            "geometry_types": sorted(self.types),
            "bbox": self.bounds,
        }
        return json.dumps({"version": "1.0.0", "primary_column": _GEOMETRY, "columns": {_GEOMETRY: column}})


def _write(path: Path, frames: Frames, facts: Mapping[str, Any]) -> None:
    geometries = _Geometries()
    with (
        whole(path) as temporary,
        temporary.open("wb") as file,
        ExitStack() as stack,
    ):  # Arrow would keep its own open
        writer = None
        for frame in frames:
            table = _arrow(frame)
            writer = writer or stack.enter_context(ParquetWriter(file, table.schema, compression="zstd"))
            writer.write_table(table)
            geometries.add(frame)
        if writer is not None:
            writer.add_key_value_metadata({"geo": geometries.to_json(), KEY: as_text(facts)})


def _arrow(frame: gpd.GeoDataFrame) -> Any:
    """Return an Arrow table with the geometry as plain WKB."""
    table = pa.Table.from_pandas(frame.drop(columns=_GEOMETRY), preserve_index=False).replace_schema_metadata(None)
    return table.append_column(_GEOMETRY, pa.array(frame.geometry.to_wkb().to_numpy(), type=pa.binary()))
