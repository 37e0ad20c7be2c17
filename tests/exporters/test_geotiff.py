from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import rasterio.shutil
from defusedxml import ElementTree
from rasterio.enums import ColorInterp

from rsgraph.errors import ConfigError, NotThere, OutputError, WorkspaceError
from rsgraph.exporters.geotiff import GeoTiff, unique_names
from rsgraph.workspace import Workspace, write_array
from tests.exporters.workspaces import (
    CLUSTERS,
    GRID,
    UTM,
    OpenedWorkspace,
    leaving,
    read_tif,
    scene,
    write_classes,
    write_ids,
    write_labels,
    write_workspace,
)


def ids_of(workspace: Workspace) -> np.ndarray:
    return read_tif(workspace.path("segments.tif"))[0][0]


def categories(path: Path, tmp_path: Path) -> list[str]:
    """Names as GDAL itself sees them."""
    rasterio.shutil.copy(path, tmp_path / "seen.vrt", driver="VRT")
    root = ElementTree.parse(tmp_path / "seen.vrt").getroot()
    return [str(element.text) for element in root.iter("Category")]


def test_export_without_labels_writes_ids_clusters_and_embedding(workspace: Workspace, tmp_path: Path) -> None:
    written = GeoTiff().export(leaving(workspace), tmp_path / "out")
    names = ["segments_ids.tif", "segments_clusters.tif", "embedding_gnn2.tif"]
    assert [path.name for path in written] == names
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        [*names, "segments_clusters.tif.aux.xml"]
    )
    ids, file = read_tif(written[0])
    np.testing.assert_array_equal(ids[0], ids_of(workspace))
    assert file.dtypes == ("uint32",)
    assert file.nodata == 0


def test_export_keeps_the_grid_and_tiles(workspace: Workspace, tmp_path: Path) -> None:
    for path in GeoTiff().export(leaving(workspace), tmp_path):
        _, file = read_tif(path)
        assert file.crs == rasterio.crs.CRS.from_wkt(UTM)
        assert tuple(file.transform)[:6] == GRID
        assert file.profile["tiled"]
        assert file.compression.value == "DEFLATE"


def test_export_clusters_are_the_strongest_memberships(workspace: Workspace, tmp_path: Path) -> None:
    GeoTiff(embeddings=False).export(leaving(workspace), tmp_path)
    path = tmp_path / "segments_clusters.tif"
    codes, file = read_tif(path)
    strongest = np.concatenate([[0], np.asarray(workspace.embedding("target")).argmax(axis=1) + 1])
    np.testing.assert_array_equal(codes[0], strongest[ids_of(workspace)])
    assert file.dtypes == ("uint8",)
    assert file.colorinterp == (ColorInterp.palette,)
    with rasterio.open(path) as opened:
        assert opened.colormap(1)[1] == (0, 114, 178, 255)
        assert json.loads(opened.tags()["LEGEND"])["3"] == "cluster 3"
    assert categories(path, tmp_path) == ["no data", *(f"cluster {i}" for i in range(1, CLUSTERS + 1))]
    assert not (tmp_path / "embedding_gnn2.tif").exists()


def test_export_embedding_has_one_band_per_dimension_and_nan_without_data(
    workspace: Workspace, tmp_path: Path
) -> None:
    GeoTiff(layer="encoder").export(leaving(workspace), tmp_path)
    found, file = read_tif(tmp_path / "embedding_encoder.tif")
    ids, vectors = ids_of(workspace), np.asarray(workspace.embedding("encoder"))
    np.testing.assert_array_equal(found[:, ids > 0].T, vectors[ids[ids > 0] - 1])
    assert np.isnan(found[:, ids == 0]).all()
    assert np.isnan(file.nodata)
    assert file.descriptions == ("e00", "e01", "e02", "e03", "e04")


def test_export_with_labels_adds_classes_with_names(labelled: Workspace, tmp_path: Path) -> None:
    GeoTiff(embeddings=False).export(leaving(labelled), tmp_path)
    codes, file = read_tif(tmp_path / "segments_classes.tif")
    ids = ids_of(labelled)
    expected = np.select([np.isin(ids, [1, 5]), ids == 2], [2, 1], 0)
    np.testing.assert_array_equal(codes[0], expected)
    assert categories(tmp_path / "segments_classes.tif", tmp_path) == ["unlabelled or no data", "sand", "water"]
    assert json.loads(file.tags["LEGEND"]) == {"0": "unlabelled or no data", "1": "sand", "2": "water"}


