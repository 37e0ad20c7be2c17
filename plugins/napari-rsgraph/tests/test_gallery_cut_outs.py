"""Pictures of single segments and chips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from qtpy.QtGui import QColor

from napari_rsgraph.gallery.cut_outs import OUTLINE, chip_picture, extent, outlined, segment_picture, window
from rsgraph import Workspace
from rsgraph.view.view import OUTSIDE, find_view


def test_the_extent_is_found_however_long_the_segment() -> None:
    ids = np.zeros((300, 300), dtype=np.uint32)
    ids[4, 10:290] = 7
    assert extent(ids, 7, (4.0, 149.5)) == ((4, 10), (5, 290))


def test_the_extent_of_what_is_not_there_is_the_pixel_of_its_centroid() -> None:
    assert extent(np.zeros((20, 20), dtype=np.uint32), 7, (3.2, 4.4)) == ((3, 4), (4, 5))


@pytest.mark.parametrize("corner", [(-2, -1), (3, 3), (-9, -9), (9, 9)])
def test_a_window_beyond_the_scene_is_filled(corner: tuple[int, int]) -> None:
    values = np.arange(25).reshape(5, 5)
    found = window(values, corner, 4, (-1,))
    padded = np.pad(values, 20, constant_values=-1)
    assert np.array_equal(found, padded[corner[0] + 20 :, corner[1] + 20 :][:4, :4])


@pytest.mark.parametrize("side", [128, 256])
def test_the_line_runs_outside_of_the_mask(side: int) -> None:
    inside = np.zeros((40, 40), dtype=bool)
    inside[10:30, 10:30] = True
    picture = outlined(np.full((40, 40, 3), 100, np.uint8), inside, side)
    assert (picture.width(), picture.height()) == (side, side)
    assert picture.pixelColor(side // 2, side // 2) == QColor(100, 100, 100)
    assert picture.pixelColor(side // 4 - 1, side // 2) == QColor(*OUTLINE)
    assert picture.pixelColor(side // 8, side // 2) == QColor(100, 100, 100)


def test_pictures_of_a_workspace_are_as_fine_as_asked(finished_workspace: Path) -> None:
    workspace = Workspace(finished_workspace)
    view = find_view(workspace)
    assert view is not None
    row = workspace.segments.iloc[5]
    middle = (float(row["row"]), float(row["column"]))
    picture = segment_picture(view, 0, int(row["segment_id"]), middle, 256)
    assert (picture.width(), picture.height()) == (256, 256)
    chip = chip_picture(view, 0, 128)
    assert (chip.width(), chip.height()) == (128, 128)
    assert chip.pixelColor(0, 0) == QColor(*OUTSIDE)  # of the first chip, the corner of the scene
