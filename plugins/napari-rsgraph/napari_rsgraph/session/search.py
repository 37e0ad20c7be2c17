"""Search by example: nearest chips or segments, ranked; each is accepted or rejected, the accepted are labelled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_rsgraph.actions import key
from napari_rsgraph.session.amounts import counted
from napari_rsgraph.session.labels import Labels
from napari_rsgraph.session.tables import Level, Rows, Tables
from napari_rsgraph.session.work import Tasks
from rsgraph.neighbours.examples import nearest_chips, nearest_rows
from rsgraph.protocols import Progress
from rsgraph.workspace import Workspace

Verdict = Literal["open", "accepted", "rejected"]


@dataclass
class Results:
    """Candidates of a search, best first.

    Parameters
    ----------
    level
        Whether they are chips or segments.
    examples
        Rows that were searched for.
    rows
        (k,) rows of the candidates.
    scores
        (k,) similarity, 1 for the same: the cosine, or of layers compared by distance d, 1 / (1 + d).
    verdicts
        What the user said of each.
    at
        The candidate that is looked at.
    """

    level: Level
    examples: Rows
    rows: Rows
    scores: NDArray[np.float64]
    verdicts: list[Verdict] = field(default_factory=list)
    at: int = 0

    def __post_init__(self) -> None:
        self.verdicts = self.verdicts or ["open"] * len(self.rows)

    @property
    def current(self) -> Rows:
        """The row that is looked at, as an array; empty where nothing was found."""
        return self.rows[self.at : self.at + 1]

    def accepted(self) -> Rows:
        """Return the rows that were accepted."""
        return self.rows[[verdict == "accepted" for verdict in self.verdicts]]


class Search:
    """Search by example: nearest chips or segments, judged one by one.

    Parameters
    ----------
    workspace
        Its embeddings and chip similarities rank.
    tables
        Which segments a chip holds.
    labels
        Take the class of what was accepted.
    tasks
        Runs the search.
    """

    changed = Signal()
    looked_at = Signal(object)
    """Rows of the segments of the candidate that is looked at now."""

    def __init__(self, workspace: Workspace, tables: Tables, labels: Labels, tasks: Tasks) -> None:
        self.workspace, self.tables, self.labels, self.tasks = workspace, tables, labels, tasks
        self.results: Results | None = None
        self.k = 60

    def start(self, level: Level, examples: Rows, layer: str) -> None:
        """Rank what is nearest to examples of a level, by a layer; the examples themselves are left out."""
        if len(examples) == 0:
            self.tasks.say(f"select one or more {level} as examples first", "warning")
            return
        workspace, k = self.workspace, self.k
        if level == "chips" and not workspace.matched:
            self.tasks.say(
                "chips are not matched yet: wait for that, or search segments, which can be done now", "warning"
            )
            return

        def job(progress: Progress) -> tuple[Rows, NDArray[np.float64]]:
            if level == "chips":
                return nearest_chips(workspace.similarity, examples, k=k)
            metric = workspace.compared_by(layer)
            rows, scores = nearest_rows(workspace.embedding(layer), examples, k=k, metric=metric, progress=progress)
            return rows, scores if metric == "cosine" else 1 / (1 + scores)

        def done(found: tuple[Rows, NDArray[np.float64]]) -> None:
            self.results = Results(level, examples, *found)
            self._look(0)

        self.tasks.run(f"search for {counted(len(examples), level[:-1])}", job, done)

    def _look(self, at: int) -> None:
        """Look at the candidate at a place."""
        assert self.results is not None
        self.results.at = int(np.clip(at, 0, max(len(self.results.rows) - 1, 0)))
        self.looked_at.emit(self._segments_of(self.results.level, self.results.current))
        self.changed.emit()

    def _segments_of(self, level: Level, rows: Rows) -> Rows:
        """Return the rows of segments: the given ones, or all of chips."""
        return rows if level == "segments" else np.flatnonzero(np.isin(self.tables.chip_of, rows))

    def go(self, step: int) -> None:
        """Look at the next (1) or previous (-1) candidate."""
        if self.results is not None and len(self.results.rows):
            self._look(self.results.at + step)

    def judge(self, verdict: Verdict) -> None:
        """Accept or reject the candidate that is looked at and go to the next."""
        results = self.results
        if results is not None and len(results.rows):
            results.verdicts[results.at] = verdict
            self._look(results.at + 1)

    def accept_rest(self) -> None:
        """Accept every candidate up to the one that is looked at, unless it was rejected."""
        if self.results is not None:
            for place in range(self.results.at + 1):
                if self.results.verdicts[place] == "open":
                    self.results.verdicts[place] = "accepted"
            self.changed.emit()

    def label_accepted(self, name: str) -> None:
        """Label the accepted candidates (of chips: all their segments)."""
        results = self.results
        if results is None or len(results.accepted()) == 0:
            keys = f"{key('accept')} accepts, {key('reject')} rejects"
            self.tasks.say(f"accept some candidates first ({keys})", "warning")
            return
        self.labels.assign(self._segments_of(results.level, results.accepted()), name, note="search by example")

    def close(self) -> None:
        """Leave the search."""
        self.results = None
        self.changed.emit()
