"""Tables of scenes: one map, several maps, players, curves, and each scene by itself."""

from __future__ import annotations

import pandas as pd

from experiments.labelling.lines import lines, number
from experiments.labelling.shares import Shares, better_base, common, difference, scenes, shares, spread_of

SINGLE = (
    *("bands", "bands_2hop", "own", "surroundings", "own+gnn1", "encoder", "gnn1", "gnn2"),
    *("paper gnn1", "paper gnn2", "full gnn1", "full gnn2", "full own+gnn1", "place"),
)
BOTH, BASES = "own & surroundings", "bands & bands_2hop"
SEVERAL = (
    *(BASES, BOTH, "own & own", "own & own+gnn1", "surroundings & own+gnn1", "own & surroundings & own+gnn1"),
    *("bands & place", "own & place", "own & surroundings & place"),
)
PLAYERS = (
    *((BOTH, "expert"), (BOTH, "purest"), (BOTH, "clumsy"), (BASES, "expert"), (BASES, "purest"), (BASES, "clumsy")),
    *(("own", "expert"), ("own", "clumsy"), ("bands", "expert"), ("bands", "clumsy")),
    *(("bands_2hop", "expert"), ("bands_2hop", "clumsy")),
)
WHO = {"expert": "all-knowing", "purest": "chooses without the reference", "clumsy": "clumsy"}
AFTER = (1, 3, 5, 10, 20)


def singles(table: pd.DataFrame) -> str:
    """Return the shares of single maps by scene."""
    base = better_base(table)
    body = [_shares(name, shares(table, name), base) for name in SINGLE if len(shares(table, name))]
    body.append(_shares("better of bands and two-hop", base, None))
    head = ["one map", *scenes(), "mean", "worst", "over the better of bands and two-hop", "worst of these"]
    return f"## One map\n\n{lines(head, body)}\n{_below(table, base)}"


def _shares(name: str, found: Shares, base: Shares | None) -> list[str]:
    cells = [name, *(number(found.get(scene, float("nan"))) for scene in scenes())]
    cells += [number(found.mean()), number(found.min())]
    if base is None or found.equals(base):
        return [*cells, "", ""]
    gained = difference(found, base)
    return [*cells, f"{gained.text}, {gained.scenes} scenes", f"{gained.worst:+.3f} {gained.worst_scene}"]


def _below(table: pd.DataFrame, base: Shares) -> str:
    own, spread = shares(table, "own"), spread_of(table, "own")
    body = [
        [scene, number(own[scene] - base[scene], sign=True), number(spread[scene]), "yes" if missed else "no"]
        for scene in common(own, base)
        for missed in [base[scene] - own[scene] > max(0.02, spread[scene])]
    ]
    about = "Own less the better of bands and two-hop, and twice the standard deviation of that over seeds of UMAP.\n"
    return about + "\n" + lines(["scene", "difference", "two deviations", "further below than allowed"], body)


def several(table: pd.DataFrame) -> str:
    """Return the shares of several maps of one scene by scene."""
    base, again = shares(table, BASES), shares(table, "own & own")
    body = []
    for name in SEVERAL:
        found = shares(table, name)
        cells = _shares(name, found, base)
        body.append([*cells, difference(found, again).text if name not in (BASES, "own & own") else ""])
    head = ["several maps", *scenes(), "mean", "worst", "over bands & two-hop", "worst of these"]
    return f"## Several maps\n\n{lines([*head, 'over two seeds of own'], body)}"


def players(table: pd.DataFrame) -> str:
    """Return what players who know less reach."""
    body = []
    for name, player in PLAYERS:
        found = shares(table, name, player)
        kept = difference(found, shares(table, name)).text if player != "expert" else ""
        body.append([name, WHO[player], *_shares("", found, None)[1:-2], kept])
    about = (
        "`chooses without the reference`: of each map's best circle, that which looks like the largest pure island. "
        "`clumsy`: radii off by a third, one stroke in ten of a neighbouring class; mean over three hands.\n"
    )
    head = ["maps", "who", *scenes(), "mean", "worst", "less than all-knowing"]
    return f"## Players\n\n{about}\n{lines(head, body)}"


def curves(table: pd.DataFrame) -> str:
    """Return mean IoU and accuracy after so many strokes, as means over scenes of shares of the ceiling."""
    body = []
    for name in (*SINGLE, *SEVERAL):
        mine = table[(table["representation"] == name) & (table["player"] == "expert")]
        if mine.empty:
            continue
        cells: list[str] = []
        for measure in ("iou", "accuracy"):
            reached = {n: mine[f"{measure}_{n}"] / mine[f"ceiling_{measure}"] for n in AFTER}
            means = [
                each.groupby([mine["scene"], mine["data"]]).mean().groupby("scene").mean()
                for each in reached.values()
            ]
            cells += [number(100 * each.mean(), 0) for each in means]
        body.append([name, mine["scene"].nunique(), *cells])
    head = ["maps", "scenes", *(f"IoU {n}" for n in AFTER), *(f"accuracy {n}" for n in AFTER)]
    return f"## After so many strokes\n\nIn % of the segments' ceiling, mean over scenes.\n\n{lines(head, body)}"


def section(table: pd.DataFrame, data: str) -> str:
    """Return heading and table of one scene."""
    mine = table[table["data"] == data]
    first = mine[~mine["representation"].str.startswith("paper")].iloc[0]
    about = (
        f"{first['points']} segments, {first['classes']} classes; ceiling: accuracy {first['ceiling_accuracy']:.3f}, "
        f"mean IoU {first['ceiling_iou']:.3f}; ideal map over 20 strokes: {first['ideal']:.3f}."
    )
    head = [
        "maps",
        "who",
        "seeds",
        "share of the ideal map",
        *(f"acc {n}" for n in AFTER),
        *(f"IoU {n}" for n in AFTER),
    ]
    body = []
    for name, player in [
        *((name, "expert") for name in (*SINGLE, *SEVERAL)),
        *(p for p in PLAYERS if p[1] != "expert"),
    ]:
        seeds = mine[(mine["representation"] == name) & (mine["player"] == player)]
        if len(seeds):
            columns = [*(f"accuracy_{n}" for n in AFTER), *(f"iou_{n}" for n in AFTER)]
            spread = f" ± {seeds['share'].std(ddof=1):.3f}" if len(seeds) > 1 else ""
            cells = [f"{seeds['share'].mean():.3f}{spread}", *(number(seeds[each].mean()) for each in columns)]
            body.append([name, WHO[player], len(seeds), *cells])
    return f"## {scenes()[first['scene']]} ({data})\n\n{about}\n\n{lines(head, body)}"


ALL = (singles, several, players, curves)
