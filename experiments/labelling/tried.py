"""All recipes of own and surroundings that were tried before one was chosen, from tried.csv."""

from __future__ import annotations

import pandas as pd

from experiments.labelling.store import FOLDER

RESULTS = FOLDER / "tried.csv"
CHOICE, PAIR = "b.6_y1_d.5_w24.7", "b.6_y1_d.5_w24.7&d.5_w24"

ABOUT = {
    "bands": "band means, by cosine",
    "twohop": "band means joined with those of one and two hops",
    "own": "y: spectrum and brightness in the metric of touching segments",
    "own_wb.15": "y, brightness weighing 0.15",
    "own_log": "y of log ratios",
    "own_power.35": "y with S^-0.35 for S^-0.5",
    "own_reg.1": "y with a ridge of 0.1",
    "own_keep.25": "y of a quarter of the pairs",
    "own_place.3": "y, place 0.3",
    "diffused": "d: y diffused three times over touching segments",
    "d3_bw0.75": "d, bandwidth 0.75",
    "d3_bw1": "d, bandwidth 1",
    "d3_bw2.5": "d, bandwidth 2.5",
    "d1_bw1.5": "d, once",
    "d6_bw1.5": "d, six times",
    "d10_bw1": "d, ten times, bandwidth 1",
    "d10_bw1.5": "d, ten times",
    "d_white": "d, in a metric once more",
    "win16": "w: means of spectra in a window of 16 px, in a metric of their own",
    "win12": "w, 12 px",
    "win24": "w, 24 px",
    "win16exact": "w, averaged over pixels rather than segments",
    "winy16": "means of y in a window of 16 px",
    "y_.7d": "y, 0.7 d",
    "y_1.5d": "y, 1.5 d",
    "y_3d": "y, 3 d",
    "y1_w.6": "y, 0.6 w",
    "y1_w.7": "y, 0.7 w",
    "y1_w.6_s8": "y, 0.6 w of 8 px",
    "y1_w.6_s12": "y, 0.6 w of 12 px",
    "y1_w.6_s24": "y, 0.6 w of 24 px",
    "y1_w.6_nn10": "y, 0.6 w, 10 neighbours in UMAP",
    "y1_w.6_nn30": "y, 0.6 w, 30 neighbours in UMAP",
    "y1_w.6_md0": "y, 0.6 w, no least distance in UMAP",
    "y1_w.6_place.3": "y, 0.6 w, place 0.3",
    "y1_w8.5_w16.5": "y, 0.5 w of 8 px, 0.5 w of 16 px",
    "y1_w8.5_w24.5": "y, 0.5 w of 8 px, 0.5 w of 24 px",
    "y.5_w16": "0.5 y, w",
    "y1_d.5_w.6": "y, 0.5 d, 0.6 w",
    "y1_d.5_w.9": "y, 0.5 d, 0.9 w",
    "y1_d.5_w24.6": "y, 0.5 d, 0.6 w of 24 px",
    "y1_d1_w.7": "y, d, 0.7 w",
    "y1_d.5_w.6_place.2": "y, 0.5 d, 0.6 w, place 0.2",
    "y1_d1h.5_w.6": "y, 0.5 d of one step, 0.6 w",
    "y.7_d1.7_w.6": "0.7 y, 0.7 d of one step, 0.6 w",
    "y1_d.5_w8.5_w24.5": "y, 0.5 d, 0.5 w of 8 px, 0.5 w of 24 px",
    "ylog_d.5_w.6": "y of log ratios, 0.5 d, 0.6 w",
    "d1h_w.6": "d of one step, 0.6 w",
    "d.75_w.6": "d of bandwidth 0.75, 0.6 w",
    "d1_w24": "d, w of 24 px",
    "d.5_w16": "0.5 d, w",
    "d.5_w24": "0.5 d, w of 24 px",
    "d.5_w32": "0.5 d, w of 32 px",
    "dwin": "d, 0.5 w of 8 px",
    "bands_y_w": "0.7 bands, 0.7 y, 0.5 d, 0.6 w",
    "b.5_y1_d.5_w.8": "0.5 bands, y, 0.5 d, 0.8 w",
    "b.5_y1_d.5_w8.5_w24.6": "0.5 bands, y, 0.5 d, 0.5 w of 8 px, 0.6 w of 24 px",
    "b.7_d1_w.8": "0.7 bands, d, 0.8 w",
    CHOICE: "0.6 bands, y, 0.5 d, 0.7 w of 24 px (chosen)",
    "[y,winy16]": "y, window of y",
    "[y,2winy16]": "y, 2 window of y",
    "y+.5winy16": "y + 0.5 window of y",
    "rms_y_w16:1,.5": "y, 0.5 w (of one length)",
    "rms_y_w16:1,1": "y, w (of one length)",
    "rms_d_w16:1,.5": "d, 0.5 w (of one length)",
    "rms_d_w16:1,1": "d, w (of one length)",
    "rms_d_w8:1,1": "d, w of 8 px (of one length)",
    "rms_y_d_w16:1,1,1": "y, d, w (of one length)",
}
"""Names in tried.csv, in words."""


