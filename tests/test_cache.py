from __future__ import annotations

import json
import multiprocessing
import os
import time
from pathlib import Path

import pytest

from rsgraph.cache import StageCache
from rsgraph.errors import WorkspaceError

KEY = "a" * 64


def _store(cache: StageCache, text: str = "content") -> None:
    folder = cache.partial("graph", KEY)
    (folder / "edges.npy").write_text(text)
    (folder / "work" / "checkpoint").write_text("left over")
    cache.commit("graph", KEY, 1.5, {"edges": 3})


def test_commit_stores_outputs_with_their_hashes_and_without_the_work(tmp_path: Path) -> None:
    cache = StageCache(tmp_path)
    assert cache.find("graph", KEY) is None
    _store(cache)
    record = cache.find("graph", KEY)
    assert record is not None
    assert list(record.outputs) == ["edges.npy"]
    assert record.facts == {"edges": 3}
    assert not (cache.place_of("graph", KEY) / "work").exists()


def test_find_forgets_a_stage_whose_file_was_changed(tmp_path: Path) -> None:
    cache = StageCache(tmp_path)
    _store(cache)
    (cache.place_of("graph", KEY) / "edges.npy").write_text("tampered")
    assert cache.find("graph", KEY) is None
    assert not cache.place_of("graph", KEY).exists()


def test_find_forgets_a_stage_whose_record_is_damaged(tmp_path: Path) -> None:
    cache = StageCache(tmp_path)
    _store(cache)
    (cache.place_of("graph", KEY) / "stage.json").write_text("{")
    assert cache.find("graph", KEY) is None


@pytest.mark.parametrize(
    "record",
    [
        {"outputs": {"../../../victim": KEY}},
        {"outputs": {"/etc/victim": KEY}},
        {"outputs": {"labels.sqlite": KEY}},
        {"outputs": ["edges.npy"]},
        {"stage": "../.."},
        {"key": "b" * 64},
        {"key": "../../x"},
        {"seconds": "long"},
        {"facts": []},
    ],
)
def test_find_believes_no_record_that_was_planted(tmp_path: Path, record: dict[str, object]) -> None:
    cache = StageCache(tmp_path / "cache")
    _store(cache)
    path = cache.place_of("graph", KEY) / "stage.json"
    whole = json.loads(path.read_text())
    path.write_text(json.dumps({**whole, **record}))
    assert cache.find("graph", KEY) is None


@pytest.mark.parametrize(
    ("stage", "key"), [("../victim", KEY), ("graph", "../../victim"), ("graph", "/etc"), ("walk", KEY)]
)
def test_places_are_of_stages_and_keys_only(tmp_path: Path, stage: str, key: str) -> None:
    with pytest.raises(WorkspaceError, match="are no stage and its key"):
        StageCache(tmp_path).place_of(stage, key)


def test_outputs_that_are_links_are_not_taken(tmp_path: Path) -> None:
    cache = StageCache(tmp_path / "cache")
    _store(cache)
    place = cache.place_of("graph", KEY)
    (tmp_path / "elsewhere").write_text("content")
    (place / "edges.npy").unlink()
    (place / "edges.npy").symlink_to(tmp_path / "elsewhere")
    assert cache.find("graph", KEY) is None
    assert (tmp_path / "elsewhere").read_text() == "content"


def test_partial_removes_nothing_behind_a_link(tmp_path: Path) -> None:
    cache, victim = StageCache(tmp_path / "cache"), tmp_path / "victim"
    victim.mkdir()
    (victim / "kept").write_text("mine")
    (tmp_path / "cache" / "graph").mkdir(parents=True)
    (tmp_path / "cache" / "graph" / f"{KEY[:32]}.partial").symlink_to(victim)
    with pytest.raises(WorkspaceError, match="symbolic link"):
        cache.partial("graph", KEY)
    (tmp_path / "cache" / "encoder").symlink_to(victim)
    with pytest.raises(WorkspaceError, match="symbolic link"):
        cache.partial("encoder", KEY)
    with pytest.raises(WorkspaceError, match="symbolic link"), cache.lock("encoder", KEY):
        pass
    assert [path.name for path in victim.iterdir()] == ["kept"]


