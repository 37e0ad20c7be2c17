"""GeoTIFF rasters of segments, clusters, classes and embeddings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.exporters.content import Content, check_embeddings, check_layer, gather
from rsgraph.exporters.legend import Legend, write_categories
from rsgraph.exporters.provenance import as_text, provenance, tiff_tags
from rsgraph.exporters.rasters import Paint, Style, blocks, read_ids, write_geotiff
from rsgraph.protocols import Progress
from rsgraph.types import Window
from rsgraph.workspace import SceneInfo, Workspace


class GeoTiff:
    """GeoTIFFs: segment ids, strongest cluster, labelled class, and the embedding with one band per dimension.

    All are on the scene's grid (CRS and transform; pixel space without a CRS), tiled, compressed and written
    block by block, so that memory does not grow with the scene. The provenance is in the tag ``RSGRAPH``.

    - ``segments_ids.tif``: uint32, the segment_id of the tables; 0 is no data.
    - ``segments_clusters.tif``: uint8 with colours and names, the strongest membership 1 ... C; 0 is no data.
    - ``segments_classes.tif``, where there are labels: uint8 (uint16 above 255 classes) with colours and names,
      the classes in alphabetical order; 0 is unlabelled or no data.
    - ``embedding_<layer>.tif``: float32, one band per dimension; NaN is no data.

    A collection has a folder of that name with one file per scene instead (``segments_ids/<scene>.tif``). The
    names of classes and clusters stand in ``<file>.aux.xml``, where GDAL and QGIS look for them, and in the tag
    ``LEGEND``.

    Parameters
    ----------
    layer
        The embedding to write: ``gnn2``, ``encoder``, ``bands`` ...; None: the workspace's default layer.
    embeddings
        False leaves the embedding out, by far the largest file (4 D bytes per pixel before compression).

    Raises
    ------
    ConfigError
        A parameter is of the wrong kind.
    """

    def __init__(self, layer: str | None = None, embeddings: bool = True) -> None:
        self.layer = check_layer(layer)
        self.embeddings = check_embeddings(embeddings)

    def export(self, workspace: Workspace, folder: Path, *, progress: Progress | None = None) -> list[Path]:
        """Write the rasters.

        Returns
        -------
        list of Path
            The files; of a collection the folders.

        Raises
        ------
        NotThere
            The workspace is unfinished or lacks the layer.
        WorkspaceError
            Its files are damaged or do not fit together.
        OutputError
            Disk full or folder not writable.
        """
        content = gather(workspace, self.layer, embeddings=self.embeddings)
        facts = provenance(workspace, content.labels, layer=content.layer)
        kinds = _kinds(content, tiff_tags(facts))
        scenes = workspace.scenes
        steps = _Steps(progress, len(kinds) * sum(len(list(blocks(scene.rows, scene.columns))) for scene in scenes))
        for scene in scenes:
            ids = workspace.segment_file(scene.name)
            for kind in kinds:
                _write(
                    kind, folder / kind.file(scene, single=len(scenes) == 1), scene, kind.paint(ids, content), steps
                )
        return [folder / (f"{kind.name}.tif" if len(scenes) == 1 else kind.name) for kind in kinds]


@dataclass(frozen=True)
class _Kind:
    """One of the rasters: its name, style, and the values of segments given by their ids."""

    name: str
    style: Style
    values: Callable[[NDArray[Any]], NDArray[Any]]
    legend: Legend | None = None

    def file(self, scene: SceneInfo, *, single: bool) -> str:
        """Return its path for a scene."""
        return f"{self.name}.tif" if single else f"{self.name}/{scene.name}.tif"

    def paint(self, ids: Path, content: Content) -> Paint:
        """Return what gives its pixels of a window: values (segments, bands) laid out by segment id."""

        def painted(window: Window) -> NDArray[Any]:
            found, places = np.unique(read_ids(ids, window), return_inverse=True)
            values = np.full((len(found), len(self.style.bands)), self.style.nodata, dtype=self.style.dtype)
            shown = found > 0
            shown[shown] = content.kept[content.rows_of(found[shown])]
            values[shown] = self.values(found[shown])
            return np.moveaxis(values[places.reshape(window.rows, window.columns)], -1, 0)

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


def _write(kind: _Kind, path: Path, scene: SceneInfo, paint: Paint, steps: _Steps) -> None:
    write_geotiff(path, scene, kind.style, paint, steps.over(blocks(scene.rows, scene.columns)))
    if kind.legend is not None:
        write_categories(path, kind.legend)


def _kinds(content: Content, tags: dict[str, str]) -> list[_Kind]:
    """List the rasters that a content gives."""
    clusters = content.table["strongest_membership"].to_numpy()
    names = [f"cluster {number}" for number in range(1, content.n_clusters + 1)]
    found = [
        _Kind("segments_ids", Style("uint32", 0, ["segment_id"], tags), lambda ids: ids[:, None]),
        _coded("segments_clusters", content, clusters, Legend(names, "no data"), tags),
    ]
    if not content.labels.empty:
        labels = content.table["label"]
        classes = sorted(labels.dropna().unique())
        codes = labels.map({name: code for code, name in enumerate(classes, start=1)}).fillna(0).to_numpy(np.uint16)
        found.append(_coded("segments_classes", content, codes, Legend(classes, "unlabelled or no data"), tags))
    if content.layer is not None:
        found.append(_embedding(content, tags))
    return found


def _coded(name: str, content: Content, codes: NDArray[Any], legend: Legend, tags: dict[str, str]) -> _Kind:
    dtype = "uint8" if len(legend.names) <= 255 else "uint16"
    named = {**tags, "LEGEND": as_text({str(code): text for code, text in legend.categories.items()})}
    style = Style(dtype, 0, [name.removeprefix("segments_")], named, legend.colours)
    return _Kind(name, style, lambda ids: codes[content.rows_of(ids), None], legend)


def _embedding(content: Content, tags: dict[str, str]) -> _Kind:
    style = Style("float32", float("nan"), content.vector_names, tags)
    return _Kind(f"embedding_{content.layer}", style, lambda ids: content.vectors[content.rows_of(ids)])
