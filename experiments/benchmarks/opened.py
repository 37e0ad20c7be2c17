"""A workspace of a whole tile, its journal and an export of its labels, opened before and after a change.

``python -m experiments.benchmarks.opened --before CHECKOUT`` with the checkout of an earlier commit: what files of
ours are checked for must cost nothing that is noticed. Both open the same files, in turns, each time in a new
process: what a process has checked it does not check again. Seconds are those of the processor (user and system),
which another load on the machine changes less than the clock.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import indent

import numpy as np

from experiments.benchmarks.large_workspace import TILE, make_workspace
from experiments.benchmarks.record import Value, record
from rsgraph.journal.journal import Journal

HERE = Path(__file__).resolve().parents[2]
SEED, ROUNDS, TIMES, EVENTS = 0, 5, 5, 300
CLASSES = [f"class {number}" for number in range(8)]

_TIMED = """
import os, sys, time
import numpy, pandas, pyarrow.parquet, rasterio, rsgraph, rsgraph.workspace, rsgraph.journal.journal
from rsgraph.journal.reading import read_journal
folder = sys.argv[1]
for _ in range({times}):
    if os.fork():
        os.wait()
        continue
    started = time.process_time()
{work}
    print(time.process_time() - started, flush=True)
    os._exit(0)
"""
"""Nothing is counted but the work: what it needs is imported before, and each time is one of a process of its own."""

OPENED = {
    "open a workspace: tables, scenes, maps": """
workspace = rsgraph.Workspace(folder)
found = workspace.segments, workspace.chips, workspace.scenes, workspace.maps, workspace.layers
""",
    "read the default layer, and sum it": "rsgraph.Workspace(folder).embedding().sum()",
    "open a workspace and sum its default layer": """
workspace = rsgraph.Workspace(folder)
found = workspace.segments, workspace.chips, workspace.scenes, workspace.maps, workspace.embedding().sum()
""",
    "open the journal for writing": """
with rsgraph.journal.journal.Journal(folder + "/labels.sqlite") as journal:
    journal.codes(numpy.arange(1, 1001))
""",
    "open the journal through the workspace": """
with rsgraph.Workspace(folder).journal() as journal:
    journal.codes(numpy.arange(1, 1001))
""",
    "read all labels, as exports do": 'read_journal(rsgraph.Workspace(folder).path("labels.sqlite"))',
}


def main() -> None:
    """Make the workspace where it is missing, measure both, record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, required=True, help="a checkout of the commit to compare with")
    parser.add_argument("--folder", type=Path, help="where the workspace is kept between runs")
    parser.add_argument("--side", type=int, default=TILE)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = make_workspace(chosen.folder or Path(temporary) / "large", side=chosen.side)
        count = label(folder)
        checkouts = (HERE, chosen.before.resolve())
        rows = []
        for name, work in OPENED.items():
            words = ["-c", _TIMED.format(work=indent(work.strip(), "    "), times=TIMES), str(folder)]
            rows.append(compared(name, words, checkouts, chosen.rounds, count))
        export = ["-m", "rsgraph", "export", str(folder), "exporter=geotiff", f"folder={temporary}/exports"]
        rows.append(compared("rsgraph export, the whole command", export, checkouts, chosen.rounds, count))
    print(record("opened", rows, seed=SEED))


def label(folder: Path) -> int:
    """Label all segments in some hundred strokes, unless they are; return how many there are."""
    from rsgraph.api import Workspace

    ids = Workspace(folder).segments["segment_id"].to_numpy()
    if (folder / "labels.sqlite").exists():
        return len(ids)
    numbers = np.random.default_rng(SEED)
    with Journal(folder / "labels.sqlite", author="me") as journal:
        for name in CLASSES:
            journal.define(name)
        journal.assign_each(ids, numbers.choice(CLASSES, len(ids)).tolist(), origin="human")
        for event in range(EVENTS):
            size = int(10 ** numbers.uniform(0, 4.5))
            journal.assign(numbers.choice(ids, size, replace=False), CLASSES[event % len(CLASSES)])
    return len(ids)


def compared(
    name: str, words: Sequence[str], checkouts: tuple[Path, Path], rounds: int, segments: int
) -> Mapping[str, Value]:
    """Run the words in both checkouts in turns; return the medians, and the median of the ratios pair by pair."""
    seconds = np.array([[_seconds(words, checkout) for checkout in checkouts] for _ in range(rounds)])
    now, before = np.median(seconds, axis=0)
    ratio = float(np.median(seconds[:, 1] / seconds[:, 0]))
    print(f"{name}: {now:.2f} s, before {before:.2f} s, before / now {ratio:.3f}")
    return {
        "work": f"{name} ({segments:,} segments)",
        "ours_s": round(float(now), 3),
        "peer_s": round(float(before), 3),
        "ratio": round(ratio, 3),
        "note": f"processor seconds, medians of {rounds} pairs in turns; peer: rsgraph at {_commit(checkouts[1])}",
    }


def _seconds(words: Sequence[str], checkout: Path) -> float:
    """Return the processor seconds of a new process, or what it says of its work."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen([sys.executable, *words], stdout=printed, env=environment, cwd=checkout)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{words} in {checkout} ended with {process.returncode}")
        printed.seek(0)
        said = printed.read()
    return float(np.median(list(map(float, said.split())))) if words[0] == "-c" else used.ru_utime + used.ru_stime


def _commit(checkout: Path) -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=checkout, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    main()
