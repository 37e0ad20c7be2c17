"""OpenGL contexts, which outlive the canvases that they were made for."""

from __future__ import annotations

from qtpy.QtGui import QOpenGLContext


def release_context() -> None:
    """Make no OpenGL context current on this thread.

    vispy makes a context for every canvas and leaves it current. Where garbage collection in a worker's thread
    deletes the canvas later, Qt still takes that context for the current one here, and crashes when the next window
    is deleted.
    """
    current = QOpenGLContext.currentContext()
    if current is not None:
        current.doneCurrent()
