# ruff: noqa: E501  # files of strangers, each as they would stand in one line

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

import rsgraph.composition
import rsgraph.hydra_settings
from rsgraph.command_line import split_line
from rsgraph.composition import composed, show
from rsgraph.errors import ConfigError
from rsgraph.hydra_settings import OwnSettings

THEIRS = """# @package _global_
hydra:
  run: {{dir: {folder}/run}}
  sweep: {{dir: {folder}/sweep, subdir: {folder}/point}}
  output_subdir: {folder}/out
  job: {{chdir: true, env_set: {{RSGRAPH_PLANTED: "1"}}, env_copy: [HOME]}}
  job_logging: {{version: 1, handlers: {{f: {{class: logging.FileHandler, filename: {folder}/log}}}}, root: {{handlers: [f]}}}}
  hydra_logging: {{version: 1, handlers: {{f: {{class: logging.FileHandler, filename: {folder}/log}}}}, root: {{handlers: [f]}}}}
  verbose: true
  launcher: {{n_jobs: 3, temp_folder: {folder}/temp}}
  sweeper: {{params: {{graph.k: "4,8"}}}}
"""


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    (tmp_path / "theirs" / "experiment").mkdir(parents=True)
    (tmp_path / "theirs" / "experiment" / "mine.yaml").write_text(THEIRS.format(folder=tmp_path / "planted"))
    return tmp_path / "theirs"


