"""A campaign: changed files of one kind, read one after the other in a child process within limits."""

from __future__ import annotations

import gzip
import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.kinds import KINDS

CHECKOUT = Path(__file__).resolve().parents[2]
CORPUS = Path(__file__).parent / "corpus"

SECONDS = 10.0
"""Processor time that one file may take; on an idle machine, what a user waits."""

MEMORY_MB = 1024
"""Memory that one file may take beside what is loaded; of addresses, the process may take twice as many."""

_WAITS = 120.0
"""Seconds after which a file is given up that takes no processor time: somebody waits for something."""

_READS = 400
"""Files after which the child is replaced, so that what one leaves in memory is not counted for another."""


@dataclass(frozen=True)
class Finding:
    """A file that a reader did not answer as it must.

    Parameters
    ----------
    kind, name
        Kind of the file, and where it is put.
    what
        ``traceback``, ``hang``, ``memory`` or ``crash`` and what is known of it.
    data
        The file.
    """

    kind: str
    name: str
    what: str
    data: bytes


@dataclass
class Report:
    """What a campaign found.

    Parameters
    ----------
    inputs, fine, sentences
        Files tried, read, and refused in one sentence.
    findings
        The first of each different one.
    counts
        How often each of them was met.
    peak_mb, slowest_s
        Largest rise of memory, and most processor time, of one file that was answered.
    """

    inputs: int = 0
    fine: int = 0
    sentences: int = 0
    peak_mb: float = 0.0
    slowest_s: float = 0.0
    findings: dict[str, Finding] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, what: str) -> int:
        """Return how many files were findings of one sort: ``traceback``, ``hang``, ``crash`` or ``memory``."""
        return sum(self.counts[key] for key, finding in self.findings.items() if finding.what.startswith(what))

    def text(self) -> str:
        """Say all findings in lines."""
        return "\n".join(
            f"{self.counts[key]} x {each.kind} {each.name}: {each.what}" for key, each in self.findings.items()
        )


def campaign(kind: str, seconds: float, *, seed: int = 0) -> Report:
    """Change originals at random and read them, for some seconds.

    Parameters
    ----------
    kind
        Of ``KINDS``.
    seconds
        How long, the start of the child not counted.
    seed
        The n-th file is the same for the same seed.
    """
    originals = KINDS[kind].originals()
    report, started, number = Report(), 0.0, 0
    while not started or time.monotonic() - started < seconds:
        with child() as reader:
            started = started or time.monotonic()
            while reader.alive and reader.reads < _READS and time.monotonic() - started < seconds:
                name, data = changed(kind, originals, seed, number)
                _enter(report, kind, name, data, reader.read(kind, name, data))
                number += 1
    return report


def changed(kind: str, originals: list[tuple[str, bytes]], seed: int, number: int) -> tuple[str, bytes]:
    """Return the n-th file of a seed."""
    draw = random.Random(f"{kind} {seed} {number}")
    name, data = draw.choice(originals)
    return name, KINDS[kind].change(draw, data)


def _enter(report: Report, kind: str, name: str, data: bytes, found: Mapping[str, Any]) -> None:
    report.inputs += 1
    if found["outcome"] != "finding":
        report.fine += found["outcome"] == "fine"
        report.sentences += found["outcome"] == "sentence"
        report.peak_mb = max(report.peak_mb, found["peak_mb"])
        report.slowest_s = max(report.slowest_s, found["seconds"])
        return
    key = found["key"]
    report.counts[key] = report.counts.get(key, 0) + 1
    if key not in report.findings or len(data) < len(report.findings[key].data):
        report.findings[key] = Finding(kind, name, found["what"], data)


