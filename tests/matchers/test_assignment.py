from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from rsgraph.matchers.assignment import RESOLUTION, assign
from rsgraph.matchers.neighbours import unit_rows
from rsgraph.types import Floats


def cosines(seed: int) -> Floats:
    """Cosines of one of six kinds: plain, unequal, ties, duplicates, zeros, nearly identical nodes."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(1, 40)), int(rng.integers(1, 6))
    m = n if seed % 6 == 0 else n + int(rng.integers(0, 14))
    a, b = rng.normal(size=(n, d)), rng.normal(size=(m, d))
    if seed % 6 == 2:
        a, b = np.round(a), np.round(b)
    elif seed % 6 == 3:
        a[1:], b[m // 2 :] = a[0], b[0]
    elif seed % 6 == 4:
        a[rng.random(n) < 0.4], b[rng.random(m) < 0.4] = 0, 0
    elif seed % 6 == 5:
        a, b = 1 + 1e-3 * a, 1 + 1e-3 * b
    return np.clip(unit_rows(a.astype(np.float32)) @ unit_rows(b.astype(np.float32)).T, -1, 1)


def optimum(cosine: Floats) -> float:
    return float(cosine[linear_sum_assignment(cosine, maximize=True)].mean(dtype="float64"))


def test_assign_equals_scipy_in_thousands_of_cases() -> None:
    for seed in range(3000):
        cosine = cosines(seed)
        found, best = assign(cosine), optimum(cosine)
        assert found.similarity == pytest.approx(best, abs=1e-6), seed
        assert best - RESOLUTION <= found.bound <= best + 3 * RESOLUTION, seed
        assert len(set(found.columns.tolist())) == len(cosine), seed


def test_assign_equals_scipy_on_large_problems_of_clustered_nodes() -> None:
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(6, 12))
    for n, m in ((300, 300), (280, 331), (40, 400)):
        a = centres[rng.integers(0, 6, n)] + 0.05 * rng.normal(size=(n, 12))
        b = centres[rng.integers(0, 4, m)] + 0.05 * rng.normal(size=(m, 12))
        cosine = unit_rows(a.astype(np.float32)) @ unit_rows(b.astype(np.float32)).T
        assert assign(cosine).similarity == pytest.approx(optimum(cosine), abs=1e-6)


@pytest.mark.parametrize("tolerance", [0.1, 0.01, 1e-3, 1e-6])
def test_assign_tolerance_certifies_the_error(tolerance: float) -> None:
    for seed in range(400):
        cosine = cosines(seed)
        found, best = assign(cosine, tolerance=tolerance), optimum(cosine)
        assert found.similarity <= best + RESOLUTION
        assert found.bound >= best - RESOLUTION
        assert found.bound - found.similarity <= tolerance + 3 * RESOLUTION


def test_assign_gives_up_below_the_cutoff_and_only_there() -> None:
    gave_up = 0
    for seed in range(400):
        cosine = cosines(seed)
        best = optimum(cosine)
        below, above = assign(cosine, cutoff=best + 0.02), assign(cosine, cutoff=best - 0.02)
        assert above.similarity == pytest.approx(best, abs=1e-6)
        assert best - RESOLUTION <= below.bound <= best + 0.02
        gave_up += below.similarity == -np.inf
        assert (below.columns == -1).all() == (below.similarity == -np.inf)
    assert gave_up > 300


def test_assign_clips_cosines_and_takes_one_node() -> None:
    found = assign(np.array([[1.0000001, -1.0000001]], dtype=np.float32))
    assert found.similarity == 1.0
    assert found.columns.tolist() == [0]
    worst = assign(np.array([[-1.0000001]], dtype=np.float32))
    assert worst.similarity == -1.0
