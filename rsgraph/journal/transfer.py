"""Transfer of labels to new segments: each takes the label that holds on the majority of its pixels."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from rsgraph.errors import ConfigError, OutputError
from rsgraph.files import atomic, output_error
from rsgraph.journal.events import Origin
from rsgraph.journal.journal import Journal

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

_NAMED = 10
"""Segments that the report names."""


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Pixels that new segments share with old ones: every pixel of every new segment, once.

    A pair may stand in several rows, as where two rasters are read window by window.

    Parameters
    ----------
    new
        (n,) ids of new segments, from 1.
    old
        (n,) ids of the old segments on the same pixels; 0 where there was none.
    pixels
        (n,) how many pixels they share.

    Raises
    ------
    ConfigError
        They are not of one length.
    """

    new: NDArray[np.integer[Any]]
    old: NDArray[np.integer[Any]]
    pixels: NDArray[np.integer[Any]]

    def __post_init__(self) -> None:
        """Check the lengths."""
        shapes = (self.new.shape, self.old.shape, self.pixels.shape)
        if len(set(shapes)) > 1 or self.new.ndim != 1:
            raise ConfigError(f"`new`, `old` and `pixels` must be (n,) each. Got shapes {shapes} instead.")


@dataclass(frozen=True, eq=False)
class Transfer:
    """The result of a transfer.

    Parameters
    ----------
    before
        How many old segments were labelled.
    labelled
        (n,) new segments that have a label now, ascending.
    mixed
        (n,) new segments with pixels of several classes, ascending, whether one of these has the majority or not.
    without_majority
        (n,) new segments with labelled pixels of which no class has the majority; they are unlabelled.
    """

    before: int
    labelled: NDArray[np.int64]
    mixed: NDArray[np.int64]
    without_majority: NDArray[np.int64]

    def __str__(self) -> str:
        """Say it in one sentence."""
        return (
            f"{self.before:,} labelled segments gave their labels to {len(self.labelled):,} new ones; "
            f"{_named(self.without_majority)} have no label on more than half of their pixels and are unlabelled, "
            f"{_named(self.mixed)} are mixed, with pixels of several classes"
        )


def _named(ids: NDArray[np.int64]) -> str:
    more = " ..." if len(ids) > _NAMED else ""
    return f"{len(ids):,}" + (f" ({', '.join(map(str, ids[:_NAMED]))}{more})" if len(ids) else "")


def transfer_labels(old: Path, new: Path, overlaps: Overlaps) -> Transfer:
    """Write the labels of a journal to a new one, for segments that changed.

    A new segment takes the class that holds on more than half of all its pixels, those without a label included;
    origin, author and confidence are those of the old segment of that class on most of its pixels. All classes come
    along with colours and hotkeys. Undo reaches back to a journal without labels and classes. The new journal is
    there whole or not at all, and the old one is only read.

    Parameters
    ----------
    old, new
        Paths of the two journals.
    overlaps
        The pixels that their segments share.

    Raises
    ------
    JournalDamaged
        The old journal is not whole.
    OutputError
        There is a new journal already, the disk is full, or the folder may not be written.
    """
    if new.exists():
        raise OutputError(f"{new} is there already; move it away before labels are transferred to it")
    with Journal(old, read_only=True, from_events=True) as journal:
        labels, classes = journal.labels(), journal.classes()
    found, transfer = _majorities(labels, overlaps)
    with atomic(new) as temporary:
        try:
            with TemporaryDirectory(dir=new.parent, prefix=".transfer.") as folder:
                made = Path(folder, new.name)
                _write(made, found, classes, note=f"transferred from {old.name} to new segments")
                os.replace(made, temporary)
        except OSError as error:
            raise output_error(new, error) from error
    return transfer


def _majorities(labels: DataFrame, overlaps: Overlaps) -> tuple[DataFrame, Transfer]:
    """Return the labels of new segments as rows like those of old ones, and the report."""
    import pandas as pd

    pairs = {"new": overlaps.new, "segment_id": overlaps.old, "pixels": overlaps.pixels}
    shared = pd.DataFrame(pairs, dtype=np.int64)
    shared = shared.groupby(["new", "segment_id"], as_index=False).sum()
    labelled = shared.merge(labels, on="segment_id").sort_values(
        ["new", "label", "pixels", "segment_id"], ascending=[True, True, False, True]
    )
    most = labelled.drop_duplicates(["new", "label"]).set_index(["new", "label"], drop=False)
    covered = labelled.groupby(["new", "label"])["pixels"].sum().loc[most.index].to_numpy()
    size = shared.groupby("new")["pixels"].sum().loc[most["new"]].to_numpy()
    won = most[2 * covered > size]
    touched, ids = np.unique(most["new"]), won["new"].to_numpy()
    mixed = np.unique(most["new"][most["new"].duplicated()])
    transfer = Transfer(len(labels), ids, mixed, np.setdiff1d(touched, ids))
    return won.assign(segment_id=ids).reset_index(drop=True), transfer


def _write(path: Path, labels: DataFrame, classes: DataFrame, *, note: str) -> None:
    """Write classes and labels: one event for each class, and for each origin and author."""
    with Journal(path) as journal:
        for each in classes.to_dict("records"):
            journal.define(each["name"], colour=each["colour"], key=each["key"] or "")
        for (origin, author), group in labels.groupby(["origin", "author"]):
            journal.assign_each(
                group["segment_id"].to_numpy(),
                group["label"],
                origin=cast(Origin, origin),
                confidence=group["confidence"].to_numpy() if group["confidence"].notna().any() else None,
                author=str(author),
                note=note,
            )
