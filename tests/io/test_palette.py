from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from rsgraph.io.palette import CLASS_COLOURS, COLOURS, DIFFERENT_CLASSES, class_colour, colour, colours

Array = NDArray[np.float64]

VISIONS = {
    "as it is": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
"""Of linear red, green, blue: Machado, Oliveira & Fernandes 2009, severity 1 (doi:10.1109/TVCG.2009.113)."""

PICTURE = (
    "#0e1c0e", "#172816", "#2c4d44", "#143f3d", "#393424", "#5a5645", "#7e7b68", "#9b9580", "#b8b095", "#d8cbad",
    "#f9edce", "#fefff6", "#203a5a", "#0a1420", "#5f7a3c",
)  # fmt: skip
"""Forest, swamp, sea, soil, sand, surf and roofs, as pictures of Sentinel-2 show them: means of twelve clusters of
the sample's pixels, and blue sea, deep sea, meadow."""


def codes(names: tuple[str, ...]) -> Array:
    return np.array([[int(name[at : at + 2], 16) / 255 for at in (1, 3, 5)] for name in names])


def seen(rgb: Array, vision: str) -> Array:
    """Return colours (n, 3) of sRGB as CIELAB of what is seen."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ VISIONS[vision].T
    linear = np.clip(linear, 0, 1)
    back = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    lab: Array = rgb2lab(back)
    return lab


def apart(ours: Array, others: Array) -> Array:
    """Return how far each of some colours of CIELAB (n, 3) is from each of others (m, 3): (n, m)."""
    found: Array = deltaE_ciede2000(ours[:, np.newaxis], others[np.newaxis])
    return found


@pytest.mark.parametrize("vision", VISIONS)
def test_classes_are_told_apart_with_any_colour_vision(vision: str) -> None:
    lab = seen(codes(CLASS_COLOURS), vision)
    distances = apart(lab, lab)[np.triu_indices(12, 1)]
    assert distances.min() > (24 if vision == "as it is" else 10)


@pytest.mark.parametrize("vision", VISIONS)
def test_classes_are_told_from_the_grays_of_maps(vision: str) -> None:
    grays = seen(codes(("#8a8f98", "#70757e", "#16191f")), vision)
    assert apart(seen(codes(CLASS_COLOURS), vision), grays).min() > 10


def test_classes_are_told_from_pictures_and_from_the_outline_of_the_selection() -> None:
    lab = seen(codes(CLASS_COLOURS), "as it is")
    assert apart(lab, seen(codes(PICTURE), "as it is")).min() > 10
    assert apart(lab, seen(codes(("#ffe61a",)), "as it is")).min() > 10


def test_a_class_is_seen_over_a_picture_through_which_half_of_it_shines() -> None:
    """The layer of labels lets 45 of 100 parts of the picture through."""
    picture = codes(PICTURE)
    painted = 0.55 * codes(CLASS_COLOURS)[:, np.newaxis] + 0.45 * picture
    distances = deltaE_ciede2000(rgb2lab(painted), seen(picture, "as it is")[np.newaxis])
    assert distances.min() > 7


def test_after_twelve_classes_the_same_come_darker_and_lighter() -> None:
    found = [class_colour(number) for number in range(DIFFERENT_CLASSES)]
    assert found[:12] == list(CLASS_COLOURS)
    assert len(set(found)) == 36
    assert class_colour(36) == class_colour(0)


def test_colours_of_clusters_start_with_okabe_and_ito_and_are_all_different() -> None:
    assert colours(2) == ["#0072b2", "#e69f00"]
    assert len(set(colours(24))) == 24
    assert colours(3) == colours(24)[:3]


def test_after_the_last_colour_they_begin_again() -> None:
    assert COLOURS == 24
    assert colour(24) == colour(0) == "#0072b2"
    assert [colour(number) for number in range(30)] == colours(30)
