from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rsgraph.types import Window
from rsgraph.view import touching
from rsgraph.view.touching import touching_among

IDS = np.array([[1, 1, 2], [3, 1, 2], [3, 0, 4], [3, 5, 4]], dtype=np.uint32)


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Any:
    """One scene of five segments, read in strips of two rows."""

    def read(path: str, window: Window, most: int, size: tuple[int, int]) -> np.ndarray:
        assert size == IDS.shape
        return IDS[window.row : window.row + window.rows]

    monkeypatch.setattr(touching, "read_ids", read)
    monkeypatch.setattr(touching, "STRIP", 2)
    scene = SimpleNamespace(name="s", rows=4, columns=3)
    segments = pd.DataFrame({"segment_id": range(1, 6)})
    return SimpleNamespace(scenes=[scene], segment_file=str, segments=segments, segment_count=5)


def test_touching_pairs_are_found_across_strips_each_once(workspace: Any) -> None:
    assert touching_among(workspace, None).T.tolist() == [[0, 1], [0, 2], [1, 3], [2, 4], [3, 4]]


def test_pairs_among_some_are_numbered_as_these_come(workspace: Any) -> None:
    assert touching_among(workspace, np.array([3, 1, 2])).T.tolist() == [[1, 0]]
