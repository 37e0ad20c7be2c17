"""kill -9 at a random moment of brushing, undoing, redoing and defining: nothing acknowledged is lost."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from rsgraph.journal import schema
from rsgraph.journal.journal import Journal
from rsgraph.journal.reading import read_journal
from rsgraph.journal.state import replay
from tests.journal.test_journal_replay import FAST

KILLS = 240
"""As many as it takes to hit every moment; a tenth of them in each test session, all of them in the slow one."""
KILLS_OF_A_JOURNAL = 10
"""One journal is carried on through so many; then a new one is begun, so that its making is hit as well."""

KILLERS = 4
"""So many kill at the same time, each on a journal of its own: most of the time is spent waiting for the disk."""


class Killer:
    """A process that forks those that brush, and kills them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.path = folder, folder / "labels.sqlite"
        self.kills = self.events = 0
        self._draw = random.Random(seed)
        command = [sys.executable, "-m", "tests.journal.brusher", str(self.path)]
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(
            command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def start(self) -> None:
        """Let one brush, and kill it some time after it acknowledged some actions; now and then on a new journal."""
        assert self._process.stdin is not None
        if self.kills % KILLS_OF_A_JOURNAL == 0:
            self.events = 0
            for left in self.folder.iterdir():
                left.unlink()
        self.kills += 1
        order = [self._draw.randrange(2**31), self._draw.choice((0, 1, 3, 5)), 10 ** self._draw.uniform(-4, -1.5)]
        self._process.stdin.write(json.dumps(order) + "\n")

    def acknowledged(self) -> list[tuple[int, int]]:
        """Wait until it is dead; return all (events, fingerprint) that it acknowledged."""
        assert self._process.stdout is not None
        return [(events, found) for events, found in json.loads(self._process.stdout.readline())]

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@pytest.fixture
def killers(tmp_path: Path) -> Iterator[list[Killer]]:
    folders = [tmp_path / str(number) for number in range(KILLERS)]
    for folder in folders:
        folder.mkdir()
    found = [Killer(folder, seed) for seed, folder in enumerate(folders)]
    yield found
    for killer in found:
        killer.close()


@pytest.mark.parametrize("kills", [KILLS // 10, pytest.param(KILLS, marks=pytest.mark.slow)])
def test_killed_while_brushing_nothing_acknowledged_is_lost(killers: list[Killer], kills: int) -> None:
    acknowledged = unacknowledged = survived = 0
    for killer in killers:
        killer.start()
    for number in range(kills):
        killer = killers[number % KILLERS]
        acks, before = killer.acknowledged(), killer.events
        if acks:
            assert [count for count, _ in acks] == sorted(count for count, _ in acks)
            assert acks[0][0] >= before
            acknowledged += len(acks)
        survived += killer.path.exists()
        with TemporaryDirectory(dir=FAST) as place:
            for left in killer.folder.glob("labels.sqlite*"):
                shutil.copy(left, place)
            killer.events, extra = check_survivor(Path(place, killer.path.name), acks, before)
        unacknowledged += extra
        if number + KILLERS < kills:
            killer.start()
    sys.stdout.write(
        f"{kills} kills, {acknowledged} actions acknowledged, {unacknowledged} more durable, {survived} journals\n"
    )
    assert sum(killer.kills for killer in killers) == kills
    assert acknowledged > 2 * kills


def check_survivor(path: Path, acks: list[tuple[int, int]], before: int) -> tuple[int, int]:
    """Check what a kill left; return how many events there are, and how many of them were not acknowledged."""
    known, fingerprint = acks[-1] if acks else (before, None)
    if not path.exists():
        assert known == 0
        return 0, 0
    looked_at = read_journal(path).table
    with Journal(path) as journal:
        events = len(journal.history())
        assert known <= events <= known + 1
        assert looked_at.equals(journal.labels())
        check_history(journal._log._database, events, fingerprint, known)
        check_undo(journal)
    return events, events - known


def check_history(database: sqlite3.Connection, count: int, fingerprint: int | None, known: int) -> None:
    """The log is whole, gives what was acknowledged, and the tables beside it."""
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    events, derived = schema.read_events(database), schema.read_state(database)
    assert [event.id for event in events] == list(range(1, count + 1))
    assert derived is not None
    found = replay(events).fingerprint()
    assert derived.fingerprint() == found
    if fingerprint is not None:
        assert fingerprint == (found if known == count else replay(events[:known]).fingerprint())


def check_undo(journal: Journal) -> None:
    """Everything can be undone, and done again."""
    before, steps = journal._log.state.fingerprint(), 0
    while journal.undo() is not None:
        steps += 1
    assert journal.labels().empty
    assert journal.classes().empty
    for _ in range(steps):
        assert journal.redo() is not None
    assert journal._log.state.fingerprint() == before
