"""The stages that look at pixels without learning: scene, segments, graph."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsgraph.components import from_config
from rsgraph.files import write_json
from rsgraph.graphs.features import areas, centroids, segment_means
from rsgraph.io.chips import split
from rsgraph.io.survey import survey
from rsgraph.io.writers import raster_writer, write_reference
from rsgraph.pipeline.context import Context, in_order
from rsgraph.types import Chip, Floats, Scene, Segmentation, Window
from rsgraph.workspace import write_array, write_table


def scene(context: Context) -> dict[str, Any]:
    """Survey the scene once; write scene.json, chips.parquet and, where there is one, the reference."""
    opened = context.opened
    found = survey(opened.scenes, opened.chips, progress=context.progress)
    write_json(
        context.out / "scene.json",
        {
            "scenes": [_describe(each) for each in opened.scenes],
            "survey": found.to_json(),
            "side": opened.side,
        },
    )
    write_table(context.out / "chips.parquet", _chip_table(context, np.asarray(found.valid_fraction)))
    for each in opened.scenes:
        if each.reference is not None:
            name = f"reference/{each.name}.tif" if opened.collection else "reference.tif"
            write_reference(each, context.out / name)
    empty = int(np.count_nonzero(np.asarray(found.valid_fraction) == 0))
    return {
        "chips": len(opened.chips) - empty,
        "empty_chips": empty,
        "scenes": len(opened.scenes),
        "notes": list(found.notes),
    }


def _describe(scene: Scene) -> dict[str, Any]:
    return {
        "name": scene.name,
        "bands": list(scene.bands),
        "rows": scene.rows,
        "columns": scene.columns,
        "crs": scene.crs,
        "transform": list(scene.transform),
        "files": [str(path) for path in scene.files],
        "class_name": scene.class_name,
        "reflectance": scene.reflectance,
    }


def _chip_table(context: Context, fractions: NDArray[Any]) -> pd.DataFrame:
    """Return the chips that hold data, numbered anew; every fourth of them is test."""
    opened = context.opened
    kept = [chip for chip, fraction in zip(opened.chips, fractions, strict=True) if fraction > 0]
    windows = np.array([chip.window for chip in kept], dtype=np.int32).reshape(-1, 4)
    splits = split(len(kept), int(context.config["chips"]["test_every"]))
    table = pd.DataFrame(
        {
            "chip_id": np.arange(len(kept), dtype=np.int32),
            "row_offset": windows[:, 0],
            "column_offset": windows[:, 1],
            "rows": windows[:, 2],
            "columns": windows[:, 3],
            "valid_fraction": fractions[fractions > 0].astype(np.float32),
            "split": pd.Series(splits, dtype="str"),
        }
    )
    if opened.collection:
        scenes = [opened.scenes[chip.scene] for chip in kept]
        table["scene_id"] = pd.Series([each.name for each in scenes], dtype="str")
        if any(each.class_name for each in scenes):
            table["class_name"] = pd.Series([each.class_name for each in scenes], dtype="str")
    return table


@dataclass(frozen=True)
class _Cut:
    """One chip, segmented."""

    chip: Chip
    segmentation: Segmentation
    means: Floats
    centroids: Floats
    areas: NDArray[np.int64]


def segments(context: Context) -> dict[str, Any]:
    """Segment every chip; write the rasters of segment ids, the table of segments and their band means."""
    segmenter = from_config("segmenter", context.config["segmenter"])
    chip_pixels = int(context.config["chips"]["size"]) ** 2
    parts: list[pd.DataFrame] = []
    means: list[Floats] = []

    def cut(chip: Chip) -> _Cut:
        raster = context.opened.read(chip)
        found = segmenter.segment(raster.values, raster.valid, chip_pixels=chip_pixels)
        n = found.n_segments
        return _Cut(
            chip,
            found,
            segment_means(raster.values, found.labels, n),
            centroids(found.labels, n),
            areas(found.labels, n),
        )

    with _IdRasters(context) as rasters:

        def take(piece: _Cut) -> None:
            parts.append(_segment_table(context, piece, first=rasters.next_id))
            rasters.write(piece.chip, piece.segmentation)
            means.append(piece.means)

        in_order(cut, context.opened.chips, context.progress, take)
    table = pd.concat(parts, ignore_index=True)
    write_table(context.out / "segments.parquet", table)
    write_array(context.out / "embeddings" / "bands.npy", np.concatenate(means).astype(np.float32))
    return {"segments": len(table), "per_chip": round(len(table) / max(len(parts), 1), 1)}


def _segment_table(context: Context, piece: _Cut, first: int) -> pd.DataFrame:
    """Return one chip's rows; row and column are centroids in scene pixels."""
    n = piece.segmentation.n_segments
    table = pd.DataFrame(
        {
            "segment_id": np.arange(first, first + n, dtype=np.uint32),
            "chip_id": np.full(n, piece.chip.chip_id, dtype=np.int32),
            "row": (piece.centroids[:, 0] + piece.chip.window.row).astype(np.float32),
            "column": (piece.centroids[:, 1] + piece.chip.window.column).astype(np.float32),
            "area_px": piece.areas.astype(np.int32),
        }
    )
    if context.opened.collection:
        table["scene_id"] = pd.Series([context.opened.scenes[piece.chip.scene].name] * n, dtype="str")
    return table


