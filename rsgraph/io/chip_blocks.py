"""Blocks of chips: the units of work of the executors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rsgraph.io.chips import read_padded
from rsgraph.types import Chip, Raster, Scene

_PIXELS = 16 * 256 * 256
"""Pixels of a block at most: 16 whole chips, seconds of work, 50 MB as float32 of 12 bands one after the other."""

_FEWEST = 16
"""Blocks that a scene falls into where it has so many chips: enough for several workers to end together."""


@dataclass(frozen=True)
class ChipBlock:
    """Some consecutive chips and the scenes that they lie in. Picklable: a few kilobytes, no pixels.

    Parameters
    ----------
    chips
        In row order.
    scenes
        By their index in the collection, only those of the chips.
    rows
        Of each chip: its segments' rows in the table of segments, consecutive; empty before there are segments.
    scene_rows
        Of each of these scenes: the rows of all its segments, consecutive; empty before there are segments.
    """

    chips: tuple[Chip, ...]
    scenes: Mapping[int, Scene]
    rows: tuple[range, ...] = ()
    scene_rows: Mapping[int, range] = field(default_factory=dict)

    def scene(self, chip: Chip) -> Scene:
        """Return the scene that a chip lies in."""
        return self.scenes[chip.scene]

    def read(self, chip: Chip) -> Raster:
        """Read a chip's own pixels."""
        return self.scene(chip).source.read(chip.window)

    def read_square(self, chip: Chip, side: int) -> Raster:
        """Read a chip, padded to a square of ``side`` pixels."""
        return read_padded(self.scene(chip), chip.window, side)

    @property
    def segments(self) -> range:
        """Rows of all the block's segments."""
        return range(self.rows[0].start, self.rows[-1].stop)


def chip_blocks(
    scenes: Sequence[Scene], chips: Sequence[Chip], rows: Sequence[range] | None = None, *, old: int = 0
) -> list[ChipBlock]:
    """Cut chips, in their order, into blocks of one size.

    The size depends only on the chips, so that a run that goes on elsewhere, or with other workers, finds the same
    blocks: 16 chips of 256 x 256 pixels or as many pixels of smaller ones, fewer where that gives under 16 blocks.

    Parameters
    ----------
    scenes, chips
        The collection and its chips.
    rows
        Of each chip: its segments' rows in the table of segments.
    old
        Number of first chips that no block mixes with later ones.
    """
    if not chips:
        return []
    largest = max(chip.window.rows * chip.window.columns for chip in chips)
    size = max(1, min(-(-len(chips) // _FEWEST), _PIXELS // largest))
    spans = [(first, min(first + size, old)) for first in range(0, old, size)]
    spans += [(first, first + size) for first in range(old, len(chips), size)]
    parts = [slice(*span) for span in spans]
    whole = {} if rows is None else _scene_rows(chips, rows)
    return [_block(scenes, chips[part], () if rows is None else tuple(rows[part]), whole) for part in parts]


def _scene_rows(chips: Sequence[Chip], rows: Sequence[range]) -> dict[int, range]:
    """Return scene -> the rows of all its segments, given those of each chip."""
    found: dict[int, range] = {}
    for chip, here in zip(chips, rows, strict=True):
        found[chip.scene] = range(found.get(chip.scene, here).start, here.stop)
    return found


def _block(
    scenes: Sequence[Scene], chips: Sequence[Chip], rows: tuple[range, ...], whole: Mapping[int, range]
) -> ChipBlock:
    indexes = dict.fromkeys(chip.scene for chip in chips)
    of_scenes = {index: whole[index] for index in indexes} if rows else {}
    return ChipBlock(tuple(chips), {index: scenes[index] for index in indexes}, rows, of_scenes)
