from __future__ import annotations

from typing import Any

from qtpy.QtGui import QOffscreenSurface, QOpenGLContext

from napari_rsgraph.point_map.opengl import release_context


def test_release_context_leaves_none_current(qapp: Any) -> None:
    context, surface = QOpenGLContext(), QOffscreenSurface()
    surface.create()
    assert context.create()
    assert context.makeCurrent(surface)
    release_context()
    assert QOpenGLContext.currentContext() is None
    release_context()
