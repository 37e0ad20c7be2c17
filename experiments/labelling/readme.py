"""``README.md`` of this folder in plain words, with figures from CSVs: ``python -m experiments.labelling.readme``."""

from __future__ import annotations

from textwrap import fill

import pandas as pd

from experiments.labelling import options, quality, seconds, similarity, tried
from experiments.labelling.layer_tables import probe_means, visible_met
from experiments.labelling.lines import lines, number
from experiments.labelling.scene_tables import BASES, BOTH
from experiments.labelling.shares import Shares, better_base, difference, rows, scenes, shares, spread_of
from experiments.labelling.store import FOLDER
from rsgraph.files import write_text

WIDTH = 118

NOTICED = 0.02
"""A difference under this is called none."""

FULL = 0.97
"""A scene of which the better of bands and two-hop reach this share has no room."""

JOINT, ALL_MAPS = "own+gnn1", "own & surroundings & own+gnn1"


def main() -> None:
    """Write the page."""
    write_text(FOLDER / "README.md", page())


def page() -> str:
    """Return the page."""
    table = rows()
    parts = [HEAD, stages, aims, untrained, both_maps, training, people, failures, paper, chosen, LAST]
    return "\n".join(_wrapped(part(table) if callable(part) else part) for part in parts)


def _wrapped(text: str) -> str:
    """Break long lines that are not of tables or of code."""
    return "\n".join(line if line.startswith(("|", "python")) else _filled(line) for line in text.split("\n"))


def _filled(line: str) -> str:
    later = "  " if line.startswith("- ") else ""
    return fill(line, WIDTH, subsequent_indent=later, break_long_words=False, break_on_hyphens=False)


HEAD = """\
# What each stage buys in which to label

Written by `python -m experiments.labelling.readme`; every figure comes from a CSV of this folder, all of them are in
[table.md](table.md).

An expert who knows every answer brushes circles on a map of segments, the best one at each stroke. After each stroke
the mean IoU of all labels is taken; its mean over twenty strokes, divided by that of an **ideal map** on which every
class is one island, is the *share* below. 1 is perfect; where segments of two classes look the same it cannot be had.

![Share of the ideal map, by scene](shares.png)
"""

LAST = """\
## Again

```
python -m experiments.labelling                  # what is missing of rows.yaml, then tables; goes on after Ctrl-C
python -m experiments.labelling site_38d t48que  # some scenes
python -m experiments.labelling.gpu              # adds rows of the full network, for a GPU: ten minutes
```

![Mean IoU over strokes](curves.png)

EuroSAT, chip by chip, is measured by the older rows at the end of table.md (![EuroSAT](eurosat.png)).
"""


def percent(value: float) -> str:
    """Return ``.925`` as the tables of the issue have it."""
    return f"{value:.3f}"


def signed(value: float) -> str:
    """Return ``+0.025``."""
    return f"{value:+.3f}"


def _listed(found: Shares, *, above: bool) -> str:
    """Name the scenes whose difference is noticed, the largest first."""
    kept = found[found >= NOTICED].sort_values(ascending=False) if above else found[found <= -NOTICED].sort_values()
    names = [f"{scenes()[str(scene)]} ({signed(value)})" for scene, value in kept.items()]
    return "; ".join(names) or "no scene"


def _gain(one: Shares, other: Shares) -> Shares:
    return (one - other).dropna()


def stages(table: pd.DataFrame) -> str:
    """Return a line for each stage."""
    base = better_base(table)
    timed = pd.read_csv(seconds.RESULTS) if seconds.RESULTS.exists() else None
    quick, slow = ("", "")
    if timed is not None:
        quick = f"{timed['untrained'].min():.1f} to {timed['untrained'].max():.1f} s"
        slow = f"{timed['trained'].min():.0f} to {timed['trained'].max():.0f} s"
    body = []
    for name, about, takes in (
        ("bands", "mean reflectance of a segment", "nothing"),
        ("bands_2hop", "beside that of its neighbours and theirs", "nothing"),
        ("own", "**the first map**: spectrum in a metric learnt from touching segments", quick),
        ("surroundings", "**the second map**: what lies round a segment", "the same"),
        (BOTH, "**both maps**, brushed in as one likes", quick),
        ("encoder", "U-Net", slow),
        ("gnn2", "U-Net and GNN, second layer", slow),
        (JOINT, "**the third map**: own beside the GNN's first layer", slow),
        ("paper gnn2", "the paper's: chips apart (small scenes only)", slow),
    ):
        found = shares(table, name)
        reference = shares(table, BASES) if "&" in name else base
        gained = difference(found, reference)
        cells = [f"`{name}`", about, takes, len(found), percent(found.mean()), percent(found.min())]
        body.append([*cells, gained.text])
    head = [
        "",
        "what it is",
        "takes, beside segments and map",
        "scenes",
        "share, mean",
        "worst",
        "over bands and two-hop",
    ]
    about = (
        "Three dates of one place count as one scene. The last column compares a single map with the better of "
        "bands and two-hop on each scene, a pair with the pair of them; in brackets 95 % intervals over scenes.\n"
    )
    return f"## In one table\n\n{lines(head, body)}\n{about}"


