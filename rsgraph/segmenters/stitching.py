"""Segments that do not stop at chip borders: overlapping chips, joined one row of chips after the other.

First the chips of a row are joined side by side, which gives one label map as wide as the scene, with overlap above
and below; then each such map is joined to the next one. A segment stays within its chip and the overlap round it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.segmenters.connectivity import relabel_connected
from rsgraph.segmenters.joining import Heights, Known, join
from rsgraph.segmenters.levels import Levels
from rsgraph.segmenters.ridges import ridges
from rsgraph.types import Labels, Raster, Segmentation, Window

if TYPE_CHECKING:
    from rsgraph.protocols import Segmenter


def overlap(segmenter: Segmenter, size: int) -> int:
    """Return by how many pixels a chip of this side is cut larger on each side, at most a quarter of it.

    So many diameters of a mean segment as the segmenter says (``overlap``): one for the segment that lies across the
    border, more where segments are of very unequal size.
    """
    return min(size // 4, int(np.ceil(segmenter.overlap * size / np.sqrt(segmenter.n_segments))))


@dataclass(frozen=True)
class Piece:
    """One chip, segmented with overlap.

    Parameters
    ----------
    window
        The chip itself, in pixels of its scene.
    outer
        What was segmented: the chip and the overlap.
    labels
        (rows, columns) of ``outer``, int32: 1 ... n, 0 where there are no data.
    heights
        (rows, columns) of ``outer``, uint8, as ``ridges`` makes them.
    kept
        Label of a segment within the chip that it keeps whatever its neighbours claim, so that no chip is left
        without segments; 0 where the chip holds no data.
    """

    window: Window
    outer: Window
    labels: Labels
    heights: Heights
    kept: int


def cut_piece(
    segmenter: Segmenter,
    raster: Raster,
    *,
    window: Window,
    outer: Window,
    chip_pixels: int,
    levels: Levels | None = None,
) -> Piece:
    """Segment one chip with its overlap.

    Parameters
    ----------
    segmenter
        Any.
    raster
        Pixels of ``outer``. Pixels that belong to no chip must not be valid.
    window, outer
        As in Piece.
    chip_pixels
        Pixels of a whole chip, to which the segmenter's counts refer.
    levels
        The scale of the values, at least round the window; None leaves it to the segmenter.
    """
    values = raster.values if levels is None else levels.even(raster.values, raster.valid, outer)
    found = segmenter.segment(values, raster.valid, chip_pixels=chip_pixels)
    labels, kept = _keep_one(found, _inside(window, outer))
    return Piece(window, outer, labels, ridges(values, raster.valid), kept)


def _inside(window: Window, outer: Window) -> tuple[slice, slice]:
    row, column = window.row - outer.row, window.column - outer.column
    return slice(row, row + window.rows), slice(column, column + window.columns)


def _keep_one(found: Segmentation, inside: tuple[slice, slice]) -> tuple[Labels, int]:
    """Choose the largest segment that lies within the chip, or split one off; return the labels and its number."""
    labels, n = found.labels, found.n_segments
    core = labels[inside]
    if not core.any():
        return labels, 0
    sizes = np.bincount(core.ravel(), minlength=n + 1)
    whole = sizes == np.bincount(labels.ravel(), minlength=n + 1)
    sizes[0] = 0
    if (sizes * whole).any():
        return labels, int((sizes * whole).argmax())
    pieces, count = relabel_connected(core, core > 0)
    largest = np.bincount(pieces.ravel(), minlength=count + 1)[1:].argmax() + 1
    labels = labels.copy()
    labels[inside][pieces == largest] = n + 1
    return labels, n + 1


@dataclass(frozen=True)
class Strip:
    """A finished row of chips.

    Parameters
    ----------
    window
        Its pixels in the scene: all columns, the rows of its chips.
    ids
        (rows, columns) uint32: segment ids, those of the neighbouring rows of chips that reach into this one
        among them; 0 where there are no data.
    first_id
        Id of the first segment of this row of chips; the others follow, chip by chip.
    chips
        (n,) int64: which chip each segment belongs to, counted over all pieces.
    areas
        (n,) int64, in pixels.
    centroids
        (n, 2) float64 as (row, column), in pixels of the scene.
    """

    window: Window
    ids: NDArray[np.uint32]
    first_id: int
    chips: NDArray[np.int64]
    areas: NDArray[np.int64]
    centroids: NDArray[np.float64]


def stitch(pieces: Iterable[Piece], columns: int, *, min_size: int, first_id: int = 1) -> Iterator[Strip]:
    """Join the chips of a scene; yield its rows of chips from top to bottom.

    Three rows of chips are in memory at a time. The result depends only on the pieces, not on who made them when.

    Parameters
    ----------
    pieces
        All chips of the scene, row by row, from left to right; those without data may be missing. The chips of one
        row have the same ``row`` and ``rows``, in ``window`` and in ``outer``. The overlap is at most a quarter of a
        chip's side; the last row and column may be narrower.
    columns
        Of the scene.
    min_size
        Smallest segment in pixels that a seam may leave.
    first_id
        Ids count on from here.

    Yields
    ------
    Strip
        Every segment is one connected piece, belongs to one chip, and lies in that chip and its overlap. Every
        chip with data has at least one.
    """
    before: _Numbered | None = None
    here: _Numbered | None = None
    for after in chain(_numbered(_stitched(_rows(pieces, columns, min_size), min_size), first_id), [None]):
        if here is not None:
            yield _strip(here, [each for each in (before, after) if each is not None])
        before, here = here, after


@dataclass(frozen=True)
class _Row:
    """A row of chips, joined side by side.

    Codes count the segments of all pieces of the scene; this row's begin with ``first``. ``window`` is the chips'
    own rows, ``outer`` has the overlap above and below. ``owners`` numbers the piece of each code, counted over the
    scene; ``known`` is by code - first + 1 and has its centres along the rows.
    """

    window: Window
    outer: Window
    codes: Labels
    heights: Heights
    first: int
    owners: NDArray[np.int64]
    known: Known


def _rows(pieces: Iterable[Piece], columns: int, min_size: int) -> Iterator[_Row]:
    first = 1
    for _, group in groupby(enumerate(pieces), key=lambda numbered: numbered[1].window.row):
        row = _side_by_side(list(group), columns, first, min_size)
        first += len(row.owners)
        yield row


def _side_by_side(numbered: list[tuple[int, Piece]], columns: int, first: int, min_size: int) -> _Row:
    """Join the chips of one row, from left to right."""
    pieces = [piece for _, piece in numbered]
    known, starts = _known(pieces)
    first_piece = pieces[0]
    outer = Window(first_piece.outer.row, 0, first_piece.outer.rows, columns)
    codes = np.zeros((outer.rows, columns), dtype=np.int32)
    heights = np.zeros((outer.rows, columns), dtype=np.uint8)
    reached = 0
    for piece, start in zip(pieces, starts, strict=True):
        labels, ridge = _counted(piece.labels, start), piece.heights.copy()
        left, right = piece.outer.column, piece.outer.column + piece.outer.columns
        shared = max(0, reached - left)
        if shared:
            sides = (codes[:, :reached], labels), (heights[:, :reached], ridge)
            _seam(*sides, shared, known, border=piece.window.column, min_size=min_size)
        codes[:, left:right] = labels
        heights[:, left:right] = ridge
        reached = right
    owners = np.concatenate([np.full(int(piece.labels.max(initial=0)), number) for number, piece in numbered])
    window = Window(first_piece.window.row, 0, first_piece.window.rows, columns)
    vertical = Known(**_areas_and_centres(codes, len(owners), outer.row), kept=known.kept, reach=_reach(pieces))
    return _Row(window, outer, _counted(codes, first - 1), heights, first, owners, vertical)


def _known(pieces: list[Piece]) -> tuple[Known, list[int]]:
    """Return what is known of all segments, centres along the columns, and how many come before each piece."""
    counts = [int(piece.labels.max(initial=0)) for piece in pieces]
    starts = [0, *np.cumsum(counts).tolist()]
    kept = np.zeros(starts[-1] + 1, dtype=bool)
    parts = [_areas_and_centres(p.labels.T, n, p.outer.column) for p, n in zip(pieces, counts, strict=True)]
    for piece, start in zip(pieces, starts, strict=False):
        kept[start + piece.kept] |= piece.kept > 0
    areas = np.concatenate([[0], *(part["areas"][1:] for part in parts)])
    centres = np.concatenate([[0.0], *(part["centres"][1:] for part in parts)])
    rows = np.array([[0], [pieces[0].outer.rows]])
    return Known(areas.astype(np.int64), centres, kept, np.repeat(rows, len(areas), axis=1)), starts[:-1]


def _reach(pieces: list[Piece]) -> NDArray[np.int64]:
    """Return the columns of the scene that the segments of each piece may have, by code; entry 0 is no data."""
    counts = [1, *(int(piece.labels.max(initial=0)) for piece in pieces)]
    firsts = [0, *(piece.outer.column for piece in pieces)]
    lasts = [0, *(piece.outer.column + piece.outer.columns for piece in pieces)]
    return np.stack([np.repeat(each, counts) for each in (firsts, lasts)])


def _areas_and_centres(labels: Labels, n: int, offset: int) -> dict[str, Any]:
    """Return area and mean row of labels 0 ... n, rows counted from ``offset``."""
    areas, sums = _areas_and_sums(labels, n)
    return {"areas": areas, "centres": sums / np.maximum(areas, 1) + offset}


@compiled()
def _areas_and_sums(labels: Any, n: int) -> Any:
    areas, sums = np.zeros(n + 1, dtype=np.int64), np.zeros(n + 1, dtype=np.int64)
    for r in range(labels.shape[0]):
        for c in range(labels.shape[1]):
            areas[labels[r, c]] += 1
            sums[labels[r, c]] += r
    return areas, sums


def _seam(
    codes: tuple[Labels, Labels],
    heights: tuple[Heights, Heights],
    shared: int,
    known: Known,
    *,
    border: float,
    min_size: int,
) -> None:
    """Join two sides of which the last and the first ``shared`` columns are the same pixels, in place."""
    one, two = codes
    beyond = min(shared, one.shape[1] - shared)
    after = min(beyond, two.shape[1] - shared)
    left = np.pad(one[:, -shared - beyond :], ((0, 0), (0, beyond)))
    right = np.pad(two[:, : shared + after], ((0, 0), (beyond, beyond - after)))
    ridge = _on_both(heights, shared, beyond, after)
    merged = join(left, right, ridge, known, beyond=beyond, border=border, min_size=min_size)
    one[:, -shared - beyond :] = merged[:, : beyond + shared]
    two[:, : shared + after] = merged[:, beyond : beyond + shared + after]
    heights[0][:, -shared:] = heights[1][:, :shared] = ridge[:, beyond : beyond + shared]


def _on_both(heights: tuple[Heights, Heights], shared: int, beyond: int, after: int) -> Heights:
    """Return the heights of a strip, the mean of its sides, and of what lies beyond it."""
    one, two = heights
    mean = (one[:, -shared:].astype(np.uint16) + two[:, :shared] + 1) // 2
    parts = one[:, -shared - beyond : -shared], mean.astype(np.uint8), two[:, shared : shared + after]
    return np.pad(np.concatenate(parts, axis=1), ((0, 0), (0, beyond - after)))


def _stitched(rows: Iterable[_Row], min_size: int) -> Iterator[_Row]:
    """Join every row to the next one, where they touch; yield those that are finished."""
    above: _Row | None = None
    for row in rows:
        below = row
        if above is not None:
            if above.window.row + above.window.rows == below.window.row:
                above, below = _one_below_the_other(above, below, min_size)
            yield above
        above = below
    if above is not None:
        yield above


def _one_below_the_other(above: _Row, below: _Row, min_size: int) -> tuple[_Row, _Row]:
    shared = above.outer.row + above.outer.rows - below.outer.row
    before = above.first - 1
    upper, lower = (np.maximum(row.codes - before, 0) for row in (above, below))
    _seam(
        (upper.T, lower.T),
        (above.heights.T, below.heights.T),
        shared,
        _both(above.known, below.known),
        border=below.window.row,
        min_size=min_size,
    )
    return replace(above, codes=_counted(upper, before)), replace(below, codes=_counted(lower, before))


def _counted(codes: Labels, before: int) -> Labels:
    return np.where(codes > 0, codes + before, 0).astype(np.int32)


def _both(one: Known, two: Known) -> Known:
    return Known(
        np.concatenate([one.areas, two.areas[1:]]),
        np.concatenate([one.centres, two.centres[1:]]),
        np.concatenate([one.kept, two.kept[1:]]),
        np.concatenate([one.reach, two.reach[:, 1:]], axis=1),
    )


@dataclass(frozen=True)
class _Numbered(Strip):
    """A finished row: ids of its own segments in all pixels of ``outer``, 0 elsewhere."""

    outer: Window


def _numbered(rows: Iterable[_Row], first_id: int) -> Iterator[_Numbered]:
    for row in rows:
        found = _number(row, first_id)
        first_id += len(found.areas)
        yield found


def _number(row: _Row, first_id: int) -> _Numbered:
    """Number the connected pieces of the row's segments, chip by chip, each chip's by their first pixels."""
    own = (row.codes >= row.first) & (row.codes < row.first + len(row.owners))
    pieces, count = relabel_connected(row.codes, own)
    code = np.zeros(count + 1, dtype=np.int64)
    code[pieces.ravel()] = row.codes.ravel()
    owners = row.owners[code[1:] - row.first]
    order = np.argsort(owners, kind="stable")
    places = np.zeros(count + 1, dtype=np.int32)
    places[order + 1] = np.arange(1, count + 1)
    labels = places[pieces]
    rows, columns = (_areas_and_centres(each, count, 0) for each in (labels, labels.T))
    centroids = np.stack([rows["centres"] + row.outer.row, columns["centres"]], axis=1)[1:]
    ids = np.where(labels > 0, labels.astype(np.int64) + first_id - 1, 0).astype(np.uint32)
    return _Numbered(row.window, ids, first_id, owners[order], rows["areas"][1:], centroids, row.outer)


def _strip(here: _Numbered, others: list[_Numbered]) -> Strip:
    """Put a row's own ids and those that reach into it together: no pixel has two."""
    top, bottom = here.window.row, here.window.row + here.window.rows
    ids = np.zeros((here.window.rows, here.window.columns), dtype=np.uint32)
    for each in (here, *others):
        first, last = max(top, each.outer.row), min(bottom, each.outer.row + each.outer.rows)
        if first < last:
            ids[first - top : last - top] += each.ids[first - each.outer.row : last - each.outer.row]
    return Strip(here.window, ids, here.first_id, here.chips, here.areas, here.centroids)
