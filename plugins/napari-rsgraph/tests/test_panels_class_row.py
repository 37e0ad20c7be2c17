"""One class in the list."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtGui import QColor

from napari_rsgraph.panels.class_row import ClassFacts, ClassRow, ShareBar, readable_on


def test_a_row_shows_how_much_has_the_class(qtbot: Any) -> None:
    row = ClassRow(ClassFacts(1, "water", "#0072b2", "1"), lambda menu, facts: None)
    qtbot.addWidget(row)
    assert row.counts.text() == ""
    row.show_counts(1200, "41.2 ha", 0.25)
    assert row.counts.text() == "1,200 · 41.2 ha"
    assert row.counts.toolTip() == "1,200 segments, 41.2 ha, 25\u00a0% of the scene"
    row.show_counts(0, "0 ha", 0)
    assert row.counts.text() == "none yet"
    assert row.label.toolTip() == "Label the selection as water (1)"


def test_the_bar_is_filled_by_the_share(qtbot: Any) -> None:
    bar = ShareBar("#ff0000")
    qtbot.addWidget(bar)
    bar.resize(100, 6)
    bar.show_share(0.25)
    image = bar.grab().toImage()
    assert image.pixelColor(22, 3).name() == "#ff0000"
    assert image.pixelColor(28, 3).name() != "#ff0000"


@pytest.mark.parametrize(
    ("colour", "expected"), [("#ffff00", "#000000"), ("#0000ff", "#ffffff"), ("#808080", "#000000")]
)
def test_keys_are_black_or_white_whichever_contrasts_more(colour: str, expected: str) -> None:
    assert readable_on(QColor(colour)).name() == expected
