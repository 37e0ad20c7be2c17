"""Files of the user's that are laid over a scene: what each is, opened as all files of strangers are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.io.handles import existing_file
from rsgraph.label_files.counting import label_file
from rsgraph.label_files.vector_files import layers_of, untouched
from rsgraph.view.overlay_rasters import RasterOverlay, open_raster_overlay
from rsgraph.view.overlay_vectors import VectorOverlay, open_vector_overlay

_COLOURS = ((255, 60, 200), (0, 230, 255), (255, 170, 0), (170, 255, 60), (255, 90, 60), (190, 150, 255))
"""Of lines: bright, and none that land or water has."""

_MOST_LAYERS = 20


@dataclass(frozen=True)
class Opened:
    """One thing that can be laid over a scene.

    Parameters
    ----------
    name
        For the user: that of the file, with that of the layer where there are several.
    path
        Of the file.
    source
        Paints it.
    """

    name: str
    path: Path
    source: RasterOverlay | VectorOverlay


class NoLayer(NotReadable):
    """The file is of no format that is opened: another program may know it."""


def open_overlays(path: Path, *, number: int = 0) -> list[Opened]:
    """Open a file by what is in it: each layer of a vector file, or a raster.

    Parameters
    ----------
    path
        The file.
    number
        How many were opened before: each has another colour.

    Raises
    ------
    NoLayer
        Neither a vector file nor a raster of the formats that are opened.
    NotReadable
        Missing, a folder, empty or damaged.
    NotUsable
        A table without geometries, too many layers, a raster that is too large or placed by control points only.
    """
    if path.is_dir():
        raise NotReadable(f"{path} is a folder; expected a raster or a vector file, so drop the file in it.")
    with untouched(label_file(path)) as place:
        kinds = layers_of(place)
    located = [name for name, kind in kinds.items() if kind is not None]
    if len(located) > _MOST_LAYERS:
        raise NotUsable(
            f"{path} has {len(located)} layers; expected at most {_MOST_LAYERS}, so copy those that are meant into a "
            "file of their own."
        )
    if located:
        return [
            Opened(
                path.name if len(located) == 1 else f"{path.name}: {name}",
                path,
                open_vector_overlay(path, name, _COLOURS[(number + place) % len(_COLOURS)]),
            )
            for place, name in enumerate(located)
        ]
    try:
        return [Opened(path.name, path, open_raster_overlay(existing_file(path)))]
    except NotReadable as error:
        if kinds:
            raise NotUsable(f"{path} is a table without geometries; expected polygons, lines or points.") from error
        if "not recognized" not in str(error):
            raise
        raise NoLayer(
            f"{path} can be read neither as a raster nor as vector data; expected a GeoTIFF, GeoPackage, GeoJSON or "
            "Shapefile, so convert it to one of these."
        ) from error
