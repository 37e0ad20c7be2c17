"""The stages that learn from pixels and apply what was learnt: target, encoder, memberships, encode."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import rsgraph.training as training
from rsgraph.components import from_config
from rsgraph.errors import NotThere
from rsgraph.files import file_state, read_json, write_json
from rsgraph.graphs.features import segment_means
from rsgraph.io.chip_blocks import ChipBlock, chip_blocks
from rsgraph.protocols import Arrays, lesson, makes_latents
from rsgraph.stages.context import Context, Opened
from rsgraph.stages.segmenting import block_segmentation, blocks_with_rows
from rsgraph.stages.stitched import summed_maps, whole_means
from rsgraph.stages.streaming import array_file
from rsgraph.training.options import device_type
from rsgraph.types import Chip, Floats, Mask
from rsgraph.workspace import Workspace, read_arrays, write_arrays

if TYPE_CHECKING:
    from rsgraph.training import EncoderModule, FrozenEncoder, History
    from rsgraph.training.encoder import Memberships

_PER_CLUSTER = 200
"""Sampled pixels per cluster below which a small scene is sampled more densely than every 56th pixel."""

LOADING = threading.Lock()
"""Held while a network is loaded: threads of one process wait for one copy instead of each making its own."""


def target(context: Context) -> dict[str, Any]:
    """Fit soft classes to a sample of pixels; write targets.npz and models/target.json."""
    if context.config["model"].get("identity"):
        return take_over(context, "targets.npz", "models/target.json")
    component = from_config("target", context.config["target"])
    pixels, step = sample_pixels(context, component.n_clusters, component.sample_every)
    model = component.fit(pixels, bands=context.opened.bands, seed=context.seed, progress=context.progress)
    write_arrays(context.out / "targets.npz", model)
    describe(context, "target", component=context.config["target"])
    notes = []
    if step != component.sample_every:
        notes = [
            f"The scene is small: the classes learn from every {step}th pixel, not every {component.sample_every}th."
        ]
    return {"sampled_pixels": len(pixels), "sampled_every": step, "notes": notes}


def sample_pixels(context: Context, n_clusters: int, every: int) -> tuple[Floats, int]:
    """Draw every n-th valid pixel, counted through the chips in row order: (n, bands), and n.

    Small scenes are sampled more densely, so that there are 200 pixels per cluster: with 8 clusters and every 56th
    pixel, scenes of fewer than 89 600 valid pixels (300 x 300). The user is told.
    """
    table = context.workspace.chips
    valid = int((table["valid_fraction"] * table["rows"] * table["columns"]).sum())
    step = max(1, min(every, valid // (_PER_CLUSTER * n_clusters)))
    counts = np.rint(table["valid_fraction"] * table["rows"] * table["columns"]).astype(np.int64)
    phases = iter((-(np.cumsum(counts) - counts) % step).tolist())
    blocks = chip_blocks(context.opened.scenes, context.opened.chips)
    items = [(block, tuple(next(phases) for _ in block.chips)) for block in blocks]
    drawn = [found["pixels"] for found in context.blocks.map("sample", _Sample(step), items, context.progress)]
    return np.concatenate(drawn).astype(np.float32), step


@dataclass(frozen=True)
class _Sample:
    """Draws every ``step``-th valid pixel of the chips of a block; each begins at a phase of its own."""

    step: int

    def __call__(self, item: tuple[ChipBlock, tuple[int, ...]]) -> Arrays:
        block, phases = item
        drawn = []
        for chip, phase in zip(block.chips, phases, strict=True):
            raster = block.read(chip)
            drawn.append(raster.values[:, raster.valid].T[phase :: self.step])
        return {"pixels": np.concatenate(drawn)}


def describe(context: Context, part: str, **facts: Any) -> None:
    """Write what a model is beside its weights."""
    write_json(context.out / "models" / f"{part}.json", {"bands": list(context.opened.bands), **facts})


def take_over(context: Context, *names: str) -> dict[str, Any]:
    """Copy files of the model that was given; return facts for the manifest."""
    origin = context.before or Path(context.config["model"]["from"])
    if not (origin / names[0]).exists():
        raise NotThere(f"{origin} holds no {names[0]} any more: name another model, or train anew (overwrite=true)")
    for name in names:
        if (origin / name).exists():
            (context.out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(origin / name, context.out / name)
    return {"taken_from": context.config["model"]["from"]}


@dataclass(frozen=True)
class _Chips:
    """The chips as the training of an encoder reads them. Small scenes are kept in memory."""

    opened: Opened
    kept: dict[int, tuple[Floats, Mask]]
    limit: int

    def __len__(self) -> int:
        return len(self.opened.chips)

    def is_test(self, index: int) -> bool:
        return self.opened.chips[index].split == "test"

    def read(self, index: int) -> tuple[Floats, Mask]:
        if index not in self.kept:
            raster = self.opened.read_square(self.opened.chips[index])
            if len(self.kept) >= self.limit:
                return raster.values, raster.valid
            self.kept[index] = raster.values, raster.valid
        return self.kept[index]


_KEEP_BYTES = 512 * 2**20


def _training_chips(opened: Opened) -> _Chips:
    size = opened.side**2 * (4 * len(opened.bands) + 1)
    return _Chips(opened, {}, limit=_KEEP_BYTES // size)


def encoder(context: Context) -> dict[str, Any]:
    """Train the encoder on what it learns; write its weights, what it is, and its losses per epoch."""
    if context.config["model"].get("identity"):
        return take_over(context, "models/encoder.safetensors", "models/encoder.json")
    component = from_config("encoder", context.config["encoder"])
    model = read_arrays(context.workspace.existing("targets.npz"))
    classes = len(model["centres"])
    about = {"component": context.config["encoder"], "classes": classes}
    module = training.encoder_module(
        component, n_bands=len(context.opened.bands), n_classes=classes, seed=context.seed
    )
    history = None
    if component.trainable:
        history = _train_encoder(context, module, _teacher(context, component, model))
    else:
        module.set_scale(context.workspace.survey["mean"], context.workspace.survey["std"])
    training.save_weights(module, context.out / "models" / "encoder.safetensors")
    describe(context, "encoder", **about, history=history.epochs if history else [])
    return learning_facts(history)


def _teacher(context: Context, component: Any, model: Mapping[str, NDArray[Any]]) -> Memberships | None:
    """Return what tells the soft classes of pixels (n, bands), or None where the bands themselves are learnt."""
    if lesson(component) == "bands":
        return None
    return _Teacher(from_config("target", context.config["target"]), model)


@dataclass(frozen=True)
class _Teacher:
    """Tells the soft classes of pixels; goes to every process that trains."""

    labeller: Any
    model: Mapping[str, NDArray[Any]]

    def __call__(self, pixels: Floats) -> Floats:
        return np.asarray(self.labeller.predict(pixels, self.model))


def _train_encoder(context: Context, module: EncoderModule, memberships: Memberships | None) -> History:
    return training.train_encoder(
        module,
        _training_chips(context.opened),
        memberships,
        mean=context.workspace.survey["mean"],
        std=context.workspace.survey["std"],
        options=_encoder_options(context),
        hardware=training.Hardware(**context.config["trainer"]),
        seed=context.seed,
        folder=context.work,
        on_epoch=lambda number, metrics: context.epoch("encoder", number, metrics),
        progress=context.progress,
    )


def _encoder_options(context: Context) -> training.EncoderOptions:
    """Return the options; small images (EuroSAT) are batched to the same number of pixels as whole chips."""
    options = training.EncoderOptions(**context.config["training"]["encoder"])
    images = max(1, int(context.config["chips"]["size"]) // context.opened.side) ** 2
    return replace(options, batch_size=options.batch_size * images)


def learning_facts(history: History | None) -> dict[str, Any]:
    """Return facts of a training for the manifest; None: there was none."""
    if history is None:
        return {"trained": False}
    return {
        "epochs": len(history.epochs),
        "best_epoch": history.best_epoch,
        "resumed_at": history.resumed_at,
        "notes": list(history.notes),
    }


def load_encoder(workspace: Workspace, config: Mapping[str, Any]) -> EncoderModule:
    """Build the encoder of a workspace and load its weights."""
    about = read_json(workspace.existing("models", "encoder.json"))
    component = from_config("encoder", config["encoder"])
    module = training.encoder_module(component, n_bands=len(about["bands"]), n_classes=about["classes"])
    training.load_weights(module, workspace.existing("models", "encoder.safetensors"))
    return module


def memberships(context: Context) -> dict[str, Any]:
    """Average the pixels' memberships over every segment; write embeddings/target.npy."""
    task = _Memberships(context.config["target"], context.workspace.folder.resolve())
    counts = np.zeros(len(read_arrays(context.workspace.existing("targets.npz"))["centres"]), dtype=np.int64)
    with array_file(context.out / "embeddings" / "target.npy") as vectors:
        items = blocks_with_rows(context)
        for found in whole_means(items, context.blocks.map("memberships", task, items, context.progress)):
            vectors.append(found["vectors"])
            counts += np.bincount(found["vectors"].argmax(1), minlength=len(counts))
    return {"strongest": counts.tolist()}


