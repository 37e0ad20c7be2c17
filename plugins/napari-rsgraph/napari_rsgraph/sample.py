"""Samples of napari: a real scene, ready-made, and a generated coast, made while one waits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import napari
import numpy as np
from napari.utils import cancelable_progress
from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import QObject, QTimer

from napari_rsgraph.reader import LayerData, open_in, workspace_at
from napari_rsgraph.training import Training
from napari_rsgraph.window import open_workspace
from rsgraph.errors import RsgraphError
from rsgraph.samples.copying import sample_copy, samples_folder
from rsgraph.workspace import MAPPED, Workspace

_NOTE = "rsgraph sample"
_PLACEHOLDER: LayerData = (np.zeros((1, 1)), {"name": _NOTE, "opacity": 0.0, "contrast_limits": (0.0, 1.0)}, "image")
"""A pixel that cannot be seen, as napari wants a layer from samples; the scene's picture is of the same kind."""
_LOOK = 200
"""Milliseconds between two looks at how far the coast is."""


def open_sample() -> list[LayerData]:
    """Open the user's copy of the real scene that rsgraph brings; it is made where there is none.

    Returns
    -------
    layers
        One that goes as soon as the workspace is open: napari wants a layer from samples.
    """
    viewer = napari.current_viewer() or napari.Viewer()
    try:
        folder = sample_copy()
    except RsgraphError as error:
        show_error(str(error))
        return [_note("There is no sample to open: the message below says why")]
    QTimer.singleShot(0, lambda: _open(viewer, folder))
    return [_PLACEHOLDER]


def open_coast() -> list[LayerData]:
    """Open the coast of ``make demo`` in this folder, or the user's; make the latter where there is none.

    Returns
    -------
    layers
        As of ``open_sample``; while the coast is made, it says so.
    """
    viewer = napari.current_viewer() or napari.Viewer()
    found = found_coast()
    if found is not None:
        QTimer.singleShot(0, lambda: _open(viewer, found))
        return [_PLACEHOLDER]
    CoastRun(viewer, users_coast())
    return [
        _note(
            "A coast is being made.\nIt opens by itself when its first maps are there, in less than a minute;\n"
            "networks are trained meanwhile. Progress: 'activity', below."
        )
    ]


def found_coast() -> Path | None:
    """Return the folder of a finished workspace of the coast, or None."""
    places = (Path.cwd() / "demo", users_coast())
    found = (place for place in places if workspace_at(str(place)) is not None)
    return next((place for place in found if not Workspace(place).unfinished), None)


def users_coast() -> Path:
    """Return where the coast is kept for all sessions of this user."""
    return samples_folder() / "generated_coast"


def _note(sentence: str) -> LayerData:
    """Return a point that cannot be seen, with a text that can."""
    text: dict[str, Any] = {"string": [sentence], "color": "white", "size": 12}
    unseen = {"face_color": "transparent", "border_color": "transparent"}
    return ([[0.0, 0.0]], {"name": _NOTE, "text": text, **unseen}, "points")


def _forget_note(viewer: napari.Viewer) -> None:
    for layer in [layer for layer in viewer.layers if layer.name.startswith(_NOTE)]:
        viewer.layers.remove(layer)


def _open(viewer: napari.Viewer, folder: Path) -> None:
    _forget_note(viewer)
    open_in(viewer, folder)


class CoastRun(QObject):
    """``rsgraph run experiment=demo`` in a process of its own, with progress in napari's activity list.

    The window opens as soon as the first maps are there. From then on the run is the window's: it shows what is
    trained, and ends it when it is closed.

    Parameters
    ----------
    viewer
        In which the workspace is opened.
    folder
        Where it is made.
    start
        Starts the run of some words.
    """

    running: ClassVar[set[CoastRun]] = set()

    def __init__(
        self, viewer: napari.Viewer, folder: Path, *, start: Callable[[list[str]], Training] = Training
    ) -> None:
        super().__init__()
        from rsgraph.stages.plan import STAGES

        self.viewer, self.folder = viewer, folder
        steps = [stage.name for stage in STAGES].index(MAPPED) + 1
        self.bar = cancelable_progress(total=steps, desc="making a coast")
        self.training = start(["experiment=demo", f"workspace={folder}", "tracking.uri=none", "draw=false"])
        CoastRun.running.add(self)
        self._timer = QTimer(self, interval=_LOOK)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _look(self) -> None:
        """See how far it is, and whether somebody has pressed the button beside the bar."""
        workspace = Workspace(self.folder)
        made = len(workspace.manifest.get("stages", {}))  # it goes on beyond those that are waited for
        self.bar.update(min(made, self.bar.total) - self.bar.n)
        if self.bar.is_canceled:
            self._end()
            self.training.stop()
            show_info("the coast is not finished; open it again to go on")
        elif self.training.ready:
            self._end()
            open_workspace(self.viewer, self.folder, training=self.training)
        elif not self.training.running:
            self._end()
            self.training.ended.connect(_report)
            self.training.listen()

    def _end(self) -> None:
        self._timer.stop()
        self.bar.close()
        CoastRun.running.discard(self)
        _forget_note(self.viewer)


def _report(sentence: str) -> None:
    show_error(f"the coast could not be made: {sentence}")
