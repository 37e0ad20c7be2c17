"""The demo workspace as napari's sample data: opened where it is there, else made in the background first."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import napari
from napari.utils import cancelable_progress
from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import QObject, QProcess, QStandardPaths, QTimer

from napari_rsgraph.reader import LayerData, open_in, workspace_at

if TYPE_CHECKING:
    from collections.abc import Callable

_COMMAND = "from rsgraph.cli import main; main()"
_STAGE = re.compile(r"^ +\w+ +[\d.]+ (?:s|min|h)\b", re.MULTILINE)
_SHOWN = 400
"""Characters of the error that the user sees."""
_NOTE = "Demo workspace"


def open_demo() -> list[LayerData]:
    """Open the demo workspace of this folder, or that in the user's cache; make the latter where there is none.

    Returns
    -------
    layers
        One that says what happens. It goes as soon as the workspace is open; napari wants a layer from samples.
    """
    viewer = napari.current_viewer() or napari.Viewer()
    found = found_demo()
    if found is not None:
        QTimer.singleShot(0, lambda: _open(viewer, found))
        return [_note("Opening the demo workspace")]
    DemoRun(cached_demo(), lambda folder: _open(viewer, folder), lambda: _forget_note(viewer))
    return [
        _note(
            "The demo workspace is being made.\nIt opens by itself in a minute or two.\nProgress: 'activity', below."
        )
    ]


def found_demo() -> Path | None:
    """Return the folder of a finished demo workspace, or None."""
    places = (Path.cwd() / "demo", cached_demo())
    return next((place for place in places if workspace_at(str(place)) is not None), None)


def cached_demo() -> Path:
    """Return where the demo workspace is kept for all sessions of this user."""
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericCacheLocation)
    return Path(place) / "rsgraph" / "demo"


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


class DemoRun(QObject):
    """``rsgraph run experiment=demo`` in a process of its own, with progress in napari's activity list.

    Parameters
    ----------
    folder
        Where the workspace is made.
    done
        Called with the folder once it is finished.
    failed
        Called where it was cancelled or went wrong; the user has read why.
    """

    running: ClassVar[set[DemoRun]] = set()

    def __init__(self, folder: Path, done: Callable[[Path], None], failed: Callable[[], None]) -> None:
        super().__init__()
        from rsgraph.stages.plan import STAGES

        self.folder, self._done, self._failed = folder, done, failed
        self._said, self._cancelled = "", False
        folder.parent.mkdir(parents=True, exist_ok=True)
        self.bar = cancelable_progress(total=len(STAGES), desc="demo workspace", cancel_callback=self.cancel)
        self.process = QProcess(self)
        self.process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self.process.readyRead.connect(self._read)
        self.process.finished.connect(self._finished)
        DemoRun.running.add(self)
        words = ["run", "experiment=demo", f"workspace={folder}", "tracking.uri=none", "draw=false"]
        self.process.start(sys.executable, ["-c", _COMMAND, *words])

    def cancel(self) -> None:
        """Stop; what is finished is used by the next run."""
        self._cancelled = True
        self.process.kill()

    def _read(self) -> None:
        self._said += bytes(self.process.readAll().data()).decode(errors="replace")
        self.bar.update(len(_STAGE.findall(self._said)) - self.bar.n)

    def _finished(self, code: int) -> None:
        self.bar.close()
        DemoRun.running.discard(self)
        if self._cancelled:
            show_info("the demo workspace is not finished; open it again to go on")
            self._failed()
        elif code != 0 or workspace_at(str(self.folder)) is None:
            show_error(f"the demo workspace could not be made: {self._said.strip()[-_SHOWN:]}")
            self._failed()
        else:
            self._done(self.folder)
