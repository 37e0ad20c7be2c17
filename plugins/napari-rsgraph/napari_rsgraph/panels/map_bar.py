"""MapBar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

if TYPE_CHECKING:
    from napari_rsgraph.session import Session


class MapBar(QWidget):
    """MapBar of a session."""

    tool_chosen = Signal(str)
    mode_chosen = Signal(str)
    window_filter_requested = Signal(bool)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
