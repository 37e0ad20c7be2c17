"""Names of scenes after their paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsgraph.io.path_names import path_name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (None, "synthetic"),
        ("", "synthetic"),
        ("scenes/T31 UFU.tif", "T31_UFU"),
        (["a.v1.tif"], "a.v1"),
        (["scenes/a.tif", "b.tif", "c.tif"], "a-and-2-more"),
    ],
)
def test_path_name_is_the_first_file_s_stem_and_how_many_follow(path: str | list[str] | None, name: str) -> None:
    assert path_name(path) == name


def test_path_name_cuts_the_ending_of_products_but_not_of_folders(tmp_path: Path) -> None:
    for folder in ("S2B_MSIL2A.SAFE", "scenes.2020"):
        (tmp_path / folder).mkdir()
    assert path_name(str(tmp_path / "S2B_MSIL2A.SAFE")) == "S2B_MSIL2A"
    assert path_name(str(tmp_path / "scenes.2020")) == "scenes.2020"


def test_path_name_follows_the_user_and_not_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path / "link")
    assert path_name("../link") == "link"
    assert path_name(".") == "real"  # what the system says of the folder it is in


def test_path_name_of_dots_is_that_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "scenes.2020" / "inside"
    inside.mkdir(parents=True)
    assert path_name(str(inside.parent / "a.2020.tif")) == "a.2020"
    monkeypatch.chdir(inside)
    assert path_name("..") == "scenes.2020"
    assert path_name(["..", "b.tif"]) == "scenes.2020-and-1-more"
    assert path_name(".") == "inside"
    assert path_name("/") == "scene"
