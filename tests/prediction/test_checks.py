"""Codes, labels and options that predictions refuse, with the sentence that says why."""

from __future__ import annotations

import numpy as np
import pytest

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.prediction.checks import check_codes, check_labelled


def test_check_codes_returns_whole_numbers_of_64_bits() -> None:
    found = check_codes(np.array([0, 3, 1], np.uint8), 3, 3)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, [0, 3, 1])
    assert len(check_codes(np.zeros(0, int), 0, 1)) == 0


@pytest.mark.parametrize(
    ("codes", "n_classes", "sentence"),
    [
        ([0, 1], 2, r"`codes` must have one entry per segment, \(3,\)\. Got \(2,\) instead"),
        ([0, 0, 0], 0, "`n_classes` must be at least 1; define a class first. Got 0 instead"),
        ([0, 3, 4], 2, "a class from 1 to 2. Got 3 instead"),
        ([-1, 1, 2], 2, "a class from 1 to 2. Got -1 instead"),
    ],
)
def test_check_codes_refuses_what_is_no_class(codes: list[int], n_classes: int, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        check_codes(np.array(codes), 3, n_classes)


def test_check_labelled_needs_one_label() -> None:
    check_labelled(np.array([0, 0, 1]))
    for nothing in (np.zeros(3, int), np.zeros(0, int)):
        with pytest.raises(NotUsable, match="nothing is labelled yet"):
            check_labelled(nothing)
