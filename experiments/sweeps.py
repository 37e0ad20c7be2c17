"""Tables 2 to 6 of the paper as Hydra multiruns: every point is evaluated, results.csv written.

``python -m experiments.neighbours [PATH ...]`` and its siblings call ``main``. Everything resumes: finished points
and measured tables are taken as they are, and all sweeps share one stage cache in ``experiments/.work``.
"""

from __future__ import annotations

import csv
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from experiments.benchmarks.places import real_scenes
from experiments.benchmarks.record import commit, hardware
from experiments.paper_tables import write_tables
from rsgraph.config import config_folder, quote
from rsgraph.evaluate.evaluate import evaluate
from rsgraph.files import make_folder, read_json
from rsgraph.workspace import Workspace

HERE = Path(__file__).parent
WORK = HERE / ".work"
LAYERS = "bands,encoder,gnn1,gnn2"

Row = dict[str, Any]


def main(table: str, paths: Sequence[str]) -> None:
    """Make one table: of the scenes in ``scenes.yaml``, or in ``.work/<table>`` of those at ``paths``."""
    rows: list[Row] = []
    for name, scene in scenes(paths).items():
        folder = WORK / f"{table}-{name}"
        sweep(table, scene, folder)
        for point in points(folder):
            rows += _measured(name, point)
    place = make_folder(WORK / table if paths else HERE / table)
    _write(place / "results.csv", rows)
    write_tables(table, place)
    print(f"wrote {place / 'table.md'}")


def scenes(paths: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return the scenes of ``scenes.yaml``, or those at ``paths``, by name: path and overrides of ``rsgraph run``."""
    if paths:
        return {Path(path).stem: {"path": str(Path(path).expanduser().absolute())} for path in paths}
    data = real_scenes()
    if not data.is_dir():
        sys.exit(f"the scenes are looked for in RSGRAPH_DATA, and {data} is no folder; or name scenes of your own")
    known = yaml.safe_load((HERE / "scenes.yaml").read_text(encoding="utf-8"))
    return {
        name: {**scene, "path": None if scene["path"] is None else str(data / scene["path"])}
        for name, scene in known.items()
    }


def sweep(table: str, scene: Mapping[str, Any], folder: Path, *overrides: str) -> None:
    """Run the multirun of a table on one scene; the command is printed, so that it can be repeated by hand."""
    command = [
        *(sys.executable, "-m", "rsgraph", "run"),
        *([] if scene["path"] is None else [scene["path"]]),
        *("-m", "--config-dir", str(HERE / table), f"experiment={table}"),
        f"workspace={quote(str(folder))}",
        f"cache.path={quote(str(WORK / '.rsgraph-cache'))}",
        *scene.get("overrides", []),
        *overrides,
    ]
    print(shlex.join(command), flush=True)
    done = subprocess.run(command, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def points(folder: Path) -> Iterator[Workspace]:
    """Give the finished workspaces of a sweep."""
    for path in sorted(folder.glob("*/manifest.json")):
        yield Workspace(path.parent)


def _measured(scene: str, point: Workspace) -> list[Row]:
    """Evaluate one point: a row per layer, level and set of segments."""
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        overrides = [f"workspace={quote(str(point.folder))}", "parts=[measures]", f"layers=[{LAYERS}]"]
        config = OmegaConf.to_container(compose("evaluate", overrides), resolve=True)
    assert isinstance(config, dict)
    measured = evaluate({str(key): value for key, value in config.items()})["measures"]
    about = {"scene": scene, **_options(point), **_training(point)}
    where = {"date": date.today().isoformat(), "commit": commit(), **hardware()}
    return [{**about, **row, **where} for row in measured.to_dict("records")]


def _options(point: Workspace) -> Row:
    made = point.config
    return {
        "gnn": made["gnn"]["name"],
        "n_clusters": made["target"]["n_clusters"],
        "k": made["graph"]["k"],
        "n_segments": made["segmenter"]["n_segments"],
        "seed": made["seed"],
    }


def _training(point: Workspace) -> Row:
    """Return what was trained. (How long: ``experiments.neighbours.seconds``, one run at a time.)"""
    history = read_json(point.existing("models", "gnn.json"))["history"]
    return {"segments": len(point.segments), "gnn_epochs": len(history)}


def _write(path: Path, rows: Sequence[Row]) -> None:
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    temporary.replace(path)
