"""The public Python API, as a script uses it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rsgraph
from rsgraph.api import Workspace, build
from rsgraph.errors import NotThere


def test_the_package_offers_the_names_of_the_api_on_first_use() -> None:
    assert (rsgraph.Workspace, rsgraph.build) == (Workspace, build)
    with pytest.raises(AttributeError, match="module 'rsgraph' has no attribute 'workspaces'"):
        _ = rsgraph.workspaces  # type: ignore[attr-defined]


def test_import_rsgraph_runs_no_other_file_of_the_package() -> None:
    code = "import sys, rsgraph; print([name for name in sys.modules if name.startswith('rsgraph')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['rsgraph']\n"


def test_build_makes_a_component_with_its_parameters() -> None:
    found = build("graph", name="nearest", k=2)
    assert type(found).__name__ == "Nearest"
    edges = found.connect(None, np.array([[0, 0], [0, 1], [0, 5]], dtype=np.float32)).edge_index
    assert edges.tolist() == [[1, 2, 0, 2, 1, 0], [0, 0, 1, 1, 2, 2]]


def test_a_workspace_finds_a_chip_most_like_itself(finished: Workspace) -> None:
    index = Workspace(finished.folder).chip_index()
    found = index.search(index.chip(3), k=1)
    assert found.indices.tolist() == [3]
    assert found.similarities[0] == pytest.approx(1, abs=1e-6)


def test_a_workspace_opens_its_journal(finished: Workspace) -> None:
    with Workspace(finished.folder).journal(read_only=True) as journal:
        assert journal.labels().empty
    assert not Path(finished.folder, "labels.sqlite").exists()


def test_vectors_are_placed_only_on_a_map_that_was_learnt(finished: Workspace) -> None:
    with pytest.raises(NotThere, match=r"holds no models/projector\.safetensors: its map was laid out at once"):
        Workspace(finished.folder).place(np.zeros((1, 60), dtype=np.float32))
