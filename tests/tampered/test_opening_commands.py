"""Whole commands on files of strangers that name servers, code or other files; nothing is asked, run or written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rsgraph.journal.journal import Journal
from rsgraph.workspace import Workspace
from tests.io.rasters import counts, write_tiff
from tests.tampered.harness import Requests, attempt, requests
from tests.tampered.test_opening import TEXTS, VECTORS, aux, mrf, python, vrt

pytestmark = pytest.mark.slow

WORKS = ("workspace=w", "segmenter=grid", "encoder=bands", "gnn=none", "projector=pca", "draw=false")

AGAIN = ("tracking.uri=none", "seed=1", "overwrite=true", "segmenter.n_segments=30")


@pytest.fixture
def asked() -> Iterator[Requests]:
    with requests() as found:
        yield found
    assert found == []


@pytest.mark.parametrize("name", ["scene.tif", "scene.vrt"])
def test_a_run_on_an_mrf_appends_to_no_file(tmp_path: Path, asked: Requests, name: str) -> None:
    (tmp_path / "victim.txt").write_text("mine")
    write_tiff(tmp_path / "source.tif", np.ones((1, 8, 8), np.uint16))
    (tmp_path / name).write_text(mrf(tmp_path, str(tmp_path / "source.tif")))
    attempt(tmp_path, "run", name, *WORKS, inside=("w", "mlruns", "mlflow.db")).refused(name)


@pytest.mark.parametrize("text", ["WMS", "WCS", "tile index", "GDALG"])
def test_a_run_asks_no_server_that_a_scene_names(tmp_path: Path, asked: Requests, text: str) -> None:
    (tmp_path / "scene.tif").write_text(TEXTS[text].format(asked.address))
    attempt(tmp_path, "run", "scene.tif", *WORKS).refused("scene.tif")


def test_a_run_asks_no_server_for_overviews(tmp_path: Path, asked: Requests) -> None:
    write_tiff(tmp_path / "scene.tif", counts(4))
    (tmp_path / "scene.tif.aux.xml").write_text(aux(asked.address))
    attempt(tmp_path, "run", "scene.tif", *WORKS).refused("scene.tif.aux.xml", "not on this machine")


def test_a_config_switches_on_no_code_in_virtual_rasters(tmp_path: Path, asked: Requests) -> None:
    write_tiff(tmp_path / "a.tif", np.ones((1, 8, 8), np.uint16))
    (tmp_path / "scene.vrt").write_text(python(tmp_path, "PixelFunctionLanguage"))
    write_config(tmp_path, '{job: {env_set: {GDAL_VRT_ENABLE_PYTHON: "YES"}}}')
    attempt(tmp_path, "run", "scene.vrt", "--config-dir", "theirs", "experiment=mine", *WORKS).refused("scene.vrt")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("flags", [(), ("--help",), ("--cfg", "job")], ids=["run", "help", "cfg"])
def test_a_config_makes_no_folder_and_no_file(tmp_path: Path, asked: Requests, flags: tuple[str, ...]) -> None:
    (tmp_path / "scene.vrt").write_text(vrt(f"{asked.address}/a.tif"))
    place = tmp_path / "planted"
    handler = f"{{f: {{class: logging.FileHandler, filename: {tmp_path}/log}}}}"
    handlers = f"{{version: 1, handlers: {handler}, root: {{handlers: [f]}}}}"
    write_config(
        tmp_path,
        f"{{run: {{dir: {place}}}, output_subdir: {place}, job_logging: {handlers}, hydra_logging: {handlers}}}",
    )
    done = attempt(tmp_path, "run", "scene.vrt", *flags, "--config-dir", "theirs", "experiment=mine", *WORKS)
    done.succeeded() if flags else done.refused("scene.vrt")


@pytest.mark.parametrize("verb", ["export", "evaluate", "run"])
def test_segments_that_are_an_mrf_append_to_no_file(
    made: Workspace, tmp_path: Path, asked: Requests, verb: str
) -> None:
    with Journal(made.path("labels.sqlite")) as journal:
        journal.define("water")
        journal.assign([1, 2], "water")
    (tmp_path / "victim.txt").write_text("mine")
    write_tiff(tmp_path / "source.tif", np.ones((1, 8, 8), np.uint16))
    made.segment_file().write_text(mrf(tmp_path, str(tmp_path / "source.tif")))
    words = {"export": ["w", "exporter=geotiff"], "evaluate": ["w"]}.get(verb, ["workspace=w", *AGAIN])
    done = attempt(tmp_path, verb, *words, inside=("w", ".rsgraph-cache"))
    assert done.changed == ()
    assert "Traceback" not in done.err
    if verb == "export":
        done.refused(made.segment_file().name)


@pytest.mark.parametrize("name", VECTORS)
def test_references_that_name_servers_are_refused(
    made: Workspace, tmp_path: Path, asked: Requests, name: str
) -> None:
    (tmp_path / "given.geojson").write_text(VECTORS[name].format(asked.address))
    attempt(tmp_path, "evaluate", "w", "reference=given.geojson", inside="w/evaluation").refused("given.geojson")


def write_config(folder: Path, hydra: str) -> None:
    """Write an experiment of a stranger with settings of Hydra."""
    (folder / "theirs" / "experiment").mkdir(parents=True)
    (folder / "theirs" / "experiment" / "mine.yaml").write_text(f"# @package _global_\nhydra: {hydra}\n")
