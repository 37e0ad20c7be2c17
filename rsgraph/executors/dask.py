"""Blocks on a Dask cluster: an existing one, or one that is started on this machine."""

from __future__ import annotations

import logging
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from rsgraph.blocks import AHEAD, Threads, cores, in_child, one_blas_thread
from rsgraph.errors import ConfigError, NotInstalled, RsgraphError, WorkerLost
from rsgraph.executors.processes import one_thread
from rsgraph.protocols import Executor, Workers
from rsgraph.safe_paths import VARIABLE, safe_children

if TYPE_CHECKING:
    from distributed import Client, Future

Item = TypeVar("Item")
Result = TypeVar("Result")

DEATHS = 3
"""Times that the cluster may give a block up. Each time up to ``allowed-failures`` of its workers have died; 3 by
Dask's default."""

_ALLOWED = 10
"""The same for a cluster of our own: blocks that only waited at a worker that died are counted by Dask too."""

_PATIENCE = 60
"""Seconds in which a scheduler must answer and have a worker."""


class Dask(Executor):
    """Workers of a Dask cluster: tcp://host:port or a scheduler file; without an address, one on this machine.

    All workers must have this version of rsgraph installed and see the scene, the workspace and the cache under the
    same paths as this process (a shared file system): what they compute they write into the cache themselves.
    Blocks of workers that are killed or leave are done again by others; workers may join while a run is under way.
    A point of a sweep without an ``address`` keeps its blocks to itself, in one thread.

    Parameters
    ----------
    address
        Of a scheduler, ``tcp://host:8786``, or the path of the file that ``dask scheduler --scheduler-file`` wrote;
        null: a cluster is started, bound to 127.0.0.1, and ended with the run.
    workers
        Processes of a cluster that is started here; null: one per core.

    Notes
    -----
    The task travels with every block. That is cheap: paths and options, of a few kilobytes; the largest, a round of
    ``matcher=hungarian_nearest``, has 1.8 MB for the 1764 chips of a tile, against the seconds that its block takes.

    Results are those of ``executor=local``, bit for bit, where the workers have the processors and library versions
    of one machine; on other processors the last bits of the encoder's sums may differ. Give ``precision=float32``
    where only some of them compute in bfloat16.

    Raises
    ------
    ConfigError
        ``workers`` is below 1, or given together with an address.
    """

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise ConfigError(
                f"executor.workers must be at least 1, or null for one per core. Got {workers} instead."
            )
        if address is not None and workers is not None:
            raise ConfigError(
                "executor.workers counts the workers of a new cluster; the one at an address has its own"
            )
        self.address = address
        self.workers = workers

    def open(self, shared: Sequence[Path] = ()) -> Workers:
        """Connect, and check that all workers see the files.

        Raises NotInstalled, ConfigError (an address of another form, no scheduler file) or WorkerLost (no scheduler
        or no worker answers, or a worker lacks rsgraph or does not see the files).
        """
        if self.address is None and in_child():
            return _OneThread()
        client = self._client()
        try:
            _check(client, shared)
        except BaseException:
            _end(client)
            raise
        return DaskWorkers(client, own_devices=self.address is not None)

    def _client(self) -> Client:
        try:
            import dask
            from distributed import Client, LocalCluster
        except ImportError as error:
            raise NotInstalled(
                "executor=dask needs the package distributed, which is not installed: pip install 'rsgraph[dask]'"
            ) from error
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what is lost, we tell in a sentence
        settings = {
            "distributed.scheduler.allowed-failures": _ALLOWED,
            "distributed.worker.daemon": True,
            f"distributed.nanny.pre-spawn-environ.{VARIABLE}": "1",  # also for workers that replace dead ones
        }
        with dask.config.set(settings), one_thread(), safe_children():
            if self.address is not None:
                return _connected(Client, self.address)
            cluster = LocalCluster(
                n_workers=self.workers or cores(),
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",  # Dask would listen to the world here, and for workers too
                worker_dashboard_address="127.0.0.1:0",
                memory_limit=0,
                silence_logs=50,
            )
            return Client(cluster)


