"""The window's place on the screen."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QRect

from napari_rsgraph.placing import as_last, at_first, enlarged
from rsgraph.own_files.window import ScreenPlace

LAPTOP, DESK = QRect(0, 0, 1280, 800), QRect(0, 30, 1920, 1050)


@pytest.mark.parametrize("screen", [LAPTOP, QRect(0, 0, 960, 540), QRect(1920, 0, 1366, 768)])
def test_a_small_screen_is_filled_and_nothing_of_the_window_lies_beside_it(screen: QRect) -> None:
    place, maximised = at_first(screen)
    assert maximised
    assert screen.contains(place)
    assert place.top() - screen.top() >= 24  # room for the title


@pytest.mark.parametrize("screen", [DESK, QRect(0, 0, 3840, 2160)])
def test_a_large_screen_has_the_window_in_its_middle(screen: QRect) -> None:
    place, maximised = at_first(screen)
    assert not maximised
    assert screen.contains(place)
    assert place.width() > 1280
    assert abs(place.center().x() - screen.center().x()) <= 2
    assert place.width() <= 2200


def test_a_window_stands_where_it_stood() -> None:
    last = ScreenPlace(200, 150, 1300, 800, maximised=False)
    assert as_last(last, [DESK]) == (QRect(200, 150, 1300, 800), False)
    assert as_last(ScreenPlace(200, 150, 1300, 800, maximised=True), [DESK]) == (QRect(200, 150, 1300, 800), True)


def test_a_window_of_a_larger_screen_is_shrunk_and_moved_into_this_one() -> None:
    found = as_last(ScreenPlace(900, 500, 2200, 1400, maximised=False), [LAPTOP])
    assert found is not None
    assert LAPTOP.contains(found[0])


def test_a_window_of_a_screen_that_is_gone_stands_as_at_first() -> None:
    assert as_last(ScreenPlace(3000, 100, 1000, 700, maximised=False), [LAPTOP]) is None
    assert as_last(ScreenPlace(0, 0, 1000, 700, maximised=False), []) is None
    assert as_last(ScreenPlace(1250, 100, 1000, 700, maximised=False), [LAPTOP]) is None


def test_a_window_that_was_opened_for_something_else_is_enlarged_as_far_as_the_screen_allows() -> None:
    box = enlarged(QRect(600, 300, 640, 560), DESK)
    assert DESK.contains(box)
    assert (box.width(), box.height()) == (1240, 740)
    small = enlarged(QRect(600, 300, 640, 560), QRect(0, 0, 960, 540))
    assert QRect(0, 0, 960, 540).contains(small)


def test_a_window_that_is_large_enough_stays_as_it_is() -> None:
    assert enlarged(QRect(600, 300, 1300, 780), DESK) == QRect(600, 300, 1300, 780)
