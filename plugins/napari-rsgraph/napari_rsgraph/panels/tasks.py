"""A strip that shows what runs: title, how far, and a button that cancels it."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from napari_rsgraph.widgets.controls import button

_STEPS = 1000
"""Of the bar: totals may be beyond what a QProgressBar counts."""


class TaskStrip(QWidget):
    """Running work, one line each; hidden while nothing runs.

    Parameters
    ----------
    parent
        The window.
    """

    cancelled = Signal(int)
    """The id of the task that the user wants to stop."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines: dict[int, TaskLine] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(4, 2, 4, 2)
        self._layout.setSpacing(2)
        self.setAccessibleName("Running work")
        self.hide()

    def task_started(self, task: int, title: str, *, cancellable: bool = True, stop: str = "Cancel") -> None:
        """Show a task; ``stop`` is what its button says."""
        line = TaskLine(title, cancellable=cancellable, stop=stop)
        line.cancel.clicked.connect(lambda: self._cancel(task))
        self.lines[task] = line
        self._layout.addWidget(line)
        self.show()

    def task_title(self, task: int, title: str) -> None:
        """Say what a task is at now."""
        if task in self.lines:
            self.lines[task].set_title(title)

    def task_progress(self, task: int, done: int, total: int) -> None:
        """Show how far a task is; one that is not known is left out."""
        if task in self.lines:
            self.lines[task].progress(done, total)

    def task_ended(self, task: int) -> None:
        """Take a task away, whether it finished, failed or was cancelled."""
        line = self.lines.pop(task, None)
        if line is not None:
            self._layout.removeWidget(line)
            line.deleteLater()
        self.setVisible(bool(self.lines))

    def _cancel(self, task: int) -> None:
        self.lines[task].cancelling()
        self.cancelled.emit(task)


class TaskLine(QWidget):
    """One task.

    Parameters
    ----------
    title
        What it does.
    cancellable
        Whether it may be stopped.
    stop
        What the button says.
    """

    def __init__(self, title: str, *, cancellable: bool, stop: str = "Cancel") -> None:
        super().__init__()
        self.title = QLabel()
        self.title.setWordWrap(True)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.cancel = button(stop, "")
        self.cancel.setVisible(cancellable)
        self.set_title(title)
        row = QHBoxLayout()
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.title)
        layout.addLayout(row)

    def set_title(self, title: str) -> None:
        """Say what is done."""
        self.title.setText(title)
        self.title.setToolTip(title)
        self.bar.setAccessibleName(f"Progress of: {title}")
        self.cancel.setToolTip(f"Stop: {title}. Nothing is left half done")

    def progress(self, done: int, total: int) -> None:
        """Move the bar; a total of 0 means that nobody knows."""
        self.bar.setRange(0, _STEPS if total > 0 else 0)
        self.bar.setValue(round(_STEPS * min(done / total, 1.0)) if total > 0 else 0)

    def cancelling(self) -> None:
        """Say that the wish was heard."""
        self.cancel.setEnabled(False)
        self.cancel.setText("Stopping" if self.cancel.text() == "Stop" else "Cancelling")
