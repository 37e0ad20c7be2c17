"""Folders that are swapped in whole: what is there before, while and after, and what is not thrown away."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from rsgraph.errors import OutputError
from rsgraph.exporters.folders import whole_folder


def export(path: Path, *names: str, listing: str = "file,mask\n") -> None:
    """Write some files and the table that names them."""
    with whole_folder(path) as folder:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
        (folder / "chips.csv").write_text(listing + "".join(f"{name},\n" for name in names))


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_whole_folder_appears_at_the_end_and_replaces_the_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "out" / "chips"
    export(path, "train/a.png", "test/b.png")
    with whole_folder(path) as folder:
        assert folder.parent == path.parent
        assert list(folder.iterdir()) == []
        (folder / "chips.csv").write_text("file\n")
        assert files_below(path) == ["chips.csv", "test/b.png", "train/a.png"]
    assert files_below(tmp_path) == ["out/chips/chips.csv"]


def test_whole_folder_leaves_the_earlier_one_where_the_body_fails(tmp_path: Path) -> None:
    export(tmp_path / "chips", "a.png")
    with suppress(KeyboardInterrupt), whole_folder(tmp_path / "chips") as folder:
        (folder / "half.png").write_text("half")
        raise KeyboardInterrupt
    assert files_below(tmp_path) == ["chips/a.png", "chips/chips.csv"]


@pytest.mark.parametrize("name", ["notes.txt", "train/photo.png", ".hidden"])
def test_whole_folder_keeps_files_that_no_export_wrote(tmp_path: Path, name: str) -> None:
    export(tmp_path / "chips", "train/a.png")
    (tmp_path / "chips" / name).write_text("mine")
    with pytest.raises(OutputError, match=rf"could not replace .*chips: it holds {name}, which no export wrote"):
        export(tmp_path / "chips", "train/b.png")
    assert (tmp_path / "chips" / name).read_text() == "mine"


def test_whole_folder_replaces_files_of_viewers_and_those_that_are_listed(tmp_path: Path) -> None:
    export(tmp_path / "chips", "a.tif")
    (tmp_path / "chips" / "a.tif.aux.xml").write_text("statistics")
    (tmp_path / "chips" / "chips.json").write_text("{}")
    (tmp_path / "chips" / "mask.tif").write_text("mask")
    (tmp_path / "chips" / "chips.csv").write_text("file,mask\na.tif,mask.tif\n")
    export(tmp_path / "chips", "b.tif")
    assert files_below(tmp_path / "chips") == ["b.tif", "chips.csv"]


def test_whole_folder_does_not_replace_a_file_and_names_the_folder_in_errors(tmp_path: Path) -> None:
    (tmp_path / "chips").write_text("mine")
    with pytest.raises(OutputError, match=r"could not replace .*chips: it holds a file of that name"):
        export(tmp_path / "chips")
    with pytest.raises(OutputError, match=f"^could not write {tmp_path}/other/a.png$"):  # noqa: SIM117  # one raises
        with whole_folder(tmp_path / "other") as folder:
            raise OutputError(f"could not write {folder}/a.png")
    assert files_below(tmp_path) == ["chips"]
