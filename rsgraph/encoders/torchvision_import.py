"""The import of torchvision beside a torch that its compiled operators do not fit."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec

import torch

_SYMPTOM = "operator torchvision::nms does not exist"
_definitions: list[torch.library.Library] = []  # a definition lives as long as its Library


def import_torchvision() -> None:
    """Import torchvision if it is installed, declaring its operators ``nms`` where they are missing.

    PyPI's torchvision is compiled for the CUDA build of torch. Beside a CPU build its operators do not load,
    and ``import torchvision`` stops at the first that it describes (pytorch/vision #8373). Everything that
    imports it stops too: segmentation-models-pytorch, timm, and torchmetrics, so pytorch-lightning. None of
    them suppresses boxes here, therefore declarations (no implementations) of the two operators that it
    describes without looking are enough. Call this before importing them. Any other failure of the import is
    passed on.
    """
    if "torchvision" in sys.modules or find_spec("torchvision") is None:
        return
    before = set(sys.modules)
    try:
        import_module("torchvision")
    except RuntimeError as error:
        if _SYMPTOM not in str(error):
            raise
        _forget(set(sys.modules) - before)
        _declare()
        import_module("torchvision")


def _forget(modules: set[str]) -> None:
    """Drop what a failed import left half-initialised."""
    for name in modules:
        if name.partition(".")[0] == "torchvision":
            del sys.modules[name]


def _declare() -> None:
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]  # torch has no type here
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]  # nor here
    _definitions.append(library)
