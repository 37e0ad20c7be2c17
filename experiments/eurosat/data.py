"""EuroSAT in memory: decoded once with the project's reader, then mapped from one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from rsgraph.files import atomic, read_json, write_json
from rsgraph.io.eurosat import EuroSat
from rsgraph.types import Floats, Mask, Window


@dataclass(frozen=True)
class EuroSatImages:
    """All images: 8-bit numbers (n, bands, rows, columns), the class of each, and the names of the classes."""

    numbers: NDArray[np.uint8]
    classes: NDArray[np.int64]
    names: list[str]


def load(archive: Path, folder: Path) -> EuroSatImages:
    """Read the images, in the reader's order (class, number); decode them into ``folder`` the first time."""
    store, index = folder / "images.npy", folder / "images.json"
    if not index.exists():
        _decode(archive, store, index)
    about = read_json(index)
    names = sorted(set(about["classes"]))
    classes = np.searchsorted(names, about["classes"]).astype(np.int64)
    return EuroSatImages(np.load(store, mmap_mode="r"), classes, names)


def _decode(archive: Path, store: Path, index: Path) -> None:
    scenes = EuroSat().open(archive)
    whole = Window(0, 0, scenes[0].rows, scenes[0].columns)
    numbers = np.empty((len(scenes), len(scenes[0].bands), whole.rows, whole.columns), dtype=np.uint8)
    for i, scene in enumerate(scenes):
        numbers[i] = np.rint(scene.source.read(whole).values * 255)
    with atomic(store) as temporary:
        np.save(temporary, numbers)
    write_json(index, {"classes": [scene.class_name for scene in scenes], "bands": list(scenes[0].bands)})


@dataclass(frozen=True)
class ImageSubset:
    """Some of the images, 0 to 1, enlarged bilinearly to ``size`` where that differs: what training reads."""

    numbers: NDArray[np.uint8]
    rows: NDArray[np.int64]
    size: int

    def __len__(self) -> int:
        return len(self.rows)

    def read(self, i: int) -> Floats:
        """Return one image (bands, size, size)."""
        values = self.numbers[self.rows[i]].astype(np.float32) / 255
        if values.shape[-1] == self.size:
            return values
        enlarged = functional.interpolate(torch.from_numpy(values)[None], self.size, mode="bilinear")
        found: Floats = enlarged[0].numpy()
        return found


@dataclass(frozen=True)
class Chips:
    """The images as the encoder's training reads them: every tenth validates."""

    images: ImageSubset

    def __len__(self) -> int:
        return len(self.images)

    def is_test(self, i: int) -> bool:
        """Hold every tenth out."""
        return i % 10 == 9

    def read(self, i: int) -> tuple[Floats, Mask]:
        """Return an image, all of it valid."""
        values = self.images.read(i)
        return values, np.ones(values.shape[1:], dtype=np.bool_)


def sample_pixels(images: ImageSubset, n: int, *, seed: int) -> Floats:
    """Draw about ``n`` pixels (n, bands), as many from each image: at regular steps from a drawn start."""
    each = -(-n // len(images))
    generator = np.random.default_rng(seed)
    parts = []
    for i in range(len(images)):
        pixels = images.read(i).reshape(images.numbers.shape[1], -1)
        step = pixels.shape[1] // each
        parts.append(pixels[:, int(generator.integers(step)) :: step][:, :each].T)
    return np.concatenate(parts)


def scale(images: ImageSubset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of each band over these images, from the counts of the 256 numbers."""
    levels = np.arange(256) / 255
    counts = np.zeros((images.numbers.shape[1], 256))
    for i in images.rows:
        counts += [np.bincount(band.ravel(), minlength=256) for band in images.numbers[i]]
    shares = counts / counts.sum(axis=1, keepdims=True)
    mean = shares @ levels
    return mean, np.sqrt(shares @ levels**2 - mean**2)