def written(name: str) -> str:
    """Return a name in words; of pairs of maps, both."""
    return " & ".join(ABOUT.get(part, part) for part in name.split("&"))


def table() -> pd.DataFrame:
    """Return, of each recipe, on how many scenes it was tried, its mean share and the difference to the choice.

    A recipe was tried with up to 2000 or up to 4000 segments a scene, and 200 or 500 epochs of UMAP; the choice is
    taken over the same scenes, as often as both were tried alike.
    """
    results = pd.read_csv(RESULTS)
    scene = results["scene"].str.replace(r"^eopatch_\d$", "eopatch", regex=True)
    means = results.assign(scene=scene).groupby(["most", "epochs", "name", "scene"])["share"].mean()
    found = []
    for (most, epochs, name), mine in means.groupby(level=["most", "epochs", "name"]):
        shares = mine.droplevel(["most", "epochs", "name"])
        chosen = PAIR if "&" in name else CHOICE
        about = {"most": most, "epochs": epochs, "name": name, "scenes": len(shares), "share": shares.mean()}
        about["seeds"] = results[(results["name"] == name) & (results["most"] == most)]["seed"].nunique()
        about["difference"] = float("nan")
        if (most, epochs, chosen) in means.index.droplevel("scene") and name != chosen:
            about["difference"] = (shares - means.loc[most, epochs, chosen]).mean()
        found.append(about)
    order = ["pair", "most", "epochs", "share"]
    whole = pd.DataFrame(found)
    return whole.assign(pair=whole["name"].str.contains("&")).sort_values(order, ascending=[True, True, True, False])


def left_out(*, most: int = 4000, epochs: int = 200) -> pd.DataFrame:
    """Choose a recipe on all scenes but one, by its mean share, and return what it gives on that one.

    Parameters
    ----------
    most, epochs
        Of the trials that count. Recipes count that were tried on all scenes that the choice and bands were tried on,
        but for those of which hardly any other recipe was.
    """
    results = pd.read_csv(RESULTS)
    mine = results[(results["most"] == most) & (results["epochs"] == epochs) & ~results["name"].str.contains("&")]
    scene = mine["scene"].str.replace(r"^eopatch_\d$", "eopatch", regex=True)
    table = mine.assign(scene=scene).groupby(["scene", "name"])["share"].mean().unstack()
    table = table[table.notna().sum(axis=1) > table.shape[1] / 2].dropna(axis=1)
    chosen = [table.drop(index=scene).mean().idxmax() for scene in table.index]
    reached = [table.loc[scene, name] for scene, name in zip(table.index, chosen, strict=True)]
    better = table[["bands", "twohop"]].max(axis=1)
    found = {"chosen": chosen, "share": reached, "better": better, "ours": table[CHOICE]}
    return pd.DataFrame(found, index=table.index).assign(recipes=table.shape[1])
