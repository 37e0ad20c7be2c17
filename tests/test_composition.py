"""Configs composed from a command line, and what is done with them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf

from rsgraph.command_line import split_line
from rsgraph.composition import Job, composed, plain, raise_errors
from rsgraph.errors import ConfigError, NotReadable, WorkspaceError
from rsgraph.run import runner
from rsgraph.run.paths import SweepPlace


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
    job = Job("run", [], SweepPlace(tmp_path, tmp_path.parent, "w/<point>"), ["seed"])
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


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[tuple[str, int]]]:
    """Runs a line whose work is to note the workspace and graph.k; returns these."""
    monkeypatch.chdir(tmp_path)
    seen: list[tuple[str, int]] = []

    def note_it(options: dict[str, Any], *, point: Any, typed: Any) -> None:
        folder = Path(options["workspace"]) if point is None else point.folder
        seen.append((folder.as_posix(), options["graph"]["k"]))

    monkeypatch.setattr(runner, "run", note_it)

    def go(*words: str) -> list[tuple[str, int]]:
        given = [*words, "tracking.uri=none", "hydra.launcher.n_jobs=1"]
        with composed("run", split_line(given, verb="run")) as start:
            raise_errors(start())
        return seen

    return go


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        (["workspace=out/${graph.k}"], [("out/8", 8)]),
        (["workspace='out/${graph.k}'", "graph.k=4"], [("out/4", 4)]),
        (["workspace=${graph.k}"], [("8", 8)]),
        (["workspace=a b/${graph.name}", "graph.k=${seed}", "seed=3"], [("a b/nearest", 3)]),
        (["workspace=out/${hydra:job.name}"], [("out/rsgraph", 8)]),
        ([r"workspace=out/\${graph.k}"], [("out/${graph.k}", 8)]),
        (["-m", "workspace=out/${graph.k}", "graph.k=4,8"], [("out/4", 4), ("out/8", 8)]),
        (["-m", "workspace=out/${hydra:job.num}", "graph.k=4,8"], [("out/0", 4), ("out/1", 8)]),
        (["-m", "workspace=${oc.env:NO,out}", "graph.k=4,8"], [("out/graph.k=4", 4), ("out/graph.k=8", 8)]),
        (["-m", "workspace=out/${gnn.name}", "graph.k=4,8"], [("out/gcn/graph.k=4", 4), ("out/gcn/graph.k=8", 8)]),
        (["-m", "workspace=out", "graph.k=${seed}", "seed=1,2"], [("out/seed=1", 1), ("out/seed=2", 2)]),
    ],
)
def test_values_interpolate_at_every_point(
    words: list[str], seen: list[tuple[str, int]], ran: Callable[..., list[tuple[str, int]]]
) -> None:
    assert ran(*words) == seen


@pytest.mark.parametrize("flags", [[], ["-m"]])
def test_an_interpolation_of_nothing_is_one_sentence(
    flags: list[str], ran: Callable[..., list[tuple[str, int]]]
) -> None:
    with pytest.raises(ConfigError, match=r"^workspace: Interpolation key 'grap\.k' not found; [^\n]+$"):
        ran(*flags, "workspace=out/${grap.k}")


def test_an_interpolation_of_nothing_is_said_once(
    ran: Callable[..., list[tuple[str, int]]], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError, match="Recursive interpolation"):
        ran("workspace=out/${workspace}")
    assert "Error executing job" not in capsys.readouterr().err  # Hydra's own line, with all overrides


def test_an_experiment_sweeps_no_option_that_a_swapped_component_lacks(
    ran: Callable[..., list[tuple[str, int]]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen: list[int] = []
    monkeypatch.setattr(runner, "run", lambda options, **_: seen.append(options["segmenter"]["n_segments"]))
    ran("-m", "experiment=sweep", "graph=adjacency")
    assert seen == [200, 500, 800]
    assert "graph.k is not swept: graph=adjacency has no such option" in capsys.readouterr().out
