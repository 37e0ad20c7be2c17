"""The left side of the window, linked with a session."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtGui import QColor

from napari_rsgraph.overview import Overview, image_of
from napari_rsgraph.session.session import Session


@pytest.fixture
def overview(qtbot: Any, session: Session) -> Overview:
    made = Overview(session)
    qtbot.addWidget(made)
    return made


def test_pixels_become_an_image() -> None:
    image = image_of(np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8))
    assert (image.width(), image.height()) == (2, 1)
    assert image.pixelColor(1, 0) == QColor(0, 0, 255)


def test_the_gallery_selects_chips_or_their_segments(overview: Overview, session: Session) -> None:
    overview.gallery.chip_clicked.emit(2, "replace")
    assert session.selection.rows.tolist() == [2]
    session.selection.set_level("segments")
    overview.gallery.chip_clicked.emit(1, "replace")
    assert np.array_equal(session.selection.segments, session.tables.chip_of == 1)
    segment = int(session.tables.ids[5])
    overview.gallery.segment_clicked.emit(segment, "add")
    assert session.selection.segments[5]


def test_the_map_shows_what_is_selected_and_what_the_filter_hides(overview: Overview, session: Session) -> None:
    session.selection.select(np.array([3, 4]))
    assert overview.points.selection.tolist() == [3, 4]
    session.selection.set_filter(classes=frozenset({9}))
    assert overview.points._message == ("The filter hides all points: choose Filter > Show all", None)


def test_the_brush_says_which_classes_are_under_it(overview: Overview, session: Session) -> None:
    assert overview.points.describe_brush(np.arange(3)) == "3 chips"
    session.labels.define("water")
    session.labels.assign(np.arange(4), "water")
    session.selection.set_level("segments")
    assert overview.points.describe_brush(np.arange(6)) == "6 segments: water 4, unlabelled 2"
