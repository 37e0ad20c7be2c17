"""Predictions from the labels given, and what to label next. Predictions become labels only when accepted."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_rsgraph.session.labels import Codes, Labels
from napari_rsgraph.session.tables import Rows, Tables
from napari_rsgraph.session.work import Tasks
from rsgraph.journal.events import Origin
from rsgraph.prediction.classification import Predictions, classify
from rsgraph.prediction.propagation import propagate, segment_graph
from rsgraph.prediction.suggestion import least_certain, most_different
from rsgraph.protocols import Progress
from rsgraph.types import Floats
from rsgraph.workspace import Workspace

Method = Literal["propagation", "classifier"]
Queue = Literal["least certain first", "most different from anything labelled"]
_ORIGIN: dict[Method, Origin] = {"propagation": "propagated", "classifier": "classified"}
_QUEUE = 200


@dataclass(frozen=True)
class Prediction:
    """What the labels given say of all segments.

    Parameters
    ----------
    method, layer
        How, and on which embedding.
    names
        (classes,) as they were: code 1 is the first.
    probabilities
        (segments, classes) float32; a row of zeros where nothing is known.
    best
        (segments,) code of the likeliest class, 0 where nothing is known.
    certainty
        (segments,) its probability.
    taught
        A checksum of the labels that it was made from, as ``Suggestions.teaching`` gives it.
    n_labels
        How many labels it was made from.
    calibration, accuracy
        Expected calibration error and share of right predictions by cross-validation; None where not known.
    """

    method: Method
    layer: str
    names: tuple[str, ...]
    probabilities: Floats
    best: NDArray[np.int16]
    certainty: Floats
    taught: int
    n_labels: int
    calibration: float | None = None
    accuracy: float | None = None


class Suggestions:
    """Predictions, queues, acceptance in bulk.

    Parameters
    ----------
    workspace
        Its embeddings and edges.
    tables
        Which chip each segment is in.
    labels
        Predictions are made from them, and become labels when they are accepted.
    tasks
        Predicts.
    """

    changed = Signal()
    looked_at = Signal(object)
    """The row of the segment that is looked at now."""

    def __init__(self, workspace: Workspace, tables: Tables, labels: Labels, tasks: Tasks) -> None:
        self.workspace, self.tables, self.labels, self.tasks = workspace, tables, labels, tasks
        self.predictions: Prediction | None = None
        self.queue: Rows = np.zeros(0, dtype=np.int64)
        self.at = 0
        self._graph: tuple[str, NDArray[np.int64], Floats] | None = None
        self._outdated: tuple[Prediction, Codes, bool] | None = None
        labels.classes_changed.connect(self._classes_changed)

    def teaching(self) -> NDArray[np.int64]:
        """Return (segments,) the classes that people gave or imported, 0 for none: what predictions learn from."""
        state = self.labels.state
        return np.where((state.origins >= 1) & (state.origins <= 2), state.codes, 0).astype(np.int64)

    @property
    def outdated(self) -> bool:
        """Whether labels changed since the prediction was made."""
        made, codes = self.predictions, self.labels.codes
        if made is None:
            return False
        if self._outdated is None or self._outdated[0] is not made or self._outdated[1] is not codes:
            self._outdated = (made, codes, made.taught != _checksum(self.teaching()))
        return self._outdated[2]

    def predict(self, method: Method, layer: str) -> None:
        """Predict all segments, on a layer, from the labels of people (and imported ones), in the background."""
        names, codes = tuple(self.labels.names), self.teaching()
        if len(np.unique(codes[codes > 0])) < 2:
            self.tasks.say("label at least two classes first: predictions are made from your labels", "warning")
            return

        def job(progress: Progress) -> Prediction:
            if method == "classifier":
                made = self._classify(layer, codes, len(names), progress)
                found = _prediction(method, layer, names, codes, made.probabilities)
                return replace(found, calibration=made.calibration_error, accuracy=made.accuracy)
            edges, weights = self._neighbours(layer, progress)
            spread = propagate(edges, codes, len(names), weights=weights, progress=progress)
            return _prediction(method, layer, names, codes, spread)

        self.tasks.run("predict", job, self._predicted)

    def _classify(self, layer: str, codes: NDArray[np.int64], n: int, progress: Progress) -> Predictions:
        vectors, metric = self.workspace.embedding(layer), self.workspace.compared_by(layer)
        groups = self.tables.chip_of
        return classify(vectors, codes, n, groups=groups, metric=metric, seed=0, progress=progress)

    def _neighbours(self, layer: str, progress: Progress) -> tuple[NDArray[np.int64], Floats]:
        """The graph along which labels travel, made once per layer."""
        if self._graph is None or self._graph[0] != layer:
            vectors = self.workspace.embedding(layer)
            metric = self.workspace.compared_by(layer)
            edges, weights = segment_graph(self.workspace.edges, vectors, metric=metric, progress=progress)
            self._graph = (layer, edges, weights)
        return self._graph[1], self._graph[2]

    def _predicted(self, made: Prediction) -> None:
        self.predictions = made
        if not self._fits(made):
            self._classes_changed()
            return
        self.changed.emit()

    def _fits(self, made: Prediction) -> bool:
        """Whether its codes still stand for the same classes; classes that were added since do no harm."""
        return tuple(self.labels.names[: len(made.names)]) == made.names

    def _classes_changed(self) -> None:
        """Drop predictions whose codes would stand for other classes now: a class was removed or renamed."""
        if self.predictions is not None and not self._fits(self.predictions):
            self.forget()
            self.tasks.say("classes were removed or renamed, which the predictions do not know: predict again")

    def forget(self) -> None:
        """Drop the predictions; labels stay as they are."""
        self.predictions = None
        self.queue, self.at = np.zeros(0, dtype=np.int64), 0
        self.changed.emit()

    def uncertainty(self) -> NDArray[np.float32]:
        """Return (segments,): 1 - the largest probability; without predictions that of the memberships."""
        made = self.predictions
        if made is not None:
            return (1.0 - made.certainty).astype(np.float32)
        strongest: Floats = self.workspace.embedding("target").max(axis=1)
        return (1.0 - strongest).astype(np.float32)

    def make_queue(self, kind: Queue, layer: str) -> None:
        """Line up unlabelled segments, the most useful to label first, and look at the first."""
        labelled, made = (self.labels.codes > 0).astype(np.int64), self.predictions
        if kind == "least certain first" and made is None:
            self.tasks.say("predict first: certainty comes from predictions", "warning")
            return

        def job(progress: Progress) -> Rows:
            if kind == "least certain first" and made is not None:
                return least_certain(made.probabilities, labelled)[:_QUEUE]
            vectors = self.workspace.embedding(layer)
            return most_different(vectors, labelled, limit=_QUEUE, seed=0, progress=progress)

        self.tasks.run(kind, job, self._queued)

    def _queued(self, rows: Rows) -> None:
        self.queue, self.at = rows, 0
        if len(rows) == 0:
            self.tasks.say("every segment has a label: there is nothing left to suggest")
        self._look()

    @property
    def current(self) -> Rows:
        """The row of the segment that is looked at, as an array; empty where the queue is."""
        return self.queue[self.at : self.at + 1]

    def go(self, step: int) -> None:
        """Look at the next (1) or previous (-1) segment of the queue."""
        if len(self.queue):
            self.at = int(np.clip(self.at + step, 0, len(self.queue) - 1))
            self._look()

    def advance(self) -> None:
        """Go to the next segment of the queue that has no label; say where there is none."""
        free = self.at + 1 + np.flatnonzero(self.labels.codes[self.queue[self.at + 1 :]] == 0)
        if len(free):
            self.at = int(free[0])
            self._look()
        else:
            self.tasks.say("that was the last of the queue: predict again, or line up others")
            self.changed.emit()

    def _look(self) -> None:
        if len(self.queue):
            self.looked_at.emit(self.current)
        self.changed.emit()

    def acceptable(self, threshold: float) -> tuple[Rows, NDArray[np.int64], NDArray[np.float32]]:
        """Return rows, class codes and confidence of what ``accept`` would label."""
        made = self.predictions
        assert made is not None
        sure = made.certainty >= np.float32(threshold)
        rows = np.flatnonzero(sure & (made.best > 0) & (self.labels.codes == 0))
        return rows, made.best[rows].astype(np.int64), made.certainty[rows]

    def accept(self, threshold: float) -> None:
        """Label every unlabelled segment whose prediction is at least so sure; the origin says it was predicted."""
        made = self.predictions
        if made is None:
            self.tasks.say("predict first", "warning")
            return
        rows, codes, confidence = self.acceptable(threshold)
        if len(rows) == 0:
            self.tasks.say(f"no prediction is surer than {threshold:.0%}", "warning")
            return
        self._assign(made, rows, codes, confidence)

    def accept_current(self) -> None:
        """Label the segment that is looked at as predicted, and go to the next one of the queue."""
        made = self.predictions
        if made is None or len(self.queue) == 0:
            self.tasks.say("predict, then line up suggestions first", "warning")
            return
        row = self.current
        if self.labels.codes[row[0]] > 0:
            self.tasks.say("this segment has a label already; a prediction does not replace it", "warning")
            return
        if made.best[row[0]] == 0:
            self.tasks.say("nothing is predicted for this segment; label it yourself or skip it", "warning")
            return
        self._assign(made, row, made.best[row].astype(np.int64), made.certainty[row])
        self.advance()

    def _assign(self, made: Prediction, rows: Rows, codes: NDArray[np.int64], confidence: Floats) -> None:
        """Label as predicted, one transaction."""
        names = [made.names[code - 1] for code in codes]
        self.labels.assign_each(rows, names, origin=_ORIGIN[made.method], confidence=confidence)


def _prediction(
    method: Method, layer: str, names: tuple[str, ...], codes: NDArray[np.int64], probabilities: Floats
) -> Prediction:
    """Keep with the probabilities what every redraw needs of them: finding it again takes too long there."""
    certainty = probabilities.max(axis=1)
    best = np.where(certainty > 0, probabilities.argmax(axis=1) + 1, 0).astype(np.int16)
    n_labels = int(np.count_nonzero(codes))
    return Prediction(method, layer, names, probabilities, best, certainty, _checksum(codes), n_labels)


def _checksum(codes: NDArray[np.int64]) -> int:
    return zlib.crc32(codes.astype(np.int16).tobytes())
