"""Tiny workspaces, written file by file as the contract says, with pixels that can be read again."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import rasterio
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine
from scipy.ndimage import label

from rsgraph.exporters.scope import export_of
from rsgraph.files import write_json, write_text
from rsgraph.io.palette import colours
from rsgraph.journal.classes import valid_colour
from rsgraph.journal.events import Event, fixed_point, pack, pack_ids
from rsgraph.journal.reading import read_journal
from rsgraph.journal.storage import fill
from rsgraph.protocols import Export
from rsgraph.types import Raster, Scene, Window
from rsgraph.workspace import Workspace, write_array, write_table

UTM = CRS.from_epsg(32633).to_wkt()
BANDS = ("B02", "B03", "B04", "B08")
SIDE = 32
DIMENSIONS = 5
CLUSTERS = 3
GRID = (10.0, 0.0, 500_000.0, 0.0, -10.0, 4_000_000.0)
PIXELS = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True)
class Pixels:
    """Reflectance in memory."""

    values: np.ndarray
    valid: np.ndarray

    def read(self, window: Window) -> Raster:
        row, column, rows, columns = window
        part = (slice(row, row + rows), slice(column, column + columns))
        return Raster(self.values[:, *part], self.valid[part])


class OpenedWorkspace(Workspace):
    """A workspace whose scenes can be read, as the command line provides it."""

    def __init__(self, folder: Path, scenes: Sequence[Scene]) -> None:
        super().__init__(folder)
        self.opened_scenes = scenes

    def opened(self) -> Sequence[Scene]:
        return self.opened_scenes


def scene(
    name: str = "coast",
    *,
    rows: int = 40,
    columns: int = 64,
    crs: str | None = UTM,
    transform: tuple[float, ...] = GRID,
    class_name: str | None = None,
) -> Scene:
    """A random scene with a corner without data."""
    rng = np.random.default_rng(len(name))
    values = rng.uniform(0, 0.5, (len(BANDS), rows, columns)).astype(np.float32)
    valid = np.ones((rows, columns), dtype=bool)
    valid[:5, :7] = False
    source = Pixels(np.where(valid, values, 0).astype(np.float32), valid)
    return Scene(name, BANDS, rows, columns, source, crs, transform, class_name=class_name)  # type: ignore[arg-type]


def write_workspace(
    folder: Path, scenes: Sequence[Scene], labels: Mapping[int, str] | None = None
) -> OpenedWorkspace:
    """Write all files that exporters read."""
    collection = len(scenes) > 1
    chips, segments = [], []
    for each in scenes:
        ids = np.zeros((each.rows, each.columns), dtype=np.uint32)
        for window in windows(each):
            first = 1 + sum(len(part) for part in segments)
            chip_id = len(chips)
            chips.append(_chip_row(chip_id, window, each, collection=collection))
            part = (slice(window.row, window.row + window.rows), slice(window.column, window.column + window.columns))
            local, n = superpixels(each.source.valid[part], seed=chip_id)  # type: ignore[attr-defined]
            ids[part] = np.where(local > 0, local + first - 1, 0)
            segments.append(_segment_rows(local, n, first, chip_id, each.name if collection else None))
        path = folder / (f"segments/{each.name}.tif" if collection else "segments.tif")
        write_ids(path, ids, each)
    table = pd.concat(segments, ignore_index=True)
    rng = np.random.default_rng(0)
    write_table(folder / "chips.parquet", pd.DataFrame(chips))
    write_table(folder / "segments.parquet", table)
    for layer in ("bands", "encoder", "gnn2"):
        vectors = rng.normal(size=(len(table), DIMENSIONS)).astype(np.float32)
        write_array(folder / "embeddings" / f"{layer}.npy", vectors)
    write_array(folder / "embeddings" / "target.npy", rng.dirichlet(np.ones(CLUSTERS), len(table)).astype(np.float32))
    write_json(folder / "scene.json", _scene_file(scenes))
    write_json(folder / "manifest.json", MANIFEST)
    write_text(folder / "config.yaml", "seed: 0\n")
    if labels is not None:
        write_labels(folder / "labels.sqlite", [(i, name, "human", 1.0, "me", "now") for i, name in labels.items()])
    return OpenedWorkspace(folder, scenes)


MANIFEST = {
    "stages": {
        "encoder": {"key": "1" * 64, "outputs": {}, "mlflow_run": "run-1"},
        "gnn": {"key": "2" * 64, "outputs": {}, "mlflow_run": "run-2"},
    },
    "layers": ["bands", "target", "encoder", "gnn2"],
    "default_layer": "gnn2",
}


def leaving(workspace: Workspace, **options: Any) -> Export:
    """What leaves a workspace; options as in ``export_of``."""
    return export_of(workspace, workspace.opened if isinstance(workspace, OpenedWorkspace) else list, **options)


def windows(each: Scene) -> list[Window]:
    return [
        Window(row, column, min(SIDE, each.rows - row), min(SIDE, each.columns - column))
        for row in range(0, each.rows, SIDE)
        for column in range(0, each.columns, SIDE)
    ]


def superpixels(valid: np.ndarray, seed: int) -> tuple[np.ndarray, int]:
    """Connected pieces of random blobs, with some that enclose others."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, SIDE, (12, 2))
    places = np.stack(np.indices(valid.shape), axis=-1)[:, :, None, :]
    nearest = np.linalg.norm(places - centres, axis=-1).argmin(axis=-1) + 1
    nearest[2:4, 20:22] = 99
    found = np.zeros(valid.shape, dtype=np.int64)
    for value in np.unique(nearest):
        pieces, _ = label((nearest == value) & valid)
        found = np.where(pieces > 0, pieces + found.max(), found)
    return found, int(found.max())


