from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rsgraph.journal import tables
from rsgraph.journal.log import Log
from rsgraph.journal.storage import fill
from tests.journal.test_state import LOG, event


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    fill(tmp_path / "labels.sqlite", LOG)
    log = Log(tmp_path / "labels.sqlite", read_only=False, author="ann")
    yield log
    log.close()


def test_labels_are_one_row_per_labelled_segment(log: Log) -> None:
    found = tables.labels(log)
    assert list(found.columns) == ["segment_id", "label", "origin", "confidence", "author", "time"]
    assert found["segment_id"].tolist() == [1, 2, 3]
    assert found["label"].tolist() == ["water", "sand", "sand"]
    assert found["origin"].tolist() == ["human", "imported", "imported"]
    np.testing.assert_array_equal(found["confidence"], [np.nan, 0.5, 0.5])


def test_classes_are_numbered_in_order_of_definition(log: Log) -> None:
    assert tables.classes(log).to_numpy().tolist() == [
        ["water", "#000001", None, 1],
        ["sand", "#000002", None, 2],
    ]


def test_strokes_are_numbers_of_events_also_beyond_what_is_labelled(log: Log) -> None:
    found = tables.strokes(log, np.array([10**6, 1, 3], np.uint32))
    assert found[0] == 0
    assert [log.events[number].action for number in found[1:].tolist()] == ["assign", "assign"]
    assert 1 in log.events[int(found[1])].ids.tolist() or log.events[int(found[1])].n > 0


def test_codes_are_those_of_the_segments_that_are_asked_for(log: Log) -> None:
    codes, origins, sure = tables.codes(log, np.array([3, 10**6, 1, 1500], np.uint32))
    assert codes.tolist() == [2, 0, 1, 0]
    assert origins.tolist() == [2, 0, 1, 0]
    np.testing.assert_array_equal(sure, np.array([0.5, np.nan, np.nan, np.nan], np.float32))


def test_an_erased_segment_has_no_confidence(log: Log) -> None:
    log.append(event(0, "assign", {"classes": [[0, None]], "confidence": 2**31}, [2], origin="human"))
    assert np.isnan(tables.codes(log, np.array([2], np.uint32))[2]).all()


def test_history_tells_what_was_undone(log: Log) -> None:
    log.undo()
    found = tables.history(log)
    assert found["event"].tolist() == [1, 2, 3, 4, 5]
    assert found["action"].tolist() == ["define", "define", "assign", "assign", "undo"]
    assert found["label"].tolist() == ["water", "sand", "water", "sand", "sand"]
    assert found["segments"].tolist() == [0, 0, 3, 3, 3]
    assert found["undone"].tolist() == [False, False, False, True, False]
