"""Our columns beside the docks of napari and of other plugins, all of which stay within reach and come back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow


class Beside:
    """Makes room for our docks, and gives it back.

    Parameters
    ----------
    main
        Holds all docks.
    ours
        Our columns.
    others
        The docks of napari and of other plugins that were there before.
    """

    def __init__(self, main: QMainWindow, ours: Sequence[QDockWidget], others: Sequence[QDockWidget]) -> None:
        self.main, self.ours, self.others = main, tuple(ours), tuple(others)
        self._hidden: list[QDockWidget] = []
        self._below: list[tuple[QDockWidget, Qt.DockWidgetArea]] = []
        self._still: list[QDockWidget] = []

    def hide(self, names: Collection[str]) -> None:
        """Hide docks, which stay in napari's menu."""
        self._hidden = [dock for dock in self.others if dock.objectName() in names and not dock.isHidden()]
        for dock in self._hidden:
            dock.hide()

    def stack(self) -> None:
        """Lay ours over those that are in the same columns, as tabs: side by side none would have room.

        Docks that lie behind a tab are not painted meanwhile. To Qt they are visible: napari's list of layers would
        have the whole window composed once more for each motion of the brush, with nothing new in it.
        """
        for dock in self.others:
            dock.visibilityChanged.connect(dock.setUpdatesEnabled)
        self._still = list(self.others)
        for own in self.ours:
            area = self.main.dockWidgetArea(own)
            there = [dock for dock in self.others if self._shares(dock, area)]
            self._below += [
                (below, area) for above, below in pairwise(there) if below not in self.main.tabifiedDockWidgets(above)
            ]
            for dock in there[1:]:
                self.main.tabifyDockWidget(there[0], dock)
            if there:
                self.main.tabifyDockWidget(there[0], own)

    def _shares(self, dock: QDockWidget, area: Qt.DockWidgetArea) -> bool:
        return not dock.isHidden() and not dock.isFloating() and self.main.dockWidgetArea(dock) == area

    def raise_ours(self) -> None:
        """Bring our columns to the front of their tabs."""
        for own in self.ours:
            if not own.isHidden() and self.main.tabifiedDockWidgets(own):
                own.raise_()

    def restore(self) -> None:
        """Let the others be as they were: once ours are gone."""
        for dock in self._still:
            if isalive(dock):  # type: ignore[no-untyped-call]
                dock.visibilityChanged.disconnect(dock.setUpdatesEnabled)
                dock.setUpdatesEnabled(True)
        for dock in self._hidden:
            if isalive(dock):  # type: ignore[no-untyped-call]  # qtpy has no types here
                dock.show()
        for dock, area in self._below:
            if isalive(dock):  # type: ignore[no-untyped-call]
                self.main.removeDockWidget(dock)  # out of its tabs: Qt splits none of those
                self.main.addDockWidget(area, dock, Qt.Orientation.Vertical)
                dock.show()
        self._hidden, self._below, self._still = [], [], []
