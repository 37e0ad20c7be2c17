"""Vectors, reference classes and measures of the segments of one workspace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from skimage.filters import threshold_otsu

from rsgraph import Workspace
from rsgraph.run.scenes import Reopened, open_scenes
from rsgraph.types import Floats, Raster, Scene, Window


@dataclass(frozen=True)
class Segments:
    """Vectors of n segments and the reference of their pixels.

    Parameters
    ----------
    layers
        (n, D) each, by the workspace's names: ``bands`` (mean reflectance), ``encoder``, ``gnn1``, ``gnn2``.
    edges
        (2, E), from each segment to the segments near it.
    counts
        (n, C) pixels of each reference class.
    places
        (n, 2) row and column in the scene.
    """

    layers: dict[str, Floats]
    edges: NDArray[np.int64]
    counts: NDArray[np.int64]
    places: Floats


def read_segments(folder: Path, reference: dict[str, Any], most: int | None) -> Segments:
    """Read a workspace, its scene and the reference; only some whole chips where there are over ``most`` segments."""
    workspace = Workspace(folder)
    (scene,) = open_scenes(Reopened(folder).options)
    raster = scene.source.read(Window(0, 0, scene.rows, scene.columns))
    with rasterio.open(workspace.segment_file()) as file:
        labels = file.read(1).astype(np.int64)
    counts = count(labels, reference_of(scene, raster, reference), len(workspace.segments))
    kept = whole_chips(workspace.segments["chip_id"].to_numpy(), most)
    layers = {name: workspace.embedding(name)[kept] for name in ("bands", "encoder", "gnn1", "gnn2")}
    places = workspace.segments[["row", "column"]].to_numpy(dtype=np.float32)
    return Segments(layers, among(workspace.edges, kept), counts[kept], places[kept])


def whole_chips(chips: NDArray[np.int64], most: int | None, *, seed: int = 0) -> NDArray[np.int64]:
    """Return the segments of chips drawn by a seed, as many chips as hold no more than ``most`` segments."""
    if most is None or len(chips) <= most:
        return np.arange(len(chips))
    ids, sizes = np.unique(chips, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(ids))
    chosen = ids[order[: np.searchsorted(np.cumsum(sizes[order]), most, side="right")]]
    return np.flatnonzero(np.isin(chips, chosen))


def among(edges: NDArray[np.int64], kept: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the edges between kept segments, as indices into them. Edges to and from others are lost."""
    inside = np.isin(edges[0], kept) & np.isin(edges[1], kept)
    return np.searchsorted(kept, edges[:, inside])


def count(labels: NDArray[np.int64], classes: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Count the pixels of each class > 0 in each segment: (n, C), C the number of classes that occur."""
    codes = np.unique(classes[classes > 0])
    known = (labels > 0) & (classes > 0)
    rows, columns = labels[known] - 1, np.searchsorted(codes, classes[known])
    counts = np.bincount(rows * len(codes) + columns, minlength=n * len(codes))
    return counts.reshape(n, len(codes))


def reference_of(scene: Scene, raster: Raster, reference: dict[str, Any]) -> NDArray[np.int64]:
    """Return the class of each pixel, 0 where it is not known."""
    if reference["kind"] == "scene":
        assert scene.reference is not None, scene.name
        return np.asarray(scene.reference.read(Window(0, 0, scene.rows, scene.columns)), dtype=np.int64)
    if reference["kind"] == "raster":
        with rasterio.open(reference["path"]) as file:
            return np.asarray(file.read(1), dtype=np.int64)
    return water(scene, raster, *reference["bands"], threshold=reference["threshold"])


def water(scene: Scene, raster: Raster, one: str, other: str, *, threshold: float | str) -> NDArray[np.int64]:
    """Return 1 for land, 2 for water: (one - other) / (one + other) above a threshold (``otsu``: Otsu's)."""
    a, b = (raster.values[scene.bands.index(name)] for name in (one, other))
    index = np.divide(a - b, a + b, out=np.zeros_like(a), where=(a + b) > 0)
    limit = threshold_otsu(index[raster.valid]) if threshold == "otsu" else float(threshold)
    return np.where(raster.valid, 1 + (index > limit), 0)
