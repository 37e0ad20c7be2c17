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
)

from rsgraph.events import tell
from rsgraph.progress import TimeLeft
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
    """Print why nothing more was done: in one line, whatever names from files it holds."""
    line = "".join(letter if letter.isprintable() else _SHOWN.get(letter, "?") for letter in text)
    err.print(f"error: {line}", markup=False, style="bold red")
    tell(failed=line)


_SHOWN = {"\n": " ", "\t": " "}
"""Letters that stand for a space. All others that are not printed, as those that move a cursor, are shown as such."""


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
def progress(title: str, time_left: TimeLeft | None = None) -> Iterator[Callback]:
    """Show a stage's progress.

    Parameters
    ----------
    title
        Name of the stage.
    time_left
        Tells the time that is left; None: of this stage only.

    Yields
    ------
    Callable[[int, int], None]
        ``report(done, total)``.
    """
    if out.is_terminal:
        with _bar() as bar:
            task, left = bar.add_task(title, total=None, left=""), time_left or TimeLeft()
            yield lambda done, total: bar.update(task, completed=done, total=total, left=left.report(done, total))
    else:
        yield _Lines(title, time_left or TimeLeft())


def _bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<12}", markup=False),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}", markup=False),
        console=out,
        transient=True,
    )


class _Lines:
    """Progress for logs: one line every ten seconds."""

    def __init__(self, title: str, time_left: TimeLeft) -> None:
        self.title, self.time_left = title, time_left
        self.last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        words, now = self.time_left.report(done, total), time.monotonic()
        if now - self.last >= _LINE_EVERY:
            self.last = now
            say(f"  {self.title}: {', '.join(part for part in (f'{done} of {total}', words) if part)}")
