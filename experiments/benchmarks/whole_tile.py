"""A tile that does not fit in memory as float32: seconds and peak memory of the stages that read all of it.

A generated 10 980 x 10 980 scene of 12 bands is written as uint16 GeoTIFF (5.4 GB as float32), then read from the
file in one process per stage: survey, soft classes fitted and predicted, segments. Peak memory is the process's
largest resident set, as the kernel counts it.

    python -m experiments.benchmarks.whole_tile [SIZE] [FOLDER]
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from experiments.benchmarks.record import record

SIZE = 10_980
LIMIT_GB = 4.0
STAGES = ("scene", "target", "segments", "memberships")


def main(size: int = SIZE, folder: str | None = None) -> None:
    """Measure, print and record."""
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        place = Path(temporary)
        rows = [measured(step, place, size) for step in ("generate", *STAGES)]
    for row in rows:
        print(f"{row['work']:<12} {row['seconds']:8.1f} s   peak {row['peak_gb']:.2f} GB   {row['found']}")
    record("whole_tile" if size == SIZE else f"tile_{size}", rows)


def measured(step: str, folder: Path, size: int) -> dict[str, Any]:
    """Do one step in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        seconds, peak, found = pool.apply(work, (step, str(folder), size))
    print(f"  {step}: {seconds:.0f} s, peak {peak:.2f} GB", flush=True)
    float_gb = size * size * 12 * 4 / 1e9
    return {
        "work": step,
        "pixels": size * size,
        "bands": 12,
        "seconds": round(seconds, 1),
        "peak_gb": round(peak, 3),
        "limit_gb": LIMIT_GB,
        "scene_as_float32_gb": round(float_gb, 2),
        "times_below_float32": round(float_gb / peak, 2),
        "found": found,
    }


def work(step: str, folder: str, size: int) -> tuple[float, float, str]:
    """Run one step; return seconds, peak resident memory in GB and what it says."""
    started = time.perf_counter()
    found = generate(Path(folder), size) if step == "generate" else stage(step, Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    return time.perf_counter() - started, peak, found


def generate(folder: Path, size: int) -> str:
    """Write the tile."""
    from rsgraph import build
    from rsgraph.io.writers import write_scene

    (scene,) = build("reader", name="synthetic", rows=size, columns=size).open(None)
    write_scene(scene, folder / "tile.tif")
    return f"{(folder / 'tile.tif').stat().st_size / 1e9:.2f} GB on disk"


def stage(name: str, folder: Path) -> str:
    """Run one stage of the pipeline on the tile, its inputs being where the stages before left them."""
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    from rsgraph.config import config_folder
    from rsgraph.pipeline.context import Context
    from rsgraph.pipeline.opening import cut_chips, keep_chips, open_scenes
    from rsgraph.pipeline.plan import STAGES as PLANNED
    from rsgraph.workspace import Workspace

    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        config: Any = OmegaConf.to_container(compose("run", [f"data.path={folder / 'tile.tif'}"]), resolve=True)
    config["model"] = {"from": None, "identity": None, "bands": None}
    out = folder / "workspace"
    workspace = Workspace(out)
    opened = cut_chips(config, open_scenes(config))
    if name != "scene":
        opened = keep_chips(opened, workspace)
    (folder / "work").mkdir(exist_ok=True)
    run = next(each.run for each in PLANNED if each.name == name)
    facts = run(
        Context(config, opened, workspace, out, folder / "work", lambda done, total: None, lambda *epoch: None)
    )
    shown = {key: value for key, value in facts.items() if isinstance(value, int | float)}
    return ", ".join(f"{key} {value}" for key, value in shown.items())


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    main(*(int(word) if word.isdigit() else word for word in sys.argv[1:]))  # type: ignore[arg-type]  # two optional words
