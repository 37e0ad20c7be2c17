"""MLflow: one run per run of rsgraph, the points of a sweep as children of one parent, in a local SQLite store."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsgraph.config import flatten
from rsgraph.console import note, say
from rsgraph.errors import OutputError
from rsgraph.files import make_folder
from rsgraph.warning_filters import ignored

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_PARENT = "RSGRAPH_PARENT_RUN"
_LONGEST = 500
_REFUSED = re.compile(r"[^\w/.\- ]")
"""What MLflow refuses in names of numbers, on one system or another: the + of ``own+gnn1`` and the colon."""


class Tracker:
    """Writes parameters, losses per epoch, seconds per stage and pictures of one run.

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
    """

    def __init__(self, uri: str, artifacts: Path, experiment: str, name: str, *, run_id: str | None = None) -> None:
        self.uri = uri
        self.failed = False
        self.client = _client(uri)
        self.run_id: str = run_id or self._new_run(artifacts, experiment, name)

    @property
    def ui_command(self) -> str:
        """The command that opens MLflow's pages on this machine."""
        return ui_command(self.uri)

    def _new_run(self, artifacts: Path, experiment: str, name: str) -> str:
        experiment_id = _experiment(self.client, experiment, artifacts)
        tags = {"mlflow.runName": name}
        parent = os.environ.get(_PARENT)
        if parent:
            tags["mlflow.parentRunId"] = parent
        return str(self.client.create_run(experiment_id, tags=tags).info.run_id)

    @contextmanager
    def _kept_going(self) -> Iterator[None]:
        """Let the run go on where the store fails in the middle: results matter more than their log."""
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (OSError, MlflowException, SQLAlchemyError) as error:
            if not self.failed:
                note(f"MLflow could not record this ({_short(error)}); the results are not affected")
            self.failed = True

    def parameters(self, config: Mapping[str, Any]) -> None:
        """Log a config, flattened."""
        with self._kept_going():
            for key, value in flatten(config).items():
                self.client.log_param(self.run_id, key, str(value)[:_LONGEST])

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Log numbers at a step (an epoch); where MLflow refuses a character of a name, ``_`` stands for it."""
        with self._kept_going():
            for key, value in values.items():
                self.client.log_metric(self.run_id, _REFUSED.sub("_", key), float(value), step=step)

    def artifact(self, path: Path, folder: str) -> None:
        """Keep a copy of a file with the run."""
        with self._kept_going():
            self.client.log_artifact(self.run_id, str(path), folder)

    def tag(self, key: str, value: str) -> None:
        """Attach a text to the run."""
        with self._kept_going():
            self.client.set_tag(self.run_id, key, value)

    def end(self, status: str) -> None:
        """Close the run as ``FINISHED``, ``FAILED`` or ``KILLED``."""
        with self._kept_going():
            self.client.set_terminated(self.run_id, status=status)


def _client(uri: str) -> MlflowClient:
    """Open the store, creating it where needed. Raises OutputError where it cannot be written."""
    _check_writable(uri)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # nothing leaves the machine
    os.environ.setdefault("DO_NOT_TRACK", "true")
    with ignored():  # mlflow's own dependencies warn about each other on import
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient
        from sqlalchemy.exc import SQLAlchemyError
    for chatter in ("mlflow", "alembic"):
        logging.getLogger(chatter).setLevel(logging.WARNING)
    try:
        client = MlflowClient(tracking_uri=uri)
        client.search_experiments(max_results=1)
    except (MlflowException, SQLAlchemyError) as error:
        raise OutputError(_not_usable(uri, _short(error))) from error
    return client


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _not_usable(uri: str, why: str) -> str:
    return (
        f"the MLflow store {uri} cannot be used ({why}); give another one with "
        "tracking.uri=sqlite:////path/mlflow.db, or tracking.uri=none to do without"
    )


def _check_writable(uri: str) -> None:
    if not uri.startswith("sqlite:///"):
        return
    path = Path(uri.removeprefix("sqlite:///"))
    make_folder(path.parent)
    try:
        with path.open("ab"):
            pass
    except OSError as error:
        raise OutputError(_not_usable(uri, error.strerror or str(error))) from error


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
    """Return the store's URI and artifact folder: as configured, or beside the workspaces; None for 'none'."""
    uri = config["tracking"]["uri"]
    if str(uri).lower() == "none" and uri is not None:
        return None
    return uri or f"sqlite:///{beside.resolve() / 'mlflow.db'}", beside / "mlartifacts"


@contextmanager
def parent_run(tracking: Mapping[str, Any], folder: Path, overrides: Sequence[str]) -> Iterator[None]:
    """Open the parent run of a sweep, and close it as ``FINISHED``, ``FAILED`` or ``KILLED``.

    Its id travels to the points in the environment.

    Parameters
    ----------
    tracking
        The section of the config.
    folder
        Of the points' workspaces.
    overrides
        Of the sweep.
    """
    found = store({"tracking": tracking}, folder.parent)
    if found is None:
        yield
        return
    uri, artifacts = found
    client, status = _client(uri), "FAILED"
    tags = {"mlflow.runName": folder.name, "sweep": " ".join(overrides)}
    run_id = client.create_run(_experiment(client, tracking["experiment"], artifacts), tags=tags).info.run_id
    say(f"sweep: results go to {folder}/<point>, compare them with\n  {ui_command(uri)}")
    os.environ[_PARENT] = run_id
    try:
        yield
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        del os.environ[_PARENT]
        client.set_terminated(run_id, status)


def ui_command(uri: str) -> str:
    """Return the command that opens MLflow's pages on this machine."""
    return f"mlflow ui --host 127.0.0.1 --backend-store-uri '{uri}'"
