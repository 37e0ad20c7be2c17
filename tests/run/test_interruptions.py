"""A run that is killed in the middle of a stage goes on where it was, and nobody can tell from the results."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

from rsgraph.files import sha256
from rsgraph.run.runner import run
from rsgraph.workspace import Workspace
from tests.executors.cluster import Cluster, started
from tests.small_runs import Configure, composed

PHASES = {
    "scene": "survey",
    "segments": "pieces",
    "graph": "graph",
    "metric": "touching",
    "match": "pairs",
    "target": "sample",
    "memberships": "memberships",
    "encode": "encode",
    "gnn": "layers",
    "join": "touching",
}
"""Stages as they are walked, and the phase of each in which it is interrupted."""

OUTPUTS = ("segments.tif", "chips.parquet", "segments.parquet", "edges.npy", "similarity.npz", "targets.npz")

DIES = """
import os, signal, sys
from pathlib import Path
from rsgraph.blocks import Keeping

whole = Keeping.__call__

def dies(self, item):
    '''Kill the run over the fourth block, wherever that is computed.'''
    folder = item[1].parent
    if folder.name.startswith({phase!r}) and len(list(folder.glob("[0-9]*.npz"))) >= 3:
        os.kill({victim}, signal.SIGKILL)
    return whole(self, item)

Keeping.__call__ = dies

if __name__ == "__main__":
    from rsgraph.cli import main
    sys.argv = ["rsgraph", "run", *{words!r}]
    main()
"""


def hashes(workspace: Workspace) -> dict[str, str]:
    names = [*OUTPUTS, *(f"embeddings/{layer}.npy" for layer in workspace.layers)]
    return {name: sha256(workspace.path(name)) for name in names}


def words(config: dict[str, Any], *more: str) -> list[str]:
    """Return the overrides that make a tiny run on the command line."""
    from tests.small_runs import TINY

    return [*TINY, f"workspace={config['workspace']}", *more]


def killed(tmp_path: Path, phase: str, said: list[str], *, victim: str) -> None:
    """Run rsgraph in a process that is killed over the fourth block of a phase."""
    script = tmp_path / "dies.py"
    script.write_text(DIES.format(phase=phase, words=said, victim=victim))
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr


def resumed_blocks(workspace: Workspace, stage: str) -> int:
    return int(workspace.manifest["stages"][stage]["facts"]["resumed_blocks"])


def test_a_run_that_is_killed_while_it_encodes_goes_on_there(
    finished: Workspace, undrawn: Path, configure: Configure, tmp_path: Path
) -> None:
    shutil.copytree(undrawn / ".rsgraph-cache", tmp_path / ".rsgraph-cache")
    shutil.rmtree(tmp_path / ".rsgraph-cache" / "encode")
    killed(tmp_path, "encode", words(configure(), "executor.workers=1"), victim="os.getpid()")
    resumed = run(configure())
    assert resumed_blocks(resumed, "encode") == 3
    assert hashes(resumed) == hashes(finished)


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "victim"), [(1, "os.getpid()"), (2, "os.getppid()")])
def test_a_run_that_is_killed_in_every_stage_ends_all_the_same(
    configure: Configure, tmp_path: Path, workers: int, victim: str
) -> None:
    whole = hashes(run(configure(f"cache.path={tmp_path / 'other'}", workspace="whole")))
    said = words(configure(), f"executor.workers={workers}", "executor.patience=0")
    for phase in PHASES.values():
        killed(tmp_path, phase, said, victim=victim)
    resumed = run(configure())
    assert all(resumed_blocks(resumed, stage) >= 3 for stage in PHASES)
    assert hashes(resumed) == whole


LARGER = [
    "reader.rows=512",
    "reader.columns=512",
    "encoder.width=32",
    "training.encoder.max_epochs=1",
]
"""64 chips in 16 blocks, each long enough to die in; their pairs are in 36, or their searches in three times 4."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "blocks", "matcher"),
    [("encode", 16, "mean"), ("match", 36, "hungarian"), ("match", 12, "hungarian_nearest")],
)
def test_dask_workers_that_are_killed_do_not_show_in_the_results(
    configure: Configure, tmp_path: Path, stage: str, blocks: int, matcher: str
) -> None:
    cache = tmp_path / "cache-of-dask"
    larger = [*LARGER, f"matcher={matcher}"]
    whole = run(configure(*larger, f"cache.path={tmp_path / 'cache'}", workspace="local"))
    shutil.copytree(tmp_path / "cache", cache)
    shutil.rmtree(cache / stage)
    with started(tmp_path, workers=3) as cluster:
        killer = Killer(cluster, cache / stage)
        killer.start()
        given = (f"cache.path={cache}", "executor=dask", f"executor.address={cluster.file}")
        found = run(configure(*larger, *given, workspace="dask"))
        killer.join(60)
    assert 1 <= killer.finished < blocks, "the worker died in the middle of the stage"
    assert hashes(found) == hashes(whole)


class Killer(threading.Thread):
    """Kills a worker of a cluster with -9 once a stage has finished some blocks."""

    def __init__(self, cluster: Cluster, stage: Path) -> None:
        super().__init__(daemon=True)
        self.stage = stage
        self.finished = 0
        with Client(scheduler_file=cluster.file) as client:
            client.wait_for_workers(3, timeout=60)
            self.victim = next(iter(client.run(os.getpid).values()))

    def run(self) -> None:
        while not (blocks := list(self.stage.glob("*.partial/work/blocks-*/*/[0-9]*.npz"))):
            time.sleep(0.005)
        os.kill(self.victim, signal.SIGKILL)
        self.finished = len(blocks)


@pytest.mark.slow
def test_points_of_a_sweep_with_worker_processes_end_and_keep_to_themselves(tmp_path: Path) -> None:
    from tests.small_runs import TINY

    swept = "segmenter.compactness"
    options = ["executor.workers=2", "executor.patience=0", f"workspace={tmp_path / 'sweep'}"]
    command = [sys.executable, "-m", "rsgraph", "run", *TINY, "-m", f"{swept}=0.3,0.9", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    soft, hard = (Workspace(tmp_path / "sweep" / f"{swept}={value}") for value in (0.3, 0.9))
    given = (f"{swept}=0.9", f"workspace={tmp_path / 'single'}", f"cache.path={tmp_path / 'cache'}")
    single = run(composed(*TINY, *given))
    assert hashes(hard) == hashes(single)
    assert hashes(soft)["segments.tif"] != hashes(hard)["segments.tif"]
