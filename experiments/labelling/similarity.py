"""The paper's own measures of the new layers, and how visible chips' borders are; measures.csv and borders.csv."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.labelling.store import FOLDER, WORK, add_all, read
from experiments.labelling.workspaces import CHEAP, read_rows, scene_workspace, workspace

MEASURES, BORDERS = FOLDER / "measures.csv", FOLDER / "borders.csv"
MEASURED_ON = ("site_38d", "site_282d", "site_637u", "clouds_l7")
LAYERS = ("bands", "own", "surroundings", "own+gnn1", "gnn2")
BORDERS_OF = ("synthetic", "t18svg", "t48que")


def measures(names: Sequence[str]) -> None:
    """Measure texture, structure and spectra of nearest segments, on the scenes named (``MEASURED_ON``)."""
    rows = read_rows()["scenes"]
    there = {row["data"] for row in read(MEASURES)}
    for name in names or MEASURED_ON:
        if name in there:
            continue
        folder = scene_workspace(name, rows[name])
        found = _evaluated(folder, "measures", f"layers=[{','.join(LAYERS)}]")
        kept = found[found["among"] == "all"]
        columns = ["layer", "level", "segments", "glcm", "lbp", "ssim", "sam", "adjacent", "itself"]
        records: list[dict[str, Any]] = kept[columns].round(5).to_dict("records")
        add_all(MEASURES, [{"data": name, **each} for each in records], key=("data", "layer", "level"))
        print(kept[columns[:7]].to_string(), flush=True)


def borders(names: Sequence[str]) -> None:
    """Measure whether the borders of chips can be seen, in layers and maps, on the scenes named (``BORDERS_OF``)."""
    rows = read_rows()["scenes"]
    there = {row["data"] for row in read(BORDERS)}
    for name in names or BORDERS_OF:
        if name in there:
            continue
        options = [*rows[name].get("options", []), *CHEAP, "embedding.maps=[own,surroundings,own+gnn1,gnn2]"]
        folder = workspace(f"{name}_maps", {**rows[name], "options": options})
        found = _evaluated(folder, "borders").round(4)
        records: list[dict[str, Any]] = found.to_dict("records")
        key = [column for column in found.columns if found[column].dtype == object]
        add_all(BORDERS, [{"data": name, **each} for each in records], key=("data", *key))
        print(found.to_string(), flush=True)


def _evaluated(folder: Path, part: str, *options: str) -> pd.DataFrame:
    """Let ``rsgraph evaluate`` measure one part of a workspace."""
    command = [sys.executable, "-m", "rsgraph", "evaluate", str(folder), f"parts=[{part}]", *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=WORK)
    return pd.read_csv(folder / "evaluation" / f"{part}.csv")


if __name__ == "__main__":
    measures(sys.argv[1:])
    borders(sys.argv[1:])
