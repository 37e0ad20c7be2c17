"""Tables and figures of a sweep, from its results.csv, beside the paper's numbers (paper.csv).

``python -m experiments.paper_tables`` writes all of them again without measuring anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import spearmanr

HERE = Path(__file__).parent
MEASURES = {"glcm": "GLCM ↓", "lbp": "LBP ↑", "ssim": "SSIM ↑", "sam": "SAM ↓ (rad)"}
BETTER = {"glcm": -1, "lbp": 1, "ssim": 1, "sam": -1}
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's palette, distinguishable with any colour vision."""


@dataclass(frozen=True)
class Spec:
    """One of the paper's tables.

    Parameters
    ----------
    number
        In the paper.
    level
        ``feature`` (section 2.9.1) or ``context`` (2.9.2).
    title
        What is compared.
    row
        Returns the row's name, in the paper's words, or None for a measurement that is not of this table.
    """

    number: int
    level: str
    title: str
    row: Callable[[pd.Series], str | None]


_LAYERS = {
    "bands": "Bands (not in the paper)",
    "encoder": "Graph Generation",
    "gnn1": "Layer 1",
    "gnn2": "GCN Layer 2",
}


def _network(row: pd.Series) -> str | None:
    return f"{row['gnn'].upper()} {row['n_clusters']}" if row["layer"] == "gnn2" else None


SPECS: dict[str, tuple[Spec, ...]] = {
    "graph_networks": (
        Spec(2, "feature", "nearest segments, by network and classes", _network),
        Spec(3, "context", "nearest segments with their neighbours, by network and classes", _network),
    ),
    "neighbours": (
        Spec(4, "context", "neighbours K", lambda row: f"K = {row['k']}" if row["layer"] == "gnn2" else None),
    ),
    "superpixels": (
        Spec(5, "context", "segments N", lambda row: f"N = {row['n_segments']}" if row["layer"] == "gnn2" else None),
    ),
    "layers": (Spec(6, "context", "layers", lambda row: _LAYERS.get(row["layer"])),),
}


def write_tables(name: str, folder: Path) -> None:
    """Write a folder's ``table.md`` and ``figure.png`` from its ``results.csv``."""
    results = pd.read_csv(folder / "results.csv")
    paper = pd.read_csv(HERE / "paper.csv")
    parts = [f"# {name}: from results.csv, by `python -m experiments.{name}`", ""]
    grids = []
    for spec in SPECS[name]:
        named = results.assign(row=results.apply(spec.row, axis=1)).dropna(subset="row")
        measured = named[named["level"] == spec.level]
        theirs = paper[(paper["table"] == spec.number)].set_index("row")
        order = [*theirs.index, *(row for row in measured["row"].unique() if row not in theirs.index)]
        parts += _section(spec, measured, theirs, order)
        parts += _apart(named[(named["level"] == f"{spec.level}_apart") & (named["among"] == "all")], theirs, order)
        grids.append((spec, measured[measured["among"] == "all"], theirs, order))
    if name == "neighbours":
        parts += _seconds(results)
    (folder / "table.md").write_text("\n".join([*parts, ""]), encoding="utf-8")
    _draw(grids, folder / "figure.png")


def _section(spec: Spec, measured: pd.DataFrame, theirs: pd.DataFrame, order: Sequence[str]) -> list[str]:
    scenes, seeds = measured["scene"].nunique(), measured["seed"].nunique()
    lines = [f"## Table {spec.number}: {spec.title}", ""]
    for among in ("all", "test"):
        here = measured[measured["among"] == among]
        if here.empty:
            continue
        what = "all segments" if among == "all" else "segments of the test chips only"
        lines += [
            f"Nearest among {what}: mean of {scenes} scenes ± standard deviation over {seeds} seeds (the paper's).",
            "",
            *_markdown(_pooled(here, order), theirs, order),
            "",
            *(_verdict(here, theirs, measure) for measure in MEASURES),
            "",
        ]
    lines += [
        "By scene, nearest among all segments:",
        "",
        *_by_scene(measured[measured["among"] == "all"], order),
        "",
    ]
    return lines


