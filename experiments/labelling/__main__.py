"""``python -m experiments.labelling [data set ...]``: all rows of rows.yaml that results.csv lacks, then the table.

Rows are kept as they are finished; an interrupted run goes on where it was, and two may run side by side on
different data sets. Workspaces are made by ``rsgraph run`` under experiments/.work/labelling, each run of which is
cached and tracked; rows are tracked beside them (``mlflow ui --backend-store-uri sqlite:///.../mlflow.db``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from experiments.eurosat.data import load
from experiments.labelling import figure, table
from experiments.labelling.chips import CHIP, drawn, of_workspace
from experiments.labelling.measuring import clicks_row, precision, propagation, strokes_row
from experiments.labelling.representations import SEGMENT, Representation
from experiments.labelling.segments import Segments, read_segments
from experiments.labelling.store import FOLDER, WORK, key_of, read
from rsgraph import Workspace
from rsgraph.files import digest

SEEDS = (0, 1, 2)
PROPAGATED = ("bands", "gnn2")


def main(wanted: Sequence[str]) -> None:
    """Measure what is missing of the data sets named (all), and write table and figures."""
    rows = read_rows()
    for name in wanted or rows:
        measure = measure_chips if name.startswith("eurosat") else measure_scene
        measure(name, rows[name])
    table.main()
    figure.main()


def data_folder() -> str:
    """Return where the scenes are."""
    return os.environ.get("RSGRAPH_DATA") or str(FOLDER.parents[2] / "shared" / "data")


def read_rows() -> dict[str, Any]:
    """Read rows.yaml; scenes are looked for in $RSGRAPH_DATA, else in shared/data beside the checkout."""
    text = (FOLDER / "rows.yaml").read_text(encoding="utf-8").replace("${RSGRAPH_DATA}", data_folder())
    rows: dict[str, Any] = yaml.safe_load(text)["data"]
    return rows


def measure_scene(name: str, row: dict[str, Any]) -> None:
    """Measure the segments of one scene."""
    plan = list(_missing(name, row, clicks=["click", *(f"propagation_{layer}" for layer in PROPAGATED)]))
    if not plan:
        return
    segments = read_segments(workspace(name, row), row["reference"], row.get("most"))

    def represent(representation: str) -> Representation:
        if representation == "place":
            return Representation(segments.places, "euclidean")
        return SEGMENT[representation](segments)

    _measure(plan, segments.counts, represent, lambda layer: _spread(segments, layer))


def _spread(segments: Segments, layer: str) -> Any:
    return propagation(segments.edges, np.asarray(segments.layers[layer]), segments.counts.shape[1])


def measure_chips(name: str, row: dict[str, Any]) -> None:
    """Measure EuroSAT's images."""
    plan = list(_missing(name, row, clicks=["click"]))
    if not plan:
        return
    archive = Path(row["path"])
    images = load(archive, WORK.parent / "eurosat")
    own = {"path": row["path"], "options": ["data.limit=1000"]}
    folder = workspace("eurosat_1000", own)
    chips = drawn(images, row["draw"], folder, seed=0) if "draw" in row else of_workspace(images, archive, folder)

    def represent(representation: str) -> Representation:
        if representation == "latent":
            workspace("eurosat_1000_latent", {"path": row["path"], "options": row["latent"]})
        return CHIP[representation](chips)

    _measure(plan, chips.counts, represent, None)


def _measure(
    plan: Sequence[dict[str, Any]],
    counts: NDArray[np.int64],
    represent: Callable[[str], Representation],
    spread: Callable[[str], Any] | None,
) -> None:
    """Measure the rows of a plan; vectors and their precision are computed once per representation."""

    @cache
    def known(representation: str) -> tuple[Representation, float]:
        found = represent(representation)
        return found, precision(found, counts)

    for about in plan:
        name = about["representation"]
        if about["projector"] == "clicks":
            clicks_row(
                about, counts, spread(name.removeprefix("propagation_")) if spread and name != "click" else None
            )
        else:
            seed = about.pop("seed")
            strokes_row(about, known(name)[0], counts, seed, known(name)[1])


def _missing(data: str, row: dict[str, Any], clicks: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield what is planned and not yet in results.csv."""
    wanted = settings(row)
    there = {key_of(found) for found in read() if found["settings"] == wanted}
    planned = [(name, "clicks", 0) for name in clicks]
    for name in row["representations"]:
        planned += [(name, "none", 0)] if name == "place" else [(name, "umap", seed) for seed in SEEDS]
    for projector, names in row["other_projectors"].items():
        planned += [(name, projector, 0) for name in names]
    for name, projector, seed in planned:
        about = {"data": data, "representation": name, "projector": projector, "seed": seed, "settings": wanted}
        if key_of(about) not in there:
            yield about


def settings(row: dict[str, Any]) -> str:
    """Hash what a data set's rows depend on besides their own names: a changed entry is measured again."""
    kept = {name: row[name] for name in ("path", "options", "reference", "most", "draw", "latent") if name in row}
    return digest({"row": json.dumps(kept, sort_keys=True).replace(data_folder(), "")})[:12]


def workspace(name: str, row: dict[str, Any]) -> Path:
    """Return a workspace, made by ``rsgraph run`` where it is not finished."""
    folder = WORK / name
    if "project" in Workspace(folder).manifest.get("stages", {}):
        return folder
    options = [*row.get("options", []), "projector=pca", "draw=false", f"workspace={folder}"]
    path = [] if row["path"] is None else [row["path"]]
    command = [sys.executable, "-m", "rsgraph", "run", *path, *options, "tracking.experiment=labelling"]
    if not any(option.startswith("experiment=") for option in options):
        command.append("experiment=laptop")
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder


if __name__ == "__main__":
    main(sys.argv[1:])
