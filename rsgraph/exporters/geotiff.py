"""GeoTIFF rasters of segments, clusters, classes and embeddings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsgraph.exporters.content import Content, check_flag, check_layer, gather
from rsgraph.exporters.folders import whole_folder
from rsgraph.exporters.legend import Legend, class_legend
from rsgraph.exporters.provenance import as_text, provenance, tiff_tags
from rsgraph.exporters.rasters import Paint, Style, blocks, write_geotiff
from rsgraph.files import write_text
from rsgraph.io.segment_ids import read_ids
from rsgraph.io.writers import write_categories
from rsgraph.own_files.names import file_safe
from rsgraph.protocols import Export, Exporter, Progress
from rsgraph.types import Window
from rsgraph.workspace import SceneInfo, Workspace

MASKS = "masks"
_LISTING = "masks.csv"


class GeoTiff(Exporter):
    """GeoTIFFs: segment ids, clusters, labelled classes with their colours, a mask per class, and the embedding.

    All are on the scene's grid (CRS and transform; pixel space without a CRS), tiled, compressed and written
    block by block, so that memory does not grow with the scene. The provenance is in the tag ``RSGRAPH``.

    - ``segments_ids.tif``: uint32, the segment_id of the tables; 0 is no data.
    - ``segments_clusters.tif``: uint8 with colours and names, the strongest membership 1 ... C; 0 is no data.
    - ``segments_classes.tif``, where there are labels: uint8 (uint16 above 255 classes) with the classes' own
      colours and names, 1, 2 ... in the order in which they were defined; 0 is unlabelled or no data.
    - ``masks/<class>.tif``, where there are labels: uint8, 1 where the class is, 0 elsewhere: other classes,
      unlabelled and no data alike, so that no nodata value is declared. Where the scene has no data,
      ``segments_ids.tif`` is 0. ``masks/masks.csv`` lists file, code, class, colour and segments; characters of a
      class's name that do not fit a file name become ``_``. The folder is replaced whole.
    - ``embedding_<layer>.tif``: float32, one band per dimension; NaN is no data.

    A collection has a folder of that name with one file per scene instead (``segments_ids/<scene>.tif``,
    ``masks/<class>/<scene>.tif``). The names of classes and clusters stand in ``<file>.aux.xml``, where GDAL and
    QGIS look for them, and in the tag ``LEGEND``.

    Parameters
    ----------
    layer
        The embedding to write: ``gnn2``, ``encoder``, ``bands`` ...; None: the workspace's default layer.
    embeddings
        False leaves the embedding out, by far the largest file (4 D bytes per pixel before compression).
    masks
        False leaves the masks out.
    """

    def __init__(self, layer: str | None = None, embeddings: bool = True, masks: bool = True) -> None:
        self.layer = check_layer(layer)
        self.embeddings = check_flag("embeddings", embeddings)
        self.masks = check_flag("masks", masks)

    def export(self, export: Export, folder: Path, *, progress: Progress | None = None) -> list[Path]:
        """Write the rasters; return the files, masks included, of a collection the folders. Raises as ``gather``."""
        workspace, content = export.workspace, gather(export, self.layer, embeddings=self.embeddings)
        tags = tiff_tags(provenance(export, layer=content.layer))
        kinds, masks = _kinds(content, tags), _masks(content, tags) if self.masks else []
        scenes = workspace.scenes
        steps = _Steps(
            progress,
            (len(kinds) + len(masks)) * sum(len(list(blocks(scene.rows, scene.columns))) for scene in scenes),
        )
        written = [_write(kind, folder, workspace, content, steps) for kind in kinds]
        if masks:
            with whole_folder(folder / MASKS, listing=_LISTING) as temporary:
                for kind in masks:
                    _write(kind, temporary, workspace, content, steps)
                write_text(temporary / _LISTING, _listing(content, masks, scenes))
            single = len(scenes) == 1
            written += [folder / MASKS / f"{kind.name}.tif" for kind in masks] if single else [folder / MASKS]
        return written


@dataclass(frozen=True)
class Kind:
    """One of the rasters: its name, style, and the values (segments, bands) in the order of the table."""

    name: str
    style: Style
    values: NDArray[Any]
    legend: Legend | None = None

    def file(self, scene: SceneInfo, *, single: bool) -> str:
        """Return its path for a scene."""
        return f"{self.name}.tif" if single else f"{self.name}/{scene.name}.tif"

    def paint(self, ids: Path, scene: SceneInfo, content: Content) -> Paint:
        """Return what gives its pixels of a window."""
        empty = 0 if self.style.nodata is None else self.style.nodata

        def painted(window: Window) -> NDArray[Any]:
            found = read_ids(ids, window, size=(scene.rows, scene.columns))
            rows = content.rows_in(found)
            shown = (found > 0) & content.kept[rows]
            values = np.full((len(self.style.bands), *found.shape), empty, dtype=self.style.dtype)
            values[:, shown] = self.values[rows[shown]].T
            return values

        return painted


class _Steps:
    """Counts the blocks of all files together."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def over(self, windows: Iterator[Window]) -> Iterator[Window]:
        """Pass windows on and report each."""
        for window in windows:
            yield window
            self.done += 1
            if self.progress is not None:
                self.progress(self.done, self.total)


