from __future__ import annotations

import numpy as np
import pytest

from rsgraph.errors import ConfigError
from rsgraph.exporters.display import check_display, choose_bands, stretch

S2 = ["B02", "B03", "B04", "B05", "B08", "B8A", "B11", "B12"]


@pytest.mark.parametrize(
    ("bands", "display", "expected"),
    [
        (S2, "auto", ["B04", "B03", "B02"]),
        (S2, "false_colour", ["B08", "B04", "B03"]),
        (["B03", "B04", "B8A"], "auto", ["B8A", "B04", "B03"]),
        (["B05", "B07", "B11"], "auto", ["B11", "B07", "B05"]),
        (S2, ["B12", "B8A", "B04"], ["B12", "B8A", "B04"]),
        (["band1", "band2", "band3", "band4"], "auto", ["band3", "band2", "band1"]),
        (["red", "green", "blue"], "auto", ["red", "green", "blue"]),
        (["VV", "VH"], "auto", ["VV", "VV", "VV"]),
    ],
)
def test_choose_bands(bands: list[str], display: str | list[str], expected: list[str]) -> None:
    assert [bands[i] for i in choose_bands(bands, check_display(display))] == expected


def test_choose_bands_says_what_the_scene_has() -> None:
    with pytest.raises(ConfigError, match="display=true_colour needs bands that the scene lacks; it has VV, VH"):
        choose_bands(["VV", "VH"], "true_colour")


def test_stretch_maps_low_to_0_and_high_to_255() -> None:
    values = np.array([[[0.0, 0.25, 1.5]], [[0.0, 1.0, 2.0]], [[5.0, 5.0, 5.0]]], dtype=np.float32)
    image = stretch(values, np.array([0, 0.5, 5], np.float32), np.array([1, 1.5, 5], np.float32))
    assert image.tolist() == [[[0, 0, 128], [64, 128, 128], [255, 255, 128]]]
