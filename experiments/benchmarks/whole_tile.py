"""A whole tile on two cores: from the file and a trained model to the finished workspace, stage by stage.

    python -m experiments.benchmarks.whole_tile [SIZE] [FOLDER] [option=value ...]

A tile with varied places is generated (10 980 x 10 980 x 12 as uint16) and a model is trained on 8 x 8 of its chips;
neither is timed, and both stay in FOLDER for the next time. Then ``rsgraph run varied.tif model.from=model`` runs as
a user would start it, with an empty cache, on two cores, and all its processes are watched (watching.py). Seconds
are those of the manifest, memory is the peak of the sum over all processes. Options after FOLDER are passed on
and stand in the names of the rows.

Each stage is put beside the time that two cores need at the least (bounds.py).
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.benchmarks.bounds import CORES, Sizes, Speeds, Work, gb, work
from experiments.benchmarks.places import ACROSS, SIZE, write_sample, write_tile
from experiments.benchmarks.record import Value, record
from experiments.benchmarks.watching import Watched, finished, watch
from rsgraph.workspace import Workspace

LIMIT_S, LIMIT_GB = 3600, 6
COMMON = ("chips.edges=drop", "tracking.uri=none")
"""Whole chips only, 42 x 42 of them, as the paper has."""
LEARN = ("training.encoder.max_epochs=5", "training.gnn.max_epochs=40", "draw=false")
QUICK = ("experiment=laptop", "draw=false")
"""How the model learns: of the default width, but briefly; for a smaller tile a narrow one."""


def main(words: Sequence[str]) -> None:
    """Prepare, run, print and record."""
    size = int(words[0]) if words else SIZE
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(words[1] if len(words) > 1 else temporary).absolute()
        tile, model = prepare(folder, size)
        watched = measured(folder, tile, model, words[2:])
        title = named(size, words[2:])
        rows = [*table(folder, tile, watched, title), total(folder, watched, title)]
    for row in rows:
        print("{work}: {seconds} s (at least {bound_s}), peak {peak_gb} GB, PSS {peak_pss_gb}".format(**row))
    print(record("whole_tile" if size == SIZE else f"tile_{size}", rows))


def prepare(folder: Path, size: int) -> tuple[Path, Path]:
    """Make the tile and the model unless FOLDER holds them; return their paths."""
    tile, model = write_tile(folder, size), folder / "model"
    if "gnn" not in finished(model):
        sample = write_sample(tile, folder / "varied_sample.tif", across=ACROSS)
        options = LEARN if size == SIZE else QUICK
        watched = watch(command(sample, model, folder / "model-cache", *options), model, folder / "model.log")
        stop_if_failed(watched, folder / "model.log")
    return tile, model


def command(path: Path, workspace: Path, cache: Path, *options: str) -> list[str]:
    """Return the command that a user would type."""
    places = (f"workspace={workspace}", f"cache.path={cache}")
    return [sys.executable, "-m", "rsgraph", "run", str(path), *places, *COMMON, *options]


def measured(folder: Path, tile: Path, model: Path, options: Sequence[str]) -> Watched:
    """Run the tile from nothing on two cores, watched."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    for name in ("workspace", "cache"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "run.log").unlink(missing_ok=True)
    words = command(tile, folder / "workspace", folder / "cache", f"model.from={model}", *options)
    watched = watch(words, folder / "workspace", folder / "run.log")
    stop_if_failed(watched, folder / "run.log")
    return watched


def stop_if_failed(watched: Watched, log: Path) -> None:
    """Raise SystemExit with the end of what the command printed, where it failed."""
    if watched.code != 0:
        raise SystemExit(f"rsgraph run ended with {watched.code}; {log} ends with:\n{log.read_text()[-2000:]}")


def table(folder: Path, tile: Path, watched: Watched, title: str) -> list[dict[str, Value]]:
    """Return one row per stage."""
    sizes, speeds = Sizes.of(Workspace(folder / "workspace"), tile), Speeds.measure(folder, tile)
    needed = work(sizes)
    rows = []
    for stage, found in finished(folder / "workspace").items():
        outputs: Any = found["outputs"]
        written = sum((folder / "workspace" / name).stat().st_size for name in outputs)
        least = Work(needed[stage].read, written, needed[stage].operations)
        seconds = float(found["seconds"])  # type: ignore[arg-type]  # a number in every manifest
        rows.append({"work": f"{title}: {stage}", **row(seconds, watched, stage), **least.columns(speeds, seconds)})
    return rows


def total(folder: Path, watched: Watched, title: str) -> dict[str, Value]:
    """Return the row of the whole run, start of the program and finding out what the file is included."""
    workspace = Workspace(folder / "workspace")
    chips, segments = len(workspace.chips), len(workspace.segments)
    disk = sum(path.stat().st_size for path in workspace.folder.rglob("*") if path.is_file())
    met = watched.seconds < LIMIT_S and peak(watched, "resident") < LIMIT_GB * 1e9
    return {
        "work": f"{title}: total",
        **row(watched.seconds, watched, None),
        "limit_s": LIMIT_S,
        "largest_process_gb": gb(watched.largest),
        "workspace_gb": gb(disk),
        "chips": chips,
        "segments": segments,
        "bound_s": "",
        "note": f"aim {LIMIT_S} s, {LIMIT_GB} GB: {'met' if met else 'missed'}; {chips} chips, {segments} segments",
    }


def named(size: int, options: Sequence[str]) -> str:
    """Name a tile in the tables; one run with other options has another name."""
    return ", ".join([f"tile of {size:_} x {size:_} x 12".replace("_", " "), *options])


def row(seconds: float, watched: Watched, stage: str | None) -> dict[str, Value]:
    """Return the columns of what was watched, in one stage or in all."""
    samples = watched.samples if stage is None else watched.of(stage)
    first, last = (samples[0], samples[-1]) if samples else (watched.samples[0], watched.samples[0])
    return {
        "seconds": round(seconds, 1),
        "peak_gb": gb(peak(watched, "resident", stage)),
        "peak_pss_gb": gb(peak(watched, "proportional", stage)),
        "processes": max((sample.processes for sample in samples), default=1),
        "read_gb": gb(last.read - first.read),
        "written_gb": gb(last.written - first.written),
        "limit_gb": LIMIT_GB,
    }


def peak(watched: Watched, kind: str, stage: str | None = None) -> int:
    """Return the largest sum over all processes in bytes; 0 for a stage too short to be seen."""
    samples = watched.samples if stage is None else watched.of(stage)
    return max((int(getattr(sample, kind)) for sample in samples), default=0)


if __name__ == "__main__":
    main(sys.argv[1:])
