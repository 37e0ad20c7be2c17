"""The autoencoder: its options, and what it says of itself."""

from __future__ import annotations

import pytest

from rsgraph.encoders.autoencoder import Autoencoder
from rsgraph.encoders.unet import UNet
from rsgraph.errors import ConfigError


def test_autoencoder_says_what_it_learns_and_makes() -> None:
    assert (Autoencoder().learns, Autoencoder().makes_latents) == ("bands", True)
    assert (UNet().learns, UNet().makes_latents) == ("memberships", False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "`width` must be at least 1. Got 0 instead; 32 is usual."),
        ({"latent": 0}, "`latent` must be at least 1. Got 0 instead; 64 is usual."),
        ({"depth": 9}, "`depth` must be between 1 and 8. Got 9 instead; 5 is usual."),
    ],
)
def test_autoencoder_refuses_options_out_of_range(options: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Autoencoder(**options)
    assert str(caught.value) == message
