"""Colours of the points: by class, strongest membership, uncertainty, chip, or any column of the tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psygnal import Signal

from napari_rsgraph.session.cluster_names import labelled_names, seen_names
from napari_rsgraph.session.labels import Codes, Labels
from napari_rsgraph.session.shares import Shares, chip_shares, mixed_colours
from napari_rsgraph.session.suggestions import Prediction, Suggestions
from napari_rsgraph.session.tables import Level, Tables
from napari_rsgraph.session.work import Tasks
from rsgraph.files import file_state
from rsgraph.io.palette import colours
from rsgraph.types import Floats
from rsgraph.workspace import Workspace

Rgb = NDArray[np.uint8]

CLASS, MEMBERSHIP, UNCERTAINTY, PREDICTED, CHIP = "class", "strongest membership", "uncertainty", "predicted", "chip"
_GRAY = 138
_AT_ONCE = 50_000
"""Segments up to which colours are found while the window waits: a few milliseconds."""
_LEAST = 12
"""A column of at most so many different values gets one colour each; above, a scale from low to high."""


_PLACES = frozenset(
    ["chip_id", "segment_id", "x", "y", "row", "column", "rows", "columns", "row_offset", "column_offset"]
)
"""Columns that number chips and segments or say where they are: nothing that colours could show."""


@dataclass(frozen=True)
class Key:
    """What the colours mean: names with their colours, or the ends of a scale.

    Parameters
    ----------
    title
        What is shown.
    entries
        (name, ``#rrggbb``), at most a dozen.
    scale
        Lowest and highest value, where colours are a scale (dark blue to yellow, cividis).
    """

    title: str
    entries: tuple[tuple[str, str], ...] = ()
    scale: tuple[float, float] | None = None


class Colouring:
    """Colours of chips and segments.

    Parameters
    ----------
    workspace
        Has the memberships.
    tables
        Any of their columns can be shown.
    labels, suggestions
        Classes and predictions are shown.
    tasks
        Colours of many segments are found beside the window.
    """

    changed = Signal()

    def __init__(
        self, workspace: Workspace, tables: Tables, labels: Labels, suggestions: Suggestions, tasks: Tasks
    ) -> None:
        self.workspace, self.tables, self.tasks = workspace, tables, tasks
        self.labels, self.suggestions = labels, suggestions
        self._chosen: str | None = None
        self._at_first = MEMBERSHIP if "target" in workspace.layers else CLASS
        self._cached: tuple[tuple[Level, str], Rgb, Key] | None = None
        self._shown: tuple[tuple[Level, str], Rgb, Key] | None = None
        self._making: tuple[Level, str] | None = None
        self._predictions: Prediction | None = None
        self._seen: tuple[object, list[str], Codes] | None = None
        labels.changed.connect(self._labels_changed)
        suggestions.changed.connect(self._suggestions_changed)

    def choices(self, level: Level) -> list[str]:
        """Return what points can be coloured by at a level."""
        predicted, soft = self.suggestions.predictions is not None, "target" in self.workspace.layers
        there = {CLASS: True, PREDICTED: predicted, MEMBERSHIP: soft, UNCERTAINTY: predicted or soft, CHIP: True}
        first = [name for name, is_there in there.items() if is_there]
        columns = (str(name) for name in self._table(level).columns)
        return first + [name for name in columns if name not in _PLACES]

    def _table(self, level: Level) -> pd.DataFrame:
        return self.tables.chips if level == "chips" else self.tables.segments

    @property
    def by(self) -> str:
        """What is shown: what was chosen, else classes as soon as there are labels, else memberships.

        Memberships that are there only after a while, since a run goes on, do not come by themselves.
        """
        if self._chosen is not None:
            return self._chosen
        return CLASS if self.labels.codes.any() else self._at_first

    @property
    def chosen(self) -> str | None:
        """What a person has chosen to be shown; None: nothing."""
        return self._chosen

    def choose(self, by: str) -> None:
        """Colour points by something else."""
        self._chosen = by
        self._forget()

    def _labels_changed(self) -> None:
        """Only colours by class, and names of clusters, follow the labels: others take long to find again."""
        if self.by == CLASS or self._cached is None or self._cached[0][1] != self.by or self._renamed():
            self._forget()

    def _renamed(self) -> bool:
        """Whether clusters are shown and have other names since the labels are others."""
        if self.by != MEMBERSHIP or self._cached is None:
            return False
        return [name for name, _ in self._cached[2].entries] != list(self._clusters()[0][:_LEAST])

    def _suggestions_changed(self) -> None:
        """Going through a queue is no new prediction."""
        made = self.suggestions.predictions
        if made is not self._predictions:
            self._predictions = made
            if self.by in (PREDICTED, UNCERTAINTY):
                self._forget()

    def _forget(self) -> None:
        self._cached = self._making = None
        self.changed.emit()

    def colours(self, level: Level) -> Rgb:
        """Return (chips or segments, 3) colours."""
        return self._all(level)[0]

    def key(self, level: Level) -> Key:
        """Return what the colours mean."""
        return self._all(level)[1]

    def shares(self) -> Shares | None:
        """Return what chips are made of, where colours are of classes or clusters; None where they are not."""
        made = self.suggestions.predictions
        if self.by == MEMBERSHIP:
            of_clusters, colours_, codes = self._clusters()
            return self._shares(codes + 1, ("none", *of_clusters), np.insert(colours_, 0, _GRAY, axis=0))
        if self.by == CLASS:
            return self._shares(self.labels.codes, ("unlabelled", *self.labels.names), self.labels.palette())
        if self.by == PREDICTED and made is not None:
            return self._shares(made.best, ("unreached", *self.labels.names), self.labels.palette())
        return None

    def _shares(self, codes: Codes, names: tuple[str, ...], palette: Rgb) -> Shares:
        return Shares(chip_shares(self.tables, codes, len(names)), palette, names)

    def _all(self, level: Level) -> tuple[Rgb, Key]:
        """Colours and key; of many points found beside the window, which shows the former ones meanwhile."""
        wanted = (level, self.by)
        if self._cached is not None and self._cached[0] == wanted:
            return self._cached[1], self._cached[2]
        if self.tables.n_segments <= _AT_ONCE:
            self._cached = (wanted, *self._make(level))
            return self._cached[1], self._cached[2]
        self._start(wanted)
        return self._former(wanted)

    def _start(self, wanted: tuple[Level, str]) -> None:
        if self._making == wanted:
            return
        self._making = wanted

        def done(made: tuple[Rgb, Key]) -> None:
            if self._making == wanted:
                self._making, self._cached = None, (wanted, *made)
                self._shown = self._cached
                self.changed.emit()

        def ended() -> None:
            if self._making == wanted:
                self._making = None

        self.tasks.run("colour the points", lambda progress: self._make(wanted[0]), done, ended=ended)

    def _former(self, wanted: tuple[Level, str]) -> tuple[Rgb, Key]:
        if self._shown is not None and self._shown[0][0] == wanted[0]:
            return self._shown[1], self._shown[2]
        return np.full((len(self._table(wanted[0])), 3), _GRAY, dtype=np.uint8), Key(wanted[1])

    def _make(self, level: Level) -> tuple[Rgb, Key]:
        made = self.suggestions.predictions
        if self.by == PREDICTED and made is not None:
            return self._classes(level, made.best, "unreached")
        if self.by == MEMBERSHIP:
            return self._memberships(level)
        if self.by == UNCERTAINTY:
            return _scale(self._at_level(self.suggestions.uncertainty(), level), UNCERTAINTY)
        name = "chip_id" if self.by == CHIP else self.by
        if self.by != CLASS and name in self._table(level):
            return column_colours(self._table(level)[name], self.by)
        return self._classes(level, self.labels.codes, "unlabelled")

    def _classes(self, level: Level, codes: Codes, nothing: str) -> tuple[Rgb, Key]:
        """Colours of the classes that segments have or are predicted as; 0 stands for nothing."""
        names, palette = [nothing, *self.labels.names], self.labels.palette()
        title = CLASS if nothing == "unlabelled" else PREDICTED
        key = Key(title, tuple(zip(names, map(_hex, palette), strict=True))[:_LEAST])
        return self._of_level(codes, palette, level, nothing=0), key

    def _memberships(self, level: Level) -> tuple[Rgb, Key]:
        names, palette, strongest = self._clusters()
        key = Key("cluster", tuple(zip(names, map(_hex, palette), strict=True))[:_LEAST])
        return self._of_level(strongest, palette, level), key

    def _clusters(self) -> tuple[tuple[str, ...], Rgb, Codes]:
        """Names and colours of the clusters, and the strongest of each segment."""
        state = file_state(self.workspace.path("embeddings", "target.npy"))
        if self._seen is None or self._seen[0] != state:
            self._seen = (state, *self._look_at_clusters())
        _, seen, strongest = self._seen
        areas = self.tables.segments["area_px"].to_numpy(np.float64)
        names = labelled_names(seen, strongest, self.labels.codes, areas, self.labels.names)
        return tuple(names), _rgb(colours(len(names))), strongest

    def _look_at_clusters(self) -> tuple[list[str], Codes]:
        """Names of the clusters by what can be seen of them, and the strongest of each segment."""
        memberships = np.asarray(self.workspace.embedding("target"))
        n, strongest = memberships.shape[1], memberships.argmax(axis=1)
        areas = self.tables.segments["area_px"].to_numpy(np.float64)
        values = np.asarray(self.workspace.embedding("bands"), dtype=np.float64)
        weights = np.bincount(strongest, weights=areas, minlength=n)
        sums = np.stack([np.bincount(strongest, weights=areas * band, minlength=n) for band in values.T], axis=1)
        means: NDArray[np.float64] = np.full(sums.shape, np.nan)
        np.divide(sums, weights[:, np.newaxis], out=means, where=weights[:, np.newaxis] > 0)
        return seen_names(means, [str(band) for band in self.workspace.survey["bands"]]), strongest

    def _of_level(self, codes: Codes, palette: Rgb, level: Level, *, nothing: int | None = None) -> Rgb:
        """Colours of the points: segments' own, or chips' by the largest share in them, grayer the smaller it is."""
        if level == "segments":
            return np.asarray(palette.take(codes, axis=0))
        return mixed_colours(chip_shares(self.tables, codes, len(palette)), palette, nothing=nothing)

    def _at_level(self, values: Floats, level: Level) -> Floats:
        """Values of the points: segments' own, or the mean over a chip's."""
        if level == "segments":
            return values
        chip_of, n = self.tables.chip_of, self.tables.n_chips
        sums = np.bincount(chip_of, weights=values, minlength=n)
        return (sums / np.maximum(np.bincount(chip_of, minlength=n), 1)).astype(np.float32)


def column_colours(column: pd.Series[Any], title: str) -> tuple[Rgb, Key]:
    """Colour a column: few different values one colour each, names or not; many numbers a scale.

    Returns
    -------
    colours
        (rows, 3) uint8.
    key
        What they mean.
    """
    codes, values = pd.factorize(column, sort=True)
    if len(values) > _LEAST and pd.api.types.is_numeric_dtype(column) and title != CHIP:
        return _scale(column.to_numpy(np.float32), title)
    palette = _rgb(["#8a8f98", *colours(len(values))])
    entries = [(str(value), _hex(palette[code + 1])) for code, value in enumerate(values[:_LEAST])]
    return palette[codes + 1], Key(title, tuple(entries))


def _scale(values: NDArray[np.float32], title: str) -> tuple[Rgb, Key]:
    """From low to high along cividis, which everyone sees alike; between the 1st and 99th percentile."""
    from matplotlib import colormaps

    finite = values[np.isfinite(values)]
    low, high = (float(end) for end in np.percentile(finite, (1, 99))) if len(finite) else (0.0, 1.0)
    place = np.clip((np.nan_to_num(values, nan=low) - low) / max(high - low, 1e-12), 0, 1)
    table = (colormaps["cividis"](np.linspace(0, 1, 256))[:, :3] * 255).astype(np.uint8)
    return table[(place * 255).astype(np.uint8)], Key(title, scale=(low, high))


def _rgb(codes: list[str]) -> Rgb:
    return np.array([[int(code[i : i + 2], 16) for i in (1, 3, 5)] for code in codes], dtype=np.uint8)


def _hex(colour: Rgb) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in colour)
