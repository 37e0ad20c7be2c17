"""The benchmark of a whole tile: what it watches is what a process does, and its bounds are those of the formulas."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
import yaml

from experiments.benchmarks import bounds, places, table, watching, whole_tile
from rsgraph.stages.plan import STAGES, stages_of
from rsgraph.workspace import Workspace
from tests.small_runs import composed, planned

HOLD = """
import subprocess, sys, time
held = bytearray(b"x") * 150_000_000
child = subprocess.Popen([sys.executable, "-c", "import time; held = bytearray(b'x') * 150_000_000; time.sleep(2)"])
open(sys.argv[1], "wb").write(held[:20_000_000])
child.wait()
print("held", flush=True)
sys.exit(int(sys.argv[2]))
"""


def sizes(**changed: int) -> bounds.Sizes:
    counts = {
        "pixels": 1000, "bands": 12, "classes": 8, "chips": 10, "segments": 100, "neighbours": 8, "numbers": 64,
        "layers": 3, "network": 500, "compared": 51, "maps": 2, "later": 1,
    }  # fmt: skip
    return bounds.Sizes(**{**counts, **changed})


def sample(stage: str, seconds: float, resident: int, read: int) -> watching.Sample:
    return watching.Sample(seconds, stage, 1, resident, resident // 2, read, 0)


def test_watch_counts_all_processes_and_what_they_write(tmp_path: Path) -> None:
    script = tmp_path / "hold.py"
    script.write_text(HOLD)
    command = [sys.executable, str(script), str(tmp_path / "written"), "0"]
    watched = watching.watch(command, tmp_path, tmp_path / "log")
    assert watched.code == 0
    assert (tmp_path / "log").read_text() == "held\n"
    assert max(each.processes for each in watched.samples) == 2
    assert max(each.resident for each in watched.samples) > 300_000_000
    assert 150_000_000 < watched.largest < 290_000_000
    assert watched.samples[-1].written >= 20_000_000
    assert watched.seconds == pytest.approx(watched.samples[-1].seconds, abs=2)


def test_a_process_that_is_ending_keeps_the_largest_size_it_had() -> None:
    seen = {os.getpid(): watching.Counters(0, 0, 10**15)}
    watching.look(os.getpid(), "encode", 0.0, seen)
    assert seen[os.getpid()].largest == 10**15
    assert seen[os.getpid()].read > 0


def test_a_failed_command_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print('no such scene'); sys.exit(2)"]
    watched = watching.watch(command, tmp_path, tmp_path / "log")
    with pytest.raises(SystemExit, match=r"ended with 2; .*\s+no such scene"):
        whole_tile.stop_if_failed(watched, tmp_path / "log")


def test_words_are_sizes_folder_and_options_in_any_order() -> None:
    assert whole_tile.parsed([]) == ([5490, 10980], places.TILE, [])
    assert whole_tile.parsed(["executor=dask", "512", "/a b", "256"]) == ([256, 512], Path("/a b"), ["executor=dask"])
    with pytest.raises(SystemExit, match=r"one FOLDER is enough\. Got here and there\."):
        whole_tile.parsed(["here", "there"])


def test_sizes_keep_their_workspaces_apart_and_the_whole_tile_has_the_plain_names(tmp_path: Path) -> None:
    workspace, cache, log = whole_tile.kept(tmp_path, 10980)
    assert (workspace.name, cache.name, log.name) == ("workspace", "cache", "run.log")
    assert not {workspace, cache, log} & set(whole_tile.kept(tmp_path, 5490))


@pytest.mark.parametrize("name", ["model", "model-narrow"])
def test_a_model_that_has_learnt_is_kept(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "manifest.json").write_text(json.dumps({"stages": {"gnn": {}}}))
    assert whole_tile.learned(tmp_path, name, 10980) == tmp_path / name
    assert not list(tmp_path.glob("*.tif"))


def test_current_is_the_first_stage_that_the_manifest_lacks(tmp_path: Path) -> None:
    assert watching.current(tmp_path) == "scene"
    names = [stage.name for stage in STAGES]
    for done, stage in (([], "scene"), (["scene", "segments", "graph"], "metric"), (names, "done")):
        (tmp_path / "manifest.json").write_text(json.dumps({"stages": {name: {} for name in done}}))
        assert watching.current(tmp_path) == stage


def test_stages_are_watched_in_the_order_of_the_run(tmp_path: Path) -> None:
    assert watching.walked(tmp_path) == tuple(stage.name for stage in STAGES)
    for options in ((), ("experiment=paper",), ("experiment=untrained",)):
        config = composed(*options)
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
        names = [stage.name for stage in stages_of(planned(config))]
        assert watching.walked(tmp_path) == tuple(names), options
        done = {"stages": {name: {} for name in names[: names.index("match")]}}
        (tmp_path / "manifest.json").write_text(json.dumps(done))
        assert watching.current(tmp_path) == "match"


def test_row_has_peak_and_bytes_of_only_its_stage() -> None:
    looks = (sample("scene", 0, 100, 10), sample("encode", 1, 400, 30), sample("encode", 2, 300, 90))
    watched = watching.Watched(0, 3.0, 400, tuple(
        watching.Sample(each.seconds, each.stage, 1, each.resident * 10**9, each.proportional, each.read * 10**9, 0)
        for each in looks
    ))  # fmt: skip
    assert whole_tile.row(2.0, watched, "encode")["peak_gb"] == 400
    assert whole_tile.row(2.0, watched, "encode")["read_gb"] == 60
    assert whole_tile.row(2.0, watched, "scene")["peak_gb"] == 100
    assert whole_tile.row(0.0, watched, "graph")["peak_gb"] == 0
    assert whole_tile.row(3.0, watched, None)["peak_gb"] == 400


def test_work_has_every_stage_and_follows_the_formulas() -> None:
    needed = bounds.work(sizes())
    assert list(needed) == [stage.name for stage in STAGES]
    assert needed["scene"] == bounds.Work(24_000, 0, 48_000)
    assert needed["encode"].operations == 5000
    assert needed["memberships"].operations == 1000 * 8 * 46
    assert needed["metric"] == bounds.Work(0, 0, 8 * 1000 * 14 + 6 * 100 * 13 * 19)
    assert needed["match"].operations == 2 * 100 * 51 + 30 * 10 * 100 * 51
    assert needed["project"].operations == 2 * 20 * 100 * 8
    assert needed["join"].operations == 2 * 100 * 64 * 64
    assert needed["trained_maps"].operations == 20 * 100 * 8
    assert bounds.work(sizes(chips=20))["encode"].operations == 2 * needed["encode"].operations


def test_bound_is_the_sum_of_reading_writing_and_computing() -> None:
    columns = bounds.Work(2e9, 1e9, 4e12).columns(bounds.Speeds(1e9, 5e8, 1e12), seconds=16)
    assert columns["bound_s"] == 2 + 2 + 4
    assert columns["times_bound"] == 2
    assert bounds.Work(0, 0, 0).columns(bounds.Speeds(1, 1, 1), seconds=16)["times_bound"] == ""


def test_network_takes_the_operations_of_its_convolutions() -> None:
    """Two of 3 x 3 and the head, each 2 x side x side x inputs x outputs."""
    network = {"name": "unet", "width": 2, "depth": 1}
    for margin, pixels in ((0, bounds.CHIP**2), (16, (bounds.CHIP + 32) ** 2)):
        assert bounds.flops(network, 12, 3, margin) == 2 * pixels * (9 * 12 * 2 + 9 * 2 * 2 + 2 * 3)


def test_sizes_are_those_of_the_workspace(finished: Workspace, tmp_path: Path) -> None:
    tile = whole_tile.write_tile(tmp_path, 256)
    found = bounds.Sizes.of(finished, tile)
    assert (found.pixels, found.bands, found.classes, found.chips) == (256 * 256, 12, 4, 12)
    assert (found.segments, found.neighbours, found.layers) == (len(finished.segments), 4, 3)
    assert (found.numbers, found.compared) == (finished.embedding("encoder").shape[1], finished.embedding().shape[1])
    assert (found.maps, found.later) == (2, 1)
    assert set(bounds.work(found)) == set(finished.manifest["stages"])


def test_speeds_are_of_this_machine(tmp_path: Path) -> None:
    tile = whole_tile.write_tile(tmp_path, 256)
    assert 1e6 < bounds.decoding(tile) < 1e11
    assert 1e6 < bounds.writing(tmp_path, 1 << 22) < 1e11
    assert 1e8 < bounds.multiplying(256) < 1e14
    assert not (tmp_path / "writing.tmp").exists()


def test_rows_of_a_run_are_worded_with_their_bound() -> None:
    row = {"work": "tile: encode", "seconds": "300", "peak_gb": "1.5", "limit_gb": "6", "bound_s": "200.5"}
    assert table.line("whole_tile.csv", row) == (
        "| tile: encode | 300 s, peak 1.50 GB (limit 6 GB; bytes and operations only: 200.5 s) "
        "| [whole_tile.csv](results/whole_tile.csv) |"
    )
    assert "bytes and operations only: ? s" in table.figure({**row, "bound_s": ""})
