from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from rsgraph.errors import ConfigError, JournalDamaged, OutputError
from rsgraph.journal.journal import Journal
from rsgraph.journal.reading import read_journal
from rsgraph.journal.transfer import Overlaps, transfer_labels

OLD = np.array(
    [
        [1, 1, 2, 2, 3, 3],
        [1, 1, 2, 2, 3, 3],
        [4, 4, 5, 5, 0, 0],
    ]
)
NEW = np.array(
    [
        [1, 1, 1, 3, 4, 4],
        [1, 1, 3, 3, 4, 6],
        [2, 2, 2, 3, 6, 6],
    ]
)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Water on 1 and 4, sand on 2, mud on 5; 3 has no label."""
    path = tmp_path / "labels.old.sqlite"
    with Journal(path, author="ann") as journal:
        journal.define("water", colour="#2060c0", key="1")
        journal.define("unused")
        journal.define("sand", colour="#f0d080", key="2")
        journal.define("mud")
        journal.assign([1], "water")
        journal.assign([4], "water", origin="classified", confidence=0.75, author="model")
        journal.assign([2], "sand", origin="imported", author="bob")
        journal.assign([5], "mud", origin="propagated", confidence=0.5)
    return path


def overlaps_of(new: np.ndarray, old: np.ndarray) -> Overlaps:
    """Count pairs of ids, row by row: a pair stands in several rows."""
    rows = []
    for parts in zip(new, old, strict=True):
        rows += [(*pair, count) for pair, count in Counter(zip(*map(np.ndarray.tolist, parts), strict=True)).items()]
    found = np.array([row for row in rows if row[0]])
    return Overlaps(*found.T)


def test_transfer_labels_gives_each_segment_the_label_on_most_of_its_pixels(old: Path, tmp_path: Path) -> None:
    before, new = old.read_bytes(), tmp_path / "labels.sqlite"
    report = transfer_labels(old, new, overlaps_of(NEW, OLD))
    table = read_journal(new).table
    # 1: water on 4 of 5 pixels; 2: water on 2 of 3, mud on 1; 3: sand on 3 of 4, mud on 1; 4 and 6: never labelled
    columns = ["segment_id", "label", "origin", "author"]
    assert table[columns].to_numpy().tolist() == [
        [1, "water", "human", "ann"],
        [2, "water", "classified", "model"],
        [3, "sand", "imported", "bob"],
    ]
    np.testing.assert_array_equal(table["confidence"], [np.nan, 0.75, np.nan])
    assert report.before == 4
    assert report.labelled.tolist() == [1, 2, 3]
    assert report.mixed.tolist() == [1, 2, 3]
    assert report.without_majority.tolist() == []
    assert old.read_bytes() == before
    assert {file.name for file in tmp_path.glob("*")} == {old.name, f"{old.name}.lock", new.name}


def test_transfer_labels_defines_all_classes_as_they_were(old: Path, tmp_path: Path) -> None:
    transfer_labels(old, tmp_path / "labels.sqlite", overlaps_of(NEW, OLD))
    with Journal(old, read_only=True) as first, Journal(tmp_path / "labels.sqlite") as second:
        assert second.classes().equals(first.classes())
        assert "transferred from labels.old.sqlite to new segments" in second.history()["note"].tolist()
        while second.undo():
            pass
        assert second.labels().empty
        assert second.classes().empty


def test_transfer_labels_takes_more_than_half_of_all_pixels(old: Path, tmp_path: Path) -> None:
    # 10: half of it water; 11: water on 3 of 7, sand on 2, none on 2; 12: water of two old segments on 4 of 7;
    # 13: no labelled pixel; 14: as the old segment 5
    new, ids, pixels = np.array(
        [
            (10, 1, 2), (10, 3, 2), (11, 1, 3), (11, 2, 2), (11, 0, 2),
            (12, 1, 1), (12, 4, 3), (12, 2, 3), (13, 3, 9), (14, 5, 1),
        ]
    ).T  # fmt: skip
    report = transfer_labels(old, tmp_path / "labels.sqlite", Overlaps(new, ids, pixels))
    found = read_journal(tmp_path / "labels.sqlite").table
    assert found["segment_id"].tolist() == [12, 14]
    assert found["label"].tolist() == ["water", "mud"]
    assert found["author"].tolist() == ["model", "ann"]  # the old segment 4 covers most of 12
    assert report.mixed.tolist() == [11, 12]
    assert report.without_majority.tolist() == [10, 11]
    assert str(report) == (
        "4 labelled segments gave their labels to 2 new ones; 2 (10, 11) have no label on more than half of their "
        "pixels and are unlabelled, 2 (11, 12) are mixed, with pixels of several classes"
    )


def test_transfer_labels_of_the_same_segments_changes_nothing(old: Path, tmp_path: Path) -> None:
    ids = np.arange(1, 6)
    transfer_labels(old, tmp_path / "labels.sqlite", Overlaps(ids, ids, np.full(5, 3)))
    one, two = read_journal(old), read_journal(tmp_path / "labels.sqlite")
    assert two.table.drop(columns="time").equals(one.table.drop(columns="time"))
    assert two.classes == one.classes


def test_transfer_labels_of_no_labels_makes_a_journal_without_labels(tmp_path: Path) -> None:
    with Journal(tmp_path / "old.sqlite") as journal:
        journal.define("water")
    report = transfer_labels(tmp_path / "old.sqlite", tmp_path / "new.sqlite", overlaps_of(NEW, OLD))
    assert report.before == len(report.labelled) == len(report.mixed) == len(report.without_majority) == 0
    assert [each.name for each in read_journal(tmp_path / "new.sqlite").classes] == ["water"]


def test_transfer_labels_refuses_what_it_would_overwrite_or_cannot_read(old: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is there already"):
        transfer_labels(old, old, overlaps_of(NEW, OLD))
    with pytest.raises(ConfigError, match=r"must be \(n,\) each"):
        Overlaps(np.array([1]), np.array([1, 2]), np.array([1]))
    old.write_bytes(b"no journal")
    with pytest.raises(JournalDamaged):
        transfer_labels(old, tmp_path / "labels.sqlite", overlaps_of(NEW, OLD))
    assert not (tmp_path / "labels.sqlite").exists()
