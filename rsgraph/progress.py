"""Steps of work that are counted and reported, also where their number is only bounded."""

from __future__ import annotations

import threading

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
        self._lock = threading.Lock()

    def part(self, number: int) -> Progress:
        """Return what reports one of the works, counted from 0."""

        def report(done: int, total: int) -> None:
            with self._lock:
                self._shares[number] = done / max(total, 1)
                self._progress(round(1000 * sum(self._shares) / len(self._shares)), 1000)

        return report
