"""Needs on disk as a run says them, against what it takes, and against what is free."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rsgraph.cache import StageCache
from rsgraph.errors import OutputError
from rsgraph.run import disk
from rsgraph.run.disk import Need, Places, check_room, needs, shown, together
from rsgraph.run.keys import keys
from rsgraph.run.prepare import prepare
from rsgraph.run.runner import run
from rsgraph.run.scenes import cut_chips
from rsgraph.stages.context import Opened
from rsgraph.stages.plan import Plan
from rsgraph.workspace import Workspace
from tests.small_runs import TINY, Configure, composed

GB = 1e9


def opened(*words: str) -> tuple[Plan, Opened]:
    found = prepare(composed(*TINY, *words), point=None, typed=None)
    return found.plan, cut_chips(found.plan.options.chips, found.scenes)


def free(monkeypatch: pytest.MonkeyPatch, bytes_: float) -> None:
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda place: SimpleNamespace(free=int(bytes_)))


def test_embeddings_are_expected_to_be_as_large_as_they_are(made: Workspace) -> None:
    plan, scene = opened()
    expected = needs(plan, scene, [*keys(plan)])
    sizes = {path.stem: path.stat().st_size for path in made.path("embeddings").glob("*.npy")}
    for stage, layers in {
        "metric": ["own", "surroundings"],
        "memberships": ["target"],
        "encode": ["encoder"],
        "gnn": ["gnn1", "gnn2", "gnn3"],
        "join": ["own+gnn1"],
    }.items():
        assert expected[stage].outputs == pytest.approx(sum(sizes[name] for name in layers), rel=0.25), stage


def test_work_is_counted_once_as_stages_come_one_after_the_other() -> None:
    room = together([Need(0)])
    assert together([Need(10, 5), Need(20, 30), Need(1)]) == room + 31 + 30
    assert together([]) == 0


@pytest.mark.parametrize(
    ("word", "stage", "times"),
    [
        ("reader.rows=320", "segments", 2.0),
        ("segmenter.n_segments=120", "gnn", 2.0),
        ("gnn.hidden=120", "gnn", 124 / 64),
        ("graph.k=8", "graph", 2.0),
        ("target.n_clusters=8", "memberships", 2.0),
    ],
)
def test_needs_follow_the_options(word: str, stage: str, times: float) -> None:
    before, now = (needs(*opened(*words), [stage])[stage].outputs for words in ((), (word,)))
    assert now == pytest.approx(times * before, rel=0.02)


def test_what_will_be_needed_is_said_where_there_is_room(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, 50 * GB)
    plan, scene = opened()
    wanted = keys(plan)
    check_room(plan, scene, wanted, [*wanted], Places(StageCache(tmp_path / "cache"), tmp_path / "w"))
    said = capsys.readouterr().out
    assert said.startswith("It will need about ")
    assert said.endswith(f" MB on the disk of {tmp_path}, where 50 GB are free.\n")


def test_a_run_does_not_begin_without_nearly_enough_room_and_leaves_nothing(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, 1e6)
    with pytest.raises(
        OutputError, match=r"this run will need about .* MB on the disk of .*, where 1\.0 MB are free; "
    ) as e:
        run(configure())
    assert "\n" not in str(e.value)
    assert all(advice in str(e.value) for advice in ("rsgraph cache", "workspace=", "cache.path=", "disk=ignore"))
    assert not list(tmp_path.iterdir())


def test_disk_ignore_begins_all_the_same_and_says_so(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    free(monkeypatch, 1e6)
    assert run(configure("disk=ignore", "gnn=none")).ready
    said = capsys.readouterr().out
    assert "note: this run will need about" in said
    assert said.index("this run will need about") < said.index("\n  scene "), "before the first stage"


def test_what_the_cache_holds_and_what_is_finished_needs_nothing(
    made: Workspace, configure: Configure, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    free(monkeypatch, 0)
    run(configure())
    run(configure(workspace="other"))
    assert "will need" not in capsys.readouterr().out


def test_two_disks_are_looked_at_by_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, scene = opened()
    asked: list[Any] = []
    monkeypatch.setattr(disk, "_device", lambda folder: 1 if folder.name == "cache" else 2)
    monkeypatch.setattr(disk, "_check", lambda place, expected, *_, **__: asked.append((place.name, expected)))
    for name in ("cache", "w"):
        (tmp_path / name).mkdir()
    wanted = keys(plan)
    check_room(plan, scene, wanted, [*wanted], Places(StageCache(tmp_path / "cache"), tmp_path / "w"))
    (cache, of_cache), (workspace, of_workspace) = asked
    assert (cache, workspace) == ("cache", "w")
    assert 0 < of_workspace < of_cache, "no work is kept in a workspace"


def test_sizes_are_short() -> None:
    assert [shown(each) for each in (0, 20_000, 2e6, 55e6, 1.23e9, 2e12)] == [
        "0 MB", "0.1 MB", "2.0 MB", "55 MB", "1.2 GB", "2.0 TB",
    ]  # fmt: skip


@pytest.mark.slow
def test_no_run_takes_more_than_it_said_or_less_than_three_quarters(tmp_path: Path) -> None:
    words = ["reader=synthetic", "reader.rows=512", "reader.columns=512", "experiment=untrained", "tracking.uri=none"]
    config = composed(*words, f"workspace={tmp_path / 'w'}")
    found = prepare(config, point=None, typed=None)
    scene = cut_chips(found.plan.options.chips, found.scenes)
    expected = needs(found.plan, scene, [*keys(found.plan)])
    run(config)
    for stage, need in expected.items():
        folders = [path for path in (tmp_path / ".rsgraph-cache" / stage).iterdir() if path.is_dir()]
        taken = sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())
        assert taken < 1.3 * need.outputs + 100_000, stage
    whole = sum(path.stat().st_size for path in (tmp_path / ".rsgraph-cache").rglob("*") if path.is_file())
    assert 0.6 * together([*expected.values()]) < whole + max(need.work for need in expected.values())
