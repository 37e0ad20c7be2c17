"""Kinds of files that readers are fuzzed with: sound originals, how they are changed, and who reads them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from rsgraph.config import refuse_targets_in_folder
from rsgraph.exporters.selection import read_selection
from rsgraph.io.auto import Auto
from rsgraph.io.bands import Bands
from rsgraph.io.eurosat import EuroSat
from rsgraph.io.geotiff import GeoTiff
from rsgraph.io.safe import Safe
from rsgraph.io.swed import Swed
from rsgraph.journal.journal import Journal
from rsgraph.journal.reading import read_journal
from rsgraph.label_files.class_lists import listed_classes
from rsgraph.label_files.importing import read_labels, vector_columns, vector_layers
from rsgraph.options import read_options
from rsgraph.protocols import Reader
from rsgraph.run.continuing import own_config
from rsgraph.run.record import read_record
from rsgraph.stages.map_model import read_model
from rsgraph.types import Window
from rsgraph.workspace import Workspace
from tests.fuzz import originals
from tests.fuzz.changes import (
    Change,
    of_bytes,
    of_jp2,
    of_json,
    of_npy,
    of_safetensors,
    of_table,
    of_tiff,
    of_xml,
    of_yaml,
    one_of,
    rounds,
)
from tests.fuzz.changes_of_stores import (
    of_parquet_columns,
    of_parquet_footer,
    of_sqlite_pages,
    of_sqlite_rows,
    of_zip,
)

Attempts = Iterator[tuple[str, Callable[[], object]]]
"""Names of readers, and calls of them; only an RsgraphError may stop one."""

Originals = list[tuple[str, bytes]]
"""Where a file is put, relative, and what is in it."""


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Parameters
    ----------
    originals
        Makes the sound files.
    change
        How one is changed.
    read
        Takes the folder of all, and the file.
    lay
        Puts beside the file what it belongs to.
    fresh
        Whether each file gets a folder of its own, which is removed afterwards; else it takes the place of its
        original, and all that read it must do so for it to be fine.
    every
        Whether all must, too, where each file gets a folder of its own.
    """

    originals: Callable[[], Originals]
    change: Change
    read: Callable[[Path, Path], Attempts]
    lay: Callable[[Path], None]
    fresh: bool = True
    every: bool = False


# what lies beside them


def _a_workspace(root: Path) -> None:
    shutil.copytree(originals.WORKSPACE, root / "workspace")


def _a_product(root: Path) -> None:
    from tests.io.safe_product import write_safe

    for level in ("1C", "2A"):
        write_safe(root / level, level=level).rename(root / f"{level}.SAFE")


_OF_SWED = ("train/images/x_image_0.npy", "train/labels/x_chip_0.npy")


def _an_image_and_its_labels(root: Path) -> None:
    for name, data in zip(_OF_SWED, originals.npys(), strict=True):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_bytes(data)


def _nothing(_: Path) -> None:
    pass


# who reads them


def _scenes(reader: Reader, path: Path) -> None:
    """Open scenes and read the corner of each."""
    reader.accepts(path)
    for scene in reader.open(path)[:3]:
        raster = scene.source.read(Window(0, 0, min(scene.rows, 256), min(scene.columns, 256)))
        if not np.isfinite(raster.values).all():
            raise AssertionError(f"{scene.name} has pixels that are not finite and not masked")
        if scene.reference is not None:
            scene.reference.read(scene.window)


def _rasters(root: Path, file: Path) -> Attempts:
    yield "auto", partial(_scenes, Auto(), file)
    yield "bands", partial(_scenes, Bands(), file.parent)
    yield "geotiff", partial(_scenes, GeoTiff(), file)
    yield "labels", partial(read_labels, Workspace(root / "workspace"), file)


def _products(root: Path, file: Path) -> Attempts:
    yield "safe", partial(_scenes, Safe(), file.parent)


def _archives(root: Path, file: Path) -> Attempts:
    yield "auto", partial(_scenes, Auto(), file)
    yield "safe", partial(_scenes, Safe(verify=False), file)
    yield "eurosat", partial(_scenes, EuroSat(), file)


def _swed(root: Path, file: Path) -> Attempts:
    yield "swed", partial(_scenes, Swed(), root)


def _selections(root: Path, file: Path) -> Attempts:
    yield "selection", partial(read_selection, file)


def _vectors(root: Path, file: Path) -> Attempts:
    yield "layers", partial(vector_layers, file)
    yield "columns", partial(vector_columns, file)
    yield "labels", partial(read_labels, Workspace(root / "workspace"), file, predictions=True)


def _classes(root: Path, file: Path) -> Attempts:
    yield "classes", partial(listed_classes, file, None)
    yield "column", partial(listed_classes, file, "class")
    yield "selection", partial(read_selection, file)


def _weights(root: Path, file: Path) -> Attempts:
    from torch import nn

    from rsgraph.training.modules import load_weights

    yield "weights", partial(load_weights, nn.Linear(4, 4), file)
    yield "model", partial(read_model, file.parent, name=file.stem)


def _tables(root: Path, file: Path) -> Attempts:
    workspace = Workspace(root / "workspace")
    yield "segments", lambda: workspace.segments
    yield "chips", lambda: workspace.chips
    yield "count", lambda: workspace.segment_count


