"""``rsgraph label WORKSPACE``: opens napari on a workspace and returns when the window is closed."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from rsgraph.errors import NotInstalled
from rsgraph.run.scenes import Reopened

if TYPE_CHECKING:
    from qtpy.QtCore import QTimer

_SIZE = (1280, 800)
_LISTEN = 200
"""Milliseconds between two looks at Ctrl-C, which Qt's event loop would not see by itself."""


def label(folder: Path, *, display: str = "auto", read_only: bool = False) -> None:
    """Open a window on a workspace.

    Parameters
    ----------
    folder
        A finished workspace.
    display
        Bands of the pictures: ``auto``, ``true_colour``, ``false_colour`` or three band names.
    read_only
        Look only.

    Raises
    ------
    NotInstalled
        There is no Qt binding, or no screen.
    WorkspaceError
        The folder is no finished workspace.
    """
    Reopened(folder).existing("manifest.json")
    check_screen()
    import napari
    from qtpy.QtCore import QTimer

    from napari_rsgraph.window import open_workspace

    viewer = napari.Viewer(title=f"rsgraph: {folder.resolve().name}", show=False)
    with ExitStack() as undo:
        undo.callback(viewer.close)
        window = open_workspace(viewer, folder, display=display, read_only=read_only)
        undo.pop_all()
    viewer.window.show()
    viewer.window.resize(*_SIZE)
    QTimer.singleShot(0, window.arrange)
    listening = close_on_interrupt(window.close_viewer)
    napari.run()
    listening.stop()


def check_screen() -> None:
    """Say what is missing before Qt would abort the process. Raises NotInstalled."""
    try:
        import qtpy.QtWidgets  # noqa: F401
    except ImportError as error:
        raise NotInstalled(
            "`rsgraph label` needs a Qt binding: install one with `pip install PySide6-Essentials` "
            f"({str(error).splitlines()[0]})"
        ) from error
    chosen = os.environ.get("QT_QPA_PLATFORM") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not chosen:
        raise NotInstalled(
            "`rsgraph label` opens a window, but there is no screen here (DISPLAY and WAYLAND_DISPLAY are not set); "
            "run it on your desktop, with `ssh -X`, or on a virtual screen with `xvfb-run`"
        )


def close_on_interrupt(close: Callable[[], None]) -> QTimer:
    """Let Ctrl-C in the terminal close the window in order; every label is on disk already."""
    from qtpy.QtCore import QTimer

    signal.signal(signal.SIGINT, lambda *_: close())
    timer = QTimer()
    timer.timeout.connect(lambda: None)
    timer.start(_LISTEN)
    return timer
