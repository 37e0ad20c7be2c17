"""The bar over the 2-D map: level, layer, projector, colours, brush and filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_rsgraph.actions import key
from napari_rsgraph.point_map.brush import Tool
from napari_rsgraph.point_map.class_filter import ClassFilter
from napari_rsgraph.session.calls import calls_of
from napari_rsgraph.session.session import Session
from napari_rsgraph.session.tables import Level
from napari_rsgraph.widgets.controls import action_button, button, enable
from napari_rsgraph.widgets.icons import IconButton
from napari_rsgraph.widgets.layouts import flowing
from napari_rsgraph.widgets.naming import column_title, layer_title, projector_title
from napari_rsgraph.widgets.refresh import Refresh, listen
from napari_rsgraph.widgets.shortcuts import shown
from rsgraph.brushing.shapes import Mode

_LIST_WIDTH = 190
"""Of an opened box: all of the longest name can be read."""


class MapBar(QWidget):
    """Level, layer, projector, colours, brush, filter.

    Parameters
    ----------
    session
        What it drives, and what it shows.
    parent
        The window.
    """

    tool_chosen = Signal(str)
    """circle, rectangle, lasso or pan."""
    mode_chosen = Signal(str)
    """replace, add, subtract or intersect."""
    window_filter_requested = Signal(bool)
    """Whether only what lies in the scene map's view is to be shown; the window knows the view."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self._config = session, session.workspace.config
        self.levels = self._level_buttons()
        self.tools = self._choices(get_args(Tool), self.tool_chosen.emit)
        self.modes = self._choices(get_args(Mode), self.mode_chosen.emit)
        self.layer = self._combo("Layer", "What the points are laid out from", self._choose_layer)
        self.projector = self._combo("Projector", "How the points are laid out", self._choose_projector)
        self.colour_by = self._combo("Colour by", "What the colours of the points mean", self._choose_colours)
        self.filter = ClassFilter(session)
        self.filter.window_filter_requested.connect(self.window_filter_requested)
        self._make_actions()
        self._lay_out()
        self._refresh, self._enabling = Refresh(self, self.refresh), Refresh(self, self.show_enabled)
        seen = (session.map_changed, session.maps.offered_changed, session.colouring.changed)
        for signal in (*seen, session.suggestions.changed):
            listen(self, signal, self._refresh.ask)
        for signal in (session.selection.changed, session.selection.chips_chosen):
            listen(self, signal, self._enabling.ask)

    # parts

    def _level_buttons(self) -> dict[str, QPushButton]:
        """Two buttons of which one is down."""
        group = QButtonGroup(self)
        found = {}
        for level in get_args(Level):
            made = button(level.capitalize(), f"Show the map of {level} ({shown(key('switch_level'))} switches)")
            made.setCheckable(True)
            made.clicked.connect(lambda _=False, chosen=level: self.session.selection.set_level(chosen))
            group.addButton(made)
            found[level] = made
        return found

    def _choices(self, names: tuple[str, ...], chosen: Callable[[str], object]) -> dict[str, IconButton]:
        """Icon buttons of which one is down, at first the first."""
        group = QButtonGroup(self)
        found = {name: IconButton(name) for name in names}
        for name, made in found.items():
            made.setCheckable(True)
            made.clicked.connect(lambda _=False, name=name: chosen(name))
            group.addButton(made)
        found[names[0]].setChecked(True)
        return found

    def _combo(self, name: str, tooltip: str, chosen: Callable[[str], object]) -> QComboBox:
        combo = QComboBox()
        combo.setAccessibleName(name)
        combo.setToolTip(tooltip)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(3)
        combo.view().setMinimumWidth(_LIST_WIDTH)
        combo.setMaxVisibleItems(20)
        combo.activated.connect(lambda _: chosen(str(combo.currentData())))
        return combo

    def _make_actions(self) -> None:
        calls = calls_of(self.session)
        self.take_apart = action_button("take_apart", calls["take_apart"])
        self.reproject = action_button("reproject", calls["reproject"])
        self.whole = action_button("whole", calls["whole"])
        self.selecting = {name: IconButton(name) for name in ("select_all", "invert", "clear")}
        for name, made in self.selecting.items():
            call = calls[name]
            made.clicked.connect(lambda _=False, call=call: call())

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 2)
        layout.setSpacing(3)
        layout.addWidget(
            flowing(_joined(*self.levels.values()), _joined(*self.tools.values()), _joined(*self.modes.values()))
        )
        shown = QHBoxLayout()
        shown.setSpacing(3)
        for combo, share in ((self.layer, 4), (self.projector, 3), (self.colour_by, 6)):
            shown.addWidget(combo, share)
        layout.addLayout(shown)
        layout.addWidget(
            flowing(self.take_apart, self.reproject, self.whole, _joined(*self.selecting.values()), self.filter)
        )

    # what the person chose

    def _choose_layer(self, layer: str) -> None:
        self._show_map(layer=layer, projector=None)

    def _choose_projector(self, projector: str) -> None:
        self._show_map(layer=None, projector=projector)

    def _show_map(self, *, layer: str | None, projector: str | None) -> None:
        """Ask for a map; while it is made the boxes say what is shown, not what is to come."""
        session = self.session
        wanted = (layer or session.map.layer, projector or session.map.projector)
        session.maps.show(session.selection.level, layer=layer, projector=projector)
        if (session.map.layer, session.map.projector) != wanted:
            title = f"{projector_title(wanted[1])} of {layer_title(wanted[0], self._config)}"
            session.tasks.say(f"{title} is being laid out; the map changes when it is ready")
        self.refresh()

    def _choose_colours(self, by: str) -> None:
        self.session.colouring.choose(by)

    def set_tool(self, tool: str) -> None:
        """Show a tool that was chosen elsewhere, by a key for instance."""
        self.tools[tool].setChecked(True)

    def set_mode(self, mode: str) -> None:
        """Show a mode that was chosen elsewhere."""
        self.modes[mode].setChecked(True)

    def toggle_window_filter(self) -> None:
        """Ask for the opposite of what is filtered now."""
        self.window_filter_requested.emit(self.session.selection.filter.window is None)

    def set_window_filter(self, on: bool) -> None:
        """Show whether only what is in view is shown."""
        self.filter.set_window_filter(on)

    # what is shown

    def refresh(self) -> None:
        """Show what the session shows."""
        session, config = self.session, self._config
        level, shown, colouring = session.selection.level, session.map, session.colouring
        self.levels[level].setChecked(True)
        _fill(self.layer, {name: layer_title(name, config) for name in session.maps.layers}, shown.layer)
        _fill(self.projector, {name: projector_title(name) for name in session.maps.offered(level)}, shown.projector)
        choices = colouring.choices(level)
        if colouring.by not in choices:  # a column of the other level
            colouring.choose(choices[0])
        _fill(self.colour_by, {name: f"Colour: {column_title(name)}" for name in choices}, colouring.by)
        self.show_enabled()

    def show_enabled(self) -> None:
        """Enable what can be done now; what cannot says why."""
        selection = self.session.selection
        at_chips, n = selection.level == "chips", int(np.count_nonzero(selection.mask))
        chips, text = n if at_chips else 0, self.take_apart.accessibleName()
        self.take_apart.setText(f"{text} ({chips:,})" if chips else text)
        enable(
            self.take_apart, chips > 0, "select chips first" if at_chips else "go to the chips and select some first"
        )
        part = self.session.map.subset or not (at_chips or selection.chosen_chips.all())
        enable(self.whole, part, "all points are on the map already")
        enable(self.selecting["clear"], n > 0, "nothing is selected")
        enable(self.reproject, at_chips or n != 1, "select two segments or more")


def _fill(combo: QComboBox, texts: dict[str, str], chosen: str) -> None:
    """Fill a box where its content differs, and show the chosen one, without a signal."""
    names = [combo.itemData(place) for place in range(combo.count())]
    if names != list(texts):
        combo.clear()
        for name, text in texts.items():
            combo.addItem(text, name)
    combo.setCurrentIndex(list(texts).index(chosen) if chosen in texts else -1)


def _joined(*widgets: QWidget) -> QWidget:
    """Return widgets side by side that are not torn apart when the bar breaks."""
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(1)
    for widget in widgets:
        layout.addWidget(widget)
    return holder