@dataclass(frozen=True)
class _Memberships:
    """Averages the pixels' memberships over the segments of one block.

    Parameters
    ----------
    target
        Its section of the config.
    workspace
        Where the soft classes and the segments are.
    """

    target: Mapping[str, Any]
    workspace: Path

    def __call__(self, block: ChipBlock) -> Arrays:
        labeller = from_config("target", self.target)
        model = read_arrays(Workspace(self.workspace).existing("targets.npz"))

        def maps(chip: Chip) -> Floats:
            raster = block.read(chip)
            return membership_maps(labeller, model, raster.values, raster.valid)

        return _mean_maps(Workspace(self.workspace), block, maps)


def _mean_maps(workspace: Workspace, block: ChipBlock, maps: Callable[[Chip], Floats]) -> Arrays:
    """Return the means of ``maps(chip)`` (D, rows, columns) over a block's segments as ``vectors`` (segments, D).

    Where segments were stitched and may lie in several blocks: what ``whole_means`` makes these of.
    """
    if workspace.segment_overlap:
        return summed_maps(workspace, block, maps)
    parts = []
    for chip, rows in zip(block.chips, block.rows, strict=True):
        labels = block_segmentation(workspace, block, chip, rows).labels
        parts.append(segment_means(maps(chip), labels, len(rows)))
    return {"vectors": np.concatenate(parts).astype(np.float32)}


