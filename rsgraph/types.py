"""The frozen dataclasses that stages pass to each other. Plain data: nothing here opens a file by itself.

Conventions: rasters are ``(bands, rows, columns)``, reflectance 0-1 in float32, nodata is a mask;
node features are ``(nodes, features)``, edges ``(2, edges)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]

Distance = Literal["cosine", "euclidean"]
"""What vectors of a layer are compared by: their direction, or their difference."""


class Window(NamedTuple):
    """A rectangle of pixels: first row, first column, number of rows, number of columns."""

    row: int
    column: int
    rows: int
    columns: int


@dataclass(frozen=True)
class Raster:
    """Pixels of one window.

    Parameters
    ----------
    values
        (bands, rows, columns) float32, reflectance 0-1. Finite everywhere: 0 where ``valid`` is False.
    valid
        (rows, columns); False where any band is nodata, NaN or infinite.
    not_finite
        How many pixels are masked because a band is NaN or infinite (rather than declared nodata).
    """

    values: Floats
    valid: Mask
    not_finite: int = 0


class PixelSource(Protocol):
    """The source of a scene's pixels: a picklable object that opens its files when it first reads."""

    def read(self, window: Window) -> Raster:
        """Read one window, which must lie inside the scene."""
        ...


class LabelSource(Protocol):
    """The source of reference classes (ground truth that was delivered with the scene)."""

    names: Mapping[int, str]

    def read(self, window: Window) -> NDArray[np.uint8]:
        """Read class codes (rows, columns); 0 is unknown."""
        ...


@dataclass(frozen=True)
class Scene:
    """One image on one grid, not yet read.

    Parameters
    ----------
    name
        Short name, unique within a collection, fit for a file name.
    bands
        Band names, ``B01`` ... ``B12`` and ``B8A`` where the file says so, else ``band1`` ...
    rows, columns
        Size in pixels.
    source
        Reads windows of pixels.
    crs
        Well-known text, or None: pixel space.
    transform
        The six numbers (a, b, c, d, e, f) of the affine map from (column, row) to CRS coordinates.
    files
        All files that the pixels come from. Their content identifies the scene.
    identity
        What else identifies the scene's pixels (scale, offset, generator settings), JSON-able.
    reflectance
        False where the values are known not to be reflectance (8-bit display stretch).
    notes
        Sentences for the user ("no CRS: working in pixel space").
    class_name
        Class of the whole image, where the collection has one (EuroSAT).
    reference
        Ground truth on the same grid, where it was delivered with the scene (SWED, synthetic).
    assumed
        The reading of the names of bands that was taken where the files leave several open, in a few words; None:
        the files, or the user, name them.
    """

    name: str
    bands: tuple[str, ...]
    rows: int
    columns: int
    source: PixelSource
    crs: str | None = None
    transform: tuple[float, float, float, float, float, float] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    files: tuple[Path, ...] = ()
    identity: Mapping[str, object] = field(default_factory=dict)
    reflectance: bool = True
    notes: tuple[str, ...] = ()
    class_name: str | None = None
    reference: LabelSource | None = None
    assumed: str | None = None

    @property
    def window(self) -> Window:
        """The whole scene."""
        return Window(0, 0, self.rows, self.columns)


Split = Literal["train", "test"]


@dataclass(frozen=True)
class Chip:
    """One square of a scene; at the edges its window is smaller than the chip size.

    Parameters
    ----------
    chip_id
        Counts from 0 over the whole collection, row by row.
    scene
        Index of its scene in the collection.
    window
        Its pixels in the scene.
    split
        ``train`` or ``test``.
    """

    chip_id: int
    scene: int
    window: Window
    split: Split


@dataclass(frozen=True)
class Segmentation:
    """Superpixels of one chip.

    Parameters
    ----------
    labels
        (rows, columns) int32: 1 ... n without gaps, 0 where there are no data. Every segment is connected.
    n_segments
        n.
    """

    labels: Labels
    n_segments: int


