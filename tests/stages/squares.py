"""A scene whose segments are known: 16 x 32 pixels, two chips of four squares of 8 x 8, each of one colour.

::

    1 2 | 5 6
    3 4 | 7 8
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from rsgraph.io.chips import cut
from rsgraph.stages.context import Context, Opened
from rsgraph.stages.plan import Plan
from rsgraph.stages.scene import scene
from rsgraph.stages.segments import segments
from rsgraph.types import Floats, Mask, Raster, Scene, Window
from rsgraph.workspace import Workspace
from tests.small_runs import composed, planned

OPTIONS = (
    "chips.size=16",
    "segmenter=grid",
    "segmenter.n_segments=4",
    "graph=adjacency",
    "encoder=bands",
    "gnn=rings",
    "matcher=mean",
    "projector=pca",
    "target=kmeans",
    "target.n_clusters=2",
    "trainer.accelerator=cpu",
    "trainer.precision=float32",
    "trainer.threads=1",
)

COLOURS = np.array([[1, 8], [2, 6], [3, 5], [4, 7], [5, 2], [6, 1], [7, 4], [8, 3]], np.float32) / 16
"""Reflectance of the eight squares in two bands: exact in float32."""

IDS = np.kron([[1, 2, 5, 6], [3, 4, 7, 8]], np.ones((8, 8), dtype=np.int64))
"""Number of each pixel's square."""


@dataclass(frozen=True)
class Pixels:
    """Reflectance in memory."""

    values: Floats
    valid: Mask

    def read(self, window: Window) -> Raster:
        row, column, rows, columns = window
        here = slice(row, row + rows), slice(column, column + columns)
        return Raster(np.where(self.valid[here], self.values[:, *here], 0).astype(np.float32), self.valid[here])


def squares(name: str = "squares", **more: Any) -> Scene:
    """The scene."""
    values = np.moveaxis(COLOURS[IDS - 1], -1, 0)
    return Scene(name, ("B04", "B08"), 16, 32, Pixels(values, np.ones((16, 32), dtype=bool)), **more)


def speckled(name: str = "speckled", rows: int = 40, columns: int = 56, seed: int = 0) -> Scene:
    """A scene of three by four chips, the last ones partial, of smooth random colours with a hole of no data."""
    rng = np.random.default_rng(seed)
    values = gaussian_filter(rng.random((2, rows, columns)), (0, 2, 2)).astype(np.float32)
    valid = np.ones((rows, columns), dtype=bool)
    valid[10:20, 12:18] = False
    return Scene(name, ("B04", "B08"), rows, columns, Pixels(values, valid))


@cache
def _plan(overrides: tuple[str, ...]) -> Plan:
    return planned(composed(*OPTIONS, *overrides))


def context(folder: Path, *overrides: str, scenes: Sequence[Scene] | None = None, **more: Any) -> Context:
    """What a stage is given that writes into ``folder``, where the stages before it have written."""
    (folder / "work").mkdir(parents=True, exist_ok=True)
    given = [squares()] if scenes is None else scenes
    opened = Opened(given, cut(given, size=16), 16)
    plan = replace(_plan(overrides), layer="bands")
    return Context(plan, opened, Workspace(folder), folder, folder / "work", lambda *_: None, lambda *_: None, **more)


def segmented(folder: Path, *overrides: str, **more: Any) -> Context:
    """The same, after the stages scene and segments."""
    made = context(folder, *overrides, **more)
    scene(made)
    segments(made)
    return made
