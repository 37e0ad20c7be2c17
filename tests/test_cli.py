"""The command line, as a user types it: every mistake is one sentence and exit code 2.

Most commands are typed in this process: a new one takes seconds until it has imported all that checks options.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rsgraph import cli

Type = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def rsgraph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Type:
    """Types a command in an empty folder."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setattr(sys, "argv", ["rsgraph"])

    def type_in(*words: str) -> subprocess.CompletedProcess[str]:
        code: Any = 0
        try:
            cli.main(words)
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return subprocess.CompletedProcess(words, code, said.out, said.err)

    return type_in


@pytest.fixture
def refused(rsgraph: Type) -> Callable[..., str]:
    """Types a command that must be refused; returns its one sentence."""

    def type_in(*words: str) -> str:
        done = rsgraph(*words)
        assert done.returncode == 2, done.stdout + done.stderr
        assert done.stderr.startswith("error: ")
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert list(Path.cwd().iterdir()) == [], "nothing is half-written"
        return str(done.stderr)

    return type_in


def started(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Type a command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "rsgraph", *words], cwd=cwd, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.parametrize("words", [["walk"], ["run", "x.tif", "graph.kk=4"]])
def test_a_mistake_ends_the_process_with_2_and_one_sentence(words: list[str], tmp_path: Path) -> None:
    done = started(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: unknown ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


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


def test_tests_that_are_started_in_the_background_are_interrupted_all_the_same() -> None:
    """Such as by `nohup make test &`: their shell lets them ignore Ctrl-C."""
    test = f"{__file__}::{test_an_interrupt_in_a_destructor_is_not_lost.__name__}"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--quiet", test],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert (done.returncode, done.stdout.splitlines()[-1][:8]) == (0, "1 passed"), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["walk"], "unknown verb 'walk'; choose one of: run, label, export, evaluate, sample, cache, components"),
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
        (["run", "seed=abc"], "error: seed must be a whole number. Got 'abc' instead"),
        (["run", "seed=-1"], "seed must be at least 0"),
        (["run", "draw=maybe"], "error: draw must be true or false"),
        (["run", "data.limit=1.5"], "data.limit must be a whole number or null"),
        (["run", "cache=null"], "the section 'cache' must be a mapping of options"),
        (["run", "gnn=null"], "gnn"),
        (["run", "model.from=7"], "model"),
        (["run", "-m", "nowhere.tif", "graph.k=4,8"], "nowhere.tif does not exist"),
        (["run", "--config-dir=nowhere", "experiment=x"], "--config-dir nowhere is not a folder"),
        (["run", "x.tif", "graph.k=4,8"], "To sweep over it, add --multirun"),
        (["run", "x.tif", "--walk"], "unknown flag '--walk'; choose one of: --cfg, --config-dir"),
        (["run", "--experimental-rerun", "x.tif"], "unknown flag '--experimental-rerun'"),
        (["label"], "which workspace or scene?; type `rsgraph label WORKSPACE` or `rsgraph label SCENE`"),
        (
            ["label", "nowhere"],
            "nowhere does not exist; give a workspace that `rsgraph run` made",
        ),
        (["label", "-m", "demo"], "rsgraph label opens one window; sweeps are for `rsgraph run PATH -m ...`."),
        (["label", "demo", "read_only=maybe"], "`read_only` must be true or false. Got maybe instead."),
        (["evaluate", "nowhere"], "nowhere holds no manifest.json: it is not an rsgraph workspace"),
        (["evaluate"], "which workspace?"),
        (["sample", "here", "brush=9"], "rsgraph sample takes FOLDER, display=... and read_only=true. Got brush=9."),
        (["sample", "one", "two"], "rsgraph sample takes one path, but got 'one' and 'two'"),
        (["evaluate", "demo", "parts=[x]"], "unknown part 'x'; choose some of: measures, rotation"),
        (["export", "nowhere"], "nowhere holds no manifest.json: it is not an rsgraph workspace"),
        (["export"], "which workspace?"),
        (["components", "unet"], "takes no arguments"),
        (["cache"], "there is no stage cache (looked for .rsgraph-cache and workspaces/.rsgraph-cache)"),
        (["cache", "prune"], "rsgraph cache prune needs to know what to remove; say older=30d"),
        (
            ["cache", "size=3"],
            "rsgraph cache takes FOLDER and older=..., larger=..., unused=..., keep=.... Got size=3.",
        ),
        (["cache", "older=soon"], "`older` must be a number with its unit, such as 30d, 12h, 2w or 90min. Got soon"),
        (["cache", "prune", "unused=yes"], "`unused` must be true or false. Got yes instead."),
    ],
)
def test_mistakes_end_in_one_sentence(words: list[str], sentence: str, refused: Callable[..., str]) -> None:
    assert sentence in refused(*words)


EVIL = "# @package _global_\nhydra:\n  callbacks:\n    x:\n      _target_: os.system\n      command: touch owned\n"


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A stranger's folder of configs that name an import."""
    (tmp_path / "theirs" / "experiment").mkdir(parents=True)
    (tmp_path / "theirs" / "experiment" / "nice.yaml").write_text(EVIL)
    return tmp_path / "theirs"


