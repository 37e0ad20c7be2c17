"""A workspace of a whole tile with a million segments, made of random numbers: for benchmarks of the viewer.

10 980 x 10 980 pixels, 43 x 43 chips, a regular grid of segments in each (every one 10 or 11 pixels wide), random
embeddings about twelve centres, 2-D maps of twenty clumps. Nothing was learnt; the files are those of a real run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from hydra import compose, initialize_config_dir
from numpy.typing import NDArray
from omegaconf import OmegaConf
from rasterio.crs import CRS

from rsgraph.config import config_folder
from rsgraph.files import make_folder, sha256, write_json, write_text
from rsgraph.io.writers import raster_writer
from rsgraph.options import read_options
from rsgraph.own_files.manifest import STAGE_FILES, may_write
from rsgraph.types import Window
from rsgraph.workspace import write_array, write_arrays, write_table

TILE, CHIP, PER_SIDE = 10_980, 256, 24
BANDS = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"]
_WIDTHS = {"bands": len(BANDS), "target": 8, "encoder": 64, "gnn1": 64, "gnn2": 60}


def make_workspace(folder: Path, *, side: int = TILE, seed: int = 0) -> Path:
    """Write the workspace unless it is there.

    Parameters
    ----------
    folder
        Where.
    side
        Pixels along the tile.
    seed
        Of the embeddings and maps.
    """
    if (folder / "manifest.json").exists():
        return folder
    rng = np.random.default_rng(seed)
    make_folder(folder / "embeddings")
    transform = (10.0, 0.0, 600_000.0, 0.0, -10.0, 5_600_000.0)
    crs = CRS.from_epsg(32630).to_wkt()
    windows = [
        Window(row, column, min(CHIP, side - row), min(CHIP, side - column))
        for row in range(0, side, CHIP)
        for column in range(0, side, CHIP)
    ]
    tables = _write_ids(folder, windows, side, crs, transform)
    segments = pd.concat(tables, ignore_index=True)
    n, chips = len(segments), len(windows)
    clumps = rng.normal(scale=8, size=(20, 2))
    points = clumps[rng.integers(0, 20, n)] + rng.normal(scale=rng.uniform(0.2, 1.2, n)[:, None], size=(n, 2))
    write_table(
        folder / "segments.parquet", segments.assign(x=points[:, 0].astype("f4"), y=points[:, 1].astype("f4"))
    )
    _write_chips(folder, windows, rng)
    _write_embeddings(folder, n, rng)
    first = np.arange(n, dtype=np.int64)
    receivers = np.repeat(first, 8)
    senders = np.clip(receivers + np.tile([-25, -24, -23, -1, 1, 23, 24, 25], n), 0, n - 1)
    write_array(folder / "edges.npy", np.stack([senders, receivers]))
    indices = rng.integers(0, chips, (chips, 15))
    scores = np.sort(rng.uniform(0, 1, (chips, 15)).astype(np.float32))[:, ::-1]
    write_arrays(
        folder / "similarity.npz",
        {"indices": indices, "similarities": scores, "error": scores * 0, "solved": np.array(0)},
    )
    _write_about(folder, side, crs, transform)
    return folder


def _write_ids(
    folder: Path, windows: list[Window], side: int, crs: str, transform: tuple[float, ...]
) -> list[pd.DataFrame]:
    """Write the raster of ids; return the table of each chip."""
    tables, first = [], 1
    grid = {"rows": side, "columns": side, "crs": crs, "transform": transform}
    with raster_writer(folder / "segments.tif", count=1, dtype="uint32", nodata=0, **grid) as writer:
        for chip, window in enumerate(windows):
            ids = _cells(window) + first
            writer.write(ids.astype(np.uint32)[None], window)
            tables.append(_table(chip, window, ids - first, first))
            first += len(tables[-1])
    return tables


def _cells(window: Window) -> NDArray[np.int64]:
    """Number the cells of a grid over one chip."""
    rows = np.arange(window.rows) * PER_SIDE // CHIP
    columns = np.arange(window.columns) * PER_SIDE // CHIP
    found: NDArray[np.int64] = rows[:, None] * (columns[-1] + 1) + columns[None, :]
    return found


def _table(chip: int, window: Window, local: NDArray[np.int64], first: int) -> pd.DataFrame:
    areas = np.bincount(local.ravel())
    rows = np.bincount(local.ravel(), weights=np.repeat(np.arange(window.rows), window.columns)) / areas
    columns = np.bincount(local.ravel(), weights=np.tile(np.arange(window.columns), window.rows)) / areas
    return pd.DataFrame(
        {
            "segment_id": np.arange(first, first + len(areas), dtype=np.uint32),
            "chip_id": np.full(len(areas), chip, dtype=np.int32),
            "row": (rows + window.row).astype(np.float32),
            "column": (columns + window.column).astype(np.float32),
            "area_px": areas.astype(np.int32),
        }
    )


def _write_chips(folder: Path, windows: list[Window], rng: np.random.Generator) -> None:
    numbers, n = np.array(windows, dtype=np.int32), len(windows)
    points = rng.normal(scale=4, size=(n, 2)).astype(np.float32)
    columns = dict(zip(("row_offset", "column_offset", "rows", "columns"), numbers.T, strict=True))
    split = np.where(np.arange(n) % 4 == 3, "test", "train")
    chips = pd.DataFrame({"chip_id": np.arange(n, dtype=np.int32), **columns}).assign(
        valid_fraction=np.float32(1), split=split, x=points[:, 0], y=points[:, 1]
    )
    write_table(folder / "chips.parquet", chips)


def _write_embeddings(folder: Path, n: int, rng: np.random.Generator) -> None:
    kinds = rng.integers(0, 12, n)
    for layer, width in _WIDTHS.items():
        vectors = rng.normal(size=(12, width)).astype(np.float32)[kinds]
        vectors += rng.normal(scale=0.3, size=vectors.shape).astype(np.float32)
        if layer in ("bands", "target"):
            vectors = np.abs(vectors) * np.float32(0.1)
        if layer == "target":
            vectors /= vectors.sum(axis=1, keepdims=True)
        write_array(folder / "embeddings" / f"{layer}.npy", vectors)


def _write_about(folder: Path, side: int, crs: str, transform: tuple[float, ...]) -> None:
    """The small files: config, scene, manifest."""
    scene = {"name": "large", "bands": BANDS, "rows": side, "columns": side, "crs": crs, "transform": list(transform)}
    scene |= {"files": [], "class_name": None, "reflectance": True}
    low, high = [0.0] * len(BANDS), [0.3] * len(BANDS)
    survey = {"bands": BANDS, "percentile_2": low, "percentile_98": high, "minimum": low, "maximum": high}
    survey |= {"mean": [0.1] * len(BANDS), "std": [0.1] * len(BANDS)}
    write_json(folder / "scene.json", {"scenes": [scene], "survey": survey, "side": CHIP})
    write_text(folder / "config.yaml", yaml.safe_dump(_config()))
    outputs = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    hashes = {name: sha256(folder / name) for name in outputs}
    stages = {
        stage: {"stage": stage, "key": "0" * 64, "outputs": files, "seconds": 0}
        for stage in STAGE_FILES
        if (files := {name: known for name, known in hashes.items() if may_write(stage, name)})
    }
    manifest = {"stages": stages, "layers": list(_WIDTHS), "default_layer": "gnn2"}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _config() -> dict[str, Any]:
    """Return the options of a run, as a workspace keeps them."""
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        chosen = compose("run", ["data.path=/nowhere/large.tif", "embedding.layer=gnn2", "matcher=mean"])
    config = OmegaConf.to_container(chosen, resolve=True)
    assert isinstance(config, dict), "conf/run.yaml is a mapping"
    return read_options({str(name): value for name, value in config.items()}).to_config()
