"""Blocks on Dask: a scheduler and workers as separate processes, and a cluster that is started here."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from rsgraph.blocks import ResumableBlocks
from rsgraph.errors import ConfigError, NotInstalled, NotUsable, WorkerLost
from rsgraph.executors.dask import Dask
from rsgraph.executors.local import Local
from tests.executors.cluster import Cluster, started
from tests.executors.tasks import Failing, Number, Product


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with started(tmp_path_factory.mktemp("cluster"), workers=2) as found:
        yield found


def test_blocks_of_a_cluster_come_in_order_and_from_its_processes(cluster: Cluster, tmp_path: Path) -> None:
    with Dask(cluster.address).open([tmp_path]) as workers:
        found = list(ResumableBlocks(workers, tmp_path).map("phase", Number(pause=0.05), range(20)))
    assert [int(arrays["number"]) for arrays in found] == list(range(20))
    assert {int(arrays["process"]) for arrays in found}.isdisjoint({os.getpid()})
    assert {int(threads) for arrays in found for threads in arrays["blas_threads"]} == {1}, "asked to take three"
    with Local(workers=1).open() as local:
        for one, other in zip(local.run(Number(), range(20)), found, strict=True):
            np.testing.assert_array_equal(one["noise"], other["noise"])


def test_arrays_of_a_task_arrive_where_numpy_adds_up_as_here(cluster: Cluster) -> None:
    matrix = np.random.default_rng(0).normal(size=(64, 217)).astype(np.float32)
    here = list(ResumableBlocks().map("phase", Product(matrix), range(0, 64, 16)))
    with Dask(cluster.address).open() as workers:
        for one, other in zip(here, workers.run(Product(matrix), range(0, 64, 16)), strict=True):
            assert other["aligned"]
            np.testing.assert_array_equal(one["product"], other["product"])


def test_a_worker_that_is_killed_loses_no_block(cluster: Cluster, tmp_path: Path) -> None:
    done = []
    with Dask(cluster.file).open([tmp_path]) as workers:
        for arrays in ResumableBlocks(workers, tmp_path).map("phase", Number(pause=0.1), range(16)):
            if not done:
                os.kill(int(arrays["process"]), signal.SIGKILL)
            done.append(int(arrays["number"]))
    assert done == list(range(16))


def test_an_error_of_the_user_names_the_worker(cluster: Cluster) -> None:
    with (
        Dask(cluster.address).open() as workers,
        pytest.raises(NotUsable, match=r"on the Dask worker .*: block 1 is not usable"),
    ):
        list(workers.run(Failing(at=1), range(3)))


def test_a_defect_keeps_its_kind(cluster: Cluster) -> None:
    with Dask(cluster.address).open() as workers, pytest.raises(ZeroDivisionError):
        list(workers.run(Failing(at=1, usable=True), range(3)))


@pytest.mark.slow
def test_a_scheduler_that_is_gone_is_reported_and_nothing_is_lost(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    with started(tmp_path, workers=2) as cluster, Dask(cluster.address).open() as workers:
        found = ResumableBlocks(workers, kept).map("phase", Number(pause=0.1), range(50))
        next(found)
        cluster.scheduler.kill()
        with pytest.raises(WorkerLost, match=r"the Dask scheduler at tcp://\S+ is gone; what was finished is kept"):
            list(found)
    assert capfd.readouterr().err == ""
    again = ResumableBlocks(folder=kept)
    assert len(list(again.map("phase", Number(), range(50)))) == 50
    assert again.resumed >= 1


def test_files_that_the_workers_do_not_see_are_named(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(WorkerLost, match=r"the Dask worker tcp://\S+ does not see .*gone; workers must see"):
        Dask(cluster.address).open([tmp_path / "gone"])


def test_a_cluster_that_is_started_here_listens_to_this_machine_only() -> None:
    with Dask(workers=1).open() as workers:
        assert workers.client.scheduler.address.startswith("tcp://127.0.0.1:")  # type: ignore[attr-defined]
        assert not workers.own_devices
        assert _listening() == {"127.0.0.1"}
        (found,) = workers.run(Number(), [7])
    assert (int(found["number"]), int(found["threads"])) == (7, 1)


def _listening() -> set[str]:
    """Return the addresses that this process and its children listen at."""
    here = psutil.Process()
    sockets = [each for process in (here, *here.children(recursive=True)) for each in process.net_connections()]
    return {each.laddr.ip for each in sockets if each.status == psutil.CONN_LISTEN}


def test_an_address_without_a_scheduler_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsgraph.executors.dask._PATIENCE", 1)
    with pytest.raises(WorkerLost, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9; start one with"):
        Dask("tcp://127.0.0.1:9").open()


def test_a_scheduler_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"must be tcp://host:port or an existing scheduler file. Got '.*none.json'"
    ):
        Dask(str(tmp_path / "none.json")).open()


def test_without_dask_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(NotInstalled, match=r"pip install 'rsgraph\[dask\]'"):
        Dask().open()


def test_workers_of_a_cluster_that_has_its_own_are_refused() -> None:
    with pytest.raises(ConfigError, match="has its own"):
        Dask("tcp://127.0.0.1:8786", workers=2)
