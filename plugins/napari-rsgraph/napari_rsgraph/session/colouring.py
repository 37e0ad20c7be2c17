"""Colours of the points: by class, strongest membership, uncertainty, chip, or any column of the tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsgraph.io.palette import colours

if TYPE_CHECKING:
    from napari_rsgraph.session.session import Session

Rgb = NDArray[np.uint8]

CLASS, MEMBERSHIP, UNCERTAINTY, PREDICTED, CHIP = "class", "strongest membership", "uncertainty", "predicted", "chip"
_GRAY = 138
_AT_ONCE = 50_000
"""Segments up to which colours are found while the window waits: a few milliseconds."""
_LEAST = 12
"""A column of at most so many different values gets one colour each; above, a scale from low to high."""


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
    session
        Its labels and predictions are shown.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._chosen: str | None = None
        self._cached: tuple[tuple[str, str], Rgb, Key] | None = None
        self._shown: tuple[tuple[str, str], Rgb, Key] | None = None
        self._making: tuple[str, str] | None = None
        self._predictions: object = None
        session.labels_changed.connect(self._labels_changed)
        session.predictions_changed.connect(self._predictions_changed)

    def choices(self) -> list[str]:
        """Return what points can be coloured by at this level."""
        session = self.session
        table = session.tables.chips if session.level == "chips" else session.tables.segments
        first = [CLASS, MEMBERSHIP, UNCERTAINTY, CHIP]
        if session.suggestions.predictions is not None:
            first.insert(1, PREDICTED)
        return first + [str(name) for name in table.columns if name not in ("chip_id", "segment_id", "x", "y")]

    @property
    def by(self) -> str:
        """What is shown: what was chosen, else classes as soon as there are labels, else memberships."""
        if self._chosen is not None:
            return self._chosen
        labelled = bool(self.session.labelling.codes.any())
        return CLASS if labelled or "target" not in self.session.workspace.layers else MEMBERSHIP

    def choose(self, by: str) -> None:
        """Colour points by something else."""
        self._chosen = by
        self._forget()

    def _labels_changed(self) -> None:
        """Only colours by class follow the labels: the others of a million segments take long to find again."""
        if self.by == CLASS or self._cached is None or self._cached[0][1] != self.by:
            self._forget()

    def _predictions_changed(self) -> None:
        """Going through a queue is no new prediction."""
        made = self.session.suggestions.predictions
        if made is not self._predictions:
            self._predictions = made
            if self.by in (PREDICTED, UNCERTAINTY):
                self._forget()

    def _forget(self) -> None:
        self._cached = self._making = None
        self.session.colours_changed.emit()

    def colours(self) -> Rgb:
        """Return (points, 3) colours of the current map's points."""
        found: Rgb = self.session.map.of_points(self._all()[0])
        return found

    def key(self) -> Key:
        """Return what the colours mean."""
        return self._all()[1]

    def _all(self) -> tuple[Rgb, Key]:
        """Colours and key; of many points found beside the window, which shows the former ones meanwhile."""
        wanted = (self.session.level, self.by)
        if self._cached is not None and self._cached[0] == wanted:
            return self._cached[1], self._cached[2]
        if self.session.tables.n_segments <= _AT_ONCE:
            self._cached = (wanted, *self._make())
            return self._cached[1], self._cached[2]
        self._start(wanted)
        return self._former(wanted)

    def _start(self, wanted: tuple[str, str]) -> None:
        if self._making == wanted:
            return
        self._making = wanted

        def done(made: tuple[Rgb, Key]) -> None:
            if self._making == wanted:
                self._making, self._cached = None, (wanted, *made)
                self._shown = self._cached
                self.session.colours_changed.emit()

        def ended() -> None:
            if self._making == wanted:
                self._making = None

        self.session.run("colour the points", lambda progress: self._make(), done, ended=ended)

    def _former(self, wanted: tuple[str, str]) -> tuple[Rgb, Key]:
        if self._shown is not None and self._shown[0][0] == wanted[0]:
            return self._shown[1], self._shown[2]
        tables = self.session.tables
        n = tables.n_chips if wanted[0] == "chips" else tables.n_segments
        return np.full((n, 3), _GRAY, dtype=np.uint8), Key(wanted[1])

    def _make(self) -> tuple[Rgb, Key]:
        if self.by == CLASS:
            return self._classes()
        if self.by == PREDICTED and self.session.suggestions.predictions is not None:
            return self._predicted(self.session.suggestions.predictions.best.astype(np.int64))
        if self.by == MEMBERSHIP:
            return self._memberships()
        if self.by == UNCERTAINTY:
            return _scale(self._at_level(self.session.suggestions.uncertainty()), UNCERTAINTY)
        return self._column()

    def _classes(self) -> tuple[Rgb, Key]:
        labelling = self.session.labelling
        codes = self._majority(labelling.codes, len(labelling.names) + 1)
        palette = labelling.palette()
        names = ["unlabelled", *labelling.names]
        return palette.take(codes, axis=0), Key(CLASS, tuple(zip(names, map(_hex, palette), strict=True))[:_LEAST])

    def _predicted(self, best: NDArray[np.int64]) -> tuple[Rgb, Key]:
        labelling = self.session.labelling
        codes = self._majority(best, len(labelling.names) + 1)
        palette = labelling.palette()
        names = ["unreached", *labelling.names]
        return palette[codes], Key(PREDICTED, tuple(zip(names, map(_hex, palette), strict=True))[:_LEAST])

    def _memberships(self) -> tuple[Rgb, Key]:
        memberships = self.session.workspace.embedding("target")
        strongest = np.asarray(memberships).argmax(axis=1)
        n = memberships.shape[1]
        palette = _rgb(colours(n))
        codes = self._majority(strongest.astype(np.int64), n)
        names = [str(number) for number in range(1, n + 1)]
        return palette[codes], Key("cluster", tuple(zip(names, map(_hex, palette), strict=True))[:_LEAST])

    def _column(self) -> tuple[Rgb, Key]:
        tables, name = self.session.tables, "chip_id" if self.by == CHIP else self.by
        table = tables.chips if self.session.level == "chips" else tables.segments
        if name not in table:
            return self._classes()
        return column_colours(table[name], self.by)

    def _majority(self, codes: NDArray[np.integer[Any]], n: int) -> NDArray[np.integer[Any]]:
        """Codes of the points: segments' own, or for chips the commonest by area, unlabelled counting last."""
        session = self.session
        if session.level == "segments":
            return codes
        tables = session.tables
        areas = tables.segments["area_px"].to_numpy(np.float64)
        sums = np.bincount(tables.chip_of * n + codes, weights=areas, minlength=tables.n_chips * n)
        table: NDArray[np.float64] = sums.astype(np.float64).reshape(tables.n_chips, n)
        if self.by in (CLASS, PREDICTED):
            table[:, 0] *= 1e-9
        commonest: NDArray[np.int64] = table.argmax(axis=1)
        return commonest

    def _at_level(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values of the points: segments' own, or the mean over a chip's."""
        session = self.session
        if session.level == "segments":
            return values
        chip_of, n = session.tables.chip_of, session.tables.n_chips
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
