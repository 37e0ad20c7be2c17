"""Colours of the points."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_rsgraph.session.colouring import column_colours
from napari_rsgraph.session.session import Session
from rsgraph import Workspace


def test_colours_by_class_membership_and_any_column(session: Session) -> None:
    session.selection.set_level("segments")
    session.labels.define("water", colour="#0072b2")
    session.selection.select(np.array([7]))
    session.label("water")
    assert session.colouring.colours(session.selection.level)[7].tolist() == [0, 0x72, 0xB2]
    for by in session.colouring.choices(session.selection.level):
        session.colouring.choose(by)
        assert session.colouring.colours(session.selection.level).shape == (session.tables.n_segments, 3)
        assert session.colouring.key(session.selection.level).title
    session.colouring.choose("strongest membership")
    memberships = Workspace(session.workspace.folder).embedding("target")
    strongest = memberships.argmax(axis=1)
    colours = session.colouring.colours(session.selection.level)
    same = strongest == strongest[0]
    assert (colours[same] == colours[0]).all()
    assert not (colours[~same] == colours[0]).all(axis=1).any()


def test_numbers_and_places_of_chips_are_nothing_to_colour_by(session: Session) -> None:
    offered = session.colouring.choices("chips") + session.colouring.choices("segments")
    assert "area_px" in offered
    assert not {"chip_id", "row", "column", "rows", "columns", "row_offset", "column_offset", "x", "y"} & set(offered)


def test_few_values_of_a_column_get_one_colour_each() -> None:
    colours, key = column_colours(pd.Series(["b", "a", "b", None]), "kind")
    assert [name for name, _ in key.entries] == ["a", "b"]
    assert colours[0].tolist() == colours[2].tolist() != colours[1].tolist()
    assert colours[3].tolist() == [0x8A, 0x8F, 0x98]  # gray where there is none
    assert key.scale is None


def test_many_numbers_of_a_column_are_a_scale_from_dark_blue_to_yellow() -> None:
    colours, key = column_colours(pd.Series(np.arange(101, dtype=float)), "height")
    assert key.scale == (1.0, 99.0)
    assert colours[0] == pytest.approx([0, 34, 78], abs=1)  # the ends of cividis
    assert colours[-1] == pytest.approx([254, 232, 56], abs=1)
