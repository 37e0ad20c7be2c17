"""MLflow: one run per run of rsgraph, the points of a sweep as children of one parent, in a local SQLite store.

Or on a server: then a thread of its own talks to it, and a run waits for it at most ``PATIENCE`` seconds in all. One
that is not there, or is gone in the middle, is replaced by the local store, which gets all that was recorded so far.
"""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsgraph.config import flatten
from rsgraph.console import note, say
from rsgraph.errors import OutputError, in_short
from rsgraph.files import ensure_home, make_folder
from rsgraph.own_files.rollback import names_another
from rsgraph.servers import AT_FIRST, Courier, ServerGone, is_absence
from rsgraph.warning_filters import ignored

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

Work = Callable[["MlflowClient", str], None]
"""Writes something to a run."""

_PARENT = "RSGRAPH_PARENT_RUN"
_INSTEAD = "RSGRAPH_TRACKING_INSTEAD"
"""The local store that takes the place of a server which was found to be gone: points of a sweep begin with it."""

_HURRY = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}
"""What MLflow is asked to do where the user does not: by itself it waits for minutes."""

_FILE = "sqlite:///"
_LONGEST = 500
_SQLITE = b"SQLite format 3\0"
"""What every database of SQLite begins with."""

_AT_ONCE = 100
"""Parameters that MLflow takes in one request."""

_REFUSED = re.compile(r"[^\w/.\- ]")
"""What MLflow refuses in names of numbers, on one system or another: the + of ``own+gnn1`` and the colon."""


