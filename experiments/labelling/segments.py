"""Vectors, reference classes and measures of the segments of one workspace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize
from skimage.filters import threshold_otsu

from experiments.labelling.numbers import block, neighbour_means
from rsgraph import Workspace
from rsgraph.neighbours.rows import Metric
from rsgraph.run.scenes import Reopened, open_scenes
from rsgraph.types import Floats, Raster, Scene, Window


@dataclass(frozen=True)
class Segments:
    """Vectors of n segments and the reference of their pixels.

    Parameters
    ----------
    layers
        (n, D) each, by the workspace's names, and ``bands_2hop``.
    compared
        ``euclidean`` or ``cosine``, of each layer.
    counts
        (n, C) pixels of each reference class.
    places
        (n, 2) row and column in the scene.
    """

    layers: dict[str, Floats]
    compared: dict[str, Metric]
    counts: NDArray[np.int64]
    places: Floats


def read_segments(folder: Path, reference: dict[str, Any], most: int, *, draw: str = "seed") -> Segments:
    """Read a workspace, its scene and the reference; only some whole chips where there are over ``most`` segments."""
    workspace = Workspace(folder)
    counts = all_counts(workspace, reference)
    kept = chosen(workspace.segments["chip_id"].to_numpy(), counts.sum(axis=1), most, draw=draw)
    layers = {name: np.asarray(workspace.embedding(name)) for name in workspace.layers}
    compared = {name: workspace.compared_by(name) for name in layers}
    layers["bands_2hop"], compared["bands_2hop"] = bands_joined(layers["bands"], workspace.edges, hops=2), "euclidean"
    known = counts[kept]
    places = workspace.segments[["row", "column"]].to_numpy(dtype=np.float32)[kept]
    return Segments(
        {name: each[kept] for name, each in layers.items()}, compared, known[:, known.any(axis=0)], places
    )


def all_counts(workspace: Workspace, reference: dict[str, Any]) -> NDArray[np.int64]:
    """Count the pixels of each class in each segment of a workspace: (n, C)."""
    (scene,) = open_scenes(Reopened(workspace.folder).options)
    raster = scene.source.read(Window(0, 0, scene.rows, scene.columns))
    with rasterio.open(workspace.segment_file()) as file:
        labels = file.read(1).astype(np.int64)
    classes = reference_of(scene, raster, reference)[: labels.shape[0], : labels.shape[1]]
    return count(labels, classes, len(workspace.segments))


def bands_joined(bands: Floats, edges: NDArray[np.int64], *, hops: int) -> Floats:
    """Join mean reflectance with the means of neighbours and of theirs, all standardised: a strong baseline."""
    blocks = [bands]
    for _ in range(hops):
        blocks.append(neighbour_means(blocks[-1], edges))
    return np.concatenate([block(part) for part in blocks], axis=1)


def chosen(
    chips: NDArray[np.int64], known: NDArray[np.int64], most: int, *, draw: str = "seed", seed: int = 0
) -> NDArray[np.int64]:
    """Return the segments of chips that hold reference, as many whole chips as hold no more than ``most`` segments.

    Parameters
    ----------
    chips, known
        (n,) the chip of each segment, and how many of its pixels the reference knows.
    most
        Of more segments, chips are drawn; one chip at least is taken.
    draw
        ``seed``: drawn by a seed; ``known``: those that hold most reference first.
    """
    ids, of = np.unique(chips, return_inverse=True)
    reference, sizes = np.bincount(of, weights=known), np.bincount(of)
    order = np.argsort(-reference, kind="stable")
    if draw == "seed":
        order = np.random.default_rng(seed).permutation(len(ids))
    order = order[reference[order] > 0]
    number = max(1, int(np.searchsorted(np.cumsum(sizes[order]), most, side="right")))
    return np.flatnonzero(np.isin(of, order[:number]))


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
    if reference["kind"] == "polygons":
        return polygons(scene, reference["path"])
    return water(scene, raster, *reference["bands"], threshold=reference["threshold"])


def polygons(scene: Scene, path: str) -> NDArray[np.int64]:
    """Return the class of the polygon at each pixel: 1, 2 ... in the order of their names."""
    import geopandas

    table = geopandas.read_file(path).to_crs(scene.crs)
    codes = {name: code + 1 for code, name in enumerate(sorted(table["Classname"].unique()))}
    shapes = [(shape, codes[name]) for shape, name in zip(table.geometry, table["Classname"], strict=True)]
    found = rasterize(shapes, out_shape=(scene.rows, scene.columns), transform=Affine(*scene.transform), fill=0)
    return np.asarray(found, dtype=np.int64)


def water(scene: Scene, raster: Raster, one: str, other: str, *, threshold: float | str) -> NDArray[np.int64]:
    """Return 1 for land, 2 for water: (one - other) / (one + other) above a threshold (``otsu``: Otsu's)."""
    a, b = (raster.values[scene.bands.index(name)] for name in (one, other))
    index = np.divide(a - b, a + b, out=np.zeros_like(a), where=(a + b) > 0)
    limit = threshold_otsu(index[raster.valid]) if threshold == "otsu" else float(threshold)
    return np.where(raster.valid, 1 + (index > limit), 0)
