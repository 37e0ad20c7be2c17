"""The training of each kind of row, and pretrained weights and frozen features that rows have in common."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from experiments.eurosat.data import Chips, EuroSatImages, ImageSubset, sample_pixels, scale
from experiments.eurosat.resnet18 import WIDTHS, ResNet18
from rsgraph.encoders.unet import UNet
from rsgraph.evaluation.classification import stratified_split
from rsgraph.evaluation.statistics import image_statistics
from rsgraph.targets.fuzzy_c_means import FuzzyCMeans
from rsgraph.training.classification import (
    ClassifierOptions,
    ImageClassifier,
    LinearHead,
    PooledEncoder,
    class_probabilities,
    fine_tune,
    fit_head,
    linear_head,
    pooled_features,
)
from rsgraph.training.encoder import train_encoder
from rsgraph.training.modules import EncoderModule, encoder_module, load_weights, save_weights
from rsgraph.training.options import EncoderOptions, Hardware
from rsgraph.types import Floats, Mask
from rsgraph.workspace import write_array

VALIDATION = 0.05
"""Share of the training images that choose the epoch whose weights are kept. Test images choose nothing."""

Row = Mapping[str, Any]
OnEpoch = Callable[[str, int, dict[str, float]], None]


@dataclass(frozen=True)
class Bench:
    """The images, the one split, the options, and a folder for what rows share."""

    images: EuroSatImages
    options: Mapping[str, Any]
    hardware: Hardware
    folder: Path
    seed: int
    test_fraction: float
    on_epoch: OnEpoch = field(repr=False)

    @cached_property
    def test(self) -> Mask:
        """True for the images that are held out."""
        return stratified_split(self.images.classes, self.test_fraction, seed=self.seed)

    @cached_property
    def training(self) -> NDArray[np.int64]:
        """Rows of the training images."""
        return np.flatnonzero(~self.test)

    @cached_property
    def validation(self) -> Mask:
        """Among the training images, True for those that choose the epoch."""
        return stratified_split(self.images.classes[self.training], VALIDATION, seed=self.seed + 1)

    @cached_property
    def band_scale(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and deviation of each band over the training images."""
        return scale(self.subset(self.training))

    def subset(self, rows: NDArray[np.int64]) -> ImageSubset:
        """Return these images at the size of the options."""
        return ImageSubset(self.images.numbers, rows, self.options["image_size"])

    def part(self, *names: str, **more: Any) -> str:
        """Hash the options that a result depends on: the key under which it is kept."""
        shared = {name: self.options[name] for name in ("image_size", "width", "depth", *names)}
        text = json.dumps([shared, more, self.seed, self.test_fraction, len(self.images.classes)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def key(bench: Bench, row: Row) -> str:
    """Hash what the figures of a row depend on, but for its seed."""
    needs = {
        "boosting": (),
        "statistics": ("head",),
        "frozen": ("pretrain", "head") if row.get("clusters") else ("head",),
        "finetuned": ("pretrain", "head", "finetune") if row.get("clusters") else ("finetune",),
        "resnet": ("resnet", "finetune"),
    }[row["kind"]]
    facts = {name: row[name] for name in ("kind", "clusters", "pooling") if name in row}
    return bench.part(*needs, **facts)


def predict(bench: Bench, row: Row, seed: int) -> NDArray[np.int64]:
    """Train as a row says, and return the class that it takes each test image for."""
    probabilities = {
        "boosting": _boosting,
        "statistics": _statistics_head,
        "frozen": _frozen,
        "finetuned": _fine_tuned,
        "resnet": _resnet,
    }[row["kind"]](bench, row, seed)
    return np.asarray(probabilities.argmax(axis=1), dtype=np.int64)


def _boosting(bench: Bench, row: Row, seed: int) -> Floats:
    features = statistics(bench)
    model = HistGradientBoostingClassifier(random_state=seed)
    model.fit(features[bench.training], bench.images.classes[bench.training])
    found: Floats = model.predict_proba(features[bench.test])
    return found


def _statistics_head(bench: Bench, row: Row, seed: int) -> Floats:
    features = statistics(bench)
    head = _head_on(bench, features, seed, bench.folder / "heads" / f"{key(bench, row)}-{seed}")
    return class_probabilities(head, features[bench.test])


def _frozen(bench: Bench, row: Row, seed: int) -> Floats:
    features = frozen_features(bench, row["clusters"])[:, : _columns(bench, row["pooling"])]
    head = _head_on(bench, features, seed, bench.folder / "heads" / f"{key(bench, row)}-{seed}")
    return class_probabilities(head, features[bench.test])


def _fine_tuned(bench: Bench, row: Row, seed: int) -> Floats:
    """Fine-tune the encoder with the head that was fitted to it frozen; without C, both from random weights."""
    columns = _columns(bench, row["pooling"])
    folder = bench.folder / "finetuned" / f"{key(bench, row)}-{seed}"
    if row["clusters"]:
        encoder = taught(bench, row["clusters"])
        features = frozen_features(bench, row["clusters"])[:, :columns]
        head = _head_on(bench, features, seed, folder / "head")
    else:
        encoder = untaught(bench, seed)
        head = linear_head(columns, len(bench.images.names), hidden=bench.options["head"]["hidden"], seed=seed)
    classifier = ImageClassifier(PooledEncoder(encoder, row["pooling"]), head)
    return _tuned(bench, row, classifier, seed, folder)


def _resnet(bench: Bench, row: Row, seed: int) -> Floats:
    network = _drawn(lambda: ResNet18(bench.images.numbers.shape[1], **bench.options["resnet"]), seed)
    encoder = EncoderModule(network, n_bands=bench.images.numbers.shape[1], stride=1)
    encoder.set_scale(*bench.band_scale)
    head = linear_head(WIDTHS[-1], len(bench.images.names), hidden=bench.options["head"]["hidden"], seed=seed)
    classifier = ImageClassifier(PooledEncoder(encoder, "mean"), head)
    return _tuned(bench, row, classifier, seed, bench.folder / "finetuned" / f"{key(bench, row)}-{seed}")


def _tuned(bench: Bench, row: Row, classifier: ImageClassifier, seed: int, folder: Path) -> Floats:
    fine_tune(
        classifier,
        bench.subset(bench.training),
        bench.images.classes[bench.training],
        bench.validation,
        options=ClassifierOptions(**bench.options["finetune"]),
        hardware=bench.hardware,
        seed=seed,
        folder=folder,
        on_epoch=lambda number, metrics: bench.on_epoch("finetune", number, metrics),
    )
    save_weights(classifier, folder / "classifier.safetensors")
    source = bench.subset(np.flatnonzero(bench.test))
    features = pooled_features(
        classifier.pooled.encoder, source, pooling=classifier.pooled.pooling, hardware=bench.hardware
    )
    return class_probabilities(classifier.head, features)


def _head_on(bench: Bench, features: Floats, seed: int, folder: Path) -> LinearHead:
    """Fit two linear layers to the training images' features."""
    options = dict(bench.options["head"])
    head = linear_head(features.shape[1], len(bench.images.names), hidden=options.pop("hidden"), seed=seed)
    fit_head(
        head,
        features[bench.training],
        bench.images.classes[bench.training],
        bench.validation,
        options=ClassifierOptions(**options),
        hardware=Hardware(accelerator="cpu", precision="float32", threads=bench.hardware.threads),
        seed=seed,
        folder=folder,
        on_epoch=lambda number, metrics: bench.on_epoch("head", number, metrics),
    )
    save_weights(head, folder / "head.safetensors")
    return head


def _columns(bench: Bench, pooling: str) -> int:
    """Count the features of a pooling; each begins with what the one before has, so one array holds all."""
    width, deepest = bench.options["width"], bench.options["width"] * 2 ** (bench.options["depth"] - 1)
    return int({"mean": width, "mean_std": 2 * width, "mean_std_bottleneck": 2 * width + deepest}[pooling])


def statistics(bench: Bench) -> Floats:
    """Return the colour and texture statistics of all images as they are stored, kept once computed."""
    path = bench.folder / "statistics.npy"
    if not path.exists():
        numbers = bench.images.numbers
        blocks = [numbers[i : i + 256].astype(np.float32) / 255 for i in range(0, len(numbers), 256)]
        write_array(path, np.concatenate([image_statistics(block) for block in blocks]))
    found: Floats = np.load(path)
    return found


def frozen_features(bench: Bench, clusters: int) -> Floats:
    """Return the pooled maps of all images under frozen weights, all poolings side by side, kept once computed."""
    name = bench.part("pretrain", clusters=clusters) if clusters else bench.part(clusters=0)
    path = bench.folder / "features" / f"{clusters}-{name}.npy"
    if not path.exists():
        encoder = taught(bench, clusters) if clusters else untaught(bench, bench.seed)
        source = bench.subset(np.arange(len(bench.images.classes)))
        features = pooled_features(encoder, source, pooling="mean_std_bottleneck", hardware=bench.hardware)
        write_array(path, features)
    found: Floats = np.load(path)
    return found


def untaught(bench: Bench, seed: int) -> EncoderModule:
    """Return the U-Net with random weights."""
    unet = UNet(width=bench.options["width"], depth=bench.options["depth"])
    module = encoder_module(unet, n_bands=bench.images.numbers.shape[1], n_classes=2, seed=seed)
    module.set_scale(*bench.band_scale)
    return module


def taught(bench: Bench, clusters: int) -> EncoderModule:
    """Return the U-Net taught by C-means without labels, on some of the training images; kept once trained."""
    options = dict(bench.options["pretrain"])
    folder = bench.folder / "taught" / f"{clusters}-{bench.part('pretrain', clusters=clusters)}"
    unet = UNet(width=bench.options["width"], depth=bench.options["depth"])
    module = encoder_module(unet, n_bands=bench.images.numbers.shape[1], n_classes=clusters, seed=bench.seed)
    weights = folder / "encoder.safetensors"
    if weights.exists():
        load_weights(module, weights)
        return module
    chosen = np.random.default_rng(bench.seed).permutation(bench.training)[: options.pop("images")]
    images = bench.subset(chosen)
    target = FuzzyCMeans(n_clusters=clusters)
    pixels = sample_pixels(images, options.pop("pixels"), seed=bench.seed)
    model = target.fit(pixels, bands=("B04", "B03", "B02"), seed=bench.seed)
    mean, std = bench.band_scale
    train_encoder(
        module,
        Chips(images),
        lambda found: target.predict(found, model),
        mean=mean,
        std=std,
        options=EncoderOptions(**options),
        hardware=bench.hardware,
        seed=bench.seed,
        folder=folder,
        on_epoch=lambda number, metrics: bench.on_epoch(f"pretrain_{clusters}", number, metrics),
    )
    save_weights(module, weights)
    return module


def _drawn(make: Callable[[], Any], seed: int) -> Any:
    """Call with weights drawn by ``seed``."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()
