"""The nodes of many chips: in memory, or in a file that processes share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import NotUsable
from rsgraph.files import file_state, map_array
from rsgraph.matchers.neighbours import check_chips, unit_rows
from rsgraph.types import Floats


class StoredChips(Sequence[Floats]):
    """Chips whose nodes lie one after the other in a ``.npy`` file: read when asked for, pickled as its path.

    Parameters
    ----------
    path
        (N, D) float32.
    counts
        Nodes of each chip, (P,); their sum is N.

    Raises
    ------
    NotUsable
        When it is first read, and the file holds another number of rows.
    """

    def __init__(self, path: Path, counts: Sequence[int] | NDArray[np.int64]) -> None:
        self.path = Path(path)
        self.counts = tuple(int(count) for count in counts)

    def __len__(self) -> int:
        return len(self.counts)

    @overload
    def __getitem__(self, index: int) -> Floats: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Floats]: ...
    def __getitem__(self, index: int | slice) -> Floats | Sequence[Floats]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        starts = _starts(self.counts)
        return np.array(self._rows[starts[index] : starts[index + 1]])

    def __reduce__(self) -> tuple[type[StoredChips], tuple[Path, tuple[int, ...]]]:
        return StoredChips, (self.path, self.counts)

    @cached_property
    def _rows(self) -> Floats:
        found: Floats = map_array(self.path)
        if found.ndim != 2 or len(found) != sum(self.counts):
            raise NotUsable(
                f"{self.path} must hold {sum(self.counts)} rows of nodes. Got shape {found.shape} instead."
            )
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoredChips) and (self.path, self.counts) == (other.path, other.counts)

    def __hash__(self) -> int:
        return hash((self.path, self.counts))


@dataclass(frozen=True, eq=False)
class UnitChips:
    """Chips with nodes of length 1.

    Parameters
    ----------
    rows
        Unit rows (N, D) float32 of all chips, one chip after the other.
    starts
        (P + 1,) int64: first row of each chip, and N.
    means
        Mean unit node (P, D) float32 of each; zeros where there is none.
    """

    rows: Floats
    starts: NDArray[np.int64]
    means: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, number: int) -> Floats:
        return self.rows[self.starts[number] : self.starts[number + 1]]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Nodes of each chip (P,)."""
        return np.diff(self.starts)


def unit_chips(nodes: Sequence[Floats] | UnitChips) -> UnitChips:
    """Scale nodes to length 1, unless they are. Stored ones are kept: a process needs them once.

    Raises NotUsable, as check_chips.
    """
    if isinstance(nodes, UnitChips):
        return nodes
    if not isinstance(nodes, StoredChips):
        return _scaled(nodes)
    return _of_stored(nodes, file_state(nodes.path))


@lru_cache(maxsize=1)
def _of_stored(nodes: StoredChips, state: tuple[int, int, int]) -> UnitChips:
    """Read nodes, once per state of their file: one that was made anew is another."""
    return _scaled(StoredChips(nodes.path, nodes.counts))


def _scaled(nodes: Sequence[Floats]) -> UnitChips:
    counts = nodes.counts if isinstance(nodes, StoredChips) else [len(chip) for chip in nodes]
    starts = _starts(tuple(counts))
    first = check_chips(nodes[:1])[0].shape[1] if len(nodes) else 0
    rows = np.empty((starts[-1], first), dtype=np.float32)
    means = np.zeros((len(nodes), first), dtype=np.float32)
    for number in range(len(nodes)):
        chip = check_chips([nodes[number]], features=first, first=number)[0]
        unit = rows[starts[number] : starts[number + 1]]
        unit[:] = unit_rows(chip)
        if len(unit):
            means[number] = unit.mean(axis=0, dtype=np.float64)
    return UnitChips(rows, starts, means)


@lru_cache(maxsize=4)
def _starts(counts: tuple[int, ...]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)
