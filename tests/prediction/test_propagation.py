from __future__ import annotations

import numpy as np
import pytest
from sklearn.semi_supervised import LabelSpreading

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.prediction.propagation import propagate, segment_graph

N, C = 120, 3


def random_graph(seed: int, n: int = N, degree: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    edges = rng.integers(0, n, (2, n * degree))
    codes = np.zeros(n, dtype=np.int16)
    codes[: 3 * C] = np.tile(np.arange(1, C + 1), 3)
    return edges, codes, rng.random(edges.shape[1]).astype(np.float32)


def dense(edges: np.ndarray, weights: np.ndarray, n: int) -> np.ndarray:
    matrix = np.zeros((n, n))
    np.add.at(matrix, (edges[0], edges[1]), weights)
    matrix += matrix.T
    np.fill_diagonal(matrix, 0)
    return matrix


def closed_form(matrix: np.ndarray, codes: np.ndarray, alpha: float, n_classes: int = C) -> np.ndarray:
    degree = matrix.sum(axis=1)
    scale = 1 / np.sqrt(np.where(degree > 0, degree, 1))
    given = np.eye(n_classes + 1)[codes][:, 1:]
    found = np.linalg.solve(np.eye(len(codes)) - alpha * scale[:, None] * matrix * scale, given)
    total = found.sum(axis=1, keepdims=True)
    found = np.divide(found, total, out=np.zeros_like(found), where=total > 1e-14)
    return np.where((codes > 0)[:, None], given, found)


@pytest.mark.parametrize("alpha", [0.2, 0.9, 0.99])
def test_propagate_equals_the_closed_formula(alpha: float) -> None:
    edges, codes, weights = random_graph(1)
    found = propagate(edges, codes, C, weights=weights, alpha=alpha, tolerance=1e-6, max_iterations=5000)
    expected = closed_form(dense(edges, weights, N), codes, alpha)
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_propagate_at_its_default_tolerance_is_as_close_as_it_says() -> None:
    edges, codes, weights = random_graph(2, n=400)
    expected = closed_form(dense(edges, weights, 400), codes, 0.9)
    np.testing.assert_allclose(propagate(edges, codes, C, weights=weights), expected, atol=1e-4)


def test_propagate_agrees_with_scikit_learn() -> None:
    edges, codes, weights = random_graph(3)
    matrix = dense(edges, weights, N)
    peer = LabelSpreading(kernel=lambda _a, _b: matrix, alpha=0.8, max_iter=5000, tol=1e-12)
    peer.fit(np.zeros((N, 1)), np.where(codes == 0, -1, codes))
    found = propagate(edges, codes, C, weights=weights, alpha=0.8, tolerance=1e-6)
    unlabelled = codes == 0
    np.testing.assert_allclose(found[unlabelled], peer.label_distributions_[unlabelled], atol=2e-6)


def test_a_chain_between_two_labels_is_undecided_in_the_middle_and_faint_rows_are_exact() -> None:
    n = 61
    edges = np.stack([np.arange(n - 1), np.arange(1, n)])
    codes = np.zeros(n, dtype=np.int64)
    codes[0], codes[-1] = 1, 2
    found = propagate(edges, codes, 2, alpha=0.5, tolerance=1e-6)  # in the middle F is some 1e-17
    np.testing.assert_allclose(found[n // 2], [0.5, 0.5], atol=1e-5)
    expected = closed_form(dense(edges, np.ones(n - 1), n), codes, 0.5, 2)
    np.testing.assert_allclose(found[[1, 20, 40, 59]], expected[[1, 20, 40, 59]], atol=1e-5)


def test_rows_sum_to_one_and_those_that_no_label_reaches_are_zero() -> None:
    edges = np.array([[0, 1, 3, 5], [1, 2, 4, 5]])  # 5 has but a loop
    found = propagate(edges, np.array([2, 0, 0, 0, 0, 0]), 2)
    np.testing.assert_array_equal(found, [[0, 1], [0, 1], [0, 1], [0, 0], [0, 0], [0, 0]])
    assert found.dtype == np.float32


def test_given_labels_keep_probability_one_also_among_others() -> None:
    edges, codes = np.array([[0, 0, 0, 0], [1, 2, 3, 4]]), np.array([1, 2, 2, 2, 0])
    found = propagate(edges, codes, 2, tolerance=1e-6)
    np.testing.assert_array_equal(found[:4], [[1, 0], [0, 1], [0, 1], [0, 1]])
    # the last hears what its only neighbour hears from the three others, too
    np.testing.assert_allclose(found[4], closed_form(dense(edges, np.ones(4), 5), codes, 0.9, 2)[4], atol=1e-5)


def test_directions_and_order_of_edges_do_not_matter() -> None:
    edges, codes, weights = random_graph(4)
    order = np.random.default_rng(0).permutation(len(weights))
    one = propagate(edges, codes, C, weights=weights, tolerance=1e-6)
    other = propagate(edges[::-1, order], codes, C, weights=weights[order], tolerance=1e-6)
    np.testing.assert_allclose(one, other, atol=1e-6)
    np.testing.assert_array_equal(one, propagate(edges, codes, C, weights=weights, tolerance=1e-6))


def test_progress_begins_at_once_never_goes_back_and_ends_whole() -> None:
    edges, codes, _ = random_graph(5)
    calls: list[tuple[int, int]] = []
    propagate(edges, codes, C, progress=lambda done, total: calls.append((done, total)))
    done, totals = zip(*calls, strict=True)
    assert done[0] == 0
    assert list(done) == sorted(done)
    assert done[-1] == totals[-1]
    assert len(set(totals)) == 1


def test_progress_of_the_graph_is_in_thousandths() -> None:
    vectors = np.random.default_rng(0).normal(size=(N, 4)).astype(np.float32)
    calls: list[tuple[int, int]] = []
    segment_graph(random_graph(5)[0], vectors, progress=lambda done, total: calls.append((done, total)))
    assert calls[0] == (0, 1000)
    assert calls[-1] == (1000, 1000)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


class Cancelled(Exception):
    pass


def cancel(done: int, total: int) -> None:
    raise Cancelled


def test_propagation_and_graph_can_be_cancelled_and_leave_their_input() -> None:
    edges, codes, _ = random_graph(6)
    before = edges.copy(), codes.copy()
    with pytest.raises(Cancelled):
        propagate(edges, codes, C, progress=cancel)
    with pytest.raises(Cancelled):
        segment_graph(edges, np.zeros((N, 2), dtype=np.float32), progress=cancel)
    np.testing.assert_array_equal(edges, before[0])
    np.testing.assert_array_equal(codes, before[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"codes": np.full(N, 4)}, "from 1 to 3. Got 4"),
        ({"codes": np.full(N, -1)}, "Got -1"),
        ({"edges": np.zeros((3, 4), dtype=np.int64)}, r"shape \(2, edges\)"),
        ({"edges": np.array([[0], [N]])}, "indices of the 120 segments"),
        ({"weights": np.ones(5)}, "one entry per edge"),
        ({"weights": np.full(N * 3, np.nan)}, "finite"),
        ({"weights": np.full(N * 3, -1.0)}, "not negative"),
        ({"alpha": 1.0}, "`alpha` must lie between 0 and 1"),
        ({"n_classes": 0}, "define a class"),
    ],
)
def test_what_does_not_fit_is_said(change: dict[str, object], message: str) -> None:
    edges, codes, weights = random_graph(7)
    given = {"edges": edges, "codes": codes, "n_classes": C, "weights": weights} | change
    with pytest.raises(ConfigError, match=message):
        propagate(**given)


def test_without_labels_there_is_one_clear_sentence() -> None:
    with pytest.raises(NotUsable, match="nothing is labelled yet"):
        propagate(np.zeros((2, 0), dtype=np.int64), np.zeros(3, dtype=np.int64), 2)


# the graph


def test_segment_graph_weighs_edges_by_the_formula() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 3)).astype(np.float32)
    edges = np.stack([np.arange(39), np.arange(1, 40)])
    pairs, weights = segment_graph(edges, vectors, k=4)
    points = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    distance = np.linalg.norm(points[:, None] - points, axis=-1)
    scale = np.sort(distance, axis=1)[:, 4]
    nearest = np.argsort(distance, axis=1)[:, 1:5]
    expected = {tuple(sorted(pair)) for pair in edges.T.tolist()}
    expected |= {tuple(sorted((i, int(j)))) for i in range(40) for j in nearest[i]}
    assert {tuple(pair) for pair in pairs.T.tolist()} == expected
    assert pairs.shape[1] == len(expected)
    one, two = pairs
    formula = np.exp(-(distance[one, two] ** 2) / (scale[one] * scale[two]))
    np.testing.assert_allclose(weights, np.maximum(formula, 1e-6), rtol=1e-4)