class Child:
    """A process that reads files.

    Parameters
    ----------
    folder
        Empty; it works there.
    module
        What it runs.
    seconds, megabytes
        That one file may take of the processor and of memory.
    """

    def __init__(
        self,
        folder: Path,
        *,
        module: str = "tests.fuzz.child",
        seconds: float = SECONDS,
        megabytes: int = MEMORY_MB,
    ) -> None:
        self._seconds_each, self._megabytes = seconds, megabytes
        self.folder, self.reads, self.alive = folder, 0, True
        (folder / "root").mkdir()
        words = [sys.executable, "-P", "-m", module, str(folder / "root"), str(2 * megabytes)]
        paths = os.pathsep.join([str(CHECKOUT), os.environ.get("PYTHONPATH", "")])
        self._errors = (folder / "errors").open("w+b")
        self._process = subprocess.Popen(
            words, cwd=folder, env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "CPL_DEBUG": "OFF"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
        )  # fmt: skip
        if self._answer(600.0, 600.0) != b"ready\n":
            raise RuntimeError(f"the process that reads did not start: {self._said()}")

    def read(self, kind: str, name: str, data: bytes) -> dict[str, Any]:
        """Have a file read; return ``outcome``, and what is known of it."""
        self.reads += 1
        source = self.folder / "source"
        source.write_bytes(data)
        before = self._seconds()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([kind, name, str(source)]).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._answer(self._seconds_each, _WAITS)
        if answer is None:
            took = self._seconds() - before
            self._process.send_signal(signal.SIGUSR1)
            time.sleep(1.0)  # it says where it is
            said = self._said()
            what = f"hang: no answer after {took:.0f} s of the processor; {said}"
            return self._finding(what, f"hang {_place(said)}")
        if not answer:
            code = self._process.wait()
            said = self._said()
            return self._finding(f"crash: ended with {code}; {said}", f"crash {code} {_place(said)}")
        found: dict[str, Any] = {**json.loads(answer), "seconds": self._seconds() - before}
        return self._judged(found)

    def _judged(self, found: dict[str, Any]) -> dict[str, Any]:
        if found["outcome"] == "finding":
            what = f"traceback: {found['reader']}: {found['what']} in {found['where']}"
            trace = f"\n{found['trace']}" if "trace" in found and os.environ.get("FUZZ_TRACE") else ""
            what = what.replace(str(self.folder / "root"), "")
            return {**found, "what": what + trace, "key": f"{found['what'].split(':')[0]} {found['where']}"}
        if found["peak_mb"] > self._megabytes:
            what = f"memory: {found['peak_mb']:.0f} MB for an outcome of: {found.get('what', 'fine')}"
            return {**found, "outcome": "finding", "what": what, "key": f"memory {found.get('reader')}"}
        return found

    def _finding(self, what: str, key: str) -> dict[str, Any]:
        self.close()
        return {"outcome": "finding", "what": what, "key": key}

    def _answer(self, most: float, waits: float) -> bytes | None:
        """Return the next line, nothing where the process ended, None where it took too long."""
        assert self._process.stdout is not None
        until, start = time.monotonic() + waits, self._seconds()
        while not select.select([self._process.stdout], [], [], 0.1)[0]:
            if self._seconds() - start > most or time.monotonic() > until:
                return None
        return self._process.stdout.readline()

    def _seconds(self) -> float:
        """Processor time of the process so far."""
        try:
            words = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return 0.0
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def _said(self) -> str:
        """Return the last that it wrote to stderr: Python's account of where it was."""
        self._errors.flush()
        lines = (self.folder / "errors").read_text(errors="replace").splitlines()[-60:]
        return " | ".join(line.strip() for line in lines)[-3000:]

    def close(self) -> None:
        """End the process."""
        self.alive = False
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:  # it died with a line unread
                continue


def _place(said: str) -> str:
    """Return the file and function of ours that a process was in when it died, if Python said so."""
    ours = [line for line in said.split(" | ") if "/rsgraph/" in line]
    return ours[0].rpartition("/")[2] if ours else ""


@contextmanager
def child() -> Iterator[Child]:
    """Start a process that reads; end it."""
    with tempfile.TemporaryDirectory(prefix="rsgraph-fuzz-", ignore_cleanup_errors=True) as folder:
        reader = Child(Path(folder))
        try:
            yield reader
        finally:
            reader.close()


# the corpus


def keep(finding: Finding, label: str, *, folder: Path = CORPUS) -> Path:
    """Keep a file as the corpus does: ``<kind>/<label>@<name, / as +>.gz``."""
    path = folder / finding.kind / f"{label}@{finding.name.replace('/', '+')}.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(finding.data, mtime=0))
    return path


def corpus() -> list[Path]:
    """All files that once were findings."""
    return sorted(CORPUS.rglob("*.gz"))


def kept(path: Path) -> tuple[str, str, bytes]:
    """Return kind, name and content of a file of the corpus."""
    name = path.name.partition("@")[2].removesuffix(".gz").replace("+", "/")
    return path.parent.name, name, gzip.decompress(path.read_bytes())
