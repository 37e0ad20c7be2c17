"""The benchmark of matching: what it counts as differing, how it says chips are spread, what it leaves out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from experiments.benchmarks import matching
from rsgraph.matchers.chips import UnitChips, unit_chips
from rsgraph.matchers.hungarian_nearest import HungarianNearest
from rsgraph.types import Floats, Similarity


@pytest.fixture(scope="module")
def nodes() -> list[Floats]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(int(rng.integers(4, 8)), 5)).astype(np.float32) for _ in range(8)]


@pytest.fixture(scope="module")
def found(nodes: list[Floats]) -> Similarity:
    return HungarianNearest(3).match(nodes)


@pytest.mark.parametrize("solve", [matching.exactly, matching.by_scipy])
def test_differing_counts_rows_whose_neighbours_are_not_the_nearest(
    nodes: list[Floats], found: Similarity, solve: matching.Solver
) -> None:
    chips: UnitChips = unit_chips(nodes)
    assert matching.differing(chips, found, len(nodes), solve) == 0
    others = found.indices.copy()
    for row in (2, 5):
        others[row, -1] = next(chip for chip in range(len(nodes)) if chip not in {row, *found.indices[row]})
    assert matching.differing(chips, replace(found, indices=others), len(nodes), solve) == 2


def test_spacing_is_that_of_the_chips_on_the_tile() -> None:
    assert matching.spacing(10980, 21) == "with gaps of 280 pixels"
    assert matching.spacing(10980, 42) == "side by side"
    assert matching.spacing(10980, 84) == "overlapping by 50 %"


def test_scenes_that_are_missing_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RSGRAPH_DATA", str(tmp_path))
    monkeypatch.setattr(matching, "tile_chips", lambda folder, across: None)
    assert [name for name, _ in matching.sets(tmp_path)] == ["generated tile"]
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(" left out")[0] for line in printed] == list(matching.REAL)
    assert f"{tmp_path}/" in printed[0]
    assert "set RSGRAPH_DATA" in printed[0]
