"""The time that is left of a whole run: what its stages take, in the pace of those that it has come through."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from rsgraph.progress import Clock

UNSEEN = 0.6
"""Share of what is left that stages nobody has seen anything of may make up before no time is given."""

KNOWN = 1.0
"""Seconds that a stage must have taken before it tells anything of the pace."""


class Remaining:
    """Tells how long a run still takes, once that can be believed.

    Stages take so many seconds on two cores, and this run is so many times as slow, as its stages so far and the one
    that is at work tell. Nothing is said while a stage is ahead of which nothing is known, or while those ahead make
    up most of what is left.

    Parameters
    ----------
    costs
        Returns stage -> its seconds on two cores, None where they are not known, of all stages that are to be
        computed (``rsgraph.run.costs``); called once, when it is first needed.
    clock
        Tells seconds.
    """

    def __init__(self, costs: Callable[[], Mapping[str, float | None]], clock: Clock = time.monotonic) -> None:
        self._look_up, self._clock = costs, clock
        self._ahead: dict[str, float | None] | None = None
        self._taken = self._expected = 0.0
        self._stage, self._began = "", clock()

    @property
    def _costs(self) -> dict[str, float | None]:
        """What is still ahead, the stage at work included."""
        if self._ahead is None:
            self._ahead = dict(self._look_up())
        return self._ahead

    def begin(self, stage: str) -> None:
        """Say which stage is at work from now on."""
        self._stage, self._began = stage, self._clock()

    def end(self, *, computed: bool) -> None:
        """Say that it is finished; one that was taken from the cache tells nothing of the pace."""
        cost, taken = self._costs.pop(self._stage, None), self._clock() - self._began
        if computed and cost is not None and taken >= KNOWN:
            self._taken, self._expected = self._taken + taken, self._expected + cost

    def left(self, own: float | None) -> float | None:
        """Return the seconds that are left in all, or None.

        Parameters
        ----------
        own
            That are left of the stage at work, or None.
        """
        if own is None:
            return None
        cost, whole = self._costs.get(self._stage), self._clock() - self._began + own
        taken, expected = self._taken, self._expected
        if cost is not None:
            taken, expected = taken + whole, expected + cost
        ahead = [seconds for stage, seconds in self._costs.items() if stage != self._stage]
        if not ahead:
            return own
        if expected <= 0 or any(seconds is None for seconds in ahead):
            return None
        unseen = sum(seconds for seconds in ahead if seconds is not None) * taken / expected
        return None if unseen > UNSEEN * (unseen + own) and unseen > UNSEEN * taken else own + unseen
