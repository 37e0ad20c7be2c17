"""The network of the autoencoder: levels, a bottleneck of one vector per chip, and levels back."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

GRID = 4
"""Cells along the side of the grid that the deepest maps are averaged over before they become a vector."""


def _convolution(inputs: int, outputs: int) -> list[nn.Module]:
    """Return a 3 x 3 convolution, batch normalisation and ReLU; the size of the map is kept."""
    return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


class AutoencoderNetwork(nn.Module):
    """The network of ``rsgraph.encoders.autoencoder.Autoencoder``.

    Of ``n_bands`` channels; the rest as in ``rsgraph.encoders.autoencoder.Autoencoder``.
    """

    def __init__(self, n_bands: int, *, width: int, depth: int, latent: int) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(depth)]
        pairs = list(pairwise(widths))
        self.first = nn.Sequential(*_convolution(n_bands, width))
        self.down = nn.Sequential(*(nn.Sequential(nn.MaxPool2d(2), *_convolution(*pair)) for pair in pairs))
        self.shrink = nn.Linear(widths[-1] * GRID**2, latent)
        self.grow = nn.Linear(latent, widths[-1] * GRID**2)
        self.up = nn.Sequential(
            *(
                nn.Sequential(nn.ConvTranspose2d(deep, flat, 2, stride=2), *_convolution(flat, flat))
                for flat, deep in reversed(pairs)
            )
        )
        self.head = nn.Conv2d(width, n_bands, 1)

    def forward(self, bands: Tensor) -> tuple[Tensor, Tensor]:
        """Return the first maps (batch, width, rows, columns) and the bands again (batch, bands, rows, columns)."""
        maps = self.first(bands)
        deep = self.down(maps)
        return maps, self._decoded(self._vector(deep), deep.shape[-2], deep.shape[-1])

    def latent(self, bands: Tensor) -> Tensor:
        """Return one vector per chip (batch, latent), whatever the size of the chip."""
        return self._vector(self.down(self.first(bands)))

    def _vector(self, deep: Tensor) -> Tensor:
        vector: Tensor = self.shrink(functional.adaptive_avg_pool2d(deep, GRID).flatten(1))
        return vector

    def _decoded(self, vector: Tensor, rows: int, columns: int) -> Tensor:
        grid = torch.relu(self.grow(vector)).reshape(len(vector), -1, GRID, GRID)
        bands: Tensor = self.head(self.up(functional.interpolate(grid, size=(rows, columns), mode="nearest")))
        return bands
