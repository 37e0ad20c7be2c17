"""The benchmark that kills runs: what it counts as kept, as done again and as the same."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from experiments.benchmarks import interruption, watching
from rsgraph.blocks import ResumableBlocks

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Three of four blocks of a stage, as the run keeps them."""
    work = tmp_path / "encode" / "abc.partial" / "work"
    results = ResumableBlocks(folder=work).map("maps", lambda item: {}, [0, 1, 2, 3])
    list(results)
    (work / "maps" / "00003-of-00004.npz").unlink()
    (work / "maps" / ".00003-of-00004.77.aa.npz").write_bytes(b"being written")
    return tmp_path


def test_blocks_are_those_that_the_run_keeps(cache: Path) -> None:
    kept = interruption.blocks(cache)
    assert sorted(path.name for path in kept) == [f"0000{number}-of-00004.npz" for number in range(3)]
    assert interruption.in_all(kept) == 4
    assert interruption.in_all({}) == 0


def test_blocks_of_two_phases_are_added(cache: Path) -> None:
    work = cache / "encode" / "abc.partial" / "work"
    list(ResumableBlocks(folder=work).map("sums", lambda item: {}, [0, 1]))
    assert interruption.in_all(interruption.blocks(cache)) == 6


def test_a_block_written_anew_is_done_again(cache: Path) -> None:
    kept = interruption.blocks(cache)
    kill = interruption.Kill("encode", 1.0, kept, 4)
    interruption.note_again([kill])
    assert kill.again == set()
    first, second, _ = sorted(kept)
    first.unlink()
    list(ResumableBlocks(folder=first.parents[1]).map("maps", lambda item: {}, [0, 1, 2, 3]))
    second_before = kept[second]
    interruption.note_again([kill])
    assert kill.again == {first}
    assert kept[second] == second_before


def test_a_finished_stage_has_nothing_left_to_do_again(cache: Path) -> None:
    kill = interruption.Kill("encode", 1.0, interruption.blocks(cache), 4)
    for path in kill.kept:
        path.unlink()
    interruption.note_again([kill])
    assert kill.again == set()


def test_kill_all_ends_the_command_and_what_it_started() -> None:
    process = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    interruption.kill_all(process)
    process.stdout.close()
    assert process.returncode == -9
    for _ in range(100):  # whoever adopted it has to take note
        if not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.02)
    else:
        pytest.fail("the child lives on")


def test_row_counts_the_seconds_that_were_done_twice() -> None:
    expected = {"encode": {"seconds": 10.0, "outputs": {"a.npy": "1", "b.npy": "2"}}}
    found = {"encode": {"seconds": 7.0, "outputs": {"a.npy": "1", "b.npy": "3"}}}
    kill = interruption.Kill("encode", 5.0, {}, 0)
    row = interruption.row(kill, "encode", expected, found, ["b.npy"], "tile")
    assert (row["lost_s"], row["outputs"], row["same"]) == (2, 2, "differ: b.npy")
    late = interruption.row(interruption.Kill("graph", 5.0, {}, 0), "encode", expected, found, [], "tile")
    assert (late["same"], late["lost_s"]) == ("outputs identical", "")
    assert late["note"] == "over before the signal came; killed in graph"


def test_differing_names_what_is_not_the_same_but_for_seconds(tmp_path: Path) -> None:
    for name, loss, seconds in (("whole", 1, 3.0), ("torn", 1, 4.0), ("worse", 2, 3.0)):
        (tmp_path / name).mkdir()
        history = [{"epoch": 0, "loss": loss, "seconds": seconds}]
        (tmp_path / name / "model.json").write_text(json.dumps({"history": history, "bf16_seconds": seconds}))
    whole, torn, worse = tmp_path / "whole", tmp_path / "torn", tmp_path / "worse"
    was, now = {"model.json": "1", "a.npy": "1"}, {"model.json": "2", "a.npy": "1"}
    assert interruption.differing(was, now, whole, torn) == []
    assert interruption.differing(was, now, whole, worse) == ["model.json"]
    assert interruption.differing(was, {"model.json": "1"}, whole, torn) == ["a.npy"]


@pytest.mark.parametrize("at", ["encode", "gnn", "done"])
def test_a_run_is_killed_in_the_stage_asked_for_or_later(
    at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = ["scene", "segments", *[at] * 100]
    monkeypatch.setattr(interruption, "current", lambda workspace: seen.pop(0))
    words = [sys.executable, "-c", "import time; time.sleep(60)"]
    kill = interruption.interrupted(words, tmp_path, ["encode", "gnn", "pictures"], 0.0, [])
    assert (kill.stage, kill.kept, kill.blocks) == (at, {}, 0)
    assert len(seen) == 98
    assert watching.EVERY > interruption.LOOK_EVERY


def test_a_run_that_fails_by_itself_stops_the_benchmark(tmp_path: Path) -> None:
    failed = interruption.started([sys.executable, "-c", "import sys; sys.exit(2)"], tmp_path)
    failed.wait()
    with pytest.raises(SystemExit, match=r"ended with 2; see the end of .*run\.log"):
        interruption.stop_if_it_failed(failed, tmp_path)
    finished = interruption.started([sys.executable, "-c", ""], tmp_path)
    finished.wait()
    interruption.stop_if_it_failed(finished, tmp_path)