class DaskWorkers(Workers):
    """The workers of one cluster.

    ``client`` is closed in the end, with its cluster where that was started here. ``own_devices``: the workers are
    elsewhere, so that a GPU of this process does not serve them.
    """

    def __init__(self, client: Client, *, own_devices: bool) -> None:
        self.client = client
        self.own_devices = own_devices

    def run(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield ``task(item)`` in the order of the items.

        Raises
        ------
        WorkerLost
            Workers die over one block again and again, or the cluster is gone.
        RsgraphError
            What the task raised.
        """
        waiting: deque[tuple[int, Future]] = deque()
        to_do = enumerate(items)
        taken = 0
        try:
            while taken < len(items):
                ahead = AHEAD * self._workers()
                while len(waiting) < ahead and (following := next(to_do, None)) is not None:
                    waiting.append((following[0], self._submit(task, following[1])))
                number, future = waiting.popleft()
                result = self._result(future, task, items[number], f"block {number + 1} of {len(items)}")
                taken += 1
                yield result
        finally:
            with suppress(CancelledError, OSError):  # nothing is left to be cancelled where the scheduler is gone
                self.client.cancel([future for _, future in waiting], force=True)

    def release(self) -> None:
        """Do nothing: a cluster's workers are its own."""

    def _workers(self) -> int:
        """Return how many there are now; while all are being replaced, one is counted."""
        try:
            return max(1, len(self.client.nthreads()))
        except OSError as error:
            raise self._gone() from error

    def _gone(self) -> WorkerLost:
        return WorkerLost(
            f"the Dask scheduler at {self.client.scheduler.address} is gone; what was finished is kept, so start it "
            "again and type the same command again"
        )

    def _submit(self, task: Callable[[Any], Any], item: Any) -> Future:
        return self.client.submit(_Answer(task), item, pure=False)

    def _result(self, future: Future, task: Callable[[Any], Any], item: Any, named: str) -> Any:
        """Wait for a block; one that the cluster gives up is handed in again, a few times."""
        from distributed import KilledWorker

        for _ in range(DEATHS):
            try:
                error, value = future.result()
            except KilledWorker:
                future = self._submit(task, item)
            except (CancelledError, OSError) as lost:
                raise self._gone() from lost
            else:
                if error is not None:
                    raise error
                return value
        raise WorkerLost(
            f"Dask gave {named} up {DEATHS} times, because the workers that did it died; what was finished is kept. "
            "Where memory ran out, give workers more of it or run fewer, then type the same command again."
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _end(self.client)


@dataclass(frozen=True)
class _Answer:
    """Returns an error that the user can put right as a value, so that it arrives as it is, with the machine's name.

    The worker's BLAS has one thread from then on, whatever its environment says: that of ``dask worker`` does not
    where OPENBLAS_NUM_THREADS is set, and sums in another order have other last bits. For the same reason the task
    travels as one piece: Dask sends arrays apart and leaves them at odd addresses, where numpy adds up otherwise.
    (Items are numbers and paths, and results of stages are kept in files.)
    """

    task: Callable[[Any], Any]

    def __call__(self, item: Any) -> tuple[RsgraphError | None, Any]:
        one_blas_thread()
        try:
            return None, self.task(item)
        except RsgraphError as error:
            return type(error)(f"on the Dask worker {socket.gethostname()}: {error}"), None

    def __reduce__(self) -> tuple[Callable[[bytes], _Answer], tuple[bytes]]:
        from distributed.protocol.pickle import dumps

        return _unpacked, (dumps(self.task),)


def _unpacked(packed: bytes) -> _Answer:
    from distributed.protocol.pickle import loads

    return _Answer(loads(packed))


class _OneThread(Threads, Workers):
    """The executor of a sweep's point: one thread."""

    def __init__(self) -> None:
        super().__init__(1)


def _connected(client: type[Client], address: str) -> Client:
    """Connect to a scheduler that is there."""
    file = Path(address).expanduser()
    remote = "://" in address
    if not remote and not file.is_file():
        raise ConfigError(
            f"executor.address must be tcp://host:port or an existing scheduler file. Got {address!r} instead."
        )
    try:
        if remote:
            return client(address, timeout=_PATIENCE)
        return client(scheduler_file=str(file), timeout=_PATIENCE)
    except (OSError, TimeoutError, ValueError) as error:
        raise WorkerLost(
            f"no Dask scheduler answers at {address}; start one with `dask scheduler` and workers with `dask worker "
            "ADDRESS --nthreads 1`, or check the address"
        ) from error


def _check(client: Client, shared: Sequence[Path]) -> None:
    """Check that there are workers, that they have rsgraph, and that they see the files."""
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError as error:
        raise WorkerLost(
            f"the Dask scheduler at {client.scheduler.address} has no workers; start some with `dask worker "
            f"{client.scheduler.address} --nthreads 1`"
        ) from error
    try:
        unseen = client.run(_unseen, [str(path) for path in shared])
    except ModuleNotFoundError as error:
        raise WorkerLost(
            f"a Dask worker lacks the package {error.name}; install this version of rsgraph where the workers run"
        ) from error
    for worker, paths in unseen.items():
        if paths:
            raise WorkerLost(
                f"the Dask worker {worker} does not see {paths[0]}; workers must see the scene, the workspace and "
                "the cache under the same paths: put them on a file system that all share, or use executor=local"
            )


def _unseen(paths: list[str]) -> list[str]:
    return [path for path in paths if not Path(path).exists()]


def _end(client: Client) -> None:
    cluster = client.cluster
    with suppress(OSError, TimeoutError, CancelledError):
        client.close()
    if cluster is not None:
        cluster.close()
