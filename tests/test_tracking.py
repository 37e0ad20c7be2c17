"""MLflow's store of runs and sweeps, read with sqlite3."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rsgraph import tracking
from rsgraph.errors import OutputError
from rsgraph.tracking import Tracker, parent_run, store, ui_command

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")  # mlflow's own use of sqlalchemy


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "mlflow.db") as database:
        return database.execute(query).fetchall()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a sweep of one point in it, and a sweep that was interrupted."""
    place = tmp_path_factory.mktemp("store")
    section = {"uri": f"sqlite:///{place / 'mlflow.db'}", "experiment": "ours"}
    with parent_run(section, "sweep", place, ["graph.k=4,8"], shown="sweep/<point>"):
        tracker = Tracker(section["uri"], place / "mlartifacts", "ours", "graph.k=4")
        tracker.parameters({"graph": {"k": 4}, "long": "x" * 900})
        assert not rows(place, "select * from params"), "nothing is written before the store is opened"
        tracker.open()
        tracker.metrics({"encoder/loss": 0.25, "maps/own+gnn1": 0.5}, step=3)
        (place / "picture.png").write_bytes(b"png")
        tracker.artifact(place / "picture.png", "pictures")
        tracker.tag("workspace", "w")
        tracker.end("FINISHED")
    with pytest.raises(KeyboardInterrupt), parent_run(section, "other", place, [], shown="other"):
        raise KeyboardInterrupt
    with pytest.raises(OutputError), parent_run(section, "third", place, [], shown="third"):
        raise OutputError
    return place


def test_parameters_metrics_and_pictures_are_in_the_store(folder: Path) -> None:
    parameters = dict(rows(folder, "select key, value from params"))
    assert parameters == {"graph.k": "4", "long": "x" * 500}
    numbers = rows(folder, "select key, value, step from metrics order by key")
    assert numbers == [("encoder/loss", 0.25, 3), ("maps/own_gnn1", 0.5, 3)], "MLflow takes no +"
    assert [path.name for path in folder.rglob("mlartifacts/**/pictures/*")] == ["picture.png"]


def test_points_of_a_sweep_are_children_of_one_parent(folder: Path) -> None:
    (parent,) = rows(folder, "select value from tags where key = 'mlflow.parentRunId'")
    assert rows(folder, f"select name from runs where run_uuid = '{parent[0]}'") == [("sweep",)]
    assert rows(folder, f"select value from tags where key = 'sweep' and run_uuid = '{parent[0]}'") == [
        ("graph.k=4,8",)
    ]


def test_the_parent_of_a_sweep_says_how_it_ended(folder: Path) -> None:
    assert dict(rows(folder, "select name, status from runs")) == {
        "sweep": "FINISHED",
        "graph.k=4": "FINISHED",
        "other": "KILLED",
        "third": "FAILED",
    }
    assert tracking._PARENT not in tracking.os.environ


def test_store_is_beside_the_workspaces_unless_another_or_none_is_asked_for(tmp_path: Path) -> None:
    beside = (f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "mlartifacts")
    assert store({"tracking": {"uri": None, "experiment": "ours"}}, tmp_path) == beside
    assert store({"tracking": {"uri": "sqlite:///x.db"}}, tmp_path) == ("sqlite:///x.db", tmp_path / "mlartifacts")
    assert store({"tracking": {"uri": "none"}}, tmp_path) is None


def our_store(folder: Path, place: str, run: str | None = None, extra: str = "") -> None:
    """What MLflow keeps of the experiment ours, as far as it is looked at, with artifacts in a place."""
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        database.executescript(
            "CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT, artifact_location TEXT);"
            "CREATE TABLE runs (run_uuid TEXT, artifact_uri TEXT, experiment_id INTEGER);"
            "CREATE TABLE secrets (id TEXT); CREATE TRIGGER t BEFORE UPDATE ON secrets BEGIN SELECT 1; END;"
            f"INSERT INTO experiments VALUES (1, 'ours', '{place}'), (2, 'other', 's3://bucket');"
            f"INSERT INTO runs VALUES ('1a', '{run or place + '/1a/artifacts'}', 1), ('2b', 's3://bucket/2b', 2);"
            + extra
        )


OURS = {"tracking": {"uri": None, "experiment": "ours"}}


