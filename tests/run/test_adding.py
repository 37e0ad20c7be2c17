"""Scenes are added to a finished workspace: what is there stays, only what is new is computed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from rsgraph.blocks import ResumableBlocks
from rsgraph.cache import StageCache
from rsgraph.components import build
from rsgraph.config import Typed
from rsgraph.errors import ModelMismatch, WorkspaceMismatch
from rsgraph.io.chip_blocks import ChipBlock
from rsgraph.journal.journal import journal_of
from rsgraph.options import read_options
from rsgraph.run.adding import added, describe_addition, known_outputs
from rsgraph.run.record import read_record
from rsgraph.run.runner import run
from rsgraph.run.scenes import Held, Reopened, held_first, open_scenes
from rsgraph.stages.plan import CLOSED_FORM, JOINT, Addition, GivenModel
from rsgraph.workspace import Workspace
from tests.io.rasters import write_tiff
from tests.run.several import several, write_scene
from tests.small_runs import composed, planned

FAST = (
    "training.encoder.max_epochs=1",
    "training.gnn.max_epochs=1",
    "matcher=hungarian_nearest",
    "matcher.k=4",
    "graph.edge_attributes=true",
)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("scenes")
    return [
        write_scene(folder / "a.tif", 100, 130),
        write_scene(folder / "b.tif", 64, 80, crs="EPSG:32631", metres=20, turned=True),
        write_scene(folder / "c.tif", 64, 64),
    ]


@pytest.fixture(scope="module", params=["chip", "stitch"])
def of_one(scenes: list[Path], tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Workspace:
    """A finished workspace of the first scene, with labels, of segments of either kind. Tests copy it."""
    folder = tmp_path_factory.mktemp("one")
    workspace = run(several(scenes[:1], folder / "w", *FAST, f"segmenter.seams={request.param}"))
    with journal_of(workspace) as journal:
        journal.define("water", colour="#2060c0")
        journal.assign(workspace.segments["segment_id"].to_numpy()[::3], "water", origin="human")
    return workspace


@pytest.fixture
def one(of_one: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(of_one.folder.parent, tmp_path / "one")
    return Workspace(tmp_path / "one" / "w")


def seams_of(workspace: Workspace) -> str:
    return f"segmenter.seams={workspace.config['segmenter']['seams']}"


def grow(scenes: list[Path], workspace: Workspace, *options: str) -> Workspace:
    return run(several(scenes, workspace.folder, *FAST, seams_of(workspace), *options))


def same_beginning(before: Workspace, after: Workspace) -> None:
    """Ids, tables, rasters, vectors, edges and labels of the first scene are as they were."""
    table, whole = before.segments.drop(columns=["x", "y"]), after.segments
    assert table.equals(whole.iloc[: len(table)][table.columns])
    assert before.chips["split"].tolist() == after.chips["split"].tolist()[: len(before.chips)]
    for layer in before.layers:
        made = after.embedding(layer)[: len(table)]
        if layer in CLOSED_FORM or JOINT in layer:  # made of all segments: sums may be rounded otherwise
            np.testing.assert_allclose(before.embedding(layer), made, rtol=1e-5, atol=1e-6)
        else:
            np.testing.assert_array_equal(before.embedding(layer), made)
    np.testing.assert_array_equal(before.edges, after.edges[:, : before.edges.shape[1]])
    with rasterio.open(before.segment_file("a")) as old, rasterio.open(after.segment_file("a")) as new:
        np.testing.assert_array_equal(old.read(1), new.read(1))
    with journal_of(before, read_only=True) as old_labels, journal_of(after, read_only=True) as new_labels:
        assert old_labels.labels().equals(new_labels.labels())
        assert len(new_labels.labels()) > 5


def same(one: Workspace, other: Workspace) -> None:
    assert one.segments.equals(other.segments)
    assert one.chips.equals(other.chips)
    for layer in one.layers:
        np.testing.assert_allclose(one.embedding(layer), other.embedding(layer), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(one.edges, other.edges)
    np.testing.assert_array_equal(one.similarity.indices, other.similarity.indices)
    np.testing.assert_allclose(one.similarity.similarities, other.similarity.similarities, atol=1e-6)


def test_adding_a_scene_keeps_what_is_there_and_computes_what_is_new(
    of_one: Workspace, one: Workspace, scenes: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: dict[str, set[int]] = {}
    plain = ResumableBlocks.map

    def watched(self: ResumableBlocks, name: str, task: Any, items: Any, progress: Any = None) -> Iterator[Any]:
        for item in items:
            block = getattr(item, "block", item)  # a piece to be stitched has more around it
            if isinstance(block, ChipBlock):
                computed.setdefault(name.partition("-")[0], set()).update(block.scenes)
        return plain(self, name, task, items, progress)

    monkeypatch.setattr(ResumableBlocks, "map", watched)
    after = grow(scenes[:2], one)
    assert computed.pop("survey") == {0, 1}
    assert computed.pop("touching") == {0, 1}, "pairs of rows, which are found in no time"
    cut = ("pieces", "bands") if after.segment_overlap else ("segments",)
    assert computed == {name: {1} for name in (*cut, "memberships", "encode", "graph", "layers")}
    same_beginning(of_one, after)
    assert set(after.segments["scene_id"]) == {"a", "b"}
    assert not after.path("segments.tif").exists()
    addition = Reopened(after.folder).plan.addition
    assert addition is not None
    assert (addition.scenes, addition.trained_on) == (("a",), ("a",))
    assert len(Reopened(after.folder).opened()) == 2
    options = (*FAST, seams_of(of_one), f"model.from={of_one.folder}")
    fresh = run(several(scenes[:2], tmp_path / "fresh" / "w", *options))
    same(after, fresh)
    with rasterio.open(after.segment_file("b")) as added, rasterio.open(fresh.segment_file("b")) as made:
        np.testing.assert_array_equal(added.read(1), made.read(1))


def test_layers_of_old_segments_stay_as_the_metric_is_taken_over(
    of_one: Workspace, one: Workspace, scenes: list[Path]
) -> None:
    after = grow(scenes[:2], one)
    for model in ("metric.safetensors", "join.safetensors"):
        assert after.path("models", model).read_bytes() == of_one.path("models", model).read_bytes()
    n = len(of_one.segments)
    for layer in ("own", "surroundings", "own+gnn1"):
        assert len(after.embedding(layer)) > n
        np.testing.assert_allclose(after.embedding(layer)[:n], of_one.embedding(layer), rtol=1e-5, atol=1e-6)


def test_a_metric_that_was_fitted_beside_a_given_model_stays_with_it(scenes: list[Path], tmp_path: Path) -> None:
    model = run(several(scenes[2:], tmp_path / "model" / "w", *FAST, "embedding.own=false"))
    given = (*FAST, f"model.from={model.folder}")
    one = run(several(scenes[:1], tmp_path / "one" / "w", *given))
    own, metric = np.array(one.embedding("own")), one.path("models/metric.safetensors").read_bytes()
    assert not model.path("models/metric.safetensors").exists()
    for count in (2, 2, 3):
        after = run(several(scenes[:count], one.folder, *given))
        assert after.path("models/metric.safetensors").read_bytes() == metric
        np.testing.assert_allclose(after.embedding("own")[: len(own)], own, rtol=1e-5, atol=1e-6)
        assert len(after.scenes) == count


def test_adding_scenes_again_keeps_the_first_model(of_one: Workspace, one: Workspace, scenes: list[Path]) -> None:
    grow(scenes[:2], one)
    after = grow(scenes, one)
    same_beginning(of_one, after)
    assert set(after.segments["scene_id"]) == {"a", "b", "c"}
    addition = Reopened(after.folder).plan.addition
    assert addition is not None
    assert (addition.scenes, addition.trained_on) == (("a", "b"), ("a",))
    weights = "models/encoder.safetensors"
    assert after.path(weights).read_bytes() == of_one.path(weights).read_bytes()


def test_adding_a_scene_goes_on_after_an_interrupt_and_without_the_old_cache(
    of_one: Workspace, one: Workspace, scenes: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(one.folder.parent / ".rsgraph-cache")
    committed = StageCache.commit

    def interrupt(self: StageCache, stage: str, key: str, *rest: Any) -> Any:
        if stage == "graph" and key != of_one.manifest["stages"]["graph"]["key"]:
            raise KeyboardInterrupt
        return committed(self, stage, key, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(StageCache, "commit", interrupt)
        with pytest.raises(KeyboardInterrupt):
            grow(scenes[:2], one)
    same_beginning(of_one, grow(scenes[:2], one))


def test_scenes_are_added_in_whatever_order_they_are_given(
    of_one: Workspace, one: Workspace, scenes: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    after = grow(scenes[1::-1], one)
    same_beginning(of_one, after)
    assert [scene.name for scene in after.scenes] == ["a", "b"]
    assert [scene.name for scene in Reopened(after.folder).opened()] == ["a", "b"]
    capsys.readouterr()
    grow(scenes[:2], one)
    assert "is up to date" in capsys.readouterr().out


def test_scenes_of_one_name_are_distinguished_by_their_files() -> None:
    (scene,) = build("reader", name="synthetic", rows=64, columns=64).open(None)
    given = [replace(scene, name=name, files=(Path(f"/{name}.tif"),)) for name in ("t", "t_1", "u")]
    held = [Held("t", ("/t_1.tif",), scene.bands)]
    found = held_first(given, held)
    assert [(each.name, each.files[0].name) for each in found] == [
        ("t", "t_1.tif"),
        ("t_1", "t.tif"),
        ("u", "u.tif"),
    ]
    moved = held_first(given, [Held("u", ("/elsewhere/u.tif",), scene.bands[::-1])])
    assert [each.name for each in moved] == ["u", "t", "t_1"]
    assert {each.bands for each in moved} == {scene.bands[::-1]}
    assert held_first(given, [Held("gone", (), scene.bands)]) == given


def test_adding_a_scene_goes_on_after_an_interrupt_right_at_its_beginning(
    of_one: Workspace, one: Workspace, scenes: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    forget = Workspace.forget

    def interrupted(self: Workspace, stages: Any) -> None:
        forget(self, stages)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Workspace, "forget", interrupted)
        with pytest.raises(KeyboardInterrupt):
            grow(scenes[1::-1], one)
    same_beginning(of_one, grow(scenes[1::-1], one))


def test_the_workspace_that_gave_the_model_is_named(one: Workspace, scenes: list[Path]) -> None:
    record = read_record(one)
    assert record is not None
    given = replace(record, model=GivenModel("/models/coast", "of the coast", one.scene.bands))
    options = read_options(several(scenes[:2], one.folder, *FAST, seams_of(one)))
    opened = open_scenes(options)
    model, addition = added(None, one, given, opened, "of both", one.folder / "memo.json")
    assert addition is not None
    found = describe_addition(addition, model, len(opened))
    assert "encoder and GNN are still those of /models/coast (overwrite=true" in found


def test_a_scene_is_not_added_whose_bands_are_only_assumed(
    one: Workspace, scenes: list[Path], tmp_path: Path
) -> None:
    with rasterio.open(scenes[2]) as source:
        path = write_tiff(tmp_path / "plain.tif", source.read(), nodata=0)
    with pytest.raises(ModelMismatch, match=r"those of plain Sentinel-2's bands in ESA's order: .*overwrite=true"):
        grow([scenes[0], path], one)


def test_adding_a_scene_is_refused_where_more_differs(one: Workspace, scenes: list[Path]) -> None:
    with pytest.raises(WorkspaceMismatch, match=r"was made otherwise: graph\.k \(4 there, 5 now\)\."):
        grow(scenes[:2], one, "graph.k=5")
    with pytest.raises(WorkspaceMismatch, match=r"was made otherwise: the scene "):
        grow(scenes[1:], one)
    one.forget(["pictures", "project"])
    with pytest.raises(
        WorkspaceMismatch, match=r"can only be added to a finished workspace; .* lacks project, pictures"
    ):
        grow(scenes[:2], one)


@pytest.mark.parametrize("seams", ["chip", "stitch"])
def test_old_squares_of_another_size_are_encoded_again(scenes: list[Path], tmp_path: Path, seams: str) -> None:
    small = [write_scene(tmp_path / "a.tif", 40, 48), scenes[1]]
    options = (*FAST, f"segmenter.seams={seams}", f"cache.path={tmp_path / 'cache'}")
    one = run(several(small[:1], tmp_path / "one", *options))
    shutil.copytree(one.folder, tmp_path / "model")
    after = grow(small, one, options[-1])
    fresh = run(several(small, tmp_path / "fresh" / "w", *options[:-1], f"model.from={tmp_path / 'model'}"))
    same(after, fresh)


def test_what_is_measured_of_other_segments_is_not_known(one: Workspace) -> None:
    cache = StageCache(one.folder.parent / ".rsgraph-cache")
    stages = {name: each["key"] for name, each in one.manifest["stages"].items()}
    plan = planned(composed())
    added_to = replace(plan, addition=Addition(("a",), ((),), ("a",), "a", None, stages))
    record = cache.find("segments", stages["segments"])
    assert record is not None
    asked = ("segments", "encode", "match")

    def known(now: dict[str, str]) -> list[str]:
        one.write_manifest({"stages": {"segments": {"outputs": now}}})
        return [name for name in asked if known_outputs(added_to, name, cache, 64, one)]

    assert known({"segments/a.tif": record.outputs["segments.tif"], "segments/b.tif": "0"}) == [*asked]
    assert known({"segments/a.tif": "0"}) == ["segments"]
    assert known({}) == ["segments"]
    assert known_outputs(plan, "segments", cache, 64, one) is None


def test_scenes_added_twice_go_on_after_an_interruption_and_a_move(
    of_one: Workspace, one: Workspace, scenes: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def again(workspace: Workspace) -> Workspace:
        config = several(scenes, workspace.folder, *FAST, seams_of(workspace))
        return run(config, typed=Typed(["data.path", "workspace"]))

    grow(scenes[:2], one)
    committed = StageCache.commit

    def interrupt(self: StageCache, stage: str, *rest: Any) -> Any:
        if stage == "encoder":
            raise KeyboardInterrupt
        return committed(self, stage, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(StageCache, "commit", interrupt)
        with pytest.raises(KeyboardInterrupt):
            again(one)
    after = again(one)
    same_beginning(of_one, after)
    moved = Workspace(shutil.move(after.folder, after.folder.with_name("moved")))
    assert again(moved).layers == of_one.layers
