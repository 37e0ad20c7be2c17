"""kill -9 in every stage: what a run loses, and whether the resumed workspace is the one of an undisturbed run.

    python -m experiments.benchmarks.interruption [SIZE] [FOLDER] [option=value ...]

A small tile with varied places (2048 x 2048) is run once to the end, models trained on it included. Then a second
workspace with a cache of its own is begun, and in every stage, at a moment drawn between 10 and 90 % of the seconds
that the stage took in the first run, all processes of the run get SIGKILL and the same command is given again. In the
end the outputs of both workspaces are compared by the SHA-256 of their manifests; of a model's JSON, all but the
seconds that its epochs took.

kept
    Blocks of the stage that were finished at the kill; up to one per worker was being computed and is lost. What is
    not cut into blocks has none: training resumes by epochs, the fits of target and projector begin again.
again
    Those of them that were computed again nevertheless, seen by their files being replaced.
lost_s
    Seconds of work that were done twice: before the kill plus after it, less those of the undisturbed run. Programs
    start anew and models are loaded anew in it, and on a shared machine it scatters by some seconds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from experiments.benchmarks.places import write_tile
from experiments.benchmarks.record import Value, record
from experiments.benchmarks.watching import current, family, finished, walked, watch
from experiments.benchmarks.whole_tile import QUICK, command, named, stop_if_failed
from rsgraph.files import read_json

SIZE, SEED = 2048, 0
LOOK_EVERY = 0.02


@dataclass(frozen=True)
class Kill:
    """One interruption.

    Parameters
    ----------
    stage
        At work when it came; ``done`` if the run was already through.
    after
        Seconds that the stage had run.
    kept
        Finished blocks: file -> (inode, time of writing).
    blocks
        Blocks in all, of the phases that had begun.
    """

    stage: str
    after: float
    kept: dict[Path, tuple[int, int]]
    blocks: int
    again: set[Path] = field(default_factory=set)


def main(words: Sequence[str]) -> None:
    """Run, kill, resume, compare, print and record."""
    size = int(words[0]) if words else SIZE
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(words[1] if len(words) > 1 else temporary).absolute()
        rows = measure(folder, write_tile(folder, size), words[2:], named(size, words[2:]))
    for row in rows:
        print("{work}: kept {kept} of {blocks} blocks, {again} done again, lost {lost_s} s, {same}".format(**row))
    print(record("interruption", rows, seed=SEED))


def measure(folder: Path, tile: Path, options: Sequence[str], title: str) -> list[dict[str, Value]]:
    """Return one row per stage."""
    whole, torn = folder / "whole", folder / "torn"
    log = folder / "run.log"
    stop_if_failed(watch(command(tile, whole, folder / "whole-cache", *QUICK, *options), whole, log), log)
    expected = finished(whole)
    words = command(tile, torn, folder / "torn-cache", *QUICK, *options)
    rng = np.random.default_rng(SEED)
    kills: list[Kill] = []
    stages = walked(whole)
    for stage in stages:
        wait = float(rng.uniform(0.1, 0.9)) * seconds(expected[stage])
        kills.append(interrupted(words, folder, stages[stages.index(stage) :], wait, kills))
    resume(words, folder, kills)
    found = finished(torn)
    rows = []
    for kill, stage in zip(kills, stages, strict=True):
        differ = differing(expected[stage]["outputs"], found[stage]["outputs"], whole, torn)
        rows.append(row(kill, stage, expected, found, differ, title))
    return rows


def interrupted(words: Sequence[str], folder: Path, left: Sequence[str], wait: float, kills: Sequence[Kill]) -> Kill:
    """Start the run, kill it ``wait`` seconds after the first of the stages left began; note what was kept."""
    process = started(words, folder)
    while current(folder / "torn") not in (*left, "done") and process.poll() is None:
        note_again(kills)
        time.sleep(LOOK_EVERY)
    began = time.perf_counter()
    while time.perf_counter() - began < wait and process.poll() is None:
        note_again(kills)
        time.sleep(LOOK_EVERY)
    stop_if_it_failed(process, folder)
    kill_all(process)
    at, kept = current(folder / "torn"), blocks(folder / "torn-cache")
    return Kill(at, time.perf_counter() - began, kept, in_all(kept))


def resume(words: Sequence[str], folder: Path, kills: Sequence[Kill]) -> None:
    """Run to the end."""
    process = started(words, folder)
    while process.poll() is None:
        note_again(kills)
        time.sleep(LOOK_EVERY)
    stop_if_it_failed(process, folder)


def stop_if_it_failed(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Raise SystemExit where a run ended by itself with an error."""
    if process.poll() not in (None, 0):
        raise SystemExit(f"the resumed run ended with {process.returncode}; see the end of {folder / 'run.log'}")


