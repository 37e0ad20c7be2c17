"""Cluster colours as matplotlib takes them."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_rgb

from rsgraph.io.palette import colours
from rsgraph.pictures.palette import cluster_colours


def test_cluster_colours_all_differ() -> None:
    found = cluster_colours(24)
    distances = np.abs(found[:, None] - found[None]).max(axis=2) + np.eye(24)
    assert distances.min() > 0.04
    assert ((found >= 0) & (found <= 1)).all()


def test_cluster_colours_are_those_that_matplotlib_reads_from_the_codes() -> None:
    expected = [to_rgb(code) for code in ("#0072B2", "#E69F00", *colours(30)[2:])]
    np.testing.assert_allclose(cluster_colours(30), expected, atol=1e-6)


def test_cluster_colours_of_no_cluster_are_an_empty_table() -> None:
    assert cluster_colours(0).shape == (0, 3)
