"""The stages that learn and apply what was learnt: target, encoder, memberships, encode, gnn."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import rsgraph.training as training
from rsgraph.components import from_config
from rsgraph.files import read_json, write_json
from rsgraph.graphs.features import segment_means
from rsgraph.pipeline.context import Context, Opened, in_order
from rsgraph.pipeline.segmenting import chip_rows, local_segmentation
from rsgraph.protocols import Nodes, is_trained, lesson, makes_latents, reads
from rsgraph.types import Chip, Floats, Labels, Mask
from rsgraph.workspace import Workspace, read_arrays, write_array, write_arrays

if TYPE_CHECKING:
    from rsgraph.training import EncoderModule, GnnModule, GraphSample, History
    from rsgraph.training.encoder import Memberships

_PER_CLUSTER = 200
"""Sampled pixels per cluster below which a small scene is sampled more densely than every 56th pixel."""


def target(context: Context) -> dict[str, Any]:
    """Fit soft classes to a sample of pixels; write targets.npz and models/target.json."""
    if context.config["model"].get("identity"):
        return _take_over(context, "targets.npz", "models/target.json")
    component = from_config("target", context.config["target"])
    pixels, step = sample_pixels(context, component.n_clusters, component.sample_every)
    model = component.fit(pixels, bands=context.opened.bands, seed=context.seed, progress=context.progress)
    write_arrays(context.out / "targets.npz", model)
    _describe(context, "target", component=context.config["target"])
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
    drawn: list[Floats] = []
    offset = 0

    def read(chip: Chip) -> Floats:
        raster = context.opened.read(chip)
        return raster.values[:, raster.valid].T

    def take(pixels: Floats) -> None:
        nonlocal offset
        drawn.append(pixels[offset::step].copy())
        offset = (offset - len(pixels)) % step

    in_order(read, context.opened.chips, context.progress, take)
    return np.concatenate(drawn).astype(np.float32), step


def _describe(context: Context, part: str, **facts: Any) -> None:
    write_json(context.out / "models" / f"{part}.json", {"bands": list(context.opened.bands), **facts})


def _take_over(context: Context, *names: str) -> dict[str, Any]:
    origin = Path(context.config["model"]["from"])
    for name in names:
        if (origin / name).exists():
            (context.out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(origin / name, context.out / name)
    return {"taken_from": str(origin)}


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
        return _take_over(context, "models/encoder.safetensors", "models/encoder.json")
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
    _describe(context, "encoder", **about, history=history.epochs if history else [])
    return _learning_facts(history)


def _teacher(context: Context, component: Any, model: Mapping[str, NDArray[Any]]) -> Memberships | None:
    """Return what tells the soft classes of pixels (n, bands), or None where the bands themselves are learnt."""
    if lesson(component) == "bands":
        return None
    labeller = from_config("target", context.config["target"])
    return lambda pixels: np.asarray(labeller.predict(pixels, model))


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


def _learning_facts(history: History | None) -> dict[str, Any]:
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


def load_gnn(workspace: Workspace, config: Mapping[str, Any]) -> GnnModule | None:
    """Build the GNN of a finished workspace and load its weights; None where there is none."""
    component = from_config("gnn", config["gnn"])
    if component.n_layers == 0:
        return None
    attributes = workspace.path("edge_attributes.npy")
    module = training.gnn_module(
        component,
        n_features=workspace.embedding(reads(component)).shape[1],
        n_classes=workspace.embedding("target").shape[1],
        n_edge_attributes=np.load(attributes, mmap_mode="r").shape[1] if attributes.exists() else 0,
    )
    assert module is not None, "a GNN with layers builds a network"
    training.load_weights(module, workspace.existing("models", "gnn.safetensors"))
    return module


def memberships(context: Context) -> dict[str, Any]:
    """Average the pixels' memberships over every segment; write embeddings/target.npy."""
    labeller = from_config("target", context.config["target"])
    model = read_arrays(context.workspace.existing("targets.npz"))

    def classes(chip: Chip) -> Floats:
        raster = context.opened.read(chip)
        return membership_maps(labeller, model, raster.values, raster.valid)

    vectors = _mean_maps(context, classes)
    write_array(context.out / "embeddings" / "target.npy", vectors)
    counts = np.bincount(vectors.argmax(1), minlength=vectors.shape[1])
    return {"strongest": counts.tolist()}


def membership_maps(labeller: Any, model: Mapping[str, NDArray[Any]], values: Floats, valid: Mask) -> Floats:
    """Return memberships (C, rows, columns), all of a pixel side by side; 0 where there are no data."""
    found = labeller.predict(values[:, valid].T, model)
    maps = np.zeros((*valid.shape, found.shape[1]), dtype=np.float32)
    maps[valid] = found
    return np.moveaxis(maps, -1, 0)


def encode(context: Context) -> dict[str, Any]:
    """Average the encoder's activation maps over every segment; write embeddings/encoder.npy.

    An encoder that makes a vector per chip adds latents.npy.
    """
    hardware = training.Hardware(**context.config["trainer"])
    frozen = training.FrozenEncoder(load_encoder(context.workspace, context.config), hardware)
    whole = makes_latents(from_config("encoder", context.config["encoder"]))
    latents: list[Floats] = []

    def activations(chip: Chip) -> Floats:
        raster = context.opened.read_square(chip)
        if whole:
            latents.append(frozen.latent(raster.values, raster.valid))
        return frozen.encode(raster.values, raster.valid)[:, : chip.window.rows, : chip.window.columns]

    vectors = _mean_maps(context, activations, parallel=False)
    write_array(context.out / "embeddings" / "encoder.npy", vectors)
    if latents:
        write_array(context.out / "latents.npy", np.stack(latents))
    of_chips = {"latent": len(latents[0])} if latents else {}
    return {"maps": int(vectors.shape[1]), **of_chips, "hardware": training.describe(hardware)}