def aims(table: pd.DataFrame) -> str:
    """Return what was aimed at, what was reached and what is missing."""
    base, own, both, bases = better_base(table), shares(table, "own"), shares(table, BOTH), shares(table, BASES)
    first, pair = difference(own, base), difference(both, bases)
    roomy = base[base < FULL].index
    below = base - own - spread_of(table, "own").clip(lower=0.02)
    body = [
        _aim("first map: mean share", own.mean(), 0.85),
        _aim("first map: over the better of bands and two-hop", first.mean, 0.06),
        _aim(f"the same on the {len(roomy)} scenes with room", _gain(own, base).reindex(roomy).mean(), 0.06),
        _aim("first map, stretch", own.mean(), 0.88),
        ["scenes further below than allowed", "none", ", ".join(below.index[below > 0]), _met(not (below > 0).any())],
        _aim("both maps: mean share", both.mean(), 0.885),
        _aim("both maps: over the pair bands and two-hop", pair.mean, 0.06),
        _aim(f"the same on the {len(roomy)} scenes with room", _gain(both, bases).reindex(roomy).mean(), 0.06),
        _aim("both maps, stretch", both.mean(), 0.92),
    ]  # fmt: skip
    if similarity.BORDERS.exists():
        seen = pd.read_csv(similarity.BORDERS)
        met = [visible_met(row) for row in seen.itertuples()]
        unmet = f"{len(met) - sum(met)} of {len(met)} layers and maps over it"
        body.append(["borders of chips: 0.55, or 0.03 over lines that mean nothing", "all", unmet, _met(all(met))])
    head = ["aim", "at least", "reached", "met"]
    about = (
        f"With room: the better of bands and two-hop is under {FULL}; {_names(base[base >= FULL].index)} are solved "
        "by any map. A scene may be below by 0.02, or by two standard deviations over seeds.\n"
    )
    return f"## Aims\n\n{lines(head, body)}\n{about}"


def _aim(about: str, value: float, goal: float) -> list[str]:
    missing = "yes" if value >= goal else f"no, by {goal - value:.3f}"
    return [about, f"{goal:g}", percent(value), missing]


def _met(met: bool) -> str:
    return "yes" if met else "no"


def _names(index: pd.Index) -> str:
    return "; ".join(scenes()[str(scene)] for scene in scenes() if scene in set(index)) or "no scenes"


def untrained(table: pd.DataFrame) -> str:
    """Return what the first map buys."""
    gained = _gain(shares(table, "own"), better_base(table))
    around = _gain(shares(table, "surroundings"), better_base(table))
    probe = probe_means() if quality.RESULTS.exists() else None
    known = ""
    if probe is not None:
        own, bands, near = (probe.loc[name] for name in ("own", "bands", "surroundings"))
        known = (
            f" Without any map, too: a linear probe on five labels a class reaches a mean IoU of {own['iou_5']:.3f} "
            f"in own and {bands['iou_5']:.3f} in bands, and {own['precision_15']:.3f} of the 15 nearest are of the "
            f"same class ({bands['precision_15']:.3f}; in surroundings {near['precision_15']:.3f})."
        )
    return (
        "## The first map, in a second\n\n"
        "Most touching segments are of one cover: how they differ shows what is noise. `own` weighs spectra by "
        "that, and adds the same averaged over similar neighbours, a window of 24 px round the segment, and the "
        f"bands as they are. Over the better of bands and two-hop means it gains on {_listed(gained, above=True)}. "
        f"It loses on {_listed(gained, above=False)}. Elsewhere it makes no difference.{known}\n\n"
        f"`surroundings` by itself gains on {_listed(around, above=True)}; it loses on "
        f"{_listed(around, above=False)}: land use is known by what lies round it, thin and scattered things are "
        "not. As a second map beside own it need not be good everywhere.\n"
    )


def both_maps(table: pd.DataFrame) -> str:
    """Return what a second map buys."""
    both, own = shares(table, BOTH), shares(table, "own")
    base = shares(table, BASES)
    again, place = shares(table, "own & own"), shares(table, f"{BOTH} & place")
    more = difference(both, own)
    scene = shares(table, "place")
    return (
        "## Two maps, and the scene\n\n"
        f"Who may brush in both reaches {percent(both.mean())}, {more.text} over own by itself; two maps of own that "
        f"differ in UMAP's seed reach {percent(again.mean())}, so that {signed(difference(both, again).mean)} is "
        "what surroundings add. Against the pair of bands and two-hop it is better on "
        f"{_listed(_gain(both, base), above=True)}, and worse on {_listed(_gain(both, base), above=False)}. With "
        f"brushing in the scene as well: {percent(place.mean())}. The scene by itself, with no map at all, gives "
        f"{percent(scene.mean())} (worst {percent(scene.min())}: classes that are scattered): it is better than both "
        f"maps on {_listed(_gain(scene, both), above=True)}.\n"
    )


