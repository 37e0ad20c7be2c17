"""Names of scenes from their paths, and readers without a path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rsgraph.components import registry
from rsgraph.errors import NotReadable
from rsgraph.run.paths import path_name
from rsgraph.run.scenes import open_scenes


@pytest.mark.parametrize("reader", sorted({*registry("reader")} - {"synthetic"}))
def test_no_path_is_told_in_a_sentence(reader: str) -> None:
    config: dict[str, Any] = {
        "reader": {"name": reader},
        "data": {"path": None, "limit": None},
        "model": {},
        "seed": 0,
    }
    with pytest.raises(NotReadable, match=r"the path of a file or folder.*reader=synthetic"):
        open_scenes(config)


def test_folders_keep_what_follows_a_dot_and_files_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "scenes.2020" / "inside"
    inside.mkdir(parents=True)
    assert path_name(str(inside.parent)) == "scenes.2020"
    assert path_name(str(inside.parent / "a.2020.tif")) == "a.2020"
    monkeypatch.chdir(inside)
    assert path_name("..") == "scenes.2020"
    assert path_name(["..", "b.tif"]) == "scenes.2020-and-1-more"
    assert path_name(".") == "inside"
    assert path_name("/") == "scene"
