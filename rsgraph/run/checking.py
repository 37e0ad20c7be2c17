"""The check of a workspace before a verb reads it: its files are whole and agree, whoever made it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from rsgraph.errors import ModelMismatch, NotUsable
from rsgraph.io.coordinate_systems import why_not_usable
from rsgraph.own_files.arrays import first_not_finite, mapped_array
from rsgraph.own_files.fields import damaged, shown
from rsgraph.own_files.tables import CHIPS, SEGMENTS, check_complete
from rsgraph.run.continuing import check_options, check_sections
from rsgraph.stages.context import Context
from rsgraph.workspace import Workspace

if TYPE_CHECKING:
    from pandas import DataFrame


def check_workspace(
    workspace: Workspace,
    tables: tuple[DataFrame, DataFrame] | None = None,
    *,
    options: bool = False,
    restored: Collection[str] = (),
) -> None:
    """Check what every verb reads of a workspace: scenes, chips, segments, classes and the default layer.

    ``export`` and ``evaluate`` begin with it, so that neither takes what the other refuses. Files that are read piece
    by piece (rasters, further layers) are checked where they are read.

    Parameters
    ----------
    workspace
        That is read.
    tables
        Chips and segments, where they were read just now: a window opens without reading layers, which it checks
        when it shows them. None: they are read here, and so are the layers.
    options
        Whether all options that made it are needed, too, and the statistics of the scene.
    restored
        Layers that are damaged or gone, which the run that asks makes anew.

    Raises
    ------
    NotThere
        It is unfinished.
    WorkspaceError
        A file is damaged, or two do not fit together.
    """
    _check_scenes(workspace)
    check_sections(workspace, workspace.config)
    if options:
        check_options(workspace)
        workspace.check_statistics()
    chips, segments = (workspace.chips, workspace.segments) if tables is None else tables
    ready = workspace.ready
    check_complete(workspace.path("chips.parquet"), chips, CHIPS, points=ready)
    check_complete(workspace.path("segments.parquet"), segments, SEGMENTS, points=ready)
    if "split" not in chips:
        raise damaged(workspace.path("chips.parquet"), "it has no column 'split'")
    read = {"target", workspace.default_layer} & {*workspace.layers} if tables is None else set()
    for layer in read.difference(restored):
        workspace.embedding(layer)


def _check_scenes(workspace: Workspace) -> None:
    """Check that there are scenes, and that PROJ can convert their coordinate systems, which have the right form."""
    path, scenes = workspace.existing("scene.json"), workspace.scenes
    if not scenes:
        raise damaged(path, "it holds no scene")
    for crs in {scene.crs for scene in scenes if scene.crs is not None}:
        why = why_not_usable(crs)
        if why is not None:
            raise damaged(path, f"'crs' {why}. Got {shown(crs)}")


def check_made(context: Context) -> None:
    """Check that all vectors which a stage made are finite, before they are stored.

    Raises
    ------
    ModelMismatch
        They are not, and a model was given: its weights are finite, but too large for this scene's values.
    NotUsable
        They are not, and nothing was given: the training has diverged.
    """
    for path in sorted([*context.out.glob("embeddings/*.npy"), *context.out.glob("latents.npy")]):
        row = first_not_finite(mapped_array(path))
        if row is None:
            continue
        what = f"values that are not finite in layer {path.stem}, first for segment {row + 1}"
        if context.plan.model is not None:
            raise ModelMismatch(
                f"the model in {context.plan.model.folder} (model.from) makes {what}; apply another model, or train "
                "on this scene without model.from"
            )
        raise NotUsable(f"this run makes {what}: try a smaller learning rate, or training.budget=full")
