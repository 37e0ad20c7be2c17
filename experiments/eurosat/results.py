"""The committed figures: three CSVs, whose rows are replaced by a later measurement of the same row and seed."""

from __future__ import annotations

import csv
import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
WORK = HERE.parent / ".work" / "eurosat"
RESULTS, PER_CLASS, CONFUSION = (HERE / f"{name}.csv" for name in ("results", "per_class", "confusion"))
WHICH = ("options", "row", "seed")


def rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV; nothing where there is none yet."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def measured(options: str, row: str, seed: int, key: str) -> bool:
    """Tell whether a row was measured with this seed and these options."""
    wanted = (options, row, str(seed), key)
    return any((each["options"], each["row"], each["seed"], each["key"]) == wanted for each in rows(RESULTS))


def put(path: Path, new: Sequence[Mapping[str, Any]]) -> None:
    """Write rows in place of those of the same options, row and seed; processes beside each other wait."""
    replaced = {tuple(str(each[name]) for name in WHICH) for each in new}
    with _locked(path):
        kept = [each for each in rows(path) if tuple(each[name] for name in WHICH) not in replaced]
        columns = list(dict.fromkeys(column for each in [*kept, *new] for column in each))
        temporary = path.with_suffix(".tmp")
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows([*kept, *new])
        temporary.replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lock a file for this process."""
    WORK.mkdir(parents=True, exist_ok=True)
    with (WORK / f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
