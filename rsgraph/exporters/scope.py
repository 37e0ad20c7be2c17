"""The segments that are exported: all, those with labels of certain origins, or a selection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsgraph.errors import ConfigError, NotThere
from rsgraph.workspace import Workspace

Origin = Literal["human", "imported", "propagated", "classified"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)


@dataclass(frozen=True, eq=False)
class Scope:
    """What an export is restricted to. A workspace carries it as its attribute ``scope``; exporters ask ``scope_of``.

    A segment is exported where both rules allow it; all others are left out of tables, polygons and rasters (0 or
    NaN there), and chips without an exported segment too.

    Parameters
    ----------
    origins
        Only segments whose label has one of these origins: ``human``, ``imported``, ``propagated``,
        ``classified``; None: all segments, labelled or not.
    segment_ids
        (n,) integers: only these segments; None: all.
    author
        Who exports, for the provenance; None: the name of the user who is logged in.

    Raises
    ------
    ConfigError
        An origin is none of the four, or ids are not whole numbers of at least 1.

    Examples
    --------
    >>> Scope(origins=("human",)).says_all
    False
    """

    origins: Sequence[str] | None = None
    segment_ids: NDArray[Any] | None = None
    author: str | None = None

    def __post_init__(self) -> None:
        """Check and freeze what was given."""
        if self.origins is not None:
            object.__setattr__(self, "origins", check_origins(self.origins))
        if self.segment_ids is not None:
            object.__setattr__(self, "segment_ids", check_ids(self.segment_ids))

    @property
    def says_all(self) -> bool:
        """Whether nothing is left out."""
        return self.origins is None and self.segment_ids is None

    def restrict(self, labels: pd.DataFrame) -> pd.DataFrame:
        """Return the labels (with columns segment_id and origin) that are exported."""
        kept = np.ones(len(labels), dtype=np.bool_)
        if self.origins is not None:
            kept &= labels["origin"].isin(list(self.origins)).to_numpy()
        if self.segment_ids is not None:
            kept &= np.isin(labels["segment_id"].to_numpy(), self.segment_ids)
        return labels if kept.all() else labels[kept].reset_index(drop=True)

    def rows(self, segment_ids: NDArray[Any], labels: pd.DataFrame) -> NDArray[np.bool_]:
        """Tell which segments are exported.

        Parameters
        ----------
        segment_ids
            (segments,) of the workspace.
        labels
            As ``restrict`` returns them.

        Raises
        ------
        NotThere
            The selection names segments that the workspace does not hold, or nothing is left to export.
        """
        kept = np.ones(len(segment_ids), dtype=np.bool_)
        if self.segment_ids is not None:
            kept = np.isin(segment_ids, self.segment_ids)
            self._check_known(segment_ids, kept)
        if self.origins is not None:
            kept &= np.isin(segment_ids, labels["segment_id"].to_numpy())
        if not kept.any():
            raise NotThere(self._nothing())
        return kept

    def _check_known(self, segment_ids: NDArray[Any], kept: NDArray[np.bool_]) -> None:
        assert self.segment_ids is not None
        if np.count_nonzero(kept) == len(self.segment_ids):
            return
        unknown = self.segment_ids[~np.isin(self.segment_ids, segment_ids)]
        raise NotThere(
            f"the selection names {len(unknown)} segments that the workspace does not hold (segment {unknown[0]} is "
            f"one); expected ids from the column segment_id of segments.parquet"
        )

    def _nothing(self) -> str:
        if self.origins is None:
            return "the selection is empty, so there is nothing to export; select segments first"
        where = " in the selection" if self.segment_ids is not None else ""
        return (
            f"no segment{where} has a label of origin {' or '.join(self.origins)}, so there is nothing to export; "
            "label some first, or export everything with labels=all"
        )

    def to_json(self) -> dict[str, Any]:
        """Say what was exported: origins (or None for all) and how many segments were selected (or None)."""
        count = None if self.segment_ids is None else len(self.segment_ids)
        return {"origins": None if self.origins is None else list(self.origins), "selected_segments": count}


def scope_of(workspace: Workspace) -> Scope:
    """Return the scope that a workspace carries; without one everything is exported."""
    found = getattr(workspace, "scope", None)
    return found if isinstance(found, Scope) else Scope()


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
    if found.size and not (found.dtype.kind in "iu" and found.min() >= 1):
        raise ConfigError(
            f"a selection must be segment ids, whole numbers of at least 1. Got {found[:3].tolist()} ... instead."
        )
    return np.unique(found.astype(np.int64))