class Tracker:
    """Writes parameters, losses per epoch, seconds per stage and pictures of one run.

    What is said before ``open`` is kept and written then.

    Parameters
    ----------
    uri
        Store, e.g. ``sqlite:////home/me/mlflow.db``.
    artifacts
        Folder of the artifacts of a new experiment.
    experiment, name
        Experiment and run name.
    run_id
        An earlier run that is added to, or None: a new one.

    Raises
    ------
    OutputError
        The store is a file that cannot be written, or no database: said at once. All else shows when it is opened.
    """

    def __init__(self, uri: str, artifacts: Path, experiment: str, name: str, *, run_id: str | None = None) -> None:
        uri = uri if uri.startswith(_FILE) else os.environ.get(_INSTEAD, uri)
        _check_writable(uri)
        self.uri, self.run_id = uri, run_id
        self.failed = False
        self.former_run_id: str | None = None
        """Of the run on a server that is gone, which another one took the place of."""
        self._started = _milliseconds()
        self._artifacts, self._experiment, self._name = artifacts, experiment, name
        self._client: MlflowClient | None = None
        self._waiting: list[Work] = []
        self._courier: Courier | None = None

    @property
    def ui_command(self) -> str:
        """The command that opens MLflow's pages on this machine, or their address."""
        return ui_command(self.uri)

    @property
    def on_this_disk(self) -> bool:
        """Whether the store is a file, of which is known that it can be written before it is opened."""
        return self.uri.startswith(_FILE)

    def open(self) -> None:
        """Open the store, creating it where needed: seconds, most of them MLflow's import. Once is enough.

        Raises OutputError where it cannot be used. A server that does not answer is replaced by the local store.
        """
        if self._client is not None:
            return
        if self.on_this_disk:
            client = _client(self.uri)
            self.run_id = self.run_id or self._new_run(client)
            self._client, waiting = client, self._waiting
            for each in waiting:
                self._write(each)
            return
        _import_mlflow()  # takes seconds, which are not the server's
        self._courier = Courier()
        try:
            self._client, self.run_id = self._courier.wait(self._opened, most=AT_FIRST)
        except ServerGone as error:
            self._go_on_here(str(error))
            return
        for each in self._waiting:
            self._courier.send(partial(each, self._client, self.run_id))

    def _opened(self) -> tuple[MlflowClient, str]:
        client = _client(self.uri)
        return client, self.run_id or self._new_run(client)

    def _write(self, work: Work) -> None:
        """Write now, or once the store is open. A run goes on where it fails: results matter more than their log."""
        if self._client is None or self.run_id is None:
            self._waiting.append(work)
            return
        if self._courier is not None:
            self._waiting.append(work)  # for the local store, should the server be gone before the end
            self._courier.send(partial(work, self._client, self.run_id))
            self._look_after()
            return
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            work(self._client, self.run_id)
        except (OSError, MlflowException, SQLAlchemyError) as error:
            self._say_refused(error)

    def _say_refused(self, error: Exception) -> None:
        if not self.failed:
            note(f"MLflow could not record this ({in_short(error)}); the results are not affected")
        self.failed = True

    def _look_after(self) -> None:
        """Act on what became of what was sent."""
        courier = self._courier
        if courier is None:
            return
        if courier.refused is not None:
            self._say_refused(courier.refused)
        if courier.gone is not None:
            self._go_on_here(courier.gone)

    def _go_on_here(self, why: str) -> None:
        """Record everything once more, from the beginning, in the local store: the server is gone."""
        if self._courier is not None:
            self._courier.leave()
        server, former = self.uri, self.run_id
        self.uri, self._courier, self._client, self.run_id = _beside(self._artifacts), None, None, None
        os.environ[_INSTEAD] = self.uri
        try:
            place = self._artifacts.parent.resolve()
            _check_ours(place / "mlflow.db", place / self._artifacts.name, self._experiment)  # it was not asked for
            self.open()
        except OutputError as error:
            note(f"the MLflow server {server} does not answer ({why}), and {error}; this run is not recorded")
            self._waiting.clear()
            return
        self.former_run_id = former
        note(f"the MLflow server {server} does not answer ({why}); this run is recorded in {self.uri} instead")

    def _new_run(self, client: MlflowClient) -> str:
        experiment_id = _experiment(client, self._experiment, self._artifacts)
        tags = {"mlflow.runName": self._name}
        parent = os.environ.get(_PARENT, "")
        if parent.startswith(f"{self.uri} "):  # not one on a server that is gone meanwhile
            tags["mlflow.parentRunId"] = parent.rpartition(" ")[2]
        return str(client.create_run(experiment_id, start_time=self._started, tags=tags).info.run_id)

    def parameters(self, config: Mapping[str, Any]) -> None:
        """Log a config, flattened."""
        texts = {key: str(value)[:_LONGEST] for key, value in flatten(config).items()}

        def write(client: MlflowClient, run_id: str) -> None:
            from mlflow.entities import Param

            found = [Param(key, text) for key, text in texts.items()]
            for first in range(0, len(found), _AT_ONCE):
                client.log_batch(run_id, params=found[first : first + _AT_ONCE])

        self._write(write)

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Log numbers at a step (an epoch); where MLflow refuses a character of a name, ``_`` stands for it."""
        now = _milliseconds()
        numbers = {_REFUSED.sub("_", key): float(value) for key, value in values.items()}

        def write(client: MlflowClient, run_id: str) -> None:
            from mlflow.entities import Metric

            found = [Metric(key, value, now, step) for key, value in numbers.items()]
            client.log_batch(run_id, metrics=found)

        self._write(write)

    def artifact(self, path: Path, folder: str) -> None:
        """Keep a copy of a file with the run."""
        self._write(lambda client, run_id: client.log_artifact(run_id, str(path), folder))

    def tag(self, key: str, value: str) -> None:
        """Attach a text to the run."""
        self._write(lambda client, run_id: client.set_tag(run_id, key, value))

    def end(self, status: str) -> None:
        """Close the run as ``FINISHED``, ``FAILED`` or ``KILLED``; one that was not opened leaves nothing."""
        if self._client is not None:
            self._write(lambda client, run_id: client.set_terminated(run_id, status=status))
        if self._courier is not None:
            self._courier.finish()
            self._look_after()
        if self._courier is not None:
            self._courier.leave()
        if _PARENT not in os.environ:
            os.environ.pop(_INSTEAD, None)


def _beside(artifacts: Path) -> str:
    """Return the local store, which stands beside the artifacts of local runs."""
    return f"{_FILE}{artifacts.parent.resolve() / 'mlflow.db'}"


def _milliseconds() -> int:
    """Return the time as MLflow counts it."""
    return time.time_ns() // 1_000_000


def _client(uri: str) -> MlflowClient:
    """Open the store, creating it where needed. Raises OutputError where it cannot be written."""
    _check_writable(uri)
    _import_mlflow()
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient
    from sqlalchemy.exc import SQLAlchemyError

    for chatter, level in (("mlflow", logging.WARNING), ("alembic", logging.WARNING), ("urllib3", logging.ERROR)):
        logging.getLogger(chatter).setLevel(level)
    try:
        client = MlflowClient(tracking_uri=uri)
        client.search_experiments(max_results=1)
    except (MlflowException, SQLAlchemyError, ImportError) as error:  # ImportError: of the driver of a database
        if not uri.startswith(_FILE) and is_absence(error):
            raise
        raise OutputError(_not_usable(uri, in_short(error))) from error
    return client


@cache
def _import_mlflow() -> None:
    """Import MLflow, quietly, and let nothing leave the machine by it."""
    ensure_home()
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    for name, value in _HURRY.items():
        os.environ.setdefault(name, value)
    with ignored():  # mlflow's own dependencies warn about each other on import
        import sqlalchemy.exc  # noqa: F401


def _not_usable(uri: str, why: str) -> str:
    return (
        f"the MLflow store {uri} cannot be used ({why}); give another one with "
        "tracking.uri=sqlite:////path/mlflow.db, or tracking.uri=none to do without"
    )


def _check_writable(uri: str) -> None:
    """See to it that a store on this disk can be written, and is a database where there is something already."""
    if not uri.startswith(_FILE):
        return
    path = Path(uri.removeprefix(_FILE))
    make_folder(path.parent)
    try:
        with path.open("a+b") as file:
            file.seek(0)
            first = file.read(len(_SQLITE))
    except OSError as error:
        raise OutputError(_not_usable(uri, error.strerror or str(error))) from error
    if first not in (b"", _SQLITE):
        raise OutputError(_not_usable(uri, "file is not a database"))


def _experiment(client: MlflowClient, name: str, artifacts: Path) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    try:
        return str(client.create_experiment(name, artifact_location=artifacts.resolve().as_uri()))
    except MlflowException:  # a sweep point beside us was first
        found = client.get_experiment_by_name(name)
        if found is None:
            raise
        return str(found.experiment_id)


def store(config: Mapping[str, Any], beside: Path) -> tuple[str, Path] | None:
    """Return the store's URI and artifact folder: as configured, or beside the workspaces; None for 'none'.

    Raises OutputError where the one beside the workspaces is not ours: it came with them, and says where to write.
    """
    uri = config["tracking"]["uri"]
    if str(uri).lower() == "none" and uri is not None:
        return None
    if uri:
        return uri, beside / "mlartifacts"
    place = beside.resolve()
    _check_ours(place / "mlflow.db", place / "mlartifacts", str(config["tracking"]["experiment"]))
    return f"{_FILE}{place / 'mlflow.db'}", beside / "mlartifacts"


_TRIGGERED = "SELECT count(*) FROM sqlite_schema WHERE type = 'view' OR (type = 'trigger' AND tbl_name <> 'secrets')"
"""What MLflow's own schema has none of: with them, what is written to one table could change another."""

