"""The stage memberships: means over segments of what each pixel belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from rsgraph.components import build
from rsgraph.files import read_arrays
from rsgraph.stages.memberships import mean_maps, membership_maps, memberships
from rsgraph.stages.segment_files import blocks_with_rows
from rsgraph.stages.target import target
from rsgraph.types import Chip, Floats
from tests.stages.squares import COLOURS, IDS, segmented


def test_memberships_of_squares_are_those_of_their_colours(tmp_path: Path) -> None:
    given = segmented(tmp_path)
    target(given)
    assert memberships(given) == {"strongest": [4, 4]}
    found = np.load(tmp_path / "embeddings" / "target.npy")
    expected = build("target", name="kmeans", n_clusters=2).predict(COLOURS, read_arrays(tmp_path / "targets.npz"))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert set(found[:4].argmax(axis=1)) != set(found[4:].argmax(axis=1)), "each chip has a class of its own"


def test_mean_maps_are_the_means_of_scipy(tmp_path: Path) -> None:
    given = segmented(tmp_path)
    maps = np.random.default_rng(0).random((3, 16, 32)).astype(np.float32)

    def of_chip(chip: Chip) -> Floats:
        return maps[:, :, chip.window.column : chip.window.column + 16]

    found = [mean_maps(given.workspace, block, of_chip)["vectors"] for block in blocks_with_rows(given)]
    expected = np.stack([ndimage.mean(each, IDS, np.arange(1, 9)) for each in maps], axis=1)
    np.testing.assert_allclose(np.concatenate(found), expected, rtol=1e-6)


class FirstBand:
    """Belongs to the first class as much as the first band is bright."""

    def predict(self, pixels: Floats, model: Any) -> Floats:
        return np.stack([pixels[:, 0], 1 - pixels[:, 0]], axis=1)


def test_membership_maps_are_zero_where_there_are_no_data() -> None:
    values = np.array([[[0.25, 0.5], [0.75, 0.9]], [[7, 7], [7, 7]]], np.float32)
    valid = np.array([[True, True], [True, False]])
    found = membership_maps(FirstBand(), {}, values, valid)
    np.testing.assert_array_equal(found, [[[0.25, 0.5], [0.75, 0]], [[0.75, 0.5], [0.25, 0]]])
