"""Whatever is done, in whatever order: the labels that hold are those of a naive replay."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from rsgraph.journal import schema
from rsgraph.journal.journal import Journal
from rsgraph.journal.state import replay

IDS = (1, 2, 3, 998, 999, 1000, 1001, 2500)
NAMES = ("water", "sand", "reef")
FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None

names = st.sampled_from(NAMES)
ids = st.lists(st.sampled_from(IDS), min_size=1, unique=True)
sure = st.sampled_from([None, 0.25, 1.0])
actions = st.one_of(
    st.tuples(st.just("define"), names, st.sampled_from([None, "#123456"]), st.just(None)),
    st.tuples(st.just("rename"), names, names, st.just(None)),
    st.tuples(st.just("merge"), names, names, st.just(None)),
    st.tuples(st.just("remove"), names, st.just(None), st.just(None)),
    st.tuples(st.just("assign"), ids, st.one_of(st.none(), names), sure),
    st.tuples(st.just("each"), st.dictionaries(st.sampled_from(IDS), st.one_of(st.none(), names), min_size=1), sure),
    *[st.tuples(st.just(action)) for action in ("undo", "redo", "undo", "note", "reopen")],
)


@dataclass(frozen=True)
class Naive:
    """Names of classes in order of definition, and (label, confidence) by segment."""

    classes: tuple[str, ...] = ()
    labels: dict[int, tuple[str, float | None]] = field(default_factory=dict)

    def assigned(self, given: dict[int, str | None], confidence: float | None) -> Naive:
        merged = {**self.labels, **{at: (name, confidence) for at, name in given.items() if name is not None}}
        return replace(self, labels={at: found for at, found in merged.items() if given.get(at, "") is not None})

    def renamed(self, old: str, new: str) -> Naive:
        labels = {at: (new if name == old else name, found) for at, (name, found) in self.labels.items()}
        return Naive(tuple(new if name == old else name for name in self.classes), labels)

    def merged(self, gone: str, goal: str) -> Naive:
        labels = {at: (goal if name == gone else name, found) for at, (name, found) in self.labels.items()}
        return Naive(tuple(name for name in self.classes if name != gone), labels)

    def removed(self, gone: str) -> Naive:
        labels = {at: found for at, found in self.labels.items() if found[0] != gone}
        return Naive(tuple(name for name in self.classes if name != gone), labels)


class Both:
    """A journal and the naive model, led by the same actions."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = Journal(path)
        self.states, self.undone = [Naive()], list[Naive]()
        self.colours: dict[str, str] = {}

    def act(self, kind: str, *rest: object) -> None:
        now = self.states[-1]
        known = now.classes
        if kind == "reopen":
            self.journal.close()
            self.journal = Journal(self.path)
        elif kind == "note":
            self.journal.note("look here")
        elif kind == "undo":
            assert (self.journal.undo() is None) == (len(self.states) == 1)
            if len(self.states) > 1:
                self.undone.append(self.states.pop())
        elif kind == "redo":
            assert (self.journal.redo() is None) == (not self.undone)
            if self.undone:
                self.states.append(self.undone.pop())
        else:
            changed = getattr(self, f"_{kind}")(now, known, *rest)
            if changed is not None:
                self.states.append(changed)
                self.undone.clear()

    def _define(self, now: Naive, known: tuple[str, ...], name: str, colour: str | None, _: None) -> Naive | None:
        before = len(self.journal.history())
        self.journal.define(name, colour=colour)
        if len(self.journal.history()) == before:
            return None
        return now if name in known else replace(now, classes=(*known, name))

    def _rename(self, now: Naive, known: tuple[str, ...], old: str, new: str, _: None) -> Naive | None:
        if old not in known or new in known:
            return None
        self.journal.rename(old, new)
        return now.renamed(old, new)

    def _merge(self, now: Naive, known: tuple[str, ...], gone: str, goal: str, _: None) -> Naive | None:
        if gone not in known or goal not in known or gone == goal:
            return None
        self.journal.merge(gone, goal)
        return now.merged(gone, goal)

    def _remove(self, now: Naive, known: tuple[str, ...], name: str, *_: None) -> Naive | None:
        if name not in known:
            return None
        self.journal.remove(name)
        return now.removed(name)

    def _assign(
        self, now: Naive, known: tuple[str, ...], given: list[int], name: str | None, confidence: float | None
    ) -> Naive | None:
        if name is not None and name not in known:
            return None
        self.journal.assign(given, name, confidence=confidence)
        return now.assigned(dict.fromkeys(given, name), confidence)

    def _each(
        self, now: Naive, known: tuple[str, ...], given: dict[int, str | None], confidence: float | None
    ) -> Naive | None:
        if not {name for name in given.values() if name} <= set(known):
            return None
        self.journal.assign_each(list(given), given.values(), origin="imported", confidence=confidence)
        return now.assigned(given, confidence)

    def check(self) -> None:
        expected = self.states[-1]
        assert tuple(self.journal.classes()["name"]) == expected.classes
        table = self.journal.labels()
        found = zip(table["segment_id"], table["label"], table["confidence"], strict=True)
        assert {at: (name, None if c != c else c) for at, name, c in found} == expected.labels
        codes = [expected.classes.index(expected.labels[at][0]) + 1 if at in expected.labels else 0 for at in IDS]
        assert self.journal.codes(IDS)[0].tolist() == codes
        with closing(sqlite3.connect(self.path)) as plain:
            rows = plain.execute("SELECT segment_id, label, confidence FROM labels").fetchall()
            assert {at: (name, c) for at, name, c in rows} == expected.labels
            derived, truth = schema.read_state(plain), replay(schema.read_events(plain))
        assert derived is not None
        assert derived.fingerprint() == truth.fingerprint()


@settings(max_examples=50, deadline=None)
@given(st.lists(actions, max_size=25))
def test_labels_equal_those_of_a_naive_replay(steps: list[tuple[object, ...]]) -> None:
    with TemporaryDirectory(dir=FAST) as folder:
        both = Both(Path(folder, "labels.sqlite"))
        try:
            for name in NAMES[:2]:
                both.act("define", name, None, None)
            for step in steps:
                both.act(*step)  # type: ignore[arg-type]
                both.check()
            while len(both.states) > 1:
                both.act("undo")
                both.check()
            while both.undone:
                both.act("redo")
            both.check()
        finally:
            both.journal.close()
