"""The best of each chip as pairs come in, against sorting all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rsgraph.matchers.ranking import Ranking
from rsgraph.matchers.screening import BY_DUAL, BY_PRICES, SOLVED
from rsgraph.protocols import Arrays

FOUR = {(0, 1): 0.9, (0, 2): 0.5, (0, 3): 0.7, (1, 2): 0.2, (1, 3): 0.2, (2, 3): 0.1}


def block(
    pairs: dict[tuple[int, int], float], count: int, *, way: int = SOLVED, ruled_out: int = 0, above: float = -1.0
) -> Arrays:
    """What a block of work found: similarities of solved pairs, bounds of the others."""
    values = np.array(list(pairs.values()))
    return {
        "pairs": np.array(list(pairs), dtype=np.int64).reshape(-1, 2),
        "similarities": values if way == SOLVED else np.full(len(values), -np.inf),
        "bounds": values,
        "ways": np.full(len(values), way, dtype=np.int8),
        "ruled_out": np.array(ruled_out),
        "ceiling": np.full(count, above),
    }


def matrix_of(pairs: dict[tuple[int, int], float], count: int) -> NDArray[np.float64]:
    matrix = np.full((count, count), -np.inf)
    for (i, j), value in pairs.items():
        matrix[i, j] = matrix[j, i] = value
    return matrix


def test_ranking_of_four_chips_is_as_by_hand() -> None:
    ranking = Ranking(4, 2)
    for pair, value in FOUR.items():
        ranking.take(block({pair: value}, 4))
    found = ranking.similarity()
    assert found.indices.tolist() == [[1, 3], [0, 2], [0, 1], [0, 1]]  # 2 and 3 are as similar to 1: the lower first
    np.testing.assert_allclose(found.similarities, [[0.9, 0.7], [0.9, 0.2], [0.5, 0.2], [0.7, 0.2]])
    assert ranking.last.tolist() == [0.7, 0.2, 0.2, 0.2]
    assert (found.solved, found.given_up) == (6, {"signature": 0, "prices": 0, "dual": 0})
    assert found.ceiling is not None
    assert found.ceiling.tolist() == [-1] * 4


def test_ranking_equals_sorting_whatever_the_order_of_blocks() -> None:
    rng = np.random.default_rng(0)
    pairs = {(i, j): round(rng.random(), 2) for i in range(20) for j in range(i)}
    shuffled = [list(pairs.items())[k] for k in rng.permutation(len(pairs))]
    ranking = Ranking(20, 5)
    for part in range(0, len(shuffled), 17):
        ranking.take(block(dict(shuffled[part : part + 17]), 20))
    expected = np.argsort(-matrix_of(pairs, 20), axis=1, kind="stable")[:, :5]
    np.testing.assert_array_equal(ranking.similarity().indices, expected)


def test_pairs_given_up_raise_the_ceiling_of_both_chips_and_are_counted() -> None:
    ranking = Ranking(4, 1)
    ranking.take(block({(0, 1): 0.9, (2, 3): 0.8}, 4))
    ranking.take(block({(0, 2): 0.3}, 4, way=BY_PRICES, ruled_out=2, above=0.1))
    ranking.take(block({(1, 2): 0.2}, 4, way=BY_DUAL))
    found = ranking.similarity()
    np.testing.assert_allclose(found.ceiling, [0.3, 0.2, 0.3, 0.1])
    assert (found.solved, found.given_up) == (2, {"signature": 2, "prices": 1, "dual": 1})


def test_known_lists_are_taken_over_and_added_to() -> None:
    old = Ranking(3, 2)
    old.take(block({pair: value for pair, value in FOUR.items() if 3 not in pair}, 3))
    ranking = Ranking(4, 2)
    ranking.take_lists(old.similarity())
    ranking.take(block({pair: value for pair, value in FOUR.items() if 3 in pair}, 4))
    found = ranking.similarity()
    assert found.indices.tolist() == [[1, 3], [0, 2], [0, 1], [0, 1]]
    assert found.solved == 6


def test_chips_without_nodes_are_as_similar_as_zero() -> None:
    ranking = Ranking(4, 2)
    ranking.take_empty(np.array([1]), 0)
    ranking.take(block({(0, 2): -0.5, (0, 3): 0.4, (2, 3): -0.9}, 4))
    found = ranking.similarity()
    assert found.indices.tolist() == [[3, 1], [0, 2], [1, 0], [0, 1]]
    np.testing.assert_allclose(found.similarities, [[0.4, 0], [0, 0], [0, -0.5], [0.4, 0]])
