"""Waits of tests until a window has done what it was asked to, however busy the machine is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_rsgraph.widgets.refresh import ticks

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

PATIENCE = 30_000
"""Milliseconds after which a window that has not come or does not come to rest is a failure."""


def shown(qtbot: Any, widget: QWidget) -> None:
    """Show a widget; wait until it can be seen and has refreshed what it shows."""
    with qtbot.waitExposed(widget, timeout=PATIENCE):
        widget.show()
    at_rest(qtbot)


def at_rest(qtbot: Any) -> None:
    """Wait until nothing is to be called by the clock that all views share."""
    qtbot.waitUntil(lambda: not ticks().waiting, timeout=PATIENCE)
