"""A command line taken apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsgraph.command_line import split_line
from rsgraph.errors import ConfigError


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


def test_several_paths_are_left_to_the_sweep_and_null_to_hydra() -> None:
    line = split_line(["data.path=a.tif,b.tif", "workspace=null", "folder=out's (1)"], verb="run")
    assert line.overrides == ["data.path=a.tif,b.tif", "workspace=null", "folder='out\\'s (1)'"]


def test_values_of_a_flag_are_found_by_all_of_its_names() -> None:
    line = split_line(["-cd", "a", "--config-dir=b", "-m"], verb="run")
    assert line.values("--config-dir", "-cd") == ["a", "b"]
    assert line.values("--config-name", "-cn") == []


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


def test_two_paths_get_the_advice_to_be_a_list() -> None:
    with pytest.raises(ConfigError, match=r"or give several scenes as 'data\.path=\[a\.tif,b\.tif\]'"):
        split_line(["a.tif", "b.tif"], verb="run")


@pytest.mark.parametrize(
    ("typed", "given"),
    [
        ("workspace=out/${graph.k}", "workspace='out/${graph.k}'"),
        ("workspace=my out's/${graph.k}", "workspace='my out\\'s/${graph.k}'"),
        ("workspace='out/${graph.k}'", "workspace='out/${graph.k}'"),
        ("+workspace=out/${graph.k}", "+workspace='out/${graph.k}'"),
        ("workspace=${oc.env:NO,x,y}/a", "workspace='${oc.env:NO,x,y}/a'"),
        ("workspace=a/${seed},b/${seed}", "workspace='a/${seed}','b/${seed}'"),
        ("data.path=[a_${seed}.tif, b (1).tif]", "data.path=['a_${seed}.tif','b (1).tif']"),
        (r"workspace=out/\${graph.k}", r"workspace='out/\${graph.k}'"),
        ("data.path=in/${", r"data.path='in/\${'"),
        ("workspace=2024", "workspace='2024'"),
        ("workspace=null", "workspace=null"),
        ("graph.k=${seed}", "graph.k=${seed}"),
    ],
)
def test_interpolations_stay_interpolations(typed: str, given: str) -> None:
    assert split_line([typed], verb="run").overrides == [given]


@pytest.mark.parametrize("typed", ["workspace=out/${graph.k", "'out/${graph.k'", "cache.path=${", "workspace=out/${"])
def test_a_brace_that_is_not_closed_makes_no_folder_of_that_name(typed: str) -> None:
    typed = typed if "=" in typed else f"workspace={typed}"
    with pytest.raises(
        ConfigError, match=r"a brace is not closed; \$\{graph\.k\} stands for a value, \\\$\{ for the"
    ):
        split_line([typed], verb="run")


def test_a_file_that_is_named_like_an_interpolation_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a${seed}.tif").write_text("")
    words = ["data.path=a${seed}.tif", "workspace=a${seed}.tif", "reference=b${seed}.tif"]
    given = [r"data.path='a\${seed}.tif'", "workspace='a${seed}.tif'", "reference='b${seed}.tif'"]
    assert split_line(words, verb="run").overrides == given
    assert split_line(["data.path=[a${seed}.tif,c]"], verb="run").overrides == [r"data.path=['a\${seed}.tif','c']"]


@pytest.mark.parametrize("verb", ["run", "label"])
def test_split_line_puts_the_section_before_what_is_typed_without(verb: str) -> None:
    line = split_line(["a.tif", "mask=none", "clouds=mask", "reader.mask=scl"], verb=verb)
    assert line.overrides == ["reader.mask=none", "reader.clouds=mask", "reader.mask=scl"]
    assert split_line(["w", "mask=none"], verb="export").overrides == ["mask=none"]


def test_a_home_of_nobody_is_a_name_like_any_other() -> None:
    given = ["data.path='~nobody_x/${seed}.tif'"]
    assert split_line(["data.path=~nobody_x/${seed}.tif"], verb="run").overrides == given
