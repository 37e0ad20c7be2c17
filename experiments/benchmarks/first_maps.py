"""Seconds from pixels to both maps of segments: ``python -m experiments.benchmarks.first_maps``.

Real scenes of about 1 000 x 1 000 pixels, and the generated coast, run without training (``experiment=untrained``) in
a process of its own: once for compiled code and file caches, then three times from an empty stage cache. Counted are
the stages from segments to project, which begin when the scene was surveyed and end with both maps drawn. Beside it,
in the same run, what a user's own script needs for one map of the same segments: umap-learn on their mean bands.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from experiments.benchmarks.places import real_scene
from experiments.benchmarks.record import Value, record
from rsgraph.projectors.neighbourhoods import load_umap
from rsgraph.workspace import Workspace

SCENES = {
    "T48QUE, 1068 x 1068 x 12": ("S2B_MSIL2A_20200223T032739_T48QUE_bands",),
    "generated coast, 1024 x 1024 x 12": ("", "reader=synthetic", "reader.rows=1024", "reader.columns=1024"),
}
COUNTED = ("segments", "graph", "metric", "project")
TIMES = 3


def main() -> None:
    """Measure all scenes and write ``results/first_maps.csv``."""
    record("first_maps", [measured(name, *options) for name, options in SCENES.items()])


def measured(name: str, file: str, *options: str) -> dict[str, Value]:
    """Return the seconds of one scene, the median of three warm runs."""
    with TemporaryDirectory() as folder:
        path = [str(real_scene(file))] if file else []
        runs = [run(Path(folder) / str(number), [*path, *options]) for number in range(TIMES + 1)][1:]
        seconds = {stage: statistics.median(found[stage] for found in runs) for stage in COUNTED}
        totals = [sum(found[stage] for stage in COUNTED) for found in runs]
        bands = np.array(Workspace(Path(folder) / str(TIMES) / "w").embedding("bands"))
        load_umap().UMAP(random_state=0).fit(bands)  # compiles
        start = perf_counter()
        load_umap().UMAP(random_state=0).fit(bands)
        peer = perf_counter() - start
    stages = ", ".join(f"{stage} {each:.1f} s" for stage, each in seconds.items())
    work = f"both first maps of {name}, {len(bands)} segments, cut too"
    return {
        "work": f"{work}, against one map by umap-learn",
        "ours_s": round(statistics.median(totals), 2),
        "slowest_s": round(max(totals), 2),
        "peer_s": round(peer, 2),
        "ratio": round(peer / statistics.median(totals), 3),
        "note": f"warm, aim 20 s; {stages}; the peer is umap-learn's one map of mean bands, segments given",
    }


def run(folder: Path, words: list[str]) -> dict[str, float]:
    """Run one scene in a process of its own; return stage -> seconds."""
    command = [sys.executable, "-m", "rsgraph", "run", *words, "experiment=untrained", "draw=false"]
    subprocess.run(
        [*command, "tracking.uri=none", f"workspace={folder / 'w'}"], check=True, stdout=subprocess.DEVNULL
    )
    shutil.rmtree(folder / ".rsgraph-cache")
    return {name: float(entry["seconds"]) for name, entry in Workspace(folder / "w").manifest["stages"].items()}


if __name__ == "__main__":
    main()
