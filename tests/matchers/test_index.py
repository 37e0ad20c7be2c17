from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.matchers.chips import StoredChips
from rsgraph.matchers.hungarian import Hungarian
from rsgraph.matchers.index import ChipIndex
from tests.matchers.test_hungarian_nearest import places


def test_search_finds_what_the_full_matrix_finds_and_proves_it() -> None:
    chips = places(20, 150)
    matrix = Hungarian().match(chips).matrix
    assert matrix is not None
    index = ChipIndex(chips)
    for number in (0, 71, 149):
        found = index.search(chips[number], k=5, seconds=60, but=number)
        others = np.delete(np.arange(150), number)
        expected = others[np.argsort(-matrix[number, others], kind="stable")[:5]]
        np.testing.assert_array_equal(found.indices, expected)
        np.testing.assert_allclose(found.similarities, matrix[number, expected], atol=1e-6)
        assert found.gap == 0
        assert found.ceiling <= found.similarities[-1] + 1e-6
        assert 5 <= found.solved < 100


def test_search_out_of_time_returns_the_best_found_and_a_true_gap() -> None:
    chips = places(21, 200, sizes=(20, 21))
    index, full = ChipIndex(chips), Hungarian(5).match(chips)
    gaps = []
    for number in range(0, 200, 40):
        found = index.search(chips[number], k=5, seconds=0.0, but=number)
        assert full.similarities[number, -1] <= found.similarities[-1] + found.gap + 1e-6
        gaps.append(found.gap)
    assert max(gaps) > 0


def test_search_finds_the_query_itself_unless_it_is_skipped() -> None:
    chips = places(22, 30)
    index = ChipIndex(chips)
    assert index.search(chips[7], k=1).indices.tolist() == [7]
    assert index.search(chips[7], k=1).similarities[0] == pytest.approx(1, abs=1e-6)
    assert 7 not in index.search(chips[7], k=29, but=7).indices


def test_search_of_added_and_longer_chips_equals_an_index_of_all(tmp_path: Path) -> None:
    chips = places(23, 60) + places(24, 40, sizes=(50, 70))
    np.save(tmp_path / "nodes.npy", np.concatenate(chips[60:]))
    extended = ChipIndex(chips[:60])
    extended.add(StoredChips(tmp_path / "nodes.npy", [len(chip) for chip in chips[60:]]))
    whole = ChipIndex(chips)
    for query in (chips[3], chips[80], places(25, 1, sizes=(200, 201))[0]):
        ours, theirs = extended.search(query, k=6, seconds=60), whole.search(query, k=6, seconds=60)
        np.testing.assert_array_equal(ours.indices, theirs.indices)
        np.testing.assert_array_equal(ours.similarities, theirs.similarities)


def test_search_counts_empty_chips_as_similarity_zero() -> None:
    empty = np.zeros((0, 8), dtype=np.float32)
    found = ChipIndex([*places(26, 3), empty]).search(places(26, 1)[0], k=4)
    assert found.similarities[found.indices.tolist().index(3)] == 0
    assert found.gap == 0


def test_search_refuses_what_does_not_fit(tmp_path: Path) -> None:
    index = ChipIndex(places(27, 4))
    with pytest.raises(NotUsable, match=r"`nodes` must have shape \(nodes, 8\)"):
        index.search(np.ones((3, 5), dtype=np.float32))
    with pytest.raises(NotUsable, match=r"`nodes` must have shape \(nodes, 8\)"):
        index.search(np.ones((0, 8), dtype=np.float32))
    with pytest.raises(ConfigError, match="`k` must be a whole number"):
        index.search(places(27, 1)[0], k=0)
    np.save(tmp_path / "nodes.npy", np.ones((5, 8), dtype=np.float32))
    with pytest.raises(NotUsable, match="must hold 7 rows"):
        ChipIndex(StoredChips(tmp_path / "nodes.npy", [3, 4]))
    with pytest.raises(NotUsable, match=r"chip 0 of `chips` must have shape \(nodes, 8\)"):
        index.add([np.ones((3, 5), dtype=np.float32)])
    with pytest.raises(NotUsable, match="`but` must be a chip of the index"):
        index.search(places(27, 1)[0], but=9)
