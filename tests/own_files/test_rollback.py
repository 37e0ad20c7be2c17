"""Rollback journals: those that name another file are told from those of one database."""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

from rsgraph.own_files.rollback import names_another

_MAGIC = bytes.fromhex("d9d505f920a163d7")
_PENDING = 0x40000000


def naming(database: Path, victim: Path) -> None:
    """Write a journal beside a database, as of a transaction over several, which names a file to be removed."""
    with database.open("rb") as file:
        page = struct.unpack_from(">H", file.read(100), 16)[0]
    name = os.fsencode(victim)
    header = _MAGIC + struct.pack(">5I", 0, 1, database.stat().st_size // page, 512, page)
    signed = sum(each if each < 128 else each - 256 for each in name) & 0xFFFFFFFF
    end = struct.pack(">I", _PENDING // page + 1) + name + struct.pack(">2I", len(name), signed) + _MAGIC
    database.with_name(f"{database.name}-journal").write_bytes(header.ljust(512, b"\0") + end)


def left_by_a_kill(database: Path) -> Path:
    """Leave a database, and its journal, as a program that is killed in the middle of a commit does."""
    left = database.with_name(f"left-{database.name}")
    with closing(sqlite3.connect(database, isolation_level=None)) as writing:
        writing.execute("PRAGMA cache_size = 1")
        writing.execute("BEGIN")
        counted = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9999) SELECT i FROM n"
        writing.execute(f"CREATE TABLE more AS {counted}")
        for side in ("", "-journal"):
            shutil.copyfile(f"{database}{side}", f"{left}{side}")
        writing.execute("ROLLBACK")
    return left


def database_in(folder: Path) -> Path:
    path = folder / "a.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
    return path


def test_sqlite_removes_what_such_a_journal_names(tmp_path: Path) -> None:
    """What all this is about: merely to look at such a database removes a file."""
    path, victim = database_in(tmp_path), tmp_path / "victim.txt"
    victim.write_text("mine")
    naming(path, victim)
    assert names_another(path.with_name("a.db-journal"))
    with closing(sqlite3.connect(path)) as database:
        database.execute("SELECT * FROM t").fetchall()
    assert not victim.exists()


def test_the_journal_of_one_database_names_none(tmp_path: Path) -> None:
    left = left_by_a_kill(database_in(tmp_path))
    journal = left.with_name(f"{left.name}-journal")
    assert journal.stat().st_size > 512
    assert not names_another(journal)


def test_nothing_and_next_to_nothing_name_none(tmp_path: Path) -> None:
    assert not names_another(tmp_path / "none")
    assert not names_another(tmp_path)
    for content in (b"", b"abc", _MAGIC):
        (tmp_path / "short").write_bytes(content)
        assert not names_another(tmp_path / "short")