def started(words: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start the command in a process group of its own."""
    with (folder / "run.log").open("ab") as log:
        return subprocess.Popen(list(words), stdout=log, stderr=subprocess.STDOUT, start_new_session=True)


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """Send SIGKILL to the command and all its descendants, whatever group they are in."""
    for each in family(process.pid):
        try:
            each.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    process.wait()


def blocks(cache: Path) -> dict[Path, tuple[int, int]]:
    """Return the finished blocks of unfinished stages, with inode and time of writing."""
    found = {}
    for path in cache.glob("*/*.partial/work/**/*-of-*.npz"):
        if not path.name.startswith("."):
            status = path.stat()
            found[path] = (status.st_ino, status.st_mtime_ns)
    return found


def in_all(kept: dict[Path, tuple[int, int]]) -> int:
    """Return how many blocks the phases of ``kept`` have: their names end in it."""
    return sum(int(stem.rpartition("-of-")[2]) for stem in {f"{path.parent}-of-{path.stem[-5:]}" for path in kept})


def note_again(kills: Sequence[Kill]) -> None:
    """Note the blocks kept at the last kill whose files have been replaced since."""
    for path, known in kills[-1].kept.items() if kills else ():
        try:
            status = os.stat(path)
        except FileNotFoundError:
            continue  # the stage is finished, its work folder gone
        if (status.st_ino, status.st_mtime_ns) != known:
            kills[-1].again.add(path)


def seconds(stage: dict[str, object]) -> float:
    """Return the seconds of a stage's record."""
    return float(stage["seconds"])  # type: ignore[arg-type]  # a number in every manifest


def differing(expected: Any, found: Any, whole: Path, torn: Path) -> list[str]:
    """Return the names of the outputs that are not the same; seconds in the JSON of a model may differ."""
    names = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
    json_files = [name for name in names if name.endswith(".json") and name in expected and name in found]
    alike = {name for name in json_files if timeless(read_json(whole / name)) == timeless(read_json(torn / name))}
    return [name for name in names if name not in alike]


def timeless(value: Any) -> Any:
    """Return JSON without what was measured by the clock."""
    if isinstance(value, dict):
        return {key: timeless(each) for key, each in value.items() if not key.endswith("seconds")}
    return [timeless(each) for each in value] if isinstance(value, list) else value


def row(kill: Kill, stage: str, expected: Any, found: Any, differ: Sequence[str], title: str) -> dict[str, Value]:
    """Return the row of one stage."""
    hit = kill.stage == stage
    lost = kill.after + seconds(found[stage]) - seconds(expected[stage])
    return {
        "work": f"{title}: killed in {stage}",
        "undisturbed_s": round(seconds(expected[stage]), 2),
        "killed_after_s": round(kill.after, 2),
        "blocks": kill.blocks,
        "kept": len(kill.kept),
        "again": len(kill.again),
        "lost_s": round(lost, 2) if hit else "",
        "outputs": len(expected[stage]["outputs"]),
        "same": "outputs identical" if not differ else f"differ: {' '.join(differ)}",
        "note": "" if hit else f"over before the signal came; killed in {kill.stage}",
    }


if __name__ == "__main__":
    main(sys.argv[1:])
