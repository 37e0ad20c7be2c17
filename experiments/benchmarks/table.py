"""Tables of benchmarks, written from the committed CSVs: ``python -m experiments.benchmarks.table``.

``experiments/benchmarks/table.md`` has every row; README.md those that ``HEADLINES`` names.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
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
    "both first maps of",
    "first stroke on",
    "workspace of",
    "first maps of a tile of 10 980 x 10 980 x 12: ready",
    "first map of a tile",
    "tile of 10 980",
    "exact 15 nearest chips",
    "full matrix",
    "growth of nearest search, exponent",
    "one chip among",
    "UMAP of all",
    "UMAP of a sample",
    "parametric UMAP",
    "stitched segments of",
    "label 100000 of 1000000 segments, scattered",
    "undo 100000 of 1000000 segments, scattered",
    "four measures of",
    "lasso of 200 corners over up to 53%",
    "small circle, replacing, 1,000,000 points",
    "open a session",
    "redraw under a moving brush",
    "brush of a circle moves",
    "brush over 1060900 segments while",
    "label 100000 segments",
    "undo 100000 segments",
    "chosen segments and chips change",
)
"""Beginnings of the rows that the README shows."""


def main() -> None:
    """Write both tables."""
    rows = [line(path.name, row) for path in sorted(RESULTS.glob("*.csv")) for row in read(path)]
    TABLE.write_text("\n".join(["# Benchmarks", "", *HEAD, *rows, ""]), encoding="utf-8")
    shown = [
        row.replace("(results/", "(experiments/benchmarks/results/") for row in rows if row[2:].startswith(HEADLINES)
    ]
    before, _, rest = README.read_text(encoding="utf-8").partition(START)
    after = rest.partition(END)[2]
    README.write_text("\n".join([f"{before}{START}", *HEAD, *shown, f"{END}{after}"]), encoding="utf-8")
    print("\n".join(rows))


def read(path: Path) -> list[dict[str, str]]:
    """Read the rows of a CSV."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def line(name: str, row: dict[str, str]) -> str:
    """Return one row of the table."""
    return f"| {row['work']} | {figure(row)} | [{name}](results/{name}) |"


def figure(row: dict[str, str]) -> str:
    """Say what was measured: by the first of ``FIGURES`` whose column is filled, else seconds or the note."""
    tell = next((tell for column, tell in FIGURES.items() if row.get(column)), None)
    if tell is not None:
        return tell(row)
    return seconds(row["ours_s"]) + quality(row) if row.get("ours_s") else row.get("note", "")


def growth(row: dict[str, str]) -> str:
    """Return the exponent of growth."""
    return f"exponent {row['exponent']} ({row['note']})"


def searching(row: dict[str, str]) -> str:
    """Tell how long a search takes, and how often and how nearly its answer is exact."""
    share, gap = 100 * float(row["exact_share"]), float(row["median_gap"])
    both = f"median {seconds(row['ours_s'])}, slowest {seconds(row['slowest_s'])}"
    return f"{both}; {share:.0f} % proven exact, median gap {gap:.2g}"


def interrupted(row: dict[str, str]) -> str:
    """Tell what a killed run did again, and whether it ends as an undisturbed one."""
    again = f"{row['again']} of {row['kept']} finished blocks done again"
    lost = f", {row['lost_s']} s done twice" if row.get("lost_s") else ""
    return f"{again}{lost}; {row['same']}" + (f" ({row['note']})" if row.get("note") else "")


def stitched(row: dict[str, str]) -> str:
    """Tell how visible chips are with and without stitching, and what it costs."""
    grid = (
        f"grid {float(row['grid_stitch']):.2f} times as visible as other borders, {row['grid_chip']} times unstitched"
    )
    return f"{grid}; {seconds(row['ours_s'])} against {seconds(row['peer_s'])}"


def quicker(row: dict[str, str]) -> str:
    """Tell the ratio to the peer."""
    both = f"{seconds(row['ours_s'])} against {seconds(row['peer_s'])}"
    bound = f"; at most {float(row['bound_ratio']):.3g} is possible" if row.get("bound_ratio") else ""
    return f"{float(row['ratio']):.3g} times as fast ({both}){bound}{quality(row)}"


def distributed(row: dict[str, str]) -> str:
    """Tell a distribution against its limit."""
    return f"median {row['p50_ms']} ms, p99 {row['p99_ms']} ms (aim {float(row['limit_ms']):.0f} ms)"


def staged(row: dict[str, str]) -> str:
    """Tell the seconds and memory of a stage with their bounds, of a whole run with its aims."""
    least = f"bytes and operations only: {row.get('bound_s') or '?'} s"
    limits = row["note"] if row.get("limit_s") else f"limit {float(row['limit_gb']):.0f} GB; {least}"
    peak = f"peak {float(row['peak_gb']):.2f} GB" if float(row["peak_gb"]) else "too short to be watched"
    return f"{float(row['seconds']):.0f} s, {peak} ({limits})"


def varied(row: dict[str, str]) -> str:
    """Tell how far chips are from those most like them."""
    return f"median {row['median_distance']}, {row['alike_percent']} % alike ({row['note']})"


def counted(row: dict[str, str]) -> str:
    """Tell a number and what it is made of."""
    return row["count"] + (f" ({row['note']})" if row.get("note") else "")


def fuzzed(row: dict[str, str]) -> str:
    """Tell how many changed files were tried, what came of them, and what one took at most."""
    sorts = ("tracebacks", "hangs", "crashes", "too_much_memory")
    found = ", ".join(f"{row[sort]} {sort.replace('_', ' ')}" for sort in sorts if row[sort] != "0") or "no findings"
    tried = f"{row['inputs']} files in {row['seconds']} s: {row['fine']} read, {row['refused']} refused, {found}"
    return f"{tried}; at most {row['peak_mb']} MB and {row['slowest_s']} s for one"


FIGURES: dict[str, Callable[[dict[str, str]], str]] = {
    "exponent": growth,
    "inputs": fuzzed,
    "queries": searching,
    "same": interrupted,
    "grid_stitch": stitched,
    "ratio": quicker,
    "p99_ms": distributed,
    "limit_gb": staged,
    "median_distance": varied,
    "count": counted,
}
"""A column that only such rows fill -> the function that words them."""


def quality(row: dict[str, str]) -> str:
    """Tell how good the result is, where that was measured too."""
    parts = [f"{name} {row[name]}" for name in ("trustworthiness", "continuity") if row.get(name)]
    if row.get("largest_error"):
        parts.append(f"errors up to {float(row['largest_error']):.1g}")
    if row.get("rows_checked"):
        parts.append(f"{row['rows_differing']} of {row['rows_checked']} chips checked have other neighbours")
    if row.get("scipy_rows_checked"):
        parts.append(f"by scipy {row['scipy_rows_differing']} of {row['scipy_rows_checked']}")
    return f"; {', '.join(parts)}" if parts else ""


def seconds(text: str) -> str:
    """Return ``1.5 ms`` or ``2.3 s``."""
    value = float(text)
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s"


if __name__ == "__main__":
    main()
