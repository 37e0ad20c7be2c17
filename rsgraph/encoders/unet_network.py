"""The network of the U-Net: levels of two convolutions, skips and a head."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def _two_convolutions(inputs: int, outputs: int) -> nn.Sequential:
    """Stack (3 x 3 convolution, batch normalisation, ReLU) twice; the size of the map is kept."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class UNetNetwork(nn.Module):
    """The network of ``rsgraph.encoders.unet.UNet``, for ``n_bands`` channels, with logits of ``n_classes``."""

    def __init__(self, n_bands: int, n_classes: int, *, width: int, depth: int) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(depth)]
        self.down = nn.ModuleList(
            _two_convolutions(inputs, outputs)
            for inputs, outputs in zip([n_bands, *widths[:-1]], widths, strict=True)
        )
        self.pool = nn.MaxPool2d(2)
        upwards = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(deep, flat, 2, stride=2) for deep, flat in upwards)
        self.up = nn.ModuleList(_two_convolutions(2 * flat, flat) for _, flat in upwards)
        self.head = nn.Conv2d(width, n_classes, 1)

    def forward(self, bands: Tensor) -> tuple[Tensor, Tensor]:
        """Return activation maps (batch, width, rows, columns) and logits (batch, C, rows, columns)."""
        skips: list[Tensor] = []
        maps = self.down[0](bands)
        for level in self.down[1:]:
            skips.append(maps)
            maps = level(self.pool(maps))
        for enlarge, level in zip(self.enlarge, self.up, strict=True):
            maps = level(torch.cat([skips.pop(), enlarge(maps)], dim=1))
        return maps, self.head(maps)
