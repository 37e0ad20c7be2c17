from __future__ import annotations

import numpy as np
import pytest

from rsgraph.matchers.hungarian import Hungarian
from rsgraph.matchers.neighbours import unit_rows
from rsgraph.matchers.signatures import Axes, upper_bounds
from rsgraph.types import Floats


def places(seed: int, sizes: list[int], features: int) -> list[Floats]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(4, features))
    mixed = [
        centres[rng.choice(4, n, p=rng.dirichlet(np.ones(4)))] + 0.3 * rng.normal(size=(n, features)) for n in sizes
    ]
    return [unit_rows(chip.astype(np.float32)) for chip in mixed]


@pytest.mark.parametrize("features", [1, 3, 40])
@pytest.mark.parametrize("sizes", [[30] * 12, [1, 2, 5, 9, 20, 33, 60, 61, 62, 100, 3, 40]])
def test_upper_bounds_are_never_below_the_similarity(features: int, sizes: list[int]) -> None:
    chips = places(features, sizes, features)
    counts = np.array(sizes)
    axes = Axes.of(np.concatenate(chips), max(sizes))
    signatures = np.stack([axes.signature(chip) for chip in chips])
    bounds = upper_bounds(signatures, counts, signatures, counts)
    matrix = Hungarian().match(chips).matrix
    assert matrix is not None
    off = ~np.eye(len(sizes), dtype=bool)
    assert (bounds - matrix)[off].min() >= 0


def test_upper_bounds_are_close_for_equal_sizes_on_one_axis() -> None:
    signs = [np.ones((40, 1)), np.concatenate([np.ones((25, 1)), -np.ones((15, 1))])]
    chips = [unit_rows(chip.astype(np.float32)) for chip in signs]
    axes = Axes.of(np.concatenate(chips), 40)
    signatures, counts = np.stack([axes.signature(chip) for chip in chips]), np.array([40, 40])
    assert upper_bounds(signatures, counts, signatures, counts)[0, 1] == pytest.approx(10 / 40, abs=1e-5)


def test_upper_bounds_of_chips_without_nodes_and_of_zeros_are_zero() -> None:
    axes = Axes.of(np.eye(3, dtype=np.float32), 3)
    chips = [np.zeros((0, 3), np.float32), np.zeros((2, 3), np.float32), np.eye(3, dtype=np.float32)]
    signatures = np.stack([axes.signature(chip) for chip in chips])
    counts = np.array([0, 2, 3])
    bounds = upper_bounds(signatures, counts, signatures, counts)
    np.testing.assert_allclose(bounds[0], 0, atol=1e-5)
    np.testing.assert_allclose(bounds[1], 0, atol=1e-5)
