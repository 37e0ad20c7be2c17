"""``table.md``, written from the CSVs: ``python -m experiments.labelling.table``."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from experiments.labelling import options, quality, similarity, tried
from experiments.labelling.seeds import GROUPS, TITLES, compared, mean_and_spread, strokes
from experiments.labelling.shares import (
    Shares,
    better_base,
    common,
    difference,
    rows,
    scenes,
    shares,
    spread_of,
)
from experiments.labelling.store import FOLDER
from rsgraph.files import write_text

SINGLE = (
    *("bands", "bands_2hop", "own", "surroundings", "own+gnn1", "encoder", "gnn1", "gnn2"),
    *("paper gnn1", "paper gnn2", "place"),
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

ABOUT = """\
# Labelling efficiency

Written by `python -m experiments.labelling.table` from the CSVs of this folder; the page that explains it is README.md.

A simulated expert brushes circles: at each stroke the circle of the map and the class that gain most. The figures are
the mean IoU averaged over strokes 1 to 20, as a share of that of the **ideal map** of the same segments, on which each
class is one island. Means over seeds of UMAP (5 for bands, two-hop means, own, surroundings and the pairs of these, 3
for the rest), drawn as a run draws them; networks are trained by `experiment=laptop` with one seed, on the three sites
with three. Three dates of one place (eopatch) count as one. Of scenes with over 4000 segments whole chips were taken.
Intervals: 95 % of 10 000 times that the scenes were drawn anew, in pairs. `paper`: `experiment=[paper,laptop]`, chips by
themselves without margin, on its own segments; small scenes only. `bands_2hop`: band means joined with the means of
the nearest segments and of theirs. `place`: circles in the scene itself.
"""


def main() -> None:
    """Write the tables."""
    table = rows()
    parts = [ABOUT, singles(table), several(table), players(table), curves(table), probes(), weights(), recipes()]
    parts += [paper_measures(), visible_borders(), training(table)]
    parts += [section(table, name) for name in table["data"].drop_duplicates()]
    parts += [chips(name) for name in GROUPS["eurosat"] if compared(name)]
    write_text(FOLDER / "table.md", "\n".join(part for part in parts if part))


def line(parts: Sequence[object]) -> str:
    """Return one line of a table."""
    return "| " + " | ".join(str(part) for part in parts) + " |"


def lines(head: Sequence[object], body: Sequence[Sequence[object]]) -> str:
    """Return a table."""
    return "\n".join([line(head), line(["---"] * len(head)), *(line(each) for each in body), ""])


def number(value: float, digits: int = 3, *, sign: bool = False) -> str:
    """Return a number, or nothing where there is none."""
    return "" if pd.isna(value) else f"{value:{'+' if sign else ''}.{digits}f}"


def singles(table: pd.DataFrame) -> str:
    """Return the shares of single maps by scene."""
    base = better_base(table)
    body = [_shares(name, shares(table, name), base) for name in SINGLE]
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


def probes() -> str:
    """Return what layers are worth without maps."""
    if not quality.RESULTS.exists():
        return ""
    found = probe_means()
    head = ["layer", "scenes", "P@15", *(f"mean IoU, {n} a class" for n in quality.LABELS)]
    body = [
        [name, int(row["scenes"]), *(number(row[c]) for c in ("precision_15", *_IOUS))]
        for name, row in found.iterrows()
    ]
    about = (
        "P@15: share of the 15 nearest vectors that are of a segment's own majority class. Linear probe: logistic "
        "regression on so many labelled segments of each class, mean of ten draws; mean over scenes.\n"
    )
    return f"## Without a map\n\n{about}\n{lines(head, body)}"


_IOUS = tuple(f"iou_{n}" for n in quality.LABELS)


def probe_means() -> pd.DataFrame:
    """Return the mean over scenes of each layer."""
    table = pd.read_csv(quality.RESULTS)
    same = dict(rows()[["data", "scene"]].drop_duplicates().to_numpy())
    table = table.assign(scene=table["data"].map(same)).dropna(subset="scene")
    columns = ["precision_15", *_IOUS]
    each = (
        table.groupby(["representation", "scene", "data"])[columns].mean().groupby(["representation", "scene"]).mean()
    )
    found = each.groupby("representation").mean().assign(scenes=each.groupby("representation").size())
    return found.reindex([name for name in SINGLE if name in found.index])


def weights() -> str:
    """Return what the weights of own's parts do, and what leaving one scene out chooses."""
    if not options.RESULTS.exists():
        return ""
    table = options.by_scene()
    head = ["bands", "diffused", "around", *table.index, "mean", "worst"]
    body = [
        [*(f"{w:g}" for w in weights), *(number(value) for value in table[weights]), number(table[weights].mean()),
         number(table[weights].min())]
        for weights in table.columns
    ]  # fmt: skip
    chosen = options.left_out(table)
    of = ["scene left out", "chosen on the others (bands, diffused, around)", "share", "with ours"]
    left = [
        [scene, ", ".join(f"{w:g}" for w in row["chosen"]), number(row["share"]), number(row["ours"])]
        for scene, row in chosen.iterrows()
    ]
    left.append(["mean", "", number(chosen["share"].mean()), number(chosen["ours"].mean())])
    about = (
        "Weights of the bands, the diffused spectrum and the surroundings beside 1 for a segment's own spectrum; two "
        f"seeds, at most {options.MOST} segments, {options.EPOCHS} epochs of UMAP.\n"
    )
    return f"## Weights of own\n\n{about}\n{lines(head, body)}\n{lines(of, left)}"


