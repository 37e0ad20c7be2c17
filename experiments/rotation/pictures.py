"""The figures: similarities by level with their intervals, and the chips as both methods lay them out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rsgraph.io.display import Pixels, choose_bands, shown_limits, stretch
from rsgraph.pictures.chip_map import compose
from rsgraph.run.scenes import Reopened, cut_chips, keep_chips

OWN, OTHERS = "#0072B2", "#D55E00"
"""Blue and vermilion of Okabe and Ito's palette, distinguishable with any colour vision."""
SIDE = 800
"""Pixels along the side of a chip map."""


def draw_levels(table: pd.DataFrame, path: Path) -> None:
    """Draw the similarity of chips to their own rotations and to other chips, by level.

    Parameters
    ----------
    table
        results.csv; of several seeds the first is drawn.
    path
        PNG.
    """
    table = table[table["seed"] == table["seed"].min()]
    panels = list(table.groupby(["scene", "method"], sort=False))
    figure = Figure(figsize=(10, 3.1 * ((len(panels) + 1) // 2)), layout="constrained")
    for axes, ((scene, method), rows) in zip(figure.subplots(-(-len(panels) // 2), 2).flat, panels, strict=False):
        _draw_panel(axes, rows)
        axes.set_title(f"{scene}: {method}", fontsize=10, loc="left")
    names = (("its own rotations (90, 180, 270 degrees)", OWN), ("other chips", OTHERS))
    figure.legend(
        handles=[Line2D([], [], color=colour, marker="o", label=f"to {name}") for name, colour in names],
        loc="outside lower center",
        ncols=2,
        frameon=False,
        title="Similarity of a chip: median, middle half (thick) and 5 to 95 % (thin); right: rank-1, margin",
    )
    figure.savefig(path, dpi=150)


def _draw_panel(axes: Axes, rows: pd.DataFrame) -> None:
    for place, row in enumerate(rows.to_dict("records")):
        for name, colour, shift in (("own", OWN, -0.14), ("others", OTHERS, 0.14)):
            low, lower, middle, upper, high = (float(row[f"{name}_q{q}"]) for q in ("05", "25", "50", "75", "95"))
            axes.plot([low, high], [place + shift] * 2, color=colour, lw=1)
            axes.plot([lower, upper], [place + shift] * 2, color=colour, lw=4, solid_capstyle="butt")
            axes.plot(middle, place + shift, "o", color="white", mec=colour, ms=5)
        text = f" {100 * row['rank1']:.0f} %, {row['margin']:.1f} sd"
        axes.annotate(text, (1, place), xycoords=("axes fraction", "data"), va="center", fontsize=8)
    axes.set_yticks(range(len(rows)), rows["level"])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("similarity (cosine)", fontsize=9)
    axes.grid(axis="x", color="0.9")
    axes.spines[["top", "right"]].set_visible(False)


def draw_maps(folders: Mapping[tuple[str, str], Path], path: Path) -> None:
    """Draw the chip maps of all methods side by side, one row per scene, as figure 4 of the paper does.

    Parameters
    ----------
    folders
        (scene, method) -> workspace.
    path
        PNG.
    """
    scenes = list(dict.fromkeys(scene for scene, _ in folders))
    methods = list(dict.fromkeys(method for _, method in folders))
    figure = Figure(figsize=(5.2 * len(methods), 5.5 * len(scenes)), layout="constrained")
    axes = figure.subplots(len(scenes), len(methods), squeeze=False)
    for (scene, method), folder in folders.items():
        here = axes[scenes.index(scene)][methods.index(method)]
        here.imshow(_chip_map(Reopened(folder)), interpolation="nearest")
        here.set_title(f"{scene}: {method}", fontsize=10, loc="left")
        here.set_xticks([])
        here.set_yticks([])
    figure.supxlabel("UMAP of chips: neighbours are similar; axes have no unit, directions no meaning", fontsize=9)
    figure.savefig(path, dpi=100)


def _chip_map(workspace: Reopened) -> Pixels:
    points = workspace.chips[["x", "y"]].to_numpy("float32")
    image, _, _ = compose(points, _thumbnails(workspace), SIDE, SIDE)
    return image


def _thumbnails(workspace: Reopened) -> list[Pixels]:
    """Return every chip in colours (rows, columns, 3)."""
    opened = keep_chips(cut_chips(workspace.options.chips, workspace.opened()), workspace)
    bands = choose_bands(opened.bands, workspace.config["display"])
    low, high = shown_limits(workspace.survey, bands, reflectance=opened.scenes[0].reflectance)
    rasters = (opened.read(chip) for chip in opened.chips)
    return [stretch(raster.values[list(bands)], raster.valid, low, high) for raster in rasters]
