from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsgraph.errors import WorkspaceError
from rsgraph.label_files import tally
from rsgraph.label_files.tally import Tally


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_majority_and_totals_equal_a_naive_count(seed: int, often: bool) -> None:
    rng = np.random.default_rng(seed)
    known = rng.permutation(np.arange(1, 30))
    found, table = Tally(known), np.zeros((30, 5), dtype=int)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tally, "_AT_ONCE", 3 if often else 10**6)
        for _ in range(6):
            ids, codes = rng.integers(0, 30, (4, 5)).astype(np.uint32), rng.integers(0, 5, (4, 5)).astype(np.int32)
            found.add(ids, codes)
            np.add.at(table, (ids, codes), 1)
        table[0], table[:, 0] = 0, 0
        best = found.majority()
    with_any = [i for i in range(30) if table[i].any()]
    np.testing.assert_array_equal(known[best.rows], with_any)
    np.testing.assert_array_equal(best.codes, table[with_any].argmax(axis=1))
    np.testing.assert_array_equal(best.pixels, table[with_any].max(axis=1))
    np.testing.assert_array_equal(found.totals(), table[known].sum(axis=1))
    np.testing.assert_array_equal(found.table(6), np.pad(table[known, 1:], ((0, 0), (0, 2))))


def test_nothing_counted_is_no_majority_and_unknown_ids_are_said() -> None:
    found = Tally(np.array([3, 1]))
    assert all(len(part) == 0 for part in found.majority())
    np.testing.assert_array_equal(found.totals(), [0, 0])
    found.add(np.array([[2]]), np.array([[1]]))
    with pytest.raises(WorkspaceError, match=r"segment 2, but segments\.parquet does not"):
        found.majority()


def test_one_tally_takes_what_another_counted_under_other_codes() -> None:
    found = Tally(np.array([3, 1]))
    found.add(np.array([3]), np.array([2]))
    other = found.empty()
    assert other.by_code() == {}
    found.take(other, np.zeros(1, dtype=np.int64))
    other.add(np.array([3, 3, 1, 1, 1]), np.array([1, 2, 2, 3, 3]))
    assert other.by_code() == {1: 1, 2: 2, 3: 2}
    found.take(other, np.array([0, 0, 2, 1]))  # 1 is left out, 2 stays, 3 becomes 1
    np.testing.assert_array_equal(found.table(2), [[0, 2], [2, 1]])
    assert other.by_code() == {1: 1, 2: 2, 3: 2}


def test_segments_without_one_commonest_class_are_tied() -> None:
    found = Tally(np.array([7, 3, 1, 5]))
    assert found.tied().tolist() == []
    found.add(np.array([3, 3, 1, 1, 1, 7, 7, 7, 7, 5]), np.array([1, 2, 2, 3, 3, 1, 1, 2, 2, 4]))
    assert found.tied().tolist() == [1, 0]  # segments 3 and 7
