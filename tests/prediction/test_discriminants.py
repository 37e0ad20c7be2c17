from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.prediction.discriminants import discriminants
from rsgraph.types import Floats


def two_classes(n: int = 400) -> tuple[Floats, np.ndarray]:
    """Classes that differ in the second of four features, while the first varies most."""
    rng = np.random.default_rng(0)
    classes = np.arange(n) % 2 + 1
    vectors = rng.normal(size=(n, 4)) * [5, 1, 1, 1]
    vectors[:, 1] += 3 * classes
    return vectors.astype(np.float32), classes


def apart(vectors: Floats, classes: np.ndarray) -> float:
    """Distance of the class means in units of the spread within them."""
    means = np.array([vectors[classes == code].mean(axis=0) for code in (1, 2)])
    within = np.mean([vectors[classes == code].var(axis=0).sum() for code in (1, 2)])
    return float(np.linalg.norm(means[0] - means[1]) / np.sqrt(within))


def test_without_rest_and_little_shrinkage_it_is_linear_discriminant_analysis() -> None:
    vectors, classes = two_classes()
    found = discriminants(vectors, classes, 2, shrinkage=1e-6, rest=0.0)
    assert np.linalg.matrix_rank(found, tol=1e-2) == 1
    line = np.linalg.svd(found - found.mean(axis=0), full_matrices=False)[0][:, 0]
    expected = LinearDiscriminantAnalysis(solver="eigen").fit(vectors, classes).transform(vectors)[:, 0]
    assert abs(np.corrcoef(line, expected)[0, 1]) == pytest.approx(1, abs=1e-4)


def test_few_labels_part_classes_that_the_vectors_mix_also_where_nothing_is_labelled() -> None:
    vectors, classes = two_classes()
    codes = np.where(np.arange(400) < 30, classes, 0)
    assert apart(discriminants(vectors, codes, 2), classes) > 1.5 * apart(vectors, classes)


def test_what_tells_no_classes_apart_is_kept_at_a_lower_weight() -> None:
    vectors, classes = two_classes()
    whole = discriminants(vectors, classes, 2, rest=1.0)
    half = discriminants(vectors, classes, 2, rest=0.5)
    assert np.linalg.matrix_rank(half, tol=1e-2) == 4
    none = discriminants(vectors, classes, 2, rest=0.0)
    np.testing.assert_allclose(half, (whole + none) / 2, atol=1e-4)


def test_one_class_or_one_segment_each_gives_finite_vectors() -> None:
    vectors, classes = two_classes(20)
    one = np.where(classes == 1, 1, 0)
    assert np.isfinite(discriminants(vectors, one, 3)).all()
    single = np.zeros(20, dtype=np.int64)
    single[[0, 1]] = [1, 2]
    assert np.isfinite(discriminants(vectors, single, 2)).all()


@pytest.mark.parametrize(
    ("options", "message"), [({"shrinkage": 0.0}, "`shrinkage` must be above 0"), ({"rest": 1.5}, "`rest` must lie")]
)
def test_options_that_do_not_fit_are_said(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        discriminants(*two_classes(), 2, **options)


def test_without_labels_there_is_one_clear_sentence() -> None:
    with pytest.raises(NotUsable, match="nothing is labelled yet"):
        discriminants(two_classes()[0], np.zeros(400, dtype=np.int64), 2)
