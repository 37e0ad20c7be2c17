"""Classes predicted from the embedding only, with calibrated probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.neighbours.rows import Metric, check_metric, check_vectors, parts, scaled_for
from rsgraph.prediction.checks import check_codes
from rsgraph.progress import Steps
from rsgraph.protocols import Progress
from rsgraph.types import Floats

FOLDS = 5
BINS = 10

LEAST_TESTED = 50
"""Below so many held-out labels a calibration error would say more of chance than of the classifier."""

_MOST = 20_000
"""Labels per class that are learnt from: 64 weights per class need no more."""

_ITERATIONS = 200
_PRIOR = 0.5
"""Standard deviation of log T before anything is known: keeps T near 1 where held-out labels are few."""

_Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """Predictions of a classifier for all segments.

    Parameters
    ----------
    probabilities
        (n, C) float32; rows sum to 1; 0 for classes without labels. Also for labelled segments, where they show
        which labels the classifier would not have given.
    calibration_error
        Expected calibration error (0 ... 1) on held-out labels, or None where there are too few of them: the mean
        gap between how sure it is and how often it is right.
    accuracy
        Share of held-out labels that are predicted right, or None likewise.
    n_train
        (C,) labels of each class that were learnt from.
    temperature
        T that the scores are divided by: above 1 where the raw scores were too sure.
    n_tested
        Held-out labels.
    grouped
        Whether whole chips were held out; False where no classes are labelled in several chips, and the errors,
        measured beside labelled neighbours, are then too optimistic.
    """

    probabilities: Floats
    calibration_error: float | None
    accuracy: float | None
    n_train: NDArray[np.int64]
    temperature: float
    n_tested: int
    grouped: bool


def classify(
    vectors: Floats,
    codes: NDArray[Any],
    n_classes: int,
    *,
    groups: NDArray[Any] | None = None,
    metric: Metric = "cosine",
    seed: int = 0,
    progress: Progress | None = None,
) -> Predictions:
    r"""Predict the class of every segment: calibrated multinomial logistic regression.

    .. math:: p(c \mid v) = \mathrm{softmax}_c\big( (W v + b) / T \big)

    on scaled vectors v. W and b minimise the summed log loss plus :math:`\lVert W \rVert^2 / 2`; T, the
    temperature (Guo et al. 2017), minimises the log loss of labels that were held out in a cross-validation. Whole
    chips are held out, since neighbouring segments resemble each other. Above 20 000 labels of a class a sample is
    learnt from, with weights that keep the classes' shares.

    The probabilities hold for segments like the labelled ones: where classes are labelled far more or less often
    than they occur, they lean the same way.

    Parameters
    ----------
    vectors
        (n, D) an embedding.
    codes
        (n,) class of each segment, 1 ... C; 0 is unlabelled.
    n_classes
        C.
    groups
        (n,) chip of each segment; None: single segments are held out.
    metric
        What the layer's vectors are compared by (``Workspace.compared_by``): features of a raw layer are
        standardised, those of one compared by ``euclidean`` keep their proportions.
    seed
        Of folds and sample.
    progress
        Called with (steps done, steps expected); may raise to cancel.

    Returns
    -------
    Predictions
        For all n segments.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger: On calibration of modern neural networks. ICML 2017. doi:10.48550/arXiv.1706.04599

    Raises
    ------
    ConfigError
        Shapes, codes or options that do not fit.
    NotUsable
        Fewer than two classes are labelled, or vectors are not finite.
    """
    check_vectors(vectors)
    codes = check_codes(codes, len(vectors), n_classes)
    groups = _check_groups(groups, len(vectors))
    counts = np.bincount(codes, minlength=n_classes + 1)[1:]
    _check_counts(counts)
    steps = Steps(progress, (FOLDS + 1) * _ITERATIONS + len(parts(len(vectors))))
    points = scaled_for(vectors, check_metric(metric))
    rng = np.random.default_rng(seed)
    train = _train(points, codes, groups, rng)
    folds, grouped = _folds(train, rng)
    held_out = _cross_validate(train, folds, steps)
    temperature = _temperature(held_out.scores, held_out.truth, held_out.weights)
    steps.reach(FOLDS * _ITERATIONS)
    model = _fit(train, steps.tick)
    steps.reach((FOLDS + 1) * _ITERATIONS)
    probabilities = _predict(points, model, temperature, n_classes, steps)
    error, accuracy = held_out.errors()
    return Predictions(
        probabilities, error, accuracy, train.counts(n_classes), temperature, len(held_out.truth), grouped
    )


def expected_calibration_error(
    confidence: NDArray[Any], right: NDArray[Any], weights: NDArray[Any] | None = None, *, bins: int = BINS
) -> float:
    r"""Return the mean gap between confidence and accuracy.

    .. math:: \mathrm{ECE} = \sum_b \frac{w_b}{w} \left| \mathrm{acc}_b - \mathrm{conf}_b \right|

    over bins of equal width in confidence (Naeini et al. 2015, doi:10.1609/aaai.v29i1.9602).

    Parameters
    ----------
    confidence
        (n,) probability of the predicted class.
    right
        (n,) whether it is the true one.
    weights
        (n,), or None: all alike.
    bins
        Their number.
    """
    weights = np.ones(len(confidence)) if weights is None else weights
    places = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(places, weights * (right - confidence), minlength=bins)
    return float(np.abs(gaps).sum() / weights.sum())


@dataclass(frozen=True)
class _Train:
    """Labelled points (m, D), their classes 0 ... C - 1, weights and groups."""

    points: Floats
    classes: NDArray[np.int64]
    weights: _Doubles
    groups: NDArray[Any] | None

    def part(self, rows: NDArray[Any]) -> _Train:
        """Return some rows."""
        groups = None if self.groups is None else self.groups[rows]
        return _Train(self.points[rows], self.classes[rows], self.weights[rows], groups)

    def counts(self, n_classes: int) -> NDArray[np.int64]:
        """Count rows by class."""
        return np.bincount(self.classes, minlength=n_classes)


@dataclass(frozen=True)
class _Model:
    """Weights (present, D + 1) of the classes that it knows, the constant last."""

    weights: _Doubles
    present: NDArray[np.int64]

    def scores(self, points: Floats) -> _Doubles:
        """Return scores (n, present)."""
        weights = self.weights.astype(np.float32)
        return np.asarray(points @ weights[:, :-1].T + weights[:, -1], dtype=np.float64)


@dataclass(frozen=True)
class _HeldOut:
    """Held-out rows: scores (m, C), -inf for classes that the fold did not know; truth, weight and fold of each."""

    scores: _Doubles
    truth: NDArray[np.int64]
    weights: _Doubles
    folds: NDArray[np.int64]

    def errors(self) -> tuple[float | None, float | None]:
        """Return calibration error and accuracy; the temperature of each fold comes from the others."""
        if len(self.truth) < LEAST_TESTED:
            return None, None
        confidence = np.empty(len(self.truth))
        for fold in np.unique(self.folds):
            here = self.folds == fold
            temperature = _temperature(self.scores[~here], self.truth[~here], self.weights[~here])
            confidence[here] = _softmax(self.scores[here] / temperature).max(axis=1)
        right = self.scores.argmax(axis=1) == self.truth
        accuracy = float(np.average(right, weights=self.weights))
        return expected_calibration_error(confidence, right, self.weights), accuracy


def _check_groups(groups: NDArray[Any] | None, n: int) -> NDArray[Any] | None:
    if groups is not None and groups.shape != (n,):
        raise ConfigError(f"`groups` must have one entry per segment, ({n},). Got {groups.shape} instead.")
    return groups


def _check_counts(counts: NDArray[np.int64]) -> None:
    labelled = np.flatnonzero(counts)
    if len(labelled) < 2:
        what = f"only class {labelled[0] + 1} has labels" if len(labelled) else "nothing is labelled yet"
        raise NotUsable(
            f"a classifier needs labels of at least two classes, but {what}; label a few segments of others."
        )


def _train(points: Floats, codes: NDArray[np.int64], groups: NDArray[Any] | None, rng: np.random.Generator) -> _Train:
    """Take the labelled rows; of large classes a sample that weighs as much."""
    chosen, weights = [], []
    for code in np.unique(codes[codes > 0]):
        rows = np.flatnonzero(codes == code)
        kept = rows if len(rows) <= _MOST else np.sort(rng.choice(rows, _MOST, replace=False))
        chosen.append(kept)
        weights.append(np.full(len(kept), len(rows) / len(kept)))
    taken = np.concatenate(chosen)
    weight = np.concatenate(weights) * (len(taken) / sum(part.sum() for part in weights))
    return _Train(points[taken], codes[taken] - 1, weight, None if groups is None else groups[taken])


def _folds(train: _Train, rng: np.random.Generator) -> tuple[NDArray[np.int64], bool]:
    """Deal rows to folds, class by class; whole groups where that leaves anything to test."""
    if train.groups is not None:
        _, groups = np.unique(train.groups, return_inverse=True)
        folds = _grouped_folds(groups, train.classes, rng)
        if _tested(folds, train.classes).any():
            return folds, True
    folds = np.zeros(len(train.classes), dtype=np.int64)
    for label in np.unique(train.classes):
        rows = rng.permutation(np.flatnonzero(train.classes == label))
        folds[rows] = (np.arange(len(rows)) + rng.integers(FOLDS)) % FOLDS
    return folds, False


def _grouped_folds(
    groups: NDArray[np.int64], classes: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Deal groups to folds, those with most labels first, each to the fold that has least of its rarest class."""
    table = np.zeros((groups.max() + 1, classes.max() + 1))
    np.add.at(table, (groups, classes), 1)
    shares = table / np.maximum(table.sum(axis=0), 1)
    order = rng.permutation(len(table))
    order = order[np.argsort(-shares[order].max(axis=1), kind="stable")]
    filled, fold_of = np.zeros((FOLDS, shares.shape[1])), np.zeros(len(table), dtype=np.int64)
    for group in order:
        fold_of[group] = int((filled @ shares[group] + 1e-9 * filled.sum(axis=1)).argmin())
        filled[fold_of[group]] += shares[group]
    return fold_of[groups]


