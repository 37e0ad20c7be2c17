"""One chip's search among candidates, with scipy's assignment as the judge."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from rsgraph.matchers.assignment import NEVER
from rsgraph.matchers.neighbours import unit_rows
from rsgraph.matchers.screening import BY_DUAL, BY_PRICES, BY_SIGNATURE, SOLVED, WAYS, Search
from rsgraph.types import Floats


def chips(seed: int, count: int) -> list[Floats]:
    """Unit nodes of four kinds in shares that differ from chip to chip, more or fewer of them."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(4, 6))
    found = []
    for _ in range(count):
        kinds = rng.choice(4, rng.integers(5, 15), p=rng.dirichlet(np.full(4, 0.5)))
        found.append(unit_rows((centres[kinds] + 0.1 * rng.normal(size=(len(kinds), 6))).astype(np.float32)))
    return found


def optimum(one: Floats, other: Floats) -> float:
    cosine = one.astype(np.float64) @ other.T.astype(np.float64)
    return float(cosine[linear_sum_assignment(cosine, maximize=True)].mean())


def test_examine_solves_what_may_be_among_the_best() -> None:
    search = Search(np.eye(2, dtype=np.float32), np.full(1, NEVER))
    swapped = np.array([[0.6, 0.8], [0.8, 0.6]], dtype=np.float32)
    similarity, bound, way = search.examine(swapped, swapped.mean(axis=0), 1.0)
    assert similarity == pytest.approx(0.8)  # each node with the other of its partner's
    assert bound == pytest.approx(0.8, abs=1e-6)
    assert WAYS[way] == "solved"
    assert search.best.tolist() == [pytest.approx(0.8)]


def test_examine_gives_up_by_a_bound_that_is_known_before() -> None:
    axes = np.eye(2, dtype=np.float32)
    search = Search(axes, np.array([0.5]))
    assert search.examine(axes, axes.mean(axis=0), 0.5) == (-np.inf, 0.5, BY_SIGNATURE)
    assert search.examine(axes, axes.mean(axis=0), 0.4, other=0.4)[2] == BY_SIGNATURE  # the smaller cutoff counts
    assert search.examine(axes, axes.mean(axis=0), 0.45, other=0.4)[2] == SOLVED


def test_search_finds_the_best_and_its_bounds_hold() -> None:
    one, *others = chips(0, 60)
    expected = np.array([optimum(one, other) for other in others])
    search = Search(one, np.full(3, NEVER))
    found = [search.examine(other, other.mean(axis=0), 1.0) for other in others]
    np.testing.assert_allclose(search.best, np.sort(expected)[-3:], atol=1e-6)
    for (similarity, bound, way), best in zip(found, expected, strict=True):
        assert bound >= best - 1e-6
        assert similarity == (pytest.approx(best, abs=1e-6) if way == SOLVED else -np.inf)
    ways = [way for _, _, way in found]
    assert min(ways.count(way) for way in (BY_PRICES, BY_DUAL, SOLVED)) > 0
    assert ways.count(SOLVED) < 40


def test_search_gives_a_twin_up_by_the_prices_of_the_first() -> None:
    one, other = chips(1, 2)
    search = Search(one, np.full(1, NEVER))
    best = search.examine(other, other.mean(axis=0), 1.0)[0]
    search.best[0] = best + 1e-4
    similarity, bound, way = search.examine(other, other.mean(axis=0), 1.0)
    assert (similarity, way) == (-np.inf, BY_PRICES)
    assert bound == pytest.approx(best, abs=1e-5)  # optimal prices make the bound tight
