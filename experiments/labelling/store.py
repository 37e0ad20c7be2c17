"""results.csv and curves.csv: what was measured, one row per representation, projector and seed; and MLflow."""

from __future__ import annotations

import csv
import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rsgraph.files import write_text
from rsgraph.tracking import Tracker

FOLDER = Path(__file__).parent
WORK = FOLDER.parent / ".work" / "labelling"
RESULTS, CURVES = FOLDER / "results.csv", FOLDER / "curves.csv"
KEY = ("data", "representation", "projector", "seed")

Row = Mapping[str, str | int | float]


def key_of(row: Row) -> tuple[str, ...]:
    """Return what tells one row from the others."""
    return tuple(str(row[name]) for name in KEY)


def read(path: Path = RESULTS) -> list[dict[str, str]]:
    """Return the rows of a file; none where it is not there yet."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def add(row: Row, curves: Sequence[Row]) -> None:
    """Add what one row measured, also while another process adds others; and tell MLflow."""
    with _locked():
        _append(RESULTS, [row])
        _append(CURVES, curves)
    _track(row)


@contextmanager
def _locked() -> Iterator[None]:
    WORK.mkdir(parents=True, exist_ok=True)
    with (WORK / "results.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _append(path: Path, rows: Sequence[Row]) -> None:
    new = {key_of(row) for row in rows}
    all_rows: list[Row] = [*(row for row in read(path) if key_of(row) not in new), *rows]
    all_rows.sort(key=lambda row: (*key_of(row), str(row.get("measure", ""))))
    columns = list(dict.fromkeys(name for row in all_rows for name in row))
    lines = [columns, *([row.get(name, "") for name in columns] for row in all_rows)]
    text = "".join(",".join(_cell(value) for value in line) + "\n" for line in lines)
    write_text(path, text)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f'"{text}"' if "," in text else text


def _track(row: Row) -> None:
    """Write one run: what was compared as parameters, what came out as metrics."""
    tracker = Tracker(
        f"sqlite:///{WORK.resolve() / 'mlflow.db'}", WORK / "mlartifacts", "labelling", " ".join(key_of(row))
    )
    tracker.parameters({name: row[name] for name in (*KEY, "commit", "cpu", "date")})
    tracker.metrics(
        {name: float(value) for name, value in row.items() if name.startswith(_METRICS) and value not in ("", None)}
    )
    tracker.end("FINISHED")


_METRICS = ("accuracy_", "iou_", "strokes_", "ceiling_", "precision_", "seconds")
