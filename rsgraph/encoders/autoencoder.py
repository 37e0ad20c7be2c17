"""A convolutional autoencoder on chips: the method that the paper improves on (Patel et al. 2023)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rsgraph.errors import ConfigError
from rsgraph.protocols import WIDEST, Encoder, refuse_above

if TYPE_CHECKING:
    from torch import nn


class Autoencoder(Encoder):
    """Convolutional autoencoder of chips; its bottleneck is one vector per chip (Patel et al. 2023).

    The encoder halves the chip ``depth - 1`` times (one 3 x 3 convolution per level), averages the deepest maps
    over a grid of 4 x 4 cells and maps them linearly to ``latent`` numbers; the decoder mirrors it. Nothing but
    these numbers reaches the decoder. It learns to give the standardised bands back (mean squared error over the
    valid pixels); soft classes play no part. The vectors become ``latents.npy``; where no GNN follows, chips are
    compared by them (``embedding.chips``).

    The vector keeps in which of the 16 cells something lies. So two chips of the same content but another
    orientation have different vectors: figure 4 of the paper shows it, and matching segments avoids it.
    ``rsgraph.evaluate.rotation`` measures it.

    Parameters
    ----------
    width
        Kernels of the first level, doubled per level, and number of activation maps per pixel. Time and memory
        grow with its square.
    depth
        Levels. 5 halve a chip four times: 256 pixels to 16, four to a cell of the grid.
    latent
        Length of a chip's vector. Longer ones reconstruct more detail; shorter ones keep to what is common.

    Raises
    ------
    ConfigError
        ``width`` or ``latent`` is below 1, or ``depth`` is not between 1 and 8.

    Notes
    -----
    Of the earlier method this project knows the abstract and what the paper says of it (sections 1 and 3.1.2): an
    autoencoder reduces image tiles to a compact latent vector, UMAP or t-SNE lay the vectors out, and orientation
    matters. Its layers, sizes and optimiser were not at hand, so all of these are choices of ours: the levels follow
    the paper's U-Net without its skips, the vector is as long as the U-Net has maps, batch normalisation follows each
    convolution, and the grid keeps the layout as a flattened map would, for chips of any size.

    The activation maps per pixel are those of the first level, before anything is halved: what comes out of the
    decoder has passed the bottleneck and is too coarse to describe a segment.

    References
    ----------
    Patel, Jones, Redfern: Manifold Explorer: satellite image labelling and clustering tool with using deep
    convolutional autoencoders. Algorithms 16(10), 469, 2023. doi:10.3390/a16100469
    """

    learns = "bands"
    makes_latents = True

    def __init__(self, width: int = 32, depth: int = 5, latent: int = 64) -> None:
        for name, value, usual in (("width", width, 32), ("latent", latent, 64)):
            if value < 1:
                raise ConfigError(f"`{name}` must be at least 1. Got {value} instead; {usual} is usual.")
        if not 1 <= depth <= 8:
            raise ConfigError(f"`depth` must be between 1 and 8. Got {depth} instead; 5 is usual.")
        if width << (depth - 1) > WIDEST:
            raise ConfigError(
                f"`width` is doubled on each level of `depth`, to at most {WIDEST} features. Got {width} and {depth}."
            )
        refuse_above(WIDEST, latent=latent)
        self.width = width
        self.depth = depth
        self.stride = int(2 ** (depth - 1))  # the map is halved so many times
        self.latent = latent

    def network(self, n_bands: int, n_classes: int) -> nn.Module:
        """Build the network, its weights drawn by torch's generator; classes play no part."""
        from rsgraph.encoders.autoencoder_network import AutoencoderNetwork

        return AutoencoderNetwork(n_bands, width=self.width, depth=self.depth, latent=self.latent)
