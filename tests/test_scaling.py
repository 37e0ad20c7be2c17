"""The cost of 1 000 tiles, from measured rows by the formulas of the docstring."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from experiments.benchmarks import scaling


def run(folder: Path, name: str, side: str, stages: dict[str, tuple[float, float]], cpu: str = "A") -> None:
    rows = [
        {"date": "2026-11-25", "commit": "abc", "cpu": cpu, "work": f"tile of {side} x {side} x 12: {stage}",
         "seconds": seconds, "peak_gb": peak, "outputs_gb": 0.125 if side == "5 490" else 0.5}
        for stage, (seconds, peak) in stages.items()
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    run(tmp_path, "tile_5490", "5 490", {"encode": (100, 1.0), "match": (50, 2.0), "total": (150, 2.0)})
    run(tmp_path, "whole_tile", "10 980", {"encode": (400, 1.0), "match": (400, 2.3), "total": (800, 2.3)})
    return tmp_path


def test_exponents_are_the_slope_between_two_sizes(results: Path) -> None:
    encode, match = scaling.growths(scaling.measured(results))
    assert (encode.stage, encode.exponent, encode.slope) == ("encode", 1.0, 0.0)
    assert (match.stage, match.exponent) == ("match", 1.5)  # 8 times the seconds for 4 times the pixels
    assert match.slope == pytest.approx(0.4)  # 0.3 GB for three quarters of a tile
    assert match.disk_slope == pytest.approx(0.5)
    assert match.measured


def test_costs_of_many_tiles_follow_the_formulas() -> None:
    each = scaling.Growth("match", 400, 2.3, 0.5, 1.5, 0.4, measured=True, disk_slope=0.3)
    assert each.hours(100) == pytest.approx(400 * 1000 / 3600)
    assert each.memory_of(11) == pytest.approx(6.3)
    breaks = each.breaks()
    assert each.memory_of(breaks["memory"]) == pytest.approx(scaling.MEMORY_GB)
    assert each.hours(breaks["time"]) == pytest.approx(scaling.HOURS)
    assert each.disk_of(breaks["disk"]) == pytest.approx(scaling.DISK_GB)
    assert each.disk_of(11) == pytest.approx(3.5)


def test_what_does_not_grow_never_breaks() -> None:
    each = scaling.Growth("target", 0, 1.0, 0.0, 1.0, 0.0, measured=False)
    assert set(each.breaks().values()) == {math.inf}


def test_a_single_size_gives_assumed_exponents(results: Path) -> None:
    (results / "tile_5490.csv").unlink()
    encode, match = scaling.growths(scaling.measured(results))
    assert [encode.exponent, match.exponent] == [1.0, 1.0]
    assert not match.measured
    text = scaling.written(results)
    assert "| match | 400 s | 1 (assumed) | 111.1 h | 2.30 GB | 0 (assumed) | 2.3 GB |" in text
    assert "This rests on the growth that is assumed of encode, match." in text


def test_rows_of_another_machine_are_left_out(results: Path) -> None:
    run(results, "tile_2048", "2 048", {"encode": (1, 1.0), "match": (1, 1.0)}, cpu="B")
    assert set(scaling.measured(results)["cpu"]) == {"A"}


def test_page_says_what_breaks_first(results: Path) -> None:
    text = scaling.written(results)
    assert "| match | 400 s | 1.50 | 3513.6 h | 2.30 GB | 0.400 GB | 401.9 GB | 500 GB | 11 tiles (memory) |" in text
    assert "First to break is `match`, by memory, at 11 tiles." in text
    assert "97 % of the time goes into `match`" in text
    assert "assumed" not in text


def test_page_without_results_says_so(tmp_path: Path) -> None:
    assert scaling.written(tmp_path).startswith("Nothing is measured yet")


def test_page_is_generated_from_its_results() -> None:
    page = scaling.PAGE.read_text(encoding="utf-8")
    assert f"{scaling.START}\n{scaling.written(scaling.RESULTS)}\n{scaling.END}" in page
