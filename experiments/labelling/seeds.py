"""Means and spreads over several seeds of one comparison on EuroSAT."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, stdev

from experiments.labelling.store import RESULTS, read

TITLES = {
    "eurosat_1000": "EuroSAT, 1000 chips",
    "eurosat_6000": "EuroSAT, 6000 chips",
    "eurosat_27000": "EuroSAT, all 27 000 chips",
}
"""Data sets of chips that share a figure and follow each other in the table."""

Compared = dict[tuple[str, str], list[dict[str, str]]]
"""Rows of all seeds by (representation, projector)."""


def compared(data: str) -> Compared:
    """Return the rows of one data set, in the order in which rows.yaml and __main__ measure them."""
    found: Compared = {}
    for row in read(RESULTS):
        if row["data"] == data:
            found.setdefault((row["representation"], row["projector"]), []).append(row)
    return dict(sorted(found.items(), key=lambda item: (_PROJECTORS.index(item[0][1]), _order(item[0][0]))))


_PROJECTORS = ("clicks", "umap", "tsne", "pca")
_ORDER = (
    *("click", "colours", "statistics", "statistics_white", "mean_bands", "mean_encoder", "mean_gnn1", "mean_gnn2"),
    *("moments_bands", "moments_encoder", "hungarian", "latent", "unet", "unet_statistics"),
)


def _order(name: str) -> int:
    return _ORDER.index(name)


def mean_and_spread(rows: Sequence[dict[str, str]], column: str, digits: int = 3) -> str:
    """Return ``0.843 ± 0.002``: mean and standard deviation over seeds; of one seed only the number."""
    values = [float(row[column]) for row in rows if row.get(column)]
    if not values:
        return ""
    spread = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{fmean(values):.{digits}f}{spread}"


def strokes(rows: Sequence[dict[str, str]], column: str) -> str:
    """Return mean and spread of a number of strokes; ``> 50`` where no seed got there, a range where not all did."""
    values = [float(row[column]) for row in rows if row[column]]
    if not values:
        return "> 50"
    if len(values) < len(rows):
        return f"{min(values):.0f} to > 50"
    return mean_and_spread(rows, column, digits=1) if len(values) > 1 else f"{values[0]:.0f}"
