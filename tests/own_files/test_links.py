from __future__ import annotations

from pathlib import Path

import pytest

from rsgraph.errors import WorkspaceError
from rsgraph.own_files.links import links_out_of, refuse_links


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "w"
    (folder / "exports" / "deep").mkdir(parents=True)
    (folder / "file").write_text("x")
    return folder


@pytest.mark.parametrize("target", ["..", "../elsewhere", "/etc", "../../../../../../etc", "../w2"])
@pytest.mark.parametrize("place", ["link", "exports/link", "exports/deep/link"])
def test_links_that_leave_are_refused_unless_they_are_the_users_own(workspace: Path, place: str, target: str) -> None:
    (workspace.parent / "w2").mkdir()
    depth = "../" * place.count("/") if not target.startswith("/") else ""
    (workspace / place).symlink_to(depth + target)
    with pytest.raises(WorkspaceError, match=r"link is a symbolic link to .*links=true if it is your own"):
        refuse_links(workspace)
    refuse_links(workspace, allowed=True)


def test_links_by_way_of_another_link_are_followed_to_their_end(workspace: Path) -> None:
    (workspace / "a").symlink_to("exports/b")
    (workspace / "exports" / "b").symlink_to(workspace.parent)
    assert [link.name for link, _ in links_out_of(workspace)] == ["a", "b"]


def test_links_that_stay_are_none_of_our_business(workspace: Path) -> None:
    (workspace / "a").symlink_to("file")
    (workspace / "exports" / "b").symlink_to("../file")
    (workspace / "gone").symlink_to("nothing")
    refuse_links(workspace)
    linked = workspace.parent / "by another name"
    linked.symlink_to(workspace)
    refuse_links(linked)
    refuse_links(workspace / "not there")


def test_folders_behind_links_are_not_entered(workspace: Path) -> None:
    (workspace / "round").symlink_to(workspace)
    assert not list(links_out_of(workspace))


@pytest.mark.parametrize("name", ["labels.sqlite", "labels.sqlite-wal", "labels.2026.sqlite", "run.lock"])
def test_files_that_are_written_in_place_are_no_links(workspace: Path, name: str) -> None:
    (workspace.parent / "elsewhere").write_text("mine")
    (workspace / name).symlink_to(workspace.parent / "elsewhere")
    with pytest.raises(WorkspaceError, match="is a symbolic link to"):
        refuse_links(workspace)


def test_data_may_lie_on_another_disk(workspace: Path) -> None:
    """They are read through the link, and where they are made anew the link is replaced."""
    (workspace.parent / "own.npy").write_text("vectors")
    (workspace / "own.npy").symlink_to(workspace.parent / "own.npy")
    refuse_links(workspace)


def test_only_what_is_written_is_looked_at(workspace: Path) -> None:
    (workspace / "embeddings").symlink_to(workspace.parent)
    refuse_links(workspace, "exports", "labels.")
    (workspace / "exports" / "deep" / "link").symlink_to(workspace.parent)
    with pytest.raises(WorkspaceError, match="link is a symbolic link"):
        refuse_links(workspace, "exports", "labels.")
