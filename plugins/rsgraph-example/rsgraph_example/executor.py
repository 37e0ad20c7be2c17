"""An executor without workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rsgraph.protocols import Executor, Item, Result, Workers


class InThisProcess(Workers):
    """No workers: the caller waits."""

    def run(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield ``task(item)`` in the order of the items."""
        return map(task, items)


class OneByOne(Executor):
    """One block after the other, in this process."""

    def open(self, shared: Sequence[Path] = ()) -> InThisProcess:
        """Make nothing ready."""
        return InThisProcess()
