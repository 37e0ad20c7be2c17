"""Configs composed from a command line, and what is done with them."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf

from rsgraph.command_line import split_line
from rsgraph.composition import Job, composed, plain, raise_errors
from rsgraph.errors import ConfigError, NotReadable, WorkspaceError


def test_composed_starts_the_work_on_one_config(tmp_path: Path) -> None:
    line = split_line([f"workspace={tmp_path / 'w'}", "exporter=geojson"], verb="export")
    with composed("export", line) as start:
        account = start()
    assert plain(account.cfg)["exporter"]["name"] == "geojson"
    assert "hydra" not in account.cfg
    assert account.overrides == line.overrides
    with pytest.raises(WorkspaceError, match=r"holds no manifest\.json"):
        raise_errors(account)


def test_composed_refuses_a_sweep_over_a_path_that_does_not_exist(tmp_path: Path) -> None:
    line = split_line([str(tmp_path / "nowhere.tif"), "-m", "seed=1,2"], verb="run")
    with pytest.raises(NotReadable, match="does not exist"), composed("run", line):
        pass


@pytest.mark.parametrize("place", ["launcher.x", "callbacks.sweep", "sweeper.x"])
def test_composed_refuses_an_import_anywhere_in_the_section_of_hydra(place: str) -> None:
    line = split_line([f"+hydra.{place}._target_=os.system"], verb="run")
    with pytest.raises(ConfigError, match=rf"'hydra\.{place}\._target_' is refused"), composed("run", line):
        pass


def test_a_job_travels_to_the_workers_of_a_sweep(tmp_path: Path) -> None:
    job = Job("run", [], tmp_path, ["seed"])
    assert pickle.loads(pickle.dumps(job)) == job  # noqa: S301


def test_plain_resolves_interpolations() -> None:
    assert plain(OmegaConf.create({"a": 1, "b": "${a}"})) == {"a": 1, "b": 1}


def test_raise_errors_says_all_and_ends_with_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    values = (None, ConfigError("one"), None, ConfigError("two"))
    jobs = [JobReturn(_return_value=value, status=JobStatus.COMPLETED) for value in values]
    with pytest.raises(ConfigError, match=r"^two$"):
        raise_errors([jobs[:2], jobs[2:]])
    assert capsys.readouterr().err == "error: one\n"
    raise_errors([[jobs[0]], [jobs[2]]])