def _mean_maps(context: Context, maps: Any, *, parallel: bool = True) -> Floats:
    """Return the mean of ``maps(chip)`` (D, rows, columns) over every segment: (segments, D)."""
    parts: list[Floats] = []

    def means(item: tuple[Chip, range]) -> Floats:
        chip, rows = item
        labels: Labels = local_segmentation(context, chip, rows).labels
        return segment_means(maps(chip), labels, len(rows))

    items = chip_rows(context)
    if parallel:
        in_order(means, items, context.progress, parts.append)
    else:
        for done, item in enumerate(items):
            parts.append(means(item))
            context.progress(done + 1, len(items))
    return np.concatenate(parts).astype(np.float32)


def gnn(context: Context) -> dict[str, Any]:
    """Train the graph network on the segments' memberships, or fit it; write its weights and all its layers."""
    component = from_config("gnn", context.config["gnn"])
    if component.n_layers == 0:
        _describe(context, "gnn", component=context.config["gnn"], history=[])
        return {"trained": False}
    samples = _graph_samples(context, reads(component))
    attributes = samples[0].edge_attributes
    module = training.gnn_module(
        component,
        n_features=samples[0].x.shape[1],
        n_classes=samples[0].target.shape[1],
        n_edge_attributes=0 if attributes is None else attributes.shape[1],
        seed=context.seed,
    )
    assert module is not None, "a GNN with layers builds a network"
    if context.config["model"].get("identity"):
        facts = _take_over(context, "models/gnn.safetensors", "models/gnn.json")
        training.load_weights(module, context.out / "models" / "gnn.safetensors")
    elif is_trained(component):
        facts = _train_gnn(context, module, samples)
    else:
        facts = _fit_gnn(context, module, samples)
    layers = [training.embed(module, sample.x, sample.edge_index, sample.edge_attributes) for sample in samples]
    for number in range(component.n_layers):
        vectors = np.concatenate([found[number] for found in layers]).astype(np.float32)
        write_array(context.out / "embeddings" / f"gnn{number + 1}.npy", vectors)
    return facts


def _train_gnn(context: Context, module: GnnModule, samples: list[GraphSample]) -> dict[str, Any]:
    history = training.train_gnn(
        module,
        samples,
        options=training.TrainingOptions(**context.config["training"]["gnn"]),
        hardware=training.Hardware(**context.config["trainer"]),
        seed=context.seed,
        folder=context.work,
        on_epoch=lambda number, metrics: context.epoch("gnn", number, metrics),
        progress=context.progress,
    )
    _keep_gnn(context, module, samples, history)
    return _learning_facts(history)


def _fit_gnn(context: Context, module: GnnModule, samples: list[GraphSample]) -> dict[str, Any]:
    training.fit_gnn(module, samples)
    _keep_gnn(context, module, samples, None)
    return {**_learning_facts(None), "notes": _unread_encoder(context.config)}


def _unread_encoder(config: Mapping[str, Any]) -> list[str]:
    """Tell a user who had an encoder trained that this GNN does not read it."""
    gnn, encoder = (from_config(kind, config[kind]) for kind in ("gnn", "encoder"))
    if reads(gnn) == "encoder" or not encoder.trainable:
        return []
    name = config["gnn"]["name"]
    return [f"gnn={name} reads the bands, not the trained encoder: encoder=bands spares you its training."]


def _keep_gnn(context: Context, module: GnnModule, samples: list[GraphSample], history: History | None) -> None:
    training.save_weights(module, context.out / "models" / "gnn.safetensors")
    about = {"component": context.config["gnn"], "features": int(samples[0].x.shape[1])}
    _describe(context, "gnn", **about, history=history.epochs if history else [])


def _graph_samples(context: Context, nodes: Nodes) -> list[GraphSample]:
    """Return one graph per chip; under four chips every fourth node is held out, else the test chips."""
    workspace = context.workspace
    features, classes = workspace.embedding(nodes), workspace.embedding("target")
    edges = np.asarray(workspace.edges)
    attributes = workspace.path("edge_attributes.npy")
    weights = np.load(attributes, allow_pickle=False) if attributes.exists() else None
    chip_of_edge = workspace.segments["chip_id"].to_numpy()[edges[1]]  # edges stand in the order of their chips
    bounds = np.searchsorted(chip_of_edge, np.arange(len(context.opened.chips) + 1))
    samples = []
    for (chip, rows), first, last in zip(chip_rows(context), bounds[:-1], bounds[1:], strict=True):
        held = _held_out(context.opened, chip, len(rows))
        samples.append(
            training.GraphSample(
                x=np.array(features[rows.start : rows.stop]),
                edge_index=edges[:, first:last] - rows.start,
                edge_attributes=None if weights is None else weights[first:last],
                target=np.array(classes[rows.start : rows.stop]),
                train_mask=~held,
                val_mask=held,
            )
        )
    return samples


def _held_out(opened: Opened, chip: Chip, n: int) -> Mask:
    if any(each.split == "test" for each in opened.chips):
        return np.full(n, chip.split == "test")
    return np.asarray(np.arange(n) % 4 == 3)
