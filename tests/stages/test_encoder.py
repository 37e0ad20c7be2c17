"""The blocks of the learning stages: samples counted through the chips, edges in their order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsgraph.blocks import ResumableBlocks, Threads
from rsgraph.io.chips import cut
from rsgraph.run.scenes import keep_chips
from rsgraph.stages.context import Context, Opened
from rsgraph.stages.gnn import edge_places
from rsgraph.stages.scene import scene
from rsgraph.stages.target import sample_pixels
from rsgraph.types import Floats, Raster, Scene, Window
from rsgraph.workspace import Workspace
from tests.small_runs import composed, planned


class Holes:
    """A source of which every seventh pixel, and the whole second chip, hold no data."""

    def __init__(self, values: Floats) -> None:
        self.values = values
        self.valid = (np.arange(values[0].size) % 7 > 0).reshape(values[0].shape)
        self.valid[:16, 16:32] = False

    def read(self, window: Window) -> Raster:
        part = (slice(window.row, window.row + window.rows), slice(window.column, window.column + window.columns))
        valid = self.valid[part]
        return Raster(np.where(valid, self.values[:, *part], 0).astype(np.float32), valid)


@pytest.mark.parametrize("workers", [1, 2])
def test_samples_are_counted_through_the_chips(tmp_path: Path, workers: int) -> None:
    source = Holes(np.random.default_rng(0).random((3, 40, 70), dtype=np.float32))
    whole = Scene("holes", ("a", "b", "c"), 40, 70, source)
    opened = Opened([whole], cut([whole], size=16), 16)
    workspace, plan = Workspace(tmp_path), planned(composed())
    blocks = ResumableBlocks(Threads(workers))

    def context(opened: Opened) -> Context:
        return Context(plan, opened, workspace, tmp_path, tmp_path, lambda *_: None, lambda *_: None, blocks)

    scene(context(opened))
    kept = keep_chips(opened, workspace)
    drawn, step = sample_pixels(context(kept), n_clusters=1, every=11)
    rasters = [source.read(chip.window) for chip in kept.chips]
    pixels = np.concatenate([raster.values[:, raster.valid].T for raster in rasters])
    assert step == 10, "200 per cluster"
    np.testing.assert_array_equal(drawn, pixels[::step])


def test_edge_places_are_where_the_edges_of_each_chip_begin(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sizes = [5, 0, 1, 30, 2, 0, 8]
    starts = np.cumsum([0, *sizes])
    counts = [9, 0, 0, 200, 1, 0, 17]
    receivers = [
        rng.integers(first, first + size, count) if size else np.zeros(0, dtype=np.int64)
        for first, size, count in zip(starts, sizes, counts, strict=False)
    ]
    np.save(tmp_path / "edges.npy", np.stack([np.concatenate(receivers)] * 2).astype(np.int64))
    assert edge_places(Workspace(tmp_path), starts.tolist()) == np.cumsum([0, *counts]).tolist()
