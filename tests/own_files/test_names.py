from __future__ import annotations

import os
from pathlib import Path

import pytest

from rsgraph.errors import WorkspaceError
from rsgraph.own_files.names import file_safe, inside, is_file_name, is_layer_name, is_relative_name, refuse_special

PATHS = ["..", "../x", "/etc/passwd", "a/../../x", "..\\x", "a\0b", "a\nb", ".", "", "a//b", "é" * 200]


def test_file_safe_keeps_letters_digits_dots_and_dashes() -> None:
    assert file_safe("Plöner See (2020)/a.b-c") == "Plöner_See_2020_a.b-c"
    assert file_safe("///") == "scene"


@pytest.mark.parametrize("name", [*PATHS, "a/b", " a", "a:b", "a*", "a\\b", "\u202etxt", 7, None, ["a"]])
def test_what_is_no_name_of_one_file_is_told(name: object) -> None:
    assert not is_file_name(name)
    if isinstance(name, str) and len(name) < 50:
        assert is_file_name(file_safe(name)), "a title becomes one"


@pytest.mark.parametrize("name", ["coast", "B04 (Raw)", "T30UVA_20200601", "Plöner See", "a.b", "..a"])
def test_names_of_files_are_told(name: str) -> None:
    assert is_file_name(name)
    assert is_relative_name(f"segments/{name}.tif")


@pytest.mark.parametrize("layer", ["own", "own+gnn1", "gnn2", "chips_own", "a-b", "x.y"])
def test_names_of_layers_are_told(layer: str) -> None:
    assert is_layer_name(layer)


@pytest.mark.parametrize("layer", [*PATHS, "a/b", "+a", "a b", 3])
def test_paths_are_no_layers(layer: object) -> None:
    assert not is_layer_name(layer)


@pytest.mark.parametrize("name", PATHS)
def test_inside_refuses_what_leads_out(tmp_path: Path, name: str) -> None:
    with pytest.raises(WorkspaceError, match="is refused as the name of a file in"):
        inside(tmp_path, "embeddings", name)


def test_inside_joins(tmp_path: Path) -> None:
    assert inside(tmp_path, "a", "b/c.npy") == tmp_path / "a" / "b" / "c.npy"
    assert inside(tmp_path) == tmp_path


def test_pipes_and_devices_are_refused_also_behind_a_link(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "scene.json")
    os.symlink("/dev/zero", tmp_path / "manifest.json")
    os.symlink(tmp_path / "nowhere", tmp_path / "edges.npy")
    for name in ("scene.json", "manifest.json"):
        with pytest.raises(WorkspaceError, match=rf"{name} is neither a file nor a folder"):
            inside(tmp_path, name)
    inside(tmp_path, "edges.npy")


def test_files_folders_and_what_is_not_there_are_no_devices(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for path in (tmp_path, tmp_path / "file", tmp_path / "nowhere", tmp_path / "gone", tmp_path / "file" / "x"):
        refuse_special(path)
