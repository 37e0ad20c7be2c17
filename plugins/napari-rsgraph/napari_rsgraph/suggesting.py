"""Predictions from the labels given, and what to label next. Predictions become labels only when accepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from napari_rsgraph.tables import Rows
from rsgraph.labels.classification import classify
from rsgraph.labels.propagation import propagate, segment_graph
from rsgraph.labels.suggestion import confident, least_certain, most_different
from rsgraph.protocols import Progress
from rsgraph.types import Floats

if TYPE_CHECKING:
    from napari_rsgraph.session import Session

Method = Literal["propagation", "classifier"]
Queue = Literal["least certain first", "most different from anything labelled"]
_ORIGIN = {"propagation": "propagated", "classifier": "classified"}
_QUEUE = 200


@dataclass(frozen=True)
class Prediction:
    """What the labels given say of all segments.

    Parameters
    ----------
    method, layer
        How, and on which embedding.
    probabilities
        (segments, classes) float32; a row of zeros where nothing is known.
    calibration
        Expected calibration error of the classifier by cross-validation, or None.
    events
        How many labels it was made from.
    """

    method: Method
    layer: str
    probabilities: Floats
    calibration: float | None
    n_labels: int


class Suggestions:
    """Predictions, queues, acceptance in bulk.

    Parameters
    ----------
    session
        Its labels teach; its selection shows what is queued.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.predictions: Prediction | None = None
        self.queue: Rows = np.zeros(0, dtype=np.int64)
        self.at = 0
        self._graph: tuple[str, NDArray[np.int64], Floats] | None = None

    def predict(self, method: Method) -> None:
        """Predict all segments from the labels of people (and imported ones), in the background."""
        session, labelling = self.session, self.session.labelling
        state, names = labelling.state, labelling.names
        codes = np.where(np.isin(state.origins, (1, 2)), state.codes, 0).astype(np.int64)
        if len(np.unique(codes[codes > 0])) < 2:
            session.tell("label at least two classes first: predictions are made from your labels", "warning")
            return
        layer = session.maps.current["segments"].layer

        def job(progress: Progress) -> Prediction:
            vectors = session.workspace.embedding(layer)
            if method == "classifier":
                groups = session.tables.chip_of
                made = classify(vectors, codes, len(names), groups=groups, seed=0, progress=progress)
                return Prediction(method, layer, made.probabilities, made.calibration_error, int((codes > 0).sum()))
            edges, weights = self._neighbours(layer, progress)
            found = propagate(edges, codes, len(names), weights=weights, progress=progress)
            return Prediction(method, layer, found, None, int((codes > 0).sum()))

        session.run(f"predict by {method}", job, self._predicted)

    def _neighbours(self, layer: str, progress: Progress) -> tuple[NDArray[np.int64], Floats]:
        """The graph along which labels travel, made once per layer."""
        if self._graph is None or self._graph[0] != layer:
            workspace = self.session.workspace
            edges, weights = segment_graph(workspace.edges, workspace.embedding(layer), progress=progress)
            self._graph = (layer, edges, weights)
        return self._graph[1], self._graph[2]

    def _predicted(self, made: Prediction) -> None:
        self.predictions = made
        self.session.predictions_changed.emit()

    def forget(self) -> None:
        """Drop the predictions; labels stay as they are."""
        self.predictions = None
        self.queue, self.at = np.zeros(0, dtype=np.int64), 0
        self.session.predictions_changed.emit()

    def uncertainty(self) -> NDArray[np.float32]:
        """Return (segments,): 1 - the largest probability; without predictions that of the memberships."""
        made = self.predictions
        source = made.probabilities if made is not None else np.asarray(self.session.workspace.embedding("target"))
        return (1.0 - source.max(axis=1)).astype(np.float32)

    def make_queue(self, kind: Queue) -> None:
        """Line up unlabelled segments, the most useful to label first, and show the first."""
        session, codes = self.session, self.session.labelling.codes.astype(np.int64)
        made = self.predictions
        if kind == "least certain first":
            if made is None:
                session.tell("predict first: certainty comes from predictions", "warning")
                return
            self._queued(least_certain(made.probabilities, codes)[:_QUEUE])
            return
        layer = session.maps.current["segments"].layer

        def job(progress: Progress) -> Rows:
            return most_different(session.workspace.embedding(layer), codes, limit=_QUEUE, seed=0)

        session.run(kind, job, self._queued)

    def _queued(self, rows: Rows) -> None:
        self.queue, self.at = rows, 0
        self._look()

    def go(self, step: int) -> None:
        """Look at the next (1) or previous (-1) segment of the queue."""
        if len(self.queue):
            self.at = int(np.clip(self.at + step, 0, len(self.queue) - 1))
            self._look()

    def _look(self) -> None:
        if len(self.queue):
            row = self.queue[self.at : self.at + 1]
            self.session.select(row, "replace")
            self.session.focus_requested.emit(row)
        self.session.predictions_changed.emit()

    def acceptable(self, threshold: float) -> tuple[Rows, NDArray[np.int64], NDArray[np.float32]]:
        """Return rows, class codes and confidence of what ``accept`` would label."""
        assert self.predictions is not None
        codes = np.where(self.session.labelling.state.origins == 0, 0, self.session.labelling.codes)
        return confident(self.predictions.probabilities, codes.astype(np.int64), threshold)

    def accept(self, threshold: float) -> None:
        """Label every unlabelled segment whose prediction is at least so sure; the origin says it was predicted."""
        made = self.predictions
        if made is None:
            self.session.tell("predict first", "warning")
            return
        rows, codes, confidence = self.acceptable(threshold)
        if len(rows) == 0:
            self.session.tell(f"no prediction is surer than {threshold:.0%}", "warning")
            return
        names = self.session.labelling.names
        self.session.labelling.assign_each(
            rows, [names[code - 1] for code in codes], origin=_ORIGIN[made.method], confidence=confidence
        )