def _tested(folds: NDArray[np.int64], classes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which rows can be tested: their class, and another one, is known to the other folds."""
    table = np.zeros((FOLDS, classes.max() + 1), dtype=np.int64)
    np.add.at(table, (folds, classes), 1)
    others = table.sum(axis=0) - table
    several = (others > 0).sum(axis=1) >= 2
    return np.asarray((others[folds, classes] > 0) & several[folds])


def _cross_validate(train: _Train, folds: NDArray[np.int64], steps: Steps) -> _HeldOut:
    """Score every row that can be tested by a model that has not seen its fold."""
    n_classes = int(train.classes.max()) + 1
    tested = _tested(folds, train.classes)
    scores = np.full((len(folds), n_classes), -np.inf)
    for fold in range(FOLDS):
        here = np.flatnonzero((folds == fold) & tested)
        if len(here):
            model = _fit(train.part(folds != fold), steps.tick)
            scores[here[:, None], model.present] = model.scores(train.points[here])
        steps.reach((fold + 1) * _ITERATIONS)
    return _HeldOut(scores[tested], train.classes[tested], train.weights[tested], folds[tested])


def _fit(train: _Train, tick: Callable[[], None]) -> _Model:
    """Minimise the penalised log loss; ``tick`` is called at every step and may raise."""
    from scipy.optimize import minimize

    present, truth = np.unique(train.classes, return_inverse=True)
    shape = (len(present), train.points.shape[1] + 1)

    basis = _even_basis(train, len(present))

    def loss(flat: _Doubles) -> tuple[float, _Doubles]:
        tick()
        value, gradient = _loss(flat.reshape(shape) @ basis, train, truth)
        return value, (gradient.reshape(shape) @ basis.T).ravel()

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS})
    return _Model(found.x.reshape(shape) @ basis, present)


def _even_basis(train: _Train, n_classes: int) -> _Doubles:
    """Return coordinates (D + 1, D + 1) in which the loss is about as steep in all directions at the start.

    Layers of a network are nearly collinear: in their own coordinates the search needs hundreds of steps.
    """
    n_features = train.points.shape[1]
    steepness = np.zeros((n_features + 1, n_features + 1))
    for rows in parts(len(train.classes)):
        points = np.column_stack([train.points[rows], np.ones(len(train.points[rows]))]).astype(np.float64)
        steepness += (points * train.weights[rows, None]).T @ points
    penalty = np.diag([*np.ones(n_features), 1e-6])
    return np.asarray(np.linalg.inv(np.linalg.cholesky(steepness / n_classes + penalty)))


def _loss(weights: _Doubles, train: _Train, truth: NDArray[np.int64]) -> tuple[float, _Doubles]:
    """Return the penalised log loss per label and its gradient."""
    total, gradient = 0.0, np.zeros(weights.shape)
    for rows in parts(len(truth)):
        points, weight = train.points[rows], train.weights[rows]
        scores = _Model(weights, truth).scores(points)
        logs = scores - _log_sum(scores)
        own = np.arange(len(points)), truth[rows]
        total -= float(weight @ logs[own])
        residual = np.exp(logs)
        residual[own] -= 1
        residual *= weight[:, None]
        gradient[:, :-1] += residual.astype(np.float32).T @ points
        gradient[:, -1] += residual.sum(axis=0)
    total += float((weights[:, :-1] ** 2).sum()) / 2
    gradient[:, :-1] += weights[:, :-1]
    return total / len(truth), gradient.ravel() / len(truth)


def _temperature(scores: _Doubles, truth: NDArray[np.int64], weights: _Doubles) -> float:
    """Return the T that suits held-out scores (m, C) best; 1 where there are none."""
    from scipy.optimize import minimize_scalar

    if not len(truth):
        return 1.0
    own = np.arange(len(truth)), truth

    def loss(log_temperature: float) -> float:
        scaled = scores * np.exp(-log_temperature)
        logs = scaled[own] - _log_sum(scaled)[:, 0]
        return float(-(weights @ logs) + (log_temperature / _PRIOR) ** 2 / 2)

    # a few labels that are right by chance are no reason to be surer than the scores are
    lowest = np.log(0.05) if len(truth) >= LEAST_TESTED else 0.0
    return float(np.exp(minimize_scalar(loss, bounds=(lowest, np.log(20)), method="bounded").x))


def _log_sum(scores: _Doubles) -> _Doubles:
    highest = scores.max(axis=1, keepdims=True)
    return np.asarray(highest + np.log(np.exp(scores - highest).sum(axis=1, keepdims=True)))


def _softmax(scores: _Doubles) -> _Doubles:
    return np.asarray(np.exp(scores - _log_sum(scores)))


def _predict(points: Floats, model: _Model, temperature: float, n_classes: int, steps: Steps) -> Floats:
    probabilities = np.zeros((len(points), n_classes), dtype=np.float32)
    for rows in parts(len(points)):
        probabilities[rows, model.present] = _softmax(model.scores(points[rows]) / temperature)
        steps.add()
    return probabilities