@dataclass(frozen=True)
class RegionGraph:
    """Segments of one chip and their neighbours.

    Parameters
    ----------
    edge_index
        (2, edges) int64: row 0 the neighbour that sends, row 1 the node that receives. Nodes count from 0
        (segment label - 1).
    edge_attributes
        (edges, attributes) float32, or None for an unweighted graph.
    attribute_names
        Names of the columns of ``edge_attributes``.
    """

    edge_index: NDArray[np.int64]
    edge_attributes: Floats | None = None
    attribute_names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class SceneSegments:
    """All n segments of one scene; they are numbered from 0.

    Parameters
    ----------
    centroids
        (n, 2) float32 as (row, column), in pixels of the scene.
    """

    centroids: Floats

    @cached_property
    def tree(self) -> cKDTree:
        """A k-d tree of the centroids in float64: ``tree.data`` (n, 2). It is built once."""
        from scipy.spatial import cKDTree  # where it is asked for

        return cKDTree(self.centroids.astype(np.float64))


class Surrounding(NamedTuple):
    """The segments in some pixels of a scene.

    Parameters
    ----------
    segmentation
        Of these pixels; segments at their edges are cut.
    centroids
        (m, 2) as (row, column) of the whole segments, counted from the first of these pixels.
    numbers
        (m,) int64: which segments of the scene they are, ascending.
    """

    segmentation: Segmentation
    centroids: Floats
    numbers: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ScenePart:
    """One chip's own segments within their scene.

    Parameters
    ----------
    scene
        All segments of the scene; the same object for all its chips, where one process has to do with them.
    own
        Numbers of the chip's own segments.
    read
        ``read(margin)``: the smallest window that holds the own segments, widened by so many pixels as far as the
        scene goes, and the number + 1 of the segment of each of its pixels, int32; 0 where there are no data.
    """

    scene: SceneSegments
    own: range
    read: Callable[[int], tuple[Window, Labels]]

    def around(self, margin: int) -> Surrounding:
        """Return the own segments and all others within so many pixels around them."""
        window, labels = self.read(margin)
        found, places = np.unique(labels, return_inverse=True)
        numbers = found[found > 0].astype(np.int64) - 1
        local = places.reshape(labels.shape) + (len(found) == len(numbers))
        corner = np.array([window.row, window.column], dtype=np.float32)
        segmentation = Segmentation(local.astype(np.int32), len(numbers))
        return Surrounding(segmentation, self.scene.centroids[numbers] - corner, numbers)


@dataclass(frozen=True)
class LabelClass:
    """A class that segments are labelled with.

    Parameters
    ----------
    code
        1, 2 ... in the order in which the classes were defined; 0 stands for unlabelled.
    name
        As the user wrote it.
    colour
        ``#rrggbb``.
    """

    code: int
    name: str
    colour: str


@dataclass(frozen=True)
class Similarity:
    """Chips and their most similar chips.

    Parameters
    ----------
    indices
        (P, k) int64: the k most similar other chips, best first; a chip is not its own neighbour.
    similarities
        (P, k) float32 in [-1, 1].
    error
        (P, k) float32: certified bound of the error of each similarity; 0 for exact ones.
    matrix
        (P, P) float32, symmetric with ones on the diagonal, or None where it was not computed.
    solved
        Number of assignment problems that were solved.
    dual
        (P, P) float32: dual values where a tolerance was given, so that the exact similarity lies between ``matrix``
        and this; else None.
    ceiling
        (P,) float32: the largest upper bound of all pairs of a chip that were not solved, -1 where there are none;
        None where all were. What is listed is complete where this is not above the last similarity (by over 1e-6).
    given_up
        Pairs that were not solved, by the bound that ruled them out.
    """

    indices: NDArray[np.int64]
    similarities: Floats
    error: Floats
    matrix: Floats | None
    solved: int
    dual: Floats | None = None
    ceiling: Floats | None = None
    given_up: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Projection:
    """A 2-D map.

    Parameters
    ----------
    points
        (n, 2) float32.
    method
        The projector that made it in the end (small inputs fall back to ``pca``).
    model
        What places further vectors on the map, as named arrays, where the projector learnt it from a sample; else
        None.
    """

    points: Floats
    method: str
    model: Mapping[str, NDArray[Any]] | None = None