def _arrays(root: Path, file: Path) -> Attempts:
    workspace = Workspace(root / "workspace")
    yield "embedding", lambda: np.asarray(workspace.embedding("gnn3")).sum()
    yield "edges", lambda: np.asarray(workspace.edges).sum()
    yield "similarity", lambda: workspace.similarity
    yield "targets", workspace.targets


def _journals(root: Path, file: Path) -> Attempts:
    yield "reading", partial(read_journal, file)
    yield "writing", partial(_write, file)


def _write(file: Path) -> None:
    ids = np.arange(1, 61)
    with Journal.open(file, segment_ids=ids, author="me") as journal:
        journal.labels()
        journal.codes(ids)
        journal.history()
        if not journal.read_only:
            journal.define("new")
            journal.assign(ids[:5], "new")
            journal.undo()
            journal.redo()


def _configs(root: Path, file: Path) -> Attempts:
    workspace = Workspace(root / "workspace")
    yield "config", lambda: workspace.config
    yield "options", lambda: read_options(own_config(workspace))
    yield "folder", partial(refuse_targets_in_folder, file.parent)


def _facts(root: Path, file: Path) -> Attempts:
    from rsgraph.own_files.models import read_about, read_encoder

    workspace = Workspace(root / "workspace")
    yield "scenes", lambda: (workspace.scenes, workspace.survey, workspace.check_statistics())
    yield "manifest", lambda: (workspace.maps, workspace.layers, workspace.chips_by, workspace.unfinished)
    yield "record", partial(read_record, workspace)
    yield "intact", workspace.intact
    yield "encoder", lambda: read_encoder(workspace.existing("models", "encoder.json"))
    yield "gnn", lambda: read_about(workspace.existing("models", "gnn.json"))
    yield "table", lambda: workspace.segments


# all of them


def _named(name: str, files: Callable[[], list[bytes]]) -> Callable[[], Originals]:
    return lambda: [(name, data) for data in files()]


def _of_workspace(*names: str) -> Callable[[], Originals]:
    return lambda: [
        (f"workspace/{name}", data) for name, data in zip(names, originals.of_workspace(*names), strict=True)
    ]


def _metadata() -> Originals:
    real = originals.metadata()
    found = [("1C.SAFE/MTD_MSIL1C.xml", real[0]), *(("2A.SAFE/MTD_MSIL2A.xml", data) for data in real[1:])]
    return [*found, *(("2A.SAFE/manifest.safe", data) for data in originals.manifests())]


KINDS: dict[str, Kind] = {
    "geotiff": Kind(
        _named("x_B02.tif", originals.geotiffs),
        rounds(one_of(of_tiff, of_tiff, of_tiff, of_bytes)), _rasters, _a_workspace,
    ),
    "jp2": Kind(
        _named("x_B02.jp2", originals.jp2s), rounds(one_of(of_jp2, of_jp2, of_jp2, of_bytes)), _rasters, _a_workspace
    ),
    "safe": Kind(_metadata, rounds(of_xml), _products, _a_product, fresh=False),
    "zip": Kind(
        _named("x.zip", originals.zips), rounds(of_zip(one_of(of_bytes, of_xml, of_jp2))), _archives, _nothing
    ),
    "gpkg": Kind(
        _named("x.gpkg", partial(originals.vectors, "gpkg", "GPKG")),
        rounds(one_of(of_sqlite_pages, of_sqlite_rows, of_sqlite_rows)), _vectors, _a_workspace, every=True,
    ),
    "geojson": Kind(
        _named("x.geojson", partial(originals.vectors, "geojson", "GeoJSON")),
        rounds(of_json), _vectors, _a_workspace, every=True,
    ),
    "classes.csv": Kind(_named("x.csv", originals.class_tables), rounds(of_table), _classes, _nothing),
    "classes.json": Kind(_named("x.json", originals.class_lists), rounds(of_json), _classes, _nothing),
    "safetensors": Kind(_named("x.safetensors", originals.safetensors), rounds(of_safetensors), _weights, _nothing),
    "parquet": Kind(
        _of_workspace("segments.parquet", "chips.parquet"),
        rounds(one_of(of_parquet_footer, of_parquet_columns, of_bytes)), _tables, _a_workspace, fresh=False,
    ),
    "npy": Kind(
        _of_workspace("embeddings/gnn3.npy", "edges.npy", "similarity.npz", "targets.npz"),
        rounds(one_of(of_npy, of_zip(of_npy))), _arrays, _a_workspace, fresh=False,
    ),
    "swed": Kind(
        lambda: list(zip(_OF_SWED, originals.npys(), strict=True)), rounds(of_npy), _swed, _an_image_and_its_labels,
        fresh=False,
    ),
    "selection": Kind(_named("x.npy", originals.selections), rounds(of_npy), _selections, _nothing),
    "sqlite": Kind(
        lambda: [("labels.sqlite", data) for data in originals.of_workspace("labels.sqlite")],
        rounds(one_of(of_sqlite_pages, of_sqlite_rows)), _journals, _nothing, every=True,
    ),
    "yaml": Kind(_of_workspace("config.yaml"), rounds(of_yaml), _configs, _a_workspace, fresh=False),
    "json": Kind(
        _of_workspace("manifest.json", "scene.json", "models/encoder.json", "models/gnn.json"),
        rounds(of_json), _facts, _a_workspace, fresh=False,
    ),
}  # fmt: skip
