"""The stage target: samples are counted through the chips, and the classes are their clusters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsgraph.blocks import ResumableBlocks, Threads
from rsgraph.files import read_arrays, read_json
from rsgraph.io.chips import cut
from rsgraph.run.scenes import keep_chips
from rsgraph.stages.context import Context, Opened
from rsgraph.stages.scene import scene
from rsgraph.stages.target import sample_pixels, sampling_step, target
from rsgraph.types import Floats, Raster, Scene, Window
from rsgraph.workspace import Workspace
from tests.small_runs import composed, planned
from tests.stages.squares import segmented


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


def test_target_writes_the_centres_of_the_classes(tmp_path: Path) -> None:
    given = segmented(tmp_path)
    facts = target(given)
    assert (facts["sampled_pixels"], facts["sampled_every"]) == (512, 1)
    assert "learn from one pixel in 1, not one in" in facts["notes"][0]
    centres = read_arrays(tmp_path / "targets.npz")["centres"]
    np.testing.assert_allclose(sorted(centres.tolist()), np.array([[2.5, 6.5], [6.5, 2.5]]) / 16, atol=1e-6)
    assert read_json(tmp_path / "models" / "target.json")["component"]["name"] == "kmeans"


def test_target_that_samples_as_it_was_asked_to_says_nothing(tmp_path: Path) -> None:
    facts = target(segmented(tmp_path, "target.sample_every=1"))
    assert facts == {"sampled_pixels": 512, "sampled_every": 1, "notes": []}


@pytest.mark.parametrize(
    ("valid", "most", "step"),
    [(120_000_000, None, 56), (120_000_000, 100_000, 1200), (1_000_000, 100_000, 56), (20_000, 100_000, 12)],
)
def test_sampling_is_thinner_for_large_scenes_and_denser_for_small_ones(
    valid: int, most: int | None, step: int
) -> None:
    assert sampling_step(valid, 56, fewest=1600, most=most) == step


def test_a_small_budget_still_leaves_enough_pixels_for_the_classes() -> None:
    assert sampling_step(1_000_000, 56, fewest=1600, most=200) == 625
