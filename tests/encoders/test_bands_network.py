"""The baseline changes nothing."""

from __future__ import annotations

import torch

from rsgraph.encoders.bands import Bands


def test_bands_returns_its_input_and_no_logits() -> None:
    bands = torch.randn(2, 4, 5, 7)
    maps, logits = Bands().network(4, 8)(bands)
    assert maps is bands
    assert logits is None