def _chip_row(chip_id: int, window: Window, each: Scene, *, collection: bool) -> dict[str, Any]:
    row = {
        "chip_id": chip_id,
        "row_offset": window.row,
        "column_offset": window.column,
        "rows": window.rows,
        "columns": window.columns,
        "valid_fraction": np.float32(each.source.read(window).valid.mean()),
        "split": "test" if chip_id % 4 == 3 else "train",
    }
    named = {"scene_id": each.name} if collection else {}
    return row | named | ({"class_name": each.class_name} if each.class_name else {})


def _segment_rows(local: np.ndarray, n: int, first: int, chip_id: int, scene_id: str | None) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "segment_id": np.arange(first, first + n, dtype=np.uint32),
            "chip_id": np.full(n, chip_id, dtype=np.int32),
            "row": np.zeros(n, np.float32),
            "column": np.zeros(n, np.float32),
            "area_px": np.bincount(local.ravel(), minlength=n + 1)[1:].astype(np.int32),
            "x": np.arange(n, dtype=np.float32),
            "y": np.arange(n, dtype=np.float32) + 0.5,
        }
    )
    return table if scene_id is None else table.assign(scene_id=scene_id)


def _scene_file(scenes: Sequence[Scene]) -> dict[str, Any]:
    described = [
        {
            "name": each.name,
            "bands": list(each.bands),
            "rows": each.rows,
            "columns": each.columns,
            "crs": each.crs,
            "transform": list(each.transform),
            "files": [],
            "class_name": each.class_name,
        }
        for each in scenes
    ]
    survey = {"bands": list(BANDS), "percentile_2": [0.0, 0.1, 0.0, 0.0], "percentile_98": [0.5, 0.3, 0.5, 0.5]}
    return {"scenes": described, "survey": survey, "side": SIDE}


def write_ids(path: Path, ids: np.ndarray, each: Scene) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # scenes without a CRS are among the cases
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            height=each.rows,
            width=each.columns,
            count=1,
            dtype="uint32",
            crs=each.crs,
            transform=Affine(*each.transform),
            nodata=0,
        ) as file:
            file.write(ids, 1)


def read_tif(path: Path) -> tuple[np.ndarray, Any]:
    """Read a whole GeoTIFF with plain rasterio; give its pixels and what it says of itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # as above
        with rasterio.open(path) as file:
            names = ("crs", "transform", "dtypes", "nodata", "descriptions", "colorinterp", "profile", "compression")
            return file.read(), SimpleNamespace(tags=file.tags(), **{name: getattr(file, name) for name in names})


def write_labels(
    path: Path, rows: Sequence[tuple[Any, ...]], classes: Sequence[tuple[str, str | None]] | None = None
) -> None:
    """Write a journal whose labels were given at times of our choice.

    Rows hold segment_id, label, origin, confidence, author, time; classes name and colour, by default those of the
    labels in alphabetical order.
    """
    named = classes or [(name, None) for name in sorted({row[1] for row in rows})]
    palette = colours(len(named))
    numbers = {name: number for number, (name, _) in enumerate(named, start=1)}
    events = [_defined(numbers[name], name, colour or palette[numbers[name] - 1]) for name, colour in named]
    for facts, found in groupby(sorted(rows, key=_event_of), key=_event_of):
        events.append(_assigned(len(events) + 1, facts, sorted(found), numbers))
    path.unlink(missing_ok=True)
    fill(path, events)


def _defined(number: int, name: str, colour: str) -> Event:
    body = {"class": 0, "name": name, "colour": valid_colour(colour), "key": None}
    return Event(number, "2026-01-01T00:00:00+00:00", "me", "define", body)


def _event_of(row: tuple[Any, ...]) -> tuple[str, str, str]:
    """Time, author and origin: what the labels of one event share."""
    return row[5], row[4], row[2]


def _assigned(
    number: int, facts: tuple[str, str, str], rows: list[tuple[Any, ...]], numbers: Mapping[str, int]
) -> Event:
    (time, author, origin), names = facts, sorted({row[1] for row in rows})
    return Event(
        number,
        time,
        author,
        "assign",
        {"classes": [[numbers[name], name] for name in names]},
        origin=origin,
        n=len(rows),
        segments=pack_ids(np.array([row[0] for row in rows], np.uint32)),
        choice=pack(np.array([names.index(row[1]) for row in rows], np.uint32)),
        confidence=pack(fixed_point([row[3] for row in rows])),
    )


def write_classes(path: Path, classes: Sequence[tuple[str, str | None]]) -> None:
    """Write a journal again with other classes, name and colour, in the order of their definition."""
    write_labels(path, list(read_journal(path).table.itertuples(index=False, name=None)), classes)
