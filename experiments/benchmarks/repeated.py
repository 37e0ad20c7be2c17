"""Training done again: ``python -m experiments.benchmarks.repeated``.

A generated coast is trained on four times with one seed: twice with one thread, twice with two. With the same threads
all files must be the same to the bit. With others, sums are added in another order, as on other machines: the
steps are the same, and a row says how much comes out differently (the largest difference of a weight, relative to the
largest weight of its layer, and the largest difference of a vector of own+gnn1, relative to the largest vector).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from experiments.benchmarks.record import Value, record
from rsgraph.workspace import Workspace

OPTIONS = ("reader=synthetic", "reader.rows=512", "reader.columns=512", "training.budget=40", "draw=false")
LAYER = "own+gnn1"
MODEL = "models/encoder.safetensors"


def main() -> None:
    """Train, compare, print and record."""
    with TemporaryDirectory() as folder:
        made = {(threads, time): trained(Path(folder), threads, time) for threads in (1, 2) for time in (1, 2)}
        rows = [same(made[threads, 1], made[threads, 2], threads) for threads in (1, 2)]
        rows.append(other(made[1, 1], made[2, 1]))
    for row in rows:
        print(f"{row['work']}: {row['note']}")
    print(record("repeated", rows))


def trained(folder: Path, threads: int, time: int) -> Workspace:
    """Run everything with so many threads, from a cache of its own."""
    place = folder / f"{threads}-{time}"
    options = [*OPTIONS, f"workspace={place / 'w'}", f"trainer.threads={threads}", "tracking.uri=none"]
    subprocess.run([sys.executable, "-m", "rsgraph", "run", *options], check=True, stdout=subprocess.DEVNULL)
    return Workspace(place / "w")


def same(one: Workspace, two: Workspace, threads: int) -> dict[str, Value]:
    """Compare two runs with the same threads, file by file; the JSON beside a model also holds seconds."""
    ours, theirs = one.intact(), two.intact()
    differ = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
    differ = [name for name in differ if not name.endswith(".json")]
    note = "all arrays, tables and weights are the same to the bit" if not differ else f"not the same: {differ}"
    found: dict[str, Value] = {"count": len(ours), "identical": not differ, "note": note}
    return {"work": f"training again, {threads} threads", **found}


def other(one: Workspace, two: Workspace) -> dict[str, Value]:
    """Compare runs with other threads."""
    weights, others = load_file(one.path(MODEL)), load_file(two.path(MODEL))
    of_weights = max(relative(weights[name], others[name]) for name in weights)
    of_vectors = relative(np.asarray(one.embedding(LAYER)), np.asarray(two.embedding(LAYER)))
    note = (
        f"weights of the encoder differ by at most {of_weights:.2g}, vectors of {LAYER} by at most {of_vectors:.2g}"
    )
    return {"work": "training with one thread and with two", "difference": float(f"{of_vectors:.3g}"), "note": note}


def relative(one: NDArray[np.floating], two: NDArray[np.floating]) -> float:
    """Return the largest difference, relative to the largest value."""
    return float(np.abs(one.astype(np.float64) - two).max() / max(float(np.abs(one).max()), 1e-30))


if __name__ == "__main__":
    main()
