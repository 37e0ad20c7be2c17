"""Training and inference of encoders and GNNs: LightningModules and the assembly of the Trainer.

Pure rooms: arrays, modules and options in, arrays and a history out. The names below are imported on first
use, because Lightning takes seconds to load and is only needed to train.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rsgraph.training.options import EncoderOptions, Hardware, TrainingOptions, describe, describe_together

if TYPE_CHECKING:
    from rsgraph.training.encoder import ChipSource, train_encoder
    from rsgraph.training.fitting import History
    from rsgraph.training.gnn import train_gnn
    from rsgraph.training.graphs import GraphSample, fit_gnn
    from rsgraph.training.inference import FrozenEncoder, embed
    from rsgraph.training.modules import (
        EncoderModule,
        GnnModule,
        encoder_module,
        gnn_module,
        load_weights,
        save_weights,
    )

__all__ = [
    "ChipSource",
    "EncoderModule",
    "EncoderOptions",
    "FrozenEncoder",
    "GnnModule",
    "GraphSample",
    "Hardware",
    "History",
    "TrainingOptions",
    "describe",
    "describe_together",
    "embed",
    "encoder_module",
    "fit_gnn",
    "gnn_module",
    "load_weights",
    "save_weights",
    "train_encoder",
    "train_gnn",
]

_PLACES = {
    "encoder": ("ChipSource", "train_encoder"),
    "fitting": ("History",),
    "gnn": ("train_gnn",),
    "graphs": ("GraphSample", "fit_gnn"),
    "inference": ("FrozenEncoder", "embed"),
    "modules": ("EncoderModule", "GnnModule", "encoder_module", "gnn_module", "load_weights", "save_weights"),
}


def __getattr__(name: str) -> Any:
    """Import a name on first use."""
    for place, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f"rsgraph.training.{place}"), name)
    raise AttributeError(f"module 'rsgraph.training' has no attribute '{name}'")
