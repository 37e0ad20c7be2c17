from __future__ import annotations

import numpy as np
import pytest

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.neighbours import rows
from rsgraph.neighbours.rows import (
    Metric,
    as_metric,
    check_finite,
    check_metric,
    check_vectors,
    comparable,
    moments,
    parts,
    product,
    scaled_for,
    standardised,
    unit_rows,
)


def test_parts_cover_all_rows_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "CHUNK", 4)
    assert parts(9) == [slice(0, 4), slice(4, 8), slice(8, 9)]
    assert parts(0) == []


def test_moments_are_the_mean_and_the_centred_products(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "CHUNK", 2)
    mean, products = moments(np.array([[1, 0], [3, 4], [5, 2]], dtype=np.float32))
    np.testing.assert_allclose(mean, [3, 2])
    np.testing.assert_allclose(products, [[8, 4], [4, 8]])


def test_standardised_dimensions_have_mean_zero_and_deviation_one_or_are_constant() -> None:
    vectors = np.stack([np.arange(9), np.full(9, 7.5), 1e6 + np.arange(9)], axis=1).astype(np.float32)
    points = standardised(vectors)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(points.std(axis=0), [1, 0, 1], rtol=1e-5)


def test_unit_rows_have_length_one_whatever_their_size() -> None:
    given = np.array([[3, 4], [0, 0], [3e200, 4e200], [3e-200, 4e-200]])
    np.testing.assert_allclose(unit_rows(given), [[0.6, 0.8], [0, 0], [0.6, 0.8], [0.6, 0.8]], rtol=1e-15)


@pytest.mark.parametrize(("metric", "expected"), [("cosine", 1.0), ("euclidean", 5.0)])
def test_comparable_rows_have_the_distances_of_the_metric(metric: Metric, expected: float) -> None:
    one, two = comparable(np.array([[3, 0], [0, 4]], dtype=np.float32), metric)
    distance = np.array([np.linalg.norm(one - two)], dtype=np.float32)
    np.testing.assert_allclose(as_metric(distance, metric), expected, rtol=1e-6)


def test_product_of_two_rows() -> None:
    assert product(np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])) == 32


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(ConfigError, match=r"`metric` must be one of: cosine, euclidean\. Got 'l1'"):
        check_metric("l1")  # type: ignore[arg-type]
    for shape in ((3,), (3, 0)):
        with pytest.raises(ConfigError, match=r"`vectors` must have shape \(rows, dimensions\)"):
            check_vectors(np.zeros(shape))
    check_vectors(np.zeros((0, 0)))
    with pytest.raises(NotUsable, match="NaN or infinite"):
        check_finite(np.array([[1.0], [np.inf]]))


def test_features_of_raw_layers_are_standardised_and_those_of_learnt_ones_keep_their_proportions() -> None:
    vectors = np.array([[0, 0], [8, 0], [0, 2], [8, 2]], dtype=np.float32)
    np.testing.assert_allclose(scaled_for(vectors, "cosine"), standardised(vectors))
    found = scaled_for(vectors, "euclidean")
    np.testing.assert_allclose(found, (vectors - [4, 1]) / np.sqrt((16 + 1) / 2), rtol=1e-6)
    np.testing.assert_array_equal(scaled_for(np.ones((3, 2), np.float32), "euclidean"), np.zeros((3, 2)))
    with pytest.raises(NotUsable, match="NaN or infinite"):
        scaled_for(np.full((2, 2), np.nan, np.float32), "euclidean")
