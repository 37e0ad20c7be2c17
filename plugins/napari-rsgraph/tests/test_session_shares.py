"""Shares of the classes in chips."""

from __future__ import annotations

import numpy as np
import pytest

from napari_rsgraph.session.shares import GRAY, chip_shares, mixed_colours, shares_text
from napari_rsgraph.session.tables import Tables

PALETTE = np.array([[138, 143, 152], [0, 200, 0], [0, 0, 200]], np.uint8)


def test_shares_are_of_the_area(tables: Tables) -> None:
    codes = np.array([0, 1, 1, 2, 2])  # of 50, 30 and 20 pixels, and of 60 and 40
    assert chip_shares(tables, codes, 3) == pytest.approx(np.array([[0.5, 0.5, 0], [0, 0, 1]]))


def test_a_chip_of_little_forest_is_nearly_gray() -> None:
    shares = np.array([[0.85, 0.15, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], np.float32)
    colours = mixed_colours(shares, PALETTE, nothing=0).astype(float)
    assert np.abs(colours[0] - GRAY).max() < 0.16 * 255
    assert colours[0, 1] > GRAY[1]
    assert colours[1].tolist() == [0, 200, 0]
    assert colours[2] == pytest.approx(GRAY)


def test_colours_of_classes_are_never_mixed_with_each_other() -> None:
    colour = mixed_colours(np.array([[0.0, 0.5, 0.5]], np.float32), PALETTE, nothing=0)[0].astype(float)
    between = (colour - GRAY) / (PALETTE[1] - GRAY)
    assert between == pytest.approx(np.full(3, 0.5), abs=0.02)


def test_shares_are_written_largest_first_without_crumbs() -> None:
    shares = np.array([0.154, 0.6, 0.246, 0.001])
    text = shares_text(shares, ("unlabelled", "forest", "water", "sand"))
    assert text == "forest 60 %, water 25 %, unlabelled 15 %"
