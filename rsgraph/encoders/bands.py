"""No encoder: the bands themselves."""

from __future__ import annotations

from torch import Tensor, nn

from rsgraph.protocols import Encoder


class BandsNetwork(nn.Module):
    """Returns its input."""

    def forward(self, bands: Tensor) -> tuple[Tensor, None]:
        """Return (bands, no logits)."""
        return bands, None


class Bands(Encoder):
    """The bands themselves, unchanged: the baseline that any encoder must beat. Nothing is trained."""

    trainable = False

    def network(self, n_bands: int, n_classes: int) -> nn.Module:
        """Build the identity; both sizes are ignored."""
        return BandsNetwork()
