"""Rings against known values, and against plain numpy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rsgraph.gnn.rings import Rings
from rsgraph.gnn.rings_network import RingsNetwork, neighbour_means, whitening

PATH = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
"""0 - 1 - 2; node 3 is isolated."""


def _scene(n: int = 60, bands: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw correlated reflectances, and edges that leave the last node isolated."""
    rng = np.random.default_rng(seed)
    x = np.exp(rng.normal(-2, 0.4, (n, 2)) @ rng.normal(size=(2, bands)) * 0.3 + rng.normal(-2, 0.05, (n, bands)))
    edges = rng.integers(0, n - 1, (2, 4 * n))
    return torch.from_numpy(x.astype(np.float32)), torch.from_numpy(edges)


def _fitted(x: torch.Tensor, edges: torch.Tensor, **options: float) -> RingsNetwork:
    network = Rings(**options).network(x.shape[1], 8, 0)  # type: ignore[arg-type]  # layers is an int
    assert isinstance(network, RingsNetwork)
    network.fit(x, edges)
    return network


def _plainly(x: NDArray[np.float64], edges: NDArray[np.int64], least: float) -> list[NDArray[np.float64]]:
    """Follow the recipe step by step; principal components by singular values."""
    rings, blocks = [np.log(np.maximum(x, 1e-3))], []
    for _ in range(2):
        heard = [edges[0][edges[1] == i] for i in range(len(x))]
        rings.append(np.array([rings[-1][h].mean(0) if len(h) else rings[-1][i] for i, h in enumerate(heard)]))
    for ring in rings:
        left, singular, _ = np.linalg.svd((ring - ring.mean(0)) / ring.std(0), full_matrices=False)
        kept = singular**2 > least * (singular**2).sum()
        blocks.append(left[:, kept] * np.sqrt(len(x) / kept.sum()))
    return [np.concatenate(blocks[: last + 1], axis=1) for last in (1, 2)]


def _gram(vectors: NDArray[np.float64] | torch.Tensor) -> NDArray[np.float64]:
    """Return all scalar products: what is left when signs of components do not count."""
    found = np.asarray(vectors, dtype=np.float64)
    return found @ found.T


def test_surroundings_of_one_band_are_its_standardised_logarithms_ring_by_ring() -> None:
    x = torch.tensor([[1.0], [np.e], [np.e**2], [np.e**5]])
    rings = np.array([[0, 1, 2, 5], [1, 1, 1, 5], [1, 1, 1, 5]], dtype=np.float64)
    blocks = ((rings - rings.mean(1, keepdims=True)) / rings.std(1, keepdims=True)).T
    first, second = _fitted(x, PATH)(x, PATH)
    np.testing.assert_allclose(first, blocks[:, :2], atol=1e-6)
    np.testing.assert_allclose(second, blocks, atol=1e-6)


def test_neighbour_means_follow_the_arrows_and_an_isolated_node_keeps_its_own() -> None:
    x = torch.tensor([[1.0, 0.0], [3.0, 2.0], [5.0, 8.0]])
    edges = torch.tensor([[0, 1, 0], [2, 2, 1]])  # row 0 sends, row 1 receives
    assert neighbour_means(x, edges).tolist() == [[1.0, 0.0], [1.0, 0.0], [2.0, 1.0]]


@pytest.mark.parametrize("least", [0.002, 0.1])
def test_surroundings_equal_the_recipe_in_plain_numpy(least: float) -> None:
    x, edges = _scene()
    expected = _plainly(x.double().numpy(), edges.numpy(), least)
    for got, wanted in zip(_fitted(x, edges, least=least)(x, edges), expected, strict=True):
        assert got.shape == wanted.shape
        np.testing.assert_allclose(_gram(got), _gram(wanted), atol=2e-4)


def test_whitening_makes_columns_uncorrelated_of_variance_one_by_their_number() -> None:
    vectors = _scene(200, 4)[0].double().numpy()
    centre, rotation = whitening(vectors, least=1e-6)
    white = (vectors - centre) @ rotation
    np.testing.assert_allclose(white.T @ white / len(white), np.eye(4) / 4, atol=1e-9)
    np.testing.assert_allclose(white.mean(0), 0, atol=1e-12)


def test_blocks_weigh_the_same() -> None:
    x, edges = _scene(300)
    network = _fitted(x, edges)
    ends = np.cumsum([0, *network.kept.tolist()])
    variances = np.asarray(network(x, edges)[-1]).var(axis=0)
    assert [variances[a:b].sum() for a, b in pairwise(ends)] == pytest.approx([1, 1, 1], abs=1e-3)


def test_permuting_nodes_permutes_the_vectors() -> None:
    x, edges = _scene()
    order = torch.from_numpy(np.random.default_rng(1).permutation(len(x)))
    place = order.argsort()
    for got, wanted in zip(
        _fitted(x[order], place[edges])(x[order], place[edges]), _fitted(x, edges)(x, edges), strict=True
    ):
        torch.testing.assert_close(got, wanted[order], atol=2e-5, rtol=0)


def test_rescaling_bands_changes_nothing() -> None:
    x, edges = _scene()
    other = x * torch.tensor([0.5, 2.0, 1.0, 3.0, 0.9])
    for got, wanted in zip(_fitted(other, edges)(other, edges), _fitted(x, edges)(x, edges), strict=True):
        torch.testing.assert_close(got, wanted, atol=1e-4, rtol=0)


def test_values_under_the_floor_count_as_the_floor() -> None:
    x, edges = _scene()
    dark, darker = x.clone(), x.clone()
    dark[3, 1], darker[3, 1] = 1e-3, -0.02
    torch.testing.assert_close(_fitted(dark, edges)(dark, edges), _fitted(darker, edges)(darker, edges))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_fewer_segments_than_bands_stay_finite(n: int) -> None:
    x, edges = _scene(n + 1)[0][:n], torch.zeros((2, 0), dtype=torch.int64)
    outputs = _fitted(x, edges)(x, edges)
    assert [bool(output.isfinite().all()) for output in outputs] == [True, True]
    assert outputs[-1].shape[1] <= 3 * max(1, n - 1)


def test_a_constant_band_says_nothing() -> None:
    x, edges = _scene()
    with_constant = torch.cat([x, torch.full((len(x), 1), 0.3)], dim=1)
    for got, wanted in zip(
        _fitted(with_constant, edges)(with_constant, edges), _fitted(x, edges)(x, edges), strict=True
    ):
        np.testing.assert_allclose(_gram(got.numpy()), _gram(wanted.numpy()), atol=1e-3)


def test_equal_segments_have_equal_finite_vectors() -> None:
    x = torch.full((4, 3), 0.2)
    assert all(
        (output == 0).all() and output.shape == (4, i + 2) for i, output in enumerate(_fitted(x, PATH)(x, PATH))
    )


def test_what_was_fitted_is_applied_to_other_nodes_as_it_is() -> None:
    x, edges = _scene()
    network = _fitted(x, edges)
    some = torch.arange(10)
    no_edges = torch.zeros((2, 0), dtype=torch.int64)
    width = int(network.kept[0])
    torch.testing.assert_close(network(x[some], no_edges)[0][:, :width], network(x, edges)[0][some, :width])


def test_there_is_one_output_a_layer() -> None:
    x, edges = _scene()
    assert len(_fitted(x, edges, layers=3)(x, edges)) == 3
