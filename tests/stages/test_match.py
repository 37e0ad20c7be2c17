"""The stage match: what stands for each chip, and how similar two chips of known colours are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsgraph.stages.match import chip_nodes, match
from tests.stages.squares import COLOURS, segmented


def test_match_writes_the_cosine_of_the_chips_mean_colours(tmp_path: Path) -> None:
    given = segmented(tmp_path)
    assert match(given)["assignment_problems"] == 0
    found = given.workspace.similarity
    np.testing.assert_array_equal(found.indices, [[1], [0]])
    cosine = (2.5 * 6.5 + 6.5 * 2.5) / (2.5**2 + 6.5**2)  # mean colours (2.5, 6.5) and (6.5, 2.5)
    np.testing.assert_allclose(found.similarities, [[cosine], [cosine]], rtol=1e-6)


def test_match_pairs_the_squares_of_two_chips_one_to_one(tmp_path: Path) -> None:
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    given = segmented(tmp_path, "matcher=hungarian")
    assert match(given)["assignment_problems"] == 1
    cosines = 1 - cdist(COLOURS[:4], COLOURS[4:], "cosine")
    best = cosines[linear_sum_assignment(cosines, maximize=True)].mean()
    assert given.workspace.similarity.similarities.ravel() == pytest.approx([best, best], rel=1e-5)


def test_chip_nodes_are_the_vectors_of_each_chip_s_segments(tmp_path: Path) -> None:
    given = segmented(tmp_path)
    first, second = chip_nodes(given.workspace, "bands")
    np.testing.assert_array_equal(first, COLOURS[:4])
    np.testing.assert_array_equal(second, COLOURS[4:])
