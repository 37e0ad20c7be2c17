"""The U-Net of the paper (section 2.4): texture features learnt from soft classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rsgraph.errors import ConfigError
from rsgraph.protocols import WIDEST, Encoder

if TYPE_CHECKING:
    from torch import nn


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
        if width << (depth - 1) > WIDEST:
            raise ConfigError(
                f"`width` is doubled on each level of `depth`, to at most {WIDEST} features. Got {width} and {depth}."
            )
        self.width = width
        self.depth = depth
        self.stride = int(2 ** (depth - 1))  # the map is halved so many times

    def network(self, n_bands: int, n_classes: int) -> nn.Module:
        """Build the network, its weights drawn by torch's generator."""
        from rsgraph.encoders.unet_network import UNetNetwork  # torch, which a run needs after its first maps

        return UNetNetwork(n_bands, n_classes, width=self.width, depth=self.depth)
