"""The content of an export: the table of segments with areas, strongest memberships, labels and embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import CRSError

from rsgraph.errors import ConfigError, WorkspaceError, in_short
from rsgraph.ground import square_metres
from rsgraph.own_files.names import is_layer_name
from rsgraph.protocols import Export
from rsgraph.types import Floats, LabelClass, Mask, Window
from rsgraph.workspace import SceneInfo

_KEPT = ("segment_id", "chip_id", "scene_id", "area_px", "cloud_share", "shadow_share")
_MAP = ("x", "y")

Choice = TypeVar("Choice")


class LabelFacts(NamedTuple):
    """A summary of the labels of some segments.

    Parameters
    ----------
    confidence
        Their mean, or None where none has one.
    origins, authors
        How many segments each has, the most frequent first.
    times
        First and last, or None.
    """

    confidence: float | None
    origins: dict[str, int]
    authors: dict[str, int]
    times: tuple[Any, Any] | None


class _Column(NamedTuple):
    """A column as codes of its sorted values; -1 is missing."""

    codes: NDArray[np.intp]
    values: NDArray[Any]

    @classmethod
    def of(cls, column: pd.Series[Any]) -> _Column:
        codes, values = pd.factorize(column, sort=True)
        return cls(codes, np.asarray(values))

    def values_of(self, rows: NDArray[np.intp]) -> list[Any]:
        """Return the values that occur in these rows, in ascending order."""
        codes = np.unique(self.codes[rows])
        return [self.values[code] for code in codes if code >= 0]

    def counts(self, rows: NDArray[np.intp]) -> dict[str, int]:
        """Count the values that occur in these rows, the most frequent first."""
        codes, counts = np.unique(self.codes[rows], return_counts=True)
        found = {str(self.values[code]): int(count) for code, count in zip(codes, counts, strict=True) if code >= 0}
        return dict(sorted(found.items(), key=lambda item: -item[1]))


@dataclass(frozen=True)
class Content:
    """Everything known of the segments of a workspace.

    Parameters
    ----------
    table
        One row per segment, in the order of ``segments.parquet``: segment_id, chip_id, scene_id (collections),
        area_px, cloud_share and shadow_share (where a quality layer marks clouds), area_m2 (square metres on the
        ground, where there is a CRS), strongest_membership (1 ... C),
        membership (its mean over the segment, 0 ... 1), x, y (position in the 2-D map, not on the ground), and the
        columns of ``labels`` where there are labels.
    layer
        Name of the embedding, or None where none was asked for.
    vectors
        (segments, D) float32, memory-mapped; D = 0 where none was asked for.
    n_clusters
        C.
    labels, classes
        As in ``Export``; no classes where nothing is labelled and no class defined.
    kept
        (segments,) whether a segment leaves; the table holds all of them, since rasters are read by their ids.
    """

    table: pd.DataFrame
    layer: str | None
    vectors: Floats
    n_clusters: int
    labels: pd.DataFrame
    classes: Sequence[LabelClass]
    kept: Mask

    @property
    def vector_names(self) -> list[str]:
        """Names of the columns of ``vectors``: e00, e01 ..."""
        return [f"e{number:02d}" for number in range(self.vectors.shape[1])]

    def rows_of(self, ids: NDArray[Any]) -> NDArray[np.intp]:
        """Return the rows of segments given by their ids. Raises WorkspaceError for an id not in the table."""
        rows: NDArray[np.intp] = self._row_at[np.minimum(ids, len(self._row_at) - 1)]
        if np.any(rows < 0):
            raise WorkspaceError(
                f"the raster of segments holds segment {ids[rows < 0][0]}, but segments.parquet does not: one of "
                "them is from another run; `rsgraph run` on the scene restores them"
            )
        return rows

    def rows_in(self, ids: NDArray[Any]) -> NDArray[np.intp]:
        """Return the rows of all pixels of a raster of ids, 0 where there are no data. Raises as ``rows_of``."""
        rows = np.zeros(ids.shape, dtype=np.intp)
        rows[ids > 0] = self.rows_of(ids[ids > 0])
        return rows

    @cached_property
    def codes(self) -> NDArray[np.uint16]:
        """Code of each segment's class, in the order of the table; 0 for unlabelled and those outside the scope."""
        if self.labels.empty:
            return np.zeros(len(self.table), dtype=np.uint16)
        by_name = {each.name: each.code for each in self.classes}
        codes = self.table["label"].map(by_name).fillna(0).to_numpy(np.uint16)
        return np.where(self.kept, codes, np.uint16(0))

    def label_facts(self, rows: NDArray[np.intp]) -> LabelFacts:
        """Sum up the labels of some segments, given by their rows."""
        confidence, origins, authors, times = self._label_columns
        known = confidence[rows][np.isfinite(confidence[rows])]
        moments = times.values_of(rows)
        return LabelFacts(
            float(known.mean()) if len(known) else None,
            origins.counts(rows),
            authors.counts(rows),
            (moments[0], moments[-1]) if moments else None,
        )

    @cached_property
    def _label_columns(self) -> tuple[NDArray[np.float64], _Column, _Column, _Column]:
        """Columns of labels as numbers: a class may have a hundred thousand regions."""
        origins, authors, times = (_Column.of(self.table[name]) for name in ("origin", "author", "time"))
        return self.table["confidence"].to_numpy(np.float64), origins, authors, times

    @cached_property
    def pixel_areas(self) -> NDArray[np.float64]:
        """Square metres on the ground of a pixel of each segment, in the order of the table; NaN without a CRS."""
        if "area_m2" not in self.table:
            return np.full(len(self.table), np.nan)
        return np.asarray(self.table["area_m2"] / self.table["area_px"])

    @cached_property
    def rows_of_chip(self) -> Mapping[int, NDArray[np.intp]]:
        """Rows of the segments of each chip."""
        rows: Any = self.table.groupby("chip_id").indices
        return {int(chip_id): places for chip_id, places in rows.items()}

    @cached_property
    def _row_at(self) -> NDArray[np.intp]:
        """Row of each id from 0 to one past the highest; -1 where the table has none."""
        ids = self.table["segment_id"].to_numpy()
        rows = np.full(int(ids.max(initial=0)) + 2, -1, dtype=np.intp)
        rows[ids] = np.arange(len(ids))
        return rows


