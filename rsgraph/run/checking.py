"""The check of a workspace before a verb reads it: its files are whole and agree, whoever made it."""

from __future__ import annotations

from rsgraph.errors import ModelMismatch, NotUsable
from rsgraph.own_files.arrays import first_not_finite, mapped_array
from rsgraph.own_files.fields import damaged
from rsgraph.own_files.tables import CHIPS, SEGMENTS, check_complete
from rsgraph.run.continuing import check_sections, own_config
from rsgraph.stages.context import Context
from rsgraph.workspace import Workspace


def check_workspace(workspace: Workspace, *, options: bool = False) -> None:
    """Check what every verb reads of a workspace: scenes, chips, segments, classes and the default layer.

    ``export`` and ``evaluate`` begin with it, so that neither takes what the other refuses. Files that are read piece
    by piece (rasters, further layers) are checked where they are read.

    Parameters
    ----------
    workspace
        That is read.
    options
        Whether all options that made it are needed, too, and the statistics of the scene.

    Raises
    ------
    NotThere
        It is unfinished.
    WorkspaceError
        A file is damaged, or two do not fit together.
    """
    _ = workspace.scenes
    check_sections(workspace, workspace.config)
    if options:
        own_config(workspace)
        workspace.check_statistics()
    chips, segments = workspace.chips, workspace.segments
    ready = workspace.ready
    check_complete(workspace.path("chips.parquet"), chips, CHIPS, points=ready)
    check_complete(workspace.path("segments.parquet"), segments, SEGMENTS, points=ready)
    if "split" not in chips:
        raise damaged(workspace.path("chips.parquet"), "it has no column 'split'")
    for layer in {"target", workspace.default_layer} & {*workspace.layers}:
        workspace.embedding(layer)


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
