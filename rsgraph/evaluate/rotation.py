"""Rotation invariance of a finished workspace: chips rotated by 90, 180 and 270 degrees, compared at each level.

::

    pixels            standardised bands, pixel by pixel at the same place
    encoder           activation maps, every fourth row and column, at the same place
    latent            the encoder's vector per chip, where it makes one
    bands segments    mean bands of segments, matched as the workspace matches chips: matching without learnt features
    encoder segments  mean activations of segments, matched likewise
    graph             the GNN's embedding of segments, matched likewise, where a GNN ran

Rotated chips are taken through the whole pipeline again, from their pixels: they are segmented anew (SLIC cuts a
rotated chip a little differently), encoded anew and connected anew, each by itself: what lies around a chip is not in
its graph here, though it is in the workspace's (``chips.across``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsgraph.components import build
from rsgraph.errors import NotUsable
from rsgraph.evaluation.rotation import rotation_invariance
from rsgraph.graphs.features import centroids, segment_means
from rsgraph.io.margins import is_whole, read_with_margin
from rsgraph.options import Options
from rsgraph.protocols import Matcher, Nodes, Progress
from rsgraph.run.scenes import Reopened, cut_chips, keep_chips
from rsgraph.stages.context import Opened
from rsgraph.stages.encode import chosen_hardware
from rsgraph.stages.encoder import load_encoder, margin_of
from rsgraph.stages.gnn import load_gnn
from rsgraph.stages.plan import Plan
from rsgraph.training.inference import FrozenEncoder, embed
from rsgraph.types import Chip, Floats, Mask, Raster, Segmentation

if TYPE_CHECKING:
    from rsgraph.training.inference import FrozenEncoder
    from rsgraph.training.modules import GnnModule

TURNS = (1, 2, 3)
"""Quarter turns."""
EVERY = 4
"""Rows and columns of activation maps that are compared: neighbours differ little."""
MATCHED = ("bands segments", "encoder segments", "graph")
"""Levels whose chips are sets of nodes; at the others a chip is one vector."""


@dataclass(frozen=True)
class Similarities:
    """Similarities at one level.

    Parameters
    ----------
    own
        (P, 3), of each chip to itself rotated by 90, 180 and 270 degrees.
    others
        (P, P), of each chip to each other one; ones on the diagonal.
    """

    own: Floats
    others: Floats


def rotation(
    workspace_folder: Path | str, *, chips: int = 32, seed: int = 0, progress: Progress | None = None
) -> pd.DataFrame:
    """Measure rotation invariance at every level of a finished workspace.

    Parameters
    ----------
    workspace_folder
        Finished; its scene must be where it was.
    chips
        So many whole square chips at most, drawn by ``seed``. Time grows with them (networks) and with their square
        (matching): 32 chips of 500 segments take about a minute on two cores after a quick network.
    seed
        Of the draw.
    progress
        Called with (steps done, steps in all).

    Returns
    -------
    DataFrame
        One row per level, from pixels to graph: level, own, others, rank1, margin (see
        ``rsgraph.evaluation.rotation``), chips.

    Raises
    ------
    NotUsable
        There are fewer than two whole square chips.
    NotThere, NotReadable, WorkspaceMismatch
        The workspace is unfinished, or its scene is not there or another one.
    """
    found = rotated_similarities(workspace_folder, chips=chips, seed=seed, progress=progress)
    rows = [
        {"level": level, **asdict(rotation_invariance(each.own, each.others)), "chips": len(each.own)}
        for level, each in found.items()
    ]
    return pd.DataFrame(rows)


def rotated_similarities(
    workspace_folder: Path | str, *, chips: int = 32, seed: int = 0, progress: Progress | None = None
) -> dict[str, Similarities]:
    """Return level -> similarities, as :func:`rotation` sums them up."""
    pipeline = _pipeline(Reopened(workspace_folder))
    chosen = drawn_chips(pipeline.opened, chips, seed)
    report, total = progress or (lambda done, total: None), len(chosen) + len(pipeline.levels)
    upright: list[dict[str, Floats]] = []
    own: list[dict[str, list[float]]] = []
    for chip in chosen:
        raster = pipeline.read(chip)
        first, *rotated = (pipeline.look(_rotated(raster, turns)) for turns in (0, *TURNS))
        upright.append(first)
        own.append({level: pipeline.likeness(level, first, rotated) for level in pipeline.levels})
        report(len(own), total)
    found = {}
    for level in pipeline.levels:
        others = pipeline.compare(level, [look[level] for look in upright])
        found[level] = Similarities(np.array([of_chip[level] for of_chip in own], dtype=np.float32), others)
        report(len(own) + len(found), total)
    return found


def drawn_chips(opened: Opened, n: int, seed: int) -> list[Chip]:
    """Draw whole square chips, in row order. Raises NotUsable where there are fewer than two."""
    whole = [chip for chip in opened.chips if chip.window.rows == chip.window.columns == opened.side]
    if len(whole) < 2 or n < 2:
        raise NotUsable(
            f"rotation invariance compares at least two whole chips; {len(whole)} of {len(opened.chips)} chips are "
            f"whole squares of {opened.side} pixels, and {n} were asked for. A smaller chips.size gives more"
        )
    drawn = np.random.default_rng(seed).choice(len(whole), size=min(n, len(whole)), replace=False)
    return [whole[index] for index in sorted(drawn)]


def _rotated(raster: Raster, quarter_turns: int) -> Raster:
    """Rotate a square chip counter-clockwise."""
    values: Floats = np.ascontiguousarray(np.rot90(raster.values, quarter_turns, axes=(1, 2)))
    valid: Mask = np.ascontiguousarray(np.rot90(raster.valid, quarter_turns))
    return Raster(values, valid)


@dataclass(frozen=True)
class _Pipeline:
    """The components and networks of the workspace that take one chip from its pixels to its graph.

    What the encoder sees round a chip, ``margin`` pixels on each side, is turned with it.
    """

    opened: Opened
    margin: int
    levels: tuple[str, ...]
    mean: Floats
    std: Floats
    frozen: FrozenEncoder
    segmenter: Any
    chip_pixels: int
    graph: Any
    gnn: GnnModule | None
    nodes: Nodes
    layer: int
    matcher: Matcher

    def read(self, chip: Chip) -> Raster:
        """Read a whole square chip with its margin."""
        side = self.opened.side + 2 * self.margin
        scene = self.opened.scenes[chip.scene]
        return read_with_margin(scene, chip.window, margin=self.margin, rows=side, columns=side)

    def _cropped(self, raster: NDArray[Any]) -> NDArray[Any]:
        inside = slice(self.margin, self.margin + self.opened.side)
        return raster[..., inside, inside]

    def look(self, raster: Raster) -> dict[str, Floats]:
        """Return level -> vectors of a chip that ``read`` read: (nodes, D), one row where the chip is one vector."""
        maps = self._cropped(self.frozen.encode(raster.values, raster.valid))
        raster = Raster(self._cropped(raster.values), self._cropped(raster.valid))
        segmentation = self.segmenter.segment(raster.values, raster.valid, chip_pixels=self.chip_pixels)
        bands, nodes = (
            segment_means(each, segmentation.labels, segmentation.n_segments) for each in (raster.values, maps)
        )
        found = {"pixels": self._standardised(raster), "encoder": _row(maps[:, ::EVERY, ::EVERY])}
        if "latent" in self.levels:
            found["latent"] = _row(self.frozen.latent(raster.values, raster.valid))
        found |= {"bands segments": bands, "encoder segments": nodes}
        if self.gnn is not None:
            found["graph"] = self._embedded(self.gnn, found[f"{self.nodes} segments"], segmentation)
        return found

    def _standardised(self, raster: Raster) -> Floats:
        scaled = (raster.values - self.mean[:, None, None]) / self.std[:, None, None]
        return _row(np.where(raster.valid, scaled, np.float32(0)))

    def _embedded(self, gnn: GnnModule, nodes: Floats, segmentation: Segmentation) -> Floats:
        points = centroids(segmentation.labels, segmentation.n_segments)
        graph = self.graph.connect(segmentation, points)
        return embed(gnn, nodes, graph.edge_index, graph.edge_attributes)[self.layer]

    def likeness(self, level: str, first: Mapping[str, Floats], rotated: list[dict[str, Floats]]) -> list[float]:
        """Return the similarity of a chip to each of its rotations."""
        return [float(self.compare(level, [first[level], each[level]])[0, 1]) for each in rotated]

    def compare(self, level: str, chips: list[Floats]) -> Floats:
        """Return the similarity of all chips (P, P): the cosine of vectors, the workspace's matching of nodes."""
        matcher = self.matcher if level in MATCHED else build("matcher", name="mean")
        matrix: Floats | None = matcher.match(chips).matrix
        if matrix is None:
            raise NotUsable("the workspace's matcher gives no matrix of similarities, which this measure needs")
        return matrix


