"""The encoder's activation maps are averaged over every segment: the stage encode."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from rsgraph.files import file_state, write_json
from rsgraph.io.chip_blocks import ChipBlock, chip_blocks
from rsgraph.io.margins import is_whole, read_with_margin
from rsgraph.options import Choice
from rsgraph.own_files.fields import Fields, read_json_object
from rsgraph.protocols import Arrays
from rsgraph.stages.context import Context
from rsgraph.stages.encoder import LOADING, load_encoder, margin_of
from rsgraph.stages.memberships import mean_maps
from rsgraph.stages.segment_files import blocks_with_rows
from rsgraph.stages.stitched import whole_means
from rsgraph.stages.streaming import array_file
from rsgraph.training.inference import FrozenEncoder
from rsgraph.training.options import Hardware, describe, device_type
from rsgraph.training.precision import Measured, chosen_precision
from rsgraph.types import Chip, Floats, Raster
from rsgraph.workspace import Workspace

RECORD = "models/encode.json"
"""Says which precision the chips of a workspace were encoded in, where that was measured."""


def encode(context: Context) -> dict[str, Any]:
    """Average the encoder's activation maps over every segment; write embeddings/encoder.npy.

    It sees each chip with a margin of its scene (``chips.margin``), and its maps are cropped to the chip, so that
    segments at a chip's border look like others. A chip that is a whole scene has no neighbours, and no margin.

    An encoder that makes a vector per chip adds latents.npy. On CPUs every block is encoded by one thread, so that
    the sums are the same however many there are.
    """
    hardware, chosen = _chosen(context)
    blocks = context.blocks if device_type(hardware) == "cpu" else context.on_device
    task = _encode_task(context, hardware)
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
    return {
        "maps": size,
        **(of_chips if task.latents else {}),
        **(chosen or {"hardware": describe(hardware)}),
    }


def _chosen(context: Context) -> tuple[Hardware, dict[str, Any]]:
    """Return where and in which precision is computed, decided once for all blocks, and facts of that choice.

    What an interrupted run had chosen is kept, and what the scenes that were there before had, when others are added:
    blocks of two precisions would not fit together.
    """
    hardware = context.options.trainer
    if hardware.precision != "measured" or not context.options.encoder.build().trainable:
        return hardware, {}
    places = [context.work / "precision.json", *([context.known / RECORD] if context.known else [])]
    kept = next((place for place in places if place.exists()), None)
    choice = _read_measured(kept) if kept else _measured(context, hardware)
    for place in (context.work / "precision.json", context.out / RECORD):
        write_json(place, choice.to_json())
    found = {"device": device_type(hardware), "precision": choice.precision}
    return replace(hardware, precision=choice.precision), found


def _measured(context: Context, hardware: Hardware) -> Measured:
    """Measure on the first chip, as one worker reads it."""
    task = _encode_task(context, hardware)
    block = chip_blocks(context.opened.scenes, context.opened.chips[:1])[0]
    raster = task.seen(block, block.chips[0])
    return chosen_precision(
        load_encoder(context.workspace, task.encoder), raster.values, raster.valid, _by_one(hardware)
    )


def chosen_hardware(workspace: Workspace, hardware: Hardware) -> Hardware:
    """Return the hardware with the precision that the chips of a workspace were encoded in."""
    path = workspace.path(RECORD)
    if hardware.precision != "measured" or not path.exists():
        return hardware
    return replace(hardware, precision=_read_measured(path).precision)


def _read_measured(path: Path) -> Measured:
    """Read which precision was chosen. Raises WorkspaceError where the file says nothing of the kind."""
    found = Fields(path, read_json_object(path))
    name = found.text("precision", where=lambda text: text in _PRECISIONS, expected=" or ".join(_PRECISIONS))
    return Measured(
        "bf16" if name == "bf16" else "float32", *map(found.values.get, ("float32_seconds", "bf16_seconds"))
    )


_PRECISIONS = ("bf16", "float32")


def _encode_task(context: Context, hardware: Hardware) -> _Encode:
    options, side = context.options, context.opened.side
    component = options.encoder.build()
    return _Encode(
        options.encoder,
        hardware,
        context.workspace.folder.resolve(),
        side,
        margin_of(options, side),
        component.stride,
        component.makes_latents,
    )


@dataclass(frozen=True)
class _Encode:
    """Averages the encoder's activation maps over the segments of one block."""

    encoder: Choice
    trainer: Hardware
    workspace: Path
    side: int
    margin: int
    stride: int
    latents: bool

    def __call__(self, block: ChipBlock) -> Arrays:
        workspace = Workspace(self.workspace)
        weights = workspace.existing("models", "encoder.safetensors")
        with LOADING:
            frozen = _frozen_encoder(workspace.folder, self.encoder, self.trainer, file_state(weights))
        latents: list[Floats] = []

        def maps(chip: Chip) -> Floats:
            margin, raster = self._margin(block, chip), self.seen(block, chip)
            if self.latents:
                latents.append(frozen.latent(raster.values, raster.valid))
            encoded = frozen.encode(raster.values, raster.valid)
            return encoded[:, margin : margin + chip.window.rows, margin : margin + chip.window.columns]

        arrays = mean_maps(workspace, block, maps)
        return {**arrays, "latents": np.stack(latents)} if latents else arrays

    def _margin(self, block: ChipBlock, chip: Chip) -> int:
        return 0 if is_whole(block.scene(chip), chip) else self.margin

    def seen(self, block: ChipBlock, chip: Chip) -> Raster:
        """Read a chip as the encoder sees it."""
        return self._surrounded(block, chip) if self._margin(block, chip) else block.read_square(chip, self.side)

    def _surrounded(self, block: ChipBlock, chip: Chip) -> Raster:
        """Read a chip with its margin, in whole strides of the network."""
        rows, columns = (
            -(-(length + 2 * self.margin) // self.stride) * self.stride
            for length in (chip.window.rows, chip.window.columns)
        )
        return read_with_margin(block.scene(chip), chip.window, margin=self.margin, rows=rows, columns=columns)


@lru_cache(maxsize=1)
def _frozen_encoder(folder: Path, encoder: Choice, hardware: Hardware, state: tuple[int, ...]) -> FrozenEncoder:
    """Load the encoder of a workspace, once per process and state of its file."""
    return FrozenEncoder(load_encoder(Workspace(folder), encoder), _by_one(hardware))


def _by_one(hardware: Hardware) -> Hardware:
    """Let one thread of a CPU encode: sums are the same then however many workers there are."""
    return replace(hardware, threads=1) if device_type(hardware) == "cpu" else hardware
