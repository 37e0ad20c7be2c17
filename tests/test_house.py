"""The code that a run passes is little, and stays little."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.benchmarks import house
from experiments.benchmarks.tracing import Follower
from rsgraph.options import RUN_KINDS


def test_a_run_loads_few_files_before_its_first_stage_and_passes_an_option_on_by_few_hands(tmp_path: Path) -> None:
    found = house.followed(house.ROOT, tmp_path, whole=False)
    # each kind that a run is made of loads its component, and what this shares with others of its kind
    # four files say how far a run is, how long it still takes, and tell that to who watches; one what it will need
    # twelve read and check what a workspace holds, which may come from a stranger, and keep children to safe paths
    # two hold locks, and bring what is written to the disk
    # one takes of Hydra's settings only what a file may set
    # seven open the workspace's own rasters, as all are opened: formats, handles, names of files and of coordinates
    assert len(found["before"]) <= 26 + 4 + 1 + 12 + 1 + 2 + 7 + 2 * len(RUN_KINDS), "\n".join(found["before"])
    assert not [file for file in found["before"] if "/journal/" in file or "/exporters/" in file]
    assert (found["frames"][0], found["frames"][-1]) == ("main", "Nearest.__init__")
    assert len(found["frames"]) <= 8
    assert found["registries"] <= len(RUN_KINDS), "one per kind that a run is made of"
    assert found["compositions"] == 1


def test_a_mere_docstring_is_no_code_and_only_functions_are_counted(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text('"""A room."""\n')
    (tmp_path / "full.py").write_text("def count():\n    return [number for number in range(3)]\n")
    follower = Follower(tmp_path)
    for name in ("empty.py", "full.py"):
        code = compile((tmp_path / name).read_text(), str(tmp_path / name), "exec")
        follower.seen |= {code, *(each for each in code.co_consts if isinstance(each, type(code)))}
    assert follower.files() == [str(tmp_path / "full.py")]
    assert follower.functions() == ["count"]


def test_lines_are_counted_with_and_without_comments(tmp_path: Path) -> None:
    for name, text in {
        "rsgraph/a.py": "# why\n\nx = 1\n",
        "plugins/p/b.py": "y = 2\n",
        "plugins/p/tests/c.py": "z = 3\n",
        "conf/run.yaml": "a: 1 # one\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = {row["work"]: (row["count"], row["note"]) for row in house.lines(tmp_path)}
    assert found == {
        "lines in rsgraph/": (3, "1 of code, in 1 files"),
        "lines in plugins/": (1, "1 of code, in 1 files"),
        "lines in conf/": (1, "1 of code, in 1 files"),
    }


def test_answers_are_timed_of_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rsgraph").mkdir()
    (tmp_path / "rsgraph" / "__main__.py").write_text("import sys; assert sys.argv[1] in ('components', '--help')\n")
    monkeypatch.setattr(house, "ROUNDS", 1)
    rows = house.answers(tmp_path)
    assert [row["work"] for row in rows] == ["rsgraph components", "rsgraph --help"]
    assert all(0 < float(row["ours_s"]) < 60 for row in rows)
