"""Outlines of superpixels: two pixels of yellow where two segments meet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from skimage.segmentation import find_boundaries

from rsgraph.pictures.figure import save_png
from rsgraph.pictures.outlines import YELLOW, draw_outlines, outlined


def test_outlined_draws_where_segments_meet_and_not_at_the_data_s_edge() -> None:
    labels = np.array([[1, 1, 2, 0]], dtype=np.int32)
    image = outlined(np.zeros((1, 4, 3), np.uint8), labels, side=16)
    assert image.shape == (4, 16, 3)
    yellow = (image == YELLOW).all(axis=2)
    np.testing.assert_array_equal(np.flatnonzero(yellow[0]), [7, 8])
    assert (yellow == yellow[0]).all()


def test_outlined_draws_the_thick_boundaries_of_scikit_image() -> None:
    labels = np.random.default_rng(0).integers(1, 4, (6, 5)).astype(np.int32)
    image = outlined(np.zeros((6, 5, 3), np.uint8), labels, side=24)
    expected = find_boundaries(labels.repeat(4, axis=0).repeat(4, axis=1), connectivity=1, mode="thick")
    np.testing.assert_array_equal((image == YELLOW).all(axis=2), expected)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_draw_outlines_shows_up_to_four_chips(count: int, tmp_path: Path) -> None:
    images, labels = [np.zeros((8, 8, 3), np.uint8)] * count, [np.ones((8, 8), np.int32)] * count
    names = [f"chip {i}" for i in range(count)]
    figure = draw_outlines(images, labels, names=names, title="t", caption="c")
    assert [axes.get_title(loc="left") for axes in figure.axes] == names[:4]
    assert save_png(figure, tmp_path / "o.png").exists()
