"""The baseline has nothing to train."""

from __future__ import annotations

from rsgraph.encoders.bands import Bands


def test_bands_is_not_trained_and_takes_any_size() -> None:
    assert not Bands.trainable
    assert Bands.stride == 1