def test_export_gives_classes_their_own_order_and_colours(labelled: Workspace, tmp_path: Path) -> None:
    write_classes(labelled.path("labels.sqlite"), [("water", "#2060C0"), ("mud", "#804000"), ("sand", "#f0d080")])
    GeoTiff(embeddings=False).export(leaving(labelled), tmp_path)
    codes, file = read_tif(tmp_path / "segments_classes.tif")
    ids = ids_of(labelled)
    np.testing.assert_array_equal(codes[0], np.select([np.isin(ids, [1, 5]), ids == 2], [1, 3], 0))
    assert file.nodata == 0
    with rasterio.open(tmp_path / "segments_classes.tif") as opened:
        colours = opened.colormap(1)
    assert [colours[code][:3] for code in (1, 2, 3)] == [(0x20, 0x60, 0xC0), (0x80, 0x40, 0), (0xF0, 0xD0, 0x80)]
    names = categories(tmp_path / "segments_classes.tif", tmp_path)
    assert names == ["unlabelled or no data", "water", "mud", "sand"]


def test_export_writes_a_mask_per_class(labelled: Workspace, tmp_path: Path) -> None:
    classes = [("water", "#2060c0"), ("wet/sand", "#804000"), ("wet sand", "#f0d080"), ("sand", None)]
    write_classes(labelled.path("labels.sqlite"), classes)
    written = GeoTiff(embeddings=False).export(leaving(labelled), tmp_path)
    names = ["water.tif", "wet_sand.tif", "wet_sand_3.tif", "sand.tif"]
    assert [path for path in written if path.parent.name == "masks"] == [tmp_path / "masks" / name for name in names]
    ids = ids_of(labelled)
    for name, expected in zip(names, ([1, 5], [], [], [2]), strict=True):
        mask, file = read_tif(tmp_path / "masks" / name)
        np.testing.assert_array_equal(mask[0], np.isin(ids, expected))
        assert file.dtypes == ("uint8",)
        assert file.nodata is None
        assert tuple(file.transform)[:6] == GRID
        assert json.loads(file.tags["RSGRAPH"])["label_origins"] == {"human": 3}
    listed = pd.read_csv(tmp_path / "masks" / "masks.csv")
    assert listed["file"].tolist() == names
    assert listed["class"].tolist() == [name for name, _ in classes]
    assert listed["code"].tolist() == [1, 2, 3, 4]
    assert listed["segments"].tolist() == [2, 0, 0, 1]


def test_export_replaces_masks_of_classes_that_are_gone(labelled: Workspace, tmp_path: Path) -> None:
    GeoTiff(embeddings=False).export(leaving(labelled), tmp_path)
    labelled.path("labels.sqlite").unlink()
    write_labels(labelled.path("labels.sqlite"), [(1, "mud", "human", 1.0, "me", "t")])
    GeoTiff(embeddings=False).export(leaving(labelled), tmp_path)
    assert sorted(path.name for path in (tmp_path / "masks").iterdir()) == ["masks.csv", "mud.tif"]
    (tmp_path / "masks" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"it holds mine\.txt, which no export wrote"):
        GeoTiff(embeddings=False).export(leaving(labelled), tmp_path)


def test_masks_have_names_that_every_file_system_takes() -> None:
    names = unique_names(["\u68ee" * 200, "\u68ee" * 199 + "x", "../../etc", "\U0001f332", "CON", "con"])
    assert all(0 < len(name.encode()) < 120 and "/" not in name and not name.startswith(".") for name in names)
    assert len({name.casefold() for name in names}) == 6


def test_export_without_masks(labelled: Workspace, tmp_path: Path) -> None:
    GeoTiff(embeddings=False, masks=False).export(leaving(labelled), tmp_path / "out")
    assert not (tmp_path / "out" / "masks").exists()
    with pytest.raises(ConfigError, match="`masks` must be true or false"):
        GeoTiff(masks=1)  # type: ignore[arg-type]


def test_export_with_more_than_255_classes_takes_16_bits(tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path / "work", [scene(rows=160, columns=160)])
    count = len(workspace.segments)
    assert count > 256
    rows = [(i, f"<{i:03d}> & more", "human", 1.0, "me", "t") for i in range(1, count + 1)]
    write_labels(workspace.path("labels.sqlite"), rows)
    GeoTiff(embeddings=False).export(leaving(workspace), tmp_path)
    codes, file = read_tif(tmp_path / "segments_classes.tif")
    assert file.dtypes == ("uint16",)
    np.testing.assert_array_equal(codes[0], ids_of(workspace))
    assert categories(tmp_path / "segments_classes.tif", tmp_path)[300] == "<300> & more"


