"""Seconds per epoch of the GNN for each K, one run at a time: ``python -m experiments.neighbours.seconds``.

The sweep of the table trains two points side by side, and points that it shares with other tables at other times: its
seconds cannot be compared. Here 30 epochs are trained for each K in turn, three times, and nothing else.
"""

from __future__ import annotations

import csv
import os
from datetime import date
from pathlib import Path
from statistics import median

from experiments.benchmarks.record import commit, hardware
from experiments.sweeps import WORK, points, scenes, sweep
from rsgraph.files import read_json

RESULTS = Path(__file__).with_name("seconds.csv")
ROUNDS = 3


def main() -> None:
    """Train and write ``seconds.csv``."""
    rows = []
    for name, scene in scenes(()).items():
        for number in range(ROUNDS):
            folder = WORK / f"seconds-{number}-{name}"
            epochs = 30 + number  # another option, another key: nothing is taken from the cache
            options = [f"training.gnn.{option}={epochs}" for option in ("max_epochs", "patience")]
            sweep("neighbours", scene, folder, "seed=0", "hydra.launcher.n_jobs=1", "tracking.uri=none", *options)
            for point in points(folder):
                history = read_json(point.existing("models", "gnn.json"))["history"]
                seconds = round(median(epoch["seconds"] for epoch in history), 5)
                k = point.config["graph"]["k"]
                rows.append({"scene": name, "k": k, "round": number, "epoch_seconds": seconds, **about()})
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def about() -> dict[str, object]:
    """Return date, commit, machine and its load."""
    return {"date": date.today().isoformat(), "commit": commit(), **hardware(), "load": round(os.getloadavg()[0], 1)}


if __name__ == "__main__":
    main()
