"""A trained encoder that looks at one pixel at a time."""

from __future__ import annotations

from torch import Tensor, nn

from rsgraph.protocols import Encoder


class PixelwiseNetwork(nn.Module):
    """A 1 x 1 convolution, whose outputs are the activations, and one more to the logits."""

    def __init__(self, n_bands: int, n_classes: int, maps: int) -> None:
        super().__init__()
        self.maps, self.logits = nn.Conv2d(n_bands, maps, 1), nn.Conv2d(maps, n_classes, 1)

    def forward(self, bands: Tensor) -> tuple[Tensor, Tensor]:
        """Return (activations, logits)."""
        activations = self.maps(bands).tanh()
        return activations, self.logits(activations)


class Pixelwise(Encoder):
    """One trained 1 x 1 convolution, which sees no neighbour of a pixel.

    Parameters
    ----------
    maps
        Number of activation maps.
    """

    def __init__(self, maps: int = 8) -> None:
        self.maps = maps

    def network(self, n_bands: int, n_classes: int) -> nn.Module:
        """Build the network."""
        return PixelwiseNetwork(n_bands, n_classes, self.maps)
