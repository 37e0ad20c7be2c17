"""``table.md``, written from the CSVs: ``python -m experiments.labelling.table``."""

from __future__ import annotations

from experiments.labelling import layer_tables, scene_tables
from experiments.labelling.chip_tables import chips
from experiments.labelling.seeds import TITLES, compared
from experiments.labelling.shares import rows
from experiments.labelling.store import FOLDER
from rsgraph.files import write_text

ABOUT = """\
# Labelling efficiency

Written by `python -m experiments.labelling.table` from the CSVs of this folder; the page about it: README.md.

A simulated expert brushes circles: at each stroke the circle of the map and the class that gain most. The figures
are the mean IoU averaged over strokes 1 to 20, as a share of that of the **ideal map** of the same segments, on which
each class is one island. Means over seeds of UMAP (3 to 5; each scene's own table says how many), with UMAP's own
options, but for 200 epochs in place of 500 above 2000 segments. Networks are trained by `experiment=laptop` with one
seed, on the three sites with three, and see 16 px round a chip (where borders are measured 32, the default that came
after). Three dates of one place (eopatch) count as one. Of scenes with over 4000 segments whole chips were taken.
Intervals: 95 % of 10 000 draws of scenes, in pairs. `paper`: by `experiment=[paper,laptop]`, chips by themselves and
without margin, on its own segments; small scenes only. `full`: the full network, where a GPU was at hand.
`bands_2hop`: band means joined with the means of the nearest segments and of theirs. `place`: circles in the scene.
"""


def main() -> None:
    """Write the tables."""
    write_text(FOLDER / "table.md", page())


def page() -> str:
    """Return the tables."""
    table = rows()
    parts = [ABOUT, *(write(table) for write in scene_tables.ALL), *(write() for write in layer_tables.ALL)]
    parts += [scene_tables.section(table, name) for name in table["data"].drop_duplicates()]
    parts += [chips(name) for name in TITLES if compared(name)]
    return "\n".join(part for part in parts if part)


if __name__ == "__main__":
    main()
