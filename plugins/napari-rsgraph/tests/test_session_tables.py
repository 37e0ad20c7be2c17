"""Chips and segments as arrays."""

from __future__ import annotations

import numpy as np
import pytest

from napari_rsgraph.session.tables import Tables
from rsgraph.types import Window


def test_segments_belong_to_chips(tables: Tables) -> None:
    assert tables.chip_of.tolist() == [0, 0, 0, 1, 1]
    assert tables.segments_of(np.array([False, True])).tolist() == [False, False, False, True, True]
    assert tables.chips_with(np.array([True, False, True, False, True])).tolist() == [2, 1]
    assert (tables.n_segments, tables.n_chips, tables.max_id) == (5, 2, 5)


def test_areas_are_those_of_pixels_of_ten_metres(tables: Tables) -> None:
    assert tables.hectares == pytest.approx([0.5, 0.3, 0.2, 0.6, 0.4])


def test_values_are_looked_up_by_id(tables: Tables) -> None:
    values = np.array([10, 20, 30, 40, 50])
    assert tables.by_id(values).tolist() == [0, 10, 20, 30, 40, 50]
    assert tables.row_of_id.tolist() == [-1, 0, 1, 2, 3, 4]


def test_values_are_looked_up_by_ids_with_gaps(tables: Tables) -> None:
    tables.ids = np.array([1, 2, 4, 6, 7])
    assert tables.by_id(np.array([1, 2, 3, 4, 5])).tolist() == [0, 1, 2, 0, 3, 0, 4, 5]
    assert tables.row_of_id.tolist() == [-1, 0, 1, -1, 2, -1, 3, 4]


def test_a_chip_has_a_window_in_its_scene(tables: Tables) -> None:
    assert tables.window_of(1) == Window(0, 10, 10, 10)
    assert tables.scene_of_chip.tolist() == [0, 0]


def test_cloudy_is_what_is_half_cloud_or_shadow(tables: Tables, cloudy_tables: Tables) -> None:
    assert tables.cloudy is None
    assert cloudy_tables.cloudy is not None
    assert cloudy_tables.cloudy.tolist() == [False, True, False, False, True]
