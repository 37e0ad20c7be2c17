"""Pictures of chips that are kept until something in them changes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_rsgraph.gallery.pictures import Pictures, stored_size


@pytest.mark.parametrize(
    ("side", "pixels", "stored"), [(256, 48, 64), (256, 128, 128), (256, 129, 256), (64, 128, 64), (512, 400, 256)]
)
def test_stored_size_is_the_next_power_of_two(side: int, pixels: float, stored: int) -> None:
    assert stored_size(side, pixels) == stored


def test_a_segment_is_chosen_and_has_a_class() -> None:
    pictures = Pictures()
    assert pictures.class_of(1) == []
    pictures.choose(np.array([False, True, False]))
    pictures.codes, pictures.names = np.array([0, 2, 0]), ["water", "wood"]
    assert [pictures.is_chosen(segment) for segment in (1, 2, 9)] == [True, False, False]
    assert pictures.class_of(1) == ["wood"]
    assert pictures.class_of(2) == ["no label"]
