"""The findings of the experiments, one line per claim, written into experiments/README.md and README.md.

``python -m experiments.claims``. Every number is read from a committed results.csv; a claim whose experiment has no
results yet says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from experiments.labelling.shares import better_base, difference, rows, shares
from experiments.paper_tables import MEASURES, SPECS, Agreement, agreement_of, training_seconds

HERE = Path(__file__).parent
READMES = {HERE / "README.md": "", HERE.parent / "README.md": "experiments/"}
START, END = "<!-- claims: written by experiments/claims.py -->", "<!-- end of claims -->"


@dataclass(frozen=True)
class Claim:
    """One line.

    Parameters
    ----------
    text
        What is claimed, by the paper or by us.
    folder
        Of the experiment.
    found
        Returns what was measured, as a sentence.
    short
        Whether the README of the project shows it, too.
    """

    text: str
    folder: str
    found: Callable[[pd.DataFrame], str]
    short: bool = True


def main() -> None:
    """Write the lines into both files."""
    for path, prefix in READMES.items():
        shown = [claim for claim in CLAIMS if claim.short or not prefix]
        lines = ["| claim | measured | where |", "|---|---|---|", *(line(claim, prefix) for claim in shown)]
        before, _, rest = path.read_text(encoding="utf-8").partition(START)
        after = rest.partition(END)[2]
        path.write_text("\n".join([f"{before}{START}", *lines, f"{END}{after}"]), encoding="utf-8")
        print("\n".join(lines))


def line(claim: Claim, prefix: str) -> str:
    """Return the line of one claim, with links that begin at ``prefix``."""
    results = HERE / claim.folder / "results.csv"
    found = claim.found(pd.read_csv(results)) if results.exists() else "not measured yet"
    links = f"[table]({prefix}{claim.folder}/table.md), [csv]({prefix}{claim.folder}/results.csv)"
    return f"| {claim.text} | {found} | `python -m experiments.{claim.folder}`: {links} |"


def _order(folder: str, number: int) -> Callable[[pd.DataFrame], str]:
    """Return a function that says which row is best by each measure, and whether that is the paper's."""
    spec = next(spec for spec in SPECS[folder] if spec.number == number)

    def found(results: pd.DataFrame) -> str:
        here = results[(results["level"] == spec.level) & (results["among"] == "all")]
        here = here.assign(row=here.apply(spec.row, axis=1)).dropna(subset="row")
        paper = pd.read_csv(HERE / "paper.csv")
        theirs = paper[paper["table"] == number].set_index("row")
        return "; ".join(_agreement(agreement_of(here, theirs, name), title) for name, title in MEASURES.items())

    return found


def _agreement(found: Agreement, title: str) -> str:
    return f"{title.split()[0]}: {found.best} best in {found.same} of {found.scenes} scenes, rank {found.rank:+.2f}"


def _apart(results: pd.DataFrame) -> str:
    """Say what the second layer's context is worth where no segment is compared with itself."""
    here = results[(results["among"] == "all") & results["layer"].isin(["bands", "gnn2"])]
    means = here.groupby(["layer", "level"])[["glcm", "sam", "adjacent"]].mean()
    parts = []
    for layer in ("gnn2", "bands"):
        near = means.loc[(layer, "context"), "adjacent"]
        both = [means.loc[(layer, level), "glcm"] for level in ("context", "context_apart")]
        parts.append(
            f"{layer}: {near:.0%} of nearest lie beside, GLCM {both[0]:.1f}, without such pairs {both[1]:.1f}"
        )
    return "; ".join(parts)


def _eurosat(results: pd.DataFrame) -> str:
    """Say what teaching buys, frozen and fine-tuned, at the size and budget that was measured."""
    about = results[results["kind"] == "finetuned"]["trained"].iloc[-1]
    means = results.groupby("row")["accuracy"].mean()
    frozen = [_named(means, f"{name}, frozen, and deepest level") for name in ("C=2", "C=8", "C=18", "not taught")]
    tuned = [_named(means, name) for name in ("C=2, fine-tuned", "C=8, fine-tuned", "C=18, fine-tuned")]
    others = ("U-Net from scratch", "ResNet-18 from scratch", "statistics and two linear layers")
    return (
        f"a narrow network on a small budget ({about}), accuracy: frozen {', '.join(frozen)}; fine-tuned "
        f"{', '.join(tuned)}; {', '.join(_named(means, name) for name in others)}. Published: C=8 97.43 %, ResNet-50 "
        "98.57 %"
    )


