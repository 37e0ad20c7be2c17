"""Search by example: nearest chips or segments, ranked; each is accepted or rejected, the accepted are labelled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from napari_rsgraph.session.tables import Rows
from rsgraph.brushing.search import nearest_chips, nearest_rows
from rsgraph.protocols import Progress

if TYPE_CHECKING:
    from napari_rsgraph.session.session import Session

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
        (k,) similarity, 1 for the same.
    verdicts
        What the user said of each.
    at
        The candidate that is looked at.
    """

    level: Literal["chips", "segments"]
    examples: Rows
    rows: Rows
    scores: NDArray[np.float64]
    verdicts: list[Verdict] = field(default_factory=list)
    at: int = 0

    def __post_init__(self) -> None:
        self.verdicts = self.verdicts or ["open"] * len(self.rows)

    def accepted(self) -> Rows:
        """Return the rows that were accepted."""
        return self.rows[[verdict == "accepted" for verdict in self.verdicts]]


class Search:
    """Search by example within a session.

    Parameters
    ----------
    session
        Its selection is the example.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.results: Results | None = None
        self.k = 60

    def start(self) -> None:
        """Rank what is nearest to the selection, by the layer that is shown; the examples themselves are left out."""
        session = self.session
        level = session.level
        examples = np.flatnonzero(session.selected_chips if level == "chips" else session.selected)
        if len(examples) == 0:
            session.tell(f"select one or more {level} as examples first", "warning")
            return
        layer, k = session.map.layer, self.k

        def job(progress: Progress) -> tuple[Rows, NDArray[np.float64]]:
            if level == "chips":
                return nearest_chips(session.workspace.similarity, examples, k=k)
            return nearest_rows(session.workspace.embedding(layer), examples, k=k, progress=progress)

        def done(found: tuple[Rows, NDArray[np.float64]]) -> None:
            self.results = Results(level, examples, *found)
            session.results_changed.emit()

        session.run(f"search for {len(examples):,} {level}", job, done)

    def go(self, step: int) -> None:
        """Look at the next (1) or previous (-1) candidate."""
        if self.results is not None and len(self.results.rows):
            self.results.at = int(np.clip(self.results.at + step, 0, len(self.results.rows) - 1))
            self.session.results_changed.emit()

    def judge(self, verdict: Verdict, *, at: int | None = None) -> None:
        """Accept or reject the candidate that is looked at and go to the next; or judge the one at a place."""
        results = self.results
        if results is None or len(results.rows) == 0:
            return
        results.verdicts[results.at if at is None else at] = verdict
        if at is None and results.at < len(results.rows) - 1:
            results.at += 1
        self.session.results_changed.emit()

    def accept_rest(self) -> None:
        """Accept every candidate up to the one that is looked at, unless it was rejected."""
        if self.results is not None:
            for place in range(self.results.at + 1):
                if self.results.verdicts[place] == "open":
                    self.results.verdicts[place] = "accepted"
            self.session.results_changed.emit()

    def select_accepted(self) -> None:
        """Make the accepted candidates, with the examples, the selection."""
        results = self.results
        if results is not None:
            rows = np.concatenate([results.examples, results.accepted()])
            if results.level == "chips":
                self.session.select_chips(rows, "replace")
            else:
                self.session.reveal(rows)
                self.session.select(rows, "replace")

    def label_accepted(self, name: str) -> None:
        """Label the accepted candidates (of chips: all their segments)."""
        results = self.results
        rows = results.accepted() if results is not None else np.zeros(0, dtype=np.int64)
        if results is None or len(rows) == 0:
            self.session.tell("accept some candidates first (A accepts, X rejects)", "warning")
            return
        if results.level == "chips":
            chips = np.zeros(self.session.tables.n_chips, dtype=bool)
            chips[rows] = True
            rows = np.flatnonzero(self.session.tables.segments_of(chips))
        self.session.labelling.assign_rows(rows, name, note="search by example")

    def close(self) -> None:
        """Leave the search."""
        self.results = None
        self.session.results_changed.emit()
