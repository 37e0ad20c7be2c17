"""Maps of memberships: one panel a cluster, each headed by its share of the valid pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rsgraph.pictures.figure import save_png
from rsgraph.pictures.memberships import columns_of_panels, draw_memberships


def test_draw_memberships_heads_panels_with_number_and_share(tmp_path: Path) -> None:
    memberships = np.zeros((3, 4, 4), np.float32)
    memberships[0], memberships[2, :, 0] = 0.5, 0.9
    valid = np.ones((4, 4), bool)
    valid[0] = False
    figure = draw_memberships(memberships, valid, title="t", caption="c")
    titles = [axes.get_title(loc="left") for axes in figure.axes[:3]]
    assert titles == ["cluster 1  ·  75.0%", "cluster 2  ·  0.0%", "cluster 3  ·  25.0%"]
    assert figure.axes[3].get_ylabel() == "membership"
    assert figure.axes[3].get_ylim() == (0, 1)
    assert save_png(figure, tmp_path / "m.png").exists()


def test_draw_memberships_masks_pixels_without_data_and_scales_from_0_to_1() -> None:
    memberships = np.array([[[0.25, 0.75], [0.5, 0.0]]], np.float32)
    valid = np.array([[True, True], [True, False]])
    (shown,) = draw_memberships(memberships, valid, title="t", caption="c").axes[0].images
    assert shown.get_clim() == (0, 1)
    array = shown.get_array()
    assert array is not None
    assert array.tolist() == [[0.25, 0.75], [0.5, None]]


def test_columns_of_panels() -> None:
    assert [columns_of_panels(n, 1.0) for n in (1, 2, 8, 18, 60)] == [1, 2, 3, 5, 6]
    assert columns_of_panels(8, 8.0) == 1, "wide panels lie under one another"
