"""Choices of segmentation-models-pytorch are listed, and what is missing is named."""

from __future__ import annotations

from importlib.machinery import ModuleSpec
from importlib.util import find_spec

import pytest

from rsgraph.encoders import segmentation_models
from rsgraph.encoders.segmentation_models import SegmentationModels
from rsgraph.errors import ConfigError, NotInstalled


def test_segmentation_models_lists_the_choices() -> None:
    with pytest.raises(ConfigError, match=r"^unknown architecture 'unt'; choose one of: deeplabv3, .*unetplusplus"):
        SegmentationModels(architecture="unt")
    with pytest.raises(ConfigError, match=r"^unknown backbone 'resnet19'; choose one of: .*resnet18"):
        SegmentationModels(backbone="resnet19")
    with pytest.raises(ConfigError, match=r"^unknown backbone 'tu-nothing'; choose one of: "):
        SegmentationModels(backbone="tu-nothing")
    with pytest.raises(ConfigError, match=r"^`maps` must be at least 1. Got 0 instead"):
        SegmentationModels(maps=0)


def test_segmentation_models_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> ModuleSpec | None:
        return None if name == "segmentation_models_pytorch" else find_spec(name)

    monkeypatch.setattr(segmentation_models, "find_spec", absent)
    with pytest.raises(NotInstalled, match=r"pip install 'rsgraph\[smp\]'"):
        SegmentationModels()