def test_export_without_crs_stays_in_pixel_space(without_crs: Workspace, tmp_path: Path) -> None:
    for path in GeoTiff().export(leaving(without_crs), tmp_path):
        _, file = read_tif(path)
        assert file.crs is None
        assert file.transform.is_identity
    np.testing.assert_array_equal(read_tif(tmp_path / "segments_ids.tif")[0][0], ids_of(without_crs))


def test_export_of_a_collection_has_a_folder_per_kind(collection: Workspace, tmp_path: Path) -> None:
    written = GeoTiff().export(leaving(collection), tmp_path / "out")
    names = ["segments_ids", "segments_clusters", "segments_classes", "embedding_gnn2", "masks"]
    assert [path.name for path in written] == names
    for name in ("River_1", "Forest_22"):
        ids = read_tif(collection.path("segments", f"{name}.tif"))[0]
        np.testing.assert_array_equal(read_tif(tmp_path / "out" / "segments_ids" / f"{name}.tif")[0], ids)
        codes = read_tif(tmp_path / "out" / "segments_classes" / f"{name}.tif")[0]
        np.testing.assert_array_equal(codes, ids == 1)
        np.testing.assert_array_equal(read_tif(tmp_path / "out" / "masks" / "water" / f"{name}.tif")[0], ids == 1)


def test_export_carries_provenance(labelled: Workspace, tmp_path: Path) -> None:
    for path in GeoTiff().export(leaving(labelled), tmp_path):
        with rasterio.open(path) as file:
            tags = file.tags()
        facts = json.loads(tags["RSGRAPH"])
        assert facts["stages"]["gnn"] == {"key": "2" * 64, "mlflow_run": "run-2"}
        assert facts["label_origins"] == {"human": 3}
        assert facts["layer"] == "gnn2"
        assert tags["TIFFTAG_SOFTWARE"] == f"rsgraph {facts['rsgraph']}"


def test_export_reports_every_block_and_ends_at_the_total(workspace: Workspace, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    GeoTiff().export(leaving(workspace), tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_export_replaces_files_and_what_viewers_left_beside_them(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "embedding_gnn2.tif").write_text("old")
    (tmp_path / "embedding_gnn2.tif.aux.xml").write_text("old statistics")
    GeoTiff().export(leaving(workspace), tmp_path)
    assert read_tif(tmp_path / "embedding_gnn2.tif")[0].shape == (5, 40, 64)
    assert not (tmp_path / "embedding_gnn2.tif.aux.xml").exists()


def test_export_memory_does_not_grow_with_the_scene(tmp_path: Path) -> None:
    big = scene(rows=1024, columns=1024)
    workspace = write_workspace(tmp_path / "work", [scene()])
    n = len(workspace.segments)
    ids = (np.arange(1024 * 1024, dtype=np.uint32) // 5000 % n + 1).reshape(1024, 1024)
    write_ids(workspace.path("segments.tif"), ids, big)
    stored = json.loads(workspace.path("scene.json").read_text())
    stored["scenes"][0] |= {"rows": 1024, "columns": 1024}
    workspace.path("scene.json").write_text(json.dumps(stored))
    write_array(workspace.path("embeddings", "gnn2.npy"), np.ones((n, 16), np.float32))
    tracemalloc.start()
    GeoTiff().export(leaving(workspace), tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 16 * 256 * 256 * 4 < 1024 * 1024 * 16 * 4 / 3


def test_export_refuses_a_raster_of_other_segments(workspace: OpenedWorkspace, tmp_path: Path) -> None:
    write_ids(workspace.path("segments.tif"), ids_of(workspace) + np.uint32(1000), workspace.opened_scenes[0])
    with pytest.raises(WorkspaceError, match=r"but segments\.parquet does not"):
        GeoTiff().export(leaving(workspace), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_export_of_a_damaged_raster_says_which(workspace: Workspace, tmp_path: Path) -> None:
    path = workspace.path("segments.tif")
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(WorkspaceError, match=r"segments\.tif is damaged .* `rsgraph run` on its scene restores it"):
        GeoTiff().export(leaving(workspace), tmp_path / "out")


def test_export_lists_the_layers_for_an_unknown_one(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="choose one of: bands, target, encoder, gnn2"):
        GeoTiff(layer="gnn7").export(leaving(workspace), tmp_path)


def test_constructor_checks_its_parameters() -> None:
    with pytest.raises(ConfigError, match="`layer`"):
        GeoTiff(layer="../secret")
    with pytest.raises(ConfigError, match="`embeddings`"):
        GeoTiff(embeddings="no")  # type: ignore[arg-type]
