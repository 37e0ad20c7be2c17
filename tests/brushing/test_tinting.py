from __future__ import annotations

import numpy as np
import pytest
from skimage.segmentation import find_boundaries

from rsgraph.brushing.tinting import outline, paint_classes, tint

RGB = np.array([[[200, 100, 50], [10, 20, 30], [255, 255, 255], [7, 8, 9]]], dtype=np.uint8)
IDS = np.array([[1, 2, 3, 0]], dtype=np.uint32)


def test_only_what_is_not_chosen_lies_under_the_colour() -> None:
    tinted = tint(RGB, IDS, np.array([0, 1, 0, 0], dtype=bool), (0, 0, 200), 0.5)
    assert tinted.tolist() == [[[200, 100, 50], [5, 10, 115], [128, 128, 228], [7, 8, 9]]]


def test_a_batch_of_chips_equals_one_after_the_other() -> None:
    generator = np.random.default_rng(0)
    rgb = generator.integers(0, 256, (5, 16, 12, 3), dtype=np.uint8)
    ids = generator.integers(0, 40, (5, 16, 12)).astype(np.uint32)
    chosen = generator.random(40) < 0.4
    together = tint(rgb, ids, chosen)
    np.testing.assert_array_equal(together, np.stack([tint(a, b, chosen) for a, b in zip(rgb, ids, strict=True)]))
    under = rgb * 0.4 + np.array([24, 82, 190]) * 0.6
    kept = chosen[ids] | (ids == 0)
    np.testing.assert_array_equal(together, np.where(kept[..., np.newaxis], rgb, np.rint(under)).astype(np.uint8))
    assert tint(rgb, ids, chosen, out=rgb) is rgb
    np.testing.assert_array_equal(rgb, together)


@pytest.mark.parametrize("opacity", [0.0, 1.0])
def test_opacity_of_nothing_and_of_all(opacity: float) -> None:
    tinted = tint(RGB, IDS, np.zeros(4, dtype=np.uint8), (1, 2, 3), opacity)
    np.testing.assert_array_equal(tinted[0, :3], RGB[0, :3] if opacity == 0 else [[1, 2, 3]] * 3)


def test_no_chip_at_all() -> None:
    none = np.empty((0, 8, 8, 3), dtype=np.uint8)
    assert tint(none, np.empty((0, 8, 8), dtype=np.uint32), np.zeros(1, dtype=bool)).shape == (0, 8, 8, 3)


def test_classes_lie_over_their_segments() -> None:
    palette = np.array([[9, 9, 9], [0, 0, 200], [250, 0, 0]], dtype=np.uint8)
    painted = paint_classes(RGB, IDS, np.array([2, 1, 0, 2]), palette, 0.5)
    assert painted.tolist() == [[[100, 50, 125], [10, 20, 30], [252, 128, 128], [7, 8, 9]]]


def test_what_does_not_fit_is_refused() -> None:
    chosen = np.zeros(3, dtype=bool)
    with pytest.raises(ValueError, match="segment 3 lies beyond the table of segments, which ends at 2"):
        tint(RGB, IDS, chosen)
    with pytest.raises(ValueError, match="segment 3 lies beyond"):
        paint_classes(RGB, IDS, np.zeros(3, dtype=int), np.zeros((1, 3), dtype=np.uint8))
    with pytest.raises(ValueError, match=r"`codes_by_id` must lie in 0 \.\.\. 0"):
        paint_classes(RGB, IDS, np.ones(4, dtype=int), np.zeros((1, 3), dtype=np.uint8))
    with pytest.raises(ValueError, match=r"`opacity` must lie in 0 \.\.\. 1. Got 2"):
        tint(RGB, IDS, np.zeros(4, dtype=bool), opacity=2)
    with pytest.raises(ValueError, match=r"`rgb` must be uint8 of shape \(1, 4, 3\)"):
        tint(RGB[:, :2], IDS, np.zeros(4, dtype=bool))
    with pytest.raises(ValueError, match="`out` must be C-contiguous uint8"):
        tint(RGB, IDS, np.zeros(4, dtype=bool), out=np.empty((1, 4, 3), dtype=np.float32))


def test_outline_is_one_pixel_wide() -> None:
    ids = np.array([[1, 1, 2], [1, 1, 2], [3, 3, 3]], dtype=np.uint32)
    assert outline(ids).tolist() == [[False, True, False], [True, True, True], [False, False, False]]
    np.testing.assert_array_equal(outline(np.stack([ids, ids])), np.stack([outline(ids)] * 2))


def test_outline_lies_within_the_boundaries_of_scikit_image() -> None:
    ids = np.random.default_rng(0).integers(1, 5, (12, 12)).repeat(4, axis=0).repeat(4, axis=1).astype(np.uint32)
    thick = find_boundaries(ids, connectivity=2, mode="thick")
    ours = outline(ids)
    assert not (ours & ~thick).any()
    both = ours.copy()  # the same borders, from both sides
    both[1:] |= ids[1:] != ids[:-1]
    both[:, 1:] |= ids[:, 1:] != ids[:, :-1]
    np.testing.assert_array_equal(both, find_boundaries(ids, connectivity=1, mode="thick"))
