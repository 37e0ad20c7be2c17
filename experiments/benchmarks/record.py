"""Results of benchmarks under version control: one CSV each, with the machine on which they were measured."""

from __future__ import annotations

import csv
import os
import platform
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from time import perf_counter

RESULTS = Path(__file__).parent / "results"

Value = str | int | float


def record(name: str, rows: Sequence[Mapping[str, Value]], *, seed: int = 0) -> Path:
    """Write measurements to ``results/<name>.csv``, with date, commit, seed and hardware.

    A row replaces the earlier one with the same ``work`` on the same CPU; all other rows stay.

    Parameters
    ----------
    name
        Of the benchmark.
    rows
        One mapping per measurement. ``work`` says what was done; by custom ``ours_s`` and ``peer_s`` are seconds,
        ``ratio`` is peer / ours, ``bound_s`` is what the hardware allows, ``note`` says how to read it.
    seed
        What the inputs were drawn with.

    Returns
    -------
    path
        The file.
    """
    about = {"date": date.today().isoformat(), "commit": commit(), "seed": seed, **hardware()}
    new = [{**about, **row} for row in rows]
    path = RESULTS / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    measured = {(str(row["cpu"]), str(row["work"])) for row in new}
    kept = [row for row in _read(path) if (row["cpu"], row["work"]) not in measured]
    _write(path, [*kept, *new])
    return path


def hardware() -> dict[str, Value]:
    """Return CPU model, number of cores, memory in GB, and the load of the last minute (shared machines)."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count() or 1,
        "memory_gb": round(memory, 1),
        "load": round(os.getloadavg()[0], 1),
    }


def cpu_model() -> str:
    """Return the name of the CPU and, where it has them, the instructions that matter to us."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    flags = facts.get("flags", "").split()
    known = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    return " ".join([facts.get("model name", platform.machine()), *known])


def commit() -> str:
    """Return the short commit, with ``-dirty`` where tracked files other than results differ from it."""
    short = _git("rev-parse", "--short", "HEAD") or "unknown"
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":/", f":(exclude){RESULTS}")
    return f"{short}-dirty" if changed else short


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=RESULTS.parent, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def best_seconds(*works: Callable[[], object], rounds: int) -> list[float]:
    """Time several works in turns and return the shortest time of each.

    In turns, so that another load on the machine hits them alike; the shortest, since other loads only ever
    add time. Each is run once beforehand.
    """
    for work in works:
        work()
    best = [float("inf")] * len(works)
    for _ in range(rounds):
        for index, work in enumerate(works):
            start = perf_counter()
            work()
            best[index] = min(best[index], perf_counter() - start)
    return best


def _read(path: Path) -> list[dict[str, Value]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [dict(row) for row in csv.DictReader(file)]


def _write(path: Path, rows: Sequence[Mapping[str, Value]]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    temporary.replace(path)
