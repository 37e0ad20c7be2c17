"""The stage graph: which squares touch, how far apart they are; in blocks, the same as over whole scenes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rsgraph.graphs.adjacency import Adjacency, adjacency_edges
from rsgraph.options import Choice
from rsgraph.protocols import Graph
from rsgraph.stages.context import Context
from rsgraph.stages.graph import graph
from rsgraph.types import Floats, RegionGraph, Segmentation
from tests.stages.squares import segmented, speckled, squares
from tests.stages.test_stitched import ids_of

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # pixel space

WHOLE = [
    *([1, 2], [0, 3, 4], [0, 3], [1, 2, 6]),
    *([1, 5, 6], [4, 7], [3, 4, 7], [5, 6]),
]
"""Of each of the eight squares, those that touch it."""

SENDERS = [1, 2, 0, 3, 0, 3, 1, 2]
RECEIVERS = [0, 0, 1, 1, 2, 2, 3, 3]
"""Within one chip, each square touches two others; by receiver, then sender."""


def test_graph_joins_what_touches_within_a_chip(tmp_path: Path) -> None:
    assert graph(segmented(tmp_path, "chips.across=false")) == {"edges": 16, "edge_attributes": []}
    expected = np.array([SENDERS, RECEIVERS])
    np.testing.assert_array_equal(np.load(tmp_path / "edges.npy"), np.concatenate([expected, expected + 4], axis=1))
    assert not (tmp_path / "edge_attributes.npy").exists()


def test_graph_writes_distances_and_borders_where_they_are_asked_for(tmp_path: Path) -> None:
    facts = graph(segmented(tmp_path, "graph.edge_attributes=true"))
    assert facts["edges"] == 20
    assert len(facts["edge_attributes"]) == 2
    np.testing.assert_allclose(np.load(tmp_path / "edge_attributes.npy"), [[8, 8]] * 20)


def test_graph_joins_what_touches_across_the_borders_of_chips_and_never_two_scenes(tmp_path: Path) -> None:
    graph(segmented(tmp_path, scenes=[squares("a"), squares("b")]))
    pairs = [(sender, receiver) for receiver, senders in enumerate(WHOLE) for sender in senders]
    expected = np.array([*pairs, *((i + 8, j + 8) for i, j in pairs)])
    np.testing.assert_array_equal(np.load(tmp_path / "edges.npy"), expected.T)


SCENES = [speckled("a"), speckled("b", rows=24, seed=1)]
WORDS = ("segmenter=slic", "segmenter.n_segments=12", "graph.edge_attributes=true")


def whole(given: Context, component: Graph) -> RegionGraph:
    """What a graph makes of each whole scene at once, its nodes numbered as rows of the table."""
    table = given.workspace.segments
    found = []
    for scene in given.opened.scenes:
        rows = np.flatnonzero(table["scene_id"] == scene.name)
        labels = np.maximum(ids_of(given.workspace, scene.name) - rows[0], 0)
        points = table.loc[rows, ["row", "column"]].to_numpy(dtype=np.float32)
        made = component.connect(Segmentation(labels, len(rows)), points)
        found.append(replace(made, edge_index=made.edge_index + rows[0]))
    attributes = [each.edge_attributes for each in found if each.edge_attributes is not None]
    return RegionGraph(np.concatenate([each.edge_index for each in found], axis=1), np.concatenate(attributes))


@pytest.mark.parametrize("seams", ["chip", "stitch"])
@pytest.mark.parametrize("name", ["nearest", "adjacency"])
def test_graph_in_blocks_is_that_of_each_whole_scene(tmp_path: Path, name: str, seams: str) -> None:
    given = segmented(tmp_path, *WORDS, f"graph={name}", f"segmenter.seams={seams}", scenes=SCENES)
    facts = graph(given)
    expected = whole(given, given.options.graph.build())
    np.testing.assert_array_equal(np.load(tmp_path / "edges.npy"), expected.edge_index)
    np.testing.assert_array_equal(np.load(tmp_path / "edge_attributes.npy"), expected.edge_attributes)
    assert facts["edge_attributes"] == ["distance", "border"]


class Straight(Adjacency):
    """A graph that knows nothing of what lies around a chip, and gives edges in an order of its own."""

    margin = 64
    connect_within = Graph.connect_within

    def connect(self, segmentation: Segmentation, centroids: Floats) -> RegionGraph:
        found = super().connect(segmentation, centroids)
        return replace(found, edge_index=found.edge_index[:, ::-1])


def test_graph_of_components_that_only_connect_is_sorted_by_receiver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = segmented(tmp_path, *WORDS[:2], scenes=[speckled()])
    monkeypatch.setattr(Choice, "build", lambda self: Straight())
    graph(given)
    found, expected = np.load(tmp_path / "edges.npy"), adjacency_edges(ids_of(given.workspace))
    assert (np.diff(found[1]) >= 0).all()
    np.testing.assert_array_equal(found[:, np.lexsort(found)], expected)
