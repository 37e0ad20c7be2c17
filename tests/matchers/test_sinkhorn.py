from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsgraph.errors import ConfigError
from rsgraph.matchers.hungarian import Hungarian
from rsgraph.matchers.sinkhorn import Sinkhorn, feasible, transport_plan
from tests.matchers.test_hungarian import chips_of

ROUNDING = 2e-6


@given(
    seed=st.integers(0, 10**6),
    sizes=st.lists(st.integers(0, 9), min_size=2, max_size=4),
    temperature=st.sampled_from([1e-4, 0.01, 0.1, 1.0]),
    iterations=st.integers(1, 50),
)
@settings(max_examples=60, deadline=None)
def test_match_bounds_hold(seed: int, sizes: list[int], temperature: float, iterations: int) -> None:
    chips = chips_of(seed, sizes)
    exact = Hungarian().match(chips).matrix
    found = Sinkhorn(temperature=temperature, iterations=iterations).match(chips)
    true = np.take_along_axis(exact, found.indices, axis=1)
    assert (found.similarities <= true + ROUNDING).all()
    assert (true <= found.similarities + found.error + ROUNDING).all()
    np.testing.assert_array_equal(found.matrix, found.matrix.T)
    assert found.solved == 0


@pytest.mark.parametrize("sizes", [[12, 12], [7, 12]])
def test_match_comes_close_to_the_exact_one_at_low_temperature(sizes: list[int]) -> None:
    chips = chips_of(5, sizes)
    exact = Hungarian().match(chips).matrix[0, 1]
    found = Sinkhorn(temperature=0.002, iterations=2000).match(chips)
    assert found.matrix[0, 1] == pytest.approx(exact, abs=2e-3)
    assert found.error[0, 0] < 5e-3


@given(seed=st.integers(0, 10**6), n=st.integers(1, 8))
@settings(max_examples=30, deadline=None)
def test_match_ignores_the_order_of_nodes(seed: int, n: int) -> None:
    a, b = chips_of(seed, [n, 6])
    rng = np.random.default_rng(seed)
    first = Sinkhorn().match([a, b])
    second = Sinkhorn().match([rng.permutation(a), rng.permutation(b)])
    np.testing.assert_allclose(first.matrix, second.matrix, atol=1e-5)


def test_match_rotated_chip_is_one() -> None:
    (chip,) = chips_of(3, [16])
    rotated = np.rot90(chip.reshape(4, 4, 5)).reshape(16, 5)
    found = Sinkhorn(temperature=0.005).match([chip, rotated])
    assert found.matrix[0, 1] == pytest.approx(1.0, abs=1e-4)


def test_transport_plan_solves_the_entropic_problem() -> None:
    """Where it converges, T_ij = exp((C_ij + f_i + g_j) / t): the optimality condition."""
    cosine = np.random.default_rng(0).uniform(-1, 1, (4, 4))
    plan, _ = transport_plan(cosine, temperature=0.2, iterations=500)
    np.testing.assert_allclose(plan.sum(axis=0), 1, atol=1e-9)
    np.testing.assert_allclose(plan.sum(axis=1), 1, atol=1e-9)
    rest = 0.2 * np.log(plan) - cosine
    np.testing.assert_allclose(rest - rest[:1] - rest[:, :1] + rest[0, 0], 0, atol=1e-9)


@given(seed=st.integers(0, 10**6), n=st.integers(1, 6), spare=st.integers(0, 4))
@settings(max_examples=40, deadline=None)
def test_feasible_rows_sum_to_one_and_columns_to_at_most_one(seed: int, n: int, spare: int) -> None:
    plan = np.random.default_rng(seed).exponential(size=(n, n + spare))
    rounded = feasible(plan)
    np.testing.assert_allclose(rounded.sum(axis=1), 1, atol=1e-9)
    assert rounded.sum(axis=0).max() <= 1 + 1e-9
    assert rounded.min() >= 0


def test_match_zero_vectors_empty_and_single_chips() -> None:
    found = Sinkhorn().match([np.zeros((2, 3)), np.zeros((0, 3)), np.ones((2, 3))])
    np.testing.assert_array_equal(found.matrix, np.eye(3, dtype=np.float32))
    assert Sinkhorn().match([np.ones((2, 3))]).indices.shape == (1, 0)


@pytest.mark.parametrize(("parameter", "value"), [("k", 0), ("temperature", 0.0), ("iterations", 0)])
def test_sinkhorn_refuses_bad_parameters(parameter: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"`{parameter}`"):
        Sinkhorn(**{parameter: value})  # type: ignore[arg-type]  # that is the test