def _write(kind: Kind, folder: Path, workspace: Workspace, content: Content, steps: _Steps) -> Path:
    """Write one kind of all scenes; return the file, or the folder of a collection."""
    scenes = workspace.scenes
    for scene in scenes:
        path = folder / kind.file(scene, single=len(scenes) == 1)
        paint = kind.paint(workspace.segment_file(scene.name), scene, content)
        write_geotiff(path, scene, kind.style, paint, steps.over(blocks(scene.rows, scene.columns)))
        if kind.legend is not None:
            write_categories(path, kind.legend.categories)
    return folder / (f"{kind.name}.tif" if len(scenes) == 1 else kind.name)


def class_kind(content: Content, tags: Mapping[str, str]) -> Kind:
    """Return the raster of classes."""
    return _coded("segments_classes", content.codes, class_legend(content.classes), tags)


def _kinds(content: Content, tags: Mapping[str, str]) -> list[Kind]:
    """List the rasters that a content gives."""
    clusters = content.table["strongest_membership"].to_numpy()
    names = [f"cluster {number}" for number in range(1, content.n_clusters + 1)]
    found = [
        Kind(
            "segments_ids", Style("uint32", 0, ["segment_id"], tags), content.table["segment_id"].to_numpy()[:, None]
        ),
        _coded("segments_clusters", clusters, Legend(names, "no data"), tags),
    ]
    if not content.labels.empty:
        found.append(class_kind(content, tags))
    if content.layer is not None:
        style = Style("float32", float("nan"), content.vector_names, tags)
        found.append(Kind(f"embedding_{content.layer}", style, content.vectors))
    return found


def _coded(name: str, codes: NDArray[Any], legend: Legend, tags: Mapping[str, str]) -> Kind:
    dtype = "uint8" if len(legend.names) <= 255 else "uint16"
    named = {**tags, "LEGEND": as_text({str(code): text for code, text in legend.categories.items()})}
    style = Style(dtype, 0, [name.removeprefix("segments_")], named, legend.colours)
    return Kind(name, style, codes[:, None], legend)


def _masks(content: Content, tags: Mapping[str, str]) -> list[Kind]:
    """List the masks, one per class; names that are alike as file names get their code."""
    if content.labels.empty:
        return []
    names = unique_names([each.name for each in content.classes])
    return [
        Kind(
            name,
            Style("uint8", None, [each.name], {**tags, "CLASS": each.name}, {0: "#000000", 1: each.colour}),
            (content.codes == each.code)[:, None],
        )
        for name, each in zip(names, content.classes, strict=True)
    ]


def unique_names(titles: Sequence[str]) -> list[str]:
    """Turn titles into names of files, all different also where upper and lower case are the same.

    >>> unique_names(["wet sand", "wet/sand", "water"])
    ['wet_sand', 'wet_sand_2', 'water']
    """
    names: list[str] = []
    taken: set[str] = set()
    for number, title in enumerate(titles, start=1):
        name = _short(file_safe(title))
        while name.casefold() in taken:
            name = f"{name}_{number}"
        taken.add(name.casefold())
        names.append(name)
    return names


_LONGEST = 100
"""Bytes of a name of a file, of which file systems take 255: an ending and a number come behind it."""


def _short(name: str) -> str:
    """Cut a name between letters, which have up to four bytes each."""
    return name.encode()[:_LONGEST].decode(errors="ignore")


def _listing(content: Content, masks: Sequence[Kind], scenes: Sequence[SceneInfo]) -> str:
    """Return the table of masks."""
    counts = np.bincount(content.codes, minlength=len(masks) + 1)
    rows = [
        (kind.file(scene, single=len(scenes) == 1), each.code, each.name, each.colour, counts[each.code])
        for kind, each in zip(masks, content.classes, strict=True)
        for scene in scenes
    ]
    return pd.DataFrame(rows, columns=["file", "code", "class", "colour", "segments"]).to_csv(index=False)
