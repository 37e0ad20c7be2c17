"""kill -9 at a random moment of brushing, undoing, redoing and defining, 240 times: nothing acknowledged is lost."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from rsgraph.journal import schema
from rsgraph.journal.journal import Journal
from rsgraph.journal.reading import read_labels
from rsgraph.journal.state import replay
from tests.journal.test_journal_replay import FAST

KILLS = 240
JOURNALS = 24
"""One journal is carried on through ten kills; then a new one is begun, so that its making is hit as well."""


class Killer:
    """The process that forks those that brush, and kills them."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-m", "tests.journal.brusher", str(path)]
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(
            command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def kill(self, seed: int, waited: int, seconds: float) -> list[tuple[int, int]]:
        """Let one brush, kill it some time after it acknowledged ``waited``; return all (events, fingerprint)."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([seed, waited, seconds]) + "\n")
        return [(events, found) for events, found in json.loads(self._process.stdout.readline())]

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def killer(folder: Path) -> Iterator[Killer]:
    found = Killer(folder / "labels.sqlite")
    yield found
    found.close()


def test_killed_while_brushing_nothing_acknowledged_is_lost(killer: Killer, folder: Path) -> None:
    draw, path = random.Random(3), folder / "labels.sqlite"
    acknowledged = torn = survived = 0
    for number in range(KILLS):
        if number % (KILLS // JOURNALS) == 0:
            for left in folder.iterdir():
                left.unlink()
            events = 0
        acks = killer.kill(number, draw.choice((0, 1, 3, 5)), 10 ** draw.uniform(-4, -1.5))
        if acks:
            assert [count for count, _ in acks] == sorted(count for count, _ in acks)
            assert acks[0][0] >= events
            acknowledged += len(acks)
        events, extra = check_survivor(path, acks, events)
        torn += extra
        survived += path.exists()
    sys.stdout.write(
        f"{KILLS} kills, {acknowledged} actions acknowledged, {torn} more durable, {survived} journals\n"
    )
    assert acknowledged > 2 * KILLS


def check_survivor(path: Path, acks: list[tuple[int, int]], before: int) -> tuple[int, int]:
    """Check what a kill left; return how many events there are, and how many of them nobody was told of.

    A copy is checked, as it was left: the next process has to go on with it by itself.
    """
    told, fingerprint = acks[-1] if acks else (before, None)
    if not path.exists():
        assert told == 0
        return 0, 0
    with TemporaryDirectory(dir=FAST) as place:
        for left in path.parent.glob("labels.sqlite*"):
            shutil.copy(left, place)
        copy = Path(place, path.name)
        exported = read_labels(copy).table
        with Journal(copy) as journal:
            events = len(journal.history())
            labels = journal.labels()
        assert told <= events <= told + 1
        for column in ("segment_id", "label", "origin"):
            assert exported[column].tolist() == labels[column].tolist()
        check_history(copy, fingerprint, told)
        check_undo(copy)
    return events, events - told


def check_history(path: Path, fingerprint: int | None, told: int) -> None:
    """The log is whole, gives what was acknowledged, and the tables beside it."""
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        count = plain.execute("SELECT count(*) FROM event").fetchone()[0]
        events, derived = schema.read_events(plain), schema.read_state(plain)
    assert [event.id for event in events] == list(range(1, count + 1))
    assert derived is not None
    assert derived.fingerprint() == replay(events).fingerprint()
    if fingerprint is not None:
        assert replay(events[:told]).fingerprint() == fingerprint


def check_undo(path: Path) -> None:
    """Everything can be undone, and done again."""
    with Journal(path) as journal:
        before = journal._log.state.fingerprint()
        steps = 0
        while journal.undo() is not None:
            steps += 1
        assert journal.labels().empty
        assert journal.classes().empty
        for _ in range(steps):
            assert journal.redo() is not None
        assert journal._log.state.fingerprint() == before
