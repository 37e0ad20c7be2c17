from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np
import pytest

from rsgraph.journal.events import (
    Event,
    checksum,
    event_of,
    fixed_point,
    floating,
    label_of,
    pack,
    pack_ids,
    step_of,
    text_of,
    unpack,
)

ASSIGN = Event(
    3, "2026-01-01T00:00:00+00:00", "ann", "assign", {"classes": [[1, "water"], [0, None], [2, "sand"]]},
    origin="human", n=3, segments=pack_ids(np.array([4, 5, 300], np.uint32)),
)  # fmt: skip


def test_pack_puts_the_lowest_bytes_first() -> None:
    packed = pack(np.array([1, 258], np.uint32))
    assert zlib.decompress(packed) == bytes([1, 2, 0, 1, 0, 0, 0, 0])
    np.testing.assert_array_equal(unpack(packed, 2), [1, 258])


def test_ids_are_packed_as_their_differences() -> None:
    packed = pack_ids(np.array([4, 5, 300], np.uint32))
    np.testing.assert_array_equal(unpack(packed, 3), [4, 1, 295])
    assert ASSIGN.ids.tolist() == [4, 5, 300]
    assert Event(1, "", "", "note").ids.tolist() == []


@pytest.mark.parametrize("n", [0, 1, 3, 2**26])
def test_what_is_packed_is_of_the_number_that_is_said(n: int) -> None:
    with pytest.raises(ValueError, match=f"not the {n} that there should be"):
        unpack(pack(np.array([1, 258], np.uint32)), n)


def test_no_more_is_unpacked_than_there_should_be() -> None:
    bomb = zlib.compress(bytes(64 << 20), 9)
    with pytest.raises(ValueError, match="not the 3 that there should be"):
        unpack(bomb, 3)
    for broken in (b"", b"no zlib", pack(np.array([1, 2], np.uint32))[:-3]):
        with pytest.raises(ValueError, match="packed numbers are"):
            unpack(broken, 2)


@pytest.mark.parametrize("steps", [[0, 1], [4, 0], [2**26, 1], [2**32 - 1, 2]])
def test_ids_that_no_segment_has_are_refused(steps: list[int]) -> None:
    with pytest.raises(ValueError, match="action 3 is about segments that there cannot be"):
        _ = replace(ASSIGN, n=2, segments=pack(np.array(steps, np.uint32))).ids


def test_checksum_is_the_crc_of_the_texts_and_then_of_the_blobs() -> None:
    assert checksum((1, "a", b"xy", None)) == zlib.crc32(b'[1, "a", 2, null]xy')


def test_a_row_gives_its_event_unless_anything_was_changed() -> None:
    row = ASSIGN.row()
    assert event_of(row) == ASSIGN
    for column in range(len(row)):
        changed = (*row[:column], "other", *row[column + 1 :])
        assert event_of(changed) is None


@pytest.mark.parametrize(("value", "fixed"), [(0.0, 0), (0.5, 2**30), (1.0, 2**31), (float("nan"), 0xFFFFFFFF)])
def test_confidences_are_kept_with_31_binary_places(value: float, fixed: int) -> None:
    assert fixed_point([value]).tolist() == [fixed]
    np.testing.assert_array_equal(floating(np.array([fixed], np.uint32)), [value])


def test_what_an_event_does() -> None:
    assert ASSIGN.undoable
    assert ASSIGN.changes_labels
    assert ASSIGN.classes == [(1, "water"), (0, None), (2, "sand")]
    define = Event(1, "", "", "define", {"class": 0, "name": "water", "colour": "#000000", "key": None})
    assert define.undoable
    assert not define.changes_labels
    assert not Event(4, "", "", "undo", target=3).undoable


def test_an_event_in_words() -> None:
    assert text_of(ASSIGN) == "label 3 segments as water, sand"
    assert text_of(replace(ASSIGN, origin="imported", n=1)) == "label 1 segment as water, sand (imported)"
    erase = replace(ASSIGN, body={"classes": [[0, None]]}, n=1200)
    assert text_of(erase) == "erase the labels of 1,200 segments"
    assert label_of(erase) is None
    many = {"classes": [[number, f"c{number}"] for number in range(1, 5)]}
    assert label_of(replace(ASSIGN, body=many)) == "4 classes"
    assert text_of(Event(5, "", "", "rename", {"class": 1, "old": "a", "new": "b"})) == "rename a to b"
    assert text_of(Event(5, "", "", "undo", target=3)) == "undo action 3"


def test_a_step_names_the_event_its_segments_and_label() -> None:
    step = step_of(ASSIGN)
    assert (step.event, step.action, step.label, step.n_segments) == (3, "assign", "water, sand", 3)
    assert step.segment_ids.tolist() == [4, 5, 300]


def test_a_merge_names_both_classes() -> None:
    merge = Event(7, "", "", "merge", {"class": 1, "name": "mud", "into": 2, "goal": "sand"}, n=3)
    assert label_of(merge) == "mud into sand"
    assert text_of(merge) == "merge the class mud with 3 segments into sand"
