from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.neighbours.nearest import nearest_of_distances
from rsgraph.projectors.sampling import draw
from rsgraph.projectors.umap import Umap


def three_groups(each: int = 30) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    centres = np.eye(3, 8) * 10
    labels = np.repeat(np.arange(3), each)
    return (centres[labels] + rng.normal(size=(3 * each, 8))).astype(np.float32), labels


def same_group_share(points: np.ndarray, labels: np.ndarray) -> float:
    distances = cdist(points, points)
    np.fill_diagonal(distances, np.inf)
    return float((labels[distances.argmin(axis=1)] == labels).mean())


def test_project_keeps_groups_together_and_repeats() -> None:
    vectors, labels = three_groups()
    first, second = (Umap(n_epochs=100).project(vectors, seed=3) for _ in range(2))
    assert first.method == "umap"
    assert first.points.dtype == np.float32
    assert same_group_share(first.points, labels) == 1.0
    np.testing.assert_array_equal(first.points, second.points)
    assert np.abs(first.points - Umap(n_epochs=100).project(vectors, seed=4).points).max() > 0.1


def test_project_distances_keeps_groups_together() -> None:
    vectors, labels = three_groups()
    distances = cdist(vectors, vectors, "cosine")
    found = Umap(n_epochs=100).project_distances(distances, seed=0)
    assert found.method == "umap"
    assert same_group_share(found.points, labels) == 1.0


def test_project_neighbours_equals_project_distances_of_which_they_are_a_part() -> None:
    vectors, labels = three_groups()
    distances = cdist(vectors, vectors, "cosine")
    near, lengths = nearest_of_distances(distances.astype(np.float32), 14)
    found = Umap(n_epochs=100).project_neighbours(near, lengths.astype(np.float32), seed=0)
    assert found.method == "umap"
    assert same_group_share(found.points, labels) == 1.0


def test_above_sample_others_are_placed_among_their_own() -> None:
    vectors, labels = three_groups(60)
    projector = Umap(n_neighbors=8, n_epochs=100, sample=60)
    first, second = (projector.project(vectors, seed=3) for _ in range(2))
    assert first.model is not None
    assert first.model["points"].shape == (60, 2)
    assert same_group_share(first.points, labels) == 1.0
    np.testing.assert_array_equal(first.points, second.points)
    assert projector.project(vectors[:60], seed=3).model is None


def test_sample_is_mapped_as_if_it_were_all(tmp_path: Path) -> None:
    np.save(tmp_path / "vectors.npy", three_groups(60)[0])
    vectors = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    projector = Umap(n_neighbors=8, n_epochs=50, sample=90)
    found = projector.project(vectors, seed=1)
    assert found.model is not None
    drawn = draw(180, 90, 1)
    np.testing.assert_array_equal(found.model["vectors"], vectors[drawn])
    np.testing.assert_array_equal(found.points[drawn], found.model["points"])
    np.testing.assert_array_equal(found.points[drawn], projector.project(vectors[drawn], seed=1).points)


def test_transform_in_blocks_gives_the_map_of_project() -> None:
    vectors, _ = three_groups(60)
    projector = Umap(n_neighbors=8, n_epochs=20, sample=60)
    model = projector.fit(vectors, seed=2)
    blocks = [projector.transform(vectors[at : at + 50], model, seed=2, first=at) for at in range(0, 180, 50)]
    np.testing.assert_array_equal(np.concatenate(blocks), projector.project(vectors, seed=2).points)


def test_transform_places_new_vectors_on_any_map() -> None:
    vectors, labels = three_groups(60)
    projector = Umap(n_epochs=100)
    points = projector.project(vectors[::2], seed=0).points
    placed = projector.transform(vectors[1::2], {"vectors": vectors[::2], "points": points}, seed=0)
    nearest = cdist(placed, points).argmin(axis=1)
    assert (labels[::2][nearest] == labels[1::2]).all()
    with pytest.raises(NotUsable, match="as many features"):
        projector.transform(vectors[:, :3], {"vectors": vectors, "points": points}, seed=0)


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_few_points_fall_back_to_pca(n: int) -> None:
    vectors = np.arange(3 * n, dtype=np.float32).reshape(n, 3)
    for found in (
        Umap().project(vectors, seed=0),
        Umap().project_distances(cdist(vectors, vectors) if n else np.zeros((0, 0)), seed=0),
        Umap().project_neighbours(np.zeros((n, 0), np.int64), np.zeros((n, 0), np.float32), seed=0),
    ):
        assert found.method == "pca"
        assert found.points.shape == (n, 2)
        assert np.isfinite(found.points).all()


