"""The code that a run passes, and the seconds that the command line takes to answer.

``python -m experiments.benchmarks.house [CHECKOUT] [LABEL]``

Another checkout, such as one of an earlier commit, is measured with this environment's packages; its rows stand
beside those of today under its label. A tiny run is that of the tests, without pictures; its main process is counted:

files
    Of the package, that were loaded; one that holds nothing but a docstring (``__init__.py``) is not counted.
before the first stage
    Those that are loaded when the progress of the stage ``scene`` begins: all but what the stage loads itself.
functions
    That were called; comprehensions, classes and modules are none.
frames of an override
    Functions of the package that are on the stack when ``graph.k=4`` first arrives in the constructor of ``Nearest``.
registries, compositions
    How often a registry is built, and how often Hydra composes the config.
lines
    Of Python files and of configs, tests aside; of code are those that are neither empty nor a comment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from experiments.benchmarks import tracing
from experiments.benchmarks.record import Value, record
from tests.small_runs import TINY

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 5


def main(words: Sequence[str]) -> None:
    """Measure a checkout, print and record."""
    tree = Path(words[0]).resolve() if words else ROOT
    label = words[1] if len(words) > 1 else "today"
    rows = [{**row, "work": f"{row['work']}, {label}"} for row in (*touched(tree), *answers(tree), *lines(tree))]
    for row in rows:
        print(f"{row['work']}: {row.get('count', row.get('ours_s'))}")
    print(record("house", rows))


def touched(tree: Path) -> list[dict[str, Value]]:
    """Follow a tiny run."""
    with tempfile.TemporaryDirectory() as folder:
        found = followed(tree, Path(folder))
    return [
        {"work": "files that a tiny run touches", "count": len(found["files"])},
        {"work": "files before the first stage", "count": len(found["before"])},
        {"work": "functions that a tiny run calls", "count": len(found["functions"])},
        {"work": "frames of an override", "count": len(found["frames"]), "note": " > ".join(found["frames"])},
        {"work": "registries that a tiny run builds", "count": found["registries"]},
        {"work": "compositions of its config", "count": found["compositions"]},
    ]


def followed(tree: Path, folder: Path, *, whole: bool = True) -> dict[str, Any]:
    """Follow a tiny run in a process of its own, which works in ``folder``; return what ``tracing.follow`` found."""
    out = folder / "found.json"
    arguments = (str(tree), ["run", *TINY, "workspace=w"], str(out), whole)
    call = tracing.CALL.format(file=tracing.__file__, arguments=arguments)
    subprocess.run([sys.executable, "-c", call], cwd=folder, env=_environment(tree), check=True)
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


def answers(tree: Path) -> list[dict[str, Value]]:
    """Time commands that only print, in processes of their own, after one that warms up."""
    rows: list[dict[str, Value]] = []
    for word in ("components", "--help"):
        seconds = [_seconds(tree, word) for _ in range(ROUNDS + 1)][1:]
        note = f"median of {ROUNDS}, {min(seconds):.2f} to {max(seconds):.2f} s"
        rows.append({"work": f"rsgraph {word}", "ours_s": round(median(seconds), 3), "note": note})
    return rows


def _seconds(tree: Path, word: str) -> float:
    start = perf_counter()
    command = [sys.executable, "-m", "rsgraph", word]
    subprocess.run(command, cwd=tree, env=_environment(tree), stdout=subprocess.DEVNULL, check=True)
    return perf_counter() - start


def lines(tree: Path) -> list[dict[str, Value]]:
    """Count lines of what is delivered."""
    rows: list[dict[str, Value]] = []
    for name, ending in (("rsgraph", "py"), ("plugins", "py"), ("conf", "yaml")):
        texts = [path.read_text(encoding="utf-8").splitlines() for path in _files(tree / name, ending)]
        code = [line for text in texts for line in text if line.strip() and not line.lstrip().startswith("#")]
        note = f"{len(code)} of code, in {len(texts)} files"
        rows.append({"work": f"lines in {name}/", "count": sum(map(len, texts)), "note": note})
    return rows


def _files(folder: Path, ending: str) -> Iterator[Path]:
    return (path for path in folder.rglob(f"*.{ending}") if not {"tests", "build"} & {*path.parts})


def _environment(tree: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}


if __name__ == "__main__":
    main(sys.argv[1:])
