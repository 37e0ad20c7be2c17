"""The quicklook keeps a scene's proportions and has a scale bar where there is a grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsgraph.pictures.figure import MARGIN, WIDTH, save_png
from rsgraph.pictures.quicklook import TALLEST, draw_quicklook


@pytest.mark.parametrize("shape", [(50, 50), (10, 400), (400, 10)])
def test_draw_quicklook_has_the_scene_s_proportions(shape: tuple[int, int], tmp_path: Path) -> None:
    figure = draw_quicklook(np.zeros((*shape, 3), np.uint8), title="t", caption="c", metres=10.0)
    box = figure.axes[0].get_position()
    width, height = box.width * figure.get_figwidth(), box.height * figure.get_figheight()
    assert width / height == pytest.approx(shape[1] / shape[0], rel=1e-3)
    assert width <= WIDTH - 2 * MARGIN + 1e-6
    assert height <= TALLEST + 1e-6
    assert len(figure.axes[0].texts) == 1
    assert save_png(figure, tmp_path / "q.png").exists()


def test_draw_quicklook_without_grid_has_no_scale_bar() -> None:
    assert not draw_quicklook(np.zeros((5, 5, 3), np.uint8), title="t", caption="c").axes[0].texts


def test_draw_quicklook_shows_the_pixels_that_were_given() -> None:
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    figure = draw_quicklook(image, title="Lagoon", caption="c")
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), image)
    assert figure.texts[0].get_text() == "Lagoon"
