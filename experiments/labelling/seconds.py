"""Seconds that a scene's maps and networks took, from the manifests of its workspaces; seconds.csv.

Scenes run side by side in the experiment, so that these are sizes and not benchmarks.
"""

from __future__ import annotations

from experiments.benchmarks.record import commit, hardware
from experiments.labelling.store import FOLDER, WORK, add_all
from experiments.labelling.workspaces import read_rows
from rsgraph import Workspace

RESULTS = FOLDER / "seconds.csv"
UNTRAINED, TRAINED = ("graph", "metric"), ("target", "encoder", "memberships", "encode", "gnn", "join")


def main() -> None:
    """Write the seconds of all scenes whose workspaces are finished."""
    for name, row in read_rows()["scenes"].items():
        workspace = Workspace(WORK / name)
        stages = workspace.manifest.get("stages", {})
        if "join" in stages:
            found = {part: sum(stages[stage]["seconds"] for stage in names) for part, names in _PARTS.items()}
            about = {"data": name, "scene": row.get("same", name), "segments": len(workspace.segments)}
            epochs = {f"{stage}_epochs": stages[stage]["facts"]["epochs"] for stage in ("encoder", "gnn")}
            seconds = {part: round(value, 1) for part, value in found.items()}
            add_all(RESULTS, [{**about, **seconds, **epochs, "commit": commit(), **hardware()}], key=("data",))


_PARTS = {"segments_s": ("scene", "segments"), "untrained": UNTRAINED, "trained": TRAINED}


if __name__ == "__main__":
    main()
