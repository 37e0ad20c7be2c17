"""The stage gnn: the layers of a graph network that is fitted, or trained; chip by chip, as in the whole graph."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rsgraph.errors import ConfigError
from rsgraph.files import read_json
from rsgraph.gnn.rings import Rings
from rsgraph.stages.context import Context
from rsgraph.stages.encode import encode
from rsgraph.stages.encoder import encoder
from rsgraph.stages.gnn import _chip_graphs, _planned, gnn, load_gnn, write_layers
from rsgraph.stages.graph import graph
from rsgraph.stages.memberships import memberships
from rsgraph.stages.segment_files import chip_rows
from rsgraph.stages.target import target
from rsgraph.training.inference import embed
from tests.stages.squares import COLOURS, segmented, speckled

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # pixel space

TOUCHING = [[1, 2], [0, 3, 4], [0, 3], [1, 2, 6], [1, 5, 6], [4, 7], [3, 4, 7], [5, 6]]
"""Of each square, those that it touches, in its chip and beyond."""


def connected(folder: Path, *overrides: str, **more: Any) -> Context:
    given = segmented(folder, *overrides, **more)
    for stage in (target, memberships, graph):
        stage(given)
    return given


def test_gnn_rings_whitens_each_square_beside_its_neighbours(tmp_path: Path) -> None:
    assert gnn(connected(tmp_path))["trained"] is False
    first = np.load(tmp_path / "embeddings" / "gnn1.npy")
    own, around = first[:, :2], first[:, 2:]
    np.testing.assert_allclose(own.T @ own / 8, np.eye(2) / 2, atol=1e-5)  # variance 1/2, no correlation
    logarithms = np.log(COLOURS)
    for block, colours in (
        (own, logarithms),
        (around, np.stack([logarithms[near].mean(axis=0) for near in TOUCHING])),
    ):
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


WORDS = ("segmenter=slic", "segmenter.n_segments=12", "training.gnn.max_epochs=1", "tracking.uri=none")


def in_parts(folder: Path, *overrides: str) -> Context:
    """A scene of twelve chips, connected across their borders."""
    given = connected(folder, *WORDS, *overrides, scenes=[speckled()])
    for stage in (encoder, encode):
        stage(given)
    return given


@pytest.mark.parametrize("seams", ["chip", "stitch"])
@pytest.mark.parametrize("network", ["gcn", "gat", "sage"])
def test_gnn_gives_what_the_network_gives_on_the_whole_graph(tmp_path: Path, network: str, seams: str) -> None:
    attributes = "graph.edge_attributes=true" if network == "gat" else "graph.edge_attributes=false"
    given = in_parts(tmp_path, f"gnn={network}", attributes, f"segmenter.seams={seams}")
    gnn(given)
    workspace = given.workspace
    module = load_gnn(workspace, given.options.gnn)
    assert module is not None
    whole = embed(module, np.array(workspace.embedding("encoder")), workspace.edges, workspace.edge_attributes)
    for number, layer in enumerate(whole, start=1):
        np.testing.assert_allclose(workspace.embedding(f"gnn{number}"), layer, atol=1e-5)
    numbers = workspace.segments["chip_id"].to_numpy()
    assert (numbers[workspace.edges[0]] != numbers[workspace.edges[1]]).mean() > 0.1


def test_gnn_learns_from_the_own_nodes_of_each_chip_once(tmp_path: Path) -> None:
    given = in_parts(tmp_path, "gnn=gcn")
    samples = _chip_graphs(given, given.options.gnn.build(), _planned(given))
    assert len(samples) == len(given.opened.chips)
    copied = pickle.loads(pickle.dumps(samples))  # noqa: S301  # as it goes to processes that train together
    np.testing.assert_array_equal(copied[3].x, samples[3].x)
    n = len(given.workspace.segments)
    assert sum(int(each.train_mask.sum() + each.val_mask.sum()) for each in samples) == n
    for sample, (chip, rows) in zip(samples, chip_rows(given), strict=True):
        assert len(sample.x) > len(rows) == sample.own
        assert (sample.val_mask if chip.split == "test" else sample.train_mask)[: len(rows)].all()
        assert not (sample.val_mask | sample.train_mask)[len(rows) :].any()
        np.testing.assert_array_equal(sample.target[: len(rows)], given.workspace.embedding("target")[rows])


def test_gnn_of_chips_that_are_kept_apart_sees_no_other_chip(tmp_path: Path) -> None:
    given = in_parts(tmp_path, "gnn=gcn", "chips.across=false")
    for sample, (_, rows) in zip(
        _chip_graphs(given, given.options.gnn.build(), _planned(given)), chip_rows(given), strict=True
    ):
        assert len(sample.x) == len(rows) == sample.own


def test_the_budget_bounds_the_epochs_of_the_gnn(tmp_path: Path) -> None:
    given = in_parts(tmp_path, "gnn=gcn", "training.budget=1", "training.gnn.max_epochs=100000")
    planned = _planned(given)
    assert planned.epochs < 100_000
    assert 0.5 * 8 * (256 / given.opened.side) ** 2 < planned.passes <= 8 * (256 / given.opened.side) ** 2
