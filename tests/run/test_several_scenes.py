"""Several scenes as one collection: one model, one map over all, each scene on its own grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio

from rsgraph.components import build
from rsgraph.errors import ConfigError, NotReadable, NotUsable
from rsgraph.exporters.export import export_workspace
from rsgraph.io.path_names import path_name
from rsgraph.journal.journal import journal_of
from rsgraph.options import read_options
from rsgraph.run.paths import sweep_place
from rsgraph.run.runner import run
from rsgraph.run.scenes import Reopened, notes, open_scenes
from rsgraph.view.view import make_view
from rsgraph.workspace import Workspace
from tests.io.rasters import counts, write_tiff
from tests.run.several import several, write_scene

SIZES = {"a": (100, 130), "b": (64, 80), "c": (40, 200)}


def scenes_in(folder: Path) -> list[Path]:
    """Write three scenes that differ in size, CRS, pixel size and the order of their bands."""
    return [
        write_scene(folder / "a.tif", *SIZES["a"]),
        write_scene(folder / "b.tif", *SIZES["b"], crs="EPSG:32631", metres=20, turned=True),
        write_scene(folder / "c.tif", *SIZES["c"], crs="EPSG:3857"),
    ]


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A finished collection. Tests must not change it, but for exports."""
    folder = tmp_path_factory.mktemp("several")
    return run(several(scenes_in(folder / "scenes"), folder / "w", "draw=true"))


def test_several_scenes_share_ids_tables_and_maps(collection: Workspace) -> None:
    segments, chips = collection.segments, collection.chips
    assert segments["segment_id"].tolist() == list(range(1, len(segments) + 1))
    assert list(dict.fromkeys(segments["scene_id"])) == list(dict.fromkeys(chips["scene_id"])) == ["a", "b", "c"]
    covered = (chips["rows"] * chips["columns"]).groupby(chips["scene_id"]).sum()
    assert covered.to_dict() == {name: rows * columns for name, (rows, columns) in SIZES.items()}
    assert chips["chip_id"].tolist() == list(range(len(chips)))
    assert collection.similarity.matrix.shape == (len(chips), len(chips))
    assert np.isfinite(segments[["x", "y"]]).all(axis=None)


def test_several_scenes_keep_their_own_grids(collection: Workspace) -> None:
    grids = {"a": (32630, 10), "b": (32631, 20), "c": (3857, 10)}
    segments = collection.segments
    for name, (code, metres) in grids.items():
        with rasterio.open(collection.segment_file(name)) as file:
            assert (file.crs.to_epsg(), file.res[0], file.shape) == (code, metres, SIZES[name])
            ids = np.unique(file.read(1))
        assert ids[ids > 0].tolist() == segments.loc[segments["scene_id"] == name, "segment_id"].tolist()


def test_several_scenes_match_bands_by_name(collection: Workspace) -> None:
    scenes = Reopened(collection.folder).opened()
    assert len({scene.bands for scene in scenes}) == 1
    for scene in scenes:
        values = scene.source.read(scene.window).values
        with rasterio.open(collection.segment_file(scene.name)) as file:
            ids = file.read(1)
        first = int(ids[ids > 0].min())
        np.testing.assert_allclose(
            collection.embedding("bands")[first - 1], values[:, ids == first].mean(1), rtol=1e-5
        )


def test_several_scenes_are_drawn_and_viewed(collection: Workspace) -> None:
    assert len(list(collection.path("pictures").glob("*.png"))) == 7
    view = make_view(Reopened(collection.folder))
    for number, name in enumerate(SIZES):
        with rasterio.open(collection.segment_file(name)) as file:
            np.testing.assert_array_equal(view.levels(number)[0][1], file.read(1))


def test_several_scenes_are_exported_each_in_its_own_crs(collection: Workspace, tmp_path: Path) -> None:
    workspace = Reopened(collection.folder)
    ids = collection.segments["segment_id"].to_numpy()
    with journal_of(workspace) as journal:
        journal.define("water", colour="#2060c0")
        journal.assign(ids[::2], "water", origin="human")
    for name in ("geotiff", "geopackage", "geojson", "geoparquet", "coco", "training", "stac"):
        for written in export_workspace(collection.folder, build("exporter", name=name), folder=tmp_path / name):
            assert written.exists()
    crs = {path.name: rasterio.open(path).crs.to_epsg() for path in tmp_path.glob("geotiff/segments_classes/*.tif")}
    assert crs == {"a.tif": 32630, "b.tif": 32631, "c.tif": 3857}
    table = pd.read_csv(tmp_path / "training" / "training_tif" / "chips.csv")
    assert set(table["scene_id"]) == {"a", "b", "c"}
    assert len(list((tmp_path / "geopackage").glob("*.gpkg"))) == 3


