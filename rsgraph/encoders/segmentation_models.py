"""Any architecture of segmentation-models-pytorch as the encoder."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from rsgraph.errors import ConfigError, NotInstalled
from rsgraph.protocols import WIDEST, Encoder, refuse_above

if TYPE_CHECKING:
    from torch import nn


class SegmentationModels(Encoder):
    """Any architecture of segmentation-models-pytorch, trained from scratch on the soft classes.

    The model's output, ``maps`` channels at the size of the chip, goes through a ReLU and is the activation
    maps; a 1 x 1 convolution turns them into one logit per class. No weights are downloaded: pretrained ones
    know three bands, not twelve.

    Parameters
    ----------
    architecture
        Such as ``unet``, ``unetplusplus``, ``fpn``, ``deeplabv3plus``, ``segformer``. ``pan`` wants chips of
        at least 256 pixels; ``dpt`` wants a ``tu-`` vision transformer that fits the chip.
    backbone
        Such as ``resnet18``, ``efficientnet-b0``, ``mit_b0``; or ``tu-`` and the name of a timm model.
    maps
        Number of activation maps; 64 as in the paper's U-Net.

    Raises
    ------
    NotInstalled
        segmentation-models-pytorch is missing.
    ConfigError
        An unknown architecture or backbone (the message lists those known), ``maps`` below 1, or a backbone
        that the architecture does not work with.

    Notes
    -----
    Not in the paper, which names its own U-Net.

    References
    ----------
    https://smp.readthedocs.io
    """

    stride = 32  # every backbone halves the maps at most five times

    def __init__(self, architecture: str = "unet", backbone: str = "resnet18", maps: int = 64) -> None:
        if maps < 1:
            raise ConfigError(f"`maps` must be at least 1. Got {maps} instead; the paper's U-Net has 64.")
        refuse_above(WIDEST, maps=maps)
        library = _library()
        _check("architecture", architecture, library.MODEL_ARCHITECTURES_MAPPING)
        if not _is_timm_model(backbone):
            _check("backbone", backbone, library.encoders.get_encoder_names())
        self.architecture = architecture
        self.backbone = backbone
        self.maps = maps

    def network(self, n_bands: int, n_classes: int) -> nn.Module:
        """Build the network, its weights drawn by torch's generator."""
        try:
            model = _library().create_model(
                self.architecture,
                encoder_name=self.backbone,
                encoder_weights=None,
                in_channels=n_bands,
                classes=self.maps,
            )
        except ValueError as error:
            raise ConfigError(
                f"`backbone` must be one that `architecture` '{self.architecture}' works with. "
                f"Got '{self.backbone}' instead: {error}"
            ) from error
        from rsgraph.encoders.segmentation_models_network import SegmentationModelsNetwork

        return SegmentationModelsNetwork(model, maps=self.maps, n_classes=n_classes)


def _library() -> Any:
    """Import segmentation-models-pytorch. Raises NotInstalled."""
    if find_spec("segmentation_models_pytorch") is None:
        raise NotInstalled(
            "encoder 'segmentation_models' needs segmentation-models-pytorch: pip install 'rsgraph[smp]'"
        )
    from rsgraph.encoders.torchvision_import import import_torchvision

    import_torchvision()
    return import_module("segmentation_models_pytorch")


def _is_timm_model(backbone: str) -> bool:
    return backbone.startswith("tu-") and bool(import_module("timm").is_model(backbone.removeprefix("tu-")))


def _check(name: str, value: str, choices: Any) -> None:
    if value not in choices:
        raise ConfigError(f"unknown {name} '{value}'; choose one of: {', '.join(sorted(choices))}")
