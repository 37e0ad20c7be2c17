from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pandas as pd
import pytest

from rsgraph.errors import WorkspaceError
from rsgraph.exporters.labelled import LABEL_COLUMNS, LabelClass, classes_of, labels_of
from rsgraph.workspace import Workspace
from tests.exporters.workspaces import write_classes, write_labels

ROWS = [(1, "water", "human", 1.0, "ann", "t0"), (2, "sand", "imported", 0.5, None, "t1")]


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Take the right to write, as read-only media do; for root by being somebody else for a while."""
    mode, user = folder.stat().st_mode, os.geteuid()
    for place in [folder, *folder.rglob("*")]:
        place.chmod(0o555 if place.is_dir() else 0o444)
    for place in folder.parents:
        if user == 0 and place != Path("/"):
            place.chmod(place.stat().st_mode | 0o055)
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if user == 0:
            os.seteuid(0)
        folder.chmod(mode)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    path = tmp_path / "work" / "labels.sqlite"
    write_labels(path, ROWS)
    return path


def test_labels_of_workspace_without_journal_is_empty(workspace: Workspace) -> None:
    found = labels_of(workspace)
    assert tuple(found.columns) == LABEL_COLUMNS
    assert found.empty


def test_labels_of_reads_what_holds_now_while_the_journal_is_open(workspace: Workspace) -> None:
    path = workspace.path("labels.sqlite")
    write_labels(path, [(1, "water", "human", 1.0, "ann", "t0"), (2, None, None, None, None, "t1")])
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("INSERT INTO actions VALUES (3, 'sand', 'propagated', 0.5, NULL, 't2', 0)")
        writer.commit()
        writer.execute("INSERT INTO actions VALUES (4, 'sand', 'human', 1.0, NULL, 't3', 0)")  # not committed
        found = labels_of(workspace)
    assert found["segment_id"].tolist() == [1, 3]
    assert found["label"].tolist() == ["water", "sand"]
    assert found["origin"].tolist() == ["human", "propagated"]
    assert found["confidence"].tolist() == [1.0, 0.5]
    assert found["time"].tolist() == ["t0", "t2"]


def test_labels_of_works_for_folders_with_awkward_names(tmp_path: Path) -> None:
    folder = tmp_path / "a?b #1 (x) 100%"
    folder.mkdir()
    write_labels(folder / "labels.sqlite", [(7, "sand", "human", 1.0, "ann", 12.5)])
    found = labels_of(Workspace(folder))
    assert found.iloc[0].tolist() == [7, "sand", "human", 1.0, "ann", 12.5]


def test_labels_of_journal_without_the_view_says_what_it_expects(workspace: Workspace) -> None:
    with closing(sqlite3.connect(workspace.path("labels.sqlite"))) as database:
        database.execute("CREATE TABLE other (a)")
    with pytest.raises(WorkspaceError, match=r"no such table: labels.*table or view `labels` \(segment_id, label"):
        labels_of(workspace)


def test_labels_of_file_that_is_no_database(workspace: Workspace) -> None:
    workspace.path("labels.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(WorkspaceError, match=r"labels\.sqlite cannot be read \(file is not a database\)"):
        labels_of(workspace)


def test_labels_of_refuses_two_labels_of_one_segment(workspace: Workspace) -> None:
    rows = [(4, "water", "human", 1.0, "me", "t"), (4, "sand", "human", 1.0, "me", "t")]
    write_labels(workspace.path("labels.sqlite"), rows)
    with pytest.raises(WorkspaceError, match="labels segment 4 twice"):
        labels_of(workspace)


def test_labels_of_reads_while_another_process_has_the_journal_open(journal: Path) -> None:
    code = (
        "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); "
        "d.execute(\"INSERT INTO actions VALUES (9, 'sand', 'human', 1, 'eve', 't9', 0)\"); d.commit(); "
        "d.execute(\"INSERT INTO actions VALUES (10, 'sand', 'human', 1, 'eve', 't9', 0)\"); "
        "print('ready', flush=True); sys.stdin.readline()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(journal)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        assert journal.with_name("labels.sqlite-wal").stat().st_size > 0
        assert labels_of(Workspace(journal.parent))["segment_id"].tolist() == [1, 2, 9]
        other.communicate("\n")


def test_labels_of_reads_from_read_only_media(journal: Path) -> None:
    with read_only(journal.parent):
        found = labels_of(Workspace(journal.parent))
    assert found["segment_id"].tolist() == [1, 2]
    assert not journal.with_name("labels.sqlite-shm").exists()


def test_labels_of_reads_a_log_that_was_left_on_read_only_media(journal: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(journal)) as writer:
        writer.execute("INSERT INTO actions VALUES (3, 'sand', 'human', 1, 'eve', 't9', 0)")
        writer.commit()
        kept = {ending: journal.with_name(f"labels.sqlite{ending}").read_bytes() for ending in ("", "-wal")}
    copied = tmp_path / "copied"
    copied.mkdir()
    for ending, content in kept.items():
        (copied / f"labels.sqlite{ending}").write_bytes(content)
    with read_only(copied):
        assert labels_of(Workspace(copied))["segment_id"].tolist() == [1, 2, 3]


def test_labels_of_many_rows_keeps_their_order_and_types(tmp_path: Path) -> None:
    rows = [(i, f"c{i % 3}", "human", None if i % 2 else 0.5, None, 1.5 * i) for i in range(1, 120_001)]
    write_labels(tmp_path / "labels.sqlite", rows)
    found = labels_of(Workspace(tmp_path))
    assert found["segment_id"].tolist() == [row[0] for row in rows]
    assert found["label"].tolist() == [row[1] for row in rows]
    assert found["time"].tolist() == [row[5] for row in rows]
    assert int(found["confidence"].isna().sum()) == 60_000
    assert bool(found["author"].isna().all())


def test_labels_of_takes_numbers_as_names(tmp_path: Path) -> None:
    write_labels(tmp_path / "labels.sqlite", [(1, 4, "human", 1, "ann", "t")])
    assert labels_of(Workspace(tmp_path)).iloc[0].tolist() == [1, "4", "human", 1.0, "ann", "t"]


def test_classes_of_follow_the_order_of_definition_with_their_colours(journal: Path) -> None:
    write_classes(journal, [("water", "#2060C0"), ("unused", None), ("sand", "f0d080")])
    workspace = Workspace(journal.parent)
    assert classes_of(workspace, labels_of(workspace)) == [
        LabelClass(1, "water", "#2060c0"),
        LabelClass(2, "unused", "#e69f00"),
        LabelClass(3, "sand", "#f0d080"),
    ]


def test_classes_of_adds_labels_that_no_class_defines(journal: Path) -> None:
    write_classes(journal, [("water", "blue")])
    workspace = Workspace(journal.parent)
    found = classes_of(workspace, labels_of(workspace))
    assert [(each.code, each.name, each.colour) for each in found] == [
        (1, "water", "#0072b2"),
        (2, "sand", "#e69f00"),
    ]


def test_classes_of_a_file_without_the_view_are_the_labels(journal: Path, tmp_path: Path) -> None:
    workspace = Workspace(journal.parent)
    assert [each.name for each in classes_of(workspace, labels_of(workspace))] == ["sand", "water"]
    empty = Workspace(tmp_path)
    assert classes_of(empty, labels_of(empty)) == []
    assert isinstance(labels_of(empty), pd.DataFrame)
