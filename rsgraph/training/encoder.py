"""Training of an encoder on soft classes per pixel (section 2.4), or to reconstruct the bands (an autoencoder)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, Sampler

from rsgraph.errors import NotUsable
from rsgraph.protocols import Progress
from rsgraph.training.distributed import SynchronisedBatchNorm2d, total
from rsgraph.training.fitting import DistributedModule, History, OnEpoch, adamw, fit
from rsgraph.training.modules import EncoderModule, laid_out
from rsgraph.training.options import EncoderOptions, Hardware, device_type, uses_bfloat16
from rsgraph.training.ordering import SeededOrder
from rsgraph.types import Floats, Mask

Memberships = Callable[[Floats], Floats]
Own = tuple[slice, slice]
Sample = tuple[Floats, Mask, Floats, Floats]  # bands, valid, soft classes (or clean bands), weight in the loss
Raster = TypeVar("Raster", Floats, Mask)
CACHE_BYTES = 3 * 2**29
"""Chips are kept in memory up to this many bytes."""
BLOCK = 32
_PARTS = 4


class ChipSource(Protocol):
    """A source of chips."""

    def __len__(self) -> int:
        """Count the chips."""

    def read(self, i: int) -> tuple[Floats, Mask]:
        """Return reflectance (bands, side, side), padded, and which pixels are valid (side, side)."""

    def is_test(self, i: int) -> bool:
        """Tell whether the chip is held out."""


def train_encoder(
    module: EncoderModule,
    source: ChipSource,
    memberships: Memberships | None,
    *,
    mean: ArrayLike,
    std: ArrayLike,
    options: EncoderOptions,
    hardware: Hardware,
    seed: int,
    folder: Path,
    own: Callable[[int], Own] | None = None,
    spared: Callable[[int], Mask] | None = None,
    on_epoch: OnEpoch | None = None,
    progress: Progress | None = None,
) -> History:
    r"""Train ``module`` in place to predict the soft classes of pixels, or to reconstruct the bands.

    The loss of soft classes is :math:`\mathrm{BCE} + (1 - D)` over the valid pixels of a batch, both parts averaged
    over the classes (section 2.4; see :func:`segmentation_loss`); that of bands is the mean squared error of the
    standardised bands without noise. The weights of the epoch with the lowest
    validation loss are kept. Shuffling and augmentation depend on nothing but (seed, epoch, chip), so an interrupted
    training that goes on ends with the same weights as one that was never interrupted.

    Parameters
    ----------
    module
        From :func:`encoder_module`.
    source
        The chips. Chips with ``is_test`` validate; where there is none with a valid pixel, every fourth
        block of 32 x 32 pixels of each chip is held out instead (:func:`held_out_blocks`).
    memberships
        Maps pixels (n, bands) to soft classes (n, C); None where the network learns to give the bands back.
    mean, std
        Of each band over the scene.
    options
        How long and how fast.
    hardware
        Where.
    seed
        Of shuffling and augmentation (the first weights are ``module``'s).
    folder
        For ``last.ckpt``, written after each epoch; nothing is written elsewhere.
    own
        Rows and columns that are a chip's own, where ``source`` reads more than that; None: all. Only these validate,
        but the loss of training is over all that is read: one that need not be right in the margin may err there
        so much that it reaches into the chip. Balanced accuracy of whether a segment touches a chip border, one
        training each: T48QUE .61 to .73 with a loss over the chips' own pixels, .48 to .59 with one over all (bands
        .49 to .57); T18SVG .54 and .56, no gain there (bands .53).
    spared
        Which of the pixels that are read for a chip belong to chips that are held out: they never train. None: none.
    on_epoch
        Called with the number of the epoch and its ``train_loss``, ``val_loss``, ``seconds`` and, of validation,
        ``bce`` and ``dice`` (soft classes) or ``mse`` (bands).
    progress
        Called with (steps done, steps of all ``max_epochs``).

    Returns
    -------
    History
        The epochs, and what is worth a note.

    Raises
    ------
    NotUsable
        There is no chip to train on, or training diverged.
    KeyboardInterrupt
        Ctrl-C; the last whole epoch is in ``folder/last.ckpt``.
    """
    module.set_scale(mean, std)
    train, test = split(source, own or _all)
    chips = _Chips(
        source,
        memberships,
        options,
        std=module.std.numpy(),
        seed=seed,
        held_out_pixels=not test,
        own=own or _all,
        spared=spared,
    )
    step = _ReconstructionTraining if memberships is None else _EncoderTraining
    with _momenta_put_back(module):
        return fit(
            step(module, options, layout=training_layout(hardware)),
            module,
            train=DataLoader(chips, options.batch_size, sampler=_Shuffled(train, seed)),
            validation=DataLoader(chips, options.batch_size, sampler=_InOrder(test or train)),
            options=options,
            hardware=hardware,
            seed=seed,
            folder=folder,
            on_epoch=on_epoch,
            progress=progress,
        )


def training_layout(hardware: Hardware) -> torch.memory_format:
    """Choose the order of maps in memory: channels-last on GPUs and in bfloat16.

    On a CPU in float32 the backward pass of the full-width U-Net is slower channels-last (measured: 8.1 against
    5.1 CPU seconds per chip of 256 x 256 on AVX2), although inference is faster.
    """
    fast = device_type(hardware) != "cpu" or uses_bfloat16(hardware)
    return torch.channels_last if fast else torch.contiguous_format


def statistics_momentum(momentum: float | None, batch_index: int) -> float | None:
    """Return how much this batch weighs in batch normalisation's running statistics: 1 / (index + 1) at least.

    They are a plain mean over the first ten batches of each epoch, then a moving one (momentum 0.1). An epoch of a
    small scene has so few batches that a mere moving mean would still be made of the network's first, random
    weights when it is validated (measured: the full-width U-Net on 7 chips had a validation loss of 800 000
    after its first epoch).
    """
    return None if momentum is None else max(momentum, 1 / (batch_index + 1))


def _momenta(module: nn.Module) -> dict[nn.BatchNorm2d, float | None]:
    return {part: part.momentum for part in module.modules() if isinstance(part, nn.BatchNorm2d)}


@contextmanager
def _momenta_put_back(module: nn.Module) -> Iterator[None]:
    before = _momenta(module)
    try:
        yield
    finally:
        for part, momentum in before.items():
            part.momentum = momentum


def _all(i: int) -> Own:
    """Return the rows and columns of a chip that is read without a margin: all."""
    return slice(None), slice(None)


def split(source: ChipSource, own: Callable[[int], Own] = _all) -> tuple[list[int], list[int]]:
    """Return the chips that train and those that validate: none where no test chip has a valid pixel of its own."""
    test = [i for i in range(len(source)) if source.is_test(i)]
    train = sorted(set(range(len(source))) - set(test))
    if not train:
        raise NotUsable(f"there is no chip to train on: {len(source)} chips, {len(test)} of them held out.")
    return train, test if any(source.read(i)[1][own(i)].any() for i in test) else []


def held_out_blocks(valid: Mask, block: int = BLOCK) -> Mask:
    """Choose the pixels that validate where no chip can be spared: about a quarter, in blocks.

    Block (i, j) is held out where (2 i + j) mod 4 is 3, so that every row of blocks has its share. Blocks
    are halved until both parts have valid pixels.

    Parameters
    ----------
    valid
        (rows, columns).
    block
        Side of a block; large enough that most of its pixels are not seen by neighbours in training.

    Returns
    -------
    Mask
        True for held out pixels, whether valid or not.
    """
    rows, columns = np.indices(valid.shape) // block
    held_out: Mask = (2 * rows + columns) % 4 == 3
    parts = (valid & held_out).any(), (valid & ~held_out).any()
    if all(parts) or block == 1:
        return held_out
    return held_out_blocks(valid, block // 2)


def segmentation_sums(logits: Tensor, target: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return what the loss of soft classes is made of.

    Parameters
    ----------
    logits, target
        (batch, C, rows, columns).
    mask
        (batch, rows, columns), 1 where the pixel counts, else 0.

    Returns
    -------
    crosses, both, either, pixels
        Per class the summed cross-entropy, sum X Y, sum X + sum Y (:func:`segmentation_loss`); the number of pixels.
    """
    weight = mask[:, None]
    logits = logits.float()
    predicted = torch.sigmoid(logits) * weight
    true = target * weight
    crosses = functional.binary_cross_entropy_with_logits(logits, target, reduction="none") * weight
    axes = (0, 2, 3)
    return crosses.sum(axes), (predicted * true).sum(axes), (predicted + true).sum(axes), mask.sum()


