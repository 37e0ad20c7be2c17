"""The journal as scripts and windows use it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from rsgraph.api import Workspace
from rsgraph.errors import ConfigError, JournalLocked, NotThere
from rsgraph.io.palette import CLASS_COLOURS
from rsgraph.journal.journal import Journal
from rsgraph.journal.reading import read_journal
from rsgraph.journal.storage import on_network_drive, set_aside
from tests.exporters.workspaces import scene, write_workspace

IDS = np.arange(1, 5001)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "labels.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal(path, segment_ids=IDS, author="ann") as opened:
        opened.define("water", colour="#2060C0", key="1")
        opened.define("sand")
        yield opened


def held(journal: Journal) -> dict[int, str]:
    found = journal.labels()
    return dict(zip(found["segment_id"].tolist(), found["label"].tolist(), strict=True))


def test_assign_labels_segments_in_any_order(journal: Journal) -> None:
    event = journal.assign([4000, 7, 7, 3], "water", note="from the jetty")
    assert event == 3
    labels = journal.labels()
    assert labels["segment_id"].tolist() == [3, 7, 4000]
    assert labels["label"].tolist() == ["water"] * 3
    assert labels["origin"].tolist() == ["human"] * 3
    assert labels["author"].tolist() == ["ann"] * 3
    assert labels["confidence"].isna().all()
    assert labels["time"].str.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00").all()


def test_assign_replaces_and_none_erases(journal: Journal) -> None:
    journal.assign([1, 2, 3], "water")
    journal.assign([2], "sand", origin="imported")
    journal.assign([3], None)
    assert held(journal) == {1: "water", 2: "sand"}


def test_assign_each_labels_many_in_one_step(journal: Journal) -> None:
    journal.assign([5], "water")
    sure = [0.25, 0.9, 1.0]
    journal.assign_each([9, 5, 7], ["sand", None, "water"], origin="classified", confidence=sure)
    assert held(journal) == {7: "water", 9: "sand"}
    assert journal.labels()["confidence"].tolist() == [1.0, 0.25]
    step = journal.undo()
    assert step is not None
    assert step.text == "label 3 segments as sand, water (classified)"
    assert step.segment_ids.tolist() == [5, 7, 9]
    assert held(journal) == {5: "water"}


def test_confidences_keep_the_precision_of_float32(journal: Journal) -> None:
    sure = np.random.default_rng(0).random(1000).astype(np.float32) * 0.99 + np.float32(0.01)
    journal.assign(IDS[:1000], "water", origin="propagated", confidence=sure)
    _, _, found = journal.codes(IDS[:1000])
    np.testing.assert_array_equal(found, sure)


def test_codes_follow_the_order_asked_for(journal: Journal) -> None:
    journal.assign([1, 4], "sand", origin="propagated", confidence=0.5)
    journal.assign([2], "water")
    codes, origins, sure = journal.codes([4, 3, 2, 1, 4_999_999])
    assert codes.tolist() == [2, 0, 1, 2, 0]
    assert origins.tolist() == [3, 0, 1, 3, 0]
    np.testing.assert_array_equal(sure, np.float32([0.5, np.nan, np.nan, 0.5, np.nan]))
    assert (codes.dtype, origins.dtype, sure.dtype) == (np.int16, np.uint8, np.float32)
    assert [part.shape for part in journal.codes([])] == [(0,), (0,), (0,)]


def test_strokes_are_the_events_that_label_and_the_position_is_the_last(journal: Journal) -> None:
    before = journal.position
    first = journal.assign([1, 2, 3], "water")
    second = journal.assign_each([3, 4], ["sand", "water"], origin="imported")
    assert journal.strokes([4, 3, 2, 4_999_999]).tolist() == [second, second, first, 0]
    assert journal.strokes([]).tolist() == []
    assert (before + 2, second) == (second, journal.position)
    journal.undo()
    assert journal.strokes([3, 4]).tolist() == [first, 0]
    assert journal.position == second + 1


def test_undo_and_redo_go_all_the_way_after_a_restart(journal: Journal, path: Path) -> None:
    journal.assign(IDS[:3], "water")
    journal.assign(IDS[1:5], "sand", origin="classified", confidence=0.75)
    journal.rename("sand", "beach")
    journal.remove("water")
    expected = journal.labels()
    assert held(journal) == dict.fromkeys([2, 3, 4, 5], "beach")
    journal.close()
    with Journal(path) as again:
        texts = [again.undo().text for _ in range(6)]  # type: ignore[union-attr]
        assert texts == [
            "remove the class water and the labels of 1 segment",
            "rename sand to beach",
            "label 4 segments as sand (classified)",
            "label 3 segments as water",
            "define the class sand",
            "define the class water",
        ]
        assert again.undo() is None
        assert held(again) == {}
        assert again.classes().empty
    with Journal(path) as again:
        for _ in range(6):
            assert again.redo() is not None
        assert again.redo() is None
        assert again.labels().equals(expected)


def test_undone_labels_come_back_with_author_origin_and_confidence(journal: Journal) -> None:
    journal.assign([1, 2], "sand", origin="propagated", confidence=[0.5, 0.75], author="model")
    before = journal.labels()
    journal.assign([2, 3], "water")
    journal.undo()
    assert journal.labels().equals(before)


def test_a_new_action_ends_redo_and_history_keeps_it(journal: Journal) -> None:
    journal.assign([1], "water")
    journal.undo()
    assert journal.can_redo is not None
    assert journal.can_redo.text == "label 1 segment as water"
    journal.note("the tide was low", segment_ids=[1])
    assert journal.can_redo is not None  # a note changes no label
    journal.assign([2], "sand")
    assert journal.can_redo is None
    assert journal.redo() is None
    history = journal.history()
    assert history["action"].tolist() == ["define", "define", "assign", "undo", "note", "assign"]
    assert history["undone"].tolist() == [False, False, True, False, False, False]
    assert history["segments"].tolist() == [0, 0, 1, 1, 1, 1]
    assert history["label"].tolist()[2:4] == ["water", "water"]
    assert history["note"].tolist()[4] == "the tide was low"
    assert history["event"].tolist() == [1, 2, 3, 4, 5, 6]


def test_classes_keep_their_order_and_lend_their_keys_once(journal: Journal) -> None:
    journal.define("reef", key="3")
    journal.remove("sand")
    journal.define("water", colour="#000080")
    assert journal.classes().to_dict("list") == {
        "name": ["water", "reef"],
        "colour": ["#000080", CLASS_COLOURS[1]],
        "key": ["1", "3"],
        "position": [1, 2],
    }
    with pytest.raises(ConfigError, match="the key '1' belongs to the class 'water'"):
        journal.define("mud", key="1")
    journal.define("water", key="")
    journal.define("mud", key="1")
    assert journal.classes()["key"].tolist() == [None, "3", "1"]


def test_define_without_a_change_is_no_step(journal: Journal) -> None:
    journal.define("water", colour="#2060c0")
    assert len(journal.history()) == 2


def test_a_class_made_again_after_removal_has_none_of_the_old_labels(journal: Journal) -> None:
    journal.assign([1], "water")
    journal.remove("water")
    journal.define("water")
    assert held(journal) == {}
    assert journal.codes([1])[0].tolist() == [0]
    journal.undo()
    journal.undo()
    assert held(journal) == {1: "water"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1], "watr"), r"there is no class 'watr' \(there are: water, sand\); define it first"),
        (([], "water"), "`segment_ids` is empty: select segments first"),
        (([0], "water"), "must be of 1 to"),
        (([5001, 6000], "water"), "holds 2 that are not in segments.parquet .segment 5001 is one"),
        (([1.5], "water"), r"must be whole numbers, \(n,\). Got float64"),
        (([[1, 2]], "water"), r"Got int64 of shape \(1, 2\)"),
    ],
)
def test_assign_refuses_what_does_not_fit(journal: Journal, arguments: tuple[list[int], str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        journal.assign(*arguments)
    assert len(journal.history()) == 2


def test_assign_refuses_options_that_do_not_fit(journal: Journal) -> None:
    with pytest.raises(ConfigError, match=r"`origin` must be one of human, imported, propagated, classified"):
        journal.assign([1], "water", origin="guess")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"`confidence` must be of 0 to 1\. Got 1\.5"):
        journal.assign([1], "water", confidence=1.5)
    with pytest.raises(ConfigError, match=r"`confidence` must be a number or 2 of them"):
        journal.assign([1, 2], "water", confidence=[0.5])
    with pytest.raises(ConfigError, match=r"3 `segment_ids`, 2 of them different, have 3 `labels`"):
        journal.assign_each([1, 2, 2], ["water", "sand", "sand"], origin="imported")
    with pytest.raises(ConfigError, match=r"2 `segment_ids`, 2 of them different, have 1 `labels`"):
        journal.assign_each([1, 2], ["water"], origin="imported")
    for name in ("", "  ", "two\nlines", "x" * 201):
        with pytest.raises(ConfigError, match="a class needs a name"):
            journal.define(name)
    with pytest.raises(ConfigError, match="there is a class 'sand' already"):
        journal.rename("water", "sand")
    with pytest.raises(ConfigError, match="`colour` must be like #2060c0"):
        journal.define("reef", colour="blue")


def test_plain_sqlite_and_exporters_read_an_open_journal(tmp_path: Path) -> None:
    workspace = Workspace(write_workspace(tmp_path / "w", [scene()]).folder)
    with workspace.journal(author="ann") as journal:
        journal.define("water")
        journal.assign([1, 3], "water")
        journal.assign([2], "water", origin="classified", confidence=0.625)
        with closing(sqlite3.connect(workspace.path("labels.sqlite"))) as plain:
            rows = plain.execute("SELECT segment_id, label, origin, confidence, author FROM labels").fetchall()
            assert sorted(rows) == [
                (1, "water", "human", None, "ann"),
                (2, "water", "classified", 0.625, "ann"),
                (3, "water", "human", None, "ann"),
            ]
            assert plain.execute("SELECT * FROM classes").fetchall() == [("water", CLASS_COLOURS[0], None, 1)]
        exported = read_journal(workspace.path("labels.sqlite")).table
        mine = journal.labels()
        assert exported.sort_values("segment_id").to_dict("list").keys() == mine.to_dict("list").keys()
        for column in ("segment_id", "label", "origin", "author", "time"):
            assert exported[column].tolist() == mine[column].tolist()
        with pytest.raises(ConfigError, match=r"not in segments\.parquet"):
            journal.assign([10_000], "water")
    assert sorted(file.name for file in workspace.folder.glob("labels*")) == ["labels.sqlite", "labels.sqlite.lock"]
    assert read_journal(workspace.path("labels.sqlite")).table["label"].tolist() == ["water"] * 3


def test_a_workspace_without_segments_has_no_journal(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match=r"holds no segments\.parquet"):
        Workspace(tmp_path).journal()
    assert list(tmp_path.iterdir()) == []


def test_events_can_be_neither_changed_nor_removed(journal: Journal, path: Path) -> None:
    journal.assign([1], "water")
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        for statement in ("UPDATE event SET author = 'eve'", "DELETE FROM event"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                plain.execute(statement)
        with pytest.raises(sqlite3.IntegrityError, match="without gaps"):
            plain.execute("INSERT OR REPLACE INTO event SELECT * FROM event WHERE id = 1")


def test_derived_tables_that_do_not_fit_the_log_are_made_anew(journal: Journal, path: Path) -> None:
    journal.assign(IDS, "water")
    journal.assign([2], "sand", origin="classified", confidence=0.5)
    expected = journal.labels()
    journal.close()
    for statement in ("DELETE FROM chunk", "DELETE FROM stroke", "UPDATE class SET name = 'x'", "DELETE FROM before"):
        with closing(sqlite3.connect(path, isolation_level=None)) as plain:
            plain.execute(statement)
        with Journal(path, read_only=True) as looking:
            assert looking.labels().equals(expected)
        with Journal(path) as again:
            assert again.labels().equals(expected)
            again.undo()
            assert held(again) == dict.fromkeys(IDS.tolist(), "water")
            again.redo()
        with closing(sqlite3.connect(path)) as plain:
            assert plain.execute("SELECT count(*) FROM labels WHERE label = 'water'").fetchone() == (4999,)


def test_a_read_only_journal_changes_nothing(journal: Journal, path: Path) -> None:
    journal.assign([1], "water")
    with Journal(path, read_only=True) as looking:
        assert held(looking) == {1: "water"}
        for action in (looking.undo, lambda: looking.define("reef"), lambda: looking.assign([2], "water")):
            with pytest.raises(JournalLocked, match="is open read-only"):
                action()
        assert held(looking) == {1: "water"}
    assert held(journal) == {1: "water"}


def test_looking_where_nothing_was_labelled_yet(path: Path) -> None:
    with Journal(path, read_only=True) as looking:
        assert held(looking) == {}
        assert not path.exists()
        assert not looking.refresh()
        with Journal(path) as journal:
            journal.define("water")
            journal.assign([1], "water")
            assert looking.refresh()
            assert held(looking) == {1: "water"}
            assert not looking.refresh()
            journal.undo()
            assert looking.refresh()
            assert held(looking) == {}


def test_a_journal_of_a_killed_program_is_read_from_a_folder_that_cannot_be_written(
    journal: Journal, path: Path, tmp_path: Path
) -> None:
    journal.assign([1], "water")
    left = tmp_path / "left"
    left.mkdir()
    for side in ("", "-wal"):  # as a killed program leaves them, without the shared memory
        (left / f"labels.sqlite{side}").write_bytes(path.with_name(path.name + side).read_bytes())
    before = {file.name: file.read_bytes() for file in left.iterdir()}
    from rsgraph.journal.storage import snapshot

    with closing(snapshot(left / "labels.sqlite")) as found:
        assert found.execute("SELECT segment_id, label FROM labels").fetchall() == [(1, "water")]
    assert {file.name: file.read_bytes() for file in left.iterdir()} == before


def test_a_journal_can_be_used_from_other_threads(journal: Journal) -> None:
    threads = [threading.Thread(target=journal.assign, args=([number], "water")) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert held(journal) == dict.fromkeys(range(1, 9), "water")
    assert len(journal.history()) == 10


def test_closing_twice_does_no_harm(path: Path) -> None:
    journal = Journal(path)
    journal.close()
    journal.close()
    with (
        Journal(path),
        pytest.raises(JournalLocked, match=r"is being labelled by \S+ \(process \d+ on this computer"),
    ):
        Journal(path)


def test_an_interrupt_in_the_middle_leaves_all_as_it_was(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.assign([1], "water")
    with monkeypatch.context() as patch:
        patch.setattr("rsgraph.journal.schema.write_state", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        for action in (lambda: journal.assign([1, 2], "sand"), journal.undo, lambda: journal.remove("water")):
            with pytest.raises(KeyboardInterrupt):
                action()
            assert held(journal) == {1: "water"}
    assert len(journal.history()) == 3
    assert journal.assign([2], "sand") == 4
    assert held(journal) == {1: "water", 2: "sand"}


MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/export /mnt/shared\\040data nfs4 rw 0 0
me@host: /home/me/remote fuse.sshfs rw 0 0
tmpfs /home/me/remote/local tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("/home/me/labels.sqlite", False),
        ("/mnt/shared data/w/labels.sqlite", True),
        ("/mnt/shared data2/labels.sqlite", False),
        ("/home/me/remote/labels.sqlite", True),
        ("/home/me/remote/local/labels.sqlite", False),
    ],
)
def test_network_drives_are_known_by_their_file_system(tmp_path: Path, place: str, expected: bool) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert on_network_drive(Path(place), mounts) is expected
    assert on_network_drive(Path(place), tmp_path / "absent") is False


@pytest.mark.parametrize(("remote", "mode"), [(False, "wal"), (True, "truncate")])
def test_the_log_is_written_ahead_except_on_network_drives(
    path: Path, monkeypatch: pytest.MonkeyPatch, remote: bool, mode: str
) -> None:
    monkeypatch.setattr("rsgraph.journal.storage.on_network_drive", lambda _: remote)
    with Journal(path) as journal:
        database = journal._log._database
        assert database.execute("PRAGMA journal_mode").fetchone() == (mode,)
        assert database.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        journal.define("water")
        journal.assign([1], "water")
        assert path.with_name("labels.sqlite-wal").exists() is not remote
        with Journal(path, read_only=True) as looking:
            assert held(looking) == {1: "water"}


def test_a_journal_is_set_aside_whole_and_not_under_somebodys_hands(journal: Journal, path: Path) -> None:
    journal.assign([1], "water")
    kept = path.with_name("labels.kept.sqlite")
    with pytest.raises(JournalLocked, match="is being labelled by"):
        set_aside(path, kept)
    log = path.with_name("labels.sqlite-wal").read_bytes()
    content = path.read_bytes()
    journal.close()
    path.write_bytes(content)  # as a killed program leaves it
    path.with_name("labels.sqlite-wal").write_bytes(log)
    set_aside(path, kept)
    assert sorted(file.name for file in path.parent.glob("labels.sqlite*")) == ["labels.sqlite.lock"]
    with Journal(kept) as found:
        assert held(found) == {1: "water"}


def test_on_a_share_that_cannot_lock_labels_are_looked_at(
    path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.assign([1, 2], "water")
    journal.close()
    for module in ("storage", "opening"):
        monkeypatch.setattr(f"rsgraph.journal.{module}.why_not_locked", lambda folder: "No locks available")
    with Journal.open(path, segment_ids=IDS) as opened:
        assert opened.read_only
        assert held(opened) == {1: "water", 2: "water"}
        assert opened.notice is not None
        assert opened.notice.startswith("labels can only be looked at: ")
        assert "\n" not in opened.notice
        with pytest.raises(JournalLocked):
            opened.assign([3], "water")
    with Journal.open(path.with_name("none.sqlite")) as opened:
        assert opened.read_only
        assert held(opened) == {}


def test_a_journal_with_a_note_on_segments_is_opened_again(path: Path) -> None:
    with Journal(path) as journal:
        journal.define("water")
        journal.assign([1, 2], "water")
        journal.note("at low tide", segment_ids=[2, 7])
    with Journal(path) as journal:
        assert journal.labels()["segment_id"].tolist() == [1, 2]
        assert journal.history()["segments"].tolist() == [0, 2, 2]


def test_a_class_is_merged_into_another_with_its_labels_and_who_gave_them(path: Path) -> None:
    with Journal(path, author="ann") as journal:
        for name in ("water", "mud", "sea"):
            journal.define(name)
        journal.assign([1, 2], "water")
        journal.assign([3, 4], "mud", origin="imported", confidence=0.5, author="bob")
        before = journal.labels()
        journal.merge("mud", "water")
        journal.merge("water", "sea")
        assert journal.classes()["name"].tolist() == ["sea"]
        table = journal.labels()
        assert table["label"].tolist() == ["sea"] * 4
        same = ["segment_id", "origin", "confidence", "author", "time"]
        assert table[same].equals(before[same])
        assert journal.history()["segments"].tolist()[-2:] == [2, 4]
    with Journal(path) as journal:
        step = journal.undo()
        assert step is not None
        assert step.text == "merge the class water with 4 segments into sea"
        assert journal.labels()["label"].tolist() == ["water"] * 4
        journal.undo()
        assert journal.labels().equals(before)
        journal.redo()
        assert journal.labels()["label"].tolist() == ["water"] * 4
        journal.remove("water")
        assert len(journal.labels()) == 0


def test_only_two_known_classes_are_merged(journal: Journal) -> None:
    journal.define("water")
    with pytest.raises(ConfigError, match="there is no class 'mud'"):
        journal.merge("mud", "water")
    with pytest.raises(ConfigError, match="there is no class 'mud'"):
        journal.merge("water", "mud")
    with pytest.raises(ConfigError, match="'water' cannot be merged into itself"):
        journal.merge("water", "water")
