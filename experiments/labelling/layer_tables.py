"""Tables of layers: without maps, their weights, what was tried, the paper's measures, borders, and training."""

from __future__ import annotations

import pandas as pd

from experiments.labelling import options, quality, seconds, similarity, tried
from experiments.labelling.lines import lines, number
from experiments.labelling.scene_tables import SINGLE
from experiments.labelling.shares import rows, shares


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
        "Weights of the bands, the diffused spectrum and the surroundings beside 1 for a segment's own spectrum; "
        f"two seeds, at most {options.MOST} segments, {options.EPOCHS} epochs of UMAP.\n"
    )
    return f"## Weights of own\n\n{about}\n{lines(head, body)}\n{lines(of, left)}"


def recipes() -> str:
    """Return all recipes that were tried."""
    if not tried.RESULTS.exists():
        return ""
    head = ["recipe", "segments", "epochs", "scenes", "seeds", "mean share", "less than the choice"]
    found = tried.table().rename(columns={"name": "recipe"})
    body = [
        [
            tried.written(row.recipe),
            row.most,
            row.epochs,
            row.scenes,
            row.seeds,
            number(row.share),
            _less(row.difference),
        ]
        for row in found.itertuples()
    ]
    about = (
        "On the way to own and surroundings: y is the spectrum in the metric, d the same diffused, w what lies "
        "around. The scenes of rows differ: compare differences, not shares.\n"
    )
    left = tried.left_out()
    of = [
        "scene left out",
        "chosen on the others",
        "share",
        "better of bands and two-hop",
        "the recipe that was taken",
    ]
    one = [
        [scene, tried.written(row.chosen), number(row.share), number(row.better), number(row.ours)]
        for scene, row in left.iterrows()
    ]
    means = left[["share", "better", "ours"]].mean()
    one.append(["mean", "", *(number(means[name]) for name in ("share", "better", "ours"))])
    again = (
        f"Chosen on all scenes but one, of {left['recipes'].iloc[0]} recipes of one map that were tried on the same "
        "scenes, with up to 4000 segments and 200 epochs:\n"
    )
    return f"## What was tried\n\n{about}\n{lines(head, body)}\n{again}\n{lines(of, one)}"


def _less(value: float) -> str:
    return number(value, sign=True)


def paper_measures() -> str:
    """Return the paper's measures of nearest segments."""
    if not similarity.MEASURES.exists():
        return ""
    table = pd.read_csv(similarity.MEASURES)
    means = table.groupby(["level", "layer"])[["glcm", "lbp", "ssim", "sam", "adjacent", "itself"]].mean()
    head = ["level", "layer", "GLCM (less is better)", "LBP", "SSIM", "SAM (less)", "nearest beside", "with itself"]
    columns = ("lbp", "ssim", "sam", "adjacent", "itself")
    body = [
        [level, layer, number(row["glcm"], 1), *(number(row[name]) for name in columns)]
        for level in ("feature", "context", "feature_apart", "context_apart")
        for layer in similarity.LAYERS
        if (level, layer) in means.index
        for row in [means.loc[(level, layer)]]
    ]
    about = (
        "GLCM, LBP, SSIM and SAM of each segment and its nearest in the layer (Table 6), means over "
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
        "Balanced accuracy of saying, within the purest classes, which segments touch a border: 0.5 is nothing. The "
        "aim is at most 0.55, or 0.03 over the lines through the middle of chips, which mean nothing.\n"
    )
    return f"## Borders of chips\n\n{about}\n{lines(head, body)}"


def visible_met(row: object) -> bool:
    """Return whether borders are as hard to see as they should be."""
    accuracy, control = float(row.accuracy), float(row.control)  # type: ignore[attr-defined]
    return accuracy <= max(0.55, control + 0.03)


def training() -> str:
    """Return what networks cost and bring."""
    if not seconds.RESULTS.exists():
        return ""
    timed, table = pd.read_csv(seconds.RESULTS), rows()
    head = ["scene", "segments", "own and surroundings [s]", "networks [s]", "own", "own+gnn1", "gnn2", "gains"]
    reached = {name: shares(table, name) for name in ("own", "own+gnn1", "gnn2")}
    body = []
    for row in timed.itertuples():
        own, joined, gnn2 = (each.get(row.scene, float("nan")) for each in reached.values())
        cells = [row.data, row.segments, number(row.untrained, 1), number(row.trained, 0)]
        body.append([*cells, number(own), number(joined), number(gnn2), number(joined - own, sign=True)])
    about = (
        "Seconds of the stages of `experiment=laptop` (width 16, 8 and 40 epochs, one thread). Other runs shared "
        "the two cores: read them as sizes, not as benchmarks.\n"
    )
    return f"## What training costs and brings\n\n{about}\n{lines(head, body)}"


ALL = (probes, weights, recipes, paper_measures, visible_borders, training)