def _named(means: pd.Series, row: str) -> str:
    return f"{row.split(',')[0]} {100 * means[row]:.1f} %"


def _rotation(results: pd.DataFrame) -> str:
    paper = results[results["method"] == "this paper"].set_index(["scene", "level"])["rank1"]
    before = results[results["method"] != "this paper"].set_index(["scene", "level"])["rank1"]
    levels = [("pixels", paper), ("encoder", paper), ("latent", before), ("bands segments", paper), ("graph", paper)]
    parts = [f"{level} {_range(ranks.xs(level, level='level'))}" for level, ranks in levels]
    loss = before_loss(results)
    return (
        f"chips of which every rotation is nearer than any other chip: {', '.join(parts)} (latent: the autoencoder "
        f"of Patel et al. 2023; it had too few chips to learn much: held-out error {loss}, where 1 is the scene's "
        "mean)"
    )


def before_loss(results: pd.DataFrame) -> str:
    """Return the held-out loss of the autoencoders: 1 is as good as knowing the scene's mean."""
    losses = results[results["method"] != "this paper"]["encoder_val_loss"]
    return f"{losses.min():.2f}-{losses.max():.2f}"


def _range(values: pd.Series) -> str:
    low, high = round(100 * values.min()), round(100 * values.max())
    return f"{low} %" if low == high else f"{low}-{high} %"


_SHOWN = ("bands", "bands_2hop", "own", "surroundings", "encoder", "gnn1", "gnn2", "own+gnn1", "own & surroundings")


def _labelling(results: pd.DataFrame) -> str:
    """Say how much of the ideal map each map reaches, over the scenes that all were measured on."""
    table = rows(results)
    found = pd.DataFrame({name: shares(table, name) for name in _SHOWN}).dropna()
    parts = [f"{name} {found[name].mean():.3f} (worst {found[name].min():.2f})" for name in _SHOWN]
    own, pair = shares(table, "own"), shares(table, "own & surroundings")
    first = difference(own, better_base(table))
    both = difference(pair, shares(table, "bands & bands_2hop"))
    return (
        f"mean over {len(found)} scenes: {', '.join(parts)}. own over the better of bands and two-hop means of each "
        f"of {first.scenes} scenes {first.text}; own & surroundings, two maps, over these two {both.text}"
    )


def _chips(results: pd.DataFrame) -> str:
    here = results[(results["data"] == "eurosat_1000") & (results["projector"] == "umap")]
    means = here.groupby("representation")["accuracy_10"].mean()
    names = ("mean_bands", "mean_encoder", "mean_gnn2", "hungarian", "latent", "statistics")
    return ", ".join(f"{name} {means[name]:.2f}" for name in names if name in means)


def _seconds(results: pd.DataFrame) -> str:
    timed = HERE / "neighbours" / "seconds.csv"
    if not timed.exists():
        return "not measured yet (`python -m experiments.neighbours.seconds`)"
    by = training_seconds(results, pd.read_csv(timed))
    return ", ".join(f"K = {k}: {row.epoch * row.epochs:.1f} s" for k, row in by.iterrows())


CLAIMS: Sequence[Claim] = (
    Claim("Table 1: taught by memberships, the U-Net is near the state of the art on EuroSAT", "eurosat", _eurosat),
    Claim(
        "Table 2: GCN taught by 8 classes puts like segments together best",
        "graph_networks",
        _order("graph_networks", 2),
    ),
    Claim("Table 3: so it does with their surroundings", "graph_networks", _order("graph_networks", 3)),
    Claim("Table 4: more neighbours K are better", "neighbours", _order("neighbours", 4)),
    Claim("and take longer to train (1.6 h for K = 8, 6.6 h for K = 12 there)", "neighbours", _seconds, short=False),
    Claim("Table 5: 500 segments are best but for GLCM", "superpixels", _order("superpixels", 5)),
    Claim("Table 6: the second layer is best but for SSIM", "layers", _order("layers", 6)),
    Claim("Context-aware figures gain from segments compared with themselves (ours)", "layers", _apart),
    Claim("Figure 4: chips are compared whatever their rotation", "rotation", _rotation),
    Claim("Mean IoU over 20 strokes of a simulated expert, as a share of the ideal map's", "labelling", _labelling),
    Claim("Accuracy after 10 strokes on 1000 EuroSAT chips", "labelling", _chips),
)

if __name__ == "__main__":
    main()
