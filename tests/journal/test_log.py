from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rsgraph.errors import JournalDamaged, JournalLocked, WorkspaceError
from rsgraph.journal.log import Log
from rsgraph.journal.storage import fill
from tests.journal.test_state import LOG, event, labels_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    fill(tmp_path / "labels.sqlite", LOG)
    return tmp_path / "labels.sqlite"


@pytest.fixture
def log(path: Path) -> Iterator[Log]:
    log = Log(path, read_only=False, author="ann")
    yield log
    log.close()


def test_append_numbers_and_signs_an_event_and_carries_it_out(log: Log) -> None:
    number = log.append(event(0, "assign", {"classes": [[1, "water"]]}, [2, 7], origin="human"))
    assert number == 5
    assert (log.events[5].author, log.events[5].time[:2]) == ("ann", "20")
    assert log.events[5].segments is None  # which stay in the file
    assert log.event(5).ids.tolist() == [2, 7]
    assert labels_of(log.state) == {1: 1, 2: 1, 3: 2, 7: 1}


def test_undo_and_redo_go_back_and_forth_through_the_log(log: Log) -> None:
    undone = [log.undo() for _ in range(5)]
    assert [step.id for step in undone if step] == [4, 3, 2, 1]
    assert undone[-1] is None
    assert labels_of(log.state) == {}
    assert log.state.classes == {}
    assert [step.id for step in (log.redo() for _ in range(4)) if step] == [1, 2, 3, 4]
    assert log.redo() is None
    assert labels_of(log.state) == {1: 1, 2: 2, 3: 2}
    assert len(log.events) == 12


def test_undo_computes_from_the_log_what_was_not_kept(log: Log) -> None:
    log._database.execute("DELETE FROM before")
    log.undo()
    assert labels_of(log.state) == {1: 1, 2: 1, 1500: 1}


def test_what_was_written_is_there_when_it_is_opened_again(path: Path, log: Log) -> None:
    log.undo()
    log.close()
    with pytest.raises(WorkspaceError, match="was closed; open the journal again"):
        log.event(1)
    again = Log(path, read_only=False, author=None)
    assert labels_of(again.state) == {1: 1, 2: 1, 1500: 1}
    assert (again.timeline.done, again.timeline.undone) == ([1, 2, 3], [4])
    again.close()


def test_a_reader_takes_in_what_the_writer_did(path: Path, log: Log) -> None:
    reader = Log(path, read_only=True, author=None)
    assert not reader.refresh()
    log.undo()
    assert reader.refresh()
    assert labels_of(reader.state) == {1: 1, 2: 1, 1500: 1}
    with pytest.raises(JournalLocked, match="is open read-only"):
        reader.undo()
    reader.close()


def test_a_second_writer_is_refused(path: Path, log: Log) -> None:
    with pytest.raises(JournalLocked, match="is being labelled by"):
        Log(path, read_only=False, author=None)


def test_codes_of_strokes_are_positions_of_classes_and_origins(log: Log) -> None:
    codes, origins = log.codes_of_strokes()
    assert codes.tolist() == [0, 1, 2]
    assert origins.tolist() == [0, 1, 2]  # human, imported
    log.append(event(0, "remove", {"class": 1, "name": "water"}, [1]))
    assert log.codes_of_strokes()[0].tolist() == [0, 0, 1]


def test_an_event_whose_checksum_does_not_fit_is_damage(log: Log) -> None:
    log._database.execute("DROP TRIGGER event_is_never_changed")
    log._database.execute("UPDATE event SET note = 'other' WHERE id = 2")
    with pytest.raises(JournalDamaged, match="the checksum of action 2 does not fit"):
        log.event(2)
