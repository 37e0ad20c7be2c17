"""An encoder is trained on what it learns: the stage encoder."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.io.margins import fitting_margin, is_whole, pixels_of, read_with_margin
from rsgraph.options import Choice, Options
from rsgraph.own_files.models import read_encoder
from rsgraph.protocols import Encoder
from rsgraph.stages.context import Context, Opened
from rsgraph.stages.models import describe, learning_facts, take_over
from rsgraph.stages.schedules import planned_encoder
from rsgraph.training.budget import Schedule
from rsgraph.training.modules import encoder_module, load_weights, save_weights
from rsgraph.training.options import EncoderOptions
from rsgraph.types import Chip, Floats, Mask, Raster
from rsgraph.workspace import Workspace

if TYPE_CHECKING:
    from rsgraph.training.encoder import Memberships
    from rsgraph.training.fitting import History
    from rsgraph.training.modules import EncoderModule

LOADING = threading.Lock()
"""Held while a network is loaded: threads of one process wait for one copy instead of each making its own."""


@dataclass(frozen=True)
class _Chips:
    """Chips as the training of an encoder reads them: with a margin round each, or padded to the square."""

    opened: Opened
    margin: int
    chips: Sequence[Chip]

    def __len__(self) -> int:
        return len(self.chips)

    def is_test(self, index: int) -> bool:
        return self.chips[index].split == "test"

    def read(self, index: int) -> tuple[Floats, Mask]:
        chip = self.chips[index]
        raster = self._with_margin(chip) if self.margin else self.opened.read_square(chip)
        return raster.values, raster.valid

    def own(self, index: int) -> tuple[slice, slice]:
        window = self.chips[index].window
        return slice(self.margin, self.margin + window.rows), slice(self.margin, self.margin + window.columns)

    def spared(self, index: int) -> Mask:
        """Return which pixels of a window belong to chips that are held out."""
        chip, side = self.chips[index], self.opened.side + 2 * self.margin
        held_out = [each for each in self.opened.chips if each.scene == chip.scene and each.split == "test"]
        scene = self.opened.scenes[chip.scene]
        return pixels_of(held_out, scene, chip.window, margin=self.margin, rows=side, columns=side)

    def _with_margin(self, chip: Chip) -> Raster:
        side = self.opened.side + 2 * self.margin
        scene = self.opened.scenes[chip.scene]
        return read_with_margin(scene, chip.window, margin=self.margin, rows=side, columns=side)


def margin_of(options: Options, side: int) -> int:
    """Return how many pixels round a chip of this side the encoder sees: ``chips.margin``, or more for its stride.

    None where it would not help: bands have no neighbourhood, and an encoder that learns the bands themselves makes
    one vector of a chip, which must say nothing of others.
    """
    component: Encoder = options.encoder.build()
    if not component.trainable or component.learns == "bands" or component.makes_latents:
        return 0
    return fitting_margin(options.chips.margin, side, component.stride)


def encoder(context: Context) -> dict[str, Any]:
    """Train the encoder on what it learns; write its weights, what it is, and its losses per epoch.

    It sees every chip with the margin of ``encode``, unless each chip is a whole scene, which has no neighbours.
    """
    if context.plan.model:
        return take_over(context, "models/encoder.safetensors", "models/encoder.json")
    component = context.options.encoder.build()
    needed = context.options.target.build().fitted
    model = context.workspace.targets(bands=len(context.opened.bands), needed=needed)
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

    planned = planned_encoder(context.options, context.opened)
    context.say(planned.sentence("encoder"))
    chips = _chips(context, planned)
    return train_encoder(
        module,
        chips,
        memberships,
        mean=context.workspace.survey["mean"],
        std=context.workspace.survey["std"],
        options=_encoder_options(context, planned),
        hardware=context.options.trainer,
        seed=context.seed,
        folder=context.work,
        own=chips.own if chips.margin else None,
        spared=chips.spared if chips.margin else None,
        on_epoch=lambda number, metrics: context.epoch("encoder", number, metrics),
        progress=context.progress,
    )


def _chips(context: Context, planned: Schedule) -> _Chips:
    opened = context.opened
    whole = all(is_whole(opened.scenes[chip.scene], chip) for chip in opened.chips)
    chips = [opened.chips[number] for number in planned.chips]
    return _Chips(opened, 0 if whole else margin_of(context.options, opened.side), chips)


def _encoder_options(context: Context, planned: Schedule) -> EncoderOptions:
    """Return the options; small images (EuroSAT) are batched to the same number of pixels as whole chips."""
    options = context.options.training.encoder
    images = max(1, context.options.chips.size // context.opened.side) ** 2
    return replace(options, batch_size=options.batch_size * images, max_epochs=planned.epochs)


def load_encoder(workspace: Workspace, encoder: Choice) -> EncoderModule:
    """Build the encoder of a workspace and load its weights."""
    about = read_encoder(workspace.existing("models", "encoder.json"))
    component = encoder.build()
    module = encoder_module(component, n_bands=len(about["bands"]), n_classes=about["classes"])
    load_weights(module, workspace.existing("models", "encoder.safetensors"))
    return module
