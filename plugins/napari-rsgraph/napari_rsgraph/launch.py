"""``rsgraph label``: opens napari on a workspace, made first where need be; returns when the window is closed."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rsgraph.errors import NotInstalled
from rsgraph.run.scenes import Reopened

if TYPE_CHECKING:
    import napari
    from qtpy.QtCore import QTimer

    from napari_rsgraph.training import Training

_LISTEN = 200
"""Milliseconds between two looks at Ctrl-C, which Qt's event loop would not see by itself."""


def label(
    folder: Path | None,
    *,
    run: Sequence[str] = (),
    train: bool = True,
    display: str | Sequence[str] = "auto",
    read_only: bool = False,
    links: bool = False,
) -> None:
    """Open a window on a workspace, as soon as it can be labelled.

    Parameters
    ----------
    folder
        A workspace; None: the one that the run makes.
    run
        Words of ``rsgraph run``: what makes the workspace, and goes on while the window is open. Empty: nothing.
    train
        Whether the run goes on once the workspace can be labelled.
    display
        Bands of the pictures: ``auto``, ``true_colour``, ``false_colour`` or three band names.
    read_only
        Look only.
    links
        Whether symbolic links in the workspace that lead out of it may be written through.

    Raises
    ------
    NotInstalled
        There is no Qt binding, or no screen.
    WorkspaceError
        The folder is no workspace.
    SystemExit
        The run has ended, and said why, before there was anything to label.
    """
    if folder is not None:
        workspace = Reopened(folder, links=links)
        workspace.existing("manifest.json")
        workspace.check_writable()
    check_screen()
    if not run:
        assert folder is not None, "there is a workspace, or a run that makes one"
        _show(_hidden_viewer(), folder, None, display=display, read_only=read_only, links=links)
        return
    from napari_rsgraph.training import Training

    training = Training(run)
    try:
        viewer = _hidden_viewer()  # seconds, in which the run does its work
        there = training.wait_until_ready(folder)
        if not train:
            training.ask_to_stop()  # it ends while the window opens
        _show(viewer, there, training if train else None, display=display, read_only=read_only, links=links)
    except KeyboardInterrupt:
        sys.exit(training.stop())  # it has said that nothing is lost
    finally:
        training.stop()


def _hidden_viewer() -> napari.Viewer:
    """Load what a window needs, and compile what a first brush does, before there is anything to show."""
    import napari

    from napari_rsgraph.point_map.picture import warm_up

    warm_up()
    return napari.Viewer(show=False)


def _show(
    viewer: napari.Viewer,
    folder: Path,
    training: Training | None,
    *,
    display: str | Sequence[str],
    read_only: bool,
    links: bool,
) -> None:
    """Open the window; return when it is closed."""
    import napari

    from napari_rsgraph.window import open_workspace

    viewer.title = f"rsgraph: {folder.resolve().name}"
    try:
        window = open_workspace(
            viewer, folder, display=display, read_only=read_only, links=links, training=training, own=True
        )
    except BaseException:
        viewer.close()
        raise
    viewer.window.show()
    window.appear()
    window.welcome()
    listening = close_on_interrupt(window.close_viewer)
    napari.run()
    listening.stop()


def check_screen() -> None:
    """Say what is missing before Qt would abort the process. Raises NotInstalled."""
    # Before Qt: PySide reads each module that is imported after it, and where it meets pydantic half loaded, asks it
    # for a name that is not there yet: an ImportError out of the import of napari.
    from pydantic import Field  # noqa: F401

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
