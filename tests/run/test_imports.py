"""The modules that the first maps load: numbers and compiled code, but nothing of training, tracking or drawing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.small_runs import TINY

TRAINING = ("torch", "torch_geometric", "pytorch_lightning", "lightning_fabric")
LATER = (*TRAINING, "mlflow", "matplotlib", "umap", "sklearn")
"""Packages that take seconds to load, and that no stage up to the first maps needs."""

FOLLOWED = """
import json, sys
from rsgraph import cli
from rsgraph.run import runner

walked, obtain = [], runner._obtain

def look(stage, *rest):
    obtain(stage, *rest)
    walked.append(stage.name)
    if stage.name == "project":
        raise KeyboardInterrupt

runner._obtain = look
try:
    cli.main(sys.argv[1:])
except SystemExit as end:
    code = end.code
print(json.dumps([code, walked, sorted({name.partition(".")[0] for name in sys.modules})]))
"""
"""A program that runs rsgraph up to the first maps, where Ctrl-C ends it."""


@pytest.mark.parametrize("experiment", ["untrained", None])
def test_the_first_maps_load_nothing_of_training_tracking_or_drawing(experiment: str | None, tmp_path: Path) -> None:
    """Also where training follows: components say their options without loading what trains."""
    left_out = ("tracking", "projector", "trainer.accelerator")
    asked = [word for word in TINY if not word.startswith(left_out)]
    if experiment:
        asked = [word for word in asked if not word.startswith(("encoder", "training"))]
        asked.append(f"experiment={experiment}")
    words = ["run", *asked, "draw=true", "workspace=w"]
    done = subprocess.run(
        [sys.executable, "-c", FOLLOWED, *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    code, walked, loaded = json.loads(done.stdout.splitlines()[-1])
    assert code == 130, done.stderr
    assert walked == ["scene", "segments", "graph", "metric", "project"]
    assert set(loaded) >= {"numba", "numpy"}
    assert not {*LATER} & {*loaded}
