"""Segments and labels that leave a workspace: all, those with labels of certain origins, or a selection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsgraph.errors import ConfigError, NotThere, WorkspaceError, WorkspaceMismatch
from rsgraph.journal.events import ORIGINS
from rsgraph.journal.reading import read_journal
from rsgraph.own_files.fields import shown
from rsgraph.protocols import Export
from rsgraph.types import Mask, Scene
from rsgraph.workspace import Workspace, run_command


def export_of(
    workspace: Workspace,
    opened: Callable[[], Sequence[Scene]],
    *,
    origins: Sequence[str] | None = None,
    segment_ids: Any = None,
    author: str | None = None,
) -> Export:
    """Bring together what leaves a workspace.

    A segment leaves where both rules allow it; all others are left out of tables, polygons and rasters (0 or NaN
    there), and chips without a segment that leaves too.

    Parameters
    ----------
    workspace, opened
        Finished at least up to its segments; opens its scenes.
    origins, segment_ids, author
        As of ``export_workspace``: origins are ``human``, ``imported``, ``propagated``, ``classified``.

    Raises
    ------
    ConfigError
        An origin is none of the four, or ids are not whole numbers of at least 1.
    NotThere
        The workspace has no segments, the selection names segments that it does not hold, or nothing is left.
    WorkspaceError
        Its files are damaged.
    """
    asked = None if origins is None else check_origins(origins)
    selection = None if segment_ids is None else check_ids(segment_ids)
    all_ids: NDArray[np.int64] = workspace.segments["segment_id"].to_numpy().astype(np.int64)
    found = read_journal(workspace.path("labels.sqlite"))
    _check_labelled(workspace, found.table["segment_id"].to_numpy(), all_ids)
    labels = _restricted(found.table, asked, selection)
    ids = all_ids[_leaving(all_ids, labels, asked, selection)]
    scenes = partial(_checked_scenes, workspace, opened)
    selected = None if selection is None else len(selection)
    return Export(workspace, labels, ids, found.classes, scenes, origins=asked, selected=selected, author=author)


def _check_labelled(workspace: Workspace, labelled: NDArray[np.int64], all_ids: NDArray[np.int64]) -> None:
    """Raise WorkspaceError where segments are labelled that there are not."""
    unknown = labelled[~np.isin(labelled, all_ids)]
    if len(unknown):
        raise WorkspaceError(
            f"{workspace.path('labels.sqlite')} labels {len(unknown)} segments that segments.parquet does not hold "
            f"(segment {unknown[0]} is one): they were drawn on other segments; put the one of these back, or "
            "move this one away"
        )


def _restricted(
    labels: pd.DataFrame, origins: tuple[str, ...] | None, selection: NDArray[np.int64] | None
) -> pd.DataFrame:
    kept = np.ones(len(labels), dtype=np.bool_)
    if origins is not None:
        kept &= labels["origin"].isin(origins).to_numpy()
    if selection is not None:
        kept &= np.isin(labels["segment_id"].to_numpy(), selection)
    return labels if kept.all() else labels[kept].reset_index(drop=True)


def _leaving(
    all_ids: NDArray[np.int64],
    labels: pd.DataFrame,
    origins: tuple[str, ...] | None,
    selection: NDArray[np.int64] | None,
) -> Mask:
    """Tell which segments leave; ``labels`` are those that do. Raises NotThere."""
    kept = np.ones(len(all_ids), dtype=np.bool_)
    if selection is not None:
        kept = np.isin(all_ids, selection)
        _check_known(selection, all_ids)
    if origins is not None:
        kept &= np.isin(all_ids, labels["segment_id"].to_numpy())
    if not kept.any():
        raise NotThere(_nothing(origins, selected=selection is not None))
    return kept


def _check_known(selection: NDArray[np.int64], all_ids: NDArray[np.int64]) -> None:
    unknown = selection[~np.isin(selection, all_ids)]
    if len(unknown):
        raise NotThere(
            f"the selection names {len(unknown)} segments that the workspace does not hold (segment {unknown[0]} is "
            f"one); expected ids from the column segment_id of segments.parquet"
        )


def _nothing(origins: tuple[str, ...] | None, *, selected: bool) -> str:
    if origins is None:
        return "the selection is empty, so there is nothing to export; select segments first"
    where = " in the selection" if selected else ""
    return (
        f"no segment{where} has a label of origin {' or '.join(origins)}, so there is nothing to export; "
        "label some first, or export everything with labels=all"
    )


def _checked_scenes(workspace: Workspace, opened: Callable[[], Sequence[Scene]]) -> Mapping[str, Scene]:
    """Open the scenes by name, and check that they are those of the workspace."""
    scenes = {scene.name: scene for scene in opened()}
    for known in workspace.scenes:
        found = scenes.get(known.name)
        if found is None or (found.rows, found.columns, found.bands) != (known.rows, known.columns, known.bands):
            raise WorkspaceMismatch(
                f"the scene {known.name} is no longer what {workspace.folder} was made from ({known.columns} x "
                f"{known.rows} pixels, bands {', '.join(known.bands)}); name that one: "
                f"{run_command(workspace.folder, 'ITS_PATH')}"
            )
    return scenes


def check_origins(origins: Sequence[str]) -> tuple[str, ...]:
    """Check origins of labels. Raises ConfigError (with the choices)."""
    given = (origins,) if isinstance(origins, str) else tuple(origins)
    wrong = [origin for origin in given if origin not in ORIGINS]
    if wrong or not given:
        raise ConfigError(
            f"`labels` must be all, or one or several of: {', '.join(ORIGINS)}. Got {', '.join(map(repr, wrong))} "
            "instead; for instance labels=human or labels=[human,imported]."
        )
    return tuple(dict.fromkeys(given))


def check_ids(segment_ids: Any) -> NDArray[np.int64]:
    """Return unique ids in ascending order. Raises ConfigError where they are not whole numbers of at least 1."""
    found = np.asarray(segment_ids).reshape(-1)
    if found.size and not (found.dtype.kind in "iu" and found.min() >= 1 and found.max() < 2**63):
        first = shown(found[:3].tolist())
        raise ConfigError(f"a selection must be segment ids, whole numbers of at least 1. Got {first} ... instead.")
    return np.unique(found.astype(np.int64))