def training(table: pd.DataFrame) -> str:
    """Return what networks buy, and for how long."""
    own, joined, gnn1, gnn2 = (shares(table, name) for name in ("own", JOINT, "gnn1", "gnn2"))
    base, theirs = better_base(table), shares(table, "paper gnn2")
    all_maps, both = shares(table, ALL_MAPS), shares(table, BOTH)
    text = ""
    if seconds.RESULTS.exists():
        timed = pd.read_csv(seconds.RESULTS)
        rate = (timed["trained"] / timed["segments"] * 1000).median()
        text = (
            f" It took {timed['trained'].min():.0f} to {timed['trained'].max():.0f} s a scene (in the middle "
            f"{rate:.0f} s per 1000 segments, one thread, 8 and 40 epochs, on a machine with other work); the full "
            "network takes far longer."
        )
    same = theirs.index.intersection(gnn2.index)
    return (
        "## Training\n\n"
        f"The trained layer joins own in a third map, `{JOINT}`: {difference(joined, own).text} over own. It gains "
        f"on {_listed(_gain(joined, own), above=True)}, and loses on {_listed(_gain(joined, own), above=False)}. "
        f"Beside both maps as a third one it adds {difference(all_maps, both).text}.{text}\n\n"
        f"By themselves the layers of networks are no better than bands: `gnn1` {difference(gnn1, base).text} and "
        f"`gnn2` {difference(gnn2, base).text} over the better of bands and two-hop. `gnn2` gains on "
        f"{_listed(_gain(gnn2, base), above=True)}; it loses on {_listed(_gain(gnn2, base), above=False)}. The "
        f"paper's way, chips apart and without margins, at the same scale: {percent(theirs.mean())} on {len(theirs)} "
        f"small scenes, where ours has {percent(gnn2[same].mean())} and own {percent(own[same].mean())}. All "
        "networks here are narrow and briefly trained: full ones may do better, and were not measured.\n"
    ) + _full(table)


def _full(table: pd.DataFrame) -> str:
    found = shares(table, f"full {JOINT}")
    if found.empty:
        return ""
    own = shares(table, "own")
    return f"\nThe full network on {len(found)} scenes: {difference(found, own).text} over own.\n"


def people(table: pd.DataFrame) -> str:
    """Return what is left for players who know less."""
    chooser, both = shares(table, BOTH, "purest"), shares(table, BOTH)
    base = shares(table, BASES, "purest")
    clumsy = {name: shares(table, name, "clumsy") for name in (BOTH, BASES, "own", "bands", "bands_2hop")}
    own = shares(table, "own")
    worse = pd.concat([clumsy["bands"], clumsy["bands_2hop"]], axis=1).max(axis=1)
    return (
        "## People\n\n"
        "Nobody knows all answers. A player who must choose the map of each stroke by which circle looks like the "
        f"largest pure island reaches {percent(chooser.mean())} on both maps, {difference(chooser, both).text} "
        f"against the all-knowing, and is still {difference(chooser, base).text} over the same player on bands and "
        "two-hop. A clumsy one, with radii off by a third and every tenth stroke of a wrong class, reaches "
        f"{percent(clumsy[BOTH].mean())} on both maps, {percent(clumsy['own'].mean())} on own "
        f"({difference(clumsy['own'], own).text} against a sure hand, but {difference(clumsy['own'], worse).text} "
        f"over the better of bands and two-hop), {percent(clumsy[BASES].mean())} on the pair of bands and two-hop.\n"
    )


def failures(table: pd.DataFrame) -> str:
    """Return where it does not work."""
    base, own, both, pair = better_base(table), shares(table, "own"), shares(table, BOTH), shares(table, BASES)
    lost = _gain(own, base)
    body = [f"- **Below bands or two-hop in the first map**: {_each(lost[lost < 0])}."]
    lost = _gain(both, pair)
    body.append(f"- **Below the pair of bands and two-hop with both maps**: {_each(lost[lost < 0])}.")
    hardest = own.sort_values().index[:3]
    body.append(
        f"- **Hardest for own**: {', '.join(f'{scenes()[each]} ({percent(own[each])})' for each in hardest)}."
    )
    full = _names(base[base >= FULL].index)
    body.append(f"- **No room to gain, so no evidence either**: {full}. They pull all mean differences towards 0.")
    body.append(
        "- **Water in T18SVG and T48QUE** is no independent reference: it comes from an index of the same bands."
    )
    body.append(
        "- **Few and uneven references**: Guatemala, Aberystwyth and the barrier islands are known in polygons of a "
        "few dozen segments, and Gewata by a district's map with noise. The seed of UMAP moves small scenes by up "
        f"to {spread_of(table, 'own').max():.3f} (two standard deviations)."
    )
    if similarity.BORDERS.exists():
        body.append(_unmet_borders())
    return "\n".join(["## Failures", "", *body, ""])


