"""``figure.png``, drawn from the committed CSVs: ``python -m experiments.eurosat.figure``."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from experiments.eurosat.results import CONFUSION, HERE, RESULTS, rows
from experiments.eurosat.table import Measured, collected, declared

FIGURE = HERE / "figure.png"
COLOURS = {
    "boosting": "#8c8c8c", "statistics": "#8c8c8c", "frozen": "#7fb0d8", "finetuned": "#1f5fa8", "resnet": "#d08a2e",
}  # fmt: skip


def main() -> None:
    """Draw what was measured with the first set of options that has any row."""
    for options in declared()["options"]:
        found = collected(options)
        if found:
            _draw(options, found)
            return


def _draw(options: str, found: Mapping[str, Measured]) -> None:
    figure = Figure(figsize=(14, 6.6), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    _points(left, options, found)
    _confusion(right, options, max(found.values(), key=lambda row: row.accuracy))
    figure.savefig(FIGURE, metadata={"Software": "rsgraph"})


def _points(axes: Axes, options: str, found: Mapping[str, Measured]) -> None:
    """Draw the published figures as diamonds, ours as a point with Wilson's interval, and each seed as a ring."""
    kinds = {row["row"]: row["kind"] for row in rows(RESULTS) if row["options"] == options}
    published = declared()["published"]
    for place, row in enumerate(published):
        axes.plot(row["accuracy"], place, "D", color="white", mec="#a03030", ms=6)
        axes.text(row["accuracy"] - 0.8, place, f"{row['accuracy']:.1f}", va="center", ha="right", fontsize=8)
    for place, ours in enumerate(found.values(), start=len(published)):
        ends = [[ours.accuracy - ours.low], [ours.high - ours.accuracy]]
        colour = COLOURS[kinds[ours.name]]
        axes.errorbar(ours.accuracy, place, xerr=ends, fmt="s", color=colour, capsize=3, lw=1.5, ms=6)
        axes.plot(
            ours.accuracies, [place] * len(ours.accuracies), "o", mfc="none", mec="black", ms=3, mew=0.7, zorder=3
        )
        axes.text(ours.low - 0.8, place, f"{ours.accuracy:.1f}", va="center", ha="right", fontsize=8)
    names = [*(row["name"] for row in published), *found]
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.axhline(len(published) - 0.5, color="#a03030", lw=0.8, ls=":")
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(min(row.low for row in found.values()) // 10 * 10 - 5, 100)
    axes.grid(axis="x", color="#dddddd", lw=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"accuracy on {rows(RESULTS)[0]['test_images']} test images (%)")
    axes.set_title("Diamonds: published, not ours. Squares: ours, with 95 % (Wilson); rings: seeds", fontsize=9)


def _confusion(axes: Axes, options: str, row: Measured) -> None:
    """Draw where the images of each class go, in % of the class, mean over seeds."""
    chosen = [each for each in rows(CONFUSION) if each["options"] == options and each["row"] == row.name]
    names = sorted({each["truth"] for each in chosen})
    counts = np.zeros((len(names), len(names)))
    for each in chosen:
        counts[names.index(each["truth"])] += [int(each[f"as_{name}"]) for name in names]
    shares = 100 * counts / counts.sum(axis=1, keepdims=True)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    for i, j in np.ndindex(*shares.shape):
        if shares[i, j] >= 0.5:
            colour = "white" if shares[i, j] > 55 else "black"
            axes.text(j, i, f"{shares[i, j]:.0f}", ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_xlabel("taken for")
    axes.set_ylabel("class")
    axes.set_title(f"{row.name}: % of each class ({row.accuracy:.1f} % right)", fontsize=9)


if __name__ == "__main__":
    main()