def membership_maps(labeller: Any, model: Mapping[str, NDArray[Any]], values: Floats, valid: Mask) -> Floats:
    """Return memberships (C, rows, columns), all of a pixel side by side; 0 where there are no data."""
    found = labeller.predict(values[:, valid].T, model)
    maps = np.zeros((*valid.shape, found.shape[1]), dtype=np.float32)
    maps[valid] = found
    return np.moveaxis(maps, -1, 0)


def encode(context: Context) -> dict[str, Any]:
    """Average the encoder's activation maps over every segment; write embeddings/encoder.npy.

    An encoder that makes a vector per chip adds latents.npy. On CPUs every block is encoded by one thread, so that
    the sums are the same however many there are.
    """
    hardware = training.Hardware(**context.config["trainer"])
    blocks = context.blocks if device_type(hardware) == "cpu" else context.on_device
    task = _encode_task(context)
    size = 0
    with array_file(context.out / "embeddings" / "encoder.npy") as vectors, ExitStack() as stack:
        latents = stack.enter_context(array_file(context.out / "latents.npy")) if task.latents else None
        items = blocks_with_rows(context)
        for found in whole_means(items, blocks.map("encode", task, items, context.progress)):
            vectors.append(found["vectors"])
            size = found["vectors"].shape[1]
            if latents is not None:
                latents.append(found["latents"])
                of_chips = {"latent": found["latents"].shape[1]}
    return {"maps": size, **(of_chips if task.latents else {}), "hardware": training.describe(hardware)}


def _encode_task(context: Context) -> _Encode:
    sections = {name: context.config[name] for name in ("encoder", "trainer")}
    component = from_config("encoder", context.config["encoder"])
    return _Encode(sections, context.workspace.folder.resolve(), context.opened.side, makes_latents(component))


@dataclass(frozen=True)
class _Encode:
    """Averages the encoder's activation maps over the segments of one block.

    Parameters
    ----------
    config
        Its sections ``encoder`` and ``trainer``.
    workspace
        Where the encoder and the segments are.
    side
        Of the squares that the encoder sees, in pixels.
    latents
        Whether it gives a vector per chip besides.
    """

    config: Mapping[str, Any]
    workspace: Path
    side: int
    latents: bool

    def __call__(self, block: ChipBlock) -> Arrays:
        workspace = Workspace(self.workspace)
        weights = workspace.existing("models", "encoder.safetensors")
        with LOADING:
            frozen = _frozen_encoder(workspace.folder, json.dumps(self.config), file_state(weights))
        latents: list[Floats] = []

        def maps(chip: Chip) -> Floats:
            raster = block.read_square(chip, self.side)
            if self.latents:
                latents.append(frozen.latent(raster.values, raster.valid))
            return frozen.encode(raster.values, raster.valid)[:, : chip.window.rows, : chip.window.columns]

        arrays = _mean_maps(workspace, block, maps)
        return {**arrays, "latents": np.stack(latents)} if latents else arrays


@lru_cache(maxsize=1)
def _frozen_encoder(folder: Path, config: str, state: tuple[int, ...]) -> FrozenEncoder:
    """Load the encoder of a workspace, once per process and state of its file."""
    sections = json.loads(config)
    hardware = training.Hardware(**sections["trainer"])
    if device_type(hardware) == "cpu":
        hardware = replace(hardware, threads=1)
    return training.FrozenEncoder(load_encoder(Workspace(folder), sections), hardware)
