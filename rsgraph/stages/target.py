"""Soft classes are fitted to a sample of pixels: the stage target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rsgraph.io.chip_blocks import ChipBlock, chip_blocks
from rsgraph.progress import part_of
from rsgraph.protocols import Arrays
from rsgraph.stages.context import Context
from rsgraph.stages.models import describe, take_over
from rsgraph.training.budget import most_pixels
from rsgraph.types import Floats
from rsgraph.workspace import write_arrays

_PER_CLUSTER = 200
"""Sampled pixels per cluster below which a small scene is sampled more densely than every 56th pixel."""

_SAMPLING = 0.3
"""Share of the stage's time that reading the pixels takes."""


def target(context: Context) -> dict[str, Any]:
    """Fit soft classes to a sample of pixels; write targets.npz and models/target.json."""
    if context.plan.model:
        return take_over(context, "targets.npz", "models/target.json")
    component = context.options.target.build()
    pixels, step = sample_pixels(context, component.n_clusters, component.sample_every)
    context.say(f"target: {component.n_clusters} soft classes, fitted to {len(pixels)} pixels")
    progress = part_of(context.progress, _SAMPLING, 1)
    model = component.fit(pixels, bands=context.opened.bands, seed=context.seed, progress=progress)
    write_arrays(context.out / "targets.npz", model)
    describe(context, "target", component=context.options.target.section)
    notes = []
    if step < component.sample_every:
        notes = [
            f"The scene is small: the classes learn from one pixel in {step}, not one in {component.sample_every}."
        ]
    return {"sampled_pixels": len(pixels), "sampled_every": step, "notes": notes}


def sample_pixels(context: Context, n_clusters: int, every: int) -> tuple[Floats, int]:
    """Draw every n-th valid pixel, counted through the chips in row order: (n, bands), and n.

    Small scenes are sampled more densely, so that there are 200 pixels per cluster: with 8 clusters and every 56th
    pixel, scenes of fewer than 89 600 valid pixels (300 x 300). The run says so. Large ones are sampled more thinly:
    no more pixels than ``training.budget`` pays for.
    """
    table = context.workspace.chips
    valid = int((table["valid_fraction"] * table["rows"] * table["columns"]).sum())
    most = most_pixels(context.options.training.budget)
    step = sampling_step(valid, every, fewest=_PER_CLUSTER * n_clusters, most=most)
    counts = np.rint(table["valid_fraction"] * table["rows"] * table["columns"]).astype(np.int64)
    phases = iter((-(np.cumsum(counts) - counts) % step).tolist())
    blocks = chip_blocks(context.opened.scenes, context.opened.chips)
    items = [(block, tuple(next(phases) for _ in block.chips)) for block in blocks]
    drawn = [
        found["pixels"]
        for found in context.blocks.map("sample", _Sample(step), items, part_of(context.progress, 0, _SAMPLING))
    ]
    return np.concatenate(drawn).astype(np.float32), step


def sampling_step(valid: int, every: int, *, fewest: int, most: int | None) -> int:
    """Return n such that every n-th of so many pixels is about as asked for, and between two bounds in number."""
    step = max(1, min(every, valid // fewest))
    return step if most is None else max(step, -(-valid // max(most, fewest)))


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
