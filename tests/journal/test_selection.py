from __future__ import annotations

import numpy as np
import pytest

from rsgraph.errors import ConfigError
from rsgraph.journal.selection import Known, ascending, checked_confidence, checked_ids, factorised


def test_known_refuses_segments_that_are_not_there() -> None:
    known = Known([5, 2, 9])
    known.check(np.array([2, 9], np.uint32))
    known.check(np.array([], np.uint32))
    Known(None).check(np.array([10**6], np.uint32))
    for unknown in (3, 400):
        with pytest.raises(
            ConfigError, match=rf"holds 1 that are not in segments.parquet \(segment {unknown} is one\)"
        ):
            known.check(np.array([2, unknown], np.uint32))


def test_checked_ids_are_whole_numbers_from_1() -> None:
    found = checked_ids([3, 1])
    assert (found.tolist(), found.dtype) == ([3, 1], np.uint32)
    assert checked_ids([]).tolist() == []
    for wrong in ([1.5], [[1]], ["a"]):
        with pytest.raises(ConfigError, match="must be whole numbers"):
            checked_ids(wrong)
    for wrong in ([0], [-1, 2], [2**26 + 1]):
        with pytest.raises(ConfigError, match=f"must be of 1 to {2**26}"):
            checked_ids(wrong)


def test_ascending_gives_each_id_once() -> None:
    ids = np.array([7, 2, 7, 5], np.uint32)
    assert ids[ascending(ids)].tolist() == [2, 5, 7]
    assert ascending(np.array([2, 5, 7], np.uint32)) == slice(None)


def test_checked_confidence_is_one_number_or_one_each() -> None:
    assert checked_confidence(None, 2) is None
    assert checked_confidence(0.25, 2) == 2**29
    np.testing.assert_array_equal(checked_confidence([1, np.nan], 2), [2**31, 2**32 - 1])
    with pytest.raises(ConfigError, match=r"a number or 3 of them. Got shape \(2,\)"):
        checked_confidence([0.1, 0.2], 3)
    with pytest.raises(ConfigError, match=r"of 0 to 1. Got -0.5 to 0.5"):
        checked_confidence([-0.5, 0.5], 2)


def test_factorised_names_each_label_once() -> None:
    names, codes = factorised(iter(["b", None, "b", "a"]))
    assert names == ["b", None, "a"]
    assert codes.tolist() == [0, 1, 0, 2]
