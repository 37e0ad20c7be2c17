"""Rows that wrap, and what stands side by side."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QLabel, QWidget

from napari_rsgraph.widgets.layouts import beside, emptied, flowing, scrolled


def boxes(n: int) -> list[QWidget]:
    made = [QLabel() for _ in range(n)]
    for each in made:
        each.setFixedSize(40, 10)
    return list(made)


def test_widgets_wrap_where_the_width_ends(qtbot: Any) -> None:
    holder = flowing(*boxes(5), spacing=5)
    qtbot.addWidget(holder)
    layout = holder.layout()
    assert layout.heightForWidth(5 * 40 + 4 * 5) == 10
    assert layout.heightForWidth(5 * 40 + 4 * 5 - 1) == 25
    assert layout.heightForWidth(85) == 40
    assert layout.minimumSize().width() == 40


def test_a_layout_is_emptied(qtbot: Any) -> None:
    holder = flowing(*boxes(3))
    qtbot.addWidget(holder)
    emptied(holder.layout())
    assert holder.layout().count() == 0


def test_one_of_those_side_by_side_takes_the_room(qtbot: Any) -> None:
    first, second = QLabel("a"), QLabel("b")
    holder = beside(first, second, stretched=second)
    qtbot.addWidget(holder)
    holder.resize(300, 30)
    holder.show()
    assert second.width() > 4 * first.width()


def test_a_scrolled_panel_never_scrolls_sideways(qtbot: Any) -> None:
    area = scrolled(boxes(1)[0])
    qtbot.addWidget(area)
    area.resize(20, 20)
    area.show()
    assert not area.horizontalScrollBar().isVisible()