_LOCATION = "SELECT artifact_location FROM experiments WHERE name = ?"
_OF_RUNS = """
SELECT artifact_uri FROM runs WHERE experiment_id IN (SELECT experiment_id FROM experiments WHERE name = ?)
"""


def _check_ours(database: Path, artifacts: Path, experiment: str) -> None:
    """Refuse a store that was not asked for unless all that it would have us write goes beside it.

    Raises
    ------
    OutputError
        It, what SQLite left beside it or the folder of artifacts is a link, it is not as MLflow makes it, or its
        artifacts go elsewhere, or what is beside it leads elsewhere.
    """
    uri = f"{_FILE}{database}"
    beside = [database.with_name(f"{database.name}{side}") for side in ("-journal", "-wal", "-shm")]
    for path in (database, *beside, artifacts):
        if path.is_symlink():
            raise OutputError(_not_ours(uri, f"{path} is a link to {os.readlink(path)}"))
    if names_another(beside[0]):
        raise OutputError(_not_ours(uri, f"{beside[0]} names another file, which would be removed"))
    if not database.is_file() or database.stat().st_size == 0:
        return
    # a program that was killed leaves a journal, and only who may write can take back what that says
    mode = "rw" if beside[0].exists() else "ro"
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode={mode}", uri=True)) as opened:
            if opened.execute(_TRIGGERED).fetchone() != (0,):
                raise OutputError(_not_ours(uri, "it holds triggers or views that MLflow does not make"))
            there = opened.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'experiments'").fetchone()
            named = (experiment,)
            locations = opened.execute(_LOCATION, named).fetchall() if there != (0,) else []
            of_runs = opened.execute(_OF_RUNS, named).fetchall() if there != (0,) else []
    except sqlite3.Error as error:
        raise OutputError(_not_usable(uri, str(error))) from error
    ours = artifacts.as_uri()
    elsewhere = [place for (place,) in locations if place != ours]
    elsewhere += [place for (place,) in of_runs if not re.fullmatch(re.escape(ours) + r"/\w+/artifacts", str(place))]
    if elsewhere:
        raise OutputError(_not_ours(uri, f"it keeps artifacts in {elsewhere[0]}"))