def _apart(measured: pd.DataFrame, theirs: pd.DataFrame, order: Sequence[str]) -> list[str]:
    """Return the same without what is like itself: a segment's nearest is often its neighbour on the ground."""
    shares = measured.groupby("row")[["adjacent", "itself", "apart"]].mean()
    rows = [" | ".join([f"| {row}", *(f"{share:.0%}" for share in shares.loc[row])]) + " |" for row in order]
    return [
        "Only contexts in which no segment is paired with itself (it is perfectly like itself; the paper does not",
        "say that such pairs were left out), nearest among all segments:",
        "",
        *_markdown(_pooled(measured, order), theirs, order, beside=False),
        "",
        *(_verdict(measured, theirs, measure) for measure in MEASURES),
        "",
        "| | nearest is one of the eight around it | pairs of a segment with itself | contexts without such pairs |",
        "|---|---|---|---|",
        *rows,
        "",
    ]


def _pooled(measured: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Return mean over scenes, and the spread over seeds within a scene: columns (measure, mean | spread)."""
    by = measured.groupby(["row", "scene"])[list(MEASURES)]
    mean = by.mean().groupby("row").mean()
    spread = by.var(ddof=1).groupby("row").mean() ** 0.5
    return pd.concat({"mean": mean, "spread": spread}, axis=1).swaplevel(axis=1).reindex(order)


def _markdown(pooled: pd.DataFrame, theirs: pd.DataFrame, order: Sequence[str], *, beside: bool = True) -> list[str]:
    lines = ["| | " + " | ".join(MEASURES.values()) + " |", "|---" * (len(MEASURES) + 1) + "|"]
    best = {measure: (BETTER[measure] * pooled[(measure, "mean")]).idxmax() for measure in MEASURES}
    for row in order:
        cells = []
        for measure in MEASURES:
            mean, spread = pooled.loc[row, (measure, "mean")], pooled.loc[row, (measure, "spread")]
            figure = f"{_digits(mean)} ± {_digits(spread)}"
            paper = f" ({theirs.loc[row, measure]:.4f})" if beside and row in theirs.index else ""
            cells.append((f"**{figure}**" if best[measure] == row else figure) + paper)
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return lines


def _digits(value: float) -> str:
    return f"{value:.2f}" if abs(value) >= 10 else f"{value:.4f}"


def _verdict(measured: pd.DataFrame, theirs: pd.DataFrame, measure: str) -> str:
    """Say whether the order of the rows is the paper's, scene by scene: scenes differ more than rows do."""
    agreement = agreement_of(measured, theirs, measure)
    sentence = (
        f"- {MEASURES[measure]}: the paper's best, {agreement.best}, is best in {agreement.same} of "
        f"{agreement.scenes} scenes (most often best: {agreement.most}); rank correlation with the paper's order "
        f"{agreement.rank:+.2f} ({agreement.low:+.2f} to {agreement.high:+.2f})"
    )
    networks = f"; {_networks(measured, measure)}" if any(row.startswith("GAT") for row in theirs.index) else ""
    return f"{sentence}{networks}."


@dataclass(frozen=True)
class Agreement:
    """How far the order of rows is the paper's: its best row, where that is ours, and Spearman's rank correlation."""

    best: str
    most: str
    same: int
    scenes: int
    rank: float
    low: float
    high: float


def agreement_of(measured: pd.DataFrame, theirs: pd.DataFrame, measure: str) -> Agreement:
    """Compare each scene's order of rows with the paper's; the rank is the mean over scenes."""
    rows = list(theirs.index)
    ours = measured[measured["row"].isin(rows)].groupby(["scene", "row"])[measure].mean().unstack()[rows]
    ranks = [float(spearmanr(ours.loc[scene], theirs[measure]).statistic) for scene in ours.index]
    best = (BETTER[measure] * ours).idxmax(axis=1)
    paper = (BETTER[measure] * theirs[measure]).idxmax()
    same = int((best == paper).sum())
    return Agreement(paper, best.mode().iloc[0], same, len(ours), float(np.mean(ranks)), min(ranks), max(ranks))


def _networks(measured: pd.DataFrame, measure: str) -> str:
    """Say how often GCN is better than GAT with as many classes, as it is in the paper."""
    by = measured.groupby(["scene", "n_clusters", "gnn"])[measure].mean().unstack()
    better = BETTER[measure] * (by["gcn"] - by["gat"]) > 0
    return f"GCN is better than GAT in {int(better.sum())} of {len(better)} pairs"


def _by_scene(measured: pd.DataFrame, order: Sequence[str]) -> list[str]:
    lines = ["| scene | | " + " | ".join(MEASURES.values()) + " |", "|---" * (len(MEASURES) + 2) + "|"]
    by = measured.groupby(["scene", "row"])[list(MEASURES)]
    mean, spread = by.mean(), by.std(ddof=1)
    for scene in measured["scene"].unique():
        for row in order:
            cells = [
                f"{_digits(mean.loc[(scene, row), name])} ± {_digits(spread.loc[(scene, row), name])}"
                for name in MEASURES
            ]
            lines.append(f"| {scene} | {row} | " + " | ".join(cells) + " |")
    return lines


def _seconds(results: pd.DataFrame) -> list[str]:
    """Return the table of training times: the paper gives 1.6 hours for K = 8 and 6.6 hours for K = 12."""
    timed = HERE / "neighbours" / "seconds.csv"
    if not timed.exists():
        return ["Seconds of training: not measured yet (`python -m experiments.neighbours.seconds`).", ""]
    lines = [
        "## Seconds of training",
        "",
        "An epoch: from seconds.csv (`python -m experiments.neighbours.seconds`), one run at a time, best of three,",
        "mean over scenes. Epochs: mean of the runs above. The paper: 1.6 h for K = 8 and 6.6 h for K = 12.",
        "",
        "| K | seconds per epoch | epochs | seconds |",
        "|---|---|---|---|",
    ]
    rows = [
        f"| {k} | {row.epoch:.3f} | {row.epochs:.0f} | {row.epoch * row.epochs:.1f} |"
        for k, row in training_seconds(results, pd.read_csv(timed)).iterrows()
    ]
    return [*lines, *rows, ""]


def training_seconds(results: pd.DataFrame, timed: pd.DataFrame) -> pd.DataFrame:
    """Return seconds of an epoch and number of epochs for each K: columns epoch, epochs."""
    epoch = timed.groupby(["k", "scene"])["epoch_seconds"].min().groupby("k").mean()
    epochs = results.drop_duplicates(["scene", "k", "seed"]).groupby("k")["gnn_epochs"].mean()
    return pd.DataFrame({"epoch": epoch, "epochs": epochs})


def _draw(grids: Sequence[tuple[Spec, pd.DataFrame, pd.DataFrame, Sequence[str]]], path: Path) -> None:
    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure = Figure(figsize=(12, 3.1 * len(grids) + 0.4), layout="constrained")
    axes = figure.subplots(len(grids), len(MEASURES), squeeze=False)
    for line, (spec, measured, theirs, order) in zip(axes, grids, strict=True):
        for place, measure in zip(line, MEASURES, strict=True):
            _panel(place, measured, theirs, order, measure)
        line[0].set_title(f"Table {spec.number}: {spec.title}", loc="left", fontsize=9)
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False)
    figure.savefig(path, dpi=150)


def _panel(place, measured: pd.DataFrame, theirs: pd.DataFrame, order: Sequence[str], measure: str) -> None:
    at = np.arange(len(order))
    scenes = measured["scene"].unique()
    for number, scene in enumerate(scenes):
        here = measured[measured["scene"] == scene].groupby("row")[measure].agg(["mean", "std"]).reindex(order)
        shift = 0.12 * (number - (len(scenes) - 1) / 2)
        place.errorbar(
            at + shift, here["mean"], here["std"], fmt="o", ms=4, capsize=2, color=COLOURS[number % 6], label=scene
        )
    place.plot(at, theirs[measure].reindex(order), "D", color="#777777", mfc="none", ms=6, label="paper (SWED)")
    place.set_xticks(at, [row.replace("not in the paper", "ours") for row in order], rotation=30, ha="right")
    place.set_ylabel(f"{MEASURES[measure]}, mean ± sd of seeds")


if __name__ == "__main__":
    for found in SPECS:
        if (HERE / found / "results.csv").exists():
            write_tables(found, HERE / found)
