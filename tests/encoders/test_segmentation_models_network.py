"""segmentation-models-pytorch runs for real, from scratch, with any number of bands."""

from __future__ import annotations

import socket
from typing import NoReturn

import pytest
import torch

from rsgraph.encoders.segmentation_models import SegmentationModels
from rsgraph.errors import ConfigError


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a network connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize(
    ("architecture", "backbone"),
    [("unet", "resnet18"), ("deeplabv3plus", "mobilenet_v2"), ("fpn", "tu-resnet10t"), ("segformer", "mit_b0")],
)
def test_segmentation_models_learns_a_step_on_one_chip(architecture: str, backbone: str) -> None:
    encoder = SegmentationModels(architecture, backbone, maps=6)
    torch.manual_seed(0)
    network = encoder.network(5, 3)
    bands = torch.randn(1, 5, 2 * encoder.stride, encoder.stride)
    maps, logits = network.train()(bands)
    assert (maps.shape, logits.shape) == ((1, 6, 64, 32), (1, 3, 64, 32))
    assert float(maps.detach().min()) >= 0
    torch.testing.assert_close(logits, network.head(maps))
    logits.square().mean().backward()
    gradients = [p.grad.abs().sum() for p in network.parameters() if p.grad is not None]
    assert len(gradients) > 10
    assert all(bool(torch.isfinite(gradient)) for gradient in gradients)
    assert any(bool(gradient > 0) for gradient in gradients)


def test_segmentation_models_names_a_backbone_that_does_not_fit() -> None:
    with pytest.raises(ConfigError, match=r"^`backbone` must be one that `architecture` 'dpt' works with\. Got"):
        SegmentationModels(architecture="dpt").network(5, 3)
