"""Labelling efficiency: a simulated expert who brushes circles on a 2-D map, or on several of the same segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import hypot
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.evaluation.choosing import Choice, chosen_map
from rsgraph.evaluation.circles import Circles
from rsgraph.evaluation.clumsy import Clumsy, Hand
from rsgraph.evaluation.scores import Scores, check_known, scores
from rsgraph.neighbours.rows import drawn
from rsgraph.protocols import Progress

Measure = Literal["accuracy", "mean_iou"]

STROKES = 50
"""Strokes of an expert by default."""

N_RADII = 24
"""Radii of the default grid; each is about 1.3 times the one before."""

FINEST = 500
"""How many times the least radius of the default grid goes into the largest."""


@dataclass(frozen=True)
class Trace:
    """What an expert did, and how good the labels were after every action. One entry (strokes,) per action.

    Where no action gains anything any more, the expert rests: the labels stay, ``codes`` is 0 and ``centres`` -1.

    Parameters
    ----------
    accuracy, mean_iou
        After the action, between 0 and 1.
    centres
        Index of the point in the middle of the circle, or of the segment that was clicked.
    radii
        Of the circle, in units of the map; 0 for a click.
    codes
        The class that was given, 1 ... C.
    labels
        (n,) class of every point in the end; 0: none.
    maps
        Index of the map that the circle was drawn on; 0 where there is one only.
    """

    accuracy: NDArray[np.float64]
    mean_iou: NDArray[np.float64]
    centres: NDArray[np.int64]
    radii: NDArray[np.float64]
    codes: NDArray[np.int64]
    labels: NDArray[np.int64]
    maps: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @classmethod
    def blank(cls, n_points: int, strokes: int) -> Trace:
        """Return a trace in which nothing has been done yet."""
        accuracy, mean_iou, radii = np.zeros((3, strokes))
        centres, (codes, maps) = np.full(strokes, -1), np.zeros((2, strokes), dtype=np.int64)
        return cls(accuracy, mean_iou, centres, radii, codes, np.zeros(n_points, dtype=np.int64), maps)

    def enter(
        self, stroke: int, reached: Scores, centre: int = -1, radius: float = 0.0, code: int = 0, on: int = 0
    ) -> None:
        """Write down one action."""
        self.accuracy[stroke], self.mean_iou[stroke] = reached
        self.centres[stroke], self.radii[stroke], self.codes[stroke] = centre, radius, code
        self.maps[stroke] = on


def simulate(
    points: NDArray[Any],
    counts: NDArray[Any],
    *,
    strokes: int = STROKES,
    radii: NDArray[Any] | None = None,
    centres: int | None = None,
    clumsy: Clumsy | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Trace:
    """Let a simulated expert label a map of segments (or chips) with strokes of a round brush.

    A stroke is a circle and a class: all points in the circle get the class, whatever they had before. At each
    stroke the expert takes, of all circles round points of the map and all classes, what gains the most correctly
    labelled pixels. This is exact (every gain is known at every stroke; see ``Circles``), not a search: 30 000
    points, 24 radii and 12 classes take some ten seconds on one core. Of equal gains the first centre, the least
    radius and the lowest class are taken: the same input gives the same strokes.

    The expert is greedy and all-knowing: a bound of what the map allows a user at each stroke, comparable between
    maps, not a model of human errors. These are added by ``clumsy``.

    Parameters
    ----------
    points
        (n, 2), the map.
    counts
        (n, C) reference pixels of each class in each segment; pixels of which the reference knows nothing are left
        out. For chips of one class each: one-hot.
    strokes
        How many, at least 1.
    radii
        (R,) none negative; None: ``log_radii(points)``.
    centres
        Circles are drawn round this many points only, drawn with ``seed``; None: round all of them.
    clumsy
        Errors of the hand; None: none.
    seed
        Of the drawn centres.
    progress
        Called with (steps done, steps); may raise to cancel.

    Raises
    ------
    ConfigError
        Shapes or options that do not fit.
    NotUsable
        A map that is not finite, or a reference that knows nothing.
    """
    return simulate_maps(
        [points],
        counts,
        strokes=strokes,
        radii=None if radii is None else [radii],
        centres=centres,
        clumsy=clumsy,
        seed=seed,
        progress=progress,
    )


def simulate_maps(
    maps: Sequence[NDArray[Any]],
    counts: NDArray[Any],
    *,
    strokes: int = STROKES,
    radii: Sequence[NDArray[Any]] | None = None,
    centres: int | None = None,
    choice: Choice = "gain",
    clumsy: Clumsy | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Trace:
    """Let a simulated expert label with strokes on any of several maps of the same segments.

    As ``simulate``, with one set of labels: at each stroke the best circle of every map is known exactly, and one of
    them is taken. Each map has circles of its own, so that m maps take m times as long. Give the segments' rows and
    columns as a map where the expert may brush in the scene, too.

    Parameters
    ----------
    maps
        (n, 2) each, at least one.
    radii
        Of each map; None: ``log_radii`` of each.
    choice
        Which map's circle is taken: ``gain``, the one that gains most (the first of equals), by an expert who knows
        the gains on all maps; ``purest``, by a person who does not (``rsgraph.evaluation.choosing``).
    counts, strokes, centres, clumsy, seed, progress
        As in ``simulate``. The drawn centres are the same segments on every map.

    Raises
    ------
    ConfigError, NotUsable
        As ``simulate``.
    """
    known = check_known(counts)
    if not len(maps):
        raise ConfigError("`maps` must hold at least one map (n, 2). Got none.")
    places = [check_points(points, len(known)) for points in maps]
    check_strokes(strokes)
    sizes = [log_radii(points) for points in places] if radii is None else [_check_radii(each) for each in radii]
    if centres is not None and centres < 1:
        raise ConfigError(f"`centres` must be null or at least 1. Got {centres!r} instead.")
    chosen = drawn(len(known), centres, seed)
    read = len(chosen) * len(maps)
    circles = [
        Circles(points, known, chosen, size, _shifted(progress, number * len(chosen), read + strokes))
        for number, (points, size) in enumerate(zip(places, sizes, strict=True))
    ]
    hand = Hand(Clumsy() if clumsy is None else clumsy, known)
    return _brushed(circles, sizes, strokes, choice, hand, _shifted(progress, read, read + strokes))


def _brushed(
    maps: Sequence[Circles],
    radii: Sequence[NDArray[np.float64]],
    strokes: int,
    choice: Choice,
    hand: Hand,
    progress: Progress | None,
) -> Trace:
    counts = maps[0].counts
    trace = Trace.blank(len(counts), strokes)
    right = np.zeros(len(counts), dtype=np.int64)
    for stroke in range(strokes):
        on, circle = chosen_map(maps, trace.labels, choice)
        taken: tuple[Any, ...] = ()
        if circle.gain > 0:
            inside, radius, code = hand.brush(maps[on], circle, float(radii[on][circle.radius]))
            _give(maps, trace.labels, right, inside, code)
            taken = (circle.centre, radius, code, on)
        trace.enter(stroke, scores(counts, trace.labels), *taken)
        if progress is not None:
            progress(stroke + 1, strokes)
    return trace


def _give(
    maps: Sequence[Circles],
    labels: NDArray[np.int64],
    right: NDArray[np.int64],
    inside: NDArray[np.int64],
    code: int,
) -> None:
    """Give points a class, in place, and let the circles of all maps know what is right now."""
    now = maps[0].counts[inside, code - 1]
    for circles in maps:
        circles.change(inside, now - right[inside])
    right[inside], labels[inside] = now, code


def _shifted(progress: Progress | None, before: int, total: int) -> Progress | None:
    """Return what reports one part of the work as a part of the whole."""
    if progress is None:
        return None
    return lambda done, _: progress(before + done, total)


def log_radii(points: NDArray[Any], n: int = N_RADII) -> NDArray[np.float64]:
    """Return n radii on a logarithmic grid, from 1/500 of a map's diagonal to all of it (every point is inside).

    They grow with the map: the strokes do not depend on its unit.

    Parameters
    ----------
    points
        (n, 2), finite.
    n
        How many, at least 2.
    """
    diagonal = hypot(*np.ptp(np.asarray(points, dtype=np.float64), axis=0)) or 1.0
    radii = np.geomspace(diagonal / FINEST, diagonal, n)
    radii[-1] *= 1 + 1e-9  # rounding must not leave out the furthest corner
    return radii


def strokes_to(trace: Trace, best: Scores, share: float, *, measure: Measure = "accuracy") -> int | None:
    """Return after how many strokes a share of the ceiling is reached for good; None: not within the trace.

    For good: it is not lost again within the trace. The accuracy of circles only rises, but their mean IoU, and
    both measures of labels that spread from clicks, may fall again.

    Parameters
    ----------
    trace
        Of ``simulate`` or of clicks.
    best
        Of ``ceiling``.
    share
        Such as 0.95.
    measure
        Which of the two scores.
    """
    curve = trace.accuracy if measure == "accuracy" else trace.mean_iou
    goal = share * (best.accuracy if measure == "accuracy" else best.mean_iou)
    short = np.flatnonzero(curve < goal - 1e-12)
    first = int(short[-1]) + 2 if len(short) else 1
    return first if first <= len(curve) else None


def check_points(points: NDArray[Any], n: int) -> NDArray[np.float64]:
    """Return the map (n, 2) as float64. Raises ConfigError or NotUsable."""
    if points.shape != (n, 2):
        raise ConfigError(f"`points` must have one row per row of `counts`, ({n}, 2). Got {points.shape} instead.")
    places = np.ascontiguousarray(points, dtype=np.float64)
    if not np.all(np.isfinite(places)):
        raise NotUsable("the map is not finite (NaN or infinite positions); compute it again.")
    return places


def check_strokes(strokes: int) -> None:
    """Check a number of strokes. Raises ConfigError."""
    if strokes < 1:
        raise ConfigError(f"`strokes` must be at least 1. Got {strokes!r} instead.")


def _check_radii(radii: NDArray[Any]) -> NDArray[np.float64]:
    sizes = np.unique(np.asarray(radii, dtype=np.float64))
    if not len(sizes) or not np.all(np.isfinite(sizes)) or sizes[0] < 0 or len(sizes) > 1000:
        raise ConfigError(f"`radii` must be 1 to 1000 finite numbers from 0 on. Got {radii!r} instead.")
    return sizes
