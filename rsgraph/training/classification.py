"""Classification of whole images with two linear layers on an encoder's pooled maps (section 2.9.3 and Table 1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from rsgraph.encoders.unet_network import UNetNetwork
from rsgraph.errors import ConfigError, NotUsable
from rsgraph.protocols import Progress
from rsgraph.training.encoder import rotated, training_layout
from rsgraph.training.fitting import History, OnEpoch, adamw, fit
from rsgraph.training.inference import FrozenEncoder, cpu_threads
from rsgraph.training.lightning import LightningModule
from rsgraph.training.modules import EncoderModule, laid_out
from rsgraph.training.options import Hardware, TrainingOptions
from rsgraph.training.ordering import SeededOrder
from rsgraph.types import Floats, Mask

Pooling = Literal["mean", "mean_std", "mean_std_bottleneck"]
Classes = NDArray[np.int64]
Batch = tuple[Tensor, Tensor]  # images or features, classes
Key = tuple[int, list[int]]  # epoch (-1: validation), images


class ImageSource(Protocol):
    """A source of images."""

    def __len__(self) -> int:
        """Count the images."""

    def read(self, i: int) -> Floats:
        """Return one image (bands, rows, columns); all have one size, and every pixel is valid."""


@dataclass(frozen=True)
class ClassifierOptions(TrainingOptions):
    """Training of a classifier: the options of :class:`TrainingOptions`, the schedule, and augmentation.

    Parameters
    ----------
    warmup
        Share of all steps in which the learning rate rises to ``learning_rate``; it then falls to nothing.
    augmentation
        Rotate each training image by quarter turns and mirror it, drawn anew in each epoch. Not for features.

    Raises
    ------
    ConfigError
        ``warmup`` is not from 0 to below 1, or as for TrainingOptions.
    """

    learning_rate: float = 5e-3
    batch_size: int = 64
    weight_decay: float = 0.01
    warmup: float = 0.25
    augmentation: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.warmup < 1:
            raise ConfigError(f"`warmup` must be from 0 to below 1. Got {self.warmup} instead; try 0.25.")


class LinearHead(nn.Module):
    """Two linear layers with a ReLU between, behind the standardisation of the features.

    Parameters
    ----------
    n_features, hidden, n_classes
        Width of the input, of what is between, and of the output.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, n_features: int, hidden: int, n_classes: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("std", torch.ones(n_features))
        self.first = nn.Linear(n_features, hidden)
        self.second = nn.Linear(hidden, n_classes)

    def set_scale(self, features: Floats) -> None:
        """Take each feature's mean and deviation from (n, features); a constant one gets a deviation of 1."""
        deviation = features.std(axis=0, dtype=np.float64)
        deviation[deviation < 1e-8] = 1.0
        self.mean.copy_(torch.from_numpy(features.mean(axis=0, dtype=np.float64)))
        self.std.copy_(torch.from_numpy(deviation))

    def forward(self, features: Tensor) -> Tensor:
        """Return logits (n, classes) of features (n, features)."""
        logits: Tensor = self.second(functional.relu(self.first((features - self.mean) / self.std)))
        return logits


class PooledEncoder(nn.Module):
    """An encoder whose maps are pooled over the image: one vector per image.

    The paper appends "two additional linear layers" to the U-Net and does not say where. They are appended here to
    its last activation maps, which are what the rest of the pipeline uses, pooled over the image:

    - ``mean``: the mean of each map, as a segment's features are the means over its pixels (section 2.5);
    - ``mean_std``: and its standard deviation, which tells an even image from one of two halves;
    - ``mean_std_bottleneck``: and the mean of each map of the U-Net's deepest level.

    Parameters
    ----------
    encoder
        Its maps are pooled.
    pooling
        As above; each begins with what the one before has.

    Raises
    ------
    ConfigError
        The pooling is unknown, or the network has no deepest level.
    """

    def __init__(self, encoder: EncoderModule, pooling: Pooling) -> None:
        super().__init__()
        if pooling not in get_args(Pooling):
            raise ConfigError(f"`pooling` must be one of: {', '.join(get_args(Pooling))}. Got '{pooling}' instead.")
        if pooling == "mean_std_bottleneck" and not isinstance(encoder.network, UNetNetwork):
            raise ConfigError("`pooling` mean_std_bottleneck needs a U-Net; use mean_std with other encoders.")
        self.encoder = encoder
        self.pooling = pooling

    def forward(self, standardised: Tensor) -> Tensor:
        """Return features (batch, F) of standardised images (batch, bands, rows, columns)."""
        network = self.encoder.network
        if self.pooling != "mean_std_bottleneck" or not isinstance(network, UNetNetwork):
            return pooled(self.encoder(standardised)[0], deviation=self.pooling != "mean")
        with _outputs(network.down[-1]) as deepest:
            maps = self.encoder(standardised)[0]
        return torch.cat([pooled(maps, deviation=True), pooled(deepest[0], deviation=False)], dim=1)


