"""The window: 2-D map and gallery on the left, the scene in the middle, labels, search and export on the right."""

from __future__ import annotations

import traceback
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import notification_manager, show_error, show_info, show_warning
from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtGui import QImage
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import (
    QDockWidget,
    QMainWindow,
    QScrollArea,
    QTabWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from napari_rsgraph.beside import Beside
from napari_rsgraph.commands import Commands
from napari_rsgraph.first_steps import FirstSteps, remember_seen, seen_file, show_first_steps
from napari_rsgraph.gallery.cut_outs import chip_picture, segment_picture
from napari_rsgraph.overview import Overview
from napari_rsgraph.panels.classes import LabelPanel
from napari_rsgraph.panels.export import ExportPanel
from napari_rsgraph.panels.history import HistoryPanel
from napari_rsgraph.panels.layers import LayersPanel
from napari_rsgraph.panels.search import SearchPanel
from napari_rsgraph.panels.shortcuts import ShortcutSheet
from napari_rsgraph.panels.suggest import SuggestPanel
from napari_rsgraph.panels.tasks import TaskStrip
from napari_rsgraph.placing import make_room, place
from napari_rsgraph.point_map.opengl import release_context
from napari_rsgraph.qt_work import QtWork
from napari_rsgraph.remembering import Frame, Memory
from napari_rsgraph.run_in_tasks import RunInTasks
from napari_rsgraph.scene.bar import SceneBar
from napari_rsgraph.scene.blinking import blink
from napari_rsgraph.scene.drawn_outline import DrawnOutline
from napari_rsgraph.scene.dropped_files import open_dropped, open_otherwise
from napari_rsgraph.scene.focus_frame import FocusFrame
from napari_rsgraph.scene.keys import SceneKeys
from napari_rsgraph.scene.overlays import SceneOverlays
from napari_rsgraph.scene.scene_map import SceneMap
from napari_rsgraph.scene.tools import SceneTools
from napari_rsgraph.session.calls import calls_of
from napari_rsgraph.session.session import Session, open_session
from napari_rsgraph.training import Training
from napari_rsgraph.widgets.controls import name_buttons
from napari_rsgraph.widgets.drops import Drops
from napari_rsgraph.widgets.keyboard_focus import KeyboardFocus
from napari_rsgraph.widgets.refresh import ticks
from rsgraph.errors import NotReadable, RsgraphError, WorkspaceMismatch
from rsgraph.journal.journal import adopt_recovered
from rsgraph.own_files.window import Shown
from rsgraph.protocols import Progress
from rsgraph.view.view import View, find_view, make_view, mean_colours

if TYPE_CHECKING:
    import napari

_LET_GO = (
    *("viewer", "main", "left", "right", "bar", "beside", "memory", "commands"),
    *("scene", "scene_tools", "scene_keys", "drawn", "frame", "keyboard", "overlays", "drops"),
)
_HIDDEN = ("layer list", "layer controls")
"""napari's own docks: in its menu, but not in the way in a window that was opened to label."""
_PANELS = {
    "Label": "Name classes and give them to what is selected; everything is saved at once",
    "Search": "Find what is like the selection, judge it, and label what was accepted",
    "Suggest": "Predict classes from the labels given so far, and see what is worth labelling next",
    "Export": "Write labels and segments to files for other programs",
    "History": "All that was done to classes and labels, newest first; undo and redo",
    "Layers": "Maps, pictures and outlines of your own, laid over the scene by their coordinates",
}
"""Names of the panels on the right, and what each is for."""
_LOOK_AGAIN = 2000
"""Milliseconds after which a window reads what others wrote: labels, where it only looks on, and stages of a run."""
_ENLARGED = 200
"""Milliseconds after which a window manager has enlarged a window."""


class Window(QObject):
    """Everything that a session shows, inside a napari viewer.

    Parameters
    ----------
    viewer
        The scene is shown in its canvas.
    session
        Open.
    work
        What the session runs its tasks with.
    display
        Bands of the pictures.
    training
        The run that goes on meanwhile; it ends with the window.
    own
        Whether napari's window was opened for this session only. Else its docks and those of other plugins stay,
        in the same columns as ours, one press of a tab away.
    shown
        What it shows at first; None: what the workspace remembers.
    """

    def __init__(
        self,
        viewer: napari.Viewer,
        session: Session,
        work: QtWork,
        *,
        display: str | Sequence[str] = "auto",
        training: Training | None = None,
        own: bool = False,
        shown: Shown | None = None,
    ) -> None:
        super().__init__()
        self.viewer, self.session, self.work, self.display = viewer, session, work, display
        self._closed = False
        self.overview = Overview(session)
        self.scene = SceneMap(viewer, session)
        self.scene_tools = SceneTools(viewer, self.scene)
        self.overlays = SceneOverlays(viewer, self.scene, session.overlays)
        self.labels, self.search = LabelPanel(session), SearchPanel(session)
        self.suggest, self.export = SuggestPanel(session), ExportPanel(session)
        self.history, self.tasks = HistoryPanel(session), TaskStrip()
        self.layers = LayersPanel(session)
        self._dock(own=own)
        frame = Frame(self.main, self.left, self.right, self.tabs, own)
        self.memory = Memory(session, self.overview, self.scene, frame)
        self._listen()
        self.run = RunInTasks(self.tasks, self._look_again, self._say)
        if training is not None:
            self.run.go_on_with(training)
        made = {**self.overview.points.named, **self.overview.gallery.named}
        owners = {"map": self.overview.points, "search": self.search, "suggest": self.suggest}
        self.commands = Commands(self.main, session, self._calls(), owners, made)
        self._share_keys()
        self.viewer.window.help_menu.addAction(self.commands.actions["first_steps"])
        self.setParent(self.main)  # lives as long as napari's window, whoever opened it
        _windows.add(self)
        self.memory.recall(shown)
        self._load_view()

    # layout

    def _dock(self, *, own: bool) -> None:
        window = self.viewer.window
        window.add_dock_widget(self.overview, name="Chips and segments", area="left")
        self.side = self._side()
        window.add_dock_widget(self.side, name="Label", area="right")
        self.left, self.right = dock_of(self.overview), dock_of(self.side)
        name_column(self.left, "The map of segments or chips above, pictures of the selected ones below")
        name_column(self.right, "Panels to label, to search, to predict and to export")
        main = self.left.window()
        assert isinstance(main, QMainWindow)
        self.main = main
        self.bar = QToolBar("Scene", main)
        self.bar.setObjectName("rsgraph scene")
        self.bar.setMovable(False)
        self.bar.addWidget(SceneBar(self.scene_tools))
        main.addToolBar(self.bar)
        others = [dock for dock in self.main.findChildren(QDockWidget) if dock not in (self.left, self.right)]
        self.beside = Beside(self.main, (self.left, self.right), others)
        if own:
            self.beside.hide(_HIDDEN)
        else:
            make_room(self.main)
            self.beside.stack()
            QTimer.singleShot(_ENLARGED, self, self.arrange)
        QTimer.singleShot(0, self, self.arrange)

    def _share_keys(self) -> None:
        """Let the keys of the map work in the scene too, and the keyboard come back to them from the panels."""
        canvas = self.main.centralWidget().findChild(QOpenGLWidget)
        assert canvas is not None, "napari draws on it"
        canvas.addAction(self.commands.actions["switch_level"])
        self.drawn, self.frame = DrawnOutline(canvas), FocusFrame(canvas)
        self.scene_tools.drawn.connect(self.drawn.show_trail)
        for dock in (self.left, self.right):
            name_buttons(dock)
        self.scene_keys = SceneKeys(canvas, self.scene_tools)
        overview = self.overview
        areas = (overview.points, overview.gallery.tiles, canvas, self.tabs.tabBar(), overview.bar, self.bar)
        panels = (self.left, self.right, self.bar)
        self.keyboard = KeyboardFocus(self.main, (overview.points, canvas), panels, areas)

    def arrange(self) -> None:
        """Divide the window, and show the scene as it was seen last or whole: once the window has its size."""
        if not self._closed:
            self.memory.lay_out()
            self.beside.raise_ours()
            if not self.memory.zoomed:
                self.scene.show_whole()
            QTimer.singleShot(0, self, self._zoom)

    def _zoom(self) -> None:
        if not self._closed:
            self.memory.zoom()

    def appear(self) -> None:
        """Stand on the screen as last, or as large as it allows: once the window is shown."""
        place(self.main, self.memory.last.place)
        QTimer.singleShot(0, self, self.arrange)

    def _side(self) -> QWidget:
        side = QWidget()
        self.tabs = QTabWidget(side)
        self.tabs.setStyleSheet("QTabBar::tab { padding: 4px 5px }")  # all six fit into the dock's width
        panels = (self.labels, self.search, self.suggest, self.export, self.history, self.layers)
        for panel, (name, about) in zip(panels, _PANELS.items(), strict=True):
            area = QScrollArea()
            area.setWidgetResizable(True)
            area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            area.setWidget(panel)
            self.tabs.setTabToolTip(self.tabs.addTab(area, name), about)
        column = QVBoxLayout(side)
        column.setContentsMargins(2, 2, 2, 2)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.tasks)
        return side

    def open_tab(self, name: str) -> None:
        """Bring one panel to the front."""
        for index in range(self.tabs.count()):
            if self.tabs.tabText(index) == name:
                self.right.show()
                self.tabs.setCurrentIndex(index)

    # wiring

    def _listen(self) -> None:
        session, work = self.session, self.work
        session.tasks.message.connect(self._say)
        session.focus_requested.connect(self.scene.go_to)
        session.search.changed.connect(self._search_changed)
        # after all that follow the labels: they are painted together
        session.labels.changed.connect(self._paint_together)
        self.scene.hovered.connect(self.overview.point_at)
        work.started.connect(self.tasks.task_started)
        work.progressed.connect(self.tasks.task_progress)
        work.ended.connect(self.tasks.task_ended)
        work.crashed.connect(_report_defect)
        self.tasks.cancelled.connect(work.cancel)
        self.overview.bar.window_filter_requested.connect(self.filter_to_window)
        self.search.set_thumbnail(self._thumbnail)
        self.main.destroyed.connect(self.close)
        self.drops = Drops(self.main)
        self.drops.dropped.connect(partial(open_dropped, self.viewer, session.overlays))
        session.overlays.otherwise = partial(open_otherwise, self.viewer)
        self._manifest_seen = self._manifest_time()
        self._looking = QTimer(self, interval=_LOOK_AGAIN)
        self._looking.timeout.connect(self._look_again)
        self._looking.start()
        self.main.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Write what is shown while there still is a window that shows it."""
        if event.type() == QEvent.Type.Close and not self._closed:
            self.memory.keep()
        return False

    def _look_again(self) -> None:
        """Read what others have written: labels, where this window only looks on, and stages of a run."""
        if self._closed:  # a run says more until it has stopped
            return
        if self.session.labels.read_only:
            self.session.labels.refresh()
        now = self._manifest_time()
        if now != self._manifest_seen:
            self._manifest_seen = now
            self.session.look_again()
        self.memory.look()

    def _manifest_time(self) -> int:
        path = self.session.workspace.path("manifest.json")
        return path.stat().st_mtime_ns if path.exists() else 0

    def _say(self, severity: str, text: str) -> None:
        """Say a sentence: in the status bar, or as a notification that stays for a while."""
        if severity == "status":
            self.viewer.status = text
        else:
            {"info": show_info, "warning": show_warning, "error": show_error}[severity](text)

    def _paint_together(self) -> None:
        ticks().take_along()

    def _search_changed(self) -> None:
        if self.session.search.results is not None:
            self.open_tab("Search")

    def _calls(self) -> Mapping[str, Callable[[], object]]:
        """What does each action, by its name in the table."""
        return {
            **calls_of(self.session),
            **self.scene_tools.calls(),
            "clear": self.clear,
            "filter_window": self.overview.bar.toggle_window_filter,
            "note": self.labels.write_note,
            "import": self.labels.import_labels,
            "next_page": self.search.next_page,
            "previous_page": self.search.previous_page,
            "predict": self._predict,
            "export": partial(self.open_tab, "Export"),
            "add_layer": self._add_layer,
            "blink": partial(blink, self.scene),
            "history": partial(self.open_tab, "History"),
            "reopen": self.reopen,
            "new_class": self._new_class,
            "next_area": lambda: self.keyboard.go(1),
            "previous_area": lambda: self.keyboard.go(-1),
            "help": self.show_sheet,
            "first_steps": self.show_first_steps,
        }

    def _predict(self) -> None:
        self.open_tab("Suggest")
        self.suggest.predict()

    def _new_class(self) -> None:
        self.open_tab("Label")
        self.labels.new_name.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _add_layer(self) -> None:
        self.open_tab("Layers")
        self.layers.choose()

    def show_sheet(self) -> None:
        """Open the sheet of all shortcuts."""
        self.sheet = ShortcutSheet(self.session.labels, self.main)
        self.sheet.show()

    def welcome(self) -> None:
        """Show the first steps to a user who has not seen them."""
        if not seen_file().exists():
            self.show_first_steps()

    def show_first_steps(self) -> None:
        """Show the cards that explain the window; the keyboard is the map's when they are gone."""
        if not self.main.findChildren(FirstSteps):
            show_first_steps(self.main, self._first_steps_closed)

    def _first_steps_closed(self) -> None:
        remember_seen()
        self.overview.points.setFocus()

    def clear(self) -> None:
        """Put the brush away and select nothing."""
        self.overview.points.put_away()
        self.session.selection.clear()

    def filter_to_window(self, wanted: bool) -> None:
        """Show only what lies in the part of the scene that is in view, or everything again."""
        self.session.selection.set_filter(window=self.scene.window_in_view() if wanted else None)

    def _thumbnail(self, level: str, row: int, side: int) -> QImage | None:
        view, tables = self.overview.view, self.session.tables
        if view is None:
            return None
        if level == "chips":
            return chip_picture(view, row, side)
        middle = tables.centroids[row].tolist()
        scene = int(tables.scene_of_chip[tables.chip_of[row]])
        return segment_picture(view, scene, int(tables.ids[row]), (middle[0], middle[1]), side)

    # pictures

    def _load_view(self) -> None:
        workspace = self.session.workspace
        found = find_view(workspace, display=self.display)
        if found is not None:
            self._show_view(found)
            return
        self.overview.gallery.set_message("Reading the scene: its pictures appear here in a moment")
        self.work.start("read the scene", self._make_view, self._show_view, failed=self._view_failed)

    def _make_view(self, progress: Progress) -> View:
        return make_view(self.session.workspace, display=self.display, progress=progress)

    def _show_view(self, view: View) -> None:
        self.scene.set_view(view)
        self.overview.set_view(view)
        self.memory.zoom_scene()

    def _view_failed(self, error: RsgraphError) -> None:
        """Without the scene's files segments are painted by their mean colours: labelling goes on."""
        text = f"segments are painted in their mean colours, as the scene's pixels cannot be read: {error}"
        self.session.tasks.say(text, "warning")
        if isinstance(error, NotReadable | WorkspaceMismatch):
            workspace, display = self.session.workspace, self.display
            job = partial(mean_colours, workspace, display=display)
            self.session.tasks.run("mean colours", lambda progress: job(progress=progress), self._show_view)

    # the end

    def close_viewer(self) -> None:
        """Close the window."""
        self.viewer.close()

    def remove(self) -> None:
        """Close the session and give the viewer back as it was."""
        window = self.viewer.window
        self.memory.keep()
        self.keyboard.close()
        self.scene_keys.close()
        self.drawn.deleteLater()
        self.frame.close()
        self.main.removeEventFilter(self)
        for cards in self.main.findChildren(FirstSteps):
            cards.leave()
        window.remove_dock_widget(self.overview)
        window.remove_dock_widget(self.side)
        self.commands.close()
        self.main.removeToolBar(self.bar)
        self.bar.deleteLater()
        self.drops.close()
        self.overlays.close()
        self.beside.restore()
        self.scene_tools.close()
        self.scene.close()
        self.close()

    def reopen(self) -> None:
        """Write labels where they were only looked at; a recovered copy takes the damaged journal's place."""
        labels, viewer, folder = self.session.labels, self.viewer, self.session.workspace.folder
        if not labels.read_only:
            self.session.tasks.say("this window writes labels already")
            return
        recovered, training = labels.journal.path, self.run.leave()
        own, shown = self.memory.frame.own, self.memory.now()
        self.remove()
        if recovered.name != "labels.sqlite":
            adopt_recovered(recovered)
        open_workspace(viewer, folder, display=self.display, training=training, own=own, shown=shown)

    def close(self) -> None:
        """Finish what writes labels, stop the rest, close the journal. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        _windows.discard(self)
        self.run.stop()
        self.keyboard.close()
        self._looking.stop()
        self.memory.forget()
        self.work.close()
        self.session.close()
        release_context()
        # connections hold this object until Qt deletes it; they must not hold napari's window as well
        for name in _LET_GO:
            self.__dict__.pop(name, None)


_windows: weakref.WeakSet[Window] = weakref.WeakSet()
"""All that are open."""


def dock_of(widget: QWidget) -> QDockWidget:
    """Return the dock that a widget was put into."""
    found = holding(widget)
    assert found is not None
    return found


def name_column(dock: QDockWidget, about: str) -> None:
    """Say on hover what a column is for: on its title, not on all that it holds."""
    title = dock.titleBarWidget()
    if title is not None:
        title.setToolTip(about)


def holding(widget: QWidget) -> QDockWidget | None:
    """Return the dock that a widget is in, or None."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent


