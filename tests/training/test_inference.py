"""Applying a network: fast, but the same numbers as the plain network."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from rsgraph.encoders.bands import Bands
from rsgraph.gnn.sage import Sage
from rsgraph.training.inference import FrozenEncoder, cpu_threads, embed, fold_normalisations
from rsgraph.training.modules import EncoderModule, encoder_module, gnn_module
from rsgraph.training.options import Hardware
from rsgraph.types import Floats, Mask
from tests.training.chips import CPU, MEAN, STD, same_weights, tiny_module

VALUES = np.random.default_rng(0).random((3, 20, 14), dtype=np.float32)
VALID = np.ones((20, 14), dtype=np.bool_)
BF16 = Hardware(accelerator="cpu", precision="bf16", threads=1)


@pytest.fixture
def module() -> EncoderModule:
    """A network whose normalisations have seen data."""
    module = tiny_module()
    module.set_scale(MEAN, STD)
    module.train()
    with torch.no_grad():
        for _ in range(20):
            module(torch.randn(2, 3, 16, 16) * 2 + 1)
    return module.eval()


def encode(module: EncoderModule, values: Floats, valid: Mask, hardware: Hardware) -> Floats:
    return FrozenEncoder(module, hardware).encode(values, valid)


def _plain(module: EncoderModule) -> torch.Tensor:
    with torch.inference_mode():
        bands = torch.from_numpy(VALUES)[None]
        return module(module.standardise(bands, torch.from_numpy(VALID)[None]))[0][0]


def test_encode_equals_the_plain_network(module: EncoderModule) -> None:
    maps = encode(module, VALUES, VALID, CPU)
    assert maps.dtype == np.float32
    np.testing.assert_allclose(maps, _plain(module).numpy(), atol=1e-5)


def test_encode_in_bfloat16_is_close(module: EncoderModule) -> None:
    maps, plain = encode(module, VALUES, VALID, BF16), _plain(module).numpy()
    assert maps.dtype == np.float32
    assert np.abs(maps - plain).max() < 0.03 * plain.max()
    assert np.corrcoef(maps.ravel(), plain.ravel())[0, 1] > 0.999


def test_encode_leaves_the_module_as_it_was(module: EncoderModule) -> None:
    before = copy.deepcopy(module)
    FrozenEncoder(module, BF16)
    assert same_weights(module, before)


def test_encode_batch_equals_chip_by_chip(module: EncoderModule) -> None:
    frozen = FrozenEncoder(module, CPU)
    batch = np.stack([VALUES, VALUES[:, ::-1]])
    together = frozen.encode_batch(batch, np.stack([VALID, VALID]))
    np.testing.assert_allclose(together[1], frozen.encode(batch[1], VALID), atol=1e-6)


def test_encode_does_not_see_pixels_without_data(module: EncoderModule) -> None:
    valid = VALID.copy()
    valid[5:9, 3:7] = False
    wild = VALUES.copy()
    wild[:, 5:9, 3:7] = 1e9
    np.testing.assert_array_equal(encode(module, VALUES, valid, CPU), encode(module, wild, valid, CPU))


def test_encode_takes_mapped_files_and_views(module: EncoderModule) -> None:
    mapped, valid = VALUES.copy(), VALID.copy()
    mapped.setflags(write=False)
    valid.setflags(write=False)
    np.testing.assert_array_equal(encode(module, mapped, valid, CPU), encode(module, VALUES, VALID, CPU))
    rotated = np.rot90(VALUES, axes=(1, 2)), np.rot90(VALID)
    np.testing.assert_array_equal(
        encode(module, *rotated, CPU), encode(module, rotated[0].copy(), rotated[1].copy(), CPU)
    )


def test_encode_bands_returns_the_bands() -> None:
    np.testing.assert_array_equal(encode(encoder_module(Bands(), n_bands=3, n_classes=0), VALUES, VALID, CPU), VALUES)


def test_fold_normalisations_leaves_no_normalisation_that_follows_a_convolution(module: EncoderModule) -> None:
    fold_normalisations(module.network)
    assert not [part for part in module.modules() if isinstance(part, nn.BatchNorm2d)]
    kept = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 3, 1)).eval()
    fold_normalisations(kept)
    assert isinstance(kept[0], nn.BatchNorm2d)


def test_embed_returns_every_layer_as_the_network_gives_them() -> None:
    rng = np.random.default_rng(0)
    x, edges = rng.normal(size=(6, 4)).astype(np.float32), rng.integers(0, 6, (2, 12))
    module = gnn_module(Sage(hidden=5), n_features=4, n_classes=3)
    assert module is not None
    layers = embed(module, x, edges, hardware=CPU)
    assert [layer.shape for layer in layers] == [(6, 5), (6, 5), (6, 3)]
    with torch.no_grad():
        plain = module(torch.from_numpy(x), torch.from_numpy(edges))
    for got, wanted in zip(layers, plain, strict=True):
        np.testing.assert_array_equal(got, wanted.numpy())


def test_cpu_threads_are_put_back() -> None:
    before = torch.get_num_threads()
    with cpu_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
    with cpu_threads(None):
        assert torch.get_num_threads() == before