def test_partial_keeps_the_work_of_an_interrupted_run_and_nothing_else(tmp_path: Path) -> None:
    cache = StageCache(tmp_path)
    folder = cache.partial("encoder", KEY)
    (folder / "work" / "last.ckpt").write_text("epoch 3")
    (folder / "half.npy").write_text("half")
    again = cache.partial("encoder", KEY)
    assert again == folder
    assert (again / "work" / "last.ckpt").read_text() == "epoch 3"
    assert not (again / "half.npy").exists()


def _take(folder: Path, log: Path) -> None:
    cache = StageCache(folder)
    with cache.lock("encoder", KEY):
        if cache.find("encoder", KEY) is None:
            time.sleep(0.3)
            (cache.partial("encoder", KEY) / "models").mkdir()
            cache.commit("encoder", KEY, 0.3, {})
            with log.open("a") as file:
                file.write("trained\n")


def test_lock_lets_parallel_points_compute_a_stage_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_take, args=(tmp_path / "cache", tmp_path / "log")) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert (tmp_path / "log").read_text() == "trained\n"


def test_find_marks_what_it_finds_as_used(tmp_path: Path) -> None:
    cache = StageCache(tmp_path)
    cache.partial("graph", "a" * 64)
    cache.commit("graph", "a" * 64, 1.0, {})
    os.utime(cache.place_of("graph", "a" * 64) / "stage.json", (0, 0))
    assert cache.find("graph", "a" * 64) is not None
    (entry,) = cache.entries()
    assert time.time() - entry.used < 60


def test_entries_tell_what_is_whole_and_what_would_be_free(tmp_path: Path) -> None:
    cache, key = StageCache(tmp_path), "a" * 64
    folder = cache.partial("graph", key)
    (folder / "edges.npy").write_bytes(bytes(1000))
    (partial,) = cache.entries()
    assert (partial.finished, partial.place, partial.size) == (False, ("graph", "a" * 32), 1000)
    cache.commit("graph", key, 1.0, {})
    os.link(cache.place_of("graph", key) / "edges.npy", tmp_path / "workspace.npy")
    (whole,) = cache.entries()
    assert whole.finished
    assert whole.size - whole.free == 1000


def test_a_run_that_is_entered_is_at_work_until_its_block_ends(tmp_path: Path) -> None:
    cache = StageCache(tmp_path / "cache")
    assert cache.runs() == []
    with cache.used_by(tmp_path, [("graph", "a" * 32)]), cache.used_by(tmp_path, [("gnn", "b" * 32)]):
        assert [run.at_work for run in cache.runs()] == [True, True]
        assert {run.workspace for run in cache.runs()} == {tmp_path.resolve()}
    assert [run.at_work for run in cache.runs()] == [False, False]
    (tmp_path / "cache" / "runs" / "damaged.json").write_text("{")
    assert len(cache.runs()) == 2


def test_remove_leaves_what_a_lock_is_held_of(tmp_path: Path) -> None:
    cache, key = StageCache(tmp_path), "a" * 64
    (cache.partial("graph", key) / "edges.npy").write_bytes(bytes(10))
    cache.commit("graph", key, 1.0, {})
    with cache.lock("graph", key):
        assert cache.remove(cache.entries()) == ([], cache.entries())
    (gone,) = cache.entries()
    assert cache.remove([gone]) == ([gone], [])
    assert cache.entries() == []


def test_folders_of_others_that_are_named_by_hashes_are_not_listed(tmp_path: Path) -> None:
    for name in ("uploads", "graph", "models"):
        (tmp_path / name / ("1" * 32)).mkdir(parents=True)
    assert {each.stage for each in StageCache(tmp_path).entries()} == {"graph", "models"}


def test_nothing_behind_links_is_listed_or_written(tmp_path: Path) -> None:
    cache, elsewhere = StageCache(tmp_path / "cache"), tmp_path / "elsewhere"
    (elsewhere / ("1" * 32)).mkdir(parents=True)
    (cache.folder / "graph").mkdir(parents=True)
    for link in ("encoder", "runs", f"graph/{'2' * 32}"):
        (cache.folder / link).symlink_to(elsewhere)
    assert cache.entries() == []
    with pytest.raises(WorkspaceError, match="runs is reached through a symbolic link"), cache.used_by(tmp_path, []):
        pass
    assert [each.name for each in elsewhere.iterdir()] == ["1" * 32]
