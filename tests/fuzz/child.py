"""The process in which files are read: one line in for each file, one line out for what came of it.

``python -P -m tests.fuzz.child FOLDER MEGABYTES``
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import logging
import os
import resource
import shutil
import signal
import sys
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rsgraph.errors import RsgraphError
from tests.fuzz.kinds import KINDS, Attempts, Kind

_LONGEST = 3000
"""Characters that a sentence may have, long names included."""


def main(folder: str, megabytes: str) -> None:
    """Read files until there are no more lines."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is not an answer
    faulthandler.enable(sys.stderr)
    faulthandler.register(signal.SIGUSR1, sys.stderr)  # where it hangs, also inside a native library
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    limit = _kilobytes("/proc/self/status", "VmSize") * 1024 + int(megabytes) * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    answers.write("ready\n")
    for number, line in enumerate(sys.stdin, start=1):
        kind_name, name, source = json.loads(line)
        root, kind = Path(folder, kind_name), KINDS[kind_name]
        if not root.exists():
            root.mkdir()
            kind.lay(root)
        with _placed(root, kind, name, Path(source).read_bytes(), number) as file, _peak() as peak:
            found = _read(kind.read(root, file), one_is_enough=kind.fresh and not kind.every)
        answers.write(json.dumps({**found, "peak_mb": peak[0]}) + "\n")


@contextlib.contextmanager
def _placed(root: Path, kind: Kind, name: str, data: bytes, number: int) -> Iterator[Path]:
    """Put a file where it belongs, and take it away again."""
    folder = root / f"input {number}" if kind.fresh else root
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    before = None if kind.fresh else file.read_bytes()
    _put(file, data, number)
    try:
        yield file
    finally:
        if before is not None:
            _put(file, before, 0)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _put(file: Path, data: bytes, number: int) -> None:
    """Write a file with a time that no other one has: readers keep what they know of a file until that changes."""
    file.write_bytes(data)
    moment = (1_700_000_000 + number) * 10**9
    os.utime(file, ns=(moment, moment))


def _read(attempts: Attempts, *, one_is_enough: bool) -> dict[str, Any]:
    """Let each reader read; return what came of it.

    A finding of one is the outcome. Else a scene or a label file is fine where one of its readers took it, and a file
    of a workspace where all did.
    """
    best: dict[str, Any] | None = None
    for name, call in attempts:
        found = _attempt(name, call)
        if found["outcome"] == "finding":
            return found
        if best is None or (best["outcome"] != "fine") == one_is_enough:
            best = found
    assert best is not None
    return best


def _attempt(name: str, call: Any) -> dict[str, Any]:
    try:
        call()
    except RsgraphError as error:
        text = str(error)
        if "\n" in text or not 10 < len(text) < _LONGEST:
            return {"outcome": "finding", "reader": name, "what": f"no one sentence: {text[:200]!r}", "where": ""}
        return {"outcome": "sentence", "reader": name, "what": text[:300]}
    except Exception as error:  # noqa: BLE001  # whatever escapes a reader is what is looked for
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/rsgraph/" in frame.filename]
        where = f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else "?"
        what = f"{type(error).__name__}: {error}"[:300]
        return {
            "outcome": "finding",
            "reader": name,
            "what": what,
            "where": where,
            "trace": traceback.format_exc()[-4000:],
        }
    return {"outcome": "fine"}


@contextlib.contextmanager
def _peak() -> Iterator[list[float]]:
    """Measure how far memory rises above what it was, in MB."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    before = _kilobytes("/proc/self/status", "VmRSS")
    found = [0.0]
    yield found
    found[0] = max(0, _kilobytes("/proc/self/status", "VmHWM") - before) / 1024


def _kilobytes(path: str, name: str) -> int:
    with open(path) as file:
        return next(int(line.split()[1]) for line in file if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main(*sys.argv[1:])
