"""The whole pipeline on a tiny scene: what it leaves, what it reuses, how it is resumed."""

from __future__ import annotations

import json
import shutil
import sqlite3
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
from PIL import Image

from rsgraph.cache import StageCache
from rsgraph.components import build
from rsgraph.errors import ConfigError, JournalLocked, ModelMismatch, NotThere, NotUsable, WorkspaceMismatch
from rsgraph.files import sha256
from rsgraph.graphs.nearest import nearest_edges
from rsgraph.journal.journal import Journal
from rsgraph.run.keys import keys
from rsgraph.run.runner import _kept, run
from rsgraph.stages.plan import STAGES, needed, stages_of
from rsgraph.types import Similarity
from rsgraph.workspace import Workspace
from tests.small_runs import TINY, Configure, composed, copied, planned

LAYERS = ["bands", "own", "surroundings", "target", "encoder", "gnn1", "gnn2", "gnn3", "own+gnn1"]
PAPERS_LAYER = ("embedding.layer=gnn2", "embedding.maps=[gnn2]")
"""Options with which chips wait for the GNN and are compared by its second layer, as in the paper."""


@pytest.fixture(scope="module")
def by_gnn2(undrawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace whose chips are compared by the paper's layer. Tests must not change it."""
    folder = tmp_path_factory.mktemp("by_gnn2")
    copied(undrawn / ".rsgraph-cache", folder / ".rsgraph-cache")
    return run(composed(*TINY, *PAPERS_LAYER, f"workspace={folder / 'w'}"))


def computed(text: str) -> set[str]:
    """Return the stages that a run's output says were computed (not taken from anywhere)."""
    lines = [line.split() for line in text.splitlines() if line.startswith("  ")]
    names = {stage.name for stage in STAGES}
    return {
        line[0] for line in lines if line and line[0] in names and line[1:3] not in (["up", "to"], ["taken", "from"])
    }


def test_run_leaves_the_files_of_the_contract(finished: Workspace) -> None:
    for name in ("config.yaml", "manifest.json", "targets.npz", "segments.tif", "segments.parquet", "chips.parquet"):
        assert finished.path(name).is_file(), name
    for name in ("metric", "encoder", "gnn", "join"):
        assert finished.path("models", f"{name}.safetensors").is_file(), name
    assert finished.layers == LAYERS
    assert finished.default_layer == "own"
    assert [each["layer"] for each in finished.maps] == ["own", "surroundings", "own+gnn1"]
    ids = finished.segments["segment_id"]
    for each in finished.maps:
        assert pd.read_parquet(finished.path(each["path"]))["segment_id"].equals(ids)
    assert not [path for path in finished.folder.rglob("*") if path.suffix in (".pkl", ".pt", ".ckpt", ".pickle")]


def test_every_stage_writes_what_the_plan_says(finished: Workspace) -> None:
    writes = {stage.name: stage.writes for stage in STAGES}
    for name, entry in finished.manifest["stages"].items():
        for file in entry["outputs"]:
            assert any(fnmatch(file, pattern) for pattern in writes[name]), (name, file)


def test_segments_table_agrees_with_the_raster(finished: Workspace) -> None:
    table = finished.segments
    with rasterio.open(finished.path("segments.tif")) as file:
        ids = file.read(1)
        assert file.crs.to_epsg() == 32630
        assert file.transform.to_gdal() == rasterio.Affine(*finished.scene.transform).to_gdal()
        assert file.dtypes == ("uint32",)
    counts = np.bincount(ids.ravel())
    assert table["segment_id"].tolist() == list(range(1, len(table) + 1))
    assert (table["area_px"].to_numpy() == counts[1:]).all()
    rows, columns = np.nonzero(ids == 7)
    assert table.loc[6, "row"] == pytest.approx(rows.mean(), abs=1e-3)
    assert table.loc[6, "column"] == pytest.approx(columns.mean(), abs=1e-3)
    assert {"segment_id", "chip_id", "row", "column", "area_px", "x", "y"} <= set(table.columns)


def test_chips_table_covers_the_scene_and_holds_every_fourth_out(finished: Workspace) -> None:
    chips = finished.chips
    assert (chips["rows"] * chips["columns"]).sum() == 160 * 200
    assert chips["split"].tolist() == (["train"] * 3 + ["test"]) * 3
    assert chips["valid_fraction"].between(0.99, 1).all()


def test_embeddings_are_in_the_row_order_of_the_segments(finished: Workspace) -> None:
    with rasterio.open(finished.path("segments.tif")) as file:
        ids = file.read(1)
    from rsgraph.components import from_config

    scene = from_config("reader", finished.config["reader"]).open(None)[0]
    values = scene.source.read(scene.window).values
    for segment in (1, 40, int(ids.max())):
        np.testing.assert_allclose(
            finished.embedding("bands")[segment - 1], values[:, ids == segment].mean(1), rtol=1e-5
        )
    np.testing.assert_allclose(finished.embedding("target").sum(1), 1, atol=1e-5)


def test_edges_join_the_nearest_segments_of_the_scene_across_chips(finished: Workspace) -> None:
    places = finished.segments[["row", "column"]].to_numpy(dtype=np.float32)
    np.testing.assert_array_equal(finished.edges, nearest_edges(places, 4))
    chip = finished.segments["chip_id"].to_numpy()
    assert (chip[finished.edges[0]] != chip[finished.edges[1]]).any()


def similarity_by(workspace: Workspace, layer: str) -> Similarity:
    vectors, chips = np.array(workspace.embedding(layer)), workspace.segments["chip_id"].to_numpy()
    return build("matcher", name="hungarian").match([vectors[chips == chip] for chip in range(chips.max() + 1)])


def test_similarity_is_that_of_the_default_layer(finished: Workspace) -> None:
    expected, found = similarity_by(finished, "own"), finished.similarity
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_allclose(found.matrix, expected.matrix, atol=1e-6)


def test_of_the_papers_layer_it_is_that_of_the_gnn(by_gnn2: Workspace) -> None:
    assert (by_gnn2.default_layer, [each["layer"] for each in by_gnn2.maps]) == ("gnn2", ["gnn2"])
    expected, found = similarity_by(by_gnn2, "gnn2"), by_gnn2.similarity
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_allclose(found.matrix, expected.matrix, atol=1e-6)


def test_chip_index_finds_what_the_run_matched(finished: Workspace) -> None:
    from rsgraph import Workspace as Face

    index, similarity = Face(finished.folder).chip_index(), finished.similarity
    for chip in range(len(index)):
        found = index.search(index.chip(chip), k=similarity.indices.shape[1], seconds=60, but=chip)
        np.testing.assert_array_equal(found.indices, similarity.indices[chip])
        np.testing.assert_allclose(found.similarities, similarity.similarities[chip], atol=1e-6)


def test_manifest_names_every_output_with_its_hash(finished: Workspace) -> None:
    stages = finished.manifest["stages"]
    assert list(stages) == [stage.name for stage in stages_of(planned(finished.config))]
    assert set(stages) == {stage.name for stage in STAGES}
    for name, known in stages["project"]["outputs"].items():
        assert sha256(finished.path(name)) == known
    assert stages["encoder"]["facts"]["versions"]["torch"]
    assert stages["encoder"]["seconds"] > 0


def test_workspace_is_read_with_plain_libraries(finished: Workspace) -> None:
    table = pd.read_parquet(finished.folder / "segments.parquet")
    for layer in ("own", "gnn2"):
        assert len(table) == len(np.load(finished.folder / "embeddings" / f"{layer}.npy"))
    with np.load(finished.folder / "targets.npz") as targets:
        assert targets["centres"].shape == (4, 12)
    manifest = json.loads((finished.folder / "manifest.json").read_text())
    assert manifest["default_layer"] == "own"
    assert manifest["maps"][0] == {"layer": "own", "projector": "pca", "path": "segments.parquet"}


def test_pictures_are_drawn(finished: Workspace) -> None:
    names = sorted(path.name for path in finished.path("pictures").iterdir())
    assert names == [
        "chip_map.png",
        "curves.png",
        "memberships.png",
        "neighbours.png",
        "outlines.png",
        "quicklook.png",
        "segment_map.png",
    ]
    for name in names:
        with Image.open(finished.path("pictures", name)) as picture:
            assert min(picture.size) > 200
            assert np.asarray(picture.convert("L")).std() > 5, name


@pytest.mark.usefixtures("made")
def test_second_identical_run_does_nothing_and_says_so(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = run(configure())
    before = {path: path.stat().st_mtime_ns for path in workspace.folder.rglob("*")}
    capsys.readouterr()
    run(configure())
    assert "is up to date: nothing to do" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in workspace.folder.rglob("*")} == before


def test_sweeping_k_does_not_train_the_encoder_again(
    made: Workspace, configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    second = run(configure("graph.k=6", workspace="k6"))
    assert computed(capsys.readouterr().out) == {"graph", "gnn", "join", "trained_maps", "pictures"}
    assert sha256(made.path("embeddings", "encoder.npy")) == sha256(second.path("embeddings", "encoder.npy"))
    assert second.edges.shape[1] > made.edges.shape[1]


def test_sweeping_k_compares_chips_anew_where_they_are_compared_by_the_gnn(
    by_gnn2: Workspace, configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = f"cache.path={by_gnn2.folder.parent / '.rsgraph-cache'}"
    run(configure(*PAPERS_LAYER, "graph.k=6", cache))
    assert computed(capsys.readouterr().out) == {"graph", "gnn", "match", "project", "pictures"}


def test_same_seed_gives_the_same_files(finished: Workspace, configure: Configure, tmp_path: Path) -> None:
    first, second = finished, run(configure(f"cache.path={tmp_path / 'other'}"))
    models = ("models/metric.safetensors", "models/encoder.safetensors", "models/gnn.safetensors")
    for name in (*models, "embeddings/own+gnn1.npy", "embeddings/gnn2.npy", "segments.tif"):
        assert sha256(first.path(name)) == sha256(second.path(name)), name


def test_a_damaged_output_is_restored(
    made: Workspace, configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    edges = np.array(made.edges)
    table = made.segments
    made.path("edges.npy").unlink()
    made.path("segments.parquet").unlink()
    made.path("segments.parquet").write_bytes(b"damaged")
    run(configure())
    assert computed(capsys.readouterr().out) == set()
    np.testing.assert_array_equal(made.edges, edges)
    pd.testing.assert_frame_equal(made.segments, table)


def test_an_output_that_was_edited_in_place_is_made_again(
    made: Workspace, configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sha256(made.path("edges.npy"))
    with made.path("edges.npy").open("r+b") as file:  # the cache may hold the same file by another name
        file.seek(200)
        file.write(b"edited")
    run(configure())
    assert computed(capsys.readouterr().out) == {"graph"}
    assert sha256(made.path("edges.npy")) == before


@pytest.mark.usefixtures("made")
def test_a_lost_cache_does_not_matter(
    configure: Configure, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(tmp_path / ".rsgraph-cache")
    run(configure())
    assert "nothing to do" in capsys.readouterr().out


@pytest.mark.usefixtures("made")
def test_another_option_is_refused_and_named(configure: Configure) -> None:
    with pytest.raises(WorkspaceMismatch, match=r"made otherwise: graph.k \(4 there, 6 now\).*overwrite=true"):
        run(configure("graph.k=6"))


@pytest.mark.usefixtures("made")
def test_another_scene_is_refused_and_overwrite_forces(configure: Configure) -> None:
    with pytest.raises(WorkspaceMismatch, match="made otherwise: the scene"):
        run(configure("reader.seed=5"))
    run(configure("graph.k=6", "overwrite=true"))
    assert Workspace(configure()["workspace"]).config["graph"]["k"] == 6


def test_overwriting_leaves_nothing_of_the_old_options(configure: Configure) -> None:
    workspace = run(configure("graph.edge_attributes=true", "gnn=gat"))
    assert workspace.path("edge_attributes.npy").exists()
    run(configure("graph.k=6", "gnn=gat", "overwrite=true"))
    assert not workspace.path("edge_attributes.npy").exists()
    run(configure("gnn=none", "overwrite=true"))
    assert workspace.layers == ["bands", "own", "surroundings", "target", "encoder"]
    assert not list(workspace.folder.glob("embeddings/*gnn*"))
    assert not list(workspace.folder.glob("projections/*gnn*"))
    assert not list(workspace.folder.glob("models/join*"))
    assert [each["layer"] for each in workspace.maps] == ["own", "surroundings"]
    run(configure("gnn=none", "embedding.own=false", "metric=none", "overwrite=true"))
    assert workspace.layers == ["bands", "target", "encoder"]
    assert not list(workspace.folder.glob("projections/own*"))
    assert [each["layer"] for each in workspace.maps] == ["encoder"]


def test_overwriting_a_scene_by_a_collection_and_back(made: Workspace, configure: Configure, tmp_path: Path) -> None:
    folder = tmp_path / "images" / "Forest"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in (1, 2, 3):
        picture = Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8))
        picture.save(folder / f"Forest_{name}.jpg")
    workspace = made
    images = composed(
        *[word for word in TINY if not word.startswith("reader")],
        f"workspace={workspace.folder}",
        f"data.path={tmp_path / 'images'}",
        "reader=eurosat",
        "overwrite=true",
    )
    run(images)
    assert not workspace.path("segments.tif").exists()
    assert len(list(workspace.folder.glob("segments/*.tif"))) == 3
    assert {"scene_id", "class_name"} <= set(workspace.chips.columns)
    run(configure("overwrite=true"))
    assert not list(workspace.folder.glob("segments/*.tif"))
    assert "scene_id" not in workspace.segments


def test_an_interrupted_overwrite_holds_no_layer_of_other_segments(
    made: Workspace, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = made
    committed = StageCache.commit

    def interrupt(self: StageCache, stage: str, *rest: object) -> object:
        if stage == "graph":
            raise KeyboardInterrupt
        return committed(self, stage, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(StageCache, "commit", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(configure("segmenter.n_segments=30", "overwrite=true"))
    assert workspace.layers == ["bands"], "no stage after the graph has come"
    assert workspace.maps == []
    for layer in workspace.layers:
        assert len(workspace.embedding(layer)) == len(workspace.segments)


def test_labels_are_set_aside_when_the_segments_change(made: Workspace, configure: Configure) -> None:
    workspace = made
    with sqlite3.connect(workspace.path("labels.sqlite")) as journal:
        journal.execute("create table labels (segment_id integer)")
    run(configure("segmenter.n_segments=30", "overwrite=true"))
    assert not workspace.path("labels.sqlite").exists()
    kept = list(workspace.folder.glob("labels.*.sqlite"))
    assert len(kept) == 1
    assert sqlite3.connect(kept[0]).execute("select count(*) from labels").fetchone() == (0,)


def test_labels_come_along_when_a_scene_is_read_in_another_way(made: Workspace, configure: Configure) -> None:
    with Journal(made.path("labels.sqlite")) as journal:
        journal.define("water")
        journal.assign(made.segments["segment_id"].tolist(), "water")
    with pytest.raises(WorkspaceMismatch, match="made otherwise: the scene"):
        run(configure("reader.noise=0.01"))
    run(configure("reader.noise=0.01", "overwrite=true"))
    with Journal(made.path("labels.sqlite"), read_only=True) as journal:
        assert len(journal.labels()) == len(made.segments)
    assert len(list(made.folder.glob("labels.2*.sqlite"))) == 1


def test_labels_stay_where_the_manifest_was_lost(made: Workspace, configure: Configure) -> None:
    with Journal(made.path("labels.sqlite")) as journal:
        journal.define("water")
        journal.assign([1, 2, 3], "water")
    made.path("manifest.json").unlink()
    run(configure())
    with Journal(made.path("labels.sqlite"), read_only=True) as journal:
        assert journal.labels()["segment_id"].tolist() == [1, 2, 3]
    assert not list(made.folder.glob("labels.2*.sqlite"))


def test_overwriting_makes_what_a_new_workspace_of_these_options_holds(made: Workspace, configure: Configure) -> None:
    words = ["graph.k=6", "segmenter=grid", "segmenter.n_segments=40", "gnn=none"]
    run(configure(*words, "overwrite=true"))
    other = run(configure(*words, workspace="new"))
    assert {name: each["key"] for name, each in made.manifest["stages"].items()} == {
        name: each["key"] for name, each in other.manifest["stages"].items()
    }
    assert made.intact() == other.intact()
    held = {path.name for path in made.folder.rglob("*") if path.is_file()}
    assert held - {"config.yaml", "manifest.json"} == {
        path.name for path in other.folder.rglob("*") if path.is_file()
    } - {"config.yaml", "manifest.json"}


def test_segments_do_not_change_under_the_hands_of_someone_who_labels(made: Workspace, configure: Configure) -> None:
    workspace = made
    segments = workspace.segments
    with Journal(workspace.path("labels.sqlite")) as journal:
        journal.define("water")
        journal.assign([1], "water")
        with pytest.raises(JournalLocked, match="is being labelled by"):
            run(configure("segmenter.n_segments=30", "overwrite=true"))
        assert workspace.segments.equals(segments)
        assert workspace.layers == LAYERS
        assert len(journal.labels()) == 1
    run(configure("segmenter.n_segments=30", "overwrite=true"))
    (kept,) = workspace.folder.glob("labels.*.sqlite")
    with Journal(kept) as journal:
        assert journal.labels()["segment_id"].tolist() == [1]


def test_an_interrupted_run_goes_on_where_it_was(
    finished: Workspace,
    configure: Configure,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    committed = StageCache.commit

    def interrupt(self: StageCache, stage: str, *rest: object) -> object:
        if stage == "memberships":
            raise KeyboardInterrupt
        return committed(self, stage, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(StageCache, "commit", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(configure())
    stopped = computed(capsys.readouterr().out)
    assert {"project", "encoder"} <= stopped
    resumed = run(configure())
    assert not computed(capsys.readouterr().out) & stopped
    assert sha256(finished.path("embeddings/gnn2.npy")) == sha256(resumed.path("embeddings/gnn2.npy"))


def test_a_trained_model_serves_another_scene(made: Workspace, configure: Configure) -> None:
    model, given = made, f"model.from={made.folder}"
    served = run(configure(given, "reader.seed=9", "encoder.width=8", "target.n_clusters=3", workspace="other"))
    assert served.config["encoder"]["width"] == 4, "the model's own options count"
    for name in ("metric", "encoder", "gnn", "join"):
        assert sha256(model.path("models", f"{name}.safetensors")) == sha256(
            served.path("models", f"{name}.safetensors")
        )
    assert sha256(model.path("targets.npz")) == sha256(served.path("targets.npz"))
    assert served.embedding("gnn2").shape[1] == model.embedding("gnn2").shape[1]
    assert not np.allclose(served.embedding("bands")[:50], model.embedding("bands")[:50])
    again = run(configure(given, workspace="again"))
    for layer in ("own", "surroundings", "gnn2", "own+gnn1"):
        np.testing.assert_allclose(again.embedding(layer), model.embedding(layer), atol=1e-6)


def test_a_model_of_other_bands_is_refused_by_name(made: Workspace, tmp_path: Path) -> None:
    scene = tmp_path / "six.tif"
    grid = {
        "width": 80,
        "height": 70,
        "count": 3,
        "crs": "EPSG:32630",
        "transform": rasterio.Affine(10, 0, 0, 0, -10, 0),
    }
    with rasterio.open(scene, "w", driver="GTiff", dtype="uint16", **grid) as file:
        file.write(np.random.default_rng(0).integers(1, 5000, (3, 70, 80), dtype=np.uint16))
        for index, name in enumerate(("B02", "B03", "B04"), 1):
            file.set_band_description(index, name)
    asked = composed(f"model.from={made.folder}", f"workspace={tmp_path / 'other'}", f"data.path={scene}")
    with pytest.raises(ModelMismatch, match=r"needs the bands B01, .*; six lacks B01, B05.*it has B02, B03, B04"):
        run(asked)


def test_a_model_that_is_no_workspace_is_refused(configure: Configure, tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="is not an rsgraph workspace"):
        run(configure(f"model.from={tmp_path}"))


def test_without_a_gnn_nothing_joins_own(configure: Configure) -> None:
    plan = planned(configure("gnn=none"))
    assert plan.layers == ("bands", "own", "surroundings", "target", "encoder")
    assert (plan.layer, plan.maps) == ("own", ("own", "surroundings"))
    workspace = run(configure("gnn=none"))
    assert workspace.layers == list(plan.layers)
    assert not {"join", "trained_maps"} & set(workspace.manifest["stages"])


def test_without_a_gnn_and_closed_forms_the_encoder_is_the_default_layer(configure: Configure) -> None:
    config = configure("gnn=none", "embedding.own=false", "metric=none")
    assert planned(config).layers == ("bands", "target", "encoder")
    assert planned(config).layer == "encoder"
    workspace = run(config)
    assert workspace.layers == ["bands", "target", "encoder"]


def test_an_unknown_layer_lists_those_that_are_made(configure: Configure) -> None:
    with pytest.raises(ConfigError, match=r"embedding\.layer 'gnn9' is not made by this run; choose one of: bands"):
        run(configure("embedding.layer=gnn9"))


def test_a_limit_below_one_is_refused(configure: Configure) -> None:
    with pytest.raises(NotUsable, match=r"data\.limit must be at least 1"):
        run(configure("data.limit=0"))


def test_every_component_of_the_middle_runs(configure: Configure) -> None:
    workspace = run(
        configure("target=kmeans", "segmenter=grid", "gnn=gat", "matcher=mean", "graph.edge_attributes=true")
    )
    assert workspace.path("edge_attributes.npy").is_file()
    assert workspace.embedding("gnn2").shape[1] == 64


def test_keys_depend_on_nothing_but_what_a_stage_uses(configure: Configure) -> None:
    first = keys(planned(configure()))
    second = keys(planned(configure("projector=umap", "trainer.threads=3")))
    assert {stage for stage in first if first[stage] != second[stage]} == {"project", "trained_maps", "pictures"}


def test_blocks_of_other_inputs_are_not_kept(tmp_path: Path) -> None:
    stages = stages_of(planned(composed()))
    stage = next(stage for stage in stages if stage.name == "encode")
    assert needed(stage, stages) == ["scene", "segments", "target", "encoder"]
    workspace, folders = Workspace(tmp_path / "w"), []
    for weights in ("1", "2", "2"):
        outputs = {name: {"outputs": {}} for name in needed(stage, stages)}
        outputs["encoder"]["outputs"]["models/encoder.safetensors"] = weights
        workspace.write_manifest({"stages": {**outputs, "graph": {"outputs": {"edges.npy": str(len(folders))}}}})
        folders.append(_kept(stage, stages, tmp_path / "work", workspace))
        folders[-1].mkdir(parents=True, exist_ok=True)
    first, second, third = folders
    assert second == third != first
    assert [path.name for path in (tmp_path / "work").iterdir()] == [second.name]
