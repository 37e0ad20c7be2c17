"""Blocks of work in threads of this process, and what is kept of them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from rsgraph.blocks import AHEAD, ResumableBlocks, Threads, cores, granted_cores
from rsgraph.errors import OutputError, WorkspaceError
from rsgraph.protocols import Arrays, Blocks
from rsgraph.warning_filters import ignored
from tests.executors.tasks import blas_threads


@dataclass(frozen=True)
class Square:
    """Squares a number and leaves a line in a log for every call."""

    log: Path
    fails_at: int | None = None

    def __call__(self, number: int) -> Arrays:
        if number == self.fails_at:
            raise ZeroDivisionError("as asked")
        with self.log.open("a") as file:
            file.write(f"{number}\n")
        return {"square": np.array(number**2), "range": np.arange(number)}

    def done(self) -> list[int]:
        return sorted(int(line) for line in self.log.read_text().split())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.touch()
    return path


def squares(found: Iterator[Arrays]) -> list[int]:
    return [int(arrays["square"]) for arrays in found]


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("kept", [False, True])
def test_blocks_come_in_the_order_of_the_items(log: Path, tmp_path: Path, workers: int, kept: bool) -> None:
    blocks = ResumableBlocks(Threads(workers), tmp_path / "kept" if kept else None)
    assert isinstance(blocks, Blocks)
    seen: list[tuple[int, int]] = []
    found = list(blocks.map("phase", Square(log), range(40, 0, -1), lambda *step: seen.append(step)))
    assert [int(arrays["square"]) for arrays in found] == [number**2 for number in range(40, 0, -1)]
    assert all((arrays["range"] == np.arange(40 - i)).all() for i, arrays in enumerate(found))
    assert seen == [(done, 40) for done in range(1, 41)]


def test_blocks_that_are_kept_are_not_computed_again(log: Path, tmp_path: Path) -> None:
    blocks = ResumableBlocks(Threads(1), tmp_path / "kept")
    with pytest.raises(ZeroDivisionError):
        list(blocks.map("phase", Square(log, fails_at=5), range(9)))
    assert Square(log).done() == [0, 1, 2, 3, 4]
    assert squares(blocks.map("phase", Square(log), range(9))) == [n**2 for n in range(9)]
    assert Square(log).done() == list(range(9))
    assert blocks.resumed == 5


def test_blocks_of_other_phases_and_of_other_cuts_are_not_mixed_up(log: Path, tmp_path: Path) -> None:
    blocks = ResumableBlocks(Threads(1), tmp_path)
    assert squares(blocks.map("a", Square(log), [1, 2])) == [1, 4]
    assert squares(blocks.map("b", Square(log), [3, 4])) == [9, 16]
    assert squares(blocks.map("a", Square(log), [5, 6, 7])) == [25, 36, 49]


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_blocks_that_were_damaged_are_computed_again(log: Path, tmp_path: Path, damage: str) -> None:
    blocks = ResumableBlocks(Threads(1), tmp_path / "kept")
    list(blocks.map("phase", Square(log), [7, 8, 9]))
    path = sorted((tmp_path / "kept" / "phase").iterdir())[1]
    whole = bytearray(path.read_bytes())
    place = whole.index(np.arange(8).tobytes()) + 3
    whole[place] ^= 1
    path.write_bytes({"cut": whole[:200], "flipped": bytes(whole), "emptied": b""}[damage])
    found = list(blocks.map("phase", Square(log), [7, 8, 9]))
    assert (found[1]["range"] == np.arange(8)).all()
    assert Square(log).done() == [7, 8, 8, 9]


def test_blocks_that_nobody_wants_are_not_computed(log: Path) -> None:
    found = ResumableBlocks(Threads(2)).map("phase", Square(log), range(1000))
    next(found)
    found.close()  # type: ignore[attr-defined]  # a generator
    assert len(Square(log).done()) <= 2 * AHEAD + 4


def test_a_folder_that_a_worker_does_not_see_is_named(log: Path, tmp_path: Path) -> None:
    class Elsewhere:
        def run(self, task: Any, items: Any) -> Iterator[Any]:
            return (task((item, tmp_path / "elsewhere" / path.name)) for item, path in items)

    with pytest.raises(WorkspaceError, match=r"does not see .*elsewhere; workers must see .* or use executor=local"):
        list(ResumableBlocks(Elsewhere(), tmp_path).map("phase", Square(log), [1]))


def test_blocks_that_an_interrupted_run_left_say_nothing_of_the_pace(log: Path, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        list(ResumableBlocks(Threads(1), tmp_path).map("phase", Square(log, fails_at=3), range(6)))
    seen: list[int] = []
    found = ResumableBlocks(Threads(1), tmp_path).map(
        "phase", Square(log), range(6), lambda done, _: seen.append(done)
    )
    assert squares(found) == [0, 1, 4, 9, 16, 25]
    assert seen == [4, 5, 6]


def test_a_block_that_cannot_be_kept_says_so(log: Path, tmp_path: Path) -> None:
    path = tmp_path / "kept" / "phase" / "00000-of-00001.npz"
    path.mkdir(parents=True)
    with pytest.raises(OutputError, match=r"could not write .*00000-of-00001\.npz"):
        list(ResumableBlocks(Threads(1), tmp_path / "kept").map("phase", Square(log), [1]))
    assert not list(path.parent.glob(".*"))


@pytest.mark.parametrize("workers", [1, 3])
def test_blocks_compute_with_one_blas_thread_and_leave_the_others_theirs(tmp_path: Path, workers: int) -> None:
    def task(_: int) -> Arrays:
        return {"threads": np.array(blas_threads())}

    with threadpool_limits(2, user_api="blas"):
        for folder in (None, tmp_path / "kept"):
            found = list(ResumableBlocks(Threads(workers), folder).map("phase", task, range(8)))
            assert all((arrays["threads"] == 1).all() for arrays in found)
        assert set(blas_threads()) == {2}


def test_threads_are_told_to_stop_where_one_fails() -> None:
    stopped = Event()

    def task(number: int) -> int:
        if number == 0:
            raise ValueError("the first")
        assert stopped.wait(30), "nobody told"
        return number

    with pytest.raises(ValueError, match="the first"):
        list(Threads(2).run(task, [0, 1], stop=stopped.set))


def test_threads_hear_nothing_of_pixel_space_though_a_library_puts_back_its_filters() -> None:
    """As numba and others do: they save the list, and put it back while another thread works."""

    def task(number: int) -> int:
        saved = warnings.catch_warnings()
        saved.__enter__()
        with ignored("Dataset has no geotransform"):
            saved.__exit__(None, None, None)
            warnings.warn("Dataset has no geotransform, gcps, or rpcs.", UserWarning, stacklevel=1)
        return number

    assert list(Threads(2).run(task, [0, 1, 2])) == [0, 1, 2]
    with pytest.raises(UserWarning):
        warnings.warn("Dataset has no geotransform, gcps, or rpcs.", UserWarning, stacklevel=1)


@pytest.mark.parametrize(
    ("own", "limits", "granted"),
    [
        ("0::/", {"": "200000 100000"}, 2.0),
        ("0::/", {"": "max 100000"}, None),
        ("0::/", {}, None),
        ("0::/job/step", {"job": "150000 100000", "job/step": "max 100000"}, 1.5),
        ("0::/job/step", {"job": "800000 100000", "job/step": "400000 100000"}, 4.0),
        ("12:cpu:/x", {"": "100000 100000"}, None),
        ("0::/", {"": "no numbers"}, None),
    ],
)
def test_a_container_grants_cores(own: str, limits: dict[str, str], granted: float | None, tmp_path: Path) -> None:
    (tmp_path / "own").write_text(f"{own}\n")
    for name, text in limits.items():
        (tmp_path / "groups" / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name / "cpu.max").write_text(f"{text}\n")
    assert granted_cores(tmp_path / "groups", tmp_path / "own") == granted


@pytest.mark.parametrize(("granted", "used"), [(0.5, 1), (1.5, 2), (10_000.0, None), (None, None)])
def test_no_more_cores_are_used_than_are_granted(
    granted: float | None, used: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = len(os.sched_getaffinity(0))
    monkeypatch.setattr("rsgraph.blocks.granted_cores", lambda: granted)
    assert cores() == min(seen, used or seen)
