"""MLflow's store of runs and sweeps, read with sqlite3."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rsgraph import tracking
from rsgraph.errors import OutputError
from rsgraph.tracking import Tracker, parent_run, store, ui_command
from tests.own_files.test_rollback import left_by_a_kill, naming

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


@pytest.mark.parametrize("name", ["mlflow.db", "mlflow.db-journal", "mlflow.db-wal", "mlartifacts"])
def test_a_store_that_is_a_link_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match=f"{name} is a link to "):
        store(OURS, tmp_path / "w")


def test_a_store_beside_which_a_file_is_named_that_would_be_removed_is_refused(tmp_path: Path) -> None:
    our_store(tmp_path, (tmp_path / "mlartifacts").as_uri())
    (tmp_path / "thesis.txt").write_text("mine")
    naming(tmp_path / "mlflow.db", tmp_path / "thesis.txt")
    with pytest.raises(OutputError, match="names another file"):
        store(OURS, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_store_whose_program_was_killed_is_used(tmp_path: Path) -> None:
    our_store(tmp_path, (tmp_path / "mlartifacts").as_uri())
    left = left_by_a_kill(tmp_path / "mlflow.db")
    for side in ("", "-journal"):
        left.with_name(f"{left.name}{side}").rename(tmp_path / f"mlflow.db{side}")
    assert store(OURS, tmp_path) is not None
    assert not (tmp_path / "mlflow.db-journal").exists(), "taken back"


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


class _Server(BaseHTTPRequestHandler):
    """The little of an MLflow server that a run needs; after so many writes it is gone, or hangs."""

    answers: Callable[[str], dict[str, Any] | None]

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        found = type(self).answers(self.path)
        if found is None:
            self.connection.close()
            return
        text = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = _answer  # noqa: N815  # http.server's names

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def served(answers: Callable[[str], dict[str, Any] | None]) -> Iterator[str]:
    handler = type("Handler", (_Server,), {"answers": staticmethod(answers)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def answering(path: str) -> dict[str, Any]:
    run = {"info": {"run_id": "1" * 32, "run_uuid": "1" * 32, "experiment_id": "1", "status": "RUNNING"}}
    if "experiments/get-by-name" in path:
        return {"experiment": {"experiment_id": "1", "name": "ours", "artifact_location": "/tmp/x"}}
    if "runs/" in path:
        return {"run": run, "run_info": run["info"]}
    return {"experiments": []}


def recorded_by(uri: str, place: Path) -> Tracker:
    """Track a small run, and return what it was tracked with."""
    tracker = Tracker(uri, place / "mlartifacts", "ours", "w")
    tracker.open()
    tracker.parameters({"graph": {"k": 4}})
    for step in range(3):
        tracker.metrics({"loss": 1.0 / (step + 1)}, step=step)
        time.sleep(0.2)
    tracker.end("FINISHED")
    return tracker


def in_store(place: Path) -> tuple[Any, ...]:
    statuses = rows(place, "select status from runs")
    return (statuses, rows(place, "select key, value from params"), rows(place, "select count(*) from metrics"))


WHOLE = ([("FINISHED",)], [("graph.k", "4")], [(3,)])


@pytest.fixture
def as_found() -> Iterator[None]:
    """See to it that no test leaves a store for the next one."""
    yield
    assert tracking._INSTEAD not in tracking.os.environ


@pytest.mark.usefixtures("as_found")
def test_a_server_that_is_absent_is_replaced_by_the_local_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    tracker = recorded_by("http://127.0.0.1:1", tmp_path)
    assert time.monotonic() - began < 30, "a second or two of retries, MLflow's import and a new store"
    assert in_store(tmp_path) == WHOLE
    out = " ".join(capsys.readouterr().out.split())
    assert out.count("does not answer") == 1
    assert f"is recorded in sqlite:///{tmp_path}/mlflow.db instead" in out
    assert tracker.ui_command.startswith("mlflow ui")


@pytest.mark.usefixtures("as_found")
def test_a_server_that_hangs_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    released = threading.Event()
    monkeypatch.setattr(tracking, "AT_FIRST", 0.5)

    def hangs(path: str) -> None:
        released.wait()

    with served(hangs) as uri:
        recorded_by(uri, tmp_path)
        released.set()
    assert in_store(tmp_path) == WHOLE
    assert capsys.readouterr().out.count("does not answer") == 1


@pytest.mark.usefixtures("as_found")
@pytest.mark.parametrize("dies", ["gone", "hangs"])
def test_all_is_recorded_here_when_a_server_dies_in_the_middle(
    dies: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    released, seen = threading.Event(), list[str]()
    monkeypatch.setattr("rsgraph.servers.PATIENCE", 3.0)

    def until_the_second_number(path: str) -> dict[str, Any] | None:
        seen.append(path)
        if sum("log-batch" in each for each in seen) < 3:
            return answering(path)
        if dies == "hangs":
            released.wait()
        return None

    with served(until_the_second_number) as uri:
        tracker = recorded_by(uri, tmp_path)
        released.set()
    assert in_store(tmp_path) == WHOLE, "what the server had got, too"
    assert tracker.former_run_id == "1" * 32
    assert tracker.run_id != tracker.former_run_id
    assert capsys.readouterr().out.count("does not answer") == 1


@pytest.mark.usefixtures("as_found")
def test_a_server_that_is_there_gets_everything_and_nothing_is_written_here(tmp_path: Path) -> None:
    seen: list[str] = []

    def listens(path: str) -> dict[str, Any]:
        seen.append(path.rpartition("/")[2])
        return answering(path)

    with served(listens) as uri:
        tracker = recorded_by(uri, tmp_path)
        assert tracker.ui_command == f"MLflow: {uri}"
    assert (seen.count("log-batch"), seen[-1]) == (4, "update")
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.usefixtures("as_found")
def test_points_of_a_sweep_do_not_wait_for_a_server_that_the_sweep_found_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    section = {"uri": "http://127.0.0.1:1", "experiment": "ours"}
    with parent_run(section, "sweep", tmp_path, ["graph.k=4,8"], shown="here"):
        recorded_by("http://127.0.0.1:1", tmp_path)
    assert capsys.readouterr().out.count("does not answer") == 1
    (parent,) = rows(tmp_path, "select value from tags where key = 'mlflow.parentRunId'")
    assert rows(tmp_path, f"select name from runs where run_uuid = '{parent[0]}'") == [("sweep",)]


def test_a_store_of_no_known_kind_is_a_mistake_and_no_server_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be used"):
        Tracker("htp://127.0.0.1:1", tmp_path / "mlartifacts", "ours", "w").open()
