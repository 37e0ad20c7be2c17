"""The cost of 1 000 tiles, from the measured runs of tiles of several sizes, written to experiments/scaling.md.

``python -m experiments.benchmarks.scaling`` (no measuring: it reads results/whole_tile.csv and results/tile_*.csv,
which ``python -m experiments.benchmarks.whole_tile SIZE`` writes)

seconds
    t(n) = t(1) n^e. The exponent e of a stage is the slope between the two largest tiles measured on one machine, in
    logarithms of seconds and pixels; where only one size was measured, or a stage takes under a second, it is 1 and
    marked as assumed. Tiles are taken as one collection with one map over all.
memory
    m(n) = m(1) + s (n - 1): what a stage holds for each further tile is the slope between the same two tiles. A
    stage that streams has the slope 0; a fall counts as 0. Where only one size was measured it is 0 and marked as
    assumed.
disk
    d(n) = d(1) + s (n - 1) likewise, of the outputs of a stage: a model is there once however many tiles there are.
    Where only one size was measured s is d(1).

A stage breaks where one of the three passes its limit: at the first whole number of tiles beyond n solved from these.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from experiments.benchmarks.record import RESULTS

PAGE = Path(__file__).resolve().parents[1] / "scaling.md"
START, END = "<!-- scaling: written by experiments/benchmarks/scaling.py -->", "<!-- end of scaling -->"
TILES = 1000
HOURS, MEMORY_GB, DISK_GB = 30 * 24.0, 6.0, 2000.0
"""Limits: a month of the two cores, the memory that one tile may take, a disk."""
_NAME = re.compile(r"tile of (?P<side>[\d ]+) x [\d ]+ x \d+: (?P<stage>\w+)")


@dataclass(frozen=True)
class Growth:
    """How a stage grows with the number of tiles.

    Parameters
    ----------
    stage
        Its name.
    seconds, memory, disk
        Of one tile, in s and GB.
    exponent
        Of the seconds.
    slope
        GB of memory for each further tile.
    measured
        Whether the exponent was measured.
    sloped
        Whether the slope was.
    disk_slope
        GB of disk for each further tile.
    """

    stage: str
    seconds: float
    memory: float
    disk: float
    exponent: float
    slope: float
    measured: bool
    sloped: bool = False
    disk_slope: float = 0.0

    def hours(self, tiles: float) -> float:
        """Return the hours of so many tiles."""
        return self.seconds * float(tiles**self.exponent) / 3600

    def memory_of(self, tiles: float) -> float:
        """Return the peak memory of so many tiles in GB."""
        return self.memory + self.slope * (tiles - 1)

    def disk_of(self, tiles: float) -> float:
        """Return the disk that so many tiles take in GB."""
        return self.disk + self.disk_slope * (tiles - 1)

    def breaks(self) -> dict[str, float]:
        """Return the number of tiles at which each limit is passed; infinite where it never is."""
        grows = self.seconds > 0 and self.exponent > 0
        time = (3600 * HOURS / self.seconds) ** (1 / self.exponent) if grows else math.inf
        memory = reached(MEMORY_GB, self.memory, self.slope)
        return {"time": time, "memory": memory, "disk": reached(DISK_GB, self.disk, self.disk_slope)}


def reached(limit: float, one: float, slope: float) -> float:
    """Return the number of tiles at which what one takes, and each further, comes to a limit."""
    return 1 + (limit - one) / slope if slope > 0 else math.inf


def main() -> None:
    """Write the part of the page between the marks."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(START)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{START}\n{written(RESULTS)}\n{END}{after}", encoding="utf-8")
    print(f"wrote {PAGE}")


def written(results: Path) -> str:
    """Return the table and what it says, in Markdown."""
    runs = measured(results)
    if runs.empty:
        return "Nothing is measured yet: `python -m experiments.benchmarks.whole_tile`."
    stages = growths(runs)
    lines = [*head(runs), "", *table(stages), "", *conclusions(stages)]
    return "\n".join(lines)


def measured(results: Path) -> pd.DataFrame:
    """Return all rows of whole runs with ``side``, ``pixels`` and ``stage``, of the machine of the largest tile."""
    paths = [results / "whole_tile.csv", *sorted(results.glob("tile_[0-9]*.csv"))]
    rows = pd.concat([pd.read_csv(path) for path in paths if path.exists()] or [pd.DataFrame({"work": []})])
    named = rows["work"].astype(str).str.extract(_NAME)
    rows = pd.concat([rows.reset_index(drop=True), named.reset_index(drop=True)], axis=1).dropna(subset="stage")
    rows["pixels"] = rows["side"].str.replace(" ", "").astype(float) ** 2
    rows = rows.sort_values("pixels", kind="stable")
    return rows[rows["cpu"] == rows["cpu"].iloc[-1]] if len(rows) else rows


