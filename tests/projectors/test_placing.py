from __future__ import annotations

import numpy as np

from rsgraph.projectors.neighbourhoods import load_umap
from rsgraph.projectors.placing import memberships, place

CURVE = (1.577, 0.895)


def test_memberships_equal_umap_learns() -> None:
    distances = np.sort(np.random.default_rng(0).random((50, 8)), axis=1).astype(np.float32)
    itself_first = np.hstack([np.zeros((50, 1), np.float32), distances])  # which umap-learn leaves out of the sum
    sigmas, _ = load_umap().smooth_knn_dist(itself_first, 8.0, local_connectivity=0.0)
    np.testing.assert_allclose(memberships(distances), np.exp(-distances / sigmas[:, None]), atol=1e-3)


def test_memberships_of_copies_are_one() -> None:
    np.testing.assert_array_equal(memberships(np.zeros((2, 3), np.float32)), 1)


def test_place_without_epochs_is_the_weighted_mean_and_a_copys_place() -> None:
    anchors = np.array([[0, 0], [4, 0], [9, 9]], np.float32)
    indices = np.array([[0, 1], [2, 0]], np.int32)
    distances = np.array([[1, 1], [0, 1]], np.float32)
    points = place(indices, distances, anchors, curve=CURVE, seed=0, rows=np.arange(2), epochs=0)
    np.testing.assert_allclose(points, [[2, 0], [9, 9]], atol=1e-6)


def test_place_moves_towards_neighbours_and_away_from_others() -> None:
    rng = np.random.default_rng(0)
    anchors = np.concatenate([rng.normal(size=(50, 2)), rng.normal(size=(50, 2)) + 20]).astype(np.float32)
    indices = np.tile(np.array([0, 1, 50], np.int32), (30, 1))
    distances = np.tile(np.array([0.1, 0.1, 0.3], np.float32), (30, 1))
    points = place(indices, distances, anchors, curve=CURVE, seed=0, rows=np.arange(30))
    assert (np.linalg.norm(points - anchors[:50].mean(axis=0), axis=1) < 5).all()
    assert len(np.unique(points, axis=0)) == 30


def test_place_does_not_depend_on_blocks() -> None:
    rng = np.random.default_rng(0)
    anchors = rng.normal(size=(40, 2)).astype(np.float32)
    indices, distances = rng.integers(0, 40, (20, 4)).astype(np.int32), rng.random((20, 4)).astype(np.float32)
    whole = place(indices, distances, anchors, curve=CURVE, seed=3, rows=np.arange(20))
    part = place(indices[12:], distances[12:], anchors, curve=CURVE, seed=3, rows=np.arange(12, 20))
    np.testing.assert_array_equal(whole[12:], part)