def segmentation_loss(crosses: Tensor, both: Tensor, either: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor]:
    r"""Return binary cross-entropy and Dice, both averaged over the classes; the loss is ``bce + 1 - dice``.

    .. math:: d(i) = \frac{2 \sum X_i Y_i + 1}{\sum X_i + \sum Y_i + 1}, \qquad D = \frac1C \sum_i d(i)

    over all pixels where ``mask``; X are the memberships, Y the sigmoid of the logits (a pixel belongs to
    several classes, so each class is a question of its own). The 1, a pixel, keeps an absent class from 0/0.
    """
    return (crosses / pixels.clamp(min=1)).mean(), ((2 * both + 1) / (either + 1)).mean()


class _Chips(Dataset[Sample]):
    """Chips by (epoch, chip): augmented for epochs from 0, plain for epoch -1 (validation)."""

    def __init__(
        self,
        source: ChipSource,
        memberships: Memberships | None,
        options: EncoderOptions,
        *,
        std: Floats,
        seed: int,
        held_out_pixels: bool,
        own: Callable[[int], Own] = _all,
        spared: Callable[[int], Mask] | None = None,
    ) -> None:
        self.source = source
        self.memberships = memberships
        self.options = options
        self.std = std
        self.seed = seed
        self.held_out_pixels = held_out_pixels
        self.own = own
        self.spared = spared
        self.kept: dict[int, tuple[Floats, Mask, Floats]] = {}
        self.free = CACHE_BYTES

    def __getitem__(self, key: tuple[int, int]) -> Sample:
        epoch, i = key
        bands, valid, target = self._chip(i)
        counts = self._counts(i, valid, training=epoch >= 0).astype(np.float32)
        if epoch < 0:
            return bands, valid, target, counts
        rng = np.random.default_rng((self.seed, epoch, i))
        turns = int(rng.integers(4)) if self.options.rotation else 0
        noise = rng.standard_normal(bands.shape, dtype=np.float32) * self.std[:, None, None]
        noisy = bands + np.float32(self.options.noise) * noise
        return rotated(noisy, turns), rotated(valid, turns), rotated(target, turns), rotated(counts, turns)

    def _chip(self, i: int) -> tuple[Floats, Mask, Floats]:
        """Return bands, valid pixels and training target, from memory while ``CACHE_BYTES`` last."""
        if i in self.kept:
            return self.kept[i]
        read, mask = self.source.read(i)
        bands, valid = np.require(read, requirements="W"), np.require(mask, requirements="W")
        chip = (bands, valid, self._target(bands, valid))
        size = sum(array.nbytes for array in chip)
        if size <= self.free:
            self.kept[i] = chip
            self.free -= size
        return chip

    def _target(self, bands: Floats, valid: Mask) -> Floats:
        """Return the soft classes (C, rows, columns), or the bands themselves where they are to be reconstructed."""
        if self.memberships is None:
            return bands
        known = self.memberships(bands[:, valid].T)
        target = np.zeros((known.shape[1], *valid.shape), dtype=np.float32)
        target[:, valid] = known.T
        return target

    def _counts(self, i: int, valid: Mask, *, training: bool) -> Mask:
        """Choose the pixels that the loss sees."""
        own = self.own(i)
        if training:
            counts = valid if self.spared is None else valid & ~self.spared(i)
        else:
            counts = np.zeros_like(valid)
            counts[own] = valid[own]
        if self.held_out_pixels:
            held_out = _repeated(held_out_blocks(valid[own]), own, valid.shape)
            return counts & (~held_out if training else held_out)
        return counts


