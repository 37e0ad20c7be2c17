"""Rotation invariance: values by hand, and a representation that cannot know the orientation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rsgraph.errors import NotUsable
from rsgraph.evaluation.rotation import rotation_invariance


def test_rotation_invariance_by_hand() -> None:
    own = np.array([[0.9, 0.8, 0.7], [0.5, 0.9, 0.9], [1.0, 1.0, 1.0]])
    others = np.array([[9.0, 0.6, 0.2], [0.6, 9.0, 0.4], [0.2, 0.4, 9.0]])  # the diagonal plays no part
    found = rotation_invariance(own, others)
    assert found.own == pytest.approx(7.7 / 9)
    assert found.others == pytest.approx(0.4)
    assert found.rank1 == pytest.approx(2 / 3)  # one rotation of the second chip is less like it than the first chip
    assert found.margin == pytest.approx((7.7 / 9 - 0.4) / math.sqrt(0.08 / 3))


def test_rotation_invariance_of_mean_pixels_is_exact() -> None:
    rng = np.random.default_rng(0)
    chips = rng.integers(0, 256, (6, 4, 8, 8)).astype(np.float64)  # whole numbers: their sums are exact

    def cosine(one: np.ndarray, other: np.ndarray) -> float:
        a, b = one.mean((1, 2)), other.mean((1, 2))
        return float(a @ b / math.sqrt((a @ a) * (b @ b)))

    own = np.array([[cosine(chip, np.rot90(chip, k, (1, 2))) for k in (1, 2, 3)] for chip in chips])
    others = np.array([[cosine(one, other) for other in chips] for one in chips])
    found = rotation_invariance(own, others)
    assert (found.own, found.rank1) == (1.0, 1.0)
    assert found.margin > 0


def test_rotation_invariance_of_pixels_is_that_of_strangers() -> None:
    rng = np.random.default_rng(1)
    chips = rng.standard_normal((40, 400)).reshape(40, 20, 20)
    flat = chips.reshape(40, -1) / np.linalg.norm(chips.reshape(40, -1), axis=1, keepdims=True)
    rotated = np.stack([np.rot90(chips, k, (1, 2)).reshape(40, -1) for k in (1, 2, 3)], axis=1)
    rotated /= np.linalg.norm(rotated, axis=2, keepdims=True)
    found = rotation_invariance(np.einsum("pd,ptd->pt", flat, rotated), flat @ flat.T)
    assert abs(found.margin) < 0.3
    assert found.rank1 < 0.1


def test_rotation_invariance_without_spread() -> None:
    same = np.ones((3, 3))
    assert rotation_invariance(np.ones((3, 3)), same).margin == 0.0
    assert rotation_invariance(np.ones((3, 3)), same).rank1 == 0.0, "no chip stands out"
    assert rotation_invariance(np.full((3, 3), 2.0), same).margin == math.inf


@pytest.mark.parametrize(
    ("own", "others", "message"),
    [
        (np.ones((3, 3)), np.ones((2, 2)), r"`own` must have shape \(P, turns\) and `others` \(P, P\). Got \(3, 3\)"),
        (np.ones((3, 0)), np.ones((3, 3)), "must have shape"),
        (np.ones(3), np.ones((3, 3)), "must have shape"),
        (np.ones((1, 3)), np.ones((1, 1)), "at least two chips. Got 1"),
        (np.full((2, 3), np.nan), np.ones((2, 2)), "`own` must hold finite numbers"),
        (np.ones((2, 3)), np.array([[1, np.inf], [1, 1]]), "`others` must hold finite numbers"),
        (np.full((2, 3), "a"), np.ones((2, 2)), "`own` must hold finite numbers"),
    ],
)
def test_rotation_invariance_refuses(own: np.ndarray, others: np.ndarray, message: str) -> None:
    with pytest.raises(NotUsable, match=message):
        rotation_invariance(own, others)


def test_rotation_invariance_ignores_a_diagonal_that_is_no_number() -> None:
    others = np.array([[np.nan, 0.1, 0.3], [0.1, np.nan, 0.2], [0.3, 0.2, np.nan]])
    assert rotation_invariance(np.ones((3, 3)), others).rank1 == 1.0