@pytest.mark.parametrize("n", [5, 7, 40])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_constant_input_is_finite(n: int, value: float) -> None:
    vectors = np.full((n, 4), value, np.float32)
    assert np.isfinite(Umap(n_epochs=20).project(vectors, seed=0).points).all()
    assert np.isfinite(Umap(n_epochs=20).project_distances(np.zeros((n, n)), seed=0).points).all()


def test_many_copies_and_disconnected_groups_are_finite() -> None:
    vectors = np.repeat(np.eye(6, dtype=np.float32), [40, 1, 2, 20, 20, 17], axis=0)
    points = Umap(n_epochs=20).project(vectors, seed=0).points
    assert points.shape == (100, 2)
    assert np.isfinite(points).all()


def test_progress_counts_epochs_to_the_end() -> None:
    vectors, _ = three_groups(10)
    calls: list[tuple[int, int]] = []
    Umap(n_epochs=30).project(vectors, seed=0, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (30, 30)
    assert {total for _, total in calls} == {30}
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("n_neighbors", 1), ("min_dist", 1.0), ("min_dist", "0.1"), ("metric", "cos"), ("n_epochs", 0), ("sample", 9)],
)
def test_umap_refuses_bad_parameters(parameter: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"`{parameter}`"):
        Umap(**{parameter: value})  # type: ignore[arg-type]  # that is the test


def test_progress_of_a_sample_counts_to_the_end() -> None:
    calls: list[tuple[int, int]] = []
    Umap(n_neighbors=5, n_epochs=10, sample=20).project(
        three_groups(20)[0], seed=0, progress=lambda done, total: calls.append((done, total))
    )
    assert calls[-1] == (1000, 1000)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_project_refuses_nan() -> None:
    with pytest.raises(NotUsable, match="NaN"):
        Umap().project(np.full((6, 2), np.nan), seed=0)


def test_touching_points_come_closer_by_the_weight_of_touching() -> None:
    vectors = np.random.default_rng(0).normal(size=(90, 4)).astype(np.float32)
    pairs = np.stack([np.arange(0, 90, 2), np.arange(1, 90, 2)])

    def apart(projector: Umap) -> float:
        points = projector.with_pairs(pairs).project(vectors, seed=0).points
        return float(np.linalg.norm(points[pairs[0]] - points[pairs[1]], axis=1).mean())

    assert apart(Umap(touching=1.0)) < apart(Umap(touching=0.4)) < apart(Umap())


def test_pairs_change_nothing_without_a_weight() -> None:
    vectors, _ = three_groups()
    projector, pairs = Umap(n_epochs=20), np.array([[0], [40]])
    expected = projector.project(vectors, seed=0).points
    np.testing.assert_array_equal(projector.with_pairs(pairs).project(vectors, seed=0).points, expected)
    np.testing.assert_array_equal(Umap(n_epochs=20, touching=0.5).project(vectors, seed=0).points, expected)


def test_pairs_count_where_both_are_in_the_sample() -> None:
    vectors, _ = three_groups()
    projector = Umap(n_neighbors=8, n_epochs=20, sample=60, touching=0.5)
    drawn = draw(90, 60, 1)
    left_out = np.setdiff1d(np.arange(90), drawn)
    pairs = np.array([[drawn[3], drawn[5], left_out[0]], [drawn[40], left_out[1], left_out[2]]])
    found = projector.with_pairs(pairs).fit(vectors, seed=1)["points"]
    expected = projector.with_pairs(np.array([[3], [40]])).project(vectors[drawn], seed=1).points
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("touching", [-0.1, 1.5, True, "much"])
def test_weight_of_touching_lies_between_0_and_1(touching: Any) -> None:
    with pytest.raises(ConfigError, match="`touching` must lie between 0 and 1"):
        Umap(touching=touching)


def test_a_prepared_model_places_as_it_does_itself() -> None:
    vectors = np.random.default_rng(3).normal(size=(180, 6)).astype(np.float32)
    projector = Umap(n_neighbors=6, sample=80, n_epochs=10)
    model = projector.fit(vectors, seed=2)
    once = projector.prepared(model, seed=2)
    assert set(model) < set(once)
    for block in (slice(0, 70), slice(70, 180)):
        expected = projector.transform(vectors[block], model, seed=2, first=block.start)
        np.testing.assert_array_equal(projector.transform(vectors[block], once, seed=2, first=block.start), expected)