def gather(export: Export, layer: str | None = None, *, embeddings: bool = True) -> Content:
    """Gather the content of an export.

    Parameters
    ----------
    export
        Of a workspace that is finished up to the stage ``memberships``, and up to the layer that is asked for.
    layer
        The embedding; None: the workspace's default layer.
    embeddings
        False leaves embeddings out.

    Raises
    ------
    NotThere
        The workspace lacks a file or the layer; the message lists the layers.
    WorkspaceError
        Files that do not fit together, or damaged labels.
    """
    workspace, labels = export.workspace, export.labels
    workspace.existing(
        "embeddings", "target.npy"
    )  # of a workspace that is unfinished, say so: nobody named that layer
    segments, memberships = workspace.segments, workspace.embedding("target")
    layer = (layer or workspace.default_layer) if embeddings else None
    vectors = workspace.embedding(layer) if layer else np.empty((len(segments), 0), dtype=np.float32)
    table = _with_labels(_measured(segments, workspace.scenes, memberships), labels)
    kept = np.isin(table["segment_id"].to_numpy(), export.segment_ids)
    return Content(table, layer, vectors, memberships.shape[1], labels, export.classes, kept)


def _measured(segments: pd.DataFrame, scenes: Sequence[SceneInfo], memberships: Floats) -> pd.DataFrame:
    """Add areas and strongest memberships."""
    table = segments[[name for name in _KEPT if name in segments]].copy()
    areas = square_metres(segments, scenes)
    if np.isfinite(areas).any():
        table["area_m2"] = areas
    strongest = np.argmax(memberships, axis=1)
    table["strongest_membership"] = (strongest + 1).astype(np.int32)
    table["membership"] = np.take_along_axis(np.asarray(memberships), strongest[:, None], axis=1)[:, 0]
    return table.assign(**{name: segments[name] for name in _MAP if name in segments})


def _with_labels(table: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    if labels.empty:
        return table
    unknown = set(labels["segment_id"]) - set(table["segment_id"].tolist())
    if unknown:
        raise WorkspaceError(
            f"labels.sqlite labels {len(unknown)} segments that segments.parquet does not hold (segment "
            f"{min(unknown)} is one): they were drawn on other segments; put the labels.sqlite of these back, or "
            "move this one away"
        )
    return table.merge(labels.astype({"segment_id": table["segment_id"].dtype}), on="segment_id", how="left")


def shifted(transform: Sequence[float], window: Window) -> tuple[float, ...]:
    """Return the affine map of a window of the raster whose affine map is given, six numbers each."""
    a, b, c, d, e, f = transform
    return (
        a,
        b,
        c + a * window.column + b * window.row,
        d,
        e,
        f + d * window.column + e * window.row,
    )


def parsed_crs(crs: str | None) -> Any:
    """Parse a scene's CRS. Raises WorkspaceError where it is none."""
    if crs is None:
        return None
    try:
        return CRS.from_user_input(crs)
    except CRSError as error:
        raise WorkspaceError(
            f"scene.json names a coordinate system that is none ({in_short(error)}): {crs[:80]}"
        ) from error


def check_layer(layer: object) -> str | None:
    """Check the option ``layer``. Raises ConfigError."""
    if layer is not None and not is_layer_name(layer):
        raise ConfigError(
            f"`layer` must be the name of an embedding, such as gnn2, encoder or bands, or null for the workspace's "
            f"default. Got {layer!r} instead."
        )
    return None if layer is None else str(layer)


def check_flag(name: str, value: object) -> bool:
    """Check an option that is true or false. Raises ConfigError."""
    if not isinstance(value, bool):
        raise ConfigError(f"`{name}` must be true or false. Got {value!r} instead.")
    return value


def check_choice(name: str, value: Choice, choices: object) -> Choice:
    """Check an option whose choices are those of a Literal. Raises ConfigError."""
    if value not in get_args(choices):
        raise ConfigError(f"`{name}` must be one of: {', '.join(get_args(choices))}. Got {value!r} instead.")
    return value