class _IdRasters:
    """Writes segment ids chip by chip: segments.tif, or segments/<scene_id>.tif for a collection."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.next_id = 1
        self._current: tuple[int, Any] | None = None
        self._open_file: ExitStack = ExitStack()

    def __enter__(self) -> _IdRasters:
        return self

    def __exit__(self, *failure: Any) -> None:
        self._open_file.__exit__(*failure)

    def write(self, chip: Chip, segmentation: Segmentation) -> None:
        """Write one chip; ids count on from the last one."""
        ids = np.where(segmentation.labels > 0, segmentation.labels.astype(np.int64) + self.next_id - 1, 0)
        self._writer(chip.scene).write(ids.astype(np.uint32)[None], chip.window)
        self.next_id += segmentation.n_segments

    def _writer(self, index: int) -> Any:
        if self._current is None or self._current[0] != index:
            self._open_file.close()
            self._open_file = ExitStack()
            opened = self._open_file.enter_context(self._open_scene(self.context.opened.scenes[index]))
            self._current = (index, opened)
        return self._current[1]

    @contextmanager
    def _open_scene(self, scene: Scene) -> Iterator[Any]:
        name = f"segments/{scene.name}.tif" if self.context.opened.collection else "segments.tif"
        with raster_writer(
            self.context.out / name,
            rows=scene.rows,
            columns=scene.columns,
            count=1,
            dtype="uint32",
            crs=scene.crs,
            transform=scene.transform,
            nodata=0,
        ) as writer:
            yield writer


def read_ids(path: Path, window: Window) -> NDArray[np.int64]:
    """Read segment ids (rows, columns) of one window."""
    import rasterio
    from rasterio.windows import Window as RasterWindow

    with rasterio.open(path) as file:
        found = file.read(1, window=RasterWindow(window.column, window.row, window.columns, window.rows))
    return np.asarray(found, dtype=np.int64)


def graph(context: Context) -> dict[str, Any]:
    """Connect the segments of every chip; write edges.npy and, on request, edge_attributes.npy."""
    component = from_config("graph", context.config["graph"])
    chips = context.opened.chips
    table = context.workspace.segments
    edges: list[NDArray[np.int64]] = []
    attributes: list[Floats] = []
    names: tuple[str, ...] = ()
    for done, (chip, rows) in enumerate(chip_rows(context)):
        segmentation = local_segmentation(context, chip, rows)
        here = table.iloc[rows.start : rows.stop]
        points = here[["row", "column"]].to_numpy(np.float32)
        points = points - np.array([chip.window.row, chip.window.column], dtype=np.float32)
        found = component.connect(segmentation, points)
        edges.append(found.edge_index + rows.start)
        if found.edge_attributes is not None:
            attributes.append(found.edge_attributes)
            names = found.attribute_names
        context.progress(done + 1, len(chips))
    write_array(context.out / "edges.npy", np.concatenate(edges, axis=1).astype(np.int64))
    if attributes:
        write_array(context.out / "edge_attributes.npy", np.concatenate(attributes).astype(np.float32))
    return {"edges": int(sum(part.shape[1] for part in edges)), "edge_attributes": list(names)}


def chip_rows(context: Context) -> list[tuple[Chip, range]]:
    """Return every chip with its rows of the table of segments, which are consecutive."""
    of_rows = context.workspace.segments["chip_id"].to_numpy()
    bounds = np.searchsorted(of_rows, np.arange(len(context.opened.chips) + 1))
    return [(chip, range(int(bounds[i]), int(bounds[i + 1]))) for i, chip in enumerate(context.opened.chips)]


def local_segmentation(context: Context, chip: Chip, rows: range) -> Segmentation:
    """Read one chip's segments back, numbered from 1."""
    scene = context.opened.scenes[chip.scene]
    path = context.workspace.segment_file(scene.name if context.opened.collection else None)
    ids = read_ids(path, chip.window)
    labels = np.where(ids > 0, ids - rows.start, 0).astype(np.int32)
    return Segmentation(labels, len(rows))
