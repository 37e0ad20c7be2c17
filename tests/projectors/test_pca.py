from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA

from rsgraph.errors import NotUsable
from rsgraph.projectors import scaling
from rsgraph.projectors.pca import Pca
from rsgraph.projectors.scaling import check_distances, classical_scaling, principal_components


def test_project_known_answer() -> None:
    vectors = np.array([[0, 0, 0], [0, 4, 0], [0, 0, 2], [0, 4, 2]], dtype=np.float32)
    found = Pca().project(vectors, seed=0)
    np.testing.assert_allclose(found.points, [[-2, -1], [2, -1], [-2, 1], [2, 1]], atol=1e-6)
    assert found.method == "pca"


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


def test_classical_scaling_recovers_flat_distances() -> None:
    corners = np.array([[0, 0], [3, 0], [3, 4], [0, 4]], dtype=np.float32)
    points = Pca().project_distances(cdist(corners, corners), seed=0).points
    np.testing.assert_allclose(cdist(points, points), cdist(corners, corners), atol=1e-5)


def test_classical_scaling_by_iteration_equals_direct(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(80, 5)).astype(np.float32) * np.arange(1, 6)
    distances = check_distances(cdist(vectors, vectors, "cityblock"))
    direct = classical_scaling(distances)
    monkeypatch.setattr(scaling, "DENSE_UP_TO", 10)
    np.testing.assert_allclose(classical_scaling(distances), direct, atol=1e-4)


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (2, 3), (5, 1), (5, 0)])
def test_project_small_inputs(shape: tuple[int, int]) -> None:
    points = Pca().project(np.ones(shape, np.float32), seed=0).points
    np.testing.assert_array_equal(points, np.zeros((shape[0], 2), np.float32))


def test_check_distances_refuses_unfit_matrices() -> None:
    with pytest.raises(NotUsable, match="symmetric"):
        check_distances(np.array([[0, 1], [2, 0]]))
    with pytest.raises(NotUsable, match=r"shape \(n, n\)"):
        check_distances(np.zeros((2, 3)))
    with pytest.raises(NotUsable, match="NaN"):
        check_distances(np.full((2, 2), np.nan))


def test_check_distances_clips_rounding_in_a_copy() -> None:
    given_ = np.array([[1e-7, -1e-7], [-1e-7, 0]], dtype=np.float32)
    np.testing.assert_array_equal(check_distances(given_), np.zeros((2, 2)))
    assert given_[0, 1] < 0


def test_project_neighbours_follows_the_paths_of_a_ring() -> None:
    n = 40
    neighbours = np.stack([(np.arange(n) + 1) % n, (np.arange(n) - 1) % n], axis=1)
    points = Pca().project_neighbours(neighbours, np.ones((n, 2), np.float32), seed=0).points
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), np.linalg.norm(points[0]), rtol=1e-3)
    order = np.argsort(np.arctan2(points[:, 1], points[:, 0]))
    assert set(np.abs(np.diff(order))) <= {1, n - 1}