def test_a_store_that_is_there_is_used_where_its_places_are_ours(tmp_path: Path) -> None:
    our_store(tmp_path, (tmp_path / "mlartifacts").as_uri())
    assert store(OURS, tmp_path) == (f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "mlartifacts")


@pytest.mark.parametrize(
    "place",
    [
        "file:///home/somebody",
        "{ours}/../elsewhere",
        "{ours}/%2e%2e/elsewhere",
        "{ours}elsewhere",
        "{ours}/link",
        "http://127.0.0.1:9/artifacts",
        "s3://bucket",
        "mlflow-artifacts:/1",
        "{plain}",
        "",
    ],
)
@pytest.mark.parametrize("of", ["experiment", "run"])
def test_a_store_that_writes_elsewhere_is_refused_unless_it_is_asked_for(tmp_path: Path, place: str, of: str) -> None:
    ours = (tmp_path / "mlartifacts").as_uri()
    named = place.format(ours=ours, plain=tmp_path / "mlartifacts")
    if of == "experiment":
        our_store(tmp_path, named)
    else:
        our_store(tmp_path, ours, run=named or "-")
    with pytest.raises(
        OutputError, match=r"mlflow\.db was there before and is not used unasked, .*keeps artifacts in"
    ):
        store(OURS, tmp_path)
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    assert store({"tracking": {"uri": uri, "experiment": "ours"}}, tmp_path) == (uri, tmp_path / "mlartifacts")


@pytest.mark.parametrize(
    "extra",
    [
        "CREATE TRIGGER moved AFTER INSERT ON runs BEGIN UPDATE runs SET artifact_uri = 'file:///home'; END",
        "CREATE TRIGGER moved AFTER INSERT ON experiments BEGIN UPDATE runs SET artifact_uri = 'x'; END",
        "CREATE VIEW latest_metrics AS SELECT * FROM runs",
    ],
)
def test_a_store_with_triggers_or_views_of_its_own_is_refused(tmp_path: Path, extra: str) -> None:
    our_store(tmp_path, (tmp_path / "mlartifacts").as_uri(), extra=extra)
    with pytest.raises(OutputError, match="triggers or views that MLflow does not make"):
        store(OURS, tmp_path)


@pytest.mark.parametrize("name", ["mlflow.db", "mlartifacts"])
def test_a_store_that_is_a_link_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match=f"{name} is a link to "):
        store(OURS, tmp_path / "w")


def test_a_store_of_nothing_yet_is_used(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    assert store(OURS, tmp_path) is not None
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        database.execute("CREATE TABLE mine (x INTEGER)")
    assert store(OURS, tmp_path) is not None


def test_nothing_is_opened_for_a_sweep_that_is_not_tracked(tmp_path: Path) -> None:
    with parent_run({"uri": "none", "experiment": "ours"}, "sweep", tmp_path, [], shown="sweep"):
        assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").mkdir()
    with pytest.raises(
        OutputError, match=r"the MLflow store sqlite:///.*mlflow\.db cannot be used \(Is a directory\)"
    ):
        Tracker(f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "mlartifacts", "ours", "w")


def test_ui_command_is_one_that_a_shell_takes() -> None:
    command = "mlflow ui --host 127.0.0.1 --backend-store-uri 'sqlite:////a b/mlflow.db'"
    assert ui_command("sqlite:////a b/mlflow.db") == command


def test_a_file_that_is_no_database_is_named_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("my notes, no database at all")
    with pytest.raises(OutputError, match=r"mlflow\.db cannot be used \(file is not a database\)"):
        Tracker(f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "mlartifacts", "ours", "w")
    assert (tmp_path / "mlflow.db").read_text() == "my notes, no database at all"


def test_a_run_that_ends_before_the_store_was_opened_loads_no_mlflow_and_leaves_no_run(tmp_path: Path) -> None:
    tracker = Tracker(f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "mlartifacts", "ours", "w")
    tracker.metrics({"seconds/scene": 0.1})
    tracker.end("KILLED")
    assert (tmp_path / "mlflow.db").read_bytes() == b""
    assert tracker.on_this_disk
    assert not Tracker("http://127.0.0.1:5000", tmp_path, "ours", "w").on_this_disk
