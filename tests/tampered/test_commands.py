"""Whole commands on files from strangers: code beside them, planted stores, journals, and sizes without measure.

Each ends with exit code 2 and one sentence, or with 0 and what it would have made without; nothing is written
elsewhere, nobody is asked anything, and memory and time keep to their limits (``tests/tampered/harness.py``).
"""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from rsgraph.journal.journal import Journal
from rsgraph.workspace import Workspace
from tests.small_runs import TINY
from tests.tampered.harness import Outcome, attempt, requests
from tests.tampered.test_journal import EVENTS, SCHEMAS, appended, changed, zeroed
from tests.tampered.test_sizes import ARCHIVES, RASTERS, bomb

pytestmark = pytest.mark.slow

PLANTED = (
    *(
        "signal",
        "typing",
        "__future__",
        "threading",
        "socket",
        "json",
        "secrets",
        "pickle",
        "multiprocessing",
        "logging",
    ),
    *("numpy", "torch", "numba", "yaml", "hydra", "psutil", "sitecustomize", "usercustomize", "runpy", "queue"),
)
"""Modules that this process, its workers, or those that start them import by name."""


def plant(folder: Path) -> None:
    """Write Python files that leave a mark where they are imported, and a package that offers components."""
    for name in PLANTED:
        (folder / f"{name}.py").write_text(f"open({str(folder / ('ran_' + name))!r}, 'w').close()\n")
    about = folder / "evil-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[rsgraph.gnn]\nevil = signal:Evil\n[rsgraph.conf]\nevil = signal\n")


WORKERS = {
    "two processes": ["executor.workers=2", "executor.patience=0"],
    "Dask": ["executor=dask", "executor.workers=1"],
    "a sweep": ["-m", "seed=1,2", "hydra.launcher.n_jobs=2"],
}


@pytest.mark.parametrize("options", WORKERS.values(), ids=WORKERS)
@pytest.mark.parametrize("safe_path", [True, False], ids=["python -P", "python"])
def test_python_files_in_the_current_folder_are_imported_by_nobody(
    tmp_path: Path, options: list[str], safe_path: bool
) -> None:
    plant(tmp_path)
    words = [*TINY, "experiment=untrained", "workspace=w", *options]
    done = attempt(tmp_path, "run", *words, inside=("w", ".rsgraph-cache"), safe_path=safe_path)
    done.succeeded()


def test_settings_of_numba_in_the_current_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / ".numba_config.yaml").write_text("cache_dir: planted\n")
    attempt(tmp_path, "run", *TINY, "workspace=w").refused(".numba_config.yaml", "another folder")


# stores


def store_with(folder: Path, place: str, extra: str = "") -> None:
    """Plant a store of MLflow whose experiment keeps its artifacts in a place."""
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        database.executescript(
            "CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT, artifact_location TEXT);"
            "CREATE TABLE runs (run_uuid TEXT, artifact_uri TEXT, experiment_id INTEGER);"
            f"INSERT INTO experiments VALUES (1, 'rsgraph', '{place}');{extra}"
        )


TRACKED = [word for word in TINY if not word.startswith("tracking")]


@pytest.mark.parametrize(
    ("place", "extra"),
    [
        ("file:///{folder}/elsewhere", ""),
        ("{address}/artifacts", ""),
        ("file://{folder}/w/../elsewhere", ""),
        ("file://{folder}/mlartifacts", "CREATE TRIGGER t AFTER INSERT ON runs BEGIN SELECT 1; END"),
        ("file://{folder}/mlartifacts", "CREATE VIEW tags AS SELECT * FROM runs"),
    ],
)
def test_a_planted_store_is_not_used(tmp_path: Path, place: str, extra: str) -> None:
    with requests() as asked:
        store_with(tmp_path, place.format(folder=tmp_path, address=asked.address), extra)
        done = attempt(
            tmp_path, "run", *TRACKED, "workspace=w", "experiment=untrained", inside=("w", ".rsgraph-cache")
        )
        done.refused("mlflow.db was there before and is not used unasked", "tracking.uri=")
        assert asked == []


def test_evaluate_asks_no_store_that_only_the_workspace_names(made: Workspace, tmp_path: Path) -> None:
    with requests() as asked:
        path = made.path("config.yaml")
        path.write_text(path.read_text().replace("uri: none", f"uri: {asked.address}"))
        manifest = json.loads(made.path("manifest.json").read_text())
        for stage in manifest["stages"].values():
            stage["mlflow_run"] = "1234"
        made.path("manifest.json").write_text(json.dumps(manifest))
        done = attempt(tmp_path, "evaluate", "w", "parts=[maps]", inside="w")
        done.succeeded()
        assert f"its run was logged in {asked.address}" in done.out
        assert asked == []


# journals


@pytest.fixture
def labelled(made: Workspace) -> Workspace:
    """A finished workspace with labels on three segments."""
    with Journal(made.path("labels.sqlite")) as journal:
        journal.define("water")
        journal.define("sand")
        journal.assign([1, 2], "water")
        journal.assign([3], "sand")
    return made


@pytest.mark.parametrize(
    "name",
    ["an insert into the log ignored", "a billion classes", "a billion chunks", "another view of labels",
     "a state that never ends", "a writer that never ends", "a column that is computed"],
)  # fmt: skip
@pytest.mark.parametrize("exporter", ["geojson", "geotiff"])
def test_export_refuses_a_journal_with_another_schema(
    labelled: Workspace, tmp_path: Path, name: str, exporter: str
) -> None:
    changed(labelled.path("labels.sqlite"), SCHEMAS[name])
    done = attempt(tmp_path, "export", "w", f"exporter={exporter}", inside="w/labels.sqlite.lock")
    done.refused("labels.sqlite is damaged", "is not as rsgraph makes it", "recovers what can be read")