def test_of_hydra_only_parameters_of_sweeps_and_counts_are_taken_from_files(
    theirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    load = OwnSettings.load_configuration

    def seen(*words: object, **more: object) -> object:
        found.append(load(*words, **more))  # type: ignore[arg-type]
        return found[-1]

    monkeypatch.setattr(OwnSettings, "load_configuration", seen)
    words = ["scene.tif", "--config-dir", str(theirs), "experiment=mine", "workspace=w"]
    with composed("run", split_line(words, verb="run")):
        pass
    (config,) = found
    hydra = config.hydra
    assert "planted" not in str(hydra)
    assert (hydra.launcher.n_jobs, hydra.launcher.temp_folder) == (3, None)
    assert dict(hydra.sweeper.params) == {"graph.k": "4,8"}
    assert (hydra.job.env_set, hydra.job.chdir, hydra.run.dir, hydra.output_subdir) == ({}, False, ".", None)
    assert "RSGRAPH_PLANTED" not in os.environ
    assert not (theirs.parent / "planted").exists()


def test_what_is_typed_holds(theirs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    load = OwnSettings.load_configuration
    monkeypatch.setattr(
        OwnSettings, "load_configuration", lambda *words, **more: found.append(load(*words, **more)) or found[-1]
    )
    words = ["scene.tif", "--config-dir", str(theirs), "experiment=mine", "workspace=w", "hydra.launcher.n_jobs=1"]
    with composed("run", split_line(words, verb="run")):
        pass
    assert found[0].hydra.launcher.n_jobs == 1


@pytest.mark.parametrize("flags", [["--help"], ["--cfg", "job"], ["--cfg", "all"], ["--info"]])
def test_pages_of_help_set_up_nothing_that_files_ask_for(
    theirs: Path, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    show("run", split_line([*flags, "--config-dir", str(theirs), "experiment=mine", "workspace=w"], verb="run"))
    assert capsys.readouterr().out
    assert "RSGRAPH_PLANTED" not in os.environ
    assert not (theirs.parent / "planted").exists()


def test_one_thing_is_printed_at_a_time() -> None:
    with pytest.raises(ConfigError, match="several things at once"):
        show("run", split_line(["--cfg", "job", "-m"], verb="run"))


ELSEWHERE = {
    "an absolute folder": ("workspace", "{folder}/planted"),
    "a folder above": ("workspace", "../planted"),
    "a home": ("workspace", "~/planted"),
    "a folder of the environment": ("workspace", "${{oc.env:HOME}}/planted"),
    "a drive": ("workspace", "C:/planted"),
    "a cache": ("cache", "{{path: {folder}/planted}}"),
    "a server": ("tracking", "{{uri: http://127.0.0.1:9}}"),
    "a store": ("tracking", "{{uri: 'sqlite:///{folder}/m.db'}}"),
    "links that are nobody's": ("links", "true"),
    "a folder that is swept": ("hydra", "{{sweeper: {{params: {{workspace: '{folder}/a,{folder}/b'}}}}}}"),
}


def written(folder: Path, option: str, value: str) -> Path:
    (folder / "theirs" / "experiment").mkdir(parents=True)
    text = f"# @package _global_\n{option}: {value.format(folder=folder)}\n"
    (folder / "theirs" / "experiment" / "mine.yaml").write_text(text)
    return folder / "theirs"


@pytest.mark.parametrize(("option", "value"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_places_and_servers_are_not_taken_from_files(tmp_path: Path, option: str, value: str) -> None:
    theirs = written(tmp_path, option, value)
    line = split_line(["scene.tif", "--config-dir", str(theirs), "experiment=mine", "-m", "seed=1,2"], verb="run")
    with pytest.raises(ConfigError, match="in a config that is loaded"), composed("run", line):
        pass


def test_the_scheduler_of_a_file_is_not_asked(tmp_path: Path) -> None:
    text = "{{address: 'tcp://127.0.0.1:9'}}\ndefaults: [override /executor: dask]"
    theirs = written(tmp_path, "executor", text)
    line = split_line(["scene.tif", "--config-dir", str(theirs), "experiment=mine"], verb="run")
    with pytest.raises(ConfigError, match=r"'executor\.address' is tcp://127\.0\.0\.1:9"), composed("run", line):
        pass


@pytest.mark.parametrize(("option", "value"), [each for name, each in ELSEWHERE.items() if "swept" not in name])
def test_places_and_servers_that_are_typed_hold(tmp_path: Path, option: str, value: str) -> None:
    theirs = written(tmp_path, option, value)
    named = {"cache": "cache.path", "tracking": "tracking.uri"}.get(option, option)
    typed = f"{named}={'true' if option == 'links' else 'none' if option == 'tracking' else tmp_path / 'ours'}"
    line = split_line(["scene.tif", "--config-dir", str(theirs), "experiment=mine", typed], verb="run")
    with composed("run", line):
        pass


@pytest.mark.parametrize(
    ("option", "value", "typed"),
    [
        ("tracking", "{{uri: http://127.0.0.1:9}}", "tracking.uri=http://127.0.0.1:9"),
        ("links", "true", "links=true"),
        ("workspace", "'/a b/it''s'", "workspace='/a b/it\\'s'"),
        ("hydra", "{{sweeper: {{params: {{workspace: 'a,/b'}}}}}}", "workspace=a,/b"),
    ],
)
def test_the_sentence_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, value: str, typed: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scene.tif").touch()  # a sweep begins only where its scene is there
    theirs = str(written(tmp_path, option, value))
    words = [
        "scene.tif",
        "--config-dir",
        theirs,
        "experiment=mine",
        *(["tracking.uri=none"] if option == "hydra" else []),
    ]
    with pytest.raises(ConfigError) as refused, composed("run", split_line(words, verb="run")):
        pass
    (said,) = shlex.split(str(refused.value).split("type it yourself: ")[1])
    assert said == typed
    with composed("run", split_line([*words, said, *(["-m"] if "," in said else [])], verb="run")):
        pass


def test_configs_of_installed_packages_may_name_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are code already; so are our own."""
    package = tmp_path / "theirs"
    written(tmp_path, "tracking", "{{uri: http://127.0.0.1:9}}")
    line = split_line(["scene.tif", "experiment=mine"], verb="run")
    for module in (rsgraph.composition, rsgraph.hydra_settings):
        monkeypatch.setattr(module, "plugin_search_path", lambda: [f"file://{package}"])
    with composed("run", line):
        pass
    monkeypatch.setattr(rsgraph.hydra_settings, "plugin_search_path", list)
    with pytest.raises(ConfigError, match=r"'tracking\.uri' is"), composed("run", line):
        pass


@pytest.mark.parametrize("value", ["out", "out/${{graph.k}}", "null"])
def test_folders_below_the_current_one_may_be_named_by_a_file(tmp_path: Path, value: str) -> None:
    theirs = written(tmp_path, "workspace", value)
    line = split_line(["scene.tif", "--config-dir", str(theirs), "experiment=mine"], verb="run")
    with composed("run", line):
        pass
