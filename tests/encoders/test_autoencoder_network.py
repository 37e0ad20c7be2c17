"""The autoencoder: nothing but its vector reaches the decoder, the vector knows where things lie, and it learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from rsgraph.encoders.autoencoder import Autoencoder
from rsgraph.training.encoder import train_encoder
from rsgraph.training.fitting import History
from rsgraph.training.modules import EncoderModule, encoder_module
from rsgraph.training.options import EncoderOptions
from rsgraph.types import Floats, Mask
from tests.training.chips import CPU, same_weights


class Halves:
    """Chips that brighten towards one side, each another one; four train, four of the same kind validate."""

    def __init__(self, n: int = 8) -> None:
        rng = np.random.default_rng(0)
        ramp = np.linspace(0, 1, 16, dtype=np.float32)
        bright = np.broadcast_to(ramp, (16, 16))
        self.values = [np.stack([np.rot90(bright, i), np.rot90(bright, i + 1)]).copy() for i in range(n)]
        self.valid = [rng.random((16, 16)) > 0.05 for _ in range(n)]

    def __len__(self) -> int:
        return len(self.values)

    def read(self, i: int) -> tuple[Floats, Mask]:
        return self.values[i], self.valid[i]

    def is_test(self, i: int) -> bool:
        return i >= 4


def module(seed: int = 1) -> EncoderModule:
    return encoder_module(Autoencoder(width=4, depth=3, latent=6), n_bands=2, n_classes=9, seed=seed)


def train(untrained: EncoderModule, folder: Path, *, epochs: int, seed: int = 0) -> History:
    return train_encoder(
        untrained,
        Halves(),
        None,
        mean=[0.5, 0.5],
        std=[0.29, 0.29],
        options=EncoderOptions(max_epochs=epochs, batch_size=2, learning_rate=0.01, rotation=False),
        hardware=CPU,
        seed=seed,
        folder=folder,
    )


@pytest.mark.parametrize(("rows", "columns"), [(16, 16), (48, 32), (64, 64)])
def test_autoencoder_gives_maps_bands_and_one_vector_whatever_the_size(rows: int, columns: int) -> None:
    network = Autoencoder(width=4, depth=3, latent=7).network(3, 9).eval()
    bands = torch.randn(2, 3, rows, columns)
    maps, again = network(bands)
    assert (maps.shape, again.shape) == ((2, 4, rows, columns), (2, 3, rows, columns))
    assert network.latent(bands).shape == (2, 7)


def test_autoencoder_pads_chips_that_are_no_multiple_of_its_stride() -> None:
    built = module()
    assert built.latent(torch.randn(1, 2, 13, 10)).shape == (1, 6)
    assert built(torch.randn(1, 2, 13, 10))[1].shape == (1, 2, 13, 10)


def test_autoencoder_decodes_nothing_but_the_vector() -> None:
    network = Autoencoder(width=4, depth=3, latent=5).network(2, 0).eval()
    torch.nn.init.zeros_(network.shrink.weight)
    first, second = (network(torch.randn(1, 2, 16, 16))[1] for _ in range(2))
    assert torch.equal(first, second)


def test_autoencoder_vector_changes_when_the_chip_is_rotated() -> None:
    network = Autoencoder(width=4, depth=3).network(2, 0).eval()
    chip = (torch.from_numpy(Halves().values[0][None]) - 0.5) / 0.29
    vector, rotated, nothing = (network.latent(each) for each in (chip, chip.rot90(1, (-2, -1)), 0 * chip))
    assert float(torch.cosine_similarity(vector - nothing, rotated - nothing).detach()) < 0.9


def test_autoencoder_reconstructs_new_chips_better_than_the_mean(tmp_path: Path) -> None:
    history = train(module(), tmp_path, epochs=40)
    best = history.epochs[history.best_epoch]
    assert best["val_loss"] == best["mse"] < 0.5  # the bands' means reach 1


def test_autoencoder_training_goes_on_where_it_was(tmp_path: Path) -> None:
    whole, parts, other = module(), module(), module()
    train(whole, tmp_path / "whole", epochs=4)
    train(parts, tmp_path / "parts", epochs=2)
    resumed = module()
    assert train(resumed, tmp_path / "parts", epochs=4).resumed_at == 2
    assert same_weights(resumed, whole)
    train(other, tmp_path / "other", epochs=4, seed=1)
    assert not same_weights(other, whole)


def test_autoencoder_is_drawn_by_the_seed() -> None:
    assert same_weights(module(seed=3), module(seed=3))
    assert not same_weights(module(seed=3), module(seed=4))
