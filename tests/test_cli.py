"""The command line, as a user types it: every mistake is one sentence and exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rsgraph import cli
from rsgraph.cli import split_line
from rsgraph.errors import ConfigError


def rsgraph(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rsgraph", *words], cwd=cwd, capture_output=True, text=True, check=False, timeout=300
    )


def refused(*words: str, cwd: Path) -> str:
    """Run a command that must be refused; return its one sentence."""
    done = rsgraph(*words, cwd=cwd)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert list(cwd.iterdir()) == [], "nothing is half-written"
    return done.stderr


class Interrupted:
    """Is interrupted while it is deleted."""

    def __del__(self) -> None:
        raise KeyboardInterrupt


def test_an_interrupt_in_a_destructor_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def verb(words: list[str]) -> None:
        Interrupted()
        for _ in range(200):
            time.sleep(0.05)

    hook = sys.unraisablehook
    monkeypatch.setitem(cli.VERBS, "wait", verb)
    with pytest.raises(SystemExit) as end:
        cli.main(["wait"])
    assert end.value.code == 130
    assert "interrupted; nothing is lost" in capsys.readouterr().err
    assert sys.unraisablehook is hook


def test_split_line_takes_the_path_the_flags_and_the_overrides_apart() -> None:
    line = split_line(["scene (Raw), a.tif", "-m", "graph.k=4,8", "--config-dir", "mine", "~tracking"], verb="run")
    assert line.path == "scene (Raw), a.tif"
    assert line.flags == ["-m", "--config-dir", "mine"]
    assert line.overrides == ["graph.k=4,8", "~tracking"]
    assert line.multirun


def test_split_line_takes_an_existing_file_for_a_path_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("seed=1").write_text("")
    Path("-odd.tif").write_text("")
    assert split_line(["seed=1", "seed=2"], verb="run") == ("seed=1", [], ["seed=2"])
    assert split_line(["-odd.tif"], verb="run").path == "-odd.tif"


def test_split_line_refuses_two_paths() -> None:
    with pytest.raises(ConfigError, match=r"takes one path, but got 'my' and 'scene\.tif'; quote a path"):
        split_line(["my", "scene.tif"], verb="run")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["walk"], "unknown verb 'walk'; choose one of: run, label, export, evaluate, components"),
        (["run", "nowhere.tif"], "nowhere.tif"),
        (["run"], "reader=synthetic"),
        (
            ["run", "x.tif", "encoder=unt"],
            "unknown encoder 'unt'; choose one of: autoencoder, bands, segmentation_models, unet",
        ),
        (["run", "x.tif", "encoder.name=unt"], "unknown encoder 'unt'"),
        (["run", "x.tif", "graph.kk=4"], "unknown option 'graph.kk'; choose one of: name, k"),
        (["run", "x.tif", "grph=nearest"], "grph"),
        (["run", "x.tif", "experiment=papr"], "unknown experiment 'papr'; choose one of: "),
        (["run", "x.tif", "graph.k=[1"], "graph.k=[1"),
        (["run", "x.tif", "+encoder._target_=os.system"], "'encoder._target_' is refused"),
        (["run", "x.tif", "+hydra.callbacks.x._target_=os.system"], "_target_' is refused"),
        (["run", "seed=abc"], "option.seed must be a whole number. Got 'abc' instead"),
        (["run", "seed=-1"], "seed must be at least 0"),
        (["run", "draw=maybe"], "option.draw must be true or false"),
        (["run", "data.limit=1.5"], "data.limit must be a whole number or null"),
        (["run", "cache=null"], "the section 'cache' must be a mapping of options"),
        (["run", "gnn=null"], "gnn"),
        (["run", "model.from=7"], "model"),
        (["run", "-m", "nowhere.tif", "graph.k=4,8"], "nowhere.tif does not exist"),
        (["run", "--config-dir=nowhere", "experiment=x"], "nowhere"),
        (["label"], "which workspace? type `rsgraph label WORKSPACE`"),
        (["label", "nowhere"], "nowhere holds no manifest.json: it is not an rsgraph workspace"),
        (["label", "demo", "brush=9"], "rsgraph label takes WORKSPACE, display=... and read_only=true. Got brush."),
        (["label", "demo", "read_only=maybe"], "`read_only` must be true or false. Got maybe instead."),
        (["evaluate", "nowhere"], "nowhere holds no manifest.json: it is not an rsgraph workspace"),
        (["evaluate"], "which workspace?"),
        (["evaluate", "demo", "parts=[x]"], "unknown part 'x'; choose some of: measures, rotation"),
        (["export", "nowhere"], "nowhere holds no manifest.json: it is not an rsgraph workspace"),
        (["export"], "which workspace?"),
        (["components", "unet"], "takes no arguments"),
    ],
)
def test_mistakes_end_in_one_sentence(words: list[str], sentence: str, tmp_path: Path) -> None:
    assert sentence in refused(*words, cwd=tmp_path)


def test_a_config_folder_that_names_an_import_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs" / "experiment").mkdir(parents=True)
    (tmp_path / "theirs" / "experiment" / "nice.yaml").write_text(
        "# @package _global_\nhydra:\n  callbacks:\n    x:\n      _target_: os.system\n      command: touch owned\n"
    )
    work = tmp_path / "work"
    work.mkdir()
    sentence = refused("run", "x.tif", "--config-dir", str(tmp_path / "theirs"), "experiment=nice", cwd=work)
    assert "_target_" in sentence
    assert not (work / "owned").exists()


def test_a_config_reached_by_the_search_path_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "theirs" / "experiment").mkdir(parents=True)
    (tmp_path / "theirs" / "experiment" / "nice.yaml").write_text(
        "# @package _global_\nhydra:\n  callbacks:\n    x:\n      _target_: os.system\n      command: touch owned\n"
    )
    work = tmp_path / "work"
    work.mkdir()
    place = f"hydra.searchpath=[file://{tmp_path / 'theirs'}]"
    assert "_target_" in refused("run", "x.tif", place, "experiment=nice", cwd=work)
    assert not (work / "owned").exists()


def test_help_lists_verbs_components_and_options(tmp_path: Path) -> None:
    assert "rsgraph run PATH" in rsgraph(cwd=tmp_path).stdout
    text = rsgraph("run", "--help", cwd=tmp_path).stdout
    assert "segmenter: " in text
    assert "felzenszwalb" in text
    assert "n_segments: 500" in text


def test_cfg_job_prints_the_options_with_the_path(tmp_path: Path) -> None:
    done = rsgraph("run", "it's (Raw), a=b.tif", "--cfg", "job", cwd=tmp_path)
    assert done.returncode == 0
    assert "path: it's (Raw), a=b.tif" in done.stdout


def test_components_lists_all_with_one_line_each(tmp_path: Path) -> None:
    lines = rsgraph("components", cwd=tmp_path).stdout.splitlines()
    assert "segmenter" in lines
    assert any(line.startswith("  slic ") and line.endswith(".") for line in lines)
    assert len(lines) >= 9 + 33


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("training.encoder.max_epochs=two", "training.encoder.max_epochs must be a whole number. Got 'two' instead"),
        ("training.encoder.max_epochs=0", "`max_epochs` must be at least 1"),
        ("training.encoder.noise=-1", "`noise` must be at least 0"),
        ("encoder.width=wide", "encoder.width must be a whole number"),
        ("encoder.width=4.5", "encoder.width must be a whole number"),
        ("gnn.hidden=2.5", "gnn.hidden must be a whole number"),
        ("target.fuzziness=big", "target.fuzziness must be a number"),
        ("graph.edge_attributes=perhaps", "graph.edge_attributes must be true or false"),
        ("trainer.precision=half", "trainer.precision must be one of: auto, bf16, float32"),
        ("trainer.devices=0", "`devices` must be at least 1. Got 0 instead."),
        ("trainer.strategy=fsdp", "trainer.strategy must be one of: auto, ddp. Got 'fsdp' instead."),
        ("trainer.accelerator=tpu", "tpu"),
        ("display=[B99,B03,B02]", "B99"),
    ],
)
def test_options_that_do_not_fit_are_found_before_any_work(option: str, sentence: str, tmp_path: Path) -> None:
    small = ["reader=synthetic", "reader.rows=64", "reader.columns=64", "chips.size=64", "workspace=w"]
    done = rsgraph("run", *small, option, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "w").exists()


def test_paths_in_options_need_no_quotes_of_hydra(tmp_path: Path) -> None:
    done = rsgraph("run", "x.tif", "workspace=out's (1)", "--cfg", "job", cwd=tmp_path)
    assert "workspace: out's (1)" in done.stdout
    assert split_line(["data.path=a.tif,b.tif", "workspace=null"], verb="run").overrides[0] == "data.path=a.tif,b.tif"


@pytest.mark.parametrize(
    ("typed", "given"),
    [
        ("data.path=[a (1).tif, b=2.tif]", "data.path=['a (1).tif','b=2.tif']"),
        ("data.path=['a, b.tif',c.tif]", "data.path=['a, b.tif',c.tif]"),
        ("data.path=[a.tif,b.tif],[c.tif]", "data.path=[a.tif,b.tif],[c.tif]"),
        ("data.path=[]", "data.path=[]"),
    ],
)
def test_lists_of_paths_need_no_quotes_of_hydra(typed: str, given: str) -> None:
    assert split_line([typed], verb="run").overrides == [given]


def test_two_paths_are_told_to_be_a_list() -> None:
    with pytest.raises(ConfigError, match=r"or give several scenes as 'data\.path=\[a\.tif,b\.tif\]'"):
        split_line(["a.tif", "b.tif"], verb="run")


def test_export_help_is_that_of_export(tmp_path: Path) -> None:
    assert "rsgraph export WORKSPACE" in rsgraph("export", "--help", cwd=tmp_path).stdout
    assert "rsgraph components" in rsgraph("components", "--help", cwd=tmp_path).stdout


def test_label_without_a_screen_says_so_before_qt_would_abort(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "manifest.json").write_text("{}")
    bare = {name: value for name, value in os.environ.items() if "DISPLAY" not in name and name != "QT_QPA_PLATFORM"}
    done = subprocess.run(
        [sys.executable, "-m", "rsgraph", "label", "demo"], cwd=tmp_path, capture_output=True, text=True, env=bare
    )
    assert done.returncode == 2
    assert "there is no screen here" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
