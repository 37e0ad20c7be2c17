from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsgraph.brushing.shapes import Lasso, Mode, combine

SELECTED = np.array([True, True, False, False])
INSIDE = np.array([2, 0])


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("replace", [True, False, True, False]),
        ("add", [True, True, True, False]),
        ("subtract", [False, True, False, False]),
        ("intersect", [True, False, False, False]),
    ],
)
def test_combine_by_mode(mode: Mode, expected: list[bool]) -> None:
    before = SELECTED.copy()
    assert combine(SELECTED, INSIDE, mode).tolist() == expected
    np.testing.assert_array_equal(SELECTED, before)  # a drag combines with what was selected when it began
    other = np.ones(4, dtype=bool)
    assert combine(SELECTED, INSIDE, mode, out=other) is other
    assert other.tolist() == expected
    assert combine(before, INSIDE, mode, out=before).tolist() == expected


@given(st.lists(st.booleans(), max_size=30), st.data())
def test_combine_is_set_algebra(selected: list[bool], data: st.DataObject) -> None:
    before = np.array(selected, dtype=bool)
    rows = data.draw(st.sets(st.integers(0, max(len(selected) - 1, 0)), max_size=len(selected)))
    inside = np.array(sorted(rows), dtype=np.int64)
    old = set(np.flatnonzero(before).tolist())
    wanted = {"replace": rows, "add": old | rows, "subtract": old - rows, "intersect": old & rows}
    for mode in ("replace", "add", "subtract", "intersect"):
        assert set(np.flatnonzero(combine(before, inside, mode)).tolist()) == wanted[mode]  # type: ignore[arg-type]


def test_combine_refuses_an_unknown_mode() -> None:
    mode: Literal["toggle"] = "toggle"
    with pytest.raises(ValueError, match=r"`mode` must be one of replace, add, subtract, intersect\. Got 'toggle'"):
        combine(SELECTED, INSIDE, mode)  # type: ignore[arg-type]


@pytest.mark.parametrize("points", [[0.0, 1.0], [[0.0, 1.0, 2.0]], [[0.0, np.nan]], [[np.inf, 0.0]]])
def test_lasso_refuses_what_is_no_polygon(points: list[object]) -> None:
    with pytest.raises(ValueError, match="must be finite, of shape"):
        Lasso(np.array(points))


def test_lasso_keeps_its_own_corners() -> None:
    corners = np.zeros((3, 2))
    lasso = Lasso(corners)
    corners[:] = 9
    assert lasso.points.tolist() == [[0, 0]] * 3
