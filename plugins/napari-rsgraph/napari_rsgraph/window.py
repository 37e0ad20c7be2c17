"""The window: 2-D map and gallery on the left, the scene in the middle, labels, search and export on the right."""

from __future__ import annotations

import traceback
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from napari.utils.notifications import notification_manager, show_error, show_info, show_warning
from npe2 import PluginManager
from qtpy.QtCore import QObject, Qt, QTimer
from qtpy.QtGui import QImage
from qtpy.QtWidgets import (
    QDockWidget,
    QFileDialog,
    QLabel,
    QMainWindow,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from napari_rsgraph.commands import Commands
from napari_rsgraph.overview import Overview, image_of
from napari_rsgraph.panels.classes import LabelPanel
from napari_rsgraph.panels.export import ExportPanel
from napari_rsgraph.panels.history import HistoryPanel
from napari_rsgraph.panels.layers import LayersPanel
from napari_rsgraph.panels.search import SearchPanel
from napari_rsgraph.panels.shortcuts import ShortcutSheet
from napari_rsgraph.panels.suggest import SuggestPanel
from napari_rsgraph.panels.tasks import TaskStrip
from napari_rsgraph.point_map.opengl import release_context
from napari_rsgraph.qt_work import QtWork
from napari_rsgraph.scene.bar import SceneBar
from napari_rsgraph.scene.blinking import blink
from napari_rsgraph.scene.overlays import SceneOverlays
from napari_rsgraph.scene.scene_map import SceneMap
from napari_rsgraph.scene.tools import SceneTools
from napari_rsgraph.session.calls import calls_of
from napari_rsgraph.session.session import Session, open_session
from napari_rsgraph.training import Training
from napari_rsgraph.widgets.drops import Drops
from napari_rsgraph.widgets.refresh import ticks
from rsgraph.errors import NotReadable, RsgraphError, WorkspaceMismatch
from rsgraph.journal.journal import adopt_recovered
from rsgraph.protocols import Progress
from rsgraph.view.view import View, find_view, make_view, mean_colours

if TYPE_CHECKING:
    import napari

_HIDDEN = ("layer list", "layer controls")
"""napari's own docks: in its menu, but not in the way at 1280 x 800."""
_WIDTHS = (440, 330)
_NOT_OTHERS = ("napari", "napari-rsgraph")
"""Plugins that take every file, or workspaces only."""
_LOOK_AGAIN = 2000
"""Milliseconds after which a window reads what others wrote: labels, where it only looks on, and stages of a run."""
_TRAINING = 0
"""Number of the training in the strip of tasks; others count from 1."""


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
    """

    def __init__(
        self,
        viewer: napari.Viewer,
        session: Session,
        work: QtWork,
        *,
        display: str | Sequence[str] = "auto",
        training: Training | None = None,
    ) -> None:
        super().__init__()
        self.viewer, self.session, self.work, self.display = viewer, session, work, display
        self.training = training
        self._closed = False
        self.overview = Overview(session)
        self.scene = SceneMap(viewer, session)
        self.scene_tools = SceneTools(viewer, self.scene)
        self.overlays = SceneOverlays(viewer, self.scene, session.overlays)
        self.labels, self.search = LabelPanel(session), SearchPanel(session)
        self.suggest, self.export = SuggestPanel(session), ExportPanel(session)
        self.history, self.tasks = HistoryPanel(session), TaskStrip()
        self.layers = LayersPanel(session)
        self._dock()
        self._listen()
        made = {**self.overview.points.named, **self.overview.gallery.named}
        owners = {"overview": self.overview, "search": self.search, "suggest": self.suggest}
        self.commands = Commands(self.main, session, self._calls(), owners, made)
        self.setParent(self.main)  # lives as long as napari's window, whoever opened it
        _windows.add(self)
        self._load_view()

    # layout

    def _dock(self) -> None:
        window = self.viewer.window
        window.add_dock_widget(self.overview, name="Chips and segments", area="left")
        self.side = self._side()
        window.add_dock_widget(self.side, name="Label", area="right")
        self.left, self.right = dock_of(self.overview), dock_of(self.side)
        main = self.left.window()
        assert isinstance(main, QMainWindow)
        self.main = main
        self.bar = QToolBar("Scene", main)
        self.bar.setObjectName("rsgraph scene")
        self.bar.setMovable(False)
        self.bar.addWidget(SceneBar(self.scene_tools))
        main.addToolBar(self.bar)
        for dock in self.main.findChildren(QDockWidget):
            if dock.objectName() in _HIDDEN:
                dock.hide()
        QTimer.singleShot(0, self, self.arrange)

    def arrange(self) -> None:
        """Give the docks their widths and show the whole scene: once the window has its size."""
        if not self._closed:
            self.main.resizeDocks([self.left, self.right], list(_WIDTHS), Qt.Orientation.Horizontal)
            self.scene.show_whole()

    def _side(self) -> QWidget:
        side = QWidget()
        self.tabs = QTabWidget(side)
        self.tabs.setStyleSheet("QTabBar::tab { padding: 4px 5px }")  # all six fit into the dock's width
        panels = (self.labels, self.search, self.suggest, self.export, self.history, self.layers)
        names = ("Label", "Search", "Suggest", "Export", "History", "Layers")
        for panel, name in zip(panels, names, strict=True):
            area = QScrollArea()
            area.setWidgetResizable(True)
            area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            area.setWidget(panel)
            self.tabs.addTab(area, name)
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
        self.drops.dropped.connect(self._dropped)
        session.overlays.otherwise = self._open_otherwise
        self._manifest_seen = self._manifest_time()
        self._looking = QTimer(self, interval=_LOOK_AGAIN)
        self._looking.timeout.connect(self._look_again)
        self._looking.start()
        self.tasks.cancelled.connect(self._stop_training)
        if self.training is not None:
            self._follow(self.training)

    def _look_again(self) -> None:
        """Read what others have written: labels, where this window only looks on, and stages of a run."""
        if self.session.labels.read_only:
            self.session.labels.refresh()
        now = self._manifest_time()
        if now != self._manifest_seen:
            self._manifest_seen = now
            self.session.look_again()

    def _manifest_time(self) -> int:
        path = self.session.workspace.path("manifest.json")
        return path.stat().st_mtime_ns if path.exists() else 0

    # the run that goes on

    def _follow(self, training: Training) -> None:
        """Show the training among the tasks, with a button that stops it."""
        self._steps = training.steps()
        if self._steps and training.running:
            self.tasks.task_started(_TRAINING, "training", stop="Stop")
            self._show_step(0)
        training.progressed.connect(self._training_progressed)
        training.finished.connect(self._training_finished)
        training.ended.connect(self._training_ended)
        training.listen()

    def go_on_with(self, training: Training) -> None:
        """Follow a run of this workspace that was started beside the window; one is enough, and the first stays."""
        if self.training is not None and self.training.running:
            training.ask_to_stop()
            return
        self.training = training
        self._follow(training)

    def _leave(self, training: Training) -> None:
        """Let a run go on without this window: another one follows it."""
        self.training = None
        training.progressed.disconnect(self._training_progressed)
        training.finished.disconnect(self._training_finished)
        training.ended.disconnect(self._training_ended)

    def _stop_training(self, task: int) -> None:
        if task == _TRAINING and self.training is not None:
            self.training.ask_to_stop()

    def _training_progressed(self, stage: str, done: int, total: int, left: str) -> None:
        if stage in self._steps:
            self._show_step(self._steps.index(stage), left)
            self.tasks.task_progress(_TRAINING, done, total)

    def _training_finished(self, stage: str) -> None:
        """Show the next stage, of which nothing is known yet."""
        if stage in self._steps[:-1]:
            self._show_step(self._steps.index(stage) + 1)
            self.tasks.task_progress(_TRAINING, 0, 0)
        self._look_again()

    def _show_step(self, number: int, left: str = "") -> None:
        place = f"step {number + 1} of {len(self._steps)}"
        self.tasks.task_title(_TRAINING, ", ".join(filter(None, (f"training: {self._steps[number]}", place, left))))

    def _training_ended(self, sentence: str) -> None:
        self.tasks.task_ended(_TRAINING)
        self._look_again()
        if sentence:
            self._say("warning", f"training stopped: {sentence}")

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
            "help": self.show_sheet,
        }

    def _predict(self) -> None:
        self.open_tab("Suggest")
        self.suggest.predict()

    def _add_layer(self) -> None:
        self.open_tab("Layers")
        self.layers.choose()

    def _dropped(self, paths: list[Path]) -> None:
        """Open a workspace that was dropped, in the place of this one, or lay files over the scene."""
        workspaces = [path for path in paths if is_workspace(path)]
        if workspaces:  # once the drop is over: this window closes
            QTimer.singleShot(0, partial(self.viewer.open, [str(workspaces[0])], plugin="napari-rsgraph"))
            return
        self.session.overlays.add(paths)

    def _open_otherwise(self, path: Path) -> bool:
        """Open a file by a plugin of the user's that takes such files; return whether there is one."""
        readers = PluginManager.instance().iter_compatible_readers([str(path)])
        names = [each.plugin_name for each in readers if each.plugin_name not in _NOT_OTHERS]
        if names:
            self.viewer.open([str(path)], plugin=names[0])
        return bool(names)

    def show_sheet(self) -> None:
        """Open the sheet of all shortcuts."""
        self.sheet = ShortcutSheet(self.session.labels, self.main)
        self.sheet.show()

    def clear(self) -> None:
        """Put the brush away and select nothing."""
        self.overview.points.put_away()
        self.session.selection.clear()

    def filter_to_window(self, wanted: bool) -> None:
        """Show only what lies in the part of the scene that is in view, or everything again."""
        self.session.selection.set_filter(window=self.scene.window_in_view() if wanted else None)

    def _thumbnail(self, level: str, row: int) -> QImage | None:
        view, tables = self.overview.view, self.session.tables
        if view is None:
            return None
        if level == "chips":
            return image_of(view.chip(row, 96)[0])
        rgb, ids = view.chip(int(tables.chip_of[row]), 256)
        return image_of(cut_out(rgb, ids == tables.ids[row]))

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
        window.remove_dock_widget(self.overview)
        window.remove_dock_widget(self.side)
        self.commands.close()
        self.main.removeToolBar(self.bar)
        self.bar.deleteLater()
        self.drops.close()
        self.overlays.close()
        self.scene_tools.close()
        self.scene.close()
        self.close()

    def reopen(self) -> None:
        """Write labels where they were only looked at; a recovered copy takes the damaged journal's place."""
        labels, viewer, folder = self.session.labels, self.viewer, self.session.workspace.folder
        if not labels.read_only:
            self.session.tasks.say("this window writes labels already")
            return
        recovered, training = labels.journal.path, self.training
        if training is not None:
            self._leave(training)
        self.remove()
        if recovered.name != "labels.sqlite":
            adopt_recovered(recovered)
        open_workspace(viewer, folder, display=self.display, training=training)

    def close(self) -> None:
        """Finish what writes labels, stop the rest, close the journal. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        _windows.discard(self)
        if self.training is not None:
            self.training.ask_to_stop()
        self._looking.stop()
        self.work.close()
        self.session.close()
        release_context()
        # connections hold this object until Qt deletes it; they must not hold napari's window as well
        for name in (
            "viewer",
            "main",
            "left",
            "right",
            "scene",
            "scene_tools",
            "overlays",
            "commands",
            "bar",
            "drops",
        ):
            self.__dict__.pop(name, None)


_windows: weakref.WeakSet[Window] = weakref.WeakSet()
"""All that are open."""


class LabelWidget(QWidget):
    """What napari's plugin menu opens: a button to choose a workspace, until one is open.

    Parameters
    ----------
    napari_viewer
        Given by napari.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        text = QLabel("Open a folder that `rsgraph run` made: its chips and segments appear beside the scene.")
        text.setWordWrap(True)
        button = QPushButton("Open a workspace...")
        button.setToolTip("Choose the folder of a workspace (it holds a manifest.json)")
        button.clicked.connect(self._choose)
        column = QVBoxLayout(self)
        column.addWidget(text)
        column.addWidget(button)
        column.addStretch(1)

    def _choose(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Open a workspace")
        if chosen:
            self.open(Path(chosen))

    def open(self, folder: Path) -> None:
        """Open a workspace; mistakes are notifications."""
        try:
            open_workspace(self.viewer, folder)
        except RsgraphError as error:
            show_error(str(error))


def is_workspace(path: Path) -> bool:
    """Tell whether a path is the folder of a workspace, or the manifest in it."""
    folder = path.parent if path.name == "manifest.json" else path
    return all((folder / name).is_file() for name in ("manifest.json", "segments.parquet"))


def dock_of(widget: QWidget) -> QDockWidget:
    """Return the dock that a widget was put into."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    assert parent is not None
    return parent


def cut_out(rgb: np.ndarray, chosen: np.ndarray, *, margin: int = 24) -> np.ndarray:
    """Return the pixels about one segment, the others dimmed: (rows, columns, 3)."""
    rows, columns = np.nonzero(chosen)
    if len(rows) == 0:
        return rgb
    part = (
        slice(max(rows.min() - margin, 0), rows.max() + margin + 1),
        slice(max(columns.min() - margin, 0), columns.max() + margin + 1),
    )
    shown: np.ndarray = np.where(chosen[part][..., None], rgb[part], rgb[part] * 0.6)
    return shown.astype(np.uint8)


def open_workspace(
    viewer: napari.Viewer,
    folder: str | Path,
    *,
    display: str | Sequence[str] = "auto",
    read_only: bool = False,
    links: bool = False,
    training: Training | None = None,
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

    Raises
    ------
    WorkspaceError
        It is no finished workspace.
    """
    former = next((each for each in _windows if each.viewer is viewer), None)
    if former is not None and former.session.workspace.folder.resolve() == Path(folder).resolve():
        if training is not None:
            former.go_on_with(training)
        return former
    work = QtWork()
    session = open_session(folder, work, read_only=read_only, links=links)
    if former is not None:
        former.remove()
    window = Window(viewer, session, work, display=display, training=training)
    if session.labels.journal.notice:
        session.tasks.say(session.labels.journal.notice, "warning")
    return window


def _report_defect(error: BaseException) -> None:
    """A defect of ours: the user gets a notification with the traceback, and keeps the window."""
    traceback.print_exception(error)
    notification_manager.receive_error(type(error), error, error.__traceback__)
