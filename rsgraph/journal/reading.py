"""Labels and classes of a workspace, read from its journal without changing it: the one way for all who only read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rsgraph.journal.journal import Journal
from rsgraph.types import LabelClass

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels and classes that hold at one moment.

    Parameters
    ----------
    table
        One row per labelled segment: segment_id, label, origin, confidence (NaN where there is none), author, time
        (ISO 8601, UTC); by segment_id.
    classes
        All classes in the order of their definition, whether they are in use or not, so that a code means the same
        to every reader.
    """

    table: DataFrame
    classes: tuple[LabelClass, ...]


def read_journal(path: Path) -> Labels:
    """Read what a label journal says now, also while another process writes it, and from read-only media.

    Labels follow from the log of events; the tables that are kept beside it are not believed.

    Parameters
    ----------
    path
        ``labels.sqlite``; where it is not there, nothing is labelled.

    Raises
    ------
    JournalDamaged
        It is not whole.
    WorkspaceError
        It was written by a newer rsgraph, or may not be read.
    """
    with Journal(path, read_only=True, from_events=True) as journal:
        found = journal.classes()
        rows = zip(found["position"], found["name"], found["colour"], strict=True)
        return Labels(journal.labels(), tuple(LabelClass(*row) for row in rows))
