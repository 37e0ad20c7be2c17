"""Writes the tables of benchmarks from the committed CSVs: ``python -m experiments.benchmarks.table``.

``experiments/benchmarks/table.md`` has every row; README.md those that ``HEADLINES`` names.
"""

from __future__ import annotations

import csv
from pathlib import Path

from experiments.benchmarks.record import RESULTS

README = Path(__file__).resolve().parents[2] / "README.md"
TABLE = Path(__file__).with_name("table.md")
START, END = "<!-- benchmarks: written by experiments/benchmarks/table.py -->", "<!-- end -->"
HEAD = ["| what | figure | csv |", "|---|---|---|"]

HEADLINES = (
    "memberships of",
    "means of 64 maps",
    "inference, U-Net",
    "tile of 10 980",
    "label 100000 of 1000000 segments, scattered",
    "undo 100000 of 1000000 segments, scattered",
    "four measures of",
    "lasso of 200 corners over up to 53%",
    "small circle, replacing, 1,000,000 points",
    "open a session",
    "redraw under a moving brush",
    "brush of a circle moves",
    "label 100000 segments",
    "undo 100000 segments",
    "chosen segments and chips change",
)
"""Beginnings of the rows that the README shows."""


def main() -> None:
    """Write both tables."""
    rows = [line(path.name, row) for path in sorted(RESULTS.glob("*.csv")) for row in csv.DictReader(path.open())]
    TABLE.write_text("\n".join(["# Benchmarks", "", *HEAD, *rows, ""]), encoding="utf-8")
    shown = [
        row.replace("(results/", "(experiments/benchmarks/results/") for row in rows if row[2:].startswith(HEADLINES)
    ]
    before, _, rest = README.read_text(encoding="utf-8").partition(START)
    after = rest.partition(END)[2]
    README.write_text("\n".join([f"{before}{START}", *HEAD, *shown, f"{END}{after}"]), encoding="utf-8")
    print("\n".join(rows))


def line(name: str, row: dict[str, str]) -> str:
    """Return one row of the table."""
    whole = row.get("scene_as_float32_gb")
    work = f"tile of 10 980 x 10 980 x 12: {row['work']}" if whole else row["work"]
    return f"| {work} | {figure(row)} | [{name}](results/{name}) |"


def figure(row: dict[str, str]) -> str:
    """Say what was measured: a ratio to the peer, a distribution against its limit, or seconds and memory."""
    if row.get("ratio"):
        both = f"{seconds(row['ours_s'])} against {seconds(row['peer_s'])}"
        bound = f"; at most {float(row['bound_ratio']):.3g} is possible" if row.get("bound_ratio") else ""
        return f"{float(row['ratio']):.3g} times as fast ({both}){bound}"
    if row.get("p99_ms"):
        return f"median {row['p50_ms']} ms, p99 {row['p99_ms']} ms (aim {float(row['limit_ms']):.0f} ms)"
    if row.get("limit_gb"):
        whole, least = row.get("scene_as_float32_gb"), row.get("bound_s") or "?"
        beside = f"the scene as float32: {whole} GB" if whole else f"bytes and operations alone: {least} s"
        limit = f"limit {float(row['limit_gb']):.0f} GB; {beside}"
        return f"{float(row['seconds']):.0f} s, peak {float(row['peak_gb']):.2f} GB ({limit})"
    return seconds(row["ours_s"]) if row.get("ours_s") else row.get("note", "")


def seconds(text: str) -> str:
    """Return ``1.5 ms`` or ``2.3 s``."""
    value = float(text)
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s"


if __name__ == "__main__":
    main()
