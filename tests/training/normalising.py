"""One process's share of a batch, normalised with the others. Imports little: each process starts with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from rsgraph.training.distributed import SynchronisedBatchNorm2d, total
from rsgraph.training.processes import Place, Tell


def images() -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).normal(5, 2, (3, 4, 5, 6)).astype(np.float32))


def measured(normalise: nn.Module, part: Tensor, counts: float = 1.0) -> tuple[Tensor, list[Tensor], Tensor]:
    """The result, the gradients by weight and bias, and that by the input, of a loss that is no mean over images."""
    inputs = part.clone().requires_grad_()
    found = normalise(inputs)
    loss = total(counts * (found * torch.arange(6.0)).square().sum((0, 2, 3))).sqrt().sum()
    loss.backward()
    gradients = [parameter.grad for parameter in normalise.parameters() if parameter.grad is not None]
    assert inputs.grad is not None
    return found.detach(), gradients, inputs.grad


@dataclass(frozen=True)
class Normalise:
    """Normalises a share of three images; tells the result, the gradients and the running statistics.

    Where the share is empty all images stand in.
    """

    shares: tuple[slice, ...]

    def __call__(self, place: Place, tell: Tell) -> None:
        normalise = SynchronisedBatchNorm2d(nn.BatchNorm2d(4))
        share = images()[self.shares[place.rank]]
        normalise.stands_in = not len(share)
        found, gradients, by_input = measured(
            normalise, images() if normalise.stands_in else share, 0.0 if normalise.stands_in else 1.0
        )
        local = [found, *[total(each) / place.count for each in gradients], by_input / place.count]
        running = [normalise.running_mean, normalise.running_var]
        tell((place.rank, [each.numpy() for each in [*local, *running] if each is not None]))
