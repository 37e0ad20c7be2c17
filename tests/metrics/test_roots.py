"""Inverse roots of covariances."""

from __future__ import annotations

import numpy as np

from rsgraph.metrics.roots import inverse_root, scaled


def test_the_inverse_root_squared_is_the_inverse() -> None:
    covariance = np.array([[2.0, 0.5], [0.5, 1.0]])
    root = inverse_root(covariance, ridge=0.02)
    np.testing.assert_allclose(root @ root, np.linalg.inv(covariance * 2 / 3 + 0.02 * np.eye(2)))


def test_a_weight_shrinks_the_covariance_towards_the_ridge() -> None:
    covariance = np.array([[2.0, 0.5], [0.5, 1.0]])
    root = inverse_root(covariance, ridge=0.2, weight=0.8)
    np.testing.assert_allclose(root @ root, np.linalg.inv(0.8 * covariance * 2 / 3 + 0.2 * np.eye(2)))


def test_zeros_are_divided_by_the_ridge_only() -> None:
    np.testing.assert_array_equal(scaled(np.zeros((2, 2))), 0.0)
    np.testing.assert_allclose(inverse_root(np.zeros((2, 2)), ridge=0.04), 5.0 * np.eye(2))
