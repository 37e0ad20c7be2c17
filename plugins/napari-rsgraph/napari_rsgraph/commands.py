"""The menu ``rsgraph`` and all shortcuts: one entry for every line of the table in ``panels.shortcuts``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Qt
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtWidgets import QInputDialog, QMenu, QWidget

from napari_rsgraph.panels.shortcuts import ACTIONS, Action, ShortcutSheet, groups, session_calls

if TYPE_CHECKING:
    from napari_rsgraph.window import Window


_TABLE_KEYS = {action.shortcut for action in ACTIONS}
_MAP_KEYS = {
    "Show all points": "Shift+F",
    "Zoom in": "Ctrl+=",
    "Zoom out": "Ctrl+-",
    "Larger brush": "]",
    "Smaller brush": "[",
}


class Commands(QObject):
    """Menu entries and shortcuts of a window, those of the classes included.

    Parameters
    ----------
    window
        Its widgets do what the session alone cannot.
    """

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.window = window
        self.actions: dict[str, QAction] = {}
        self._classes: list[QAction] = []
        self._borrowed: dict[str, list[QAction]] = {}
        self.calls: dict[str, Callable[[], object]] = {**session_calls(window.session), **self._calls()}
        self.menu = QMenu("rsgraph", window.main)
        self.menu.setToolTipsVisible(True)
        window.main.menuBar().addMenu(self.menu)
        for title, actions in groups().items():
            self._fill(self.menu.addMenu(title), actions)
        self._borrow("2-D map", self._map_actions())
        self._borrow("Scene", self._scene_actions())
        self._label_menu = self.menu.addMenu("Label selection as")
        self._list_classes()
        window.session.classes_changed.connect(self._list_classes)
        self.yield_shortcuts()

    def close(self) -> None:
        """Take the menu and the shortcuts out of the window."""
        for action in [*self.actions.values(), *self._classes]:
            action.setEnabled(False)
            action.deleteLater()
        self.menu.menuAction().setVisible(False)
        self.menu.deleteLater()

    def run(self, name: str) -> None:
        """Do what an action says, as if its menu entry had been chosen."""
        self.actions[name].trigger()

    def class_action(self, name: str) -> QAction:
        """Return the menu entry that labels the selection as a class."""
        return self._classes[self.window.session.labelling.names.index(name)]

    def _calls(self) -> Mapping[str, Callable[[], object]]:
        """What needs a widget."""
        window = self.window
        points = window.overview.points
        calls: dict[str, Callable[[], object]] = {
            tool: partial(_set_tool, points, tool) for tool in ("circle", "rectangle", "lasso", "pan")
        }
        calls |= {mode: partial(points.set_mode, mode) for mode in ("replace", "add", "subtract", "intersect")}
        return calls | {
            "clear": window.clear,
            "filter_window": lambda: window.overview.bar.toggle_window_filter(),
            "overlay": window.scene.toggle_labels,
            "note": self._note,
            "import": window.labels.import_labels,
            "next_page": lambda: window.search.next_page(),
            "previous_page": lambda: window.search.previous_page(),
            "predict": partial(self._open_and, "Suggest", lambda: window.suggest.predict()),
            "accept_suggestion": lambda: window.suggest.accept_suggestion(),
            "export": partial(window.open_tab, "Export"),
            "history": partial(window.open_tab, "History"),
            "reopen": window.reopen,
            "help": self.show_sheet,
        }

    def _fill(self, menu: QMenu, actions: Iterable[Action]) -> None:
        menu.setToolTipsVisible(True)
        for each in actions:
            action = QAction(each.text, self)
            action.setToolTip(each.help)
            action.setStatusTip(each.tooltip)
            action.triggered.connect(partial(self._call, each.name))
            self._bind(action, each.shortcut, self._owner(each))
            menu.addAction(action)
            self.actions[each.name] = action

    def _map_actions(self) -> list[QAction]:
        """The 2-D map's own actions, but for those that stand in the table already."""
        found = [action for action in self.window.overview.points.actions() if action.text() in _MAP_KEYS]
        for action in found:
            action.setShortcut(QKeySequence(_MAP_KEYS[action.text()]))
        return found

    def _scene_actions(self) -> list[QAction]:
        """What the scene map can do, but for what stands in the table already."""
        found = []
        for text, tip, keys, call in self.window.scene.actions():
            if keys not in _TABLE_KEYS:
                action = QAction(text, self)
                action.setToolTip(f"{tip} ({keys})")
                action.triggered.connect(partial(_ignoring_state, call))
                self._bind(action, keys, self.window.main)
                found.append(action)
        return found

    def _borrow(self, title: str, actions: list[QAction]) -> None:
        """List actions that belong to a widget in the menu and the sheet."""
        menu = self.menu.addMenu(title)
        menu.setToolTipsVisible(True)
        menu.addActions(actions)
        self._borrowed[title] = actions

    def _bind(self, action: QAction, shortcut: str, owner: QWidget) -> None:
        """Make a shortcut work in the whole window, or only while a panel has the focus."""
        if shortcut:
            action.setShortcut(QKeySequence(shortcut))
        whole = owner is self.window.main
        context = Qt.ShortcutContext
        action.setShortcutContext(context.WindowShortcut if whole else context.WidgetWithChildrenShortcut)
        owner.addAction(action)

    def _owner(self, action: Action) -> QWidget:
        window = self.window
        owners = {"map": window.overview, "search": window.search, "suggest": window.suggest}
        return owners.get(action.panel, window.main)

    def _call(self, name: str, *_: object) -> None:
        self.calls[name]()

    def _open_and(self, tab: str, call: Callable[[], object]) -> None:
        self.window.open_tab(tab)
        call()

    # classes

    def _list_classes(self) -> None:
        """One entry and shortcut for each class."""
        for action in self._classes:
            self.window.main.removeAction(action)
            self._label_menu.removeAction(action)
            action.deleteLater()
        labelling = self.window.session.labelling
        pairs = zip(labelling.names, labelling.classes["key"], strict=True)
        self._classes = [self._class_action(name, key if isinstance(key, str) else "") for name, key in pairs]
        self._label_menu.setEnabled(bool(self._classes))
        self.yield_shortcuts()

    def _class_action(self, name: str, key: str) -> QAction:
        action = QAction(name.replace("&", "&&"), self)
        action.setToolTip(f"Label the selection as {name}")
        action.triggered.connect(lambda *_: self.window.session.labelling.assign(name))
        self._bind(action, key, self.window.main)
        self._label_menu.addAction(action)
        return action

    # what else has shortcuts

    def yield_shortcuts(self) -> None:
        """Where another action of the window has one of our keys, ours wins: Qt would trigger neither.

        Those of napari that lose their key stay in its menus.
        """
        ours = {*self.actions.values(), *self._classes}
        taken = {sequence.toString() for action in ours for sequence in action.shortcuts()}
        for action in self.window.main.findChildren(QAction):
            if action in ours:
                continue
            kept = [sequence for sequence in action.shortcuts() if sequence.toString() not in taken]
            if len(kept) < len(action.shortcuts()):
                action.setShortcuts(kept)

    # dialogs

    def _note(self) -> None:
        session = self.window.session
        n = len(session.target_rows())
        about = f"A note on {n:,} segments:" if n else "A note on the scene:"
        text, given = QInputDialog.getMultiLineText(self.window.main, "Note", about)
        if given and text.strip():
            session.labelling.note(text.strip())

    def show_sheet(self) -> None:
        """Open the sheet of all shortcuts."""
        more = {title: lines_of(actions) for title, actions in self._borrowed.items()}
        self.sheet = ShortcutSheet(self.window.session, self.window.main, more=more)
        self.sheet.show()


def lines_of(actions: Iterable[QAction]) -> list[tuple[str, str]]:
    """Return keys and words of actions, for the sheet of shortcuts."""
    return [
        (action.shortcut().toString(), f"{action.text()}: {action.toolTip().rsplit(' (', 1)[0]}")
        for action in actions
    ]


def _ignoring_state(call: Callable[[], object], *_: object) -> None:
    call()


def _set_tool(points: QWidget, tool: str) -> None:
    points.tool = tool  # type: ignore[attr-defined]


def missing(commands: Commands) -> list[str]:
    """Return actions of the table that do nothing: none, as a test asserts."""
    return [action.name for action in ACTIONS if action.name not in commands.calls]
