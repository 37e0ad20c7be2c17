"""The model of a projector comes back as it was written; a damaged file is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsgraph.errors import WorkspaceError
from rsgraph.files import read_json
from rsgraph.stages.map_model import read_model, write_model
from rsgraph.workspace import Workspace


def test_write_model_says_what_learnt_and_how_large_it_is(tmp_path: Path) -> None:
    write_model(tmp_path, {"points": np.zeros((3, 2), np.float32)}, {"name": "umap", "seed": 4})
    assert read_json(tmp_path / "projector.json") == {"name": "umap", "seed": 4, "arrays": {"points": [3, 2]}}


def test_read_model_gives_back_arrays_and_names_a_damaged_file(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert read_model(workspace.path("models")) is None
    model = {"points": np.arange(6, dtype=np.float32).reshape(3, 2), "vectors": np.eye(3, dtype=np.float32)[:, ::-1]}
    write_model(tmp_path / "models", model, {"name": "umap"})
    found = read_model(workspace.path("models"))
    assert found is not None
    for name, array in model.items():
        np.testing.assert_array_equal(found[name], array)
    (tmp_path / "models" / "projector.safetensors").write_bytes(b"nonsense")
    with pytest.raises(WorkspaceError, match="damaged"):
        read_model(workspace.path("models"))
