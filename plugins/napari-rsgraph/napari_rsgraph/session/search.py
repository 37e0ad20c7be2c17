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
from napari_rsgraph.session.spread import Ground
from napari_rsgraph.session.tables import Level, Rows, Tables
from napari_rsgraph.session.work import Tasks
from rsgraph.neighbours.examples import nearest_chips, nearest_rows
from rsgraph.neighbours.folding import fold_near
from rsgraph.protocols import Progress
from rsgraph.workspace import Workspace

Verdict = Literal["open", "accepted", "rejected"]

_POOL, _SHARE = 10, 0.1
"""Found besides those listed, to be shown with them: ten times as many, but no more than a tenth of all there are,
so that what is accepted along with a candidate is still among the most similar."""

_NONE = 1e-9
"""A similarity under which nothing is alike: cosines may be 0 or less."""


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
    near
        Of each candidate the rows of the others close by on the ground that it stands for, less similar than it is.
    """

    level: Level
    examples: Rows
    rows: Rows
    scores: NDArray[np.float64]
    verdicts: list[Verdict] = field(default_factory=list)
    at: int = 0
    near: list[Rows] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.verdicts = self.verdicts or ["open"] * len(self.rows)
        self.near = self.near or [np.zeros(0, dtype=np.int64) for _ in self.rows]

    @property
    def current(self) -> Rows:
        """The row that is looked at, as an array; empty where nothing was found."""
        return self.rows[self.at : self.at + 1]

    @property
    def beside(self) -> Rows:
        """The rows that the candidate that is looked at stands for, besides itself."""
        return self.near[self.at] if len(self.rows) else np.zeros(0, dtype=np.int64)

    def accepted(self) -> Rows:
        """Return the rows that were accepted, with those that they stand for."""
        judged = zip(self.verdicts, self.rows, self.near, strict=True)
        taken = [np.append(row, near) for verdict, row, near in judged if verdict == "accepted"]
        return np.concatenate([np.zeros(0, dtype=np.int64), *taken])

    def said(self) -> dict[int, Verdict]:
        """Return the verdicts by row; of what a candidate stands for, that of the candidate."""
        return {
            int(each): verdict
            for row, near, verdict in zip(self.rows, self.near, self.verdicts, strict=True)
            for each in (row, *near)
            if verdict != "open"
        }


class Search:
    """Search by example: nearest chips or segments, judged one by one.

    One rule moves the look: a verdict goes to the next open candidate, and a step right after a verdict stays there,
    for that candidate *is* the next one. So a verdict followed by a step skips nothing.

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
        self.ground = Ground(tables)
        self.apart = self.ground.usual
        self._pool: tuple[Rows, NDArray[np.float64]] = (np.zeros(0, dtype=np.int64), np.zeros(0))
        self._most, self._moved_on = self.k, False

    def start(self, level: Level, examples: Rows, layer: str) -> None:
        """Rank what is nearest to examples of a level, by a layer; the examples themselves are left out."""
        if len(examples) == 0:
            self.tasks.say(f"select one or more {level} as examples first", "warning")
            return
        workspace = self.workspace
        if level == "chips" and not workspace.matched:
            self.tasks.say(
                "chips are not matched yet: wait for that, or search segments, which can be done now", "warning"
            )
            return
        listed = self.k
        total = self.tables.n_chips if level == "chips" else self.tables.n_segments
        k = max(listed, min(_POOL * listed, int(_SHARE * total)))

        def job(progress: Progress) -> tuple[Rows, NDArray[np.float64]]:
            if level == "chips":
                return nearest_chips(workspace.similarity, examples, k=k)
            metric = workspace.compared_by(layer)
            rows, scores = nearest_rows(workspace.embedding(layer), examples, k=k, metric=metric, progress=progress)
            return rows, scores if metric == "cosine" else 1 / (1 + scores)

        def done(found: tuple[Rows, NDArray[np.float64]]) -> None:
            self._pool, self._most = found, listed
            self.results = self._folded(level, examples, {})
            self._moved_on = False
            self._look(0)

        self.tasks.run(f"search for {counted(len(examples), level[:-1])}", job, done)

    def _folded(self, level: Level, examples: Rows, said: dict[int, Verdict]) -> Results:
        """List what was found; what lies close to a better one, and was not judged otherwise, is shown with it."""
        rows, scores = self._pool
        verdicts: list[Verdict] = [said.get(row, "open") for row in rows.tolist()]
        judged = np.array([_VERDICTS.index(verdict) for verdict in verdicts], dtype=np.int64)
        apart = self.ground.scenes_of(level, rows) * len(_VERDICTS) + judged
        places = self.ground.places(level, rows)
        leaders = fold_near(places, 1 / np.maximum(scores, _NONE) - 1, self.apart, most=self._most, apart=apart)
        listed = np.flatnonzero(leaders == np.arange(len(rows)))
        near = [rows[np.flatnonzero(leaders == place)[1:]] for place in listed]
        return Results(level, examples, rows[listed], scores[listed], [verdicts[place] for place in listed], 0, near)

    def spread(self, apart: float) -> None:
        """Show what lies within a distance of a better candidate with it; verdicts stay with their rows.

        Parameters
        ----------
        apart
            Metres, or pixels where the scene does not say how large they are; 0: each on its own.
        """
        self.apart = apart
        results = self.results
        if results is None or not len(results.rows):
            return
        looked_at = int(results.rows[results.at])
        self.results = self._folded(results.level, results.examples, results.said())
        self._look(self.place_of(looked_at))

    def place_of(self, row: int) -> int:
        """Return which candidate is a row, or stands for it; the first where none does."""
        results = self.results
        if results is None:
            return 0
        listed = enumerate(zip(results.rows, results.near, strict=True))
        return next((at for at, (each, near) in listed if row == each or row in near), 0)

    def _look(self, at: int) -> None:
        """Look at the candidate at a place."""
        assert self.results is not None
        self.results.at = int(np.clip(at, 0, max(len(self.results.rows) - 1, 0)))
        self.looked_at.emit(self._segments_of(self.results.level, self.results.current))
        self.changed.emit()

    def _segments_of(self, level: Level, rows: Rows) -> Rows:
        """Return the rows of segments: the given ones, or all of chips."""
        return rows if level == "segments" else np.flatnonzero(np.isin(self.tables.chip_of, rows))

    def outlined(self) -> tuple[Rows, Rows]:
        """Return the segments of the candidate that is looked at, and of those that it stands for besides."""
        results = self.results
        if results is None:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        return self._segments_of(results.level, results.current), self._segments_of(results.level, results.beside)

    def go(self, step: int) -> None:
        """Look at the next (1) or previous (-1) candidate; right after a verdict the next one is there already."""
        if self.results is not None and len(self.results.rows):
            moved_on, self._moved_on = self._moved_on, False
            if moved_on and step == 1:
                again = f"{key('next_candidate')} again leaves it open"
                self.tasks.say(f"the verdict has gone on to this candidate already; {again}", "status")
                return
            self._look(self.results.at + step)

    def look_at(self, place: int) -> None:
        """Look at the candidate at a place, from 0."""
        if self.results is not None and len(self.results.rows):
            self._moved_on = False
            self._look(place)

    def judge(self, verdict: Verdict) -> None:
        """Accept or reject the candidate that is looked at and go to the next open one, if there is any."""
        results = self.results
        if results is not None and len(results.rows):
            before = results.at
            results.verdicts[before] = verdict
            later = (place for place in range(before + 1, len(results.rows)) if results.verdicts[place] == "open")
            following = next(later, before)
            self._moved_on = following != before
            self._look(following)

    def accept_rest(self) -> None:
        """Accept every candidate up to the one that is looked at, unless it was rejected."""
        if self.results is not None:
            for place in range(self.results.at + 1):
                if self.results.verdicts[place] == "open":
                    self.results.verdicts[place] = "accepted"
            self.changed.emit()

    def label_accepted(self, name: str) -> None:
        """Label the accepted candidates with those that they stand for (of chips: all their segments)."""
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


_VERDICTS: tuple[Verdict, ...] = ("open", "accepted", "rejected")
