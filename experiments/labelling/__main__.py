"""``python -m experiments.labelling [name ...]``: what is missing of rows.yaml, then tables, page and figures.

Names are scenes or data sets of rows.yaml. Rows are kept as they are finished; an interrupted run goes on where it
was, and two may run side by side on different names. Workspaces are made by ``rsgraph run`` under
experiments/.work/labelling, each run of which is cached and tracked; rows of EuroSAT are tracked beside them
(``mlflow ui --backend-store-uri sqlite:///.../mlflow.db``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.eurosat.data import load
from experiments.labelling import figure, options, quality, readme, scenes, similarity, table
from experiments.labelling.chips import CHIP, drawn, of_workspace
from experiments.labelling.measuring import clicks_row, precision, strokes_row
from experiments.labelling.representations import Representation
from experiments.labelling.store import WORK, key_of, read
from experiments.labelling.workspaces import chip_settings, read_rows, workspace

SEEDS = (0, 1, 2)


def main(wanted: Sequence[str]) -> None:
    """Measure what is missing of the scenes and data sets named (all), and write tables, page and figures."""
    rows = read_rows()
    names = [name for name in wanted or rows["scenes"] if name in rows["scenes"]]
    if names:
        scenes.main(names)
        quality.main(names)
        options.main(names)
    for name in [name for name in wanted or rows["data"] if name in rows["data"]]:
        measure_chips(name, rows["data"][name])
    if not wanted:
        similarity.measures([])
        similarity.borders([])
    write()


def write() -> None:
    """Write tables, page and figures from what was measured."""
    table.main()
    readme.main()
    figure.main()


def measure_chips(name: str, row: dict[str, Any]) -> None:
    """Measure EuroSAT's images."""
    plan = list(_missing(name, row))
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

    _measure(plan, chips.counts, represent)


def _measure(
    plan: Sequence[dict[str, Any]], counts: NDArray[np.int64], represent: Callable[[str], Representation]
) -> None:
    """Measure the rows of a plan; vectors and their precision are computed once per representation."""

    @cache
    def known(representation: str) -> tuple[Representation, float]:
        found = represent(representation)
        return found, precision(found, counts)

    for about in plan:
        name = about["representation"]
        if about["projector"] == "clicks":
            clicks_row(about, counts)
        else:
            seed = about.pop("seed")
            strokes_row(about, known(name)[0], counts, seed, known(name)[1])


def _missing(data: str, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what is planned and not yet in results.csv."""
    wanted = chip_settings(row)
    there = {key_of(found) for found in read() if found["settings"] == wanted}
    planned = [("click", "clicks", 0)]
    for name in row["representations"]:
        planned += [(name, "umap", seed) for seed in SEEDS]
    for projector, names in row["other_projectors"].items():
        planned += [(name, projector, 0) for name in names]
    for name, projector, seed in planned:
        about = {"data": data, "representation": name, "projector": projector, "seed": seed, "settings": wanted}
        if key_of(about) not in there:
            yield about


if __name__ == "__main__":
    main(sys.argv[1:])