def _not_ours(uri: str, why: str) -> str:
    return (
        f"the MLflow store {uri} was there before and is not used unasked, since {why}; if it is yours, type "
        f"tracking.uri={uri}, else move it away, or do without by tracking.uri=none"
    )


@contextmanager
def parent_run(
    tracking: Mapping[str, Any], name: str, beside: Path, overrides: Sequence[str], *, shown: str
) -> Iterator[None]:
    """Open the parent run of a sweep, and close it as ``FINISHED``, ``FAILED`` or ``KILLED``.

    Its id travels to the points in the environment.

    Parameters
    ----------
    tracking
        The section of the config.
    name
        Of the run.
    beside
        Folder in which the workspaces, or the folder of all, stand.
    overrides
        Of the sweep.
    shown
        Where results go, for the user.
    """
    found = store({"tracking": tracking}, beside)
    if found is None:
        yield
        return
    uri, artifacts = found
    status = "FAILED"
    tags = {"mlflow.runName": name, "sweep": " ".join(overrides)}

    def begun(store: str) -> tuple[MlflowClient, str]:
        client = _client(store)
        run = client.create_run(_experiment(client, tracking["experiment"], artifacts), tags=tags)
        return client, run.info.run_id

    _import_mlflow()  # takes seconds, which are not a server's
    courier = None if uri.startswith(_FILE) else Courier()
    try:
        client, run_id = begun(uri) if courier is None else courier.wait(lambda: begun(uri), most=AT_FIRST)
    except ServerGone as error:
        server, uri, courier = uri, _beside(artifacts), None
        client, run_id = begun(uri)
        os.environ[_INSTEAD] = uri
        note(f"the MLflow server {server} does not answer ({error}); the sweep is recorded in {uri} instead")
    say(f"sweep: results go to {shown}, compare them with\n  {ui_command(uri)}")
    os.environ[_PARENT] = f"{uri} {run_id}"
    try:
        yield
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        del os.environ[_PARENT]
        os.environ.pop(_INSTEAD, None)
        if courier is None:
            client.set_terminated(run_id, status)
        else:
            courier.send(partial(client.set_terminated, run_id, status))
            courier.finish()
            courier.leave()


def ui_command(uri: str) -> str:
    """Return the command that opens MLflow's pages on this machine; of a server, where they are."""
    if uri.startswith(("http://", "https://")):
        return f"MLflow: {uri}"
    return f"mlflow ui --host 127.0.0.1 --backend-store-uri '{uri}'"
