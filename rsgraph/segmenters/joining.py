"""Joining of two segmentations of one strip: the seam follows the segments, not the line between the chips.

Two neighbouring chips are segmented with overlap and disagree in it. Each segment is wanted by the side that its
centroid lies on; what both want or neither wants is decided pixel by pixel, along the ridges of the image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from skimage.segmentation import watershed

from rsgraph.segmenters.connectivity import relabel_connected
from rsgraph.types import Labels, Mask

Heights = NDArray[np.uint8]

_ROUNDS = 4
"""Floods at most, each without those segments that flowed too far in the one before."""

_MOSTLY = 0.5
"""A segment of which at least this share lies in one segment of the other side is the same thing seen twice."""


@dataclass(frozen=True)
class Known:
    """What is known of the segments of both sides, by code; entry 0 stands for no data.

    Parameters
    ----------
    areas
        (codes + 1,) int64, in pixels, of the whole segment.
    centres
        (codes + 1,) float64: position of the centroid across the strip, in pixels of the scene.
    kept
        (codes + 1,); True for segments that stay as they are (so that every chip keeps one). No two overlap.
    reach
        (2, codes + 1) int64: first row of the strip that a segment may have, and the one after its last.
    """

    areas: NDArray[np.int64]
    centres: NDArray[np.float64]
    kept: Mask
    reach: NDArray[np.int64]


def join(
    one: Labels, two: Labels, heights: Heights, known: Known, *, beyond: int, border: float, min_size: int
) -> Labels:
    """Make one segmentation of a strip from the two of its sides.

    In this order:

    1. A side claims its segments whose centroids lie on its side of the border, or that reach beyond the strip.
    2. A pixel that one side claims is that side's. Where two segments claim it and one lies mostly in the other,
       the smaller one has it. All other pixels stay open.
    3. Fragments open as well: all but the largest piece of a segment, and what is left of one that lost pixels
       where that is less than ``min_size``.
    4. Open pixels are flooded from the segments around them, lowest heights first: seams lie on ridges.

    So a strip holds whole segments of either side and hardly a fragment, and where a segment is too large to be
    seen whole (a lake), the seam still winds along the image.

    Parameters
    ----------
    one, two
        (rows, columns) int32 codes of the left and of the right side; 0 is no data. No code stands on both sides.
        The strip itself, where both sides have codes, lies between ``beyond`` columns that only the left side has
        and as many that only the right side has (0 throughout where there is nothing).
    heights
        (rows, columns) uint8, as ``ridges`` makes them.
    known
        By code.
    beyond
        Columns on either side of the strip, at least 1. Segments that reach beyond them are taken to go on.
    border
        Where the chips meet: centroids below it are on the side of ``one``.
    min_size
        In pixels.

    Returns
    -------
    codes
        (rows, columns) int32: 0 where both sides are 0. Beyond the strip, only the side's own codes.
    """
    valid = (one > 0) | (two > 0)
    assigned = _assign(one, two, _claims(one, two, known, border, beyond), known)
    flooded = _without_fragments(assigned, known, min_size)
    for columns in (slice(None, beyond), slice(-beyond, None), slice(None)):  # beyond the strip, own segments first
        flooded[:, columns] = _flood(flooded[:, columns], heights[:, columns], valid[:, columns], known)
    middle = np.arange(one.shape[1]) < one.shape[1] / 2
    home = np.where((middle & (one > 0)) | (two == 0), one, two)
    unreached = np.where(assigned > 0, assigned, home)  # islands in nodata
    stays = (flooded > 0) & ~_crossing(flooded, one, two, beyond)
    return np.where(stays, flooded, unreached).astype(np.int32)


def _claims(one: Labels, two: Labels, known: Known, border: float, beyond: int) -> tuple[Mask, Mask]:
    """Tell, by code, whether its side claims it: (claimed by the left, claimed by the right)."""
    left, right = known.centres < border, known.centres >= border
    left, right = left | known.kept, right | known.kept
    left[one[:, :beyond]] = True
    right[two[:, -beyond:]] = True
    left[0] = right[0] = False
    return left, right


def _crossing(codes: Labels, one: Labels, two: Labels, beyond: int) -> Mask:
    """Find the pixels beyond the strip into which segments of the other side were flooded."""
    found = np.zeros(codes.shape, dtype=bool)
    sides = (two, slice(None, beyond)), (one, slice(-beyond, None))
    for other, columns in sides:
        theirs = np.zeros(int(codes.max(initial=0)) + 1, dtype=bool)
        theirs[other[other < len(theirs)]] = True
        theirs[0] = False
        found[:, columns] = theirs[codes[:, columns]]
    return found


def _assign(one: Labels, two: Labels, claims: tuple[Mask, Mask], known: Known) -> Labels:
    """Give every pixel that only one segment can have to that one; 0 where it stays open."""
    first, second = claims[0][one], claims[1][two]
    assigned = np.where(first & ~second, one, np.where(second & ~first, two, 0))
    both = first & second
    pairs, place, shared = np.unique(
        np.stack([one[both], two[both]]), axis=1, return_inverse=True, return_counts=True
    )
    assigned[both] = _winners(pairs, shared, known)[place.ravel()]
    return assigned.astype(np.int32)


def _winners(pairs: NDArray[np.int32], shared: NDArray[np.int64], known: Known) -> NDArray[np.int32]:
    """Return the code that has the pixels of each pair (2, pairs); 0 where the flood decides."""
    one, two = pairs
    smaller = np.where(known.areas[one] <= known.areas[two], one, two)
    same = shared >= _MOSTLY * known.areas[smaller]
    winners = np.where(same, smaller, 0)
    return np.where(known.kept[one], one, np.where(known.kept[two], two, winners)).astype(np.int32)


def _without_fragments(codes: Labels, known: Known, min_size: int) -> Labels:
    """Open the fragments. Pieces that touch the first or last column go on from there and stay."""
    pieces, count = relabel_connected(codes, codes > 0)
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    of_piece = np.zeros(count + 1, dtype=np.int64)
    of_piece[pieces.ravel()] = codes.ravel()
    stays = np.zeros(count + 1, dtype=bool)
    stays[pieces[:, [0, -1]].ravel()] = True
    goes_on = np.zeros(len(known.areas), dtype=bool)
    goes_on[of_piece[stays]] = True
    order = np.lexsort((np.arange(count + 1), -sizes, of_piece))
    largest = np.zeros(count + 1, dtype=bool)
    largest[order[np.diff(of_piece[order], prepend=-1) > 0]] = True
    enough = (sizes >= min_size) | (sizes == known.areas[of_piece]) | known.kept[of_piece]
    stays |= largest & ~goes_on[of_piece] & enough
    stays[0] = False
    return np.where(stays[pieces], codes, 0).astype(np.int32)


def _flood(codes: Labels, heights: Heights, valid: Mask, known: Known) -> Labels:
    """Let the assigned segments flow into the open pixels, along pixel sides; 0 where none arrives that may."""
    stopped = known.kept.copy()  # what grows would meet others that are kept
    for _ in range(_ROUNDS):
        open_pixels = valid & (codes == 0)
        shore = binary_dilation(open_pixels) & valid & ~stopped[codes]
        if not (codes[shore] > 0).any():
            break
        flooded = watershed(heights, np.where(shore, codes, 0), mask=shore)
        too_far = open_pixels & (flooded > 0) & ~_within(flooded, known)
        codes = np.where(open_pixels & ~too_far, flooded, codes).astype(np.int32)
        if not too_far.any():
            break
        stopped[flooded[too_far]] = True
    return codes


def _within(codes: Labels, known: Known) -> Mask:
    rows = np.arange(len(codes))[:, None]
    return np.asarray((rows >= known.reach[0][codes]) & (rows < known.reach[1][codes]))