def open_workspace(
    viewer: napari.Viewer,
    folder: str | Path,
    *,
    display: str | Sequence[str] = "auto",
    read_only: bool = False,
    links: bool = False,
    training: Training | None = None,
    own: bool = False,
    shown: Shown | None = None,
) -> Window:
    """Open a workspace in a viewer; one that is open in it is closed first.

    Parameters
    ----------
    viewer
        An open napari viewer.
    folder
        A finished workspace.
    display
        Bands of the pictures.
    read_only
        Look only.
    links
        Whether symbolic links in the workspace that lead out of it may be written through.
    training
        The run that goes on meanwhile.
    own
        Whether napari's window was opened for this workspace only.
    shown
        What is shown at first; None: what the workspace remembers.

    Raises
    ------
    WorkspaceError
        It is no finished workspace.
    """
    former = next((each for each in _windows if each.viewer is viewer), None)
    if former is not None and former.session.workspace.folder.resolve() == Path(folder).resolve():
        if training is not None:
            former.run.go_on_with(training)
        return former
    work = QtWork()
    session = open_session(folder, work, read_only=read_only, links=links)
    if former is not None:
        former.remove()
    window = Window(viewer, session, work, display=display, training=training, own=own, shown=shown)
    if session.labels.journal.notice:
        session.tasks.say(session.labels.journal.notice, "warning")
    return window


def _report_defect(error: BaseException) -> None:
    """A defect of ours: the user gets a notification with the traceback, and keeps the window."""
    traceback.print_exception(error)
    notification_manager.receive_error(type(error), error, error.__traceback__)
