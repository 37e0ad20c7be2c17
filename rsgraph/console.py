"""Messages and progress, with the time left, on the user's terminal.

On a terminal a live bar; in a log file or pipe a line every ten seconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from rsgraph.events import tell
from rsgraph.protocols import Progress as Callback

_LINE_EVERY = 10.0

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Print a sentence."""
    out.print(text, markup=False)


def note(text: str) -> None:
    """Print something that the user should know but need not act on."""
    out.print(f"  note: {text}", markup=False, style="yellow")


def fail(text: str) -> None:
    """Print why nothing more was done."""
    err.print(f"error: {text}", markup=False, style="bold red")
    tell(failed=text)


def duration(seconds: float) -> str:
    """Return ``0.4 s``, ``12 s``, ``3 min 05 s`` or ``2 h 10 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


@contextmanager
def progress(title: str) -> Iterator[Callback]:
    """Show a stage's progress.

    Parameters
    ----------
    title
        Name of the stage.

    Yields
    ------
    Callable[[int, int], None]
        ``report(done, total)``.
    """
    if out.is_terminal:
        with _bar() as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
    else:
        yield _Lines(title)


def _bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<12}", markup=False),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=out,
        transient=True,
    )


class _Lines:
    """Progress for logs: one line every ten seconds. The pace is that since the first report."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.last = time.monotonic()
        self.first: tuple[float, int] | None = None

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self.first is None or done < self.first[1]:
            self.first = (now, done)
        if now - self.last < _LINE_EVERY or done == self.first[1]:
            return
        self.last = now
        pace = (now - self.first[0]) / (done - self.first[1])
        say(f"  {self.title}: {done} of {total}, {duration(pace * (total - done))} left")