def _repeated(mask: Mask, own: Own, shape: tuple[int, ...]) -> Mask:
    """Enlarge a mask of a chip's own pixels to all that is read: neighbouring chips are taken to have the same."""
    spans = [part.indices(length) for part, length in zip(own, shape, strict=True)]
    padding = [(first, length - last) for (first, last, _), length in zip(spans, shape, strict=True)]
    return np.pad(mask, padding, mode="wrap") if any(map(any, padding)) else mask


def rotated(raster: Raster, quarter_turns: int) -> Raster:
    """Rotate the last two axes counter-clockwise by quarter turns."""
    return np.ascontiguousarray(np.rot90(raster, quarter_turns, axes=(-2, -1)))


class _Shuffled(SeededOrder[tuple[int, int]]):
    """Training chips with their epoch, by which they are augmented."""

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter([(self.epoch, i) for i in self.order()])


class _InOrder(Sampler[tuple[int, int]]):
    """Validation chips in their own order, unaugmented."""

    def __init__(self, chips: list[int]) -> None:
        self.chips = chips

    def __len__(self) -> int:
        return len(self.chips)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter([(-1, i) for i in self.chips])


class _EncoderTraining(DistributedModule):
    """The step that Lightning repeats; the loss is that of soft classes."""

    def __init__(self, module: EncoderModule, options: EncoderOptions, *, layout: torch.memory_format) -> None:
        super().__init__()
        self.module = laid_out(module, layout)
        self.channels_last = layout == torch.channels_last  # a memory format itself is not safely picklable
        self.options = options
        self.totals: list[Tensor] = []
        self.momenta: dict[nn.BatchNorm2d, float | None] = {}

    def on_train_start(self) -> None:
        """Note the momenta: only now, because normalisations may have been replaced for several processes."""
        self.momenta = _momenta(self.module)

    def on_train_batch_start(self, batch: list[Tensor], batch_index: int) -> None:
        """Let running statistics start anew in each epoch: see :func:`statistics_momentum`."""
        for part, momentum in self.momenta.items():
            part.momentum = statistics_momentum(momentum, batch_index)

    def training_step(self, batch: list[Tensor], batch_index: int) -> Tensor:
        """Return the loss of one batch, which is that of all processes."""
        stands_in = len(batch) > _PARTS
        for part in self.momenta:
            if isinstance(part, SynchronisedBatchNorm2d):
                part.stands_in = stands_in
        loss = self._measures(*map(total, self._batch_sums(batch)))["val_loss"]
        size = int(total(loss.new_tensor(0 if stands_in else len(batch[0]))))
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=size, sync_dist=True)
        return loss

    def nothing(self, batch: list[Tensor]) -> list[Tensor]:
        """Return the chips with no pixel that counts, and a further part that marks the batch as a stand-in."""
        bands, valid, target, counts = batch
        return [bands, valid, target, torch.zeros_like(counts), torch.zeros(0)]

    def on_validation_epoch_start(self) -> None:
        """Begin with nothing summed."""
        self.totals = []

    def validation_step(self, batch: list[Tensor], batch_index: int) -> None:
        """Sum what the loss of all validation pixels together is made of."""
        sums = self._batch_sums(batch)
        self.totals = [new + old for new, old in zip(sums, self.totals, strict=True)] if self.totals else [*sums]

    def on_validation_epoch_end(self) -> None:
        """Log the loss of all validation pixels together: it does not depend on the batch size."""
        self.log_dict(self._measures(*map(total, self.totals)), sync_dist=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return AdamW."""
        return adamw(self.module, self.options)

    def _batch_sums(self, batch: list[Tensor]) -> tuple[Tensor, ...]:
        """Sum what the loss is made of over the pixels of a batch."""
        _, _, target, counts = batch[:_PARTS]
        return segmentation_sums(self._output(batch), target, counts)

    def _measures(self, *totals: Tensor) -> dict[str, Tensor]:
        """Make the loss, and its parts, of the sums."""
        bce, dice = segmentation_loss(*totals)
        return {"val_loss": bce + 1 - dice, "bce": bce, "dice": dice}

    def _output(self, batch: list[Tensor]) -> Tensor:
        bands, valid = batch[:2]
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        inputs = self.module.standardise(bands, valid).contiguous(memory_format=layout)
        output: Tensor = self.module(inputs)[1]
        return output


class _ReconstructionTraining(_EncoderTraining):
    r"""The same step; the loss is the mean squared error of the reconstructed bands.

    .. math:: \frac{1}{B} \sum_b \frac{1}{|M|} \sum_{p \in M} (Y_b(p) - X_b(p))^2

    over the pixels M that count. Bands are standardised: 1 is as good as knowing nothing but their means.
    """

    def _batch_sums(self, batch: list[Tensor]) -> tuple[Tensor, ...]:
        _, valid, bands, counts = batch[:_PARTS]
        squares = (self._output(batch).float() - self.module.standardise(bands, valid)).square()
        return (squares * counts[:, None]).sum((0, 2, 3)), counts.sum()

    def _measures(self, *totals: Tensor) -> dict[str, Tensor]:
        squares, pixels = totals
        loss = (squares / pixels.clamp(min=1)).mean()
        return {"val_loss": loss, "mse": loss}
