"""Shares of the ideal map by scene, differences of two ways to label, and their intervals over scenes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.labelling.store import RESULTS
from experiments.labelling.workspaces import read_rows

BASES = ("bands", "bands_2hop")
RESAMPLED = 10_000

Shares = pd.Series


def scenes() -> dict[str, str]:
    """Return the titles of scenes; dates of one place have one."""
    return {row.get("same", name): row["title"] for name, row in read_rows()["scenes"].items()}


def rows(table: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the rows of scenes of results.csv, with ``scene``: dates of one place are one."""
    table = pd.read_csv(RESULTS) if table is None else table
    same = {name: row.get("same", name) for name, row in read_rows()["scenes"].items()}
    table = table[table["data"].isin(list(same))]
    return table.assign(scene=table["data"].map(same), trained=table["trained"].fillna(0).astype(int))


def shares(table: pd.DataFrame, name: str, player: str = "expert", *, column: str = "share") -> Shares:
    """Return the mean share of each scene, over seeds of maps and of training, then over dates."""
    mine = table[(table["representation"] == name) & (table["player"] == player)]
    return mine.groupby(["scene", "data"])[column].mean().groupby("scene").mean()


def better_base(table: pd.DataFrame) -> Shares:
    """Return the better of bands and two-hop means of each scene."""
    return pd.concat([shares(table, name) for name in BASES], axis=1).max(axis=1)


def spread_of(table: pd.DataFrame, name: str) -> Shares:
    """Return twice the standard deviation, over seeds, of the difference to the better of bands and two-hop."""
    found = {}
    for scene, part in table[table["player"] == "expert"].groupby("scene"):
        means = {base: part[part["representation"] == base]["share"].mean() for base in BASES}
        base = max(BASES, key=lambda each: means[each])
        seeds = [part[part["representation"] == each].groupby("seed")["share"].mean() for each in (name, base)]
        found[scene] = 2 * (seeds[0] - seeds[1]).std(ddof=1)
    return pd.Series(found)


class Difference(NamedTuple):
    """A mean difference over scenes, and the interval that 95 % of resampled scenes give."""

    mean: float
    low: float
    high: float
    scenes: int
    worst: float
    worst_scene: str

    @property
    def text(self) -> str:
        """``+0.061 (+0.020 to +0.110)``."""
        return f"{self.mean:+.3f} ({self.low:+.3f} to {self.high:+.3f})"


def difference(one: Shares, other: Shares, *, seed: int = 0) -> Difference:
    """Return one - other over the scenes that have both: scenes are drawn with replacement, in pairs."""
    both = pd.concat([one, other], axis=1, join="inner").dropna()
    values = (both.iloc[:, 0] - both.iloc[:, 1]).to_numpy()
    drawn = np.random.default_rng(seed).integers(0, len(values), (RESAMPLED, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    worst = int(values.argmin())
    return Difference(values.mean(), low, high, len(values), values[worst], str(both.index[worst]))


def common(*found: Shares) -> Sequence[str]:
    """Return the scenes that all have, in the order of rows.yaml."""
    index = set.intersection(*({*each.dropna().index} for each in found))
    return [scene for scene in scenes() if scene in index]
