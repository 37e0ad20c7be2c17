"""Tiny chips whose soft classes a tiny U-Net can learn, for the tests of training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from rsgraph.encoders.unet import UNet
from rsgraph.training.encoder import train_encoder
from rsgraph.training.fitting import History, OnEpoch
from rsgraph.training.modules import EncoderModule, encoder_module
from rsgraph.training.options import EncoderOptions, Hardware
from rsgraph.types import Floats, Mask

CPU = Hardware(accelerator="cpu", precision="float32", threads=1)
MEAN, STD = np.full(3, 0.5), np.full(3, 0.29)


class TinyChips:
    """``n`` chips of uniform noise; every fourth is held out, unless ``test`` is False."""

    def __init__(self, n: int = 4, *, side: int = 16, test: bool = True) -> None:
        rng = np.random.default_rng(0)
        self.values = [rng.random((3, side, side), dtype=np.float32) for _ in range(n)]
        self.valid = [np.ones((side, side), dtype=np.bool_) for _ in range(n)]
        self.test = test

    def __len__(self) -> int:
        return len(self.values)

    def read(self, i: int) -> tuple[Floats, Mask]:
        return self.values[i], self.valid[i]

    def is_test(self, i: int) -> bool:
        return self.test and i % 4 == 3


def memberships(pixels: Floats) -> Floats:
    """Two soft classes: how bright the first band is."""
    bright = np.clip(pixels[:, :1] * 1.5 - 0.25, 0, 1)
    return np.hstack([bright, 1 - bright]).astype(np.float32)


def tiny_module(seed: int = 1) -> EncoderModule:
    return encoder_module(UNet(width=4, depth=2), n_bands=3, n_classes=2, seed=seed)


def train(
    module: EncoderModule,
    folder: Path,
    *,
    chips: TinyChips | None = None,
    options: EncoderOptions | None = None,
    hardware: Hardware = CPU,
    seed: int = 0,
    on_epoch: OnEpoch | None = None,
) -> History:
    return train_encoder(
        module,
        chips or TinyChips(),
        memberships,
        mean=MEAN,
        std=STD,
        options=options or EncoderOptions(max_epochs=3, batch_size=2, learning_rate=0.002),
        hardware=hardware,
        seed=seed,
        folder=folder,
        on_epoch=on_epoch,
    )


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    return all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)
