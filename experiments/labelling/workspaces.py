"""Workspaces of the scenes and of EuroSAT, made by ``rsgraph run`` under experiments/.work/labelling."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from experiments.labelling.store import FOLDER, WORK
from rsgraph import Workspace
from rsgraph.files import digest

CHEAP = ("matcher=mean", "draw=false", "trainer.threads=1")
"""Chips are not compared; one thread, so that scenes run side by side."""

NO_MAPS = "projector=pca"
"""The experiment lays out maps itself."""

KINDS = {
    "paper": ("experiment=[paper,laptop]", "chips.edges=pad", "embedding.maps=[gnn2]"),
    "full": (NO_MAPS, "training.encoder.batch_size=8"),
}
"""The paper's method at the scale of a laptop (scenes here are smaller than a chip or little larger: its edges would
leave nothing), and the full network."""


def data_folder() -> str:
    """Return where the scenes are."""
    return os.environ.get("RSGRAPH_DATA") or str(FOLDER.parents[2] / "shared" / "data")


def read_rows() -> dict[str, Any]:
    """Read rows.yaml; scenes are looked for in $RSGRAPH_DATA, else in shared/data beside the checkout."""
    text = (FOLDER / "rows.yaml").read_text(encoding="utf-8").replace("${RSGRAPH_DATA}", data_folder())
    rows: dict[str, Any] = yaml.safe_load(text)
    return rows


def scene_workspace(name: str, row: dict[str, Any], *, trained: int = 0, kind: str = "") -> Path:
    """Return the workspace of a scene: as a laptop makes it, of another seed of training, or of another kind."""
    options = [*row.get("options", []), *CHEAP]
    if kind:
        tried, more = ("_trial", row["more"]) if row.get("more") else ("", [])
        return workspace(f"{name}_{kind}{tried}", {**row, "options": [*options, *KINDS[kind], *more]}, laptop=False)
    if trained:
        return workspace(f"{name}_seed{trained}", {**row, "options": [*options, NO_MAPS, f"seed={trained}"]})
    return workspace(name, {**row, "options": [*options, NO_MAPS]})


def workspace(name: str, row: dict[str, Any], *, laptop: bool = True) -> Path:
    """Return a workspace, made by ``rsgraph run`` where it is not finished; at the scale of a laptop by default."""
    folder = WORK / name
    if "pictures" in Workspace(folder).manifest.get("stages", {}):
        return folder
    options = [*row.get("options", []), f"workspace={folder}", "tracking.experiment=labelling"]
    if laptop and not any(option.startswith("experiment=") for option in options):
        options.append("experiment=laptop")
    path = [] if row["path"] is None else [row["path"]]
    command = [sys.executable, "-m", "rsgraph", "run", *path, *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder


def chip_settings(row: dict[str, Any]) -> str:
    """Hash what EuroSAT's rows depend on besides their own names: a changed entry is measured again."""
    kept = {name: row[name] for name in ("path", "options", "reference", "most", "draw", "latent") if name in row}
    return digest({"row": json.dumps(kept, sort_keys=True).replace(data_folder(), "")})[:12]
