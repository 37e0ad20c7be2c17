"""Classes and labels of segments: every action is one transaction of the journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psygnal import Signal

from napari_rsgraph.session.amounts import counted
from napari_rsgraph.session.keys import free_key
from napari_rsgraph.session.tables import Rows, Tables
from napari_rsgraph.session.work import Tasks
from rsgraph.journal.events import Origin, Step
from rsgraph.journal.journal import Journal
from rsgraph.protocols import Progress
from rsgraph.workspace import Workspace

if TYPE_CHECKING:
    from rsgraph.label_files.importing import ImportedLabels

Codes = NDArray[np.int16]


@dataclass(frozen=True)
class State:
    """What the journal says now.

    Parameters
    ----------
    classes
        name, colour, key, position, in the order of definition; code 1 is the first.
    codes
        (segments,) class of each segment, 0 unlabelled.
    origins
        (segments,) where the label came from, as the journal codes it; 0 unlabelled.
    confidence
        (segments,) NaN where nothing was said.
    undoable, redoable
        What undo and redo would do.
    """

    classes: pd.DataFrame
    codes: Codes
    origins: NDArray[np.uint8]
    confidence: NDArray[np.float32]
    undoable: Step | None
    redoable: Step | None


class Labels:
    """Defines classes, labels segments, undoes and redoes; all in the journal's lane, so that order is kept.

    Parameters
    ----------
    workspace
        Files with labels are read onto its segments.
    tables
        Its segments.
    journal
        Open; a read-only one makes the labels read-only.
    tasks
        Runs every action.
    """

    changed = Signal()
    classes_changed = Signal()

    def __init__(self, workspace: Workspace, tables: Tables, journal: Journal, tasks: Tasks) -> None:
        self.workspace, self.tables, self.journal, self.tasks = workspace, tables, journal, tasks
        self.state = self._read()

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()

    def _read(self) -> State:
        journal = self.journal
        codes, origins, confidence = journal.codes(self.tables.ids)
        return State(journal.classes(), codes, origins, confidence, journal.can_undo, journal.can_redo)

    # what holds now

    @property
    def read_only(self) -> bool:
        """Whether labels cannot be changed."""
        return self.journal.read_only

    @property
    def classes(self) -> pd.DataFrame:
        """name, colour, key, position."""
        return self.state.classes

    @property
    def names(self) -> list[str]:
        """Names of the classes; code 1 is the first."""
        return [str(name) for name in self.classes["name"]]

    @property
    def codes(self) -> Codes:
        """(segments,) class codes; 0 is unlabelled."""
        return self.state.codes

    def palette(self) -> NDArray[np.uint8]:
        """Return (classes + 1, 3): colours by code; unlabelled is gray."""
        colours = ["#8a8f98", *(str(colour) for colour in self.classes["colour"])]
        return np.array([[int(code[i : i + 2], 16) for i in (1, 3, 5)] for code in colours], dtype=np.uint8)

    def codes_by_id(self) -> Codes:
        """Return (max_id + 1,) class codes by segment id, for pictures and the scene map."""
        lookup: Codes = self.tables.by_id(self.codes)
        return lookup

    def counts(self) -> NDArray[np.int64]:
        """Return (classes + 1,) how many segments each class has; first the unlabelled."""
        return np.bincount(self.codes, minlength=len(self.names) + 1).astype(np.int64)

    def hectares(self) -> NDArray[np.float64]:
        """Return (classes + 1,) area of each class; NaN without a CRS."""
        weights = self.tables.hectares
        return np.bincount(self.codes, weights=weights, minlength=len(self.names) + 1).astype(np.float64)

    def labelled_fraction(self) -> float:
        """Return the share of the valid area that is labelled, 0 ... 1."""
        pixels = self.tables.segments["area_px"].to_numpy(np.float64)
        return float(pixels[self.codes > 0].sum() / max(pixels.sum(), 1.0))

    def history(self) -> pd.DataFrame:
        """Return event, time, author, action, label, segments, origin, note, undone."""
        return self.journal.history()

    # actions

    def define(self, name: str, *, colour: str | None = None, key: str | None = None) -> None:
        """Add a class, or change its colour or key."""
        self._act(f"define {name}", lambda journal: journal.define(name, colour=colour, key=key))

    def rename(self, old: str, new: str) -> None:
        """Rename a class; its labels stay."""
        self._act(f"rename {old}", lambda journal: journal.rename(old, new))

    def remove(self, name: str) -> None:
        """Remove a class with its labels, in one step that undo takes back."""
        self._act(f"remove {name}", lambda journal: journal.remove(name))

    def merge(self, name: str, into: str) -> None:
        """Make all labels of a class labels of another one, in one step that undo takes back."""
        done = f"{name} is merged into {into} now; undo takes it back"
        self._act(f"merge {name}", lambda journal: journal.merge(name, into), lambda _: self.tasks.say(done))

    def assign(self, rows: Rows, name: str | None, *, origin: Origin = "human", note: str | None = None) -> None:
        """Label segments by their rows, or erase their labels with None; says so where there are none."""
        if len(rows) == 0:
            self.tasks.say("nothing is selected: brush points in the 2-D map or click in the scene first", "warning")
            return
        ids = self.tables.ids[rows]
        segments = counted(len(ids), "segment")
        title = f"label {segments} as {name}" if name else f"erase the labels of {segments}"
        done = f"labelled {segments} as {name}" if name else f"erased the labels of {segments}"
        say = partial(self.tasks.say, done, "status")
        self._act(title, lambda journal: journal.assign(ids, name, origin=origin, note=note), lambda _: say())

    def assign_each(
        self,
        rows: NDArray[np.int64],
        names: list[str],
        *,
        origin: Origin,
        confidence: NDArray[np.float32] | None = None,
        note: str | None = None,
    ) -> None:
        """Give segments different labels in one transaction: imports and predictions."""
        ids = self.tables.ids[rows]
        self._act(
            f"label {counted(len(ids), 'segment')}",
            lambda journal: journal.assign_each(ids, names, origin=origin, confidence=confidence, note=note),
        )

    def note(self, text: str, rows: Rows) -> None:
        """Write a note on segments, or on the whole scene where there are none."""
        ids = self.tables.ids[rows]
        self._act("note", lambda journal: journal.note(text, segment_ids=ids if len(ids) else None))

    def undo(self) -> None:
        """Take back the last action, also one of an earlier session."""
        self._act("undo", lambda journal: journal.undo(), self._report("nothing to undo", "undone: "))

    def redo(self) -> None:
        """Do again what was undone."""
        self._act("redo", lambda journal: journal.redo(), self._report("nothing to redo", "done again: "))

    def import_labels(self, path: Path, *, column: str | None = None, layer: str | None = None) -> None:
        """Take labels from a GeoPackage, GeoJSON or GeoTIFF: one transaction, origin ``imported``."""
        from rsgraph.label_files.importing import read_labels

        if self.read_only:
            self._refuse()
            return

        def job(progress: Progress) -> ImportedLabels:
            return read_labels(self.workspace, path, column=column, layer=layer, progress=progress)

        self.tasks.run(f"import {path}", job, self._imported)

    def _imported(self, found: ImportedLabels) -> None:
        """Keep labels that a person gave: an import only fills what has none.

        New classes are events of their own, all labels are one: the first undo takes the labels back.
        """
        rows = self.tables.row_of_id[found.segment_ids]
        free = self.state.origins[rows] != HUMAN
        names = [name for name, keep in zip(found.labels, free, strict=True) if keep]
        ids, share = found.segment_ids[free], found.share[free]

        def act(journal: Journal) -> None:
            for name, colour in found.colours.items():
                if name not in set(journal.classes()["name"]):
                    journal.define(name, colour=colour, key=free_key(journal.classes()["key"].dropna()))
            if names:
                journal.assign_each(ids, names, origin="imported", confidence=share)

        kept = int(np.count_nonzero(~free))
        summary = (
            f"imported {counted(len(names), 'label')} of {counted(len(found.colours), 'class')}"
            + (f"; {counted(kept, 'segment')} kept the label that you gave them" if kept else "")
            + "".join(f"; left out: {number:,} {reason}" for reason, number in found.skipped.items() if number)
            + "".join(f"; {each}" for each in found.decided if " counts as no " not in each)
        )
        self._act("import labels", act, lambda _: self.tasks.say(summary))

    def refresh(self) -> None:
        """Read again what another window wrote (a read-only session does this now and then)."""
        if self.journal.refresh():
            self._renew(self._read())

    # the lane

    def _act(self, title: str, action: Callable[[Journal], Any], report: Callable[[Any], None] | None = None) -> None:
        if self.read_only:
            self._refuse()
            return

        def job(progress: Progress) -> tuple[Any, State]:
            return action(self.journal), self._read()

        def done(result: tuple[Any, State]) -> None:
            self._renew(result[1])
            if report is not None:
                report(result[0])

        self.tasks.run(title, job, done, lane="journal")

    def _renew(self, state: State) -> None:
        before, self.state = self.state, state
        if not before.classes.equals(state.classes):
            self.classes_changed.emit()
        self.changed.emit()

    def _refuse(self) -> None:
        self.tasks.say(self.journal.notice or "this session is read-only", "warning")

    def _report(self, nothing: str, prefix: str) -> Callable[[Step | None], None]:
        return lambda step: self.tasks.say(nothing if step is None else f"{prefix}{step.text}", "status")


HUMAN = 1
"""The journal's code of the origin ``human``."""
