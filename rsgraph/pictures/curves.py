"""Training curves: losses by epoch, and the best epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rsgraph.pictures.figure import MARGIN, SMALL, TEXT, WIDTH, place_axes, sheet

TRAIN, VALIDATION = "#0072B2", "#D55E00"
"""Blue and vermilion of Okabe and Ito's palette, distinguishable with any colour vision."""


@dataclass(frozen=True)
class Curve:
    """Losses of one model, one value per epoch.

    Parameters
    ----------
    model
        ``encoder: unet``.
    loss
        What the loss is: ``Dice + binary cross-entropy``.
    train, validation
        Losses per epoch. ``validation`` may be empty.
    best
        Index of the epoch whose weights were kept; None: that of the lowest validation (or training) loss.
    """

    model: str
    loss: str
    train: Sequence[float]
    validation: Sequence[float] = ()
    best: int | None = None

    @property
    def judged(self) -> Sequence[float]:
        """The losses by which the best epoch is chosen."""
        return self.validation if len(self.validation) else self.train

    @property
    def best_epoch(self) -> int | None:
        """Index of the epoch whose weights were kept, or None where no loss is finite."""
        if self.best is not None:
            return self.best
        finite = [(loss, epoch) for epoch, loss in enumerate(self.judged) if math.isfinite(loss)]
        return min(finite)[1] if finite else None


def draw_curves(curves: Sequence[Curve], *, title: str, caption: str) -> Figure:
    """Draw the losses of one or more models side by side, the best epoch marked.

    Parameters
    ----------
    curves
        One panel each.
    title, caption
        Name of the scene; how it was trained.
    """
    height, gap = 5.2, 0.9
    figure, (left, bottom, _, _) = sheet(height, title, caption)
    count = max(1, len(curves))
    width = (WIDTH - 2 * MARGIN - 0.5 - (count - 1) * gap) / count
    for number, curve in enumerate(curves):
        axes = place_axes(figure, left + 0.5 + number * (width + gap), bottom + 0.4, width, height - 0.8)
        _panel(axes, curve)
    return figure


def _panel(axes: Axes, curve: Curve) -> None:
    for losses, colour, style, name in (
        (curve.train, TRAIN, "-", "training chips"),
        (curve.validation, VALIDATION, "--", "test chips"),
    ):
        if len(losses):
            epochs = range(1, len(losses) + 1)
            marker = "o" if len(losses) < 20 else ""
            axes.plot(epochs, losses, style, color=colour, marker=marker, markersize=4, label=name, linewidth=1.8)
    _mark_best(axes, curve)
    axes.set_title(curve.model, size=TEXT + 1, loc="left", pad=8, parse_math=False)
    axes.set_xlabel("epoch", size=TEXT)
    axes.set_ylabel(f"loss ({curve.loss})", size=TEXT)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    axes.tick_params(labelsize=SMALL)
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=TEXT, framealpha=0.95, edgecolor="none", loc="upper right")


def _mark_best(axes: Axes, curve: Curve) -> None:
    best = curve.best_epoch
    if best is None:
        return
    loss = curve.judged[best]
    axes.axvline(best + 1, color="0.6", linewidth=1, linestyle=":")
    label = f"best: epoch {best + 1}, loss {loss:.4f}"
    axes.plot([best + 1], [loss], "D", color="black", markersize=6, linestyle="none", label=label)
