"""Training and inference of encoders and GNNs: LightningModules and the assembly of the Trainer.

Pure rooms: arrays, modules and options in, arrays and a history out. The names below are imported on first
use, because Lightning takes seconds to load and is only needed to train.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rsgraph.training.options import EncoderOptions, Hardware, TrainingOptions, describe, describe_together

if TYPE_CHECKING:
    from rsgraph.training.classification import (
        ClassifierOptions,
        ImageClassifier,
        ImageSource,
        PooledEncoder,
        class_probabilities,
        fine_tune,
        fit_head,
        linear_head,
        pooled_features,
    )
    from rsgraph.training.encoder import ChipSource, train_encoder
    from rsgraph.training.fitting import History
    from rsgraph.training.gnn import train_gnn
    from rsgraph.training.graphs import GraphSample, fit_gnn
    from rsgraph.training.inference import FrozenEncoder, embed, encode
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
    "ClassifierOptions",
    "EncoderModule",
    "EncoderOptions",
    "FrozenEncoder",
    "GnnModule",
    "GraphSample",
    "Hardware",
    "History",
    "ImageClassifier",
    "ImageSource",
    "PooledEncoder",
    "TrainingOptions",
    "class_probabilities",
    "describe",
    "describe_together",
    "embed",
    "encode",
    "encoder_module",
    "fine_tune",
    "fit_gnn",
    "fit_head",
    "gnn_module",
    "linear_head",
    "load_weights",
    "pooled_features",
    "save_weights",
    "train_encoder",
    "train_gnn",
]

_PLACES = {
    "classification": (
        "ClassifierOptions",
        "ImageClassifier",
        "ImageSource",
        "PooledEncoder",
        "class_probabilities",
        "fine_tune",
        "fit_head",
        "linear_head",
        "pooled_features",
    ),
    "encoder": ("ChipSource", "train_encoder"),
    "fitting": ("History",),
    "gnn": ("train_gnn",),
    "graphs": ("GraphSample", "fit_gnn"),
    "inference": ("FrozenEncoder", "embed", "encode"),
    "modules": ("EncoderModule", "GnnModule", "encoder_module", "gnn_module", "load_weights", "save_weights"),
}


def __getattr__(name: str) -> Any:
    """Import a name on first use."""
    for place, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f"rsgraph.training.{place}"), name)
    raise AttributeError(f"module 'rsgraph.training' has no attribute '{name}'")
