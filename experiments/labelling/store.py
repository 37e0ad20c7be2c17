"""results.csv and curves.csv: a row per representation, projector, seed, player and seed of training; MLflow."""

from __future__ import annotations

import csv
import fcntl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rsgraph.files import write_text
from rsgraph.tracking import Tracker

FOLDER = Path(__file__).parent
WORK = FOLDER.parent / ".work" / "labelling"
RESULTS, CURVES = FOLDER / "results.csv", FOLDER / "curves.csv"
KEY = ("data", "representation", "projector", "seed", "player", "trained")
"""Rows of EuroSAT have no player but the all-knowing expert, and leave out both last columns."""


Row = Mapping[str, str | int | float]


def key_of(row: Row) -> tuple[str, ...]:
    """Return what tells one row from the others."""
    return tuple(str(row.get(name, "")) for name in KEY)


def read(path: Path = RESULTS) -> list[dict[str, str]]:
    """Return the rows of a file; none where it is not there yet."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def add(row: Row, curves: Sequence[Row]) -> None:
    """Add what one row measured, also while another process adds others; and tell MLflow."""
    add_all(RESULTS, [row])
    add_all(CURVES, curves)
    _track(row)


def add_all(path: Path, rows: Sequence[Row], *, key: Sequence[str] = KEY) -> None:
    """Add rows to a file, in place of those with the same key; another process may add others."""
    with _locked():
        _append(path, rows, key)


def keep_only(path: Path, wanted: Callable[[Row], bool]) -> None:
    """Leave out the rows of a file that are not wanted any more."""
    with _locked():
        _write(path, [row for row in read(path) if wanted(row)])


@contextmanager
def _locked() -> Iterator[None]:
    WORK.mkdir(parents=True, exist_ok=True)
    with (WORK / "results.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _append(path: Path, rows: Sequence[Row], key: Sequence[str]) -> None:
    def of(row: Row) -> tuple[str, ...]:
        return tuple(str(row.get(name, "")) for name in (*key, "measure"))

    new = {of(row) for row in rows}
    all_rows: list[Row] = [*(row for row in read(path) if of(row) not in new), *rows]
    _write(path, sorted(all_rows, key=of))


def _write(path: Path, rows: Sequence[Row]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = [columns, *([row.get(name, "") for name in columns] for row in rows)]
    write_text(path, "".join(",".join(_cell(value) for value in line) + "\n" for line in lines))


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f'"{text}"' if "," in text else text


def _track(row: Row) -> None:
    """Write one run: what was compared as parameters, what came out as metrics."""
    tracker = Tracker(
        f"sqlite:///{WORK.resolve() / 'mlflow.db'}", WORK / "mlartifacts", "labelling", " ".join(key_of(row))
    )
    tracker.parameters({name: row.get(name, "") for name in (*KEY, "commit", "cpu", "date")})
    tracker.metrics(
        {name: float(value) for name, value in row.items() if name.startswith(_METRICS) and value not in ("", None)}
    )
    tracker.end("FINISHED")


_METRICS = ("accuracy_", "iou_", "strokes_", "ceiling_", "precision_", "seconds")
