"""A whole run with stitched segments: means over all their pixels, graphs across seams, exports whole."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from rsgraph.components import build
from rsgraph.errors import ConfigError
from rsgraph.files import read_arrays
from rsgraph.graphs.adjacency import adjacency_edges
from rsgraph.graphs.features import segment_means
from rsgraph.io.chip_blocks import ChipBlock
from rsgraph.protocols import Arrays
from rsgraph.run.runner import run
from rsgraph.run.scenes import Reopened
from rsgraph.segmenters.grid import Grid
from rsgraph.segmenters.levels import Level
from rsgraph.stages.memberships import membership_maps
from rsgraph.stages.scene import scene
from rsgraph.stages.stitched import _AddBands, _levels, stitched_segments, whole_means
from rsgraph.types import Chip, Window
from rsgraph.workspace import Workspace
from tests.exporters.workspaces import leaving
from tests.run.several import several, write_scene
from tests.small_runs import TINY, composed
from tests.stages.squares import context, squares

WORDS = [word for word in TINY if not word.startswith("graph")]
FAST = ("gnn=none", "training.encoder.max_epochs=1", "segmenter.seams=stitch")
UNTRAINED = [word for word in TINY if not word.startswith(("encoder", "training", "matcher"))]


@pytest.fixture(scope="module")
def stitched(tmp_path_factory: pytest.TempPathFactory) -> Reopened:
    folder = tmp_path_factory.mktemp("stitched")
    return Reopened(run(composed(*WORDS, *FAST, "graph=adjacency", f"workspace={folder / 'w'}")).folder)


def ids_of(workspace: Workspace, scene: str | None = None) -> NDArray[np.int32]:
    with rasterio.open(workspace.segment_file(scene)) as file:
        return np.asarray(file.read(1), dtype=np.int32)


def test_table_says_what_the_raster_holds(stitched: Reopened) -> None:
    ids, table = ids_of(stitched), stitched.segments
    assert table["segment_id"].tolist() == list(range(1, len(table) + 1))
    np.testing.assert_array_equal(table["area_px"], np.bincount(ids.ravel(), minlength=len(table) + 1)[1:])
    assert table["chip_id"].is_monotonic_increasing
    assert sorted(set(table["chip_id"])) == stitched.chips["chip_id"].tolist()
    chips = stitched.chips.set_index("chip_id").loc[table["chip_id"]].reset_index()
    beyond = (table["row"] < chips["row_offset"] - 0.5) | (table["column"] < chips["column_offset"] - 0.5)
    assert beyond.mean() < 0.1  # centroids lie in their chip, save where a seam was flooded
    inside = ids[:64, :64]
    assert set(np.unique(inside)) > set(table.loc[table["chip_id"] == 0, "segment_id"]) & set(np.unique(inside))


def test_means_are_over_all_pixels_of_a_segment(stitched: Reopened) -> None:
    scene = stitched.opened()[0]
    raster, ids = scene.source.read(scene.window), ids_of(stitched)
    expected = segment_means(raster.values, ids, len(stitched.segments))
    np.testing.assert_allclose(stitched.embedding("bands"), expected, rtol=1e-6, atol=1e-7)
    labeller = build("target", **stitched.config["target"])
    maps = membership_maps(labeller, read_arrays(stitched.path("targets.npz")), raster.values, raster.valid)
    expected = segment_means(maps, ids, len(stitched.segments))
    np.testing.assert_allclose(stitched.embedding("target"), expected, atol=1e-5)
    assert np.isfinite(stitched.embedding("encoder")).all()
    assert len(stitched.embedding("encoder")) == len(stitched.segments)


def test_graph_connects_all_touching_segments(stitched: Reopened) -> None:
    np.testing.assert_array_equal(stitched.edges, adjacency_edges(ids_of(stitched)))


def test_exported_polygons_cover_whole_segments(stitched: Reopened, tmp_path: Path) -> None:
    build("exporter", name="geopackage").export(leaving(stitched), tmp_path)
    found = gpd.read_file(next(tmp_path.glob("**/*.gpkg")), layer="segments").sort_values("segment_id")
    np.testing.assert_allclose(found.geometry.area / 100, stitched.segments["area_px"])  # pixels of 10 m


def test_interrupted_stage_is_resumed_and_gives_the_same(
    stitched: Reopened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = stitched.folder.parent / ".rsgraph-cache"
    shutil.copytree(cache, tmp_path / ".rsgraph-cache", ignore=shutil.ignore_patterns("segments"))
    config = composed(*WORDS, *FAST, "graph=adjacency", f"workspace={tmp_path / 'w'}")
    add_bands, added = _AddBands.__call__, []

    def stopping(self: _AddBands, block: ChipBlock) -> Arrays:
        added.append(block.chips[0].chip_id)
        if len(added) == 6:
            raise KeyboardInterrupt
        return add_bands(self, block)

    with monkeypatch.context() as patched:
        patched.setattr(_AddBands, "__call__", stopping)
        with pytest.raises(KeyboardInterrupt):
            run(config)
        again = run(config)
    assert added.count(0) == 1
    assert again.manifest["stages"]["segments"]["facts"]["resumed_blocks"] > len(again.chips)  # of all phases
    np.testing.assert_array_equal(ids_of(again), ids_of(stitched))
    np.testing.assert_array_equal(again.embedding("bands"), stitched.embedding("bands"))


def test_scenes_are_stitched_each_by_itself_and_more_can_be_added(tmp_path: Path) -> None:
    scenes = [write_scene(tmp_path / "a.tif", 100, 130), write_scene(tmp_path / "b.tif", 70, 130)]
    one = run(several(scenes[:1], tmp_path / "one" / "w", *FAST, "matcher=hungarian_nearest", "matcher.k=2"))
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    both = run(several(scenes, tmp_path / "two" / "w", *FAST, "matcher=hungarian_nearest", "matcher.k=2"))
    np.testing.assert_array_equal(ids_of(one, "a"), ids_of(both, "a"))
    n = len(one.segments)
    for layer in ("bands", "target", "encoder"):
        np.testing.assert_array_equal(one.embedding(layer), both.embedding(layer)[:n])
    np.testing.assert_array_equal(one.edges, both.edges[:, : one.edges.shape[1]])
    assert both.edges[:, one.edges.shape[1] :].min() == n
    assert ids_of(both, "b").min() == n + 1
    assert ids_of(both, "b").max() == len(both.segments)


def test_one_chip_gives_what_it_gives_without_stitching(tmp_path: Path) -> None:
    small = (*UNTRAINED, "encoder=bands", "gnn=none", "matcher=mean", "reader.rows=64", "reader.columns=48")
    single = run(composed(*small, f"workspace={tmp_path / 'chip'}"))
    same = run(composed(*small, "segmenter.seams=stitch", f"workspace={tmp_path / 'stitch'}"))
    np.testing.assert_array_equal(ids_of(single), ids_of(same))


def test_levels_of_the_survey_are_those_that_are_measured_where_it_kept_none(tmp_path: Path) -> None:
    scenes = [squares("a"), squares("b")]
    made = context(tmp_path, scenes=scenes)
    scene(made)
    kept = _levels(made, made.opened.chips)
    (tmp_path / "levels.npz").unlink()
    for one, other in zip(kept, _levels(made, made.opened.chips), strict=True):
        for name in Level._fields:
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


class Anyhow(Grid):
    """Says nothing of how many segments a chip has."""

    n_segments = 0

    def __init__(self) -> None:
        """Take no options."""


def test_stitching_needs_to_know_how_many_segments_a_chip_has(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"segmenter=grid stitches segments, so it must say how many a chip has"):
        stitched_segments(context(tmp_path), Anyhow())


def test_means_are_given_as_soon_as_they_are_whole_whatever_the_blocks() -> None:
    generator = np.random.default_rng(0)
    chips = [Chip(n, n // 6, Window(n % 6 // 2 * 10, n % 2 * 10, 10, 10), "train") for n in range(12)]
    rows = [range(5 * n, 5 * n + 5) for n in range(12)]
    pixels = []
    for n in range(12):  # chips reach into those of the rows above and below
        first, last = (5 * (n // 6 * 6 + 2 * row) for row in (max(0, n % 6 // 2 - 1), min(3, n % 6 // 2 + 2)))
        pixels.append(np.unique(generator.integers(first, last, 30)))
    pixels = [np.union1d(each, rows[n]) for n, each in enumerate(pixels)]
    values = [generator.random((len(each), 3)) for each in pixels]
    sums, counts = np.zeros((60, 3)), np.zeros(60)
    for each, value in zip(pixels, values, strict=True):
        sums[each] += value
        counts[each] += 1
    for size in (1, 2, 4, 12):
        starts = range(0, 12, size)
        blocks = [ChipBlock(tuple(chips[s : s + size]), {}, tuple(rows[s : s + size])) for s in starts]
        found = []
        for start in starts:
            all_rows = np.unique(np.concatenate(pixels[start : start + size]))
            block_sums, block_counts = np.zeros((60, 3)), np.zeros(60, dtype=np.int64)
            for number in range(start, start + size):
                block_sums[pixels[number]] += values[number]
                block_counts[pixels[number]] += 1
            found.append({"rows": all_rows, "sums": block_sums[all_rows], "counts": block_counts[all_rows]})
        means = [each["vectors"] for each in whole_means(blocks, found)]
        np.testing.assert_allclose(np.concatenate(means), sums / counts[:, None], rtol=1e-6)
        if size == 1:
            assert len(means[0]) == 0  # its segments may reach into the next chips
            assert sum(len(each) for each in means[:6]) == 30  # a scene is whole when its last chip is


class Counted(list[Any]):
    """Counts how often its items are looked at."""

    looks = 0

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        self.looks += len(found) if isinstance(index, slice) else 1
        return found


def test_blocks_are_complete_without_looking_at_all_that_were_before() -> None:
    n = 100
    chips = [Chip(row, 0, Window(10 * row, 0, 10, 10), "train") for row in range(n)]
    blocks = Counted([ChipBlock((chip,), {}, (range(chip.chip_id, chip.chip_id + 1),)) for chip in chips])
    found = ({"rows": np.array([row]), "sums": np.ones((1, 2)), "counts": np.ones(1, int)} for row in range(n))
    assert [len(each["vectors"]) for each in whole_means(blocks, found)] == [0, *[1] * (n - 2), 2]
    assert blocks.looks < 6 * n
