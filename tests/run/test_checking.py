from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rsgraph.errors import ModelMismatch, NotUsable, WorkspaceError
from rsgraph.run.checking import check_made, check_workspace
from rsgraph.workspace import Workspace, write_array, write_table


def test_a_finished_workspace_passes(finished: Workspace) -> None:
    check_workspace(finished, options=True)


@pytest.mark.parametrize("name", ["chip_id", "row", "column", "area_px", "x", "y"])
def test_a_table_without_a_column_is_refused(made: Workspace, name: str) -> None:
    table = pd.read_parquet(made.path("segments.parquet"))
    write_table(made.path("segments.parquet"), table.drop(columns=name))
    with pytest.raises(WorkspaceError, match=rf"segments\.parquet is damaged: it has no column '{name}'"):
        check_workspace(made)


def test_options_are_asked_for_where_they_are_needed(made: Workspace) -> None:
    made.path("config.yaml").write_text("seed: 0\n")
    check_workspace(made)
    with pytest.raises(WorkspaceError, match=r"config\.yaml is damaged"):
        check_workspace(made, options=True)
    made.path("config.yaml").write_text("projector: [umap]\n")
    with pytest.raises(WorkspaceError, match=r"'projector' must be a section of options"):
        check_workspace(made)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["embeddings/gnn1.npy", "latents.npy"])
def test_what_a_stage_made_is_finite_or_refused(tmp_path: Path, name: str, wrong: float) -> None:
    vectors = np.ones((5, 3), np.float32)
    write_array(tmp_path / name, vectors)
    context: Any = SimpleNamespace(out=tmp_path, plan=SimpleNamespace(model=None))
    check_made(context)
    vectors[2, 0] = wrong
    write_array(tmp_path / name, vectors)
    with pytest.raises(NotUsable, match=f"not finite in layer {Path(name).stem}, first for segment 3"):
        check_made(context)
    context.plan.model = SimpleNamespace(folder="/models/coast")
    with pytest.raises(ModelMismatch, match=r"the model in /models/coast \(model\.from\) makes values"):
        check_made(context)
