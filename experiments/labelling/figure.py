"""Curves and shares, drawn from results.csv and curves.csv: ``python -m experiments.labelling.figure``."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.labelling.seeds import TITLES, compared
from experiments.labelling.shares import rows, scenes, shares
from experiments.labelling.store import CURVES, FOLDER, read

SHOWN = {
    "bands": ("band means", "#e69f00", "-"),
    "bands_2hop": ("band means + 2 hops", "#f0c800", "-"),
    "gnn2": ("GNN layer 2", "#882288", "-"),
    "paper gnn2": ("GNN layer 2, the paper's chips", "#882288", ":"),
    "own+gnn1": ("own + GNN layer 1", "#56b4e9", "-"),
    "own": ("own", "#0072b2", "-"),
    "surroundings": ("surroundings", "#009e73", "-"),
    "bands & bands_2hop": ("bands and 2 hops, two maps", "#e69f00", "--"),
    "own & surroundings": ("own and surroundings, two maps", "#000000", "--"),
}
"""Maps of scenes: legend, colour, line."""

CHIPS = {
    "click": ("click per chip", "#999999", ":"),
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
MEASURES = {"accuracy": "chip accuracy", "iou": "mean IoU"}
STROKES, COLUMNS = 20, 5


def main() -> None:
    """Draw all PNGs."""
    mpl.rcParams.update({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False})
    _save(share_by_scene(), FOLDER / "shares.png")
    _save(curves(), FOLDER / "curves.png")
    there = [name for name in TITLES if compared(name)]
    if there:
        _save(chip_curves(there), FOLDER / "eurosat.png")


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=130, bbox_inches="tight")


def share_by_scene() -> Figure:
    """Draw the share of the ideal map that each map reaches, scene by scene."""
    table = rows()
    figure = Figure(figsize=(12.5, 4.4))
    axes = figure.subplots()
    width = 0.8 / len(SHOWN)
    for number, (name, (label, colour, style)) in enumerate(SHOWN.items()):
        found = shares(table, name).reindex(list(scenes()))
        places = np.arange(len(found)) + (number - (len(SHOWN) - 1) / 2) * width
        face = colour if style == "-" else "none"
        axes.plot(places, found, "o", color=colour, markerfacecolor=face, markersize=4, label=label)
    for place in range(len(scenes()) - 1):
        axes.axvline(place + 0.5, color="#cccccc", linewidth=0.6)
    axes.set_xticks(range(len(scenes())), [_short(title) for title in scenes().values()], fontsize=7)
    axes.set_ylabel("mean IoU over 20 strokes,\nshare of the ideal map")
    axes.grid(axis="y", linewidth=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figure


def _short(title: str) -> str:
    """Break a title into short lines for an axis."""
    return title.replace(",", "").replace(" ", "\n").replace("site\n", "site ").replace("\nin\n", " in\n")


def curves() -> Figure:
    """Draw mean IoU over strokes, one panel per scene."""
    table = pd.read_csv(CURVES)
    same = dict(rows()[["data", "scene"]].drop_duplicates().to_numpy())
    table = table.assign(scene=table["data"].map(same)).dropna(subset="scene")
    there = [name for name in scenes() if name in set(table["scene"])]
    figure = Figure(figsize=(13, 2.5 * -(-len(there) // COLUMNS)))
    grid = figure.subplots(-(-len(there) // COLUMNS), COLUMNS, squeeze=False)
    for axes in grid.flat[len(there) :]:
        axes.set_axis_off()
    for axes, scene in zip(grid.flat, there, strict=False):
        _scene(axes, table[(table["scene"] == scene) & (table["player"] == "expert")])
        axes.set_title(scenes()[scene])
    handles, labels = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    figure.supylabel("mean IoU")
    figure.supxlabel("strokes")
    figure.tight_layout()
    return figure


def _scene(axes: Axes, table: pd.DataFrame) -> None:
    strokes = [str(stroke) for stroke in range(1, STROKES + 1)]
    for name, (label, colour, style) in SHOWN.items():
        mine = table[table["representation"] == name][strokes]
        if len(mine):
            axes.plot(range(1, STROKES + 1), mine.mean(), color=colour, linestyle=style, linewidth=1.1, label=label)
    axes.set_xscale("log")
    axes.set_xticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    axes.minorticks_off()


def chip_curves(names: list[str]) -> Figure:
    """Draw accuracy and mean IoU over strokes on EuroSAT, one column per data set."""
    figure = Figure(figsize=(3.2 * len(names) + 2.2, 5.4))
    grid = figure.subplots(2, len(names), sharex=True, squeeze=False)
    for column, name in enumerate(names):
        for row, measure in enumerate(MEASURES):
            _panel(grid[row, column], name, measure)
        grid[0, column].set_title(TITLES[name])
        grid[1, column].set_xlabel("strokes (or clicks)")
    for row, label in enumerate(MEASURES.values()):
        grid[row, 0].set_ylabel(label)
    found = {label: line for axes in grid.flat for line, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(
        found.values(), found.keys(), loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False,
        title="UMAP unless said otherwise;\nband: least to most of 3 seeds",
    )  # fmt: skip
    figure.tight_layout()
    return figure


def _panel(axes: Axes, data: str, measure: str) -> None:
    table = [row for row in read(CURVES) if row["data"] == data and row["measure"] == measure]
    strokes = np.arange(1, 51)
    for name, (label, colour, style) in CHIPS.items():
        mine = [row for row in table if row["representation"] == name and row["projector"] not in ("pca", "tsne")]
        if not mine:
            continue
        values = _values(mine)
        axes.plot(strokes, values.mean(axis=0), color=colour, linestyle=style, linewidth=1.2, label=label)
        axes.fill_between(strokes, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.2, linewidth=0)
    axes.set_xscale("log")
    axes.set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
    axes.minorticks_off()
    axes.set_ylim(0, 1.02)


def _values(table: list[dict[str, str]]) -> NDArray[np.float64]:
    return np.array([[float(row[str(stroke)]) for stroke in range(1, 51)] for row in table])


if __name__ == "__main__":
    main()
