"""Rotation invariance (section 3.1.2 of the paper), and figure 4 repeated: ``python -m experiments.rotation``.

Runs the pipeline and the earlier method on each scene of ``rows.yaml``, rotates their chips, writes results.csv, and
from it table.md and levels.png; maps.png shows the chips as both methods lay them out. Scenes are looked for in
RSGRAPH_DATA (else shared/data); workspaces are kept in ``experiments/.work/rotation``. Rows that are there are not
measured again; ``--draw`` measures nothing.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from experiments.benchmarks.record import commit, hardware
from experiments.rotation.pictures import draw_levels, draw_maps
from rsgraph.evaluate.rotation import Similarities, rotated_similarities
from rsgraph.evaluation.rotation import rotation_invariance
from rsgraph.files import read_json

HERE = Path(__file__).parent
WORK = HERE.parent / ".work" / "rotation"
RESULTS = HERE / "results.csv"
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
KEY = ["scene", "method", "seed", "options"]


def main() -> None:
    """Measure what is missing, then write the table and the figures."""
    rows = yaml.safe_load((HERE / "rows.yaml").read_text())
    if "--draw" not in sys.argv[1:]:
        for seed in rows["seeds"]:
            for scene in rows["scenes"]:
                for method in rows["methods"]:
                    _measure(rows, scene, method, seed)
    table = pd.read_csv(RESULTS)
    (HERE / "table.md").write_text(_markdown(table), encoding="utf-8")
    draw_levels(table, HERE / "levels.png")
    folders = {(scene, method): workspace(scene, method, 0) for scene in rows["scenes"] for method in rows["methods"]}
    draw_maps(folders, HERE / "maps.png")


def workspace(scene: str, method: str, seed: int) -> Path:
    """Return where a run is kept."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", f"{scene} {method}").strip("-")
    return WORK / (name if seed == 0 else f"{name}-seed{seed}")


def _measure(rows: Mapping[str, Any], scene: str, method: str, seed: int) -> None:
    options = [*rows["common"], *rows["methods"][method]]
    made = pd.read_csv(RESULTS) if RESULTS.exists() else pd.DataFrame(columns=KEY)
    wanted = (scene, method, seed, " ".join(options))
    same = (made[KEY] == list(wanted)).all(axis=1)
    if same.any():
        print(f"{scene}, {method}, seed {seed}: measured on {made[same]['date'].iloc[0]}")
        return
    folder = workspace(scene, method, seed)
    _run(_data() / rows["scenes"][scene], folder, [*options, f"seed={seed}"])
    loss = min(epoch["val_loss"] for epoch in read_json(folder / "models" / "encoder.json")["history"])
    about = {"encoder_val_loss": round(loss, 4), "date": date.today().isoformat(), "commit": commit(), **hardware()}
    found = rotated_similarities(folder, chips=rows["chips"], seed=seed)
    new = [{**dict(zip(KEY, wanted, strict=True)), **_row(level, each), **about} for level, each in found.items()]
    outdated = (made[KEY[:3]] == list(wanted[:3])).all(axis=1)
    kept = made[~outdated].to_dict("records")
    pd.DataFrame([*kept, *new]).to_csv(RESULTS, index=False, lineterminator="\n")


def _data() -> Path:
    return Path(os.environ.get("RSGRAPH_DATA", HERE.parents[2] / "shared" / "data"))


def _run(scene: Path, folder: Path, options: Sequence[str]) -> None:
    command = [sys.executable, "-m", "rsgraph", "run", str(scene), *options, f"workspace={folder}"]
    print(" ".join(command), flush=True)
    subprocess.run(command, check=True)


def _row(level: str, found: Similarities) -> dict[str, Any]:
    measured = rotation_invariance(found.own, found.others)
    apart = ~np.eye(len(found.others), dtype=bool)
    numbers = {name: round(value, 5) for name, value in vars(measured).items()}
    spread = {
        f"{name}_q{round(100 * q):02d}": round(float(np.quantile(values, q)), 5)
        for name, values in (("own", found.own), ("others", found.others[apart]))
        for q in QUANTILES
    }
    return {"level": level, "chips": len(found.own), **numbers, **spread}


def _line(scene: str, method: str, level: str, each: pd.DataFrame) -> str:
    """Return one row of the table."""
    own, others, margin = (_spread(each[name], 2) for name in ("own", "others", "margin"))
    rank = _spread(100 * each["rank1"], 0)
    return f"| {scene} | {method} | {level} | {own} | {others} | {margin} | {rank} % | {each['chips'].iloc[0]} |"


def _spread(values: pd.Series, digits: int) -> str:
    return f"{values.mean():.{digits}f} ± {values.std(ddof=1) if len(values) > 1 else 0:.{digits}f}"


def _markdown(table: pd.DataFrame) -> str:
    lines = [
        "<!-- written by python -m experiments.rotation -->",
        "| scene | method | level | similarity to own rotations | to other chips | margin (sd) | rank-1 | chips |",
        "|---|---|---|---|---|---|---|---|",
    ]
    by = table.groupby(["scene", "method", "level"], sort=False)
    rows = [_line(*names, each) for names, each in by]
    by_run = table.drop_duplicates(KEY).groupby(["scene", "method"], sort=False)["encoder_val_loss"].mean()
    losses = ", ".join(f"{scene}, {method}: {loss:.2f}" for (scene, method), loss in by_run.items())
    note = (
        f"Mean ± standard deviation over {table['seed'].nunique()} seeds (networks, classes, drawn chips). Rank-1: "
        "share of chips of which every rotation is more similar than any other chip. Margin: difference of the means "
        "in standard deviations of the similarities to others. `pixels` and `bands segments` (matched band means) "
        f"learn nothing. Loss of the encoders on held-out chips: {losses} (mean squared error of standardised bands "
        "for the autoencoder: 1 is as good as knowing the scene's mean; Dice + cross-entropy for the U-Net)."
    )
    return "\n".join([*lines, *rows, "", note]) + "\n"


if __name__ == "__main__":
    main()
