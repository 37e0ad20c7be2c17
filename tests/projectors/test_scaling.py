"""Principal components and classical scaling against scikit-learn, scipy and flat figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA

from rsgraph.errors import NotUsable
from rsgraph.projectors import scaling
from rsgraph.projectors.scaling import check_distances, check_vectors, classical_scaling, principal_components


def test_principal_components_equal_scikit_learn_up_to_sign() -> None:
    vectors = np.random.default_rng(0).normal(size=(200, 7)).astype(np.float32) * np.arange(1, 8)
    expected = PCA(n_components=2).fit_transform(vectors)
    np.testing.assert_allclose(np.abs(principal_components(vectors)), np.abs(expected), atol=1e-3)


@given(seed=st.integers(0, 10**6), n=st.integers(1, 12), d=st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_classical_scaling_of_euclidean_distances_equals_pca(seed: int, n: int, d: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    a = principal_components(vectors)
    b = classical_scaling(check_distances(cdist(vectors, vectors)))
    np.testing.assert_allclose(cdist(a, a), cdist(b, b), atol=1e-3)


def test_classical_scaling_by_iteration_equals_direct(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(80, 5)).astype(np.float32) * np.arange(1, 6)
    distances = check_distances(cdist(vectors, vectors, "cityblock"))
    direct = classical_scaling(distances)
    monkeypatch.setattr(scaling, "DENSE_UP_TO", 10)
    np.testing.assert_allclose(classical_scaling(distances), direct, atol=1e-4)


def test_check_distances_refuses_unfit_matrices() -> None:
    with pytest.raises(NotUsable, match="symmetric"):
        check_distances(np.array([[0, 1], [2, 0]]))
    with pytest.raises(NotUsable, match=r"shape \(n, n\)"):
        check_distances(np.zeros((2, 3)))
    with pytest.raises(NotUsable, match="NaN"):
        check_distances(np.full((2, 2), np.nan))


def test_check_distances_clips_rounding_and_does_not_change_the_input() -> None:
    given_ = np.array([[1e-7, -1e-7], [-1e-7, 0]], dtype=np.float32)
    np.testing.assert_array_equal(check_distances(given_), np.zeros((2, 2)))
    assert given_[0, 1] < 0


def test_principal_components_point_where_the_largest_part_of_each_direction_is_positive() -> None:
    line = np.array([[3, -1], [-3, 1]], dtype=np.float32)  # along (3, -1), so 3 is turned to be positive
    np.testing.assert_allclose(principal_components(line), [[10**0.5, 0], [-(10**0.5), 0]], atol=1e-6)
    np.testing.assert_allclose(principal_components(-line), [[-(10**0.5), 0], [10**0.5, 0]], atol=1e-6)


def test_classical_scaling_of_a_line_is_its_centred_places() -> None:
    places = np.array([0.0, 1.0, 5.0])
    points = classical_scaling(check_distances(np.abs(places[:, None] - places)))
    np.testing.assert_allclose(points, [[-2, 0], [-1, 0], [3, 0]], atol=1e-5)


def test_check_vectors_refuses_other_shapes_and_what_is_not_finite() -> None:
    with pytest.raises(NotUsable, match=r"shape \(n, features\)\. Got \(3,\) instead"):
        check_vectors(np.zeros(3, np.float32))
    for wrong in (np.nan, np.inf):
        with pytest.raises(NotUsable, match="NaN or infinite"):
            check_vectors(np.array([[0.0, wrong]], np.float32))
    np.testing.assert_array_equal(check_vectors([[1, 2]]), np.array([[1, 2]], np.float32))  # type: ignore[arg-type]  # a list
