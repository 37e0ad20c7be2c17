"""The verb cache: what is listed and removed, and what is left to a run at work."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from rsgraph.cache import Entry, StageCache
from rsgraph.errors import ConfigError, NotThere
from rsgraph.files import write_json
from rsgraph.pruning import (
    Criteria,
    age,
    bytes_of,
    cache,
    find_caches,
    is_used,
    read_criteria,
    seconds_of,
    size,
    users_of,
)
from rsgraph.run.runner import run
from rsgraph.workspace import Workspace
from tests.small_runs import Configure

DAY = 86400.0
KEYS = {name: name * 64 for name in "abcdef"}


def put(stages: StageCache, stage: str, key: str, *, kilobytes: int = 1, days: float = 0.0) -> Path:
    """Store outputs of so many kilobytes, used so many days ago."""
    folder = stages.partial(stage, key)
    output = folder / {"graph": "edges.npy", "encoder": "models/encoder.json"}.get(stage, "targets.npz")
    output.parent.mkdir(exist_ok=True)
    output.write_bytes(bytes(1000 * kilobytes))
    stages.commit(stage, key, 1.0, {})
    record = stages.place_of(stage, key) / "stage.json"
    then = time.time() - days * DAY
    os.utime(record, (then, then))
    return record.parent


@pytest.fixture
def stages(tmp_path: Path) -> StageCache:
    """A cache of three outputs and the rest of an interrupted run."""
    made = StageCache(tmp_path / ".rsgraph-cache")
    put(made, "graph", KEYS["a"], kilobytes=10, days=40)
    put(made, "graph", KEYS["b"], kilobytes=500, days=10)
    put(made, "encoder", KEYS["c"], kilobytes=20)
    (made.partial("encoder", KEYS["d"]) / "work" / "last.ckpt").write_bytes(bytes(3000))
    return made


def names(entries: list[Entry]) -> list[str]:
    return [f"{entry.stage} {entry.key[0]}" for entry in entries]


@pytest.mark.parametrize(
    ("criteria", "meant"),
    [
        (Criteria(), ["graph a", "graph b", "encoder c", "encoder d"]),
        (Criteria(older=30 * DAY), ["graph a"]),
        (Criteria(older=5 * DAY), ["graph a", "graph b"]),
        (Criteria(larger=15_000), ["graph b", "encoder c"]),
        (Criteria(unused=True), ["graph b", "encoder d"]),
        (Criteria(older=5 * DAY, larger=15_000), ["graph b"]),
        (Criteria(keep=0), ["graph a", "graph b", "encoder c", "encoder d"]),
        (Criteria(keep=100_000), ["graph a", "graph b"]),
        (Criteria(keep=525_000), ["graph a"]),
        (Criteria(keep=10**9), []),
        (Criteria(keep=0, older=5 * DAY), ["graph a", "graph b"]),
    ],
)
def test_what_all_criteria_hold_for_is_meant(criteria: Criteria, meant: list[str], stages: StageCache) -> None:
    users = {("graph", "a" * 32): ["w"], ("encoder", "c" * 32): ["w"]}
    assert names(criteria.meant(stages.entries(), users, time.time())) == meant


def test_prune_removes_what_is_meant_and_says_what_is_free(
    stages: StageCache, capsys: pytest.CaptureFixture[str]
) -> None:
    cache([str(stages.folder), "older=5d"])
    listed = capsys.readouterr().out
    assert "4 entries, 534 kB" in listed
    assert "2 of these are meant; without them 510 kB more are free" in listed
    assert len(stages.entries()) == 4, "listed, not removed"
    cache(["prune", str(stages.folder), "older=5d"])
    assert "removed 2 of 4 entries; 510 kB are free again" in capsys.readouterr().out
    assert names(stages.entries()) == ["encoder c", "encoder d"]
    assert stages.find("graph", KEYS["a"]) is None
    assert stages.find("encoder", KEYS["c"]) is not None
    assert not list(stages.folder.glob(".removed-*"))


def test_what_was_taken_counts_as_used_now(stages: StageCache) -> None:
    assert stages.find("graph", KEYS["a"]) is not None
    assert names(Criteria(older=5 * DAY).meant(stages.entries(), {}, time.time())) == ["graph b"]


def test_nothing_but_outputs_of_stages_is_ever_touched(tmp_path: Path) -> None:
    mine = [tmp_path / "photos" / "a.jpg", tmp_path / "graph" / "notes.txt", tmp_path / ("e" * 32) / "x"]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    (tmp_path / "fingerprints.json").write_text("{}")
    stages = StageCache(tmp_path)
    put(stages, "graph", KEYS["a"])
    cache(["prune", str(tmp_path), "keep=0"])
    assert stages.entries() == []
    assert all(path.read_text() == "mine" for path in mine)
    assert (tmp_path / "fingerprints.json").exists()


def _at_work(folder: Path, workspace: Path, key: str, started: Event, end: Event) -> None:
    stages = StageCache(folder)
    with stages.used_by(workspace, [StageCache.place("graph", key)]), stages.lock("encoder", KEYS["c"]):
        started.set()
        end.wait(60)


@pytest.fixture
def job(stages: StageCache, tmp_path: Path) -> Iterator[Event]:
    """A run of another process, which needs the graph a, and makes the encoder c."""
    context = multiprocessing.get_context("spawn")
    (tmp_path / "w").mkdir()
    started, end = context.Event(), context.Event()
    process = context.Process(target=_at_work, args=(stages.folder, tmp_path / "w", KEYS["a"], started, end))
    process.start()
    assert started.wait(60)
    yield end
    end.set()
    process.join()


def test_what_a_run_at_work_needs_is_left(job: Event, stages: StageCache, capsys: pytest.CaptureFixture[str]) -> None:
    cache([str(stages.folder)])
    assert "w, a run at work" in capsys.readouterr().out
    cache(["prune", str(stages.folder), "keep=0"])
    said = capsys.readouterr().out
    assert "removed 2 of 4 entries" in said
    assert "left: 2 that a run at work needs" in said
    assert names(stages.entries()) == ["encoder c", "graph a"]
    job.set()
    for _ in range(200):
        cache(["prune", str(stages.folder), "keep=0"])
        if not stages.entries():
            break
        time.sleep(0.05)
    assert stages.entries() == []


def test_a_run_that_was_killed_holds_nothing_but_its_work_counts_as_used(stages: StageCache, tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    with stages.used_by(tmp_path / "w", [StageCache.place("encoder", KEYS["d"])]):
        pass
    assert [run.at_work for run in stages.runs()] == [False]
    assert users_of(stages) == {("encoder", "d" * 32): ["w"]}
    cache(["prune", str(stages.folder), "unused=true"])
    assert names(stages.entries()) == ["encoder d"]
    (tmp_path / "w").rmdir()
    cache(["prune", str(stages.folder), "unused=true"])
    assert stages.entries() == [], "its workspace is gone"


def test_the_next_run_of_a_workspace_takes_the_place_of_the_last(stages: StageCache, tmp_path: Path) -> None:
    for key in ("a", "b"):
        with stages.used_by(tmp_path, [StageCache.place("graph", KEYS[key])]):
            pass
    (only,) = stages.runs()
    assert only.places == {("graph", "b" * 32)}


def test_workspaces_beside_the_cache_use_what_their_manifests_name(stages: StageCache, tmp_path: Path) -> None:
    held = {"stages": {"graph": {"key": KEYS["a"]}}, "run": {"model": {"identity": KEYS["f"]}}}
    before = {"run": {"model": None, "addition": {"stages": {"graph": KEYS["b"]}, "model": None}}}
    for place, manifest in (("one", held), ("sweep/graph.k=4", before), ("other", {"stages": 7})):
        (tmp_path / place).mkdir(parents=True)
        write_json(tmp_path / place / "manifest.json", manifest)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "manifest.json").write_text("{")
    assert users_of(stages) == {
        ("graph", "a" * 32): ["one"],
        ("models", "f" * 32): ["one"],
        ("graph", "b" * 32): ["sweep/graph.k=4"],
    }


def test_models_that_workspaces_go_on_with_are_left(
    stages: StageCache, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in ("e", "f"):
        (stages.folder / "models" / (key * 32)).mkdir(parents=True)
        (stages.folder / "models" / (key * 32) / "targets.npz").write_bytes(bytes(10))
    (tmp_path / "w").mkdir()
    write_json(tmp_path / "w" / "manifest.json", {"run": {"model": {"identity": KEYS["e"]}}})
    cache(["prune", str(stages.folder), "keep=0"])
    assert names(stages.entries()) == ["models e"]
    assert "left: 1 of models that workspaces go on with" in capsys.readouterr().out


def test_files_that_a_workspace_somewhere_shares_count_as_used(stages: StageCache, tmp_path: Path) -> None:
    os.link(stages.place_of("graph", KEYS["a"]) / "edges.npy", tmp_path / "elsewhere.bin")
    found = {entry.key[0]: entry for entry in stages.entries()}
    assert is_used(found["a"], {})
    assert not is_used(found["b"], {})
    assert found["a"].free < 1000 < found["a"].size


def test_a_finished_workspace_is_whole_without_its_cache_and_the_same_run_finds_nothing_to_do(
    made: Workspace, configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made.folder.parent / ".rsgraph-cache"
    assert all(is_used(entry, users_of(StageCache(folder))) for entry in StageCache(folder).entries())
    cache(["prune", str(made.folder), "unused=true"])
    assert "removed 0 of" in capsys.readouterr().out
    cache(["prune", str(made.folder.parent), "keep=0"])
    assert StageCache(folder).entries() == []
    run(configure())
    assert "is up to date" in capsys.readouterr().out


def test_find_caches_looks_here_and_in_the_folder_of_workspaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotThere, match=r"looked for \.rsgraph-cache and workspaces/\.rsgraph-cache"):
        find_caches(None)
    for place in (".rsgraph-cache", "workspaces/.rsgraph-cache", "mine"):
        Path(place).mkdir(parents=True)
    assert find_caches(None) == [Path(".rsgraph-cache"), Path("workspaces/.rsgraph-cache")]
    assert find_caches("workspaces") == [Path("workspaces/.rsgraph-cache")]
    with pytest.raises(NotThere, match="there is no stage cache"):
        find_caches("mine")
    put(StageCache(Path("mine")), "graph", KEYS["a"])
    assert find_caches("mine") == [Path("mine")]


def test_find_caches_of_a_workspace_is_beside_it_its_sweep_or_where_its_options_say(tmp_path: Path) -> None:
    for place in ("w", "sweep/graph.k=4", ".rsgraph-cache", "far/cache"):
        (tmp_path / place).mkdir(parents=True)
    for place in ("w", "sweep/graph.k=4"):
        (tmp_path / place / "config.yaml").write_text("cache: {path: null}\n")
        assert find_caches(str(tmp_path / place)) == [tmp_path / ".rsgraph-cache"]
    (tmp_path / "w" / "config.yaml").write_text(f"cache: {{path: {tmp_path / 'far' / 'cache'}}}\n")
    assert find_caches(str(tmp_path / "w")) == [tmp_path / "far" / "cache"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("30d", 30 * DAY), ("2", 2 * DAY), ("1.5h", 5400.0), ("2w", 14 * DAY), ("90min", 5400.0), ("'10 s'", 10.0)],
)
def test_ages_have_units(text: str, number: float) -> None:
    assert seconds_of("older", text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("500MB", 5e8), ("1.5gb", 1.5e9), ("2GiB", 2.0**31), ("10", 10.0), ("3 kB", 3e3), ("0", 0.0), ("1TB", 1e12)],
)
def test_sizes_have_units(text: str, number: float) -> None:
    assert bytes_of("keep", text) == number


@pytest.mark.parametrize(
    "word", ["older=", "older=-3d", "keep=3 apples", "larger=GB", "younger=3d", "--all", "unused=1"]
)
def test_what_is_no_criterion_is_refused(word: str) -> None:
    with pytest.raises(ConfigError):
        read_criteria([word])


def test_sizes_and_ages_are_short() -> None:
    assert [size(each) for each in (0, 999, 1200, 12_300, 5.5e6, 2e9, 3e12)] == [
        "0 B", "999 B", "1.2 kB", "12 kB", "5.5 MB", "2.0 GB", "3.0 TB",
    ]  # fmt: skip
    assert [age(each) for each in (3, 90, 7200, 3 * DAY)] == ["just now", "1 minute ago", "2 hours ago", "3 days ago"]


def test_a_cache_that_goes_while_it_is_looked_at_is_no_error(stages: StageCache) -> None:
    entries = stages.entries()
    shutil.rmtree(stages.folder / "graph")
    removed, kept = stages.remove(entries)
    assert names(removed) == ["encoder c", "encoder d"]
    assert names(kept) == ["graph a", "graph b"]


def test_a_home_of_nobody_is_a_folder_like_any_other() -> None:
    with pytest.raises(NotThere, match="there is no stage cache"):
        find_caches("~nobody_x/c")


def test_a_cache_that_only_a_file_names_is_not_pruned(tmp_path: Path) -> None:
    """A workspace may come from a stranger, and name the cache of others."""
    others = tmp_path / "others" / "graph" / ("1" * 32)
    others.mkdir(parents=True)
    (others / "edges.npy").write_bytes(bytes(9))
    workspace = tmp_path / "given" / "w"
    workspace.mkdir(parents=True)
    (workspace / "config.yaml").write_text(f"cache: {{path: {tmp_path / 'others'}}}\n")
    with pytest.raises(ConfigError, match="not the one beside it; name that folder"):
        cache(["prune", str(workspace), "keep=0"])
    assert others.exists()
    cache(["prune", str(tmp_path / "others"), "keep=0"])
    assert not others.exists()
