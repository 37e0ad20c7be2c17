"""Defaults of what components may leave out, and what is refused in one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rsgraph import protocols
from rsgraph.errors import ConfigError
from rsgraph.gnn.gcn import Gcn
from rsgraph.gnn.none import NoGnn
from rsgraph.matchers.auto import Auto
from rsgraph.matchers.hungarian import Hungarian
from rsgraph.matchers.mean import Mean
from rsgraph.projectors.parametric import Parametric
from rsgraph.projectors.pca import Pca
from rsgraph.projectors.tsne import Tsne
from rsgraph.projectors.umap import Umap
from rsgraph.protocols import BASES, check_component, refuse_above
from rsgraph.types import Floats, Labels, RegionGraph, ScenePart, SceneSegments, Segmentation, Window


class Nothing:
    """Has no methods at all."""


@pytest.mark.parametrize(("kind", "base"), BASES.items())
def test_class_without_the_base_class_is_refused_by_name(kind: str, base: type) -> None:
    expected = f"{kind} 'x' ({__name__}:Nothing) must be a subclass of rsgraph.protocols.{base.__name__}"
    with pytest.raises(ConfigError, match=re.escape(expected)):
        check_component(kind, Nothing, "x")


MISSING = {
    "reader": "`accepts`, `open`",
    "target": "`fit`, `predict`",
    "encoder": "`network`",
    "segmenter": "`segment`",
    "graph": "`connect`",
    "gnn": "`network`",
    "matcher": "`match`",
    "projector": "`project`, `project_distances`, `project_neighbours`",
    "executor": "`open`",
    "exporter": "`export`",
}


@pytest.mark.parametrize(("kind", "methods"), MISSING.items())
def test_class_that_lacks_methods_is_refused_with_their_names(kind: str, methods: str) -> None:
    empty = type("Empty", (BASES[kind],), {"__module__": "package"})
    with pytest.raises(ConfigError) as caught:
        check_component(kind, empty, "x")
    assert str(caught.value) == f"{kind} 'x' (package:Empty) lacks {methods}, which every {kind} must have"


@pytest.mark.parametrize("base", [object, protocols.Exporter])
def test_exporter_of_the_workspace_is_refused_with_what_changed(base: type) -> None:
    def export(self: Any, workspace: Any, folder: Path, *, progress: Any = None) -> list[Path]:
        return []

    old = type("Old", (base,), {"export": export})
    with pytest.raises(ConfigError, match=r"has the old signature: instead of the workspace, `export` now takes an"):
        check_component("exporter", old, "x")


def test_gnn_names_an_embedding_a_layer() -> None:
    assert Gcn(layers=2).embeddings == ("gnn1", "gnn2")
    assert NoGnn().embeddings == ()


def test_graph_that_only_connects_reaches_as_far_as_its_margin() -> None:
    read = []

    class Ring(protocols.Graph):
        margin = 5

        def connect(self, segmentation: Segmentation, centroids: Floats) -> RegionGraph:
            nodes = np.arange(segmentation.n_segments)
            return RegionGraph(np.stack([nodes, np.roll(nodes, 1)]))

    def look(margin: int) -> tuple[Window, Labels]:
        read.append(margin)
        return Window(0, 0, 1, 3), np.array([[3, 5, 8]], dtype=np.int32)

    part = ScenePart(SceneSegments(np.zeros((9, 2), np.float32)), range(4, 5), look)
    assert Ring().connect_within(part).edge_index.tolist() == [[2, 4, 7], [7, 2, 4]]
    assert read == [5]


def test_matcher_without_blocks_matches_all_at_once() -> None:
    chips = [np.eye(3, dtype=np.float32)[:n] for n in (1, 2, 3)]
    blocks: Any = None  # it never asks for them
    found = Mean(k=2).match_blocks(chips, blocks=blocks, on_device=blocks)
    np.testing.assert_array_equal(found.similarities, Mean(k=2).match(chips).similarities)


def test_matcher_with_a_matrix_keeps_its_measure_and_neighbours() -> None:
    chosen = Auto(k=4).with_matrix()
    assert isinstance(chosen, Hungarian)
    assert chosen.k == 4
    matcher = Mean()
    assert matcher.with_matrix() is matcher


def test_projector_that_learns_nothing_works_in_one_part_on_the_cpu() -> None:
    projector = Pca()
    assert not projector.in_parts(10**6)
    assert projector.with_accelerator("cuda").accelerator == "cpu"
    assert projector.with_metric("euclidean") is projector
    assert projector.with_pairs(np.zeros((2, 0), np.int64)) is projector
    with pytest.raises(NotImplementedError, match="Pca works in parts, so it must have `fit`"):
        projector.fit(np.zeros((5, 2), np.float32), seed=0)


@pytest.mark.parametrize(("own", "expected"), [("auto", "cuda"), ("cpu", "cpu")])
def test_projector_takes_the_trainers_accelerator_where_its_own_is_open(own: Any, expected: str) -> None:
    projector = Parametric(accelerator=own)
    assert projector.with_accelerator("cuda").accelerator == expected
    assert projector.accelerator == own


@pytest.mark.parametrize("kind", [Umap, Tsne, Parametric])
def test_projector_compares_a_learnt_layer_by_its_own_distance(kind: Any) -> None:
    projector = kind()
    learnt = projector.with_metric("euclidean")
    assert (projector.metric, learnt.metric) == ("cosine", "euclidean")
    with pytest.raises(ConfigError, match="`metric` must be one of: cosine, euclidean"):
        projector.with_metric("city block")


def test_workers_release_what_they_hold_in_the_end() -> None:
    said = []

    class Kept(protocols.Workers):
        def run(self, task: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
            return map(task, items)

        def release(self) -> None:
            said.append("released")

    with Kept() as workers:
        assert list(workers.run(abs, [-1, 2])) == [1, 2]
        assert not workers.own_devices
    assert said == ["released"]


def test_what_is_larger_than_it_may_be_is_named() -> None:
    refuse_above(4, width=4, depth=1)
    with pytest.raises(ConfigError, match=r"`depth` must be at most 4\. Got 1,000,000 instead\."):
        refuse_above(4, width=4, depth=1_000_000)
