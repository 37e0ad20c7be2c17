"""Icons of the tools and modes."""

from __future__ import annotations

from typing import Any

from qtpy.QtGui import QColor, QIcon

from napari_rsgraph.actions import action
from napari_rsgraph.widgets.icons import DRAWN, IconButton, icon


def alpha(name: str, x: int, y: int, mode: QIcon.Mode = QIcon.Mode.Normal) -> int:
    return icon(name, QColor("white")).pixmap(18, 18, mode).toImage().pixelColor(x, y).alpha()


def test_modes_fill_what_is_selected_afterwards(qapp: Any) -> None:
    behind, both, before = (4, 4), (9, 9), (14, 14)
    filled = {name: [alpha(name, *at) > 200 for at in (behind, both, before)] for name in ("replace", "add")}
    assert filled == {"replace": [False, True, True], "add": [True, True, True]}
    assert [alpha("subtract", *at) > 200 for at in (behind, both, before)] == [True, False, False]
    assert [alpha("intersect", *at) > 200 for at in (behind, both, before)] == [False, True, False]


def test_icons_of_what_cannot_be_done_are_pale(qapp: Any) -> None:
    assert 0 < alpha("replace", 14, 14, QIcon.Mode.Disabled) < 120


def test_buttons_take_their_words_from_the_table(qtbot: Any) -> None:
    made = IconButton("lasso")
    qtbot.addWidget(made)
    assert made.toolTip() == f"Lasso: {action('lasso').tooltip} (L)"
    assert made.accessibleName() == "Lasso"
    assert not made.icon().isNull()


def test_every_icon_is_of_an_action() -> None:
    assert all(action(name) for name in DRAWN)
