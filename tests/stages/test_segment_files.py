"""Segment ids and tables: packed and unpacked, written scene by scene, read back chip by chip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsgraph.files import write_json
from rsgraph.io.chip_blocks import ChipBlock
from rsgraph.io.segment_ids import read_ids
from rsgraph.stages.segment_files import (
    CutChip,
    IdRasters,
    blocks_with_rows,
    chip_rows,
    own_window,
    pack,
    read_labels,
    read_segmentation,
    rows_of_chips,
    segment_table,
    unpack,
)
from rsgraph.types import Chip, Labels, Window
from tests.stages.squares import IDS, context, segmented, squares

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # pixel space

SQUARES = np.kron([[1, 2], [3, 4]], np.ones((8, 8), dtype=np.int32)).astype(np.int32)


def cut_chip(labels: Labels, n: int) -> CutChip:
    rng = np.random.default_rng(n)
    areas = np.bincount(labels.ravel(), minlength=n + 1)[1:].astype(np.int64)
    return CutChip(labels, rng.random((n, 2), dtype=np.float32), rng.random((n, 2), dtype=np.float32), areas)


@pytest.mark.parametrize(("n", "smallest"), [(255, np.uint8), (256, np.uint16), (0, np.uint8)])
def test_unpack_takes_apart_what_pack_laid_end_to_end(n: int, smallest: type) -> None:
    large = (np.arange(300).reshape(20, 15) % (n + 1)).astype(np.int32)
    cut = [cut_chip(large, n), cut_chip(SQUARES[:8, :8], 1), cut_chip(np.zeros((3, 2), np.int32), 0)]
    windows = [Window(0, 0, 20, 15), Window(0, 15, 8, 8), Window(20, 0, 3, 2)]
    block = ChipBlock(tuple(Chip(i, 0, window, "train") for i, window in enumerate(windows)), {0: squares()})
    arrays = pack(cut)
    assert arrays["labels"].dtype == smallest
    for (chip, found), wanted, window in zip(unpack(block, arrays), cut, windows, strict=True):
        assert chip.window == window
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(one, other)
        assert found.labels.dtype == np.int32


def test_rows_of_chips_are_consecutive_and_empty_for_a_chip_without_segments() -> None:
    assert rows_of_chips(np.array([0, 0, 2, 2, 2, 3]), 5) == [
        range(0, 2),
        range(2, 2),
        range(2, 5),
        range(5, 6),
        range(6, 6),
    ]


def test_chip_rows_and_blocks_follow_the_table(tmp_path: Path) -> None:
    given = segmented(tmp_path)
    assert [(chip.chip_id, rows) for chip, rows in chip_rows(given)] == [(0, range(4)), (1, range(4, 8))]
    assert [block.segments for block in blocks_with_rows(given)] == [range(4), range(4, 8)]


def test_segment_table_counts_ids_from_the_first(tmp_path: Path) -> None:
    given = context(tmp_path, scenes=[squares("a"), squares("b")])
    table = segment_table(given, 1, 40, np.array([3, 3]), np.array([[0.5, 1.5], [2.0, 3.0]]), np.array([7, 9]))
    assert table.to_dict("list") == {
        "segment_id": [40, 41],
        "chip_id": [3, 3],
        "row": [0.5, 2.0],
        "column": [1.5, 3.0],
        "area_px": [7, 9],
        "scene_id": ["b", "b"],
    }


def test_id_rasters_number_on_and_keep_zero_for_no_data(tmp_path: Path) -> None:
    given = context(tmp_path)
    holed = SQUARES.copy()
    holed[0, 0] = 0
    with IdRasters(given) as rasters:
        for chip in given.opened.chips:
            rasters.write(chip, cut_chip(holed, 4))
        assert rasters.next_id == 9
    expected = IDS.copy()
    expected[0, [0, 16]] = 0
    np.testing.assert_array_equal(read_ids(tmp_path / "segments.tif", Window(0, 0, 16, 32)), expected)
    np.testing.assert_array_equal(read_ids(tmp_path / "segments.tif", Window(7, 15, 2, 3)), expected[7:9, 15:18])


def test_labels_of_a_chip_count_from_one_however_far_its_ids_are(tmp_path: Path) -> None:
    given = segmented(tmp_path)
    chip, rows = chip_rows(given)[1]
    found = read_segmentation(given.workspace, given.opened.scenes[chip.scene], chip, rows)
    assert found.n_segments == 4
    np.testing.assert_array_equal(found.labels, SQUARES)
    ids, labels = read_labels(given.workspace, given.opened.scenes[0], chip)
    assert ids.tolist() == [5, 6, 7, 8]
    np.testing.assert_array_equal(labels, SQUARES)


def test_stitched_segments_are_read_beyond_their_chip_and_others_left_out(tmp_path: Path) -> None:
    given = segmented(tmp_path)
    write_json(tmp_path / "segments.json", {"overlap": 4})
    first, second = given.opened.chips
    scene = given.opened.scenes[0]
    assert own_window(given.workspace, scene, first) == Window(0, 0, 16, 20)
    assert own_window(given.workspace, scene, second) == Window(0, 12, 16, 20)
    labels = read_segmentation(given.workspace, given.opened.scenes[second.scene], second, range(4, 8)).labels
    np.testing.assert_array_equal(labels[:, 4:], SQUARES)
    assert not labels[:, :4].any(), "segments 2 and 4 are the first chip's own"
    labels = read_segmentation(given.workspace, given.opened.scenes[first.scene], first, range(4)).labels
    np.testing.assert_array_equal(labels[:, :16], SQUARES)
    assert not labels[:, 16:].any(), "segments 5 and 7 are the second chip's"


def test_shown_labels_count_all_segments_in_a_chip(tmp_path: Path) -> None:
    given = context(tmp_path)
    ids = IDS.copy()
    ids[:, 14:18] = 3  # reaches from the first chip into the second
    ids[0, 31] = 0
    with IdRasters(given) as rasters:
        rasters.write_ids(0, ids.astype(np.uint32), Window(0, 0, 16, 32))
    _, labels = read_labels(given.workspace, given.opened.scenes[0], given.opened.chips[1])
    expected = SQUARES + 1  # 3, 5, 6, 7, 8 are 1 to 5
    expected[:, :2], expected[0, 15] = 1, 0
    np.testing.assert_array_equal(labels, expected)
