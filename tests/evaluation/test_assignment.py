from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from rsgraph.evaluation.assignment import assign


@pytest.mark.parametrize("kind", ["random", "ties", "equal", "huge"])
def test_assignments_cost_what_those_of_scipy_cost(kind: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(1500):
        n, m = np.sort(rng.integers(1, 12, 2))
        cost = {
            "random": lambda shape: rng.random(shape),
            "ties": lambda shape: rng.integers(0, 3, shape).astype(float),
            "equal": lambda shape: np.full(shape, 0.3),
            "huge": lambda shape: rng.normal(size=shape) * 1e4,
        }[kind]((n, m))
        found = assign(cost)
        assert len(set(found)) == n
        rows, columns = linear_sum_assignment(cost)
        assert cost[np.arange(n), found].sum() == pytest.approx(cost[rows, columns].sum(), abs=1e-9)


def test_the_cheapest_total_wins_over_the_cheapest_entry() -> None:
    np.testing.assert_array_equal(assign(np.array([[1.0, 2.0], [1.0, 9.0]])), [1, 0])
    np.testing.assert_array_equal(assign(np.array([[5.0, 1.0, 3.0], [4.0, 1.0, 9.0]])), [2, 1])
    assert assign(np.zeros((0, 0))).shape == (0,)
