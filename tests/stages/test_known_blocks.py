"""Blocks of old chips are looked up, those of new chips computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsgraph.blocks import ResumableBlocks, Threads
from rsgraph.io.chip_blocks import ChipBlock, chip_blocks
from rsgraph.io.chips import cut
from rsgraph.protocols import Arrays
from rsgraph.stages.graph import graph
from rsgraph.stages.known_blocks import KnownBlocks
from tests.stages.squares import segmented, squares

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # pixel space


class Computed:
    """Computes nothing, but keeps the chips that it was asked for."""

    def __init__(self) -> None:
        self.chips: list[int] = []

    def __call__(self, block: ChipBlock) -> Arrays:
        self.chips.extend(chip.chip_id for chip in block.chips)
        return {"vectors": np.zeros((1, 2), np.float32)}


def blocks() -> list[ChipBlock]:
    """Blocks of one chip each: two of the scene that was there, two of one that was added."""
    scenes = [squares("a"), squares("b")]
    return chip_blocks(scenes, cut(scenes, size=16), [range(n, n + 4) for n in (0, 4, 8, 12)], old=2)


def known(folder: Path) -> KnownBlocks:
    return KnownBlocks(ResumableBlocks(Threads(1)), folder, scenes=1)


def test_known_vectors_are_read_and_the_others_computed(tmp_path: Path) -> None:
    vectors = np.arange(16, dtype=np.float32).reshape(8, 2)
    (tmp_path / "embeddings").mkdir()
    np.save(tmp_path / "embeddings" / "target.npy", vectors)
    task, said = Computed(), []
    found = list(known(tmp_path).map("memberships", task, blocks(), lambda *step: said.append(step)))
    assert task.chips == [2, 3]
    np.testing.assert_array_equal(found[0]["vectors"], vectors[:4])
    np.testing.assert_array_equal(found[1]["vectors"], vectors[4:])
    assert said == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_known_edges_are_those_of_the_chip(tmp_path: Path) -> None:
    graph(segmented(tmp_path, scenes=[squares("a")]))
    edges = np.load(tmp_path / "edges.npy")
    first, second = known(tmp_path).map("graph", Computed(), blocks()[:2])
    np.testing.assert_array_equal(first["edges"], edges[:, :10])
    np.testing.assert_array_equal(second["edges"], edges[:, 10:])
    assert edges[1, 10:].min() == 4


def test_everything_is_computed_where_nothing_is_known(tmp_path: Path) -> None:
    task = Computed()
    assert len(list(known(tmp_path).map("sample", task, blocks()))) == 4
    assert task.chips == [0, 1, 2, 3]


def test_known_layers_of_a_network_are_found_by_their_number(tmp_path: Path) -> None:
    (tmp_path / "embeddings").mkdir()
    for number in range(1, 12):
        np.save(tmp_path / "embeddings" / f"gnn{number}.npy", np.full((8, 1), number, np.float32))
    (found, *_) = known(tmp_path).map("layers-0123456789abcdef", Computed(), blocks()[:1])
    assert {name: int(rows[0, 0]) for name, rows in found.items()} == {f"layer{n}": n + 1 for n in range(11)}
