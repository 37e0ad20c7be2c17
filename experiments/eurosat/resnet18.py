"""ResNet-18 (He et al. 2016, doi:10.1109/CVPR.2016.90) for images of 64 x 64, from scratch: the peer of Table 1."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (64, 128, 256, 512)


class Block(nn.Module):
    """Two 3 x 3 convolutions and a way round them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        nn.init.zeros_(self.convolutions[-1].weight)  # each block begins as the way round: faster early training
        self.round = nn.Sequential()
        if stride > 1 or inputs != outputs:
            self.round = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps (batch, outputs, rows / stride, columns / stride)."""
        return functional.relu(self.convolutions(maps) + self.round(maps))


class ResNet18(nn.Module):
    """Four stages of two blocks; returns (maps, None), so that it stands where an encoder's network does.

    The stem is one 3 x 3 convolution of stride 2 instead of 7 x 7. The pooling behind it leaves 2 x 2 of 64 x 64
    pixels at the end; without it 4 x 4 are left, at 2.5 times the time (measured).
    """

    def __init__(self, n_bands: int, *, pool: bool) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(n_bands, 64, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2) if pool else nn.Identity(),
        )
        blocks: list[nn.Module] = []
        for stage, (inputs, outputs) in enumerate(zip((64, *WIDTHS[:-1]), WIDTHS, strict=True)):
            blocks += [Block(inputs, outputs, 2 if stage else 1), Block(outputs, outputs, 1)]
        self.stages = nn.Sequential(*blocks)

    def forward(self, bands: Tensor) -> tuple[Tensor, None]:
        """Return maps (batch, 512, rows / 16, columns / 16), a half of that with pooling; and no logits."""
        return self.stages(self.stem(bands)), None
