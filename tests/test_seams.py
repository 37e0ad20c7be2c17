"""The benchmark of seams finds the grid of chips, seams that were moved, and lines that are neither."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.benchmarks import seams
from rsgraph.io.synthetic.reader import Synthetic

SIDE = 2 * seams.SIZE


def strips(every: int, first: int = 0) -> seams.Ids:
    """Return ids of upright strips, one of whose borders is before column ``first``."""
    columns = (np.arange(SIDE) - first) // every
    return np.broadcast_to(columns, (SIDE, SIDE)) + 1


def test_segments_that_know_nothing_of_chips_have_visibility_one() -> None:
    ids = np.random.default_rng(0).integers(1, 9, (SIDE, SIDE))
    assert seams.visibility(ids) == pytest.approx((1, 1, 1), abs=0.05)


def test_borders_of_chips_are_seen_and_are_not_inside() -> None:
    ids = np.random.default_rng(0).integers(1, 3, (SIDE, SIDE))
    ids[:, seams.SIZE :] += 10
    found = seams.visibility(ids)
    assert (found.grid, found.line) == pytest.approx(
        (1.5, 1.5), abs=0.05
    )  # one in two differs, and all across one border
    assert found.inside < 1.1


def test_lines_within_every_chip_count_as_lines_only() -> None:
    ids = strips(seams.SIZE, first=100) * 10 + np.random.default_rng(0).integers(1, 3, (SIDE, SIDE))
    found = seams.visibility(ids)
    assert found.grid == pytest.approx(1, abs=0.05)
    assert found.line == found.inside == pytest.approx(1.5, abs=0.05)


def test_whole_is_the_scene_as_one_chip_with_the_segments_of_its_size() -> None:
    scene = Synthetic(rows=300, columns=300).open(None)[0]
    ids = seams.whole(scene, "watershed")
    assert ids.shape == (300, 300)
    assert 0.5 * seams.N < ids.max() * (seams.SIZE / 300) ** 2 < 1.5 * seams.N
