"""Inference with a trained encoder or GNN: arrays in, arrays out."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from rsgraph.training.modules import EncoderModule, GnnModule, laid_out
from rsgraph.training.options import Hardware, device_type, uses_bfloat16
from rsgraph.types import Floats, Mask


class FrozenEncoder:
    """A trained encoder made ready to run fast over many chips.

    A copy of the module is moved to the device, each batch normalisation folded into the convolution before it
    (the same function, one pass over the maps less), and the weights laid out channels-last; with bfloat16
    they are rounded once instead of in every call.

    Parameters
    ----------
    module
        Trained; left as it is.
    hardware
        Where and how to compute.
    """

    def __init__(self, module: EncoderModule, hardware: Hardware) -> None:
        self.device = torch.device(device_type(hardware))
        self.dtype = torch.bfloat16 if uses_bfloat16(hardware) else torch.float32
        self.threads = hardware.threads
        frozen = copy.deepcopy(module).eval()
        fold_normalisations(frozen.network)
        laid_out(frozen.network, torch.channels_last).to(dtype=self.dtype)
        self.module = frozen.to(self.device)

    def encode(self, values: Floats, valid: Mask) -> Floats:
        """Encode one chip: (bands, rows, columns) and (rows, columns) to (D, rows, columns) float32."""
        chip: Floats = self.encode_batch(values[None], valid[None])[0]
        return chip

    def encode_batch(self, values: Floats, valid: Mask) -> Floats:
        """Encode chips of one size.

        Parameters
        ----------
        values
            (batch, bands, rows, columns) reflectance; any size, padded to the network's stride inside.
        valid
            (batch, rows, columns); pixels that are not valid enter as the mean of each band.

        Returns
        -------
        Floats
            (batch, D, rows, columns) activation maps; the maps of one pixel lie side by side in memory.
        """
        with torch.inference_mode(), cpu_threads(self.threads):
            activations, _ = self.module(self._inputs(values, valid))
            return _floats(activations)

    def latent(self, values: Floats, valid: Mask) -> Floats:
        """Return one chip's vector (L,) float32; only encoders that make latents have one.

        Parameters
        ----------
        values
            (bands, rows, columns) reflectance.
        valid
            (rows, columns).
        """
        with torch.inference_mode(), cpu_threads(self.threads):
            vector: Floats = _floats(self.module.latent(self._inputs(values[None], valid[None])))[0]
            return vector

    def _inputs(self, values: Floats, valid: Mask) -> Tensor:
        bands = _tensor(values, self.device)
        standardised = self.module.standardise(bands, _tensor(valid, self.device))
        return standardised.to(dtype=self.dtype, memory_format=torch.channels_last)


def encode(module: EncoderModule, values: Floats, valid: Mask, hardware: Hardware) -> Floats:
    """Encode one chip (bands, rows, columns) to (D, rows, columns). For many chips keep a FrozenEncoder."""
    return FrozenEncoder(module, hardware).encode(values, valid)


def embed(
    module: GnnModule,
    x: Floats,
    edge_index: NDArray[np.int64],
    edge_attributes: Floats | None = None,
    *,
    hardware: Hardware | None = None,
) -> list[Floats]:
    """Return the outputs of all GNN layers for one graph.

    Parameters
    ----------
    module
        Trained.
    x
        (nodes, features) float32.
    edge_index
        (2, edges).
    edge_attributes
        (edges, attributes) or None.
    hardware
        Where to compute; None for the CPU. A graph of 500 nodes takes milliseconds there.

    Returns
    -------
    list of Floats
        (nodes, D) per layer; the last are the logits (nodes, C).
    """
    hardware = hardware or Hardware(accelerator="cpu")
    device = torch.device(device_type(hardware))
    network = module.eval() if device.type == "cpu" else copy.deepcopy(module).eval().to(device)
    with torch.inference_mode(), cpu_threads(hardware.threads):
        attributes = None if edge_attributes is None else _tensor(edge_attributes, device)
        outputs: Sequence[Tensor] = network(_tensor(x, device), _tensor(edge_index, device), attributes)
        return [_floats(output) for output in outputs]


def _tensor(array: NDArray[Any], device: torch.device) -> Tensor:
    """Hand an array to torch, which wants it contiguous and writable (a mapped file is not)."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"])).to(device)


def _floats(values: Tensor) -> Floats:
    array: Floats = values.float().cpu().numpy()
    return array


def fold_normalisations(network: nn.Module) -> None:
    """Fold every BatchNorm2d that directly follows a Conv2d in a Sequential into it, in place."""
    for sequence in [part for part in network.modules() if isinstance(part, nn.Sequential)]:
        for i in range(len(sequence) - 1):
            convolution, normalisation = sequence[i], sequence[i + 1]
            if type(convolution) is nn.Conv2d and type(normalisation) is nn.BatchNorm2d:
                sequence[i] = fuse_conv_bn_eval(convolution, normalisation)
                sequence[i + 1] = nn.Identity()


@contextmanager
def cpu_threads(threads: int | None) -> Iterator[None]:
    """Use this many CPU threads inside; None leaves the number as it is."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