def test_labels_travel_between_chips_and_stop_where_neighbours_look_different() -> None:
    # two chips, not joined by any spatial edge; in each, half is water, half is land
    rng = np.random.default_rng(0)
    land = np.tile(np.repeat([0, 1], 20), 2)
    vectors = (rng.normal(scale=0.1, size=(80, 4)) + land[:, None]).astype(np.float32)
    one = np.concatenate([np.arange(39), 40 + np.arange(39)])
    codes = np.zeros(80, dtype=np.int64)
    codes[0], codes[39] = 1, 2
    pairs, weights = segment_graph(np.stack([one, one + 1]), vectors, k=5)
    found = propagate(pairs, codes, 2, weights=weights)
    np.testing.assert_array_equal(found.argmax(axis=1), land)


def test_copies_of_one_vector_and_constant_dimensions_give_finite_weights() -> None:
    vectors = np.zeros((30, 3), dtype=np.float32)
    vectors[:, 1] = np.repeat([0, 1, 5], 10)
    pairs, weights = segment_graph(np.array([[0, 5], [29, 15]]), vectors, k=3)
    assert np.all((weights > 0) & (weights <= 1))
    ends = vectors[pairs, 1]
    np.testing.assert_allclose(weights[ends[0] == ends[1]], 1)


def test_a_graph_of_one_segment_has_no_edges_and_vectors_must_be_finite() -> None:
    pairs, weights = segment_graph(np.zeros((2, 0), dtype=np.int64), np.ones((1, 2), dtype=np.float32))
    assert pairs.shape == (2, 0)
    assert weights.shape == (0,)
    with pytest.raises(NotUsable, match="NaN"):
        segment_graph(np.zeros((2, 0), dtype=np.int64), np.array([[1, np.nan], [0, 1]], dtype=np.float32))
    with pytest.raises(ConfigError, match="`k` must be at least 1"):
        segment_graph(np.zeros((2, 0), dtype=np.int64), np.ones((3, 2), dtype=np.float32), k=0)


def test_vectors_compared_by_euclidean_distance_keep_their_proportions() -> None:
    rng = np.random.default_rng(0)
    vectors = (rng.normal(size=(40, 2)) * [10, 0.1]).astype(np.float32)
    none = np.empty((2, 0), dtype=np.int64)
    wide, _ = segment_graph(none, vectors, k=3, metric="euclidean")
    expected, _ = segment_graph(none, vectors * np.array([1, 0], dtype=np.float32), k=3)
    assert wide.tolist() == expected.tolist()
    assert segment_graph(none, vectors, k=3)[0].tolist() != expected.tolist()
