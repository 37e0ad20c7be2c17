"""Segments and chips by the pixels of a scene."""

from __future__ import annotations

import numpy as np

from napari_rsgraph.scene.places import centroids_within, ids_near


def test_ids_near_are_those_of_the_pixels_in_reach() -> None:
    ids = np.arange(1, 401, dtype=np.uint32).reshape(20, 20)
    found = ids_near(ids, [(10.0, 10.0)], 2.0, 400)
    rows, columns = np.divmod(found - 1, 20)
    assert ((rows - 10) ** 2 + (columns - 10) ** 2 <= 4).all()
    assert len(found) == 13
    assert ids_near(ids, [(10.3, 9.8)], 0.0, 400).tolist() == [ids[10, 10]]
    assert ids_near(ids, [(5.0, 2.0), (5.0, 6.0)], 0.0, 400).tolist() == ids[5, 2:7].tolist()
    assert ids_near(ids, [(-5.0, 3.0)], 2.0, 400).size == 0
    assert ids_near(np.zeros((20, 20), np.uint32), [(10.0, 10.0)], 5.0, 400).size == 0


def test_centroids_within_takes_corners_in_any_order() -> None:
    places = np.array([[0, 0], [5, 5], [10, 10], [5, 11]], dtype=np.float32)
    assert centroids_within(places, (10.0, 10.0), (1.0, 5.0)).tolist() == [1, 2]
