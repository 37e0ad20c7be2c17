"""Labelling 100 000 of 1 000 000 segments, and undoing it, against a plain table of labels that is as durable.

``python -m experiments.benchmarks.journal``

The peer writes one row per segment into ``label(segment_id PRIMARY KEY, label, origin, confidence, author, time)``,
with the same write-ahead log and ``synchronous=FULL``. It keeps no history: its undo is given the old labels.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.benchmarks.record import RESULTS, Value, record
from rsgraph.journal.journal import Journal

SEED = 0
SEGMENTS, BRUSH, ROUNDS, EVENTS = 1_000_000, 100_000, 60, 1000
NAMES = [f"class {number}" for number in range(8)]
IDS = np.arange(1, SEGMENTS + 1)


class Peer:
    """A plain table of labels."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute("PRAGMA synchronous = FULL")
        self.database.execute("PRAGMA cache_size = -32768")  # as ours: 2 MB make it ten times slower
        self.database.execute("PRAGMA wal_autocheckpoint = 4000")
        columns = "segment_id INTEGER PRIMARY KEY, label TEXT, origin TEXT, confidence REAL, author TEXT, time TEXT"
        self.database.execute(f"CREATE TABLE label ({columns})")

    def write(self, ids: NDArray[np.int64], labels: list[str]) -> None:
        """Label segments, durably."""
        rows = ((at, name, "human", None, "me", "2026-01-01") for at, name in zip(ids.tolist(), labels, strict=True))
        self.database.execute("BEGIN IMMEDIATE")
        self.database.executemany("INSERT OR REPLACE INTO label VALUES (?, ?, ?, ?, ?, ?)", rows)
        self.database.execute("COMMIT")


def main() -> None:
    numbers = np.random.default_rng(SEED)
    first = numbers.choice(np.array(NAMES, dtype=object), SEGMENTS)
    with TemporaryDirectory(dir=RESULTS.parents[2]) as folder:  # on a real disk: /tmp may be memory
        path = Path(folder, "labels.sqlite")
        peer = Peer(Path(folder, "peer.sqlite"))
        peer.write(IDS, first.tolist())
        with Journal(path, segment_ids=IDS, author="me") as journal:
            for name in NAMES:
                journal.define(name)
            journal.assign_each(IDS, first, origin="human")
            rows = [brushed(journal, peer, first, numbers, scattered=scattered) for scattered in (True, False)]
            asked = timed(lambda: journal.codes(IDS))
            fill(journal, numbers)
            expected = journal.codes(IDS)[0]
        peer.database.close()
        rows = [row for pair in rows for row in pair] + [opened(path, peer.path, expected, asked)]
    for row in rows:
        print(", ".join(f"{key} {value}" for key, value in row.items()))
    print(record("journal", rows, seed=SEED))


def brushed(
    journal: Journal, peer: Peer, first: NDArray[np.object_], numbers: np.random.Generator, *, scattered: bool
) -> list[dict[str, Value]]:
    """Label and undo in turns with the peer; both end where they began."""
    times: dict[str, list[float]] = {"label": [], "undo": [], "peer label": [], "peer undo": []}
    for number in range(ROUNDS):
        start = int(numbers.integers(SEGMENTS - BRUSH))
        ids = IDS[start : start + BRUSH]
        if scattered:
            ids = np.sort(numbers.choice(IDS, BRUSH, replace=False))  # in the order that the peer writes fastest
        name = NAMES[number % len(NAMES)]
        old = first[ids - 1].tolist()
        times["label"].append(timed(lambda ids=ids, name=name: journal.assign(ids, name)))
        times["peer label"].append(timed(lambda ids=ids, name=name: peer.write(ids, [name] * BRUSH)))
        times["undo"].append(timed(journal.undo))
        times["peer undo"].append(timed(lambda ids=ids, old=old: peer.write(ids, old)))
    assert journal.labels()["label"].tolist() == first.tolist()
    assert [
        name for (name,) in peer.database.execute("SELECT label FROM label ORDER BY segment_id")
    ] == first.tolist()
    where = "scattered" if scattered else "in a row"
    return [compared(f"{work} {BRUSH} of {SEGMENTS} segments, {where}", times, work) for work in ("label", "undo")]


def compared(work: str, times: dict[str, list[float]], name: str) -> dict[str, Value]:
    """Return a row of the results: medians and the 99th percentile."""
    ours, peer = np.median(times[name]), np.median(times[f"peer {name}"])
    return {
        "work": f"{work}, durable",
        "ours_s": round(float(ours), 4),
        "peer_s": round(float(peer), 4),
        "ratio": round(float(peer / ours), 2),
        "ours_p99_s": round(float(np.quantile(times[name], 0.99)), 4),
        "peer_p99_s": round(float(np.quantile(times[f"peer {name}"], 0.99)), 4),
        "note": f"medians of {ROUNDS}, in turns; peer: a plain table without history, as durable; shared machine",
    }


def fill(journal: Journal, numbers: np.random.Generator) -> None:
    """Go on to a thousand events, of 1 to 100 000 segments."""
    event = 0
    while event < EVENTS:
        size = int(10 ** numbers.uniform(0, 5))
        event = journal.assign(numbers.choice(IDS, size, replace=False), NAMES[size % len(NAMES)])


def opened(path: Path, peer: Path, expected: NDArray[np.int16], asked: float) -> dict[str, Value]:
    """Open, check, and know the class of every segment, as a window does when it starts."""

    def ours() -> None:
        with Journal(path) as journal:
            assert np.array_equal(journal.codes(IDS)[0], expected)

    def plain() -> None:
        with sqlite3.connect(peer) as database:
            frame = pd.read_sql("SELECT * FROM label", database)
        pd.Categorical(frame["label"], NAMES)

    times: dict[str, list[float]] = {"open": [], "peer open": []}
    for _ in range(10):
        times["open"].append(timed(ours))
        times["peer open"].append(timed(plain))
    sizes = {"ours_mb": round(path.stat().st_size / 1e6, 1), "peer_mb": round(peer.stat().st_size / 1e6, 1)}
    row = compared(f"open a journal of {SEGMENTS} labels and {EVENTS} events, codes of all segments", times, "open")
    note = (
        f"medians of 10; codes only {asked * 1000:.0f} ms; peer: pandas.read_sql of its table, which has no history"
    )
    return {**row, **sizes, "work": row["work"].removesuffix(", durable"), "note": note}  # type: ignore[union-attr]


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds it takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


if __name__ == "__main__":
    main()
