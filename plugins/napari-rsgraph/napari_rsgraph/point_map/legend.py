"""The legend of the 2-D map: colours of the points and their meaning, and what is shown of it."""

from __future__ import annotations

from qtpy.QtCore import QPoint, QRectF, QSize, Qt, QTimer, Signal
from qtpy.QtGui import QColor, QKeyEvent, QLinearGradient, QMouseEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QWidget

from napari_rsgraph.session.colouring import CLASS, PREDICTED, Key
from napari_rsgraph.session.session import Session
from napari_rsgraph.widgets.class_menu import ClassActions
from napari_rsgraph.widgets.controls import HIT, swatch
from napari_rsgraph.widgets.layouts import FlowLayout, emptied
from napari_rsgraph.widgets.naming import column_title
from napari_rsgraph.widgets.refresh import Refresh, listen

_CIVIDIS = ("#00224e", "#2a3f6d", "#575d6d", "#7d7c78", "#a59c74", "#d2c060", "#fee838")
"""Seven places of matplotlib's cividis, evenly spaced."""

_GRAY = "#8a8f98"
"""Of what has no label."""


class Legend(QWidget):
    """Names with their colours, or the ends of a scale; the names of classes are buttons.

    A click shows only that class, or everything again; a double click asks for another name and colour; the right
    button opens a menu. Whatever the colours mean, one button shows only what is not labelled yet.

    Parameters
    ----------
    session
        Whose colours are explained.
    parent
        The window.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.texts: list[str] = []
        self.entries: dict[int, ClassEntry] = {}
        """By the code of the class; 0 is what is not labelled yet."""
        self.actions_of_classes = ClassActions(session, self)
        self._flow = FlowLayout(self, spacing=6)
        self._shown: Key | None = None
        self._former: frozenset[int] | None = None
        self._refresh = Refresh(self, self.refresh)
        for signal in (session.colouring.changed, session.map_changed, session.labels.classes_changed):
            listen(self, signal, self._refresh.ask)
        listen(self, session.selection.visible_changed, self._show_filter)
        self.setToolTip("What the colours of the points mean")

    def refresh(self) -> None:
        """Show the key of now, if it is another one."""
        key = self.session.colouring.key(self.session.selection.level)
        if key != self._shown:
            self._shown = key
            self._rebuild(key)

    def _rebuild(self, key: Key) -> None:
        emptied(self._flow)
        self.texts, self.entries = [], {}
        title = column_title(key.title)
        self._add(QLabel(f"{title}:"), title)
        if key.scale is not None:
            self._add(QLabel(f"{key.scale[0]:.3g}"), f"{key.scale[0]:.3g}")
            self._add(Scale(), "")
            self._add(QLabel(f"{key.scale[1]:.3g}"), f"{key.scale[1]:.3g}")
        for code, (name, colour) in enumerate(key.entries):
            of_class = key.title == CLASS
            self._add(self._class_entry(code, name, colour) if of_class else _entry(name, colour), name)
        more = self._left_out(key)
        if more:
            self._add(self._rest(key, more), f"and {more} more")
        if 0 not in self.entries:
            self._add(self._class_entry(0, "unlabelled", _GRAY), "unlabelled")
        self.setAccessibleName(f"Colours: {', '.join(text for text in self.texts if text)}")
        self._show_filter()
        self.updateGeometry()

    def _add(self, widget: QWidget, text: str) -> None:
        self.texts.append(text)
        self._flow.addWidget(widget)

    def _class_entry(self, code: int, name: str, colour: str) -> ClassEntry:
        entry = self.entries[code] = ClassEntry(code, name if code else "not labelled yet", colour)
        entry.chosen.connect(self._choose)
        entry.edited.connect(self._edit)
        entry.asked.connect(self._ask)
        return entry

    def _rest(self, key: Key, more: int) -> QWidget:
        """A button whose menu has a menu for each class that finds no room."""
        rest = QPushButton(f"and {more} more")
        rest.setToolTip("The other classes, each with what can be done with it")
        rest.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        menu = QMenu(rest)

        def fill() -> None:
            menu.clear()
            names, codes = self.session.labels.names, range(len(key.entries), len(self.session.labels.names) + 1)
            for code in codes:
                self.actions_of_classes.fill(menu.addMenu(names[code - 1]), code)

        menu.aboutToShow.connect(fill)
        rest.setMenu(menu)
        return rest

    def _left_out(self, key: Key) -> int:
        """How many classes the key leaves out."""
        of_classes = key.title in (CLASS, PREDICTED)
        return max(len(self.session.labels.names) + 1 - len(key.entries), 0) if of_classes else 0

    # what is asked of a class

    def _choose(self, code: int) -> None:
        self._former = self.session.selection.filter.classes
        self.actions_of_classes.show_only(code)

    def _edit(self, code: int) -> None:
        """Before the second click of a double click there was a first one: what was shown is shown again."""
        if self.session.selection.filter.classes != self._former:
            self.session.selection.set_filter(classes=self._former)
        if code and not self.session.labels.read_only:
            self.actions_of_classes.edit(code)

    def _ask(self, code: int, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.actions_of_classes.fill(menu, code)
        menu.popup(place)

    def _show_filter(self) -> None:
        """Show which classes the filter leaves: the others are gray."""
        chosen = self.session.selection.filter.classes
        for code, entry in self.entries.items():
            entry.show_state(None if chosen is None else code in chosen)


class ClassEntry(QPushButton):
    """A class in the legend.

    Parameters
    ----------
    code
        1, 2 ...; 0 is what is not labelled yet.
    name, colour
        What is shown.
    """

    chosen = Signal(int)
    """Show only this class, or everything again."""
    edited = Signal(int)
    """Ask for its name and colour."""
    asked = Signal(int, QPoint)
    """Open its menu at a place of the screen."""

    def __init__(self, code: int, name: str, colour: str) -> None:
        super().__init__(name.replace("&", "&&"))
        self.code, self.name = code, name
        self.setIcon(swatch(colour, 12))
        self.setIconSize(QSize(12, 12))
        self.setMinimumHeight(HIT)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard where it is, on the map
        self.setAutoDefault(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda at: self.asked.emit(code, self.mapToGlobal(at)))
        self.clicked.connect(lambda: self.chosen.emit(code))
        self.show_state(None)

    def show_state(self, left: bool | None) -> None:
        """Show whether the filter leaves the class, takes it away, or (None) leaves all."""
        frame = "#ffe61a" if left else "transparent"
        gray = "color: #8a8f98;" if left is False else ""
        self.setStyleSheet(
            f"QPushButton {{ border: 1px solid {frame}; border-radius: 3px; padding: 2px 5px; {gray} }}"
            "QPushButton:hover, QPushButton:focus { border-color: #8a8f98 }"
        )
        what = f"only {self.name}" if self.code else "only what is not labelled yet"
        click = "Click: show everything again" if left else f"Click: show {what}"
        double = "\nDouble click (F2): rename or recolour" if self.code else ""
        self.setToolTip(f"{click}{double}\nRight click: select all of it, its share and area, and more")
        state = {None: "shown", True: "the only one shown", False: "hidden"}[left]
        self.setAccessibleName(f"Class {self.name}, {state}" if self.code else f"Not labelled yet, {state}")

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Ask for name and colour, once the button is up again."""
        if event.button() == Qt.MouseButton.LeftButton:
            QTimer.singleShot(0, self, lambda: self.edited.emit(self.code))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """F2 is the double click, Enter the click."""
        if event.key() == Qt.Key.Key_F2:
            self.edited.emit(self.code)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


class Scale(QWidget):
    """The colours from low to high."""

    def sizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return the size of the bar."""
        return QSize(120, 14)

    def minimumSizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return the size of the bar."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Draw the bar."""
        gradient = QLinearGradient(0, 0, self.width(), 0)
        for place, colour in enumerate(_CIVIDIS):
            gradient.setColorAt(place / (len(_CIVIDIS) - 1), QColor(colour))
        painter = QPainter(self)
        painter.fillRect(QRectF(0, 1, self.width(), self.height() - 2), gradient)
        painter.end()


def _entry(name: str, colour: str) -> QWidget:
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(3)
    square = QLabel()
    square.setPixmap(swatch(colour, 12).pixmap(12, 12))
    layout.addWidget(square)
    layout.addWidget(QLabel(name))
    return holder
