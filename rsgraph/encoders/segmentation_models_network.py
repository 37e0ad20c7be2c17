"""A segmentation model and a head: the network of ``rsgraph.encoders.segmentation_models``."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SegmentationModelsNetwork(nn.Module):
    """A segmentation model that makes activation maps, and a 1 x 1 head that makes logits of them.

    Parameters
    ----------
    model
        Takes (batch, bands, rows, columns), returns (batch, maps, rows, columns).
    maps
        Number of activation maps.
    n_classes
        C.
    """

    def __init__(self, model: nn.Module, *, maps: int, n_classes: int) -> None:
        super().__init__()
        self.model = model
        self.head = nn.Conv2d(maps, n_classes, 1)

    def forward(self, bands: Tensor) -> tuple[Tensor, Tensor]:
        """Return activation maps (batch, maps, rows, columns) and logits (batch, C, rows, columns)."""
        if self.training and len(bands) == 1:
            # Some architectures normalise one value per chip over the batch, which a batch of one chip cannot give
            return self._twice(bands)
        activations = torch.relu(self.model(bands))
        return activations, self.head(activations)

    def _twice(self, bands: Tensor) -> tuple[Tensor, Tensor]:
        activations, logits = self(torch.cat([bands, bands]))
        return activations[:1], logits[:1]
