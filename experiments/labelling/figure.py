"""Curves and the summary of stages, drawn from the two CSVs: ``python -m experiments.labelling.figure``."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.labelling.seeds import GROUPS, TITLES, compared
from experiments.labelling.store import CURVES, FOLDER, read

COLOURS = {
    "click": ("click per segment (or chip)", "#999999", ":"),
    "propagation_bands": ("clicks + propagation (bands)", "#999999", "--"),
    "propagation_gnn2": ("clicks + propagation (GNN 2)", "#555555", "--"),
    "place": ("circles on the image itself", "#000000", ":"),
    "bands": ("band means", "#e69f00", "-"),
    "bands_2hop": ("band means + 2 hops", "#f0c800", "-"),
    "encoder": ("U-Net", "#56b4e9", "-"),
    "gnn1": ("GNN layer 1", "#0072b2", "-"),
    "gnn2": ("GNN layer 2", "#882288", "-"),
    "surroundings": ("whitened bands + 1 hop", "#d55e00", "-"),
    "surroundings_2hop": ("whitened bands + 2 hops", "#009e73", "-"),
    "colours": ("mean colours", "#e69f00", "-"),
    "statistics": ("colour and texture", "#d55e00", "-"),
    "statistics_white": ("colour and texture, whitened", "#009e73", "-"),
    "mean_bands": ("mean of nodes, bands", "#f0c800", "-"),
    "mean_encoder": ("mean of nodes, U-Net", "#56b4e9", "-"),
    "mean_gnn2": ("mean of nodes, GNN 2", "#0072b2", "-"),
    "moments_bands": ("mean and spread of nodes, bands", "#f0c800", "--"),
    "hungarian": ("Hungarian matching, GNN 2", "#882288", "-"),
    "latent": ("autoencoder", "#555555", "-."),
    "unet": ("U-Net maps", "#56b4e9", "--"),
    "unet_statistics": ("U-Net maps + colour and texture", "#882288", "--"),
}
STAGES = ("bands", "bands_2hop", "encoder", "gnn1", "gnn2", "surroundings", "surroundings_2hop", "place")
MEASURES = {"accuracy": "pixel accuracy", "iou": "mean IoU"}


def main() -> None:
    """Draw one PNG per group of data sets, and the summary."""
    mpl.rcParams.update({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False})
    for group, names in GROUPS.items():
        there = [name for name in names if compared(name)]
        if there:
            _save(curves(there), FOLDER / f"{group}.png")
    if any(compared(name) for name in TITLES):
        _save(summary(), FOLDER / "stages.png")


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=160, bbox_inches="tight")


def curves(names: list[str]) -> Figure:
    """Draw accuracy and mean IoU over strokes, one column per data set."""
    figure = Figure(figsize=(3.2 * len(names) + 2.2, 5.4))
    grid = figure.subplots(2, len(names), sharex=True, squeeze=False)
    for column, name in enumerate(names):
        for row, measure in enumerate(MEASURES):
            _panel(grid[row, column], name, measure)
        grid[0, column].set_title(TITLES[name])
        grid[1, column].set_xlabel("strokes (or clicks)")
    for row, label in enumerate(MEASURES.values()):
        grid[row, 0].set_ylabel(label.replace("pixel", "chip") if names[0].startswith("eurosat") else label)
    found = {label: line for axes in grid.flat for line, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(
        found.values(), found.keys(), loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False,
        title="UMAP unless said otherwise;\nband: least to most of 3 seeds",
    )  # fmt: skip
    figure.tight_layout()
    return figure


def _panel(axes: Axes, data: str, measure: str) -> None:
    rows = [row for row in read(CURVES) if row["data"] == data and row["measure"] == measure]
    strokes = np.arange(1, 51)
    for name, (label, colour, style) in COLOURS.items():
        mine = [row for row in rows if row["representation"] == name and row["projector"] not in ("pca", "tsne")]
        if not mine:
            continue
        values = _values(mine)
        axes.plot(strokes, values.mean(axis=0), color=colour, linestyle=style, linewidth=1.2, label=label)
        axes.fill_between(strokes, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.2, linewidth=0)
    best = float(next(iter(compared(data).values()))[0][f"ceiling_{measure}"])
    axes.axhline(best, color="black", linewidth=0.8, label="ceiling of these segments")
    axes.set_xscale("log")
    axes.set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
    axes.minorticks_off()
    axes.set_ylim(0, 1.02)


def _values(rows: list[dict[str, str]]) -> NDArray[np.float64]:
    return np.array([[float(row[str(stroke)]) for stroke in range(1, 51)] for row in rows])


def summary() -> Figure:
    """Draw what each stage reaches after 10 strokes, as a share of the ceiling's mean IoU."""
    names = [name for name in TITLES if not name.startswith("eurosat") and compared(name)]
    figure = Figure(figsize=(8.5, 3.8))
    axes = figure.subplots()
    width = 0.8 / len(STAGES)
    for number, stage in enumerate(STAGES):
        label, colour, _ = COLOURS[stage]
        shares = [_shares(name, stage) for name in names]
        middle = np.array([np.mean(share) for share in shares])
        reach = np.array([[m - min(s), max(s) - m] for m, s in zip(middle, shares, strict=True)]).T
        places = np.arange(len(names)) + (number - (len(STAGES) - 1) / 2) * width
        axes.errorbar(places, 100 * middle, 100 * reach, fmt="o", color=colour, markersize=4, label=label)
    axes.set_xticks(range(len(names)), [_short(TITLES[name]) for name in names])
    axes.set_ylabel("mean IoU after 10 strokes,\n% of the segments' ceiling")
    axes.grid(axis="y", linewidth=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, title="bar: 3 seeds of UMAP")
    return figure


def _short(title: str) -> str:
    """Break a title into short lines for an axis."""
    return title.replace(", all classes", "").replace(",", "").replace(" ", "\n").replace("site\n", "site ")


def _shares(data: str, representation: str) -> list[float]:
    projector = "none" if representation == "place" else "umap"
    rows = compared(data).get((representation, projector), [])
    return [float(row["iou_10"]) / float(row["ceiling_iou"]) for row in rows] or [float("nan")]


if __name__ == "__main__":
    main()
