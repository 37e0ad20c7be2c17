"""Numbers with their nouns."""

from __future__ import annotations

import pytest

from napari_rsgraph.session.amounts import counted


@pytest.mark.parametrize(
    ("n", "noun", "expected"),
    [(0, "chip", "0 chips"), (1, "chip", "1 chip"), (2, "class", "2 classes"), (12345, "segment", "12,345 segments")],
)
def test_one_is_one_and_all_others_are_many(n: int, noun: str, expected: str) -> None:
    assert counted(n, noun) == expected
