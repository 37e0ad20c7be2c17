"""Panels of the session: what a person reads, presses and types. Each is ``Panel(session, parent=None)``."""

from __future__ import annotations

from napari_rsgraph.panels.classes import LabelPanel
from napari_rsgraph.panels.export import ExportPanel
from napari_rsgraph.panels.history import HistoryPanel
from napari_rsgraph.panels.legend import Legend
from napari_rsgraph.panels.map_bar import MapBar
from napari_rsgraph.panels.search import SearchPanel
from napari_rsgraph.panels.shortcuts import ACTIONS, Action, ShortcutSheet, action, session_calls
from napari_rsgraph.panels.suggest import SuggestPanel
from napari_rsgraph.panels.tasks import TaskStrip

__all__ = [
    "ACTIONS",
    "Action",
    "ExportPanel",
    "HistoryPanel",
    "LabelPanel",
    "Legend",
    "MapBar",
    "SearchPanel",
    "ShortcutSheet",
    "SuggestPanel",
    "TaskStrip",
    "action",
    "session_calls",
]
