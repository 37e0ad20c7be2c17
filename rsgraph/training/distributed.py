r"""Training by several processes: parts of batches, sums over processes, synchronised batch normalisation.

Loss and gradient are those of one process. The batch of a step is that of one process with ``devices`` times the
batch size, in the same order; each process takes its share of it. A loss that is no plain mean over samples (Dice is
a quotient of sums; masks differ in size) is made of sums, so the sums are added over the processes (:func:`total`)
before the loss is made of them, and batch normalisation takes its mean and variance from the whole batch
(:class:`SynchronisedBatchNorm2d`). Each process then has the same loss L. DDP averages the gradients of W processes,
:math:`\frac1W \sum_r \partial_r \sum_s L_s = \partial L`, because the gradient of an
added sum is added over the processes too.

torch's own SyncBatchNorm works on GPUs only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.utils.data import DataLoader, Sampler

Key = TypeVar("Key")


class DistributedBatches(Sampler[list[Key]], Generic[Key]):
    """One process's share of every batch.

    Parameters
    ----------
    sampler
        The order of all samples.
    batch_size
        Samples per process and step; the last batch may be smaller, so that a share may be empty.
    rank, count
        Number of this process, and of all.
    """

    def __init__(self, sampler: Sampler[Key], batch_size: int, *, rank: int, count: int) -> None:
        self.sampler = sampler  # Lightning sets its epoch
        self.whole = batch_size * count
        self.rank = rank
        self.count = count

    def __len__(self) -> int:
        return -(-len(self.sampler) // self.whole)  # type: ignore[arg-type]  # ours have a length

    def __iter__(self) -> Iterator[list[Key]]:
        keys = iter(self.sampler)
        while batch := list(islice(keys, self.whole)):
            yield batch[self.rank :: self.count]


class DistributedTraining(Protocol):
    """A training whose batches can be divided among processes."""

    def nothing(self, batch: Any) -> Any:
        """Return the batch marked as a stand-in: it runs through the network, and counts for nothing."""
        ...


class _Collate:
    """Collates a share; for an empty one another sample stands in: not every network takes no sample at all."""

    def __init__(self, loader: DataLoader[Any], nothing: Callable[[Any], Any]) -> None:
        self.collate: Callable[[Any], Any] = loader.collate_fn
        self.dataset = loader.dataset
        self.sampler = loader.sampler
        self.nothing = nothing

    def __call__(self, samples: Sequence[Any]) -> Any:
        if samples:
            return self.collate(samples)
        return self.nothing(self.collate([self.dataset[next(iter(self.sampler))]]))


def distributed_loader(
    loader: DataLoader[Any], training: DistributedTraining, *, rank: int, count: int
) -> DataLoader[Any]:
    """Return a loader that reads one process's share of every batch of another loader."""
    assert loader.batch_size is not None, "a loader that batches"
    assert isinstance(loader.sampler, Sampler), "ours are"
    shares: DistributedBatches[Any] = DistributedBatches(loader.sampler, loader.batch_size, rank=rank, count=count)
    return DataLoader(loader.dataset, batch_sampler=shares, collate_fn=_Collate(loader, training.nothing))


class _Total(torch.autograd.Function):
    """The sum over all processes; its gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, local: Tensor) -> Tensor:
        return _added(local)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _added(gradients[0])


def _added(local: Tensor) -> Tensor:
    everywhere = local.detach().clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(everywhere)
    return everywhere


def is_distributed() -> bool:
    """Tell whether this process trains together with others."""
    return distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1


def total(local: Tensor) -> Tensor:
    """Add a tensor of any shape over all processes; one process has it already."""
    return _Total.apply(local) if is_distributed() else local  # type: ignore[no-untyped-call]  # missing in torch's stubs


class SynchronisedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation over the batch of all processes, whose shares may differ in size.

    Parameters
    ----------
    part
        What it replaces; weights, statistics and options are shared with it.

    Attributes
    ----------
    stands_in
        Whether the share of this process is a stand-in, which is normalised and not counted.
    """

    stands_in = False

    def __init__(self, part: nn.BatchNorm2d) -> None:
        super().__init__(
            part.num_features, part.eps, part.momentum, part.affine, track_running_stats=part.track_running_stats
        )
        self.__dict__.update(part.__dict__)

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (batch, channels, rows, columns)."""
        if not self.training or not is_distributed():
            return super().forward(input)
        values = input.float()
        axes = (0, 2, 3)
        counts = 0.0 if self.stands_in else 1.0
        count = total(values.new_tensor(counts * (values.numel() // values.shape[1])))
        mean = total(counts * values.sum(axes)) / count
        centred = values - mean[:, None, None]
        variance = total(counts * centred.square().sum(axes)) / count
        self._follow(mean.detach(), variance.detach() * (count / (count - 1).clamp(min=1)))
        normed = centred * torch.rsqrt(variance + self.eps)[:, None, None]
        if self.affine:
            normed = normed * self.weight[:, None, None] + self.bias[:, None, None]
        return normed.to(input.dtype)

    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics, as torch does."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        momentum = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance, momentum)


def synchronise_batch_norms(module: nn.Module) -> None:
    """Replace every BatchNorm2d below ``module`` by a synchronised one, in place; names of weights stay."""
    for name, part in module.named_children():
        if type(part) is nn.BatchNorm2d:
            setattr(module, name, SynchronisedBatchNorm2d(part))
        else:
            synchronise_batch_norms(part)
