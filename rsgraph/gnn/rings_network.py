"""The network of ``rsgraph.gnn.rings``: log, rings of neighbours, and a whitening of each that is fitted."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

_CONSTANT = 1e-6
"""Standard deviation of log-reflectance under which a band is constant: what float32 rounds a mean to."""


class RingsNetwork(nn.Module):
    """Log, rings of neighbours, and a centre and rotation of each, which :meth:`fit` sets; of ``n_features``."""

    centres: Tensor
    rotations: Tensor
    kept: Tensor

    def __init__(self, n_features: int, layers: int, *, floor: float, least: float) -> None:
        super().__init__()
        self.floor, self.least = floor, least
        blocks = layers + 1
        self.register_buffer("centres", torch.zeros(blocks, n_features))
        self.register_buffer("rotations", torch.eye(n_features).repeat(blocks, 1, 1) / n_features**0.5)
        self.register_buffer("kept", torch.full((blocks,), n_features))

    def fit(self, x: Tensor, edge_index: Tensor) -> None:
        """Set every ring's centre and rotation to those of these nodes (n, F), joined by edges (2, E)."""
        for i, ring in enumerate(self._rings(x, edge_index)):
            centre, rotation = whitening(ring.double().cpu().numpy(), least=self.least)
            self.centres[i] = torch.from_numpy(centre)
            self.rotations[i] = 0.0
            self.rotations[i, :, : rotation.shape[1]] = torch.from_numpy(rotation)
            self.kept[i] = rotation.shape[1]

    def forward(self, x: Tensor, edge_index: Tensor, edge_attributes: Tensor | None = None) -> list[Tensor]:
        """Return one output per layer: a segment's own block and those of so many rings, side by side."""
        rings = enumerate(self._rings(x, edge_index))
        blocks = [(ring - self.centres[i]) @ self.rotations[i, :, : int(self.kept[i])] for i, ring in rings]
        return [torch.cat(blocks[: i + 1], dim=1) for i in range(1, len(blocks))]

    def _rings(self, x: Tensor, edge_index: Tensor) -> list[Tensor]:
        rings = [x.clamp(min=self.floor).log()]
        while len(rings) < len(self.kept):
            rings.append(neighbour_means(rings[-1], edge_index))
        return rings


def neighbour_means(x: Tensor, edge_index: Tensor) -> Tensor:
    """Average (n, F) over the nodes that send to each one: (n, F); its own values where none does."""
    senders, receivers = edge_index
    sums = torch.zeros_like(x).index_add_(0, receivers, x[senders])
    number = torch.bincount(receivers, minlength=len(x))[:, None]
    return torch.where(number > 0, sums / number.clamp(min=1), x)


def whitening(vectors: NDArray[np.float64], *, least: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the centre (F,) and the rotation (F, K) that make vectors (n, F) uncorrelated, of variance 1 / K.

    Columns are standardised (constant ones become 0), turned to principal components, those under ``least`` of the
    variance cut, the rest scaled. One component is kept in any case. The largest entry of each direction is positive.
    """
    centre, deviation = vectors.mean(axis=0), vectors.std(axis=0)
    scale = np.where(deviation > _CONSTANT, 1 / np.maximum(deviation, _CONSTANT), 0.0)
    scaled = (vectors - centre) * scale
    values, directions = (part[..., ::-1] for part in np.linalg.eigh(scaled.T @ scaled / len(scaled)))
    kept = max(1, int((values > least * values.sum()).sum()))
    values, directions = values[:kept], directions[:, :kept]
    signs = np.sign(np.take_along_axis(directions, np.abs(directions).argmax(axis=0)[None], axis=0))
    lengths = np.sqrt(np.where(values > 0, values, np.inf) * kept)
    return centre, scale[:, None] * directions * signs / lengths