def _each(found: Shares) -> str:
    names = [f"{scenes()[str(scene)]} ({signed(value)})" for scene, value in found.sort_values().items()]
    return "; ".join(names) or "none"


def _unmet_borders() -> str:
    table = pd.read_csv(similarity.BORDERS)
    seen = [row for row in table.itertuples() if not visible_met(row)]
    named = ", ".join(f"{row.data} {row.layer} {row.level} {row.accuracy:.2f} ({row.control:.2f})" for row in seen)
    sure = [row for row in seen if row.accuracy - max(0.55, row.control + 0.03) > 2 * row.error]
    bands = " Bands, which cannot know them, are among these." if any(row.layer == "bands" for row in seen) else ""
    return (
        f"- **Borders of chips that still show** (in brackets lines that mean nothing): {named or 'none'}. Standard "
        f"errors are {table['error'].min():.2f} to {table['error'].max():.2f}, and {len(sure)} of these "
        f"{len(seen)} are over the aim by more than two of them.{bands}"
    )


def paper(table: pd.DataFrame) -> str:
    """Return what the paper's measures say, and why they say something else."""
    del table
    if not similarity.MEASURES.exists():
        return ""
    measured = pd.read_csv(similarity.MEASURES)
    means = measured.groupby(["level", "layer"])[["glcm", "lbp", "ssim", "sam", "adjacent", "itself"]].mean()

    def of_layers(name: str, level: str) -> str:
        return ", ".join(f"{layer} {means.loc[(level, layer), name]:.3g}" for layer in similarity.LAYERS)

    return (
        "## The paper's own measures\n\n"
        f"On {measured['data'].nunique()} scenes, each segment beside its nearest in a layer (Table 6). GLCM of "
        f"contexts, less is better: {of_layers('glcm', 'context')}. SAM of contexts, less is better: "
        f"{of_layers('sam', 'context')}. SAM of the segments themselves: {of_layers('sam', 'feature')}. They reward "
        "a layer that is smooth in space: its nearest segment lies next door, and two contexts that share segments "
        "are alike in texture, whatever the cover is. Share of nearest segments that lie beside: "
        f"{of_layers('adjacent', 'context')}. Without pairs that share segments, GLCM is {_apart(means)}. Strokes "
        "reward something else: that all segments of a class lie together, also those at the other end of the "
        "scene, and that different classes lie apart.\n"
    )


def _apart(means: pd.DataFrame) -> str:
    known = [(layer, means["glcm"].get(("context_apart", layer), float("nan"))) for layer in similarity.LAYERS]
    return ", ".join(f"{layer} {number(value, 1) or 'not measurable'}" for layer, value in known)


def chosen(table: pd.DataFrame) -> str:
    """Return how the weights were chosen."""
    del table
    left = tried.left_out()
    picked = left["chosen"].value_counts()
    words = "; ".join(f"{tried.written(str(name))} ({count} times)" for name, count in picked.items())
    return (
        "## Weights\n\n"
        "own joins four parts, and their weights were looked for on these scenes: all that was tried is in "
        "table.md. So the shares above flatter own a little. By how much shows where a recipe is chosen on all "
        f"scenes but one and tried on that one. Of {left['recipes'].iloc[0]} recipes on {len(left)} scenes this "
        f"takes {words}, and reaches {percent(left['share'].mean())}, "
        f"{difference(left['share'], left['better']).text} over the better of bands and two-hop; the recipe that was "
        f"taken reaches {percent(left['ours'].mean())} ({difference(left['ours'], left['better']).text}). The "
        "recipes differ by little more than seeds of UMAP do.\n"
        f"{_grid()}"
    )


def _grid() -> str:
    if not options.RESULTS.exists():
        return ""
    found = options.by_scene()
    left, plain = options.left_out(found), found[(0.0, 0.0, 0.0)]
    return (
        f"\nOf {found.shape[1]} sets of weights on {len(found)} scenes, in the same way: "
        f"{percent(left['share'].mean())} on the scenes left out, {percent(found[options.CHOSEN].mean())} with ours, "
        f"{percent(plain.mean())} with the spectrum by itself.\n"
    )


if __name__ == "__main__":
    main()
