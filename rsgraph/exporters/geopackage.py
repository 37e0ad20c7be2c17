"""GeoPackage of segment polygons."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyogrio

from rsgraph.exporters.content import check_embeddings, check_layer
from rsgraph.exporters.features import Frames, export_polygons
from rsgraph.exporters.provenance import KEY, as_text
from rsgraph.exporters.whole import whole
from rsgraph.protocols import Progress
from rsgraph.workspace import Workspace

LAYER = "segments"


class GeoPackage:
    """GeoPackage: one polygon per segment, with areas, memberships, labels and embedding as columns.

    ``segments_polygons.gpkg``, layer ``segments``, in the scene's CRS; without a CRS in pixels, x = column and
    y = row counted downwards. Scenes of several CRS go to one file each. Columns: segment_id, chip_id, scene_id
    (collections), area_px, area_m2 (projected CRS), strongest_membership (1 ... C), membership (its mean, 0-1),
    x, y (position in the 2-D map, not on the ground), then label, origin, confidence, author, time where there
    are labels, and e00, e01 ... The provenance is in the file's metadata (item ``rsgraph``). An existing file is
    replaced whole, never edited.

    Parameters
    ----------
    layer
        The embedding to write: ``gnn2``, ``encoder``, ``bands`` ...; None: the workspace's default layer.
    embeddings
        False leaves the columns e00, e01 ... out.

    Raises
    ------
    ConfigError
        A parameter is of the wrong kind.
    """

    def __init__(self, layer: str | None = None, embeddings: bool = True) -> None:
        self.layer = check_layer(layer)
        self.embeddings = check_embeddings(embeddings)

    def export(self, workspace: Workspace, folder: Path, *, progress: Progress | None = None) -> list[Path]:
        """Write the GeoPackage. Raises what ``export_polygons`` raises."""
        return export_polygons(
            workspace, folder, "gpkg", _write, layer=self.layer, embeddings=self.embeddings, progress=progress
        )


def _write(path: Path, frames: Frames, facts: Mapping[str, Any]) -> None:
    with whole(path) as temporary, warnings.catch_warnings():
        # pixel space is what we mean where a scene has no CRS
        warnings.filterwarnings("ignore", message="'crs' was not provided", category=UserWarning)
        for number, frame in enumerate(frames):
            pyogrio.write_dataframe(
                frame,
                temporary,
                driver="GPKG",
                layer=LAYER,
                geometry_type="MultiPolygon",
                promote_to_multi=True,  # one type for the layer, also where a segment has several pieces
                append=number > 0,
                dataset_metadata={KEY: as_text(facts)} if number == 0 else None,
            )
