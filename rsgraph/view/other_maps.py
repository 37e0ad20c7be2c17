"""2-D maps beside the default one: another layer, another projector, or only some of the points.

The functions here run in a process of their own (their arguments are paths and plain values), so that a viewer
stays responsive and can stop them at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rsgraph.components import build, registry
from rsgraph.options import read_choice
from rsgraph.own_files.tables import read_points
from rsgraph.protocols import Progress, Projector
from rsgraph.stages.match import by_latent, chip_nodes
from rsgraph.stages.project import comparing, for_points, lay_out_chips
from rsgraph.types import Distance, Floats, Similarity
from rsgraph.view.touching import touching_among
from rsgraph.workspace import Workspace, write_table

Level = Literal["chips", "segments"]


def map_file(workspace: Workspace, level: Level, layer: str, projector: str) -> Path:
    """Return where a map is kept: ``projections/<layer>-<projector>.parquet``; chips' maps begin with ``chips``.

    The default layer's map of chips is ``chips-<projector>``, that of another layer ``chips_<layer>-<projector>``.
    """
    if level == "segments":
        return workspace.path("projections", f"{layer}-{projector}.parquet")
    prefix = "chips" if layer == workspace.default_layer else f"chips_{layer}"
    return workspace.path("projections", f"{prefix}-{projector}.parquet")


def find_map(workspace: Workspace, level: Level, layer: str, projector: str) -> Floats | None:
    """Return a map that was made from the embedding as it is now, or None.

    Returns
    -------
    points
        (chips or segments, 2) float32, in the order of the table.
    """
    path = map_file(workspace, level, layer, projector)
    if not path.exists():
        return None
    points, about = read_points(path)
    whole = workspace.chips if level == "chips" else workspace.segments
    made_from = about.get("embedding_sha256")
    recorded = f"projections/{path.name}" in _outputs(workspace)
    fresh = recorded if made_from is None else made_from == _origin_hash(workspace, level, layer)
    return points if fresh and len(points) == len(whole) else None


def _origin_hash(workspace: Workspace, level: Level, layer: str) -> str | None:
    """Return the SHA-256 of the vectors that a map shows, as the manifest says."""
    latent = level == "chips" and by_latent(workspace, layer)
    return _outputs(workspace).get("latents.npy" if latent else f"embeddings/{layer}.npy")


def _outputs(workspace: Workspace) -> dict[str, str]:
    found: dict[str, str] = {}
    for record in workspace.manifest.get("stages", {}).values():
        found.update(record["outputs"])
    return found


def projector_names(workspace: Workspace) -> list[str]:
    """Return the projectors that can be chosen, the workspace's own first."""
    own = str(workspace.config["projector"]["name"])
    return [own, *(name for name in registry("projector") if name != own)]


def layers_by_maps(workspace: Workspace) -> list[str]:
    """Return the layers: at first those whose maps the run drew, in the order in which they are offered."""
    drawn = [entry["layer"] for entry in workspace.maps]
    return [name for name in dict.fromkeys([*drawn, *workspace.layers]) if name in workspace.layers]


def _projector(config: Mapping[str, Any], name: str) -> Projector:
    """Build a projector with the workspace's options where it is the workspace's, else with its own defaults."""
    section = config["projector"]
    own = section["name"] == name
    found: Projector = read_choice("projector", section).build() if own else build("projector", name=name)
    return found


def project_segments(
    folder: Path, layer: str, projector: str, rows: NDArray[np.int64] | None = None, progress: Progress | None = None
) -> Floats:
    """Lay out segments; the map of all segments is kept in the workspace.

    Parameters
    ----------
    folder
        The workspace.
    layer, projector
        Names.
    rows
        Only these segments, or None for all.
    progress
        Called with (epochs done, epochs in all).

    Returns
    -------
    points
        (rows, 2) float32.

    Raises
    ------
    NotThere
        The workspace has no such layer.
    UnknownComponent
        There is no such projector.
    """
    workspace = Workspace(folder)
    stored = workspace.embedding(layer)
    vectors, by = stored if rows is None else stored[rows], workspace.compared_by(layer)
    points = lay_out(workspace, vectors, rows, projector=projector, by=by, progress=progress)
    if rows is None:
        keep_map(workspace, "segments", layer, projector, points)
    return points


def lay_out(
    workspace: Workspace,
    vectors: Floats,
    rows: NDArray[np.int64] | None,
    *,
    projector: str | None = None,
    by: Distance = "euclidean",
    progress: Progress | None = None,
) -> Floats:
    """Lay out vectors of segments.

    Parameters
    ----------
    workspace
        Its options and seed; and which segments touch, where the projector weighs that.
    vectors
        (n, D), of all segments or of some.
    rows
        (n,) which segments these are; None: all.
    projector
        Its name; None: the workspace's. PCA's is the map of very few.
    by
        What the vectors are compared by.
    progress
        Called with (epochs done, epochs in all).

    Returns
    -------
    points
        (n, 2) float32.
    """
    name = projector or str(workspace.config["projector"]["name"])
    found = for_points(comparing(_projector(workspace.config, name), by), len(vectors))
    if found.touching:
        found = found.with_pairs(touching_among(workspace, rows))
    return found.project(vectors, seed=int(workspace.config["seed"]), progress=progress).points


def project_chips(folder: Path, layer: str, projector: str, progress: Progress | None = None) -> Floats:
    """Lay out chips by a layer, and keep the map in the workspace.

    The default layer's similarities are those of ``similarity.npz`` (where chips are compared by the encoder's
    vectors, that map shows these). Another layer's nodes are matched with the workspace's matcher.

    Returns
    -------
    points
        (chips, 2) float32.

    Raises
    ------
    NotThere
        The workspace has no such layer.
    """
    workspace = Workspace(folder)
    config = workspace.config
    found = _similarities(workspace, layer, progress)
    points = lay_out_chips(_projector(config, projector), found, seed=int(config["seed"]), progress=progress).points
    keep_map(workspace, "chips", layer, projector, points)
    return points


def _similarities(workspace: Workspace, layer: str, progress: Progress | None) -> Similarity:
    """Compare all chips by one layer."""
    if layer == workspace.default_layer:
        return workspace.similarity
    matcher = read_choice("matcher", workspace.config["matcher"]).build()
    found: Similarity = matcher.match(chip_nodes(workspace, layer), progress=progress)
    return found


def keep_map(
    workspace: Workspace,
    level: Level,
    layer: str,
    projector: str,
    points: Floats,
    *,
    about: Mapping[str, Any] | None = None,
) -> Path:
    """Write a map into ``projections/``, with the hash of the embedding that it shows and what else is to be said.

    Where the folder cannot be written (a colleague's, or a full disk), the map is made anew the next time.
    """
    key = "chip_id" if level == "chips" else "segment_id"
    table = (workspace.chips if level == "chips" else workspace.segments)[[key]].assign(
        x=points[:, 0], y=points[:, 1]
    )
    table.attrs = {"embedding_sha256": _origin_hash(workspace, level, layer)}
    table.attrs.update(about or {})
    path = map_file(workspace, level, layer, projector)
    with suppress(OSError):
        write_table(path, table)
    return path
