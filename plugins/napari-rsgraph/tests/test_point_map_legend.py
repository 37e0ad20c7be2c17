"""The legend of the 2-D map."""

from __future__ import annotations

from typing import Any

from napari_rsgraph.point_map.legend import Legend
from napari_rsgraph.session.session import Session


def test_the_legend_names_classes_and_the_ends_of_a_scale(qtbot: Any, session: Session) -> None:
    legend = Legend(session)
    qtbot.addWidget(legend)
    legend.show()
    session.labels.define("water")
    session.colouring.choose("class")
    qtbot.waitUntil(lambda: legend.texts == ["class", "unlabelled", "water"])
    session.colouring.choose("uncertainty")
    low, high = session.colouring.key(session.selection.level).scale or (0, 0)
    qtbot.waitUntil(lambda: legend.texts == ["uncertainty", f"{low:.3g}", "", f"{high:.3g}"])
    assert "uncertainty" in legend.accessibleName()


def test_the_legend_says_how_many_classes_it_leaves_out(qtbot: Any, session: Session) -> None:
    legend = Legend(session)
    qtbot.addWidget(legend)
    legend.show()
    session.colouring.choose("class")
    for number in range(14):
        session.labels.define(f"class {number}")
    qtbot.waitUntil(lambda: legend.texts[-1:] == ["and 3 more"])
