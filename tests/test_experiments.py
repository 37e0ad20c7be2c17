"""READMEs and tables against the committed results, and their rows against those of the paper."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir

from experiments import claims, paper_tables
from experiments.labelling import readme, table
from experiments.labelling.segments import chosen
from experiments.labelling.shares import difference, rows, shares
from rsgraph.config import config_folder

ROOT = Path(__file__).resolve().parents[1]
TABLES = list(paper_tables.SPECS)


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_generated_from_their_results(name: str, tmp_path: Path) -> None:
    folder = ROOT / "experiments" / name
    (tmp_path / "results.csv").write_bytes((folder / "results.csv").read_bytes())
    paper_tables.write_tables(name, tmp_path)
    assert (tmp_path / "table.md").read_text() == (folder / "table.md").read_text()
    assert (tmp_path / "figure.png").stat().st_size > 10_000


@pytest.mark.parametrize(("path", "prefix"), claims.READMES.items())
def test_claims_in_the_readmes_are_those_of_the_results(path: Path, prefix: str) -> None:
    text = path.read_text(encoding="utf-8")
    for claim in claims.CLAIMS:
        if claim.short or not prefix:
            assert claims.line(claim, prefix) in text


@pytest.mark.parametrize("name", TABLES)
def test_results_hold_every_row_of_the_paper_with_three_seeds(name: str) -> None:
    results = pd.read_csv(ROOT / "experiments" / name / "results.csv")
    paper = pd.read_csv(ROOT / "experiments" / "paper.csv")
    for spec in paper_tables.SPECS[name]:
        named = results.assign(row=results.apply(spec.row, axis=1)).dropna(subset="row")
        found = named[(named["level"] == spec.level) & (named["among"] == "all")]
        for row in paper[paper["table"] == spec.number]["row"]:
            assert (found[found["row"] == row].groupby("scene")["seed"].nunique() == 3).all()
            assert found[found["row"] == row]["scene"].nunique() == 4


@pytest.mark.parametrize("name", TABLES)
def test_every_table_composes_as_a_sweep(name: str) -> None:
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        place = f"hydra.searchpath=[file://{ROOT / 'experiments' / name}]"
        config = compose("run", [place, f"experiment={name}"], return_hydra_config=True)
    assert config.hydra.sweeper.params["seed"] == "0,1,2"
    assert config.trainer.precision == "float32"  # the same on every CPU


def test_agreement_is_that_of_each_scene() -> None:
    theirs = pd.DataFrame({"row": ["a", "b", "c"], "glcm": [3.0, 2.0, 1.0]}).set_index("row")
    same = [("x", row, value) for row, value in (("a", 30.0), ("b", 20.0), ("c", 10.0))]
    reverse = [("y", row, value) for row, value in (("a", 1.0), ("b", 2.0), ("c", 3.0))]
    measured = pd.DataFrame([*same, *reverse], columns=["scene", "row", "glcm"])
    found = paper_tables.agreement_of(measured, theirs, "glcm")
    assert (found.best, found.same, found.scenes) == ("c", 1, 2)  # less contrast is better
    assert (found.rank, found.low, found.high) == pytest.approx((0, -1, 1))


def test_make_bench_runs_every_benchmark_and_the_tile_before_what_works_on_it() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = next(line for line in text.splitlines() if line.startswith("BENCHMARKS")).split("=")[1].split()
    files = (ROOT / "experiments" / "benchmarks").glob("*.py")
    programs = {path.stem for path in files if "__main__" in path.read_text(encoding="utf-8")}
    assert programs - {"scaling", "table"} == set(named)  # these two read what the others wrote
    for name in ("matching", "projection", "interruption"):
        assert named.index("whole_tile") < named.index(name)


def test_page_and_tables_of_labelling_are_generated_from_their_results() -> None:
    folder = ROOT / "experiments" / "labelling"
    assert readme.page() == (folder / "README.md").read_text(encoding="utf-8")
    assert table.page() == (folder / "table.md").read_text(encoding="utf-8")


def test_shares_are_means_over_seeds_and_dates_of_one_place_count_as_one() -> None:
    about = {"representation": "own", "player": "expert", "trained": float("nan")}
    measured = [("eopatch_2", 0, 0.8), ("eopatch_2", 1, 0.6), ("eopatch_3", 0, 0.9), ("site_38d", 0, 0.5)]
    results = pd.DataFrame([{**about, "data": name, "seed": seed, "share": share} for name, seed, share in measured])
    found = shares(rows(results), "own")
    assert found.to_dict() == pytest.approx({"eopatch": 0.8, "site_38d": 0.5})


def test_difference_is_over_scenes_that_both_have() -> None:
    one, other = pd.Series({"a": 0.5, "b": 0.9, "c": 0.1}), pd.Series({"a": 0.4, "b": 0.6})
    found = difference(one, other)
    assert (found.mean, found.low, found.high, found.scenes) == pytest.approx((0.2, 0.1, 0.3, 2))
    assert (found.worst_scene, found.worst) == ("a", pytest.approx(0.1))


def test_whole_chips_that_hold_reference_are_chosen() -> None:
    chips, known = np.array([0, 0, 1, 1, 1, 2]), np.array([0, 1, 0, 0, 0, 5])
    assert chosen(chips, known, 10).tolist() == [0, 1, 5]
    assert chosen(chips, known, 2, draw="known").tolist() == [5]
