"""The menu ``rsgraph`` and all shortcuts of a window: one entry for every row of the table of actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import cast

from qtpy.compat import isalive
from qtpy.QtCore import QObject
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtWidgets import QMainWindow, QMenu, QWidget

from napari_rsgraph.actions import groups
from napari_rsgraph.session.session import Session
from napari_rsgraph.widgets.shortcuts import add_actions, without_state


class Commands(QObject):
    """Menu entries and shortcuts, those of the classes included.

    Parameters
    ----------
    main
        Gets the menu.
    session
        Its classes have entries and keys; the selection is labelled.
    calls
        What does each action, by name.
    owners
        The widgets that must have the focus for the keys of some actions, as the table calls them.
    made
        Actions that widgets made for themselves.
    """

    def __init__(
        self,
        main: QMainWindow,
        session: Session,
        calls: Mapping[str, Callable[[], object]],
        owners: Mapping[str, QWidget],
        made: Mapping[str, QAction],
    ) -> None:
        super().__init__(main)
        self.session = session
        self.actions: dict[str, QAction] = {}
        self._yielded: list[tuple[QAction, list[QKeySequence]]] = []
        self._classes: list[QAction] = []
        self.menu = QMenu("rsgraph", main)
        main.menuBar().addMenu(self.menu)
        for title, rows in groups().items():
            menu = self.menu.addMenu(title)
            menu.setToolTipsVisible(True)
            for row in rows:
                owner = owners.get(row.where, main)
                entry = made.get(row.name) or add_actions(owner, {row.name: calls[row.name]})[row.name]
                self.actions[row.name] = entry
                menu.addAction(entry)
        self._own = [entry for name, entry in self.actions.items() if name not in made]
        self._label_menu = self.menu.addMenu("Label selection as")
        self._label_menu.setToolTipsVisible(True)
        self._list_classes()
        session.labels.classes_changed.connect(self._list_classes)

    @property
    def main(self) -> QMainWindow:
        """The window. Asked of Qt: connections hold this object, which must not hold napari's window."""
        return cast(QMainWindow, self.parent())

    def close(self) -> None:
        """Take the menu and the shortcuts out of the window; whoever had yielded keys gets them back."""
        for entry, keys in self._yielded:
            if isalive(entry):  # type: ignore[no-untyped-call]  # qtpy has no types here
                entry.setShortcuts(keys)
        for entry in [*self._own, *self._classes]:
            entry.setEnabled(False)
            entry.deleteLater()
        self.menu.menuAction().setVisible(False)
        self.menu.deleteLater()
        self.deleteLater()

    def run(self, name: str) -> None:
        """Do what an action says, as if its menu entry had been chosen."""
        self.actions[name].trigger()

    def class_action(self, name: str) -> QAction:
        """Return the menu entry that labels the selection as a class."""
        return self._classes[self.session.labels.names.index(name)]

    def _list_classes(self) -> None:
        """One entry and shortcut for each class."""
        for entry in self._classes:
            self.main.removeAction(entry)
            self._label_menu.removeAction(entry)
            entry.deleteLater()
        labels = self.session.labels
        pairs = zip(labels.names, labels.classes["key"], strict=True)
        self._classes = [self._class_action(name, key if isinstance(key, str) else "") for name, key in pairs]
        self._label_menu.setEnabled(bool(self._classes))
        self._yield_shortcuts()

    def _class_action(self, name: str, key: str) -> QAction:
        entry = QAction(name.replace("&", "&&"), self)
        entry.setToolTip(f"Label the selection as {name}")
        entry.setShortcut(QKeySequence(key))
        entry.setAutoRepeat(False)
        entry.triggered.connect(partial(without_state, partial(self.session.label, name)))
        self.main.addAction(entry)
        self._label_menu.addAction(entry)
        return entry

    def _yield_shortcuts(self) -> None:
        """Where another action of the window has one of our keys, ours wins: Qt would trigger neither.

        Those of napari and of other plugins that lose their key stay in their menus, and get it back at the end.
        """
        ours = {*self.actions.values(), *self._classes}
        taken = {keys.toString() for entry in ours for keys in entry.shortcuts()}
        for entry in self.main.findChildren(QAction):
            if entry in ours:
                continue
            kept = [keys for keys in entry.shortcuts() if keys.toString() not in taken]
            if len(kept) < len(entry.shortcuts()):
                if not any(entry is known for known, _ in self._yielded):
                    self._yielded.append((entry, list(entry.shortcuts())))
                entry.setShortcuts(kept)
