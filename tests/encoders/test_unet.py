"""The U-Net's options."""

from __future__ import annotations

import pytest

from rsgraph.encoders.unet import UNet
from rsgraph.errors import ConfigError


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "`width` must be at least 1. Got 0 instead; the paper has 64."),
        ({"depth": 0}, "`depth` must be between 1 and 8. Got 0 instead; the paper has 5."),
        ({"depth": 9}, "`depth` must be between 1 and 8. Got 9 instead; the paper has 5."),
    ],
)
def test_unet_refuses_options_out_of_range(options: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        UNet(**options)
    assert str(caught.value) == message
