"""The filter button: which classes are on the map, and whether only what the scene map shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QMenu, QPushButton, QVBoxLayout, QWidget, QWidgetAction

from napari_rsgraph.widgets.controls import action_button, listen, swatch
from napari_rsgraph.panels.shortcuts import action, toggle_unlabelled

if TYPE_CHECKING:
    from napari_rsgraph.session.session import Session


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
        self.in_view = QCheckBox("Only what the scene map shows")
        self.in_view.setToolTip(action("filter_window").help)
        self.in_view.clicked.connect(self.window_filter_requested)
        self.everything = action_button("filter_unlabelled", self._show_all, text="Show all")
        self.everything.setToolTip("Take the filter away")
        self.only_unlabelled = action_button("filter_unlabelled", lambda: toggle_unlabelled(session))
        self.setToolTip("Choose which points are on the map: by class, unlabelled, or by what the scene map shows")
        self.setAccessibleName("Filter")
        self._menu = QMenu(self)
        self._build()
        self.setMenu(self._menu)
        listen(self, session.classes_changed, self._build)
        listen(self, session.visible_changed, self._show)

    def _build(self) -> None:
        """List the classes of now."""
        content = QWidget()
        layout = QVBoxLayout(content)
        for fixed in (self.in_view, self.only_unlabelled, self.everything):
            layout.addWidget(fixed)
        self.boxes = {}
        classes = self.session.labelling.classes
        rows = [("unlabelled", "#8a8f98"), *zip(classes["name"], classes["colour"], strict=True)]
        for code, (name, colour) in enumerate(rows):
            box = QCheckBox(str(name))
            box.setIcon(swatch(str(colour)))
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
        self.session.set_filter(classes=None if len(chosen) == len(self.boxes) else chosen)

    def _show_all(self) -> None:
        self.session.set_filter(classes=None, window=None)

    def set_window_filter(self, on: bool) -> None:
        """Show whether only what is in view is shown, without asking for it."""
        self.in_view.setChecked(on)
        self._show()

    def _show(self) -> None:
        """Show the session's filter: ticks, and in words on the button."""
        chosen = self.session.filter.classes
        self.in_view.setChecked(self.session.filter.window is not None)
        for code, box in self.boxes.items():
            box.setChecked(chosen is None or code in chosen)
        words = [] if chosen is None else [f"{len(chosen)} of {len(self.boxes)}"]
        words += ["in view"] if self.session.filter.window is not None else []
        self.setText(f"Filter: {', '.join(words)}" if words else "Filter")
