"""A command on a file from a stranger: a process of its own, a watched folder, counted requests, limits.

::

    with requests() as asked:
        done = attempt(tmp_path, "evaluate", str(tmp_path / "given"), inside="given")
    done.refused("manifest.json", "outputs")
    assert asked == []
"""

from __future__ import annotations

import hashlib
import os
import resource
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
MEMORY_MB = 4096
"""What a verb may take of memory before it says that something is wrong."""

SECONDS = 10.0
"""Processor time that a verb may take to say so, beside what it takes to import what it needs."""

IMPORTS = 8.0
"""Processor seconds in which this process imports all there is, on a slow machine."""

_ENDS_AFTER = 180.0
_BACKSTOP = 12 * 2**30
"""Address space of the process, which is more than memory: protects the machine where a limit fails."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended.

    Parameters
    ----------
    code
        Exit code; negative: the signal that killed it.
    out, err
        What it printed.
    seconds
        Of the processor, with those of its children.
    peak_mb
        The most memory that it, or one of its children, had.
    changed
        Paths outside the place it may write to, relative to the watched folder, that were made, changed or removed.
    """

    code: int
    out: str
    err: str
    seconds: float
    peak_mb: float
    changed: tuple[str, ...]

    def within_limits(self) -> None:
        """Assert that nothing was written elsewhere, and that memory and time kept to the limits."""
        assert self.changed == (), f"written outside: {self.changed}\n{self.err}"
        assert self.peak_mb < MEMORY_MB, f"{self.peak_mb:.0f} MB\n{self.err}"
        assert self.seconds < SECONDS + IMPORTS, f"{self.seconds:.1f} s\n{self.err}"

    def refused(self, *words: str) -> str:
        """Assert exit code 2 and one sentence, which holds these words, within the limits; return it."""
        assert self.code == 2, f"{self.code}\n{self.out}\n{self.err}"
        lines = [line for line in self.err.splitlines() if line.strip()]
        assert len(lines) == 1, self.err
        assert lines[0].startswith("error: "), self.err
        missing = [word for word in words if word not in lines[0]]
        assert not missing, f"{missing} not in: {lines[0]}"
        self.within_limits()
        return lines[0]

    def succeeded(self) -> None:
        """Assert exit code 0, and that nothing was written elsewhere."""
        assert self.code == 0, f"{self.code}\n{self.out}\n{self.err}"
        assert self.changed == (), f"written outside: {self.changed}"


def attempt(
    watched: Path,
    *words: str,
    inside: str | Sequence[str] = (),
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    safe_path: bool = True,
) -> Outcome:
    """Type ``rsgraph <words>`` in a process of its own.

    Parameters
    ----------
    watched
        The folder that holds all the command has to do with, and in which everything is looked at before and after.
    words
        After ``rsgraph``.
    inside
        Folders and files in it, relative, that the command may write to.
    cwd
        Where it is typed; None: in ``watched``.
    environment
        Variables besides those of this process.
    safe_path
        Whether ``python -P`` is said; ``python -m rsgraph`` must be safe without it.
    """
    places = (inside,) if isinstance(inside, str) else tuple(inside)
    before = states(watched, places)
    command = [sys.executable, *(["-P"] if safe_path else []), "-m", "rsgraph", *words]
    packages = {"PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / 'plugins' / 'napari-rsgraph'}"}
    found = limited(command, cwd=cwd or watched, environment={**packages, **(environment or {})})
    after = states(watched, places)
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return Outcome(*found, tuple(changed))


def limited(
    command: Sequence[str], *, cwd: Path, environment: Mapping[str, str]
) -> tuple[int, str, str, float, float]:
    """Run a command without proxies and within limits; return code, both outputs, processor seconds and peak MB."""
    proxies = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}
    kept = {name: value for name, value in os.environ.items() if name.lower() not in proxies}
    one_thread = {"OMP_NUM_THREADS": "1", "COLUMNS": "100000"}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**kept, **one_thread, **environment},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (_BACKSTOP, _BACKSTOP)),
        )
        status, used, peak = _ended(process)
        printed = []
        for file in (out, err):
            file.seek(0)
            printed.append(file.read().decode(errors="replace"))
    return status, printed[0], printed[1], used.ru_utime + used.ru_stime, peak / 1024


def _ended(process: subprocess.Popen[bytes]) -> tuple[int, resource.struct_rusage, int]:
    """Wait for a process, and kill it and all that it started after a while; return code, what it used, and peak KB.

    What the system counts as its peak is at least that of the process that forked it; where it is no more than
    ours, the highest that was seen of itself is taken.
    """
    until, ours, seen = time.monotonic() + _ENDS_AFTER, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0
    while True:
        seen = max(seen, _peak_so_far(process.pid))
        number, status, used = os.wait4(process.pid, os.WNOHANG)
        if number:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, used, used.ru_maxrss if used.ru_maxrss > ours else seen
        if time.monotonic() > until:
            os.killpg(process.pid, 9)
        time.sleep(0.01)


def _peak_so_far(pid: int) -> int:
    """Return a process' highest resident memory since it was executed, in KB; 0 once it has ended."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def states(folder: Path, but: Sequence[str] = ()) -> dict[str, str]:
    """Return what tells each file, folder and link below a folder from a changed one, by relative path."""
    left_out = [folder / name for name in but]
    found = {}
    for path in sorted(folder.rglob("*")):
        if not any(path == place or place in path.parents for place in left_out):
            found[path.relative_to(folder).as_posix()] = _state(path)
    return found


def _state(path: Path) -> str:
    about = path.lstat()
    if stat.S_ISLNK(about.st_mode):
        return f"link to {os.readlink(path)}"
    if not stat.S_ISREG(about.st_mode):
        return f"folder or device {about.st_mode:o}"
    if (
        about.st_size > 2**28 or about.st_blocks * 512 < about.st_size // 4
    ):  # hashing what is mostly a hole takes long
        return f"{about.st_size} {about.st_mtime_ns}"
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def requests() -> Iterator[Requests]:
    """Count requests to a server on this machine; yield the list of what was asked for, with its address."""
    asked = Requests()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_error(404)

        do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815  # names of the standard library

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    asked.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Requests(list[str]):
    """What was asked of the server, in order: ``GET /path``."""

    address = ""
    """``http://127.0.0.1:port``, for the files that are to make somebody ask."""