def recipes() -> str:
    """Return all recipes that were tried."""
    if not tried.RESULTS.exists():
        return ""
    head = ["recipe", "segments", "epochs", "scenes", "seeds", "mean share", "less than the choice"]
    body = [
        [tried.written(row.name_), row.most, row.epochs, row.scenes, row.seeds, number(row.share), number(row.difference, sign=True)]
        for row in tried.table().rename(columns={"name": "name_"}).itertuples()
    ]  # fmt: skip
    about = (
        "On the way to own and surroundings, all on the segments of one scene each: y is the spectrum in the metric, d "
        "the same diffused, w what lies around. Scenes differ between rows: compare differences, not shares.\n"
    )
    return f"## What was tried\n\n{about}\n{lines(head, body)}"


def paper_measures() -> str:
    """Return the paper's measures of nearest segments."""
    if not similarity.MEASURES.exists():
        return ""
    table = pd.read_csv(similarity.MEASURES)
    means = table.groupby(["level", "layer"])[["glcm", "lbp", "ssim", "sam", "adjacent", "itself"]].mean()
    head = [
        "level",
        "layer",
        "GLCM (less is better)",
        "LBP",
        "SSIM",
        "SAM (less)",
        "nearest lies beside",
        "paired with itself",
    ]
    body = [
        [
            level,
            layer,
            number(row["glcm"], 1),
            *(number(row[name]) for name in ("lbp", "ssim", "sam", "adjacent", "itself")),
        ]
        for level in ("feature", "context", "feature_apart", "context_apart")
        for layer in similarity.LAYERS
        if (level, layer) in means.index
        for row in [means.loc[(level, layer)]]
    ]
    about = (
        f"GLCM, LBP, SSIM and SAM of each segment and its nearest in the layer (Table 6), means over "
        f"{', '.join(table['data'].drop_duplicates())}. `context`: of their surroundings too; `apart`: without pairs "
        "that share segments.\n"
    )
    return f"## The paper's measures\n\n{about}\n{lines(head, body)}"


def visible_borders() -> str:
    """Return how visible the borders of chips are."""
    if not similarity.BORDERS.exists():
        return ""
    table = pd.read_csv(similarity.BORDERS)
    head = ["scene", "", "layer", "segments", "borders of chips", "lines through their middle", "aim met"]
    body = [
        [row.data, row.level, row.layer, row.segments, f"{number(row.accuracy)} ± {number(row.error)}",
         f"{number(row.control)} ± {number(row.control_error)}", "yes" if visible_met(row) else "no"]
        for row in table.itertuples()
    ]  # fmt: skip
    about = (
        "Balanced accuracy of saying, within the purest classes, which segments touch a border: 0.5 is nothing. The aim "
        "is at most 0.55, or 0.03 over the lines through the middle of chips, which mean nothing.\n"
    )
    return f"## Borders of chips\n\n{about}\n{lines(head, body)}"


def visible_met(row: object) -> bool:
    """Return whether borders are as hard to see as they should be."""
    accuracy, control = float(row.accuracy), float(row.control)  # type: ignore[attr-defined]
    return accuracy <= max(0.55, control + 0.03)


def training(table: pd.DataFrame) -> str:
    """Return what networks cost and bring."""
    seconds = FOLDER / "seconds.csv"
    if not seconds.exists():
        return ""
    timed = pd.read_csv(seconds)
    head = ["scene", "segments", "own and surroundings [s]", "networks [s]", "own", "own+gnn1", "gnn2", "gains"]
    reached = {name: shares(table, name) for name in ("own", "own+gnn1", "gnn2")}
    body = [
        [row.data, row.segments, number(row.untrained, 1), number(row.trained, 0),
         *(number(reached[name].get(row.scene, float("nan"))) for name in reached),
         number(reached["own+gnn1"].get(row.scene, float("nan")) - reached["own"].get(row.scene, float("nan")), sign=True)]
        for row in timed.itertuples()
    ]  # fmt: skip
    about = (
        "Seconds of the stages of `experiment=laptop` (width 16, 8 and 40 epochs, one thread): metric; encoder, encode, "
        "gnn and join. Two runs went on side by side on two cores: read them as sizes, not as benchmarks.\n"
    )
    return f"## What training costs and brings\n\n{about}\n{lines(head, body)}"


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


CHIP_AFTER = (1, 3, 5, 10, 20, 50)
CHIP_HEAD = [
    *("what is labelled on", "map", "P@15"),
    *(*(f"acc {n}" for n in CHIP_AFTER), *(f"IoU {n}" for n in (3, 10, 50))),
    *("strokes to 90 %", "95 %", "99 %", "95 % of IoU"),
]


def chips(data: str) -> str:
    """Return heading and table of one EuroSAT data set."""
    found = compared(data)
    first = next(iter(found.values()))[0]
    about = (
        f"{first['points']} chips, {first['classes']} classes; "
        f"ceiling: accuracy {float(first['ceiling_accuracy']):.3f}, mean IoU {float(first['ceiling_iou']):.3f}. "
        "Mean ± standard deviation over three seeds of UMAP; `clicks`: one chip per action; strokes are to a share of "
        "the ceiling."
    )
    body = [_chip_cells(name, projector, seeds) for (name, projector), seeds in found.items()]
    return f"## {TITLES[data]}\n\n{about}\n\n{lines(CHIP_HEAD, body)}"


def _chip_cells(name: str, projector: str, seeds: list[dict[str, str]]) -> list[str]:
    return [
        name,
        projector,
        mean_and_spread(seeds[:1], "precision_15"),
        *(mean_and_spread(seeds, f"accuracy_{n}") for n in CHIP_AFTER),
        *(mean_and_spread(seeds, f"iou_{n}") for n in (3, 10, 50)),
        *(strokes(seeds, f"strokes_{share}") for share in (90, 95, 99)),
        strokes(seeds, "strokes_iou_95"),
    ]


if __name__ == "__main__":
    main()