def test_a_folder_of_scenes_is_the_same_collection(collection: Workspace, tmp_path: Path) -> None:
    folder = Path(collection.config["data"]["path"][0]).parent
    listed = open_scenes(read_options(collection.config))
    found = open_scenes(read_options({**collection.config, "data": {"path": str(folder), "limit": None}}))
    assert [(scene.name, scene.bands, scene.rows) for scene in found] == [
        (scene.name, scene.bands, scene.rows) for scene in listed
    ]
    drawn = open_scenes(read_options({**collection.config, "data": {"path": str(folder), "limit": 2}}))
    assert len(drawn) == 2


def test_scenes_of_one_name_are_distinguished(tmp_path: Path) -> None:
    paths = [write_tiff(tmp_path / folder / "a.tif", counts(2)) for folder in "xyz"]
    paths.insert(1, write_tiff(tmp_path / "a_1.tif", counts(2)))
    scenes = open_scenes(read_options(several(paths, tmp_path / "w")))
    assert [scene.name for scene in scenes] == ["a", "a_1", "a_2", "a_3"]


@pytest.mark.parametrize(
    ("wrong", "error", "sentence"),
    [
        ("gone", NotReadable, r"/b\.tif does not exist"),
        ("cut", NotReadable, r"/b\.tif cannot be read"),
        ("bands", NotUsable, "b has the bands B02, B8A, but a has B02, B03; a collection must have the same bands"),
        ("twice", ConfigError, r"data\.path names .*/a\.tif twice"),
        ("empty", ConfigError, r"data\.path is an empty list"),
        ("number", ConfigError, r"data\.path must list paths.*Got 3 among them"),
    ],
)
def test_one_wrong_scene_among_three_is_named(
    tmp_path: Path, wrong: str, error: type[Exception], sentence: str
) -> None:
    a, b, c = (tmp_path / f"{name}.tif" for name in "abc")
    for path in (a, b, c):
        write_tiff(path, counts(2), names=("B02", "B8A" if wrong == "bands" and path == b else "B03"))
    if wrong == "gone":
        b.unlink()
    if wrong == "cut":
        b.write_bytes(b.read_bytes()[:500])
    listed = {"twice": [a, b, a], "empty": []}.get(wrong, [a, b, c])
    config = several(listed, tmp_path / "w")
    if wrong == "number":
        config["data"]["path"] = [str(a), 3]
    with pytest.raises(error, match=sentence):
        run(config)
    assert not (tmp_path / "w").exists()


def test_notes_name_the_scenes_that_say_them(tmp_path: Path) -> None:
    paths = [
        write_tiff(
            tmp_path / f"{name}.tif", counts(2), names=("B02", "B03"), crs=None if name == "b" else "EPSG:3857"
        )
        for name in "abc"
    ]
    said = notes(open_scenes(read_options(several(paths, tmp_path / "w"))))
    assert "b: The file has no coordinate reference system: working in pixel space." in said
    assert sum("divided by 10000" in text for text in said) == 1
    assert not any(text.startswith(("a", "c")) for text in said)


def test_workspaces_of_several_scenes_are_named_by_the_first() -> None:
    assert path_name("x/my scene.tif") == "my_scene"
    assert path_name(["x/a.tif"]) == "a"
    assert sweep_place(None, None, ["x/a.tif", "b.tif"]).folder.name == "a-and-1-more-sweep"


def test_a_model_chooses_the_bands_of_each_scene(collection: Workspace, tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "d.tif", 64, 64, turned=True)
    words = several([scene], tmp_path / "w", f"model.from={collection.folder}", "matcher=mean")
    made = run(words)
    assert Reopened(made.folder).plan.model.bands == Reopened(collection.folder).opened()[0].bands  # type: ignore[union-attr]
    assert "scene_id" not in made.segments
