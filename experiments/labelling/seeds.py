"""Means and spreads over several seeds of one comparison."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, stdev

from experiments.labelling.store import RESULTS, read

GROUPS = {
    "sites": ("site_38d", "site_282d", "site_637u"),
    "eopatch": ("eopatch_2", "eopatch_3", "eopatch_4"),
    "water": ("t48que", "t18svg"),
    "synthetic": ("synthetic",),
    "eurosat": ("eurosat_1000", "eurosat_6000", "eurosat_27000"),
}
"""Data sets that share a figure."""

TITLES = {
    "site_38d": "site 38D, dry farmland",
    "site_282d": "site 282D, forest coast",
    "site_637u": "site 637U, large fields",
    "eopatch_2": "eopatch, date 2",
    "eopatch_3": "eopatch, date 3",
    "eopatch_4": "eopatch, date 4",
    "t48que": "water in T48QUE",
    "t18svg": "water in T18SVG",
    "synthetic": "synthetic coast, all classes",
    "eurosat_1000": "EuroSAT, 1000 chips",
    "eurosat_6000": "EuroSAT, 6000 chips",
    "eurosat_27000": "EuroSAT, all 27 000 chips",
}

Compared = dict[tuple[str, str], list[dict[str, str]]]
"""Rows of all seeds by (representation, projector)."""


def compared(data: str) -> Compared:
    """Return the rows of one data set, in the order in which rows.yaml and __main__ measure them."""
    found: Compared = {}
    for row in read(RESULTS):
        if row["data"] == data:
            found.setdefault((row["representation"], row["projector"]), []).append(row)
    return dict(sorted(found.items(), key=lambda item: (_PROJECTORS.index(item[0][1]), _order(item[0][0]))))


_PROJECTORS = ("clicks", "none", "umap", "tsne", "pca")
_ORDER = (
    *("click", "propagation_bands", "propagation_gnn2", "place", "colours", "statistics", "statistics_white"),
    *("bands", "bands_1hop", "bands_2hop", "encoder", "gnn1", "gnn2", "encoder_white", "gnn2_white"),
    *(
        "surroundings",
        "surroundings_2hop",
        "mean_bands",
        "mean_encoder",
        "mean_gnn1",
        "mean_gnn2",
        "moments_bands",
        "moments_encoder",
        "hungarian",
    ),
    *("latent", "unet", "unet_statistics"),
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
