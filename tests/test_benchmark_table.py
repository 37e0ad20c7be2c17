"""Rows of the benchmarks' CSVs as they stand in the table, and the rows that the README shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.benchmarks import table

ROWS = {
    "exponent 1.21 (aim below 1.5)": {"exponent": "1.21", "note": "aim below 1.5"},
    "median 1.2 s, slowest 1.81 s; 85 % proven exact, median gap 0.0012": {
        "queries": "20", "ours_s": "1.2", "slowest_s": "1.81", "exact_share": "0.85", "median_gap": "0.00123",
    },
    "0 of 31 finished blocks done again, 1.5 s done twice; outputs identical": {
        "again": "0", "kept": "31", "lost_s": "1.5", "same": "outputs identical", "note": "",
    },
    "0 of 0 finished blocks done again; outputs identical (over before the signal came; killed in target)": {
        "again": "0", "kept": "0", "lost_s": "", "same": "outputs identical",
        "note": "over before the signal came; killed in target",
    },
    "grid 1.03 times as visible as other borders, 6.54 times unstitched; 3.71 s against 1.81 s": {
        "grid_stitch": "1.03", "grid_chip": "6.54", "ours_s": "3.71", "peer_s": "1.81", "ratio": "0.49",
    },
    "2 times as fast (10 s against 20 s); trustworthiness 0.9512, continuity 0.93": {
        "ratio": "2.0", "ours_s": "10", "peer_s": "20", "trustworthiness": "0.9512", "continuity": "0.93",
    },
    "20 s; trustworthiness 0.96, continuity 0.94": {
        "ours_s": "20", "trustworthiness": "0.96", "continuity": "0.94",
    },
    "9 times as fast (10 s against 90 s); errors up to 4e-07": {
        "ratio": "9", "ours_s": "10", "peer_s": "90", "largest_error": "3.6e-07",
    },
    "9 times as fast (10 s against 90 s); 0 of 40 chips checked have other neighbours, by scipy 0 of 2": {
        "ratio": "9", "ours_s": "10", "peer_s": "90", "rows_checked": "40", "rows_differing": "0",
        "scipy_rows_checked": "2", "scipy_rows_differing": "0",
    },
    "143 s, peak 1.90 GB (limit 6 GB; bytes and operations only: 20.1 s)": {
        "seconds": "143.2", "peak_gb": "1.9", "limit_gb": "6", "bound_s": "20.1",
    },
    "0 s, too short to be watched (limit 6 GB; bytes and operations only: 0.0 s)": {
        "seconds": "0.1", "peak_gb": "0.0", "limit_gb": "6", "bound_s": "0.0",
    },
    "1062 s, peak 3.63 GB (aim 3600 s, 6 GB: met)": {
        "seconds": "1062", "peak_gb": "3.63", "limit_gb": "6", "limit_s": "3600", "note": "aim 3600 s, 6 GB: met",
    },
    "8 (main > run)": {"count": "8", "note": "main > run"},
    "90 files in 180 s: 50 read, 38 refused, 1 hangs, 1 too much memory; at most 31 MB and 0.2 s for one": {
        "inputs": "90", "seconds": "180", "fine": "50", "refused": "38", "tracebacks": "0", "hangs": "1",
        "crashes": "0", "too_much_memory": "1", "peak_mb": "31", "slowest_s": "0.2",
    },
    "44": {"count": "44", "note": ""},
    "median 0.31, 2.1 % alike (alike: nearer than 0.1)": {
        "median_distance": "0.31", "alike_percent": "2.1", "note": "alike: nearer than 0.1",
    },
}  # fmt: skip


@pytest.mark.parametrize("text", ROWS)
def test_figure_tells_what_matters_of_each_kind_of_row(text: str) -> None:
    assert table.figure({"work": "some", **ROWS[text]}) == text


@pytest.mark.parametrize(
    "work",
    [
        "exact 15 nearest chips, generated tile",
        "full matrix, exact, generated tile",
        "growth of nearest search, exponent in the number of chips",
        "one chip among 100000 simulated chips, generated tile",
        "tile of 10 980 x 10 980 x 12: encode",
        "UMAP of all: 9652 segments of T48QUE",
        "UMAP of a sample, the rest placed: 1000000 segments",
        "parametric UMAP: 1000000 segments",
        "stitched segments of T48QUE (25 chips), slic",
    ],
)
def test_readme_shows_the_rows_of_whole_tiles(work: str) -> None:
    assert work.startswith(table.HEADLINES)


def test_main_writes_all_rows_in_the_table_and_headlines_in_the_readme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme, results = tmp_path / "README.md", tmp_path / "results"
    readme.write_text(f"before\n{table.START}\nold\n{table.END}\nafter\n")
    results.mkdir()
    rows = ["stitched segments of A,1.5,", "growth of nearest search - 441 chips,2,"]
    (results / "some.csv").write_text("\n".join(["work,ours_s,note", *rows, ""]))
    for name, value in (("README", readme), ("RESULTS", results), ("TABLE", tmp_path / "table.md")):
        monkeypatch.setattr(table, name, value)
    table.main()
    shown = "| stitched segments of A | 1.5 s | [some.csv](experiments/benchmarks/results/some.csv) |"
    head = "\n".join(table.HEAD)
    assert readme.read_text() == f"before\n{table.START}\n{head}\n{shown}\n{table.END}\nafter\n"
    assert "| growth of nearest search - 441 chips | 2 s |" in (tmp_path / "table.md").read_text()
