"""The filter button of the 2-D map: by class, and by what the scene map shows."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QMenu, QPushButton, QVBoxLayout, QWidget, QWidgetAction

from napari_rsgraph.actions import action
from napari_rsgraph.session.session import Session
from napari_rsgraph.widgets.controls import HIT, action_button, button, swatch
from napari_rsgraph.widgets.refresh import listen
from napari_rsgraph.widgets.shortcuts import help_of


class ClassFilter(QPushButton):
    """A button with a menu of boxes that stays open while they are ticked.

    Parameters
    ----------
    session
        Whose points are filtered.
    parent
        The bar.
    """

    window_filter_requested = Signal(bool)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.boxes: dict[int, QCheckBox] = {}
        self.in_view = QCheckBox(action("filter_window").button)
        self.in_view.setToolTip(help_of("filter_window"))
        self.in_view.clicked.connect(self.window_filter_requested)
        self.everything = button("Show all", "Take the filter away", self._show_all)
        self.only_unlabelled = action_button("filter_unlabelled", session.selection.toggle_unlabelled)
        self.without_clouds = QCheckBox(action("filter_clouds").text)
        self.without_clouds.setToolTip(help_of("filter_clouds"))
        self.without_clouds.clicked.connect(session.filter_clouds)
        self.without_clouds.setEnabled(session.tables.cloudy is not None)
        self.setToolTip("Choose which points are on the map: by class, unlabelled, or by what the scene map shows")
        self.setAccessibleName("Filter")
        self._menu = QMenu(self)
        self._build()
        self.setMenu(self._menu)
        listen(self, session.labels.classes_changed, self._build)
        listen(self, session.selection.visible_changed, self._show)

    def _build(self) -> None:
        """List the classes of now."""
        content = QWidget()
        layout = QVBoxLayout(content)
        for box in (self.in_view, self.without_clouds):
            box.setMinimumHeight(HIT)
        for fixed in (self.in_view, self.only_unlabelled, self.without_clouds, self.everything):
            layout.addWidget(fixed)
        self.boxes = {}
        classes = self.session.labels.classes
        rows = [("unlabelled", "#8a8f98"), *zip(classes["name"], classes["colour"], strict=True)]
        for code, (name, colour) in enumerate(rows):
            box = QCheckBox(str(name))
            box.setIcon(swatch(str(colour)))
            box.setMinimumHeight(HIT)
            box.setToolTip(f"Show points that are {name}")
            box.clicked.connect(self._choose)
            layout.addWidget(box)
            self.boxes[code] = box
        holder = QWidgetAction(self._menu)
        holder.setDefaultWidget(content)
        for old in self._menu.actions():
            self._menu.removeAction(old)
            old.deleteLater()
        self._menu.addAction(holder)
        self._show()

    def _choose(self) -> None:
        chosen = frozenset(code for code, box in self.boxes.items() if box.isChecked())
        self.session.selection.set_filter(classes=None if len(chosen) == len(self.boxes) else chosen)

    def _show_all(self) -> None:
        self.session.selection.set_filter(classes=None, window=None, clear=False)

    def set_window_filter(self, on: bool) -> None:
        """Show whether only what is in view is shown, without asking for it."""
        self.in_view.setChecked(on)
        self._show()

    def _show(self) -> None:
        """Show the session's filter: ticks, and in words on the button."""
        chosen = self.session.selection.filter.classes
        self.in_view.setChecked(self.session.selection.filter.window is not None)
        self.without_clouds.setChecked(self.session.selection.filter.clear)
        for code, box in self.boxes.items():
            box.setChecked(chosen is None or code in chosen)
        words = [] if chosen is None else [f"{len(chosen)} of {len(self.boxes)}"]
        words += ["in view"] if self.session.selection.filter.window is not None else []
        words += ["no clouds"] if self.session.selection.filter.clear else []
        self.setText(f"Filter: {', '.join(words)}" if words else "Filter")
