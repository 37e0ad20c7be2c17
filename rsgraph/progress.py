"""Steps of work that are counted and reported, also where their number is only bounded, and the time that is left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import overload

from rsgraph.protocols import Progress


class Steps:
    """Counts steps, and reports each number of them; none is reported at the beginning.

    Parameters
    ----------
    progress
        Called with (steps done, steps); may raise to cancel. None: nothing is reported.
    total
        Steps in all, or at most.
    """

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, max(total, 1), 0
        self.reach(0)

    def reach(self, done: int) -> None:
        """Report that so many steps are done, or were not needed."""
        self.done = min(max(done, self.done), self.total)
        if self.progress is not None:
            self.progress(self.done, self.total)

    def add(self, steps: int = 1) -> None:
        """Report more steps; none: a chance to cancel."""
        self.reach(self.done + steps)

    def tick(self) -> None:
        """Report one more step of an unknown number: the last is left for ``finish``."""
        self.reach(min(self.done + 1, self.total - 1))

    def finish(self) -> None:
        """Report all steps, if they are not yet."""
        if self.done < self.total:
            self.reach(self.total)


_THOUSANDTHS = 1000
"""Steps that parts of a work are reported in together."""


@overload
def part_of(progress: Progress, begins: float, ends: float) -> Progress: ...
@overload
def part_of(progress: None, begins: float, ends: float) -> None: ...
def part_of(progress: Progress | None, begins: float, ends: float) -> Progress | None:
    """Return what reports one part of a work, from one share (0-1) of the whole to another.

    Shares are those of the time that the parts take, so that the time left follows from the whole. None: nobody
    listens.
    """
    if progress is None:
        return None

    def report(done: int, total: int) -> None:
        progress(round(_THOUSANDTHS * (begins + (ends - begins) * done / max(total, 1))), _THOUSANDTHS)

    return report


class Estimate:
    """Tells the time that is left of a work from its reports; nothing before it can be believed.

    The pace is that of the second half of what was done so far: the first steps also compile, load and start workers.
    Nothing is said before ``SHARE`` of the work and ``STEPS`` steps were seen.
    """

    SHARE = 0.05
    """Of the work that must have been done."""

    STEPS = 3
    """Reports of new steps that there must have been, the first one not counted."""

    LEAST = 0.002
    """Share of the work that lies between two reports that are kept, at least."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, float]] = []
        self._done = 0.0

    @property
    def kept(self) -> int:
        """Number of reports that are kept."""
        return len(self._seen)

    def report(self, now: float, done: int, total: int) -> float | None:
        """Take a report; return the seconds that are left, or None.

        Parameters
        ----------
        now
            Seconds of a clock.
        done, total
            Steps. Fewer than before: another part of the work began, and its time is what is left.
        """
        share = done / max(total, 1)
        if share < self._done:
            self._seen.clear()
        if share > 0 and (not self._seen or share - self._seen[-1][1] >= self.LEAST):
            self._seen.append((now, share))
        self._done = share
        if len(self._seen) <= self.STEPS or share < self.SHARE:
            return None
        half = (self._seen[0][1] + share) / 2
        began, at = [each for each in self._seen if each[1] <= half + 1e-9][-1]
        return (now - began) / (share - at) * (1 - share)


Clock = Callable[[], float]
InAll = Callable[[float | None], float | None]


class TimeLeft:
    """Says in words how much time is left, of a work and of all that follows it.

    Parameters
    ----------
    in_all
        Turns the seconds that are left of this work, None where they are not known yet, into those that are left in
        all, None where nobody knows. None: there is nothing else.
    clock
        Tells seconds.
    """

    def __init__(self, in_all: InAll | None = None, clock: Clock = time.monotonic) -> None:
        self._estimate, self._in_all, self._clock = Estimate(), in_all, clock
        self.words = ""
        """What is left as of the last report: ``about 40 s left, about 4 min in all``, or nothing."""

    def report(self, done: int, total: int) -> str:
        """Take a report of progress; return the words."""
        left = self._estimate.report(self._clock(), done, total)
        in_all = self._in_all(left) if self._in_all else None
        own = f"{about(left)} left" if left is not None else ""
        whole = f"{about(in_all)} {'in all' if own else 'left in all'}" if in_all is not None else ""
        self.words = ", ".join(part for part in (own, whole) if part)
        return self.words


def about(seconds: float) -> str:
    """Return ``about 8 s``, ``about 50 s``, ``about 4 min`` or ``about 2 h``: no more digits than can be believed.

    Examples
    --------
    >>> [about(seconds) for seconds in (0.2, 48, 95, 250, 1500, 6000)]
    ['about 1 s', 'about 50 s', 'about 95 s', 'about 4 min', 'about 25 min', 'about 1.7 h']
    """
    if seconds < 120:
        return f"about {max(1, round(seconds)) if seconds < 20 else 5 * round(seconds / 5)} s"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h"


class Stopped(Exception):
    """Raised in a thread whose result is no longer wanted, since the run was interrupted."""


class Together:
    """Reports several works that go on side by side, in threads, as one: each is the same share of the whole.

    Parameters
    ----------
    progress
        Called with (thousandths done, thousandths), by one thread at a time.
    works
        How many.
    """

    def __init__(self, progress: Progress, works: int) -> None:
        self._progress, self._shares = progress, [0.0] * max(works, 1)
        self._lock, self._stopped = threading.Lock(), False

    def stop(self) -> None:
        """Let every work end at its next report: nobody waits for what comes of it."""
        self._stopped = True

    def part(self, number: int) -> Progress:
        """Return what reports one of the works, counted from 0; raises Stopped once they are to end."""

        def report(done: int, total: int) -> None:
            if self._stopped:
                raise Stopped
            with self._lock:
                self._shares[number] = done / max(total, 1)
                self._progress(round(_THOUSANDTHS * sum(self._shares) / len(self._shares)), _THOUSANDTHS)

        return report
