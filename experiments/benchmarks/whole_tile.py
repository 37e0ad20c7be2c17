"""A whole tile on two cores: from the file and a trained model to the finished workspace, stage by stage.

    python -m experiments.benchmarks.whole_tile [SIZE ...] [FOLDER] [option=value ...]

A tile with varied places is generated (10 980 x 10 980 x 12 as uint16) and a model is trained on 8 x 8 of its chips;
neither is timed, and both stay in FOLDER (experiments/.work/tile), where ``matching`` and ``projection`` find them.
Then ``rsgraph run varied-10980.tif model.from=model`` runs as a user would start it, with an empty cache, on two
cores, and all its processes are watched (watching.py). Seconds are those of the manifest, memory is the peak of the
sum over all processes. Options are passed on and stand in the names of the rows.

Without SIZE a tile of half the side is run too, with the same model, so that scaling.py has two sizes to tell growth
from. Each size has a workspace of its own in FOLDER, ``workspace`` that of 10 980. A missing model learns on chips of
the largest tile asked for.

Each stage is put beside the time that two cores need at the least (bounds.py).
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.benchmarks.bounds import CORES, Sizes, Speeds, Work, gb, work
from experiments.benchmarks.places import SIZE, TILE, sampled, write_tile
from experiments.benchmarks.record import Value, record
from experiments.benchmarks.watching import Watched, finished, watch
from rsgraph.workspace import Workspace

LIMIT_S, LIMIT_GB = 3600, 6
UNTRAINED = "experiment=untrained"
"""With this option no model is needed: the time to both first maps is that of the stages up to project."""
COMMON = ("chips.edges=drop", "tracking.uri=none")
"""Whole chips only, 42 x 42 of them, as the paper has."""
SIZES = (SIZE // 2, SIZE)
LEARN = ("training.encoder.max_epochs=5", "training.gnn.max_epochs=40", "draw=false")
QUICK = ("experiment=laptop", "draw=false")
MODELS = {"model": LEARN, "model-narrow": QUICK}
"""How they learn: of the default width, briefly, for the tile; narrow to cut thousands of chips with."""


def main(words: Sequence[str]) -> None:
    """Prepare, then run, print and record one size after the other."""
    sizes, folder, options = parsed(words)
    model = None if UNTRAINED in options else learned(folder, "model", sizes[-1])
    for size in sizes:
        rows = measured(folder, size, model, options)
        for row in rows:
            print("{work}: {seconds} s (at least {bound_s}), peak {peak_gb} GB, PSS {peak_pss_gb}".format(**row))
        print(record("whole_tile" if size == SIZE else f"tile_{size}", rows), flush=True)


def parsed(words: Sequence[str]) -> tuple[list[int], Path, list[str]]:
    """Tell sizes, by rising size, folder and options apart."""
    options = [word for word in words if "=" in word]
    sizes = {int(word) for word in words if word.isdigit()} or set(SIZES)
    folders = [word for word in words if "=" not in word and not word.isdigit()] or [str(TILE)]
    if len(folders) > 1:
        raise SystemExit(f"one FOLDER is enough. Got {' and '.join(folders)}.")
    return sorted(sizes), Path(folders[0]).absolute(), options


def learned(folder: Path, name: str, size: int) -> Path:
    """Train one of ``MODELS`` on chips of the tile of that size unless FOLDER holds it; return its workspace."""
    if "gnn" not in finished(folder / name):
        train(sampled(write_tile(folder, size)), folder / name, MODELS[name])
    return folder / name


def train(scene: Path, model: Path, options: Sequence[str]) -> None:
    """Train on the chips of a scene; cache and log lie beside the model's workspace."""
    cache, log = model.with_name(f"{model.name}-cache"), model.with_name(f"{model.name}.log")
    stop_if_failed(watch(command(scene, model, cache, *options), model, log), log)


def command(path: Path, workspace: Path, cache: Path, *options: str) -> list[str]:
    """Return the command that a user would type."""
    places = (f"workspace={workspace}", f"cache.path={cache}")
    return [sys.executable, "-m", "rsgraph", "run", str(path), *places, *COMMON, *options]


def measured(folder: Path, size: int, model: Path | None, options: Sequence[str]) -> list[dict[str, Value]]:
    """Run a tile from nothing on two cores, watched; return one row per stage and one of all."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    tile = write_tile(folder, size)
    workspace, cache, log = kept(folder, size)
    for path in (workspace, cache):
        shutil.rmtree(path, ignore_errors=True)
    log.unlink(missing_ok=True)
    given = [f"model.from={model}"] if model else []
    watched = watch(command(tile, workspace, cache, *given, *options), workspace, log)
    stop_if_failed(watched, log)
    title = named(size, options)
    rows = table(workspace, tile, watched, title)
    return [*rows, total(workspace, watched, title, sum(float(row["bound_s"]) for row in rows))]


def kept(folder: Path, size: int) -> tuple[Path, Path, Path]:
    """Return where the run of a size has its workspace, cache and log; that of the whole tile has the plain names."""
    which = "" if size == SIZE else f"-{size}"
    return folder / f"workspace{which}", folder / f"cache{which}", folder / f"run{which}.log"


def stop_if_failed(watched: Watched, log: Path) -> None:
    """Raise SystemExit with the end of what the command printed, where it failed."""
    if watched.code != 0:
        raise SystemExit(f"rsgraph run ended with {watched.code}; {log} ends with:\n{log.read_text()[-2000:]}")


def table(workspace: Path, tile: Path, watched: Watched, title: str) -> list[dict[str, Value]]:
    """Return one row per stage."""
    sizes, speeds = Sizes.of(Workspace(workspace), tile), Speeds.measure(workspace.parent, tile)
    needed = work(sizes)
    rows = []
    for stage, found in finished(workspace).items():
        outputs: Any = found["outputs"]
        written = sum((workspace / name).stat().st_size for name in outputs)
        least = Work(needed[stage].read, written, needed[stage].operations)
        seconds = float(found["seconds"])  # type: ignore[arg-type]  # a number in every manifest
        rows.append({"work": f"{title}: {stage}", **row(seconds, watched, stage), **least.columns(speeds, seconds)})
    return rows


def total(folder: Path, watched: Watched, title: str, bound_s: float) -> dict[str, Value]:
    """Return the row of the whole run, start of the program and finding out what the file is included."""
    workspace = Workspace(folder)
    chips, segments = len(workspace.chips), len(workspace.segments)
    disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    met = watched.seconds < LIMIT_S and peak(watched, "resident") < LIMIT_GB * 1e9
    return {
        "work": f"{title}: total",
        **row(watched.seconds, watched, None),
        "limit_s": LIMIT_S,
        "largest_process_gb": gb(watched.largest),
        "workspace_gb": gb(disk),
        "chips": chips,
        "segments": segments,
        "bound_s": round(bound_s, 2),
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