def test_a_config_folder_that_names_an_import_is_refused(theirs: Path, refused: Callable[..., str]) -> None:
    assert "_target_" in refused("run", "x.tif", "--config-dir", str(theirs), "experiment=nice")


def test_a_config_reached_by_the_search_path_is_refused_too(theirs: Path, refused: Callable[..., str]) -> None:
    for words in ([], ["-m", "seed=1,2"]):
        place = f"hydra.searchpath=[file://{theirs}]"
        assert "_target_" in refused("run", str(theirs), *words, place, "experiment=nice")


def test_a_config_folder_adds_to_ours_for_one_command_only(rsgraph: Type, tmp_path: Path) -> None:
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    (tmp_path / "mine" / "experiment" / "wide.yaml").write_text("# @package _global_\nencoder:\n  width: 99\n")
    words = ["run", "x.tif", "experiment=wide", "--cfg", "job"]
    assert "width: 99" in rsgraph(*words, f"--config-dir={tmp_path / 'mine'}").stdout
    assert "unknown experiment 'wide'; choose one of: demo, laptop" in rsgraph(*words).stderr


def test_every_point_of_a_sweep_that_fails_says_why(rsgraph: Type) -> None:
    done = rsgraph("export", "-m", "..", "exporter=geotiff,geojson", "labels=human")
    assert done.returncode == 2
    assert done.stderr.count("holds no manifest.json") == 2
    assert list(Path.cwd().iterdir()) == []


def test_help_lists_verbs_components_and_options(rsgraph: Type) -> None:
    assert "rsgraph run PATH" in rsgraph().stdout
    text = rsgraph("run", "--help").stdout
    assert "segmenter: " in text
    assert "felzenszwalb" in text
    assert "n_segments: 500" in text


def test_cfg_job_prints_the_options_with_the_path(rsgraph: Type) -> None:
    done = rsgraph("run", "it's (Raw), a=b.tif", "--cfg", "job")
    assert done.returncode == 0
    assert "path: it's (Raw), a=b.tif" in done.stdout


def test_components_lists_all_with_one_line_each(rsgraph: Type) -> None:
    lines = rsgraph("components").stdout.splitlines()
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
        ("trainer.precision=half", "trainer.precision must be one of: measured, auto, bf16, float32"),
        ("trainer.devices=0", "`devices` must be at least 1. Got 0 instead."),
        ("trainer.strategy=fsdp", "trainer.strategy must be one of: auto, ddp. Got 'fsdp' instead."),
        ("trainer.accelerator=tpu", "tpu"),
        ("display=[B99,B03,B02]", "B99"),
    ],
)
def test_options_that_do_not_fit_are_found_before_any_work(option: str, sentence: str, rsgraph: Type) -> None:
    small = ["reader=synthetic", "reader.rows=64", "reader.columns=64", "chips.size=64", "workspace=w"]
    done = rsgraph("run", *small, option)
    assert done.returncode == 2, done.stdout + done.stderr
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not Path("w").exists()


def test_paths_in_options_need_no_quotes_of_hydra(rsgraph: Type) -> None:
    done = rsgraph("run", "x.tif", "workspace=out's (1)", "--cfg", "job")
    assert "workspace: out's (1)" in done.stdout


def test_export_help_is_that_of_export(rsgraph: Type) -> None:
    assert "rsgraph export WORKSPACE" in rsgraph("export", "--help").stdout
    assert "rsgraph components" in rsgraph("components", "--help").stdout


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


def test_sample_help_is_the_list_of_verbs(rsgraph: Type) -> None:
    assert "rsgraph sample [FOLDER]" in rsgraph("sample", "--help").stdout


def test_sample_is_copied_to_the_folder_and_then_opened(rsgraph: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[list[str]] = []
    monkeypatch.setattr(cli, "_label", opened.append)
    said = rsgraph("sample", "my try", "read_only=true").stdout
    folder = Path.cwd() / "my try"
    assert opened == [[str(folder), "read_only=true"]]
    assert f"is the workspace {folder}" in said
    assert f"rsgraph evaluate '{folder}'" in said
    assert (folder / "segments.tif").is_file()


def test_sample_goes_to_the_users_data_where_no_folder_is_named_and_says_so_without_a_screen(tmp_path: Path) -> None:
    bare = {name: value for name, value in os.environ.items() if "DISPLAY" not in name and name != "QT_QPA_PLATFORM"}
    bare["XDG_DATA_HOME"] = str(tmp_path / "data")
    command = [sys.executable, "-m", "rsgraph", "sample"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=bare)
    assert done.returncode == 2
    assert "there is no screen here" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    folder = tmp_path / "data" / "rsgraph" / "samples" / "parana_coast"
    assert str(folder) in done.stdout
    assert (folder / "manifest.json").is_file()


def test_cache_help_says_what_may_be_removed_and_by_what(rsgraph: Type) -> None:
    done = rsgraph("cache", "prune", "--help")
    assert done.returncode == 0
    assert all(option in done.stdout for option in ("older=30d", "larger=500MB", "unused=true", "keep=20GB"))


def test_run_help_shows_how_values_interpolate(rsgraph: Type) -> None:
    assert "'workspace=out/${graph.k}'" in rsgraph("run", "--help").stdout
