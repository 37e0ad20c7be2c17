"""Nodes of many chips of one scene, cut wherever the grid of positions says, by a trained model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsgraph.files import atomic
from rsgraph.graphs.features import centroids, segment_means
from rsgraph.matchers.chips import StoredChips
from rsgraph.run.scenes import Reopened, open_scenes
from rsgraph.stages.encoder import load_encoder
from rsgraph.stages.gnn import load_gnn
from rsgraph.training.inference import FrozenEncoder, embed
from rsgraph.types import Floats, Raster, Scene, Window

SIDE = 256


@dataclass(frozen=True)
class Model:
    """A finished workspace, and the scene to cut: the one that it was made from, or another."""

    workspace: Path
    path: Path | None = None

    def scene(self) -> Scene:
        """Open the scene with the bands of the model."""
        plan = Reopened(self.workspace).plan
        options = plan.options
        if self.path is not None:
            options = replace(options, data=replace(options.data, path=str(self.path)))
        return open_scenes(options, plan.model)[0]

    def nodes(self) -> Callable[[Raster], Floats]:
        """Return what turns a chip's pixels into its nodes (n, D) on the layer that chips are matched on."""
        workspace = Reopened(self.workspace)
        plan = workspace.plan
        options = plan.options
        frozen = FrozenEncoder(load_encoder(workspace, options.encoder), options.trainer)
        gnn = load_gnn(workspace, options.gnn)
        segmenter, graph = options.segmenter.build(), options.graph.build()
        layer = int(plan.layer.removeprefix("gnn")) - 1

        def of(raster: Raster) -> Floats:
            found = segmenter.segment(raster.values, raster.valid, chip_pixels=SIDE * SIDE)
            features = segment_means(frozen.encode(raster.values, raster.valid), found.labels, found.n_segments)
            points = centroids(found.labels, found.n_segments).astype(np.float32)
            edges = graph.connect(found, points)
            assert gnn is not None, "the benchmark's models have a GNN"
            return embed(gnn, features, edges.edge_index, edges.edge_attributes)[layer]

        return of


def cut(model: Model, across: int, folder: Path) -> StoredChips:
    """Return across x across chips, spread evenly over the scene; they overlap where it is smaller.

    What was cut once stays in ``folder`` and is taken up again, row of chips by row of chips.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scene = model.scene()
    rows, columns = (positions(size, across) for size in (scene.rows, scene.columns))
    missing = [number for number in range(across) if not _strip(folder, number).exists()]
    nodes = model.nodes() if missing else None
    for number in missing:
        assert nodes is not None
        chips = [nodes(scene.source.read(Window(rows[number], column, SIDE, SIDE))) for column in columns]
        with atomic(_strip(folder, number)) as temporary:
            np.savez(temporary, nodes=np.concatenate(chips), counts=[len(chip) for chip in chips])
        print(f"  {folder.name}: {number + 1} of {across} rows of chips", flush=True)
    return _joined(folder, across)


def positions(size: int, across: int) -> list[int]:
    """Return where so many chips begin, spread evenly over so many pixels."""
    return [int(place) for place in np.linspace(0, size - SIDE, across)]


def _strip(folder: Path, number: int) -> Path:
    return folder / f"strip-{number:03d}.npz"


def _joined(folder: Path, across: int) -> StoredChips:
    strips = [np.load(_strip(folder, number)) for number in range(across)]
    counts: NDArray[np.int64] = np.concatenate([strip["counts"] for strip in strips])
    path = folder / "nodes.npy"
    if not path.exists():
        np.save(path, np.concatenate([strip["nodes"] for strip in strips]).astype(np.float32))
    return StoredChips(path, counts)
