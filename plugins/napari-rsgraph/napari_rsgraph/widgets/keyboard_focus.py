"""The keyboard belongs to the map, unless a text is typed; a control that was used gives it back.

Keys that move and select belong to a map. Qt leaves the keyboard on whatever was clicked last: after a button was
pressed or a name typed, they would do something else, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from qtpy.QtGui import QKeyEvent, QMouseEvent, QWindow
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

_PRESSING = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
"""Keys that press a button."""


class KeyboardFocus(QObject):
    """Gives the keyboard back to the map that had it last, once a control of a panel has been used.

    A control asks for that by ``clearFocus`` too, such as a field whose text was taken. Texts that are typed, and
    lists, keep the keyboard. Escape in a field leaves the field and does nothing else.

    Parameters
    ----------
    main
        The window.
    maps
        Widgets whose keys move and select; the first has the keyboard at first.
    panels
        What holds the controls. Those of others in the same window keep the keyboard, as they are used to.
    areas
        Between which ``go`` goes, in this order; of one that cannot have the keyboard itself, its first control gets
        it.
    """

    def __init__(
        self, main: QMainWindow, maps: Sequence[QWidget], panels: Sequence[QWidget], areas: Sequence[QWidget]
    ) -> None:
        super().__init__(main)
        self.maps, self.panels, self.areas = tuple(maps), tuple(panels), tuple(areas)
        self.home: QWidget | None = self.maps[0]
        self._field: QWidget | None = None
        self._text = ""
        self._pressed_in: QWidget | None = None
        self._released = QPoint()
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        self._application = application
        application.focusChanged.connect(self._focus_changed)
        for window in (main, *self.panels):
            window.installEventFilter(self)
        if main.isVisible():
            self._watch(main)
            self._soon(self.start)

    def close(self) -> None:
        """Leave the keyboard to Qt; of what Qt has deleted already nothing is asked."""
        if not self.areas:
            return
        panels, self.maps, self.panels, self.areas, self.home = self.panels, (), (), (), None
        self._leave_field()
        if _alive(self):
            self._application.focusChanged.disconnect(self._focus_changed)
            for watched in filter(_alive, (self.main, *panels)):
                watched.removeEventFilter(self)
                handle = watched.windowHandle()
                if handle is not None:
                    handle.removeEventFilter(self)

    @property
    def main(self) -> QMainWindow:
        """The window. Asked of Qt: connections hold this object, which must not hold napari's window."""
        return cast(QMainWindow, self.parent())

    # where it goes

    def start(self) -> None:
        """Give the keyboard to the first map."""
        if self.maps:
            self.home = self.maps[0]
            self.give_back()

    def give_back(self) -> None:
        """Give the keyboard to the map that had it last, or to one that can be seen."""
        wanted = (self.home, *self.maps)
        seen = [each for each in wanted if each is not None and each.isVisible() and each.isEnabled()]
        if seen:
            seen[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def go(self, step: int) -> None:
        """Go to the next (1) or previous (-1) area that can be seen."""
        seen = [each for each in self.areas if each.isVisible() and _first_in(each) is not None]
        if not seen:
            return
        now = self._application.focusWidget()
        here = next((place for place, area in enumerate(seen) if now is not None and _within(now, [area])), -step)
        found = _first_in(seen[(here + step) % len(seen)])
        assert found is not None
        found.setFocus(Qt.FocusReason.TabFocusReason)

    # what happens

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Look at what goes through the window before it gets there; only Escape in a field is kept."""
        if watched is self._field:
            return self._in_field(event)
        if isinstance(watched, QWindow):
            self._look_at(event)
        elif event.type() == QEvent.Type.Show and isinstance(watched, QWidget):
            self._watch(watched)
            if watched is self.main:
                self._soon(self.start)
        elif event.type() == QEvent.Type.Hide and watched not in (self.main, *self.panels):
            watched.removeEventFilter(self)
            self._pressed_in = None
            self._soon(self._used)
        return False

    def _look_at(self, event: QEvent) -> None:
        """A button of the mouse, or a key that presses a button, ends what a control was used for."""
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress:
            self._pressed_in = self._application.focusWidget()
            self._soon(self._watch_above)
        elif kind == QEvent.Type.MouseButtonRelease:
            self._released = cast(QMouseEvent, event).globalPosition().toPoint()
            self._soon(self._used)
        elif kind == QEvent.Type.KeyRelease and self._presses(cast(QKeyEvent, event)):
            self._soon(self._used)

    def _presses(self, event: QKeyEvent) -> bool:
        return event.key() in _PRESSING and isinstance(self._application.focusWidget(), QAbstractButton)

    def _watch(self, window: QWidget) -> None:
        """See the mouse and the keys of a window, and of a panel that has become one."""
        handle = window.windowHandle()
        if handle is not None:
            handle.installEventFilter(self)

    def _soon(self, call: Callable[[], object]) -> None:
        QTimer.singleShot(0, self, call)

    def _used(self) -> None:
        """After a control was used: the keyboard goes back, unless a list, a text or something on top has it."""
        if not self.maps:
            return
        if self._watch_above():
            return
        now = self._application.focusWidget()
        if now is None or now is self.main:
            if self.main.isActiveWindow():
                self.give_back()
        elif _within(now, self.panels) and not self._keeps(now):
            self.give_back()

    def _watch_above(self) -> bool:
        """Say whether a list of choices, a menu or a dialog is on top; once it is gone, the control was used."""
        above = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        if above is not None and self.maps:
            above.installEventFilter(self)
        return above is not None

    def _keeps(self, widget: QWidget) -> bool:
        """Whether a widget keeps the keyboard after the mouse: maps, lists, and a field that was just entered."""
        if widget in self.areas and not _is_control(widget):
            return True
        if isinstance(widget, QAbstractItemView) or _within(widget, self.maps):
            return True
        entered = widget is not self._pressed_in or widget.rect().contains(widget.mapFromGlobal(self._released))
        return is_text(widget) and entered

    def _focus_changed(self, old: QWidget | None, new: QWidget | None) -> None:
        if not all(map(_alive, self.areas)):
            return  # the window is being deleted
        self._leave_field()
        if new is None:
            self._soon(self._used)
            return
        if new in self.maps:
            self.home = new
        elif old is not None and not old.isEnabled() and _within(new, self.panels):
            # a button that is disabled once it has done its work: Qt gives the keyboard to whatever comes next
            self._soon(self.give_back)
        if is_text(new) and _within(new, [self.main]):
            self._field, self._text = new, _text_of(new)
            new.installEventFilter(self)

    # texts

    def _leave_field(self) -> None:
        field, self._field = self._field, None
        if field is not None and _alive(field):
            field.removeEventFilter(self)

    def _in_field(self, event: QEvent) -> bool:
        """Keep Escape from the shortcuts of the window; the field is left as it was entered."""
        field = self._field
        assert field is not None
        if event.type() not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            return False
        if cast(QKeyEvent, event).key() != Qt.Key.Key_Escape:
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if _within(field, self.panels):
            _restore(field, self._text)
            self._soon(self.give_back)
        return False


def is_text(widget: QWidget) -> bool:
    """Say whether keys are typed into a widget now."""
    if isinstance(widget, QLineEdit | QTextEdit | QPlainTextEdit | QAbstractSpinBox):
        return not widget.isReadOnly()
    return isinstance(widget, QComboBox) and widget.isEditable()


def _alive(thing: QObject) -> bool:
    """Say whether Qt still has an object."""
    return bool(isalive(thing))  # type: ignore[no-untyped-call]  # qtpy has no types here


def _text_of(field: QWidget) -> str:
    if isinstance(field, QLineEdit | QAbstractSpinBox):
        return str(field.text())
    if isinstance(field, QComboBox):
        return str(field.currentText())
    return str(cast(QPlainTextEdit, field).toPlainText())


def _restore(field: QWidget, text: str) -> None:
    """Take back what was typed; a field for something new is empty again."""
    if isinstance(field, QLineEdit):
        field.setText("" if field.placeholderText() else text)
    elif isinstance(field, QAbstractSpinBox):
        line = field.findChild(QLineEdit)
        assert line is not None, "every such box has one"
        line.setText(text)
        field.interpretText()
    elif isinstance(field, QComboBox):
        field.setCurrentText(text)
    else:
        cast(QPlainTextEdit, field).setPlainText(text)


def _is_control(widget: QWidget) -> bool:
    return isinstance(widget, QAbstractButton | QComboBox) or widget.metaObject().className() == "QTabBar"


def _within(widget: QWidget, holders: Sequence[QWidget]) -> bool:
    """Say whether a widget is one of some holders, or inside of one."""
    return any(widget is holder or holder.isAncestorOf(widget) for holder in holders)


def _first_in(area: QWidget) -> QWidget | None:
    """Return the widget of an area that gets the keyboard: itself, or its first control that can have it."""
    if _can_focus(area):
        return area
    each = area.nextInFocusChain()
    while each is not None and each is not area:
        if area.isAncestorOf(each) and _can_focus(each):
            return each
        each = each.nextInFocusChain()
    return None


def _can_focus(widget: QWidget) -> bool:
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.isVisible() and widget.isEnabled()
