"""The network of the bands themselves: the identity."""

from __future__ import annotations

from torch import Tensor, nn


class BandsNetwork(nn.Module):
    """Returns its input."""

    def forward(self, bands: Tensor) -> tuple[Tensor, None]:
        """Return (bands, no logits)."""
        return bands, None