def pooled(maps: Tensor, *, deviation: bool) -> Tensor:
    """Return the mean of each map, then its deviation where asked for: (batch, D, ...) to (batch, D or 2 D)."""
    flat = maps.float().flatten(2)
    mean = flat.mean(2)
    if not deviation:
        return mean
    variance = (flat - mean[:, :, None]).square().mean(2)
    return torch.cat([mean, (variance + 1e-8).sqrt()], dim=1)  # the slope of a root is infinite at 0


@contextmanager
def _outputs(module: nn.Module) -> Iterator[list[Tensor]]:
    """Collect what a module returns inside."""
    collected: list[Tensor] = []
    handle = module.register_forward_hook(lambda _, __, output: collected.append(output))
    try:
        yield collected
    finally:
        handle.remove()


class ImageClassifier(nn.Module):
    """An encoder, pooled, and a head.

    Parameters
    ----------
    pooled
        From images to vectors.
    head
        From vectors to logits.
    """

    def __init__(self, pooled: PooledEncoder, head: LinearHead) -> None:
        super().__init__()
        self.pooled = pooled
        self.head = head

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (batch, classes) of images (batch, bands, rows, columns) as they are stored."""
        every = torch.ones(1, *images.shape[-2:], dtype=torch.bool, device=images.device)
        inputs = self.pooled.encoder.standardise(images, every)
        logits: Tensor = self.head(self.pooled(inputs))
        return logits


def linear_head(n_features: int, n_classes: int, *, hidden: int = 128, seed: int = 0) -> LinearHead:
    """Build a head with weights drawn by ``seed``. Raises ConfigError where ``hidden`` is below 1."""
    if hidden < 1:
        raise ConfigError(f"`hidden` must be at least 1. Got {hidden} instead; try 128.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LinearHead(n_features, hidden, n_classes)


def pooled_features(
    encoder: EncoderModule,
    source: ImageSource,
    *,
    pooling: Pooling,
    hardware: Hardware,
    batch_size: int = 64,
    progress: Progress | None = None,
) -> Floats:
    """Encode and pool every image with the weights as they are: (images, F) float32.

    Parameters
    ----------
    encoder
        Left as it is.
    source
        At least one image.
    pooling
        See :class:`PooledEncoder`.
    hardware
        Where.
    batch_size
        Images at a time.
    progress
        Called with (images done, all images).

    Raises
    ------
    ConfigError
        The pooling does not fit the encoder.
    NotUsable
        There is no image.
    """
    if not len(source):
        raise NotUsable("there is no image to encode.")
    frozen = FrozenEncoder(encoder, hardware)
    pool = PooledEncoder(frozen.module, pooling).eval()
    parts: list[Floats] = []
    with torch.inference_mode(), cpu_threads(hardware.threads):
        for first in range(0, len(source), batch_size):
            rows = range(first, min(first + batch_size, len(source)))
            images = torch.from_numpy(np.stack([source.read(i) for i in rows])).to(frozen.device)
            every = torch.ones(1, *images.shape[-2:], dtype=torch.bool, device=frozen.device)
            standardised = frozen.module.standardise(images, every)
            inputs = standardised.to(dtype=frozen.dtype, memory_format=torch.channels_last)
            parts.append(pool(inputs).cpu().numpy())
            if progress:
                progress(rows.stop, len(source))
    return np.concatenate(parts)


def class_probabilities(head: LinearHead, features: Floats) -> Floats:
    """Return the probability of each class: (n, features) to (n, classes); rows sum to 1."""
    with torch.inference_mode():
        logits = head.eval()(torch.from_numpy(np.require(features, requirements=["C", "W"])))
        probabilities: Floats = functional.softmax(logits, dim=1).numpy()
    return probabilities


def fit_head(
    head: LinearHead,
    features: Floats,
    classes: Classes,
    validation: Mask,
    *,
    options: ClassifierOptions,
    hardware: Hardware,
    seed: int,
    folder: Path,
    on_epoch: OnEpoch | None = None,
) -> History:
    """Train ``head`` in place on frozen features; the encoder is not touched.

    Parameters
    ----------
    head
        From :func:`linear_head`. Its standardisation is set from the features that train.
    features
        (n, features), of training images only.
    classes
        (n,) whole numbers.
    validation, options, hardware, seed, folder, on_epoch
        As for :func:`fine_tune`.

    Returns
    -------
    History
        The epochs.

    Raises NotUsable where no image is left to train on, or training diverged.
    """
    train, validate = _parts(validation)
    head.set_scale(features[train])
    data = _Features(features, classes)
    return _fit(head, head, data, train, validate, options, hardware, seed, folder, on_epoch, None)


def fine_tune(
    classifier: ImageClassifier,
    source: ImageSource,
    classes: Classes,
    validation: Mask,
    *,
    options: ClassifierOptions,
    hardware: Hardware,
    seed: int,
    folder: Path,
    on_epoch: OnEpoch | None = None,
    progress: Progress | None = None,
) -> History:
    """Train encoder and head together, in place, with cross-entropy.

    The learning rate rises and falls once over all ``max_epochs`` (:func:`one_cycle`), so each number of epochs has a
    checkpoint of its own. Order and augmentation depend on nothing but (seed, epoch, image): a training that was
    interrupted and goes on ends with the same weights as one that was never interrupted.

    Parameters
    ----------
    classifier
        Its encoder's and head's scales must be set. From taught weights, or from random ones.
    source
        Training images only.
    classes
        (n,) whole numbers.
    validation
        (n,) True for images that only choose the epoch whose weights are kept; where there is none, the training
        images choose it.
    options, hardware, seed, folder, on_epoch, progress
        As for :func:`rsgraph.training.train_encoder`; ``on_epoch`` gets ``train_loss``, ``val_loss``,
        ``val_accuracy`` and ``seconds``.

    Returns
    -------
    History
        The epochs.

    Raises
    ------
    NotUsable
        No image is left to train on, or training diverged.
    KeyboardInterrupt
        Ctrl-C; the last whole epoch is in ``folder``.
    """
    train, validate = _parts(validation)
    data = _Images(source, classes, seed, augmentation=options.augmentation)
    return _fit(
        classifier, classifier.pooled, data, train, validate, options, hardware, seed, folder, on_epoch, progress
    )


def one_cycle(done: float, warmup: float) -> float:
    """Return the share of the full learning rate at a share of all steps: up as a cosine, then down to 0.

    References
    ----------
    Smith and Topin 2017, doi:10.48550/arXiv.1708.07120
    """
    if done < warmup:
        return float(0.5 - 0.5 * np.cos(np.pi * done / warmup))
    return float(0.5 + 0.5 * np.cos(np.pi * (done - warmup) / (1 - warmup)))


def _parts(validation: Mask) -> tuple[list[int], list[int]]:
    train, validate = np.flatnonzero(~validation).tolist(), np.flatnonzero(validation).tolist()
    if not train:
        raise NotUsable(f"there is no image to train on: {len(validation)} images, all of them held out.")
    return train, validate or train


def _fit(
    module: nn.Module,
    convolutions: nn.Module,
    data: Dataset[Batch],
    train: list[int],
    validate: list[int],
    options: ClassifierOptions,
    hardware: Hardware,
    seed: int,
    folder: Path,
    on_epoch: OnEpoch | None,
    progress: Progress | None,
) -> History:
    layout = training_layout(hardware)
    laid_out(convolutions, layout)
    return fit(
        _ClassifierTraining(module, options, layout=layout),
        module,
        train=DataLoader(data, batch_size=None, sampler=_Batches(train, options.batch_size, seed)),
        validation=DataLoader(data, batch_size=None, sampler=_Batches(validate, options.batch_size, None)),
        options=options,
        hardware=hardware,
        seed=seed,
        folder=folder / f"{options.max_epochs}_epochs",
        on_epoch=on_epoch,
        progress=progress,
    )


class _Features(Dataset[Batch]):
    """Batches of frozen features."""

    def __init__(self, features: Floats, classes: Classes) -> None:
        self.features = torch.from_numpy(np.require(features, requirements=["C", "W"]))
        self.classes = torch.from_numpy(np.array(classes, dtype=np.int64))

    def __getitem__(self, key: Key) -> Batch:
        return self.features[key[1]], self.classes[key[1]]


class _Images(Dataset[Batch]):
    """Batches of images: rotated and mirrored for epochs from 0, plain for epoch -1 (validation)."""

    def __init__(self, source: ImageSource, classes: Classes, seed: int, *, augmentation: bool) -> None:
        self.source = source
        self.classes = torch.from_numpy(np.array(classes, dtype=np.int64))
        self.seed = seed
        self.augmentation = augmentation

    def __getitem__(self, key: Key) -> Batch:
        epoch, rows = key
        return torch.from_numpy(np.stack([self._image(epoch, i) for i in rows])), self.classes[rows]

    def _image(self, epoch: int, i: int) -> Floats:
        image = self.source.read(i)
        if epoch < 0 or not self.augmentation:
            return image
        quarters, mirrored = divmod(int(np.random.default_rng((self.seed, epoch, i)).integers(8)), 2)
        return rotated(image[..., ::-1] if mirrored else image, quarters)


class _Batches(SeededOrder[Key]):
    """Batches with their epoch; -1 for those in their own order, which are not augmented."""

    def __init__(self, rows: list[int], size: int, seed: int | None) -> None:
        super().__init__(rows, seed)
        self.size = size

    def __len__(self) -> int:
        return -(-len(self.rows) // self.size)

    def __iter__(self) -> Iterator[Key]:
        """Draw the order when the first batch is asked for: Lightning makes the iterator before it sets the epoch."""
        order, epoch = self.order(), -1 if self.seed is None else self.epoch
        for first in range(0, len(order), self.size):
            yield epoch, order[first : first + self.size]


class _ClassifierTraining(LightningModule):
    """The step that Lightning repeats."""

    def __init__(self, module: nn.Module, options: ClassifierOptions, *, layout: torch.memory_format) -> None:
        super().__init__()
        self.module = module
        self.options = options
        self.layout = layout

    def on_train_batch_start(self, batch: Batch, batch_index: int) -> None:
        """Set the learning rate: it follows only from the number of the step, so it survives interruptions."""
        steps = int(self.trainer.num_training_batches) * self.options.max_epochs
        share = one_cycle((self.trainer.global_step + 0.5) / steps, self.options.warmup)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.options.learning_rate * share

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """Return the loss of one batch."""
        loss, _ = self._loss(batch)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(batch[1]), sync_dist=True)
        return loss

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Log the loss and the share of images classified correctly."""
        loss, right = self._loss(batch)
        found = {"val_loss": loss, "val_accuracy": right}
        self.log_dict(found, on_step=False, on_epoch=True, batch_size=len(batch[1]), sync_dist=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return AdamW."""
        return adamw(self.module, self.options)

    def _loss(self, batch: Batch) -> tuple[Tensor, Tensor]:
        inputs, classes = batch
        if inputs.ndim == 4:
            inputs = inputs.contiguous(memory_format=self.layout)
        logits = self.module(inputs).float()
        return functional.cross_entropy(logits, classes), (logits.argmax(1) == classes).float().mean()
