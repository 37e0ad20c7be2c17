"""The label journal: every action one durable transaction, undo and redo without limit.

::

    with workspace.journal() as journal:
        journal.define("water", colour="#2060c0", key="1")
        journal.assign(segment_ids, "water")
        journal.undo()

Nothing in the log is ever changed or removed: undo and redo are events too. The labels that hold are a pure
function of the events (``rsgraph.journal.state.replay``); the database keeps them beside the events, updated in
the same transaction, in chunks of a thousand segments, so that labelling 100 000 scattered segments writes four
megabytes and not 100 000 rows. Plain SQLite sees them as the views ``labels`` and ``classes``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rsgraph.errors import ConfigError, JournalDamaged, JournalLocked, OutputError
from rsgraph.journal import tables
from rsgraph.journal.classes import check_room, next_colour, valid_colour, valid_key, valid_name
from rsgraph.journal.events import ORIGINS, Action, Event, Origin, Step, pack, pack_ids, step_of
from rsgraph.journal.log import Log
from rsgraph.journal.recovery import Recovery, adopt_recovered, recover
from rsgraph.journal.selection import Known, ascending, checked_confidence, checked_ids, factorised
from rsgraph.journal.state import DefinedClass, names_of
from rsgraph.journal.storage import RECOVERY
from rsgraph.own_files.tables import read_segment_ids

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from pandas import DataFrame

    from rsgraph.workspace import Workspace

__all__ = ["ORIGINS", "Journal", "Origin", "Recovery", "Step", "adopt_recovered", "journal_of"]


class Journal:
    """The labels of a workspace.

    May be used from any thread; calls wait for each other.

    Parameters
    ----------
    path
        ``labels.sqlite``; made where it is not there.
    segment_ids
        The segments of the workspace; labels of others are refused. None: not checked.
    read_only
        Look only; empty where there is no file.
    from_events
        Work the labels out from the log of events, as where they leave rsgraph: a second to some hundred million. The
        tables that are kept beside it are read otherwise, which is fast, and have only a checksum.
    author
        Who labels; None: the user's name.

    Raises
    ------
    JournalLocked
        Another journal has it open for writing.
    JournalDamaged
        It is not whole. ``Journal.open`` recovers what can be read.
    OutputError
        The disk is full, or the folder may not be written.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        segment_ids: ArrayLike | None = None,
        read_only: bool = False,
        from_events: bool = False,
        author: str | None = None,
    ) -> None:
        self._known = Known(segment_ids)
        self._turn = threading.RLock()
        self._log = Log(Path(path), read_only=read_only, from_events=from_events, author=author)
        self.notice: str | None = None

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        segment_ids: ArrayLike | None = None,
        read_only: bool = False,
        author: str | None = None,
    ) -> Self:
        """Open for writing where that is possible, else read-only, with a ``notice`` of one sentence that says why.

        Of a damaged journal what can be read is recovered to a copy, which is opened instead;
        ``adopt_recovered(journal.path)`` puts the copy in the place of the damaged one. Parameters as of the class.

        Raises
        ------
        WorkspaceError
            It was written by a newer rsgraph.
        OutputError
            The copy cannot be written.
        """
        try:
            return cls(path, segment_ids=segment_ids, read_only=read_only, author=author)
        except (JournalLocked, OutputError) as error:
            reason = f"labels can only be looked at: {error}"
        except JournalDamaged as error:
            return cls._recovered(Path(path), segment_ids, author, error)
        try:
            journal = cls(path, segment_ids=segment_ids, read_only=True, author=author)
        except JournalDamaged as error:
            return cls._recovered(Path(path), segment_ids, author, error)
        journal.notice = reason
        return journal

    @classmethod
    def _recovered(
        cls, path: Path, segment_ids: ArrayLike | None, author: str | None, damage: JournalDamaged
    ) -> Self:
        found = recover(path)
        journal = cls(found.path, segment_ids=segment_ids, read_only=True, author=author)
        journal.notice = _notice(damage, found)
        return journal

    @property
    def path(self) -> Path:
        """The file."""
        return self._log.path

    @property
    def read_only(self) -> bool:
        """Whether labels can only be looked at."""
        return self._log.read_only

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the next journal may write. Closing twice does no harm."""
        with self._turn:
            self._log.close()

    def refresh(self) -> bool:
        """Take in what another window wrote; return whether anything changed."""
        with self._turn:
            return self._log.refresh()

    # classes

    def define(self, name: str, *, colour: str | None = None, key: str | None = None) -> None:
        """Add a class, or change the colour or hotkey of one.

        Parameters
        ----------
        name
            Any text of one line.
        colour
            ``#rrggbb``; None: that which it has, for a new one the next that colour-blind people can tell apart.
        key
            Its hotkey; None: that which it has; "": none.

        Raises
        ------
        ConfigError
            A parameter does not fit, or another class has the key.
        """
        with self._turn:
            name, classes = valid_name(name), self._log.state.classes
            found = names_of(classes).get(name)
            if found is None:
                check_room(classes)
            old = found or DefinedClass(0, name, next_colour(classes), None)
            new_colour = old.colour if colour is None else valid_colour(colour)
            new_key = old.key if key is None else valid_key(key, name, classes)
            if found is None or (new_colour, new_key) != (old.colour, old.key):
                body = {"class": old.id, "name": name, "colour": new_colour, "key": new_key}
                self._log.append(_draft("define", body))

    def rename(self, old: str, new: str) -> None:
        """Rename a class, with all its labels. Raises ConfigError where ``old`` is unknown or ``new`` taken."""
        with self._turn:
            found = self._class(old)
            new = valid_name(new)
            if new in names_of(self._log.state.classes):
                raise ConfigError(f"there is a class '{new}' already; choose another name than that for '{old}'")
            self._log.append(_draft("rename", {"class": found.id, "old": old, "new": new}))

    def remove(self, name: str) -> None:
        """Remove a class and its labels, in one step. Raises ConfigError where it is unknown."""
        with self._turn:
            found = self._class(name)
            self._log.append(_draft("remove", {"class": found.id, "name": name}, self._labelled(found)))

    def merge(self, name: str, into: str) -> None:
        """Merge a class into another, in one step: its labels become labels of that one, whoever gave them.

        Raises ConfigError where either is unknown, or both are the same.
        """
        with self._turn:
            found, goal = self._class(name), self._class(into)
            if found.id == goal.id:
                raise ConfigError(f"'{name}' cannot be merged into itself; choose another class")
            body = {"class": found.id, "name": found.name, "into": goal.id, "goal": goal.name}
            self._log.append(_draft("merge", body, self._labelled(found)))

    def _labelled(self, found: DefinedClass) -> NDArray[np.uint32]:
        """Return the ids of the segments that have a class, ascending."""
        state = self._log.state
        return np.flatnonzero(state.stroke_classes[state.cells.ravel()] == found.id).astype(np.uint32)

    def _class(self, name: str) -> DefinedClass:
        classes = names_of(self._log.state.classes)
        if name not in classes:
            known = ", ".join(classes) or "none yet"
            raise ConfigError(f"there is no class '{name}' (there are: {known}); define it first")
        return classes[name]

    # labels

    def assign(
        self,
        segment_ids: ArrayLike,
        label: str | None,
        *,
        origin: Origin = "human",
        confidence: ArrayLike | None = None,
        author: str | None = None,
        note: str | None = None,
    ) -> int:
        """Label segments; return the number of the event, once it is durable.

        Parameters
        ----------
        segment_ids
            (n,), in any order.
        label
            The name of a class; None erases.
        origin
            Where the label comes from.
        confidence
            0 to 1, one for all or (n,); kept with 31 binary places.
        author, note
            Who, where it is not the journal's author, and what is to be remembered of it.

        Raises
        ------
        ConfigError
            A parameter does not fit: an unknown class or segment, no segments.
        JournalLocked
            The journal is open read-only.
        OutputError
            The disk is full. The labels are as they were, and the journal can be used on.
        """
        return self._assign(segment_ids, ([label], None), origin, confidence, author, note)

    def assign_each(
        self,
        segment_ids: ArrayLike,
        labels: Iterable[str | None],
        *,
        origin: Origin,
        confidence: ArrayLike | None = None,
        author: str | None = None,
        note: str | None = None,
    ) -> int:
        """Give each segment a label of its own, all in one step; otherwise as ``assign``.

        Parameters
        ----------
        segment_ids
            (n,), each once.
        labels
            (n,), names of classes; None erases.
        """
        return self._assign(segment_ids, factorised(labels), origin, confidence, author, note)

    def _assign(
        self,
        segment_ids: ArrayLike,
        labels: tuple[list[str | None], NDArray[np.uint32] | None],
        origin: Origin,
        confidence: ArrayLike | None,
        author: str | None,
        note: str | None,
    ) -> int:
        given, (names, choice) = checked_ids(segment_ids), labels
        if origin not in ORIGINS:
            raise ConfigError(f"`origin` must be one of {', '.join(ORIGINS)}. Got {origin!r} instead.")
        if not len(given):
            raise ConfigError("`segment_ids` is empty: select segments first")
        order = ascending(given)
        ids, sure = given[order], checked_confidence(confidence, len(given))
        if choice is not None and (len(choice) != len(given) or len(ids) != len(given)):
            raise ConfigError(
                f"{len(given)} `segment_ids`, {len(ids)} of them different, have {len(choice)} `labels`; "
                "give one label for all, or one for each, and no segment twice"
            )
        self._known.check(ids)
        with self._turn:
            classes = [(0, None) if name is None else (self._class(name).id, name) for name in names]
            body: dict[str, Any] = {"classes": classes}
            if isinstance(sure, int):
                body["confidence"] = sure
            draft = replace(_draft("assign", body, ids), origin=origin, note=note, author=author or "")
            if choice is not None and len(names) > 1:
                draft = replace(draft, choice=pack(choice[order]))
            if sure is not None and not isinstance(sure, int):
                draft = replace(draft, confidence=pack(sure[order]))
            return self._log.append(draft)

    def note(self, text: str, *, segment_ids: ArrayLike | None = None) -> int:
        """Write a note into the history, about segments or in general; return the number of the event.

        Notes are not undone: they change no label.
        """
        given = checked_ids([] if segment_ids is None else segment_ids)
        ids = given[ascending(given)]
        self._known.check(ids)
        with self._turn:
            return self._log.append(replace(_draft("note", {}, ids), note=text))

    # undo and redo

    @property
    def can_undo(self) -> Step | None:
        """What ``undo`` would take back; None where nothing is left."""
        with self._turn:
            done = self._log.timeline.done
            return step_of(self._log.event(done[-1])) if done else None

    @property
    def can_redo(self) -> Step | None:
        """What ``redo`` would do again; None where nothing is left."""
        with self._turn:
            undone = self._log.timeline.undone
            return step_of(self._log.event(undone[-1])) if undone else None

    def undo(self) -> Step | None:
        """Take the last step back, of this session or an earlier one; return it, or None where there is none."""
        with self._turn:
            event = self._log.undo()
            return None if event is None else step_of(event)

    def redo(self) -> Step | None:
        """Do again what was undone last; return it, or None where there is nothing."""
        with self._turn:
            event = self._log.redo()
            return None if event is None else step_of(event)

    # what holds

    def labels(self) -> DataFrame:
        """Return the labels that hold: segment_id, label, origin, confidence, author, time; by segment_id."""
        with self._turn:
            return tables.labels(self._log)

    def classes(self) -> DataFrame:
        """Return the classes in order of definition: name, colour, key, position (from 1)."""
        with self._turn:
            return tables.classes(self._log)

    def codes(self, segment_ids: ArrayLike) -> tuple[NDArray[np.int16], NDArray[np.uint8], NDArray[np.float32]]:
        """Return what segments are labelled, as numbers, in their order.

        Returns
        -------
        codes
            (n,) position of the class in ``classes()``; 0 = unlabelled.
        origins
            (n,) place in ``ORIGINS``, from 1; 0 = unlabelled.
        confidences
            (n,); NaN where there is none.
        """
        ids = checked_ids(segment_ids)
        with self._turn:
            return tables.codes(self._log, ids)

    def strokes(self, segment_ids: ArrayLike) -> NDArray[np.int64]:
        """Return the event that gave each segment its label, (n,) in their order; 0 = unlabelled."""
        ids = checked_ids(segment_ids)
        with self._turn:
            return tables.strokes(self._log, ids)

    @property
    def position(self) -> int:
        """Number of the last event; 0 where there is none. Labels that were read at one position hold there."""
        with self._turn:
            return max(self._log.events, default=0)

    def history(self) -> DataFrame:
        """Return all events: event, time, author, action, label, segments, origin, note, undone.

        ``undone`` are the actions that do not hold, whether they can be redone or not.
        """
        with self._turn:
            return tables.history(self._log)


def _notice(damage: JournalDamaged, found: Recovery) -> str:
    """Say what was recovered of a damaged journal, in one sentence."""
    lost = f", {found.lost:,} could not be" if found.lost else ""
    return (
        f"{str(damage).removesuffix(RECOVERY)}; {found.actions:,} actions were recovered{lost}: they are in "
        f"{found.path.name}, open read-only, and the damaged file was not changed"
    )


def _draft(action: Action, body: Mapping[str, Any], ids: NDArray[np.uint32] | None = None) -> Event:
    """Return an event to be appended."""
    segments = None if ids is None or not len(ids) else pack_ids(ids)
    return Event(0, "", "", action, body, n=0 if ids is None else len(ids), segments=segments)


def journal_of(workspace: Workspace, *, read_only: bool = False, author: str | None = None) -> Journal:
    """Open the journal of a workspace, for its segments; parameters and errors as of ``Journal``."""
    known = read_segment_ids(workspace.existing("segments.parquet"))
    if not read_only:
        workspace.check_writable("labels.")
    return Journal(workspace.path("labels.sqlite"), segment_ids=known, read_only=read_only, author=author)
