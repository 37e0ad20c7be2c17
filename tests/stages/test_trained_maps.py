"""The stage trained_maps: what had to wait for training."""

from __future__ import annotations

import pandas as pd

from rsgraph.run.runner import run
from rsgraph.workspace import Workspace
from tests.small_runs import Configure


def test_the_manifest_lists_what_is_drawn(finished: Workspace) -> None:
    assert [each["layer"] for each in finished.maps] == ["own", "surroundings", "own+gnn1"]
    for each in finished.maps:
        table = pd.read_parquet(finished.path(each["path"]))
        assert table[["x", "y"]].notna().all(axis=None)
        assert len(table) == len(finished.segments)
    assert finished.maps[0]["path"] == "segments.parquet"


def test_maps_are_those_that_are_asked_for(configure: Configure) -> None:
    workspace = run(configure("embedding.maps=[surroundings,bands,gnn2]"))
    assert [each["layer"] for each in workspace.maps] == ["surroundings", "bands", "gnn2"]
    assert workspace.default_layer == "surroundings"
    assert "own+gnn1" not in workspace.layers
