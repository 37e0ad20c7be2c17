"""The full network on three scenes, for a GPU: ``python -m experiments.labelling.gpu``, some ten minutes.

Trains the default network (a U-Net 64 wide and 5 deep, 25 epochs; a GNN of 60, up to 200 epochs) on three scenes, and
adds the rows ``full encoder``, ``full gnn1``, ``full gnn2`` and ``full own+gnn1`` to results.csv. Options, such as
``training.encoder.max_epochs=1 encoder.width=8``, make it a trial on one scene in a workspace
of its own, of which nothing is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from experiments.labelling import table
from experiments.labelling.scenes import Comparison, Measured
from experiments.labelling.workspaces import read_rows

SCENES = ("site_38d", "site_637u", "clouds_s2")
LAYERS = ("encoder", "gnn1", "gnn2", "own+gnn1")
COMPARED = [Comparison((f"full {layer}",), "expert", 3) for layer in LAYERS]


def main(options: Sequence[str]) -> None:
    """Train and measure; with options, try only."""
    rows = read_rows()
    for name in SCENES[:1] if options else SCENES:
        measured = Measured(name, rows, kind="full")
        measured.row = {**measured.row, "more": options}
        for comparison in COMPARED[:1] if options else COMPARED:
            measured.measure(comparison, keep=not options)
    if not options:
        table.main()


if __name__ == "__main__":
    main(sys.argv[1:])
