"""The stage gnn: which edges belong to which chip, and the layers of a graph network that is fitted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsgraph.errors import ConfigError
from rsgraph.files import read_json
from rsgraph.gnn.rings import Rings
from rsgraph.stages.context import Context
from rsgraph.stages.gnn import edge_places, gnn, write_layers
from rsgraph.stages.graph import graph
from rsgraph.stages.memberships import memberships
from rsgraph.stages.target import target
from rsgraph.workspace import Workspace
from tests.stages.squares import COLOURS, segmented

TOUCHING = [[1, 2], [0, 3], [0, 3], [1, 2], [5, 6], [4, 7], [4, 7], [5, 6]]
"""Of each square, the two that it touches."""


def connected(folder: Path, *overrides: str) -> Context:
    given = segmented(folder, *overrides)
    for stage in (target, memberships, graph):
        stage(given)
    return given


def test_gnn_rings_whitens_each_square_beside_its_neighbours(tmp_path: Path) -> None:
    assert gnn(connected(tmp_path))["trained"] is False
    first = np.load(tmp_path / "embeddings" / "gnn1.npy")
    own, around = first[:, :2], first[:, 2:]
    np.testing.assert_allclose(own.T @ own / 8, np.eye(2) / 2, atol=1e-5)  # variance 1/2, no correlation
    logarithms = np.log(COLOURS)
    for block, colours in ((own, logarithms), (around, logarithms[TOUCHING].mean(axis=1))):
        design = np.column_stack([colours, np.ones(8)])
        residuals = block - design @ np.linalg.lstsq(design, block)[0]
        np.testing.assert_allclose(residuals, 0, atol=1e-5)
    np.testing.assert_allclose(np.load(tmp_path / "embeddings" / "gnn2.npy")[:, :4], first, atol=1e-6)


def test_gnn_none_writes_what_it_is_and_no_layer(tmp_path: Path) -> None:
    assert gnn(connected(tmp_path, "gnn=none")) == {"trained": False}
    assert read_json(tmp_path / "models" / "gnn.json")["component"] == {"name": "none"}
    assert not list((tmp_path / "embeddings").glob("gnn*"))


def test_gnn_layers_of_squares_that_nothing_touches_are_their_own(tmp_path: Path) -> None:
    given = connected(tmp_path)
    np.save(tmp_path / "edges.npy", np.zeros((2, 0), dtype=np.int64))
    gnn(given)
    first = np.load(tmp_path / "embeddings" / "gnn1.npy")
    np.testing.assert_allclose(first[:, :2], first[:, 2:], atol=1e-6)


def test_gnn_whose_network_has_other_layers_than_it_names_is_refused(tmp_path: Path) -> None:
    given = connected(tmp_path)
    gnn(given)
    with pytest.raises(ConfigError, match="gnn=rings has `n_layers` 1, but its network returns 2 outputs"):
        write_layers(given, Rings(layers=1))


def test_edge_places_are_where_the_edges_of_each_chip_begin(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sizes = [5, 0, 1, 30, 2, 0, 8]
    starts = np.cumsum([0, *sizes])
    counts = [9, 0, 0, 200, 1, 0, 17]
    receivers = [
        rng.integers(first, first + size, count) if size else np.zeros(0, dtype=np.int64)
        for first, size, count in zip(starts, sizes, counts, strict=False)
    ]
    np.save(tmp_path / "edges.npy", np.stack([np.concatenate(receivers)] * 2).astype(np.int64))
    assert edge_places(Workspace(tmp_path), starts.tolist()) == np.cumsum([0, *counts]).tolist()
