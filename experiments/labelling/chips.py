"""EuroSAT: each image is one point with one class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.eurosat.data import EuroSatImages
from experiments.labelling.numbers import block, scaled, whitened
from experiments.labelling.representations import LEAST, Representation
from rsgraph import Workspace
from rsgraph.evaluation.statistics import image_statistics
from rsgraph.io.eurosat import EuroSat
from rsgraph.options import read_choice
from rsgraph.stages.encoder import load_encoder
from rsgraph.training.inference import FrozenEncoder
from rsgraph.training.options import Hardware
from rsgraph.types import Floats

_BATCH = 100


@dataclass(frozen=True)
class Chips:
    """Images drawn by a seed, and the folder of the workspaces that were made of (other) images.

    Parameters
    ----------
    images
        All of EuroSAT.
    rows
        (n,) the images that are points.
    workspace
        Of ``rsgraph run eurosat_rgb.zip data.limit=1000 experiment=laptop``: a U-Net that was taught without labels.
    """

    images: EuroSatImages
    rows: NDArray[np.int64]
    workspace: Path

    @property
    def counts(self) -> NDArray[np.int64]:
        """Return the class of each image, one-hot (n, 10): every image counts as one."""
        return np.eye(len(self.images.names), dtype=np.int64)[self.images.classes[self.rows]]


def drawn(images: EuroSatImages, number: int, workspace: Path, *, seed: int) -> Chips:
    """Draw images."""
    n = len(images.classes)
    rows = np.arange(n) if number >= n else np.sort(np.random.default_rng(seed).choice(n, number, replace=False))
    return Chips(images, rows, workspace)


def of_workspace(images: EuroSatImages, archive: Path, folder: Path) -> Chips:
    """Return the images that a workspace drew, in its order of chips."""
    names = [scene.name for scene in Workspace(folder).scenes]
    index = {scene.name: row for row, scene in enumerate(EuroSat().open(archive))}
    return Chips(images, np.array([index[name] for name in names]), folder)


def pixels(chips: Chips, rows: NDArray[np.int64]) -> Floats:
    """Return images (n, 3, 64, 64), 0 to 1."""
    return np.asarray(chips.images.numbers[rows], dtype=np.float32) / np.float32(255)


def _over_batches(chips: Chips, describe: Callable[[Floats], Floats]) -> Floats:
    parts = [chips.rows[first : first + _BATCH] for first in range(0, len(chips.rows), _BATCH)]
    return np.concatenate([describe(pixels(chips, part)) for part in parts])


def colours(chips: Chips) -> Floats:
    """Return the mean of each band."""
    return _over_batches(chips, lambda images: images.mean(axis=(2, 3)))


def statistics(chips: Chips) -> Floats:
    """Return colour and texture statistics (n, 56)."""
    return _over_batches(chips, image_statistics)


def unet(chips: Chips) -> Floats:
    """Return mean and standard deviation of each map of the U-Net."""
    workspace = Workspace(chips.workspace)
    frozen = FrozenEncoder(
        load_encoder(workspace, read_choice("encoder", workspace.config["encoder"])), Hardware(threads=1)
    )

    def describe(images: Floats) -> Floats:
        maps = frozen.encode_batch(images, np.ones((len(images), *images.shape[2:]), dtype=np.bool_))
        return np.concatenate([maps.mean(axis=(2, 3)), maps.std(axis=(2, 3))], axis=1)

    return _over_batches(chips, describe)


def mean_of_nodes(chips: Chips, layer: str) -> Floats:
    """Return the mean of each chip's segments in one layer of the workspace."""
    workspace = Workspace(chips.workspace)
    chip = np.searchsorted(workspace.chips["chip_id"], workspace.segments["chip_id"])
    total = np.zeros((len(chips.rows), workspace.embedding(layer).shape[1]))
    np.add.at(total, chip, workspace.embedding(layer))
    return (total / np.bincount(chip)[:, None]).astype(np.float32)


def moments_of_nodes(chips: Chips, layer: str) -> Floats:
    """Return mean and standard deviation over each chip's segments: what is there, and how mixed it is."""
    workspace = Workspace(chips.workspace)
    chip = np.searchsorted(workspace.chips["chip_id"], workspace.segments["chip_id"])
    mean = mean_of_nodes(chips, layer)
    square = np.zeros(mean.shape)
    np.add.at(square, chip, (workspace.embedding(layer) - mean[chip]) ** 2)
    return np.concatenate([mean, np.sqrt(square / np.bincount(chip)[:, None])], axis=1).astype(np.float32)


def distances(chips: Chips) -> Floats:
    """Return 1 - similarity of chips by the Hungarian matching of their nodes, (n, n)."""
    matrix = Workspace(chips.workspace).similarity.matrix
    assert matrix is not None
    return np.asarray(1 - matrix, dtype=np.float32)


def latent(chips: Chips) -> Floats:
    """Return the autoencoder's vectors of the same images."""
    other = Workspace(chips.workspace.with_name(f"{chips.workspace.name}_latent"))
    assert [scene.name for scene in other.scenes] == [scene.name for scene in Workspace(chips.workspace).scenes]
    return other.latents


CHIP: dict[str, Callable[[Chips], Representation]] = {
    "colours": lambda c: Representation(scaled(colours(c)), "euclidean"),
    "statistics": lambda c: Representation(scaled(statistics(c)), "euclidean"),
    "statistics_white": lambda c: Representation(whitened(statistics(c), least=LEAST), "euclidean"),
    "unet": lambda c: Representation(scaled(unet(c)), "euclidean"),
    "unet_statistics": lambda c: Representation(
        np.concatenate([block(unet(c)), block(statistics(c))], axis=1), "euclidean"
    ),
    "mean_bands": lambda c: Representation(mean_of_nodes(c, "bands"), "cosine"),
    "mean_encoder": lambda c: Representation(mean_of_nodes(c, "encoder"), "cosine"),
    "mean_gnn1": lambda c: Representation(mean_of_nodes(c, "gnn1"), "cosine"),
    "mean_gnn2": lambda c: Representation(mean_of_nodes(c, "gnn2"), "cosine"),
    "moments_bands": lambda c: Representation(scaled(moments_of_nodes(c, "bands")), "euclidean"),
    "moments_encoder": lambda c: Representation(scaled(moments_of_nodes(c, "encoder")), "euclidean"),
    "hungarian": lambda c: Representation(distances(c), "precomputed"),
    "latent": lambda c: Representation(latent(c), "euclidean"),
}
"""By name."""
