"""The U-Net of the paper (section 2.4): texture features learnt from soft classes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rsgraph.errors import ConfigError
from rsgraph.protocols import Encoder


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
    """The network of :class:`UNet`, for ``n_bands`` channels, with logits of ``n_classes``."""

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


class UNet(Encoder):
    """U-Net trained on the soft classes; its last activation maps are the features (the paper's encoder).

    Levels of two 3 x 3 convolutions each. The encoder starts with ``width`` kernels and doubles them per level (the
    paper: 64 to 1024 in five levels); the decoder mirrors it with 2 x 2 up-convolutions and skip connections, and a
    1 x 1 head turns its last maps, which have the size of the input, into one logit per class.

    Parameters
    ----------
    width
        Kernels of the first level, and number of activation maps. The paper has 64. Time and memory grow with
        its square: 16 is several times faster, so that a training budget is many epochs instead of few.
    depth
        Levels. The paper has 5. One level more doubles the neighbourhood that a pixel sees.

    Raises
    ------
    ConfigError
        ``width`` is below 1, or ``depth`` is not between 1 and 8.

    Notes
    -----
    Where the paper is silent: batch normalisation follows each convolution (it keeps a chip's absolute
    brightness, which tells sea from sand, where a normalisation per chip would not), and convolutions are
    padded so that the maps have the size of the chip.

    References
    ----------
    Ronneberger, Fischer, Brox: U-Net, MICCAI 2015. doi:10.1007/978-3-319-24574-4_28
    """

    def __init__(self, width: int = 16, depth: int = 4) -> None:
        if width < 1:
            raise ConfigError(f"`width` must be at least 1. Got {width} instead; the paper has 64.")
        if not 1 <= depth <= 8:
            raise ConfigError(f"`depth` must be between 1 and 8. Got {depth} instead; the paper has 5.")
        self.width = width
        self.depth = depth
        self.stride = int(2 ** (depth - 1))  # the map is halved so many times

    def network(self, n_bands: int, n_classes: int) -> nn.Module:
        """Build the network, its weights drawn by torch's generator."""
        return UNetNetwork(n_bands, n_classes, width=self.width, depth=self.depth)
