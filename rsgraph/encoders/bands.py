"""No encoder: the bands themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rsgraph.protocols import Encoder

if TYPE_CHECKING:
    from torch import nn


class Bands(Encoder):
    """The bands themselves, unchanged: the baseline that any encoder must beat. Nothing is trained."""

    trainable = False

    def network(self, n_bands: int, n_classes: int) -> nn.Module:
        """Build the identity; both sizes are ignored."""
        from rsgraph.encoders.bands_network import BandsNetwork

        return BandsNetwork()