def growths(runs: pd.DataFrame) -> list[Growth]:
    """Return the growth of every stage, in the order of the run."""
    largest = runs[runs["pixels"] == runs["pixels"].max()]
    return [growth(runs[runs["stage"] == stage]) for stage in largest["stage"] if stage != "total"]


def growth(rows: pd.DataFrame) -> Growth:
    """Return the growth of one stage from its rows, by rising size."""
    last = rows.iloc[-1]
    disk = float(last.get("outputs_gb", 0) or 0)
    seconds, peak = float(last["seconds"]), float(last["peak_gb"])
    one = Growth(str(last["stage"]), seconds, peak, disk, 1.0, 0.0, measured=False, disk_slope=disk)
    if len(rows) < 2:
        return one
    before = rows.iloc[-2]
    seen = before["peak_gb"] > 0  # a stage shorter than the time between two samples has no peak
    rise = last["peak_gb"] - before["peak_gb"] if seen else 0.0
    more = 1 - before["pixels"] / last["pixels"]
    slope, written = max(0.0, rise / more), max(0.0, disk - float(before.get("outputs_gb", 0) or 0)) / more
    known = min(before["seconds"], last["seconds"]) >= 1
    exponent = (
        math.log(last["seconds"] / before["seconds"]) / math.log(last["pixels"] / before["pixels"]) if known else 1.0
    )
    found = replace(one, exponent=round(exponent, 2), slope=round(slope, 3), disk_slope=round(written, 3))
    return replace(found, measured=bool(known), sloped=bool(seen))


def head(runs: pd.DataFrame) -> list[str]:
    """Say what was measured where."""
    last = runs.iloc[-1]
    sides = " and ".join(f"{side.strip()}" for side in dict.fromkeys(runs["side"]))
    limits = f"{HOURS / 24:.0f} days, {MEMORY_GB:.0f} GB of memory, {DISK_GB / 1000:.0f} TB of disk"
    return [
        f"Measured on tiles of {sides} pixels a side, 12 bands, two cores of {last['cpu']} (commit "
        f"{last['commit']}, {last['date']}). Limits: {limits}."
    ]


def table(stages: Iterable[Growth]) -> list[str]:
    """Return the table, one stage a row."""
    lines = [
        f"| stage | one tile | exponent | {TILES} tiles | peak of one | per further tile | {TILES} tiles | disk of "
        f"{TILES} | breaks first at |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in stages:
        what, tiles = min(each.breaks().items(), key=lambda pair: pair[1])
        first = f"{whole(tiles)} tiles ({what})" if math.isfinite(tiles) else "never"
        exponent = f"{each.exponent:.2f}" if each.measured else "1 (assumed)"
        one = f"{each.seconds:.0f} s | {exponent} | {each.hours(TILES):.1f} h | {each.memory:.2f} GB"
        slope = f"{each.slope:.3f} GB" if each.sloped else "0 (assumed)"
        many = f"{slope} | {each.memory_of(TILES):.1f} GB | {each.disk_of(TILES):.0f} GB"
        lines.append(f"| {each.stage} | {one} | {many} | {first} |")
    return lines


def conclusions(stages: list[Growth]) -> list[str]:
    """Say what it all costs, what breaks first, and what is assumed in it."""
    hours, disk = sum(each.hours(TILES) for each in stages), sum(each.disk_of(TILES) for each in stages)
    costliest = max(stages, key=lambda each: each.hours(TILES))
    breaks = sorted((tiles, what, each.stage) for each in stages for what, tiles in each.breaks().items())
    first, lasting = breaks[0], next(found for found in breaks if found[1] != "memory")
    share = 100 * costliest.hours(TILES) / hours
    cost = f"{spaced(hours)} hours of the two cores and {spaced(disk)} GB"
    assumed = [each.stage for each in stages if each.seconds >= 1 and not (each.measured and each.sloped)]
    doubt = f" This rests on the growth that is assumed of {', '.join(assumed)}." if assumed else ""
    others = "" if lasting == first else f" Judged by time and disk only, it is {broken(lasting)}."
    return [
        f"All stages of {TILES} tiles as one collection take {cost}; {share:.0f} % of the time goes into "
        f"`{costliest.stage}`. First to break is {broken(first)}.{others}{doubt}"
    ]


def broken(found: tuple[float, str, str]) -> str:
    """Say at how many tiles a stage breaks, and by what."""
    tiles, what, stage = found
    return f"`{stage}`, by {what}, at {whole(tiles)} tiles"


def whole(tiles: float) -> str:
    """Write the first whole number of tiles beyond a limit."""
    return spaced(math.floor(tiles) + 1)


def spaced(number: float) -> str:
    """Write a number with a space between thousands."""
    return f"{number:,.0f}".replace(",", " ")


if __name__ == "__main__":
    main()