def _row(values: NDArray[Any]) -> Floats:
    return np.ascontiguousarray(values, dtype=np.float32).reshape(1, -1)


def _pipeline(workspace: Reopened) -> _Pipeline:
    """Build the pipeline of a finished workspace with its trained networks."""
    workspace.existing("similarity.npz")
    plan = workspace.plan
    options = plan.options
    gnn = load_gnn(workspace, options.gnn)
    std = np.array(workspace.survey["std"], dtype=np.float32)
    opened = keep_chips(cut_chips(options.chips, workspace.opened()), workspace)
    whole = all(is_whole(opened.scenes[chip.scene], chip) for chip in opened.chips)
    return _Pipeline(
        opened=opened,
        margin=0 if whole else margin_of(options, opened.side),
        levels=_levels(options, gnn),
        mean=np.array(workspace.survey["mean"], dtype=np.float32),
        std=np.where(std > 0, std, np.float32(1)),
        frozen=FrozenEncoder(load_encoder(workspace, options.encoder), chosen_hardware(workspace, options.trainer)),
        segmenter=options.segmenter.build(),
        chip_pixels=options.chips.size**2,
        graph=options.graph.build(),
        gnn=gnn,
        nodes=options.gnn.build().reads,
        layer=_graph_layer(plan),
        matcher=options.matcher.build().with_matrix(),
    )


def _levels(options: Options, gnn: GnnModule | None) -> tuple[str, ...]:
    latent = ("latent",) if options.encoder.build().makes_latents else ()
    graph = ("graph",) if gnn is not None else ()
    return ("pixels", "encoder", *latent, "bands segments", "encoder segments", *graph)


def _graph_layer(plan: Plan) -> int:
    """Return the index of the layer that chips are matched on, where it is the GNN's; else of the second to last."""
    made = [name for name in plan.layers if name.startswith("gnn")]
    return made.index(plan.layer) if plan.layer in made else max(len(made) - 2, 0)