@pytest.mark.parametrize(
    "name",
    ["a gigabyte of zeros packed", "the same, with the number that it says", "a hundred thousand classes",
     "a hundred thousand classes in one", "choices without end", "undone out of order without end"],
)  # fmt: skip
def test_export_refuses_events_that_cannot_be(labelled: Workspace, tmp_path: Path, name: str) -> None:
    appended(labelled.path("labels.sqlite"), *EVENTS[name]())
    attempt(tmp_path, "export", "w", "exporter=geojson").refused("labels.sqlite is damaged")


def test_export_writes_what_the_events_say(labelled: Workspace, tmp_path: Path) -> None:
    zeroed(labelled.path("labels.sqlite"))
    attempt(tmp_path, "export", "w", "exporter=geojson", "folder=out", inside="out").succeeded()
    (written,) = (tmp_path / "out").glob("*.geojson")
    features = json.loads(written.read_text())["features"]
    found = {each["properties"]["segment_id"]: each["properties"]["label"] for each in features}
    assert {number: label for number, label in found.items() if label} == {1: "water", 2: "water", 3: "sand"}


# sizes


def taken(made: Workspace, verb: str, tmp_path: Path) -> Outcome:
    """Type a verb on a workspace; ``run`` takes its model."""
    if verb == "run":
        words = [*TINY, f"model.from={made.folder}", "workspace=other"]
        return attempt(tmp_path, "run", *words, inside=("other", ".rsgraph-cache"))
    return attempt(tmp_path, verb, "w")


@pytest.mark.parametrize("verb", ["export", "evaluate", "run"])
def test_a_config_that_is_a_bomb_is_refused(made: Workspace, tmp_path: Path, verb: str) -> None:
    made.path("config.yaml").write_text(bomb())
    taken(made, verb, tmp_path).refused("config.yaml", "more than 50,000 values")


@pytest.mark.parametrize("verb", ["export", "evaluate", "run"])
def test_a_scene_of_more_pixels_than_any_is_refused(made: Workspace, tmp_path: Path, verb: str) -> None:
    found = json.loads(made.path("scene.json").read_text())
    found["scenes"][0] |= {"rows": 400_000, "columns": 400_000}
    made.path("scene.json").write_text(json.dumps(found))
    if verb == "run":  # it takes the model, and looks at nothing else
        done = attempt(tmp_path, "run", *TINY, "workspace=w", inside=("w", ".rsgraph-cache"))
        assert done.code in (0, 2)
        done.within_limits()
        return
    taken(made, verb, tmp_path).refused("scene.json")


@pytest.mark.parametrize("option", ["layers: 1000000", "hidden: 100000000"])
def test_a_model_of_a_million_layers_is_refused(made: Workspace, tmp_path: Path, option: str) -> None:
    path = made.path("config.yaml")
    text = path.read_text()
    key = option.partition(":")[0]
    lines = [f"  {option}" if line.strip().startswith(f"{key}:") and line.startswith("  ") else line
             for line in text.splitlines()]  # fmt: skip
    path.write_text("\n".join(lines))
    assert path.read_text() != text
    taken(made, "run", tmp_path).refused("at most")


@pytest.mark.parametrize("name", RASTERS)
def test_a_raster_without_measure_is_refused(tmp_path: Path, name: str) -> None:
    RASTERS[name](tmp_path / "scene.tif")
    attempt(tmp_path, "run", "scene.tif", "tracking.uri=none", "workspace=w").refused("scene.tif")


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_without_measure_is_refused(tmp_path: Path, name: str) -> None:
    ARCHIVES[name](tmp_path / "given.zip")
    attempt(tmp_path, "run", "given.zip", "tracking.uri=none", "workspace=w").refused("given.zip")


def test_metadata_without_measure_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "given.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("S2A_X.SAFE/MTD_MSIL2A.xml", b"<r>" + b"<a/>" * (16 * 2**20) + b"</r>")
    attempt(tmp_path, "run", "given.zip", "tracking.uri=none", "workspace=w").refused("MTD_MSIL2A.xml", "larger than")


def gpkg_view(path: Path) -> None:
    import geopandas
    from shapely import box

    frame = geopandas.GeoDataFrame({"label": ["water"]}, geometry=[box(0, 0, 1, 1)], crs="EPSG:32633")
    frame.to_file(path, layer="labels", engine="pyogrio")
    changed(
        path,
        "PRAGMA legacy_alter_table = ON; ALTER TABLE labels RENAME TO kept; CREATE VIEW labels AS "
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000000) "
        "SELECT i AS fid, geom, label FROM n, kept",
    )


def endless_selection(path: Path) -> None:
    path.write_text("[" * 100_000)


@pytest.mark.parametrize(
    ("verb", "option", "name", "make", "word"),
    [
        ("evaluate", "reference", "given.gpkg", gpkg_view, "computes 'labels' as it is read"),
        ("export", "selection", "given.json", endless_selection, "does not hold a selection"),
    ],
)
def test_files_of_labels_without_measure_are_refused(
    made: Workspace, tmp_path: Path, verb: str, option: str, name: str, make: Callable[[Path], None], word: str
) -> None:
    make(tmp_path / name)
    attempt(tmp_path, verb, "w", f"{option}={name}", inside="w/evaluation").refused(name, word)


def test_a_folder_of_configs_that_is_a_bomb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs" / "experiment").mkdir(parents=True)
    (tmp_path / "theirs" / "experiment" / "mine.yaml").write_text("# @package _global_\n" + bomb())
    done = attempt(tmp_path, "run", "--config-dir", "theirs", "experiment=mine", "reader=synthetic", "workspace=w")
    done.refused("mine.yaml", "more than 50,000 values")
