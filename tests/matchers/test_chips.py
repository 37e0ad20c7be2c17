"""Nodes of chips in memory and in a file, scaled to length 1 by hand."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from rsgraph.errors import NotUsable
from rsgraph.matchers.chips import StoredChips, unit_chips

NODES = np.array([[3, 4], [0, 0], [0, 2], [5, 0], [0, -1]], dtype=np.float32)
COUNTS = [3, 0, 2]
PARTS = [NODES[:3], NODES[3:3], NODES[3:]]


@pytest.fixture
def stored(tmp_path: Path) -> StoredChips:
    np.save(tmp_path / "nodes.npy", NODES)
    return StoredChips(tmp_path / "nodes.npy", COUNTS)


def test_stored_chips_are_parts_of_the_file(stored: StoredChips) -> None:
    assert len(stored) == 3
    for chip, part in zip(stored, PARTS, strict=True):
        np.testing.assert_array_equal(chip, part)
    np.testing.assert_array_equal(np.concatenate(stored[::2]), NODES)
    np.testing.assert_array_equal(stored[1:][1], PARTS[2])


def test_stored_chips_travel_as_their_path(stored: StoredChips) -> None:
    stored[0]  # maps the file
    packed = pickle.dumps(stored)
    assert len(packed) < 500
    assert pickle.loads(packed) == stored  # noqa: S301  # our own bytes
    assert {stored, pickle.loads(packed)} == {stored}  # noqa: S301  # our own bytes


def test_stored_chips_refuse_a_file_of_other_rows(stored: StoredChips) -> None:
    with pytest.raises(NotUsable, match=r"nodes\.npy must hold 6 rows of nodes\. Got shape \(5, 2\) instead"):
        StoredChips(stored.path, [3, 3])[0]


def test_unit_chips_have_rows_of_length_one_and_their_means(stored: StoredChips) -> None:
    for nodes in (PARTS, stored):
        chips = unit_chips(nodes)
        np.testing.assert_allclose(chips.rows, [[0.6, 0.8], [0, 0], [0, 1], [1, 0], [0, -1]], rtol=1e-6)
        np.testing.assert_allclose(chips.means, [[0.2, 0.6], [0, 0], [0.5, -0.5]], rtol=1e-6)
        assert (chips.starts.tolist(), chips.counts.tolist()) == ([0, 3, 3, 5], COUNTS)
        np.testing.assert_allclose(chips[2], [[1, 0], [0, -1]])
        assert unit_chips(chips) is chips


def test_unit_chips_of_a_file_are_read_once_until_it_changes(stored: StoredChips) -> None:
    first = unit_chips(stored)
    assert unit_chips(StoredChips(stored.path, COUNTS)) is first
    np.save(stored.path, -NODES[:, ::-1].copy())
    np.testing.assert_allclose(unit_chips(stored)[0][0], [-0.8, -0.6], rtol=1e-6)


def test_unit_chips_name_the_chip_that_does_not_fit() -> None:
    with pytest.raises(NotUsable, match="chip 2 of `nodes` holds NaN or infinite values"):
        unit_chips([*PARTS[:2], np.array([[np.inf, 0]], dtype=np.float32)])
    with pytest.raises(NotUsable, match=r"chip 1 of `nodes` must have shape \(nodes, 2\)\. Got \(2, 3\)"):
        unit_chips([PARTS[0], np.ones((2, 3), dtype=np.float32)])
    assert len(unit_chips([])) == 0
