"""An encoder is trained on what it learns: the stage encoder."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.files import read_json
from rsgraph.options import Choice
from rsgraph.protocols import Encoder
from rsgraph.stages.context import Context, Opened
from rsgraph.stages.models import describe, learning_facts, take_over
from rsgraph.training.modules import encoder_module, load_weights, save_weights
from rsgraph.training.options import EncoderOptions
from rsgraph.types import Floats, Mask
from rsgraph.workspace import Workspace, read_arrays

if TYPE_CHECKING:
    from rsgraph.training.encoder import Memberships
    from rsgraph.training.fitting import History
    from rsgraph.training.modules import EncoderModule

LOADING = threading.Lock()
"""Held while a network is loaded: threads of one process wait for one copy instead of each making its own."""


@dataclass(frozen=True)
class _Chips:
    """The chips as the training of an encoder reads them."""

    opened: Opened

    def __len__(self) -> int:
        return len(self.opened.chips)

    def is_test(self, index: int) -> bool:
        return self.opened.chips[index].split == "test"

    def read(self, index: int) -> tuple[Floats, Mask]:
        raster = self.opened.read_square(self.opened.chips[index])
        return raster.values, raster.valid


def encoder(context: Context) -> dict[str, Any]:
    """Train the encoder on what it learns; write its weights, what it is, and its losses per epoch."""
    if context.plan.model:
        return take_over(context, "models/encoder.safetensors", "models/encoder.json")
    component = context.options.encoder.build()
    model = read_arrays(context.workspace.existing("targets.npz"))
    classes = len(model["centres"])
    about = {"component": context.options.encoder.section, "classes": classes}
    module = encoder_module(component, n_bands=len(context.opened.bands), n_classes=classes, seed=context.seed)
    history = None
    if component.trainable:
        history = _train_encoder(context, module, _teacher(context, component, model))
    else:
        module.set_scale(context.workspace.survey["mean"], context.workspace.survey["std"])
    save_weights(module, context.out / "models" / "encoder.safetensors")
    describe(context, "encoder", **about, history=history.epochs if history else [])
    return learning_facts(history)


def _teacher(context: Context, component: Encoder, model: Mapping[str, NDArray[Any]]) -> Memberships | None:
    """Return what tells the soft classes of pixels (n, bands), or None where the bands themselves are learnt."""
    if component.learns == "bands":
        return None
    return _Teacher(context.options.target.build(), model)


@dataclass(frozen=True)
class _Teacher:
    """Tells the soft classes of pixels; goes to every process that trains."""

    labeller: Any
    model: Mapping[str, NDArray[Any]]

    def __call__(self, pixels: Floats) -> Floats:
        return np.asarray(self.labeller.predict(pixels, self.model))


def _train_encoder(context: Context, module: EncoderModule, memberships: Memberships | None) -> History:
    from rsgraph.training.encoder import train_encoder  # it loads Lightning

    return train_encoder(
        module,
        _Chips(context.opened),
        memberships,
        mean=context.workspace.survey["mean"],
        std=context.workspace.survey["std"],
        options=_encoder_options(context),
        hardware=context.options.trainer,
        seed=context.seed,
        folder=context.work,
        on_epoch=lambda number, metrics: context.epoch("encoder", number, metrics),
        progress=context.progress,
    )


def _encoder_options(context: Context) -> EncoderOptions:
    """Return the options; small images (EuroSAT) are batched to the same number of pixels as whole chips."""
    options = context.options.training.encoder
    images = max(1, context.options.chips.size // context.opened.side) ** 2
    return replace(options, batch_size=options.batch_size * images)


def load_encoder(workspace: Workspace, encoder: Choice) -> EncoderModule:
    """Build the encoder of a workspace and load its weights."""
    about = read_json(workspace.existing("models", "encoder.json"))
    component = encoder.build()
    module = encoder_module(component, n_bands=len(about["bands"]), n_classes=about["classes"])
    load_weights(module, workspace.existing("models", "encoder.safetensors"))
    return module
