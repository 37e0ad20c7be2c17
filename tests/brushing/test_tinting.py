from __future__ import annotations

import numpy as np
import pytest
from skimage.segmentation import find_boundaries

from rsgraph.brushing.dimming import CASING, OUTLINE, dimmed
from rsgraph.brushing.tinting import dim_unchosen, outline, paint_classes

RGB = np.array([[[200, 100, 50], [10, 20, 30], [255, 255, 255], [7, 8, 9]]], dtype=np.uint8)
IDS = np.array([[1, 2, 3, 0]], dtype=np.uint32)


def test_only_what_is_not_chosen_is_dimmed() -> None:
    found = dim_unchosen(RGB, IDS, np.array([0, 1, 0, 0], dtype=bool))
    expected = [[[200, 100, 50], *dimmed(RGB[0, 1:3]).tolist(), [7, 8, 9]]]
    assert found.tolist() == expected


def test_a_line_goes_round_what_is_chosen_but_not_along_the_edge_of_the_chip() -> None:
    ids = np.array([[[1, 1, 1, 2, 2, 2]] * 2, [[2, 2, 2, 2, 2, 2]] * 2], dtype=np.uint32)
    rgb = np.full((*ids.shape, 3), 100, dtype=np.uint8)
    found = dim_unchosen(rgb, ids, np.array([0, 1, 0], dtype=bool), outlined=True)
    dim = dimmed(rgb[0, 0, :1])[0]
    assert found[0, 0].tolist() == [[100] * 3, [100] * 3, list(OUTLINE), list(CASING), dim.tolist(), dim.tolist()]
    np.testing.assert_array_equal(found[1], np.broadcast_to(dim, found[1].shape))


def test_a_batch_of_chips_equals_one_after_the_other() -> None:
    generator = np.random.default_rng(0)
    rgb = generator.integers(0, 256, (5, 16, 12, 3), dtype=np.uint8)
    ids = generator.integers(0, 40, (5, 16, 12)).astype(np.uint32)
    chosen = generator.random(40) < 0.4
    together = dim_unchosen(rgb, ids, chosen, outlined=True)
    alone = [dim_unchosen(a, b, chosen, outlined=True) for a, b in zip(rgb, ids, strict=True)]
    np.testing.assert_array_equal(together, np.stack(alone))
    kept = chosen[ids] | (ids == 0)
    plain = dim_unchosen(rgb, ids, chosen)
    np.testing.assert_array_equal(plain, np.where(kept[..., np.newaxis], rgb, dimmed(rgb)))
    assert dim_unchosen(rgb, ids, chosen, outlined=True, out=rgb) is rgb
    np.testing.assert_array_equal(rgb, together)


def test_no_chip_at_all() -> None:
    none = np.empty((0, 8, 8, 3), dtype=np.uint8)
    ids, chosen = np.empty((0, 8, 8), dtype=np.uint32), np.zeros(1, dtype=bool)
    assert dim_unchosen(none, ids, chosen, outlined=True).shape == (0, 8, 8, 3)


def test_classes_lie_over_their_segments() -> None:
    palette = np.array([[9, 9, 9], [0, 0, 200], [250, 0, 0]], dtype=np.uint8)
    painted = paint_classes(RGB, IDS, np.array([2, 1, 0, 2]), palette, 0.5)
    assert painted.tolist() == [[[100, 50, 125], [10, 20, 30], [252, 128, 128], [7, 8, 9]]]


def test_what_does_not_fit_is_refused() -> None:
    chosen = np.zeros(3, dtype=bool)
    with pytest.raises(ValueError, match="segment 3 lies beyond the table of segments, which ends at 2"):
        dim_unchosen(RGB, IDS, chosen, outlined=True)
    with pytest.raises(ValueError, match="segment 3 lies beyond"):
        paint_classes(RGB, IDS, np.zeros(3, dtype=int), np.zeros((1, 3), dtype=np.uint8))
    with pytest.raises(ValueError, match=r"`codes_by_id` must lie in 0 \.\.\. 0"):
        paint_classes(RGB, IDS, np.ones(4, dtype=int), np.zeros((1, 3), dtype=np.uint8))
    with pytest.raises(ValueError, match=r"`opacity` must lie in 0 \.\.\. 1. Got 2"):
        paint_classes(RGB, IDS, np.zeros(4, dtype=int), np.zeros((1, 3), dtype=np.uint8), opacity=2)
    with pytest.raises(ValueError, match=r"`rgb` must be uint8 of shape \(1, 4, 3\)"):
        dim_unchosen(RGB[:, :2], IDS, np.zeros(4, dtype=bool))
    with pytest.raises(ValueError, match="`out` must be C-contiguous uint8"):
        dim_unchosen(RGB, IDS, np.zeros(4, dtype=bool), out=np.empty((1, 4, 3), dtype=np.float32))


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
