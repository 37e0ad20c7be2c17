"""The modules that are trained, saved and applied: a network behind the standardisation of its inputs."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from rsgraph.errors import ModelMismatch, NotThere, WorkspaceError, in_short
from rsgraph.files import atomic
from rsgraph.own_files.models import check_weights
from rsgraph.protocols import Encoder, Gnn

_Made = TypeVar("_Made")
_Module = TypeVar("_Module", bound=nn.Module)


class EncoderModule(nn.Module):
    """An encoder's network behind the standardisation of its bands.

    Parameters
    ----------
    network
        Takes (batch, bands, rows, columns), returns (activations, logits or None); may have a ``latent``.
    n_bands
        Number of bands.
    stride
        The network wants rows and columns that are multiples of this; others are padded and cropped again.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, *, n_bands: int, stride: int) -> None:
        super().__init__()
        self.network = network
        self.stride = stride
        self.register_buffer("mean", torch.zeros(n_bands))
        self.register_buffer("std", torch.ones(n_bands))

    def set_scale(self, mean: ArrayLike, std: ArrayLike) -> None:
        """Set each band's mean and standard deviation; a constant band gets a deviation of 1."""
        _set_scale(self.mean, self.std, mean, std)

    def standardise(self, bands: Tensor, valid: Tensor) -> Tensor:
        """Return (bands - mean) / std, and 0, the band's mean, where ``valid`` (batch, rows, columns) is False."""
        scaled = (bands - self.mean[:, None, None]) / self.std[:, None, None]
        return scaled.masked_fill(~valid[:, None], 0.0)

    def forward(self, standardised: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return activations (batch, D, rows, columns) and logits (batch, C, rows, columns) or None.

        The logits of an encoder that learns bands are the standardised bands again.
        """
        rows, columns = standardised.shape[-2:]
        activations, logits = self.network(self._padded(standardised))
        if logits is not None:
            logits = logits[..., :rows, :columns]
        return activations[..., :rows, :columns], logits

    def latent(self, standardised: Tensor) -> Tensor:
        """Return one vector per chip (batch, L), of encoders that make them."""
        vectors: Tensor = self.network.latent(self._padded(standardised))  # type: ignore[operator]  # any nn.Module
        return vectors

    def _padded(self, standardised: Tensor) -> Tensor:
        rows, columns = standardised.shape[-2:]
        padding = (0, -columns % self.stride, 0, -rows % self.stride)
        return functional.pad(standardised, padding) if any(padding) else standardised


class GnnModule(nn.Module):
    """A GNN behind the standardisation of its node features and edge attributes.

    Parameters
    ----------
    network
        Takes (x, edge_index, edge_attributes), returns the list of all layers' outputs.
    n_features, n_edge_attributes
        Columns of both.
    """

    mean: Tensor
    std: Tensor
    edge_mean: Tensor
    edge_std: Tensor

    def __init__(self, network: nn.Module, *, n_features: int, n_edge_attributes: int) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("std", torch.ones(n_features))
        self.register_buffer("edge_mean", torch.zeros(n_edge_attributes))
        self.register_buffer("edge_std", torch.ones(n_edge_attributes))

    def set_scale(self, mean: ArrayLike, std: ArrayLike) -> None:
        """Set each feature's mean and standard deviation; a constant feature gets a deviation of 1."""
        _set_scale(self.mean, self.std, mean, std)

    def set_edge_scale(self, mean: ArrayLike, std: ArrayLike) -> None:
        """Set each edge attribute's mean and standard deviation likewise."""
        _set_scale(self.edge_mean, self.edge_std, mean, std)

    def forward(self, x: Tensor, edge_index: Tensor, edge_attributes: Tensor | None = None) -> list[Tensor]:
        """Return the outputs of all layers, (n, D) each; the last are the logits (n, C) where it is trained."""
        if edge_attributes is not None:
            edge_attributes = (edge_attributes - self.edge_mean) / self.edge_std
        outputs: list[Tensor] = self.network((x - self.mean) / self.std, edge_index, edge_attributes)
        return outputs


def _set_scale(mean: Tensor, std: Tensor, new_mean: ArrayLike, new_std: ArrayLike) -> None:
    deviation = np.asarray(new_std, dtype=np.float32)
    deviation = np.where(np.isfinite(deviation) & (deviation > 1e-8), deviation, np.float32(1.0))
    mean.copy_(torch.from_numpy(np.array(new_mean, dtype=np.float32)))
    std.copy_(torch.from_numpy(deviation))


def encoder_module(encoder: Encoder, *, n_bands: int, n_classes: int, seed: int = 0) -> EncoderModule:
    """Build an encoder's network with weights drawn by ``seed``, ready to be trained or to load weights into."""
    network = _seeded(lambda: encoder.network(n_bands, n_classes), seed)
    return EncoderModule(network, n_bands=n_bands, stride=encoder.stride).eval()


def gnn_module(
    gnn: Gnn, *, n_features: int, n_classes: int, n_edge_attributes: int = 0, seed: int = 0
) -> GnnModule | None:
    """Build a GNN with weights drawn by ``seed``, ready to be trained or to load weights into; None for no GNN."""
    network = _seeded(lambda: gnn.network(n_features, n_classes, n_edge_attributes), seed)
    if network is None:
        return None
    return GnnModule(network, n_features=n_features, n_edge_attributes=n_edge_attributes).eval()


def laid_out(module: _Module, layout: torch.memory_format) -> _Module:
    """Lay a module's convolution weights out in this order, in place. The values stay as they are."""
    return module.to(memory_format=layout)  # type: ignore[call-overload,no-any-return]  # missing in torch's stubs


def _seeded(make: Callable[[], _Made], seed: int) -> _Made:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def save_weights(module: nn.Module, path: Path) -> Path:
    """Write a module's state as safetensors: whole or not at all.

    Raises
    ------
    OutputError
        The disk is full or the folder not writable.
    """
    state = {name: value.detach().cpu().contiguous() for name, value in module.state_dict().items()}
    with atomic(path) as temporary:
        try:
            save_file(state, temporary)
        except SafetensorError as error:  # the state is plain tensors: only the disk can refuse them
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
    return path


def load_weights(module: nn.Module, path: Path) -> None:
    """Read a module's state that :func:`save_weights` wrote.

    Raises
    ------
    NotThere
        The file does not exist.
    WorkspaceError
        The file is damaged, or a weight is not finite.
    ModelMismatch
        The weights belong to a network of another shape.
    """
    if not path.is_file():
        raise NotThere(f"no weights at {path}: train first, or name a workspace that was trained.")
    check_weights(path)
    try:
        state = load_file(path)
    except SafetensorError as error:
        raise WorkspaceError(
            f"the weights in {path} are damaged ({in_short(error)}): delete the file and train again, or restore it."
        ) from error
    own = module.state_dict()
    differing = sorted(name for name in own.keys() | state.keys() if _shape(own, name) != _shape(state, name))
    if differing:
        first = differing[0]
        raise ModelMismatch(
            f"the weights in {path} do not fit this network: {len(differing)} tensors differ, first `{first}` "
            f"(file {_shape(state, first)}, network {_shape(own, first)}). Use the bands, classes, encoder and "
            "gnn that they were trained with."
        )
    module.load_state_dict(state)


def _shape(state: dict[str, Tensor], name: str) -> tuple[int, ...] | None:
    return tuple(state[name].shape) if name in state else None
