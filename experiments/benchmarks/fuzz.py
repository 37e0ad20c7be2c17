"""Changed files against every reader: how many were tried, and what came of them.

    python -m experiments.benchmarks.fuzz [SECONDS [SEED [KIND ...]]]

Sound files of each kind (``tests/fuzz/kinds.py``) are changed at random, by what is known of their format, and read
in a process of its own within limits of processor time and memory. Without SECONDS, three minutes for each. Files
that no reader answered as it must are kept in ``experiments/.work/fuzz``.

fine, refused
    Files that were read, and those that were refused in one sentence.
tracebacks, hangs, crashes, too_much_memory
    How many files ended so. Of a crash or a hang inside a native library only the process that read is lost.
different
    Findings that differ in the exception or in the place.
peak_mb, slowest_s
    Largest rise of memory, and most processor time, of one file that was answered.
"""

from __future__ import annotations

import sys
from pathlib import Path

from experiments.benchmarks.record import Value, record
from tests.fuzz.campaign import Report, campaign, keep
from tests.fuzz.kinds import KINDS

SECONDS = 180.0
FOLDER = Path(__file__).parents[1] / ".work" / "fuzz"


def main(seconds: str = str(SECONDS), seed: str = "0", *kinds: str) -> None:
    for kind in kinds or KINDS:
        found = campaign(kind, float(seconds), seed=int(seed))
        measured = row(kind, float(seconds), found)
        print(", ".join(f"{key} {value}" for key, value in measured.items()), flush=True)
        for number, finding in enumerate(found.findings.values()):
            print(keep(finding, f"seed{seed}_{number}", folder=FOLDER), finding.what, flush=True)
        print(record("fuzz", [measured], seed=int(seed)), flush=True)


def row(kind: str, seconds: float, found: Report) -> dict[str, Value]:
    """Return what is recorded of one kind."""
    return {
        "work": f"readers of {kind} under fuzz",
        "seconds": round(seconds),
        "inputs": found.inputs,
        "fine": found.fine,
        "refused": found.sentences,
        "tracebacks": found.count("traceback"),
        "hangs": found.count("hang"),
        "crashes": found.count("crash"),
        "too_much_memory": found.count("memory"),
        "different": len(found.findings),
        "peak_mb": round(found.peak_mb),
        "slowest_s": round(found.slowest_s, 2),
        "note": "; ".join(finding.what.split(";")[0][:150] for finding in found.findings.values()),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
