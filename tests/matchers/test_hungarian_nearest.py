from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsgraph import build
from rsgraph.blocks import ResumableBlocks, Threads
from rsgraph.errors import ConfigError, NotUsable
from rsgraph.matchers.chips import StoredChips
from rsgraph.matchers.hungarian import Hungarian
from rsgraph.matchers.hungarian_nearest import HungarianNearest
from rsgraph.types import Floats, Similarity


def places(seed: int, count: int, *, features: int = 8, sizes: tuple[int, int] = (20, 30)) -> list[Floats]:
    """Chips that mix five kinds of nodes in shares of their own."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(5, features))
    chips = []
    for _ in range(count):
        kinds = rng.choice(5, rng.integers(*sizes), p=rng.dirichlet(np.full(5, 0.5)))
        chips.append((centres[kinds] + 0.15 * rng.normal(size=(len(kinds), features))).astype(np.float32))
    return chips


def same_up_to_ties(found: Similarity, chips: list[Floats], k: int) -> None:
    """Every listed similarity is exact, the k best are listed, and the ceiling proves it."""
    full = Hungarian(k).match(chips)
    assert full.matrix is not None
    assert found.ceiling is not None
    np.testing.assert_allclose(found.similarities, full.similarities, atol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(full.matrix, found.indices, axis=1), found.similarities, atol=1e-6)
    assert all(len(set(row)) == len(row) for row in found.indices.tolist())
    assert not (found.indices == np.arange(len(chips))[:, None]).any()
    assert (found.ceiling <= found.similarities[:, -1] + 1e-6).all()


def test_match_finds_what_the_full_matrix_finds_with_fewer_problems() -> None:
    chips = places(0, 150)
    found = HungarianNearest(k=5).match(chips)
    same_up_to_ties(found, chips, 5)
    np.testing.assert_array_equal(found.indices, Hungarian(5).match(chips).indices)
    assert found.matrix is None
    assert found.solved < 0.4 * 150 * 149 / 2
    assert found.solved + sum(found.given_up.values()) == 150 * 149 / 2
    assert set(found.given_up) == {"signature", "prices", "dual"}


@pytest.mark.parametrize("sizes", [(1, 4), (1, 60), (25, 26)])
def test_match_is_exact_for_all_mixtures_of_sizes(sizes: tuple[int, int]) -> None:
    chips = places(sizes[1], 90, sizes=sizes)
    same_up_to_ties(HungarianNearest(k=4).match(chips), chips, 4)


def test_match_of_duplicates_and_near_duplicates_is_exact_and_gives_up_what_could_only_tie() -> None:
    rng = np.random.default_rng(3)
    (sea,) = places(1, 1)
    chips = [sea] * 40 + [sea + 1e-5 * rng.normal(size=sea.shape).astype(np.float32) for _ in range(40)]
    found = HungarianNearest(k=3).match(chips)
    same_up_to_ties(found, chips, 3)
    assert found.solved < 80 * 79 / 2


def test_match_handles_zero_nodes_empty_chips_and_few_chips() -> None:
    zero, empty, one = np.zeros((2, 3), np.float32), np.zeros((0, 3), np.float32), np.ones((2, 3), np.float32)
    found = HungarianNearest().match([zero, empty, one, empty])
    expected = Hungarian().match([zero, empty, one, empty])
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.similarities, expected.similarities)
    assert HungarianNearest().match([one]).indices.shape == (1, 0)
    assert HungarianNearest().match([]).indices.shape == (0, 0)


def test_match_adds_chips_to_a_known_result() -> None:
    chips = places(4, 120)
    before = HungarianNearest(k=5).match(chips[:100])
    extended, anew = HungarianNearest(k=5).match(chips, known=before), HungarianNearest(k=5).match(chips)
    np.testing.assert_array_equal(extended.indices, anew.indices)
    np.testing.assert_array_equal(extended.similarities, anew.similarities)
    assert extended.solved - before.solved < anew.solved
    same_up_to_ties(extended, chips, 5)


def test_match_refuses_a_known_result_of_another_k() -> None:
    chips = places(5, 30)
    with pytest.raises(NotUsable, match="`known` must list the 4 nearest"):
        HungarianNearest(k=4).match(chips, known=HungarianNearest(k=3).match(chips[:20]))


def test_match_does_not_depend_on_threads_or_on_where_nodes_are_stored(tmp_path: Path) -> None:
    chips = places(6, 80)
    np.save(tmp_path / "nodes.npy", np.concatenate(chips))
    stored = StoredChips(tmp_path / "nodes.npy", [len(chip) for chip in chips])
    single = HungarianNearest(k=4).match(chips, blocks=ResumableBlocks(Threads(1)))
    shared = HungarianNearest(k=4).match(stored, blocks=ResumableBlocks(Threads(3), tmp_path / "blocks"))
    for name in ("indices", "similarities", "ceiling", "solved"):
        np.testing.assert_array_equal(getattr(single, name), getattr(shared, name))


def test_match_resumes_from_kept_blocks(tmp_path: Path) -> None:
    chips = places(7, 80)
    whole = HungarianNearest(k=4).match(chips)

    def interrupt(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        HungarianNearest(k=4).match(chips, blocks=ResumableBlocks(Threads(1), tmp_path), progress=interrupt)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
    resumed = HungarianNearest(k=4).match(chips, blocks=ResumableBlocks(Threads(1), tmp_path))
    assert len(kept) > 5
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())
    np.testing.assert_array_equal(resumed.indices, whole.indices)
    np.testing.assert_array_equal(resumed.similarities, whole.similarities)


def test_match_refuses_nan_and_a_bad_k() -> None:
    with pytest.raises(NotUsable, match="chip 1 of `nodes` holds NaN"):
        HungarianNearest().match([np.ones((2, 2)), np.full((2, 2), np.nan)])
    with pytest.raises(NotUsable, match=r"chip 1 of `nodes` must have shape \(nodes, 2\)"):
        HungarianNearest().match([np.ones((2, 2)), np.ones((2, 3))])
    with pytest.raises(ConfigError, match="`k` must be a whole number"):
        HungarianNearest(k=0)


def test_auto_keeps_the_matrix_of_few_chips_only() -> None:
    chips = places(8, 30)
    few, many = build("matcher", name="auto", k=4), build("matcher", name="auto", k=4, full=20)
    assert few.match(chips).matrix is not None
    assert many.match(chips).matrix is None
    np.testing.assert_array_equal(few.match(chips).indices, many.match(chips).indices)


def test_match_with_known_results_counts_empty_chips_once() -> None:
    towards = np.array([1.0, 0.0, 0.0], dtype=np.float32)
    away = np.array([-0.2, 1.0, 0.0], dtype=np.float32)
    empty = np.zeros((0, 3), dtype=np.float32)
    chips = [towards[None], empty, -towards[None], (-towards + away)[None], 5 * away[None], away[None] * 2, empty]
    for first in range(1, len(chips)):
        before = HungarianNearest(k=2).match(chips[:first])
        if before.indices.shape[1] == 2:
            same_up_to_ties(HungarianNearest(k=2).match(chips, known=before), chips, 2)


def test_match_adds_a_chip_without_solving_old_pairs_again() -> None:
    chips = places(9, 160)
    before = HungarianNearest(k=5).match(chips[:159])
    extended = HungarianNearest(k=5).match(chips, known=before)
    assert extended.solved - before.solved < 40
    assert extended.solved + sum(extended.given_up.values()) == 160 * 159 / 2
    same_up_to_ties(extended, chips, 5)


def test_match_refuses_a_known_result_that_is_not_exact() -> None:
    chips = places(10, 30)
    with pytest.raises(NotUsable, match="`known` must be exact"):
        HungarianNearest(k=4).match(chips, known=Hungarian(4, tolerance=0.2).match(chips[:20]))


def test_stored_nodes_that_change_are_read_again(tmp_path: Path) -> None:
    for seed in (11, 12):
        chips = places(seed, 12, sizes=(20, 21))
        np.save(tmp_path / "nodes.npy", np.concatenate(chips))
        stored = StoredChips(tmp_path / "nodes.npy", [20] * 12)
        found = HungarianNearest(k=3).match(stored)
        np.testing.assert_array_equal(found.indices, Hungarian(3).match(chips).indices)
