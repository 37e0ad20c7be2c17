"""The window's place on the screen: as it stood last, or as large as its screen allows."""

from __future__ import annotations

from qtpy.QtCore import QMargins, QPoint, QRect, QSize
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QMainWindow

from rsgraph.own_files.window import ScreenPlace

_ROOMY = QSize(1500, 950)
"""A screen from this size on has room for more than the window; on smaller ones it takes all."""
_SHARE = 0.9
_LARGEST = QSize(2200, 1400)
"""Above, ways of the mouse grow and nothing more is seen."""
_FRAME = QMargins(4, 32, 4, 4)
"""What a window manager draws round a window, before it has said so."""
_NEEDED = QSize(1240, 740)
"""Both columns, and a scene between them that is as wide as one."""
_GRASP = 100
"""Pixels of a window that have to be on a screen for it to be taken hold of."""


def at_first(available: QRect) -> tuple[QRect, bool]:
    """Return where the content of a window goes at first, and whether it is maximised.

    Parameters
    ----------
    available
        The part of the screen that panels and docks of the desktop leave, in logical pixels.
    """
    room = available.marginsRemoved(_FRAME)
    if available.width() < _ROOMY.width() or available.height() < _ROOMY.height():
        return room, True
    size = QSize(round(_SHARE * room.width()), round(_SHARE * room.height())).boundedTo(_LARGEST)
    place = QRect(QPoint(0, 0), size)
    place.moveCenter(room.center())
    return place, False


def as_last(last: ScreenPlace, screens: list[QRect]) -> tuple[QRect, bool] | None:
    """Return where a window stood, moved and shrunk into the screens of now; None where it lies on none of them.

    Parameters
    ----------
    last
        As the workspace remembers it.
    screens
        What is available of each.
    """
    place = QRect(last.left, last.top, last.width, last.height)
    shared = [screen.intersected(place) for screen in screens]
    held = max(range(len(screens)), key=lambda n: shared[n].width() * shared[n].height(), default=None)
    if held is None or min(shared[held].width(), shared[held].height()) < _GRASP:
        return None
    room = screens[held].marginsRemoved(_FRAME)
    place.setSize(place.size().boundedTo(room.size()))
    place.moveLeft(min(max(place.left(), room.left()), room.right() - place.width() + 1))
    place.moveTop(min(max(place.top(), room.top()), room.bottom() - place.height() + 1))
    return place, last.maximised


def place(main: QMainWindow, last: ScreenPlace | None) -> None:
    """Put a window where it stood last; else where its screen has room. Call it once the window is shown."""
    screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
    found = None if last is None else as_last(last, screens)
    room, maximised = found or at_first(main.screen().availableGeometry())
    main.setGeometry(room)
    if maximised:
        main.showMaximized()


def make_room(main: QMainWindow) -> None:
    """Enlarge a window that was opened for something else, as far as its screen allows, where ours would not fit."""
    if main.isMaximized() or main.isFullScreen():
        return
    main.setGeometry(enlarged(main.geometry(), main.screen().availableGeometry()))


def enlarged(box: QRect, available: QRect) -> QRect:
    """Return a window's place, at least as large as ours needs where its screen has that room."""
    room = available.marginsRemoved(_FRAME)
    size = box.size().expandedTo(_NEEDED).boundedTo(room.size())
    if size == box.size():
        return box
    larger = QRect(box.topLeft(), size)
    larger.moveLeft(max(min(larger.left(), room.right() - size.width() + 1), room.left()))
    larger.moveTop(max(min(larger.top(), room.bottom() - size.height() + 1), room.top()))
    return larger


def place_of(main: QMainWindow) -> ScreenPlace:
    """Return where a window stands; of a maximised one where it would stand otherwise."""
    maximised = main.isMaximized() or main.isFullScreen()
    box = main.normalGeometry() if maximised else main.geometry()
    if box.isEmpty():
        box = main.geometry()
    return ScreenPlace(box.left(), box.top(), max(box.width(), 1), max(box.height(), 1), maximised)
