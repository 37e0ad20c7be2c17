"""Writes the table of benchmarks in README.md from the committed CSVs: ``python -m experiments.benchmarks.table``."""

from __future__ import annotations

import csv
from pathlib import Path

from experiments.benchmarks.record import RESULTS

README = Path(__file__).resolve().parents[2] / "README.md"
START, END = "<!-- benchmarks: written by experiments/benchmarks/table.py -->", "<!-- end -->"


def main() -> None:
    """Write the table."""
    rows = [line(path.name, row) for path in sorted(RESULTS.glob("*.csv")) for row in csv.DictReader(path.open())]
    table = "\n".join(["| what | figure | csv |", "|---|---|---|", *rows])
    before, _, rest = README.read_text(encoding="utf-8").partition(START)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{START}\n{table}\n{END}{after}", encoding="utf-8")
    print(table)


def line(name: str, row: dict[str, str]) -> str:
    """Return one row of the table: a ratio to the peer, or seconds and peak memory."""
    if row.get("ratio"):
        both = f"{seconds(row['ours_s'])} against {seconds(row['peer_s'])}"
        figure = f"{float(row['ratio']):.3g} times as fast ({both})"
        figure += f"; at most {float(row['bound_ratio']):.3g} is possible" if row.get("bound_ratio") else ""
    else:
        figure = f"{float(row['seconds']):.0f} s, peak {float(row['peak_gb']):.2f} GB"
        figure += f" (limit {float(row['limit_gb']):.0f} GB; the scene as float32: {row['scene_as_float32_gb']} GB)"
    work = row["work"] if row.get("ratio") else f"tile of 10 980 x 10 980 x 12: {row['work']}"
    return f"| {work} | {figure} | [{name}](experiments/benchmarks/results/{name}) |"


def seconds(text: str) -> str:
    """Return ``1.5 ms`` or ``2.3 s``."""
    value = float(text)
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s"


if __name__ == "__main__":
    main()
