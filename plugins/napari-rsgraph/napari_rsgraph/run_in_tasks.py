"""The run that goes on beside a window, among its tasks: how far it is, how long it takes, a button to stop it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import QObject

from napari_rsgraph.panels.tasks import TaskStrip
from napari_rsgraph.training import Training
from napari_rsgraph.widgets.naming import stage_title

_NUMBER = 0
"""Of the run in the strip of tasks; others count from 1."""


class RunInTasks(QObject):
    """Follows one run at a time.

    Parameters
    ----------
    tasks
        The strip that shows it.
    look_again
        Called when a stage was finished, and at the end: reads what the run wrote.
    say
        Called with a severity and a sentence where it ended with an error.
    """

    def __init__(self, tasks: TaskStrip, look_again: Callable[[], object], say: Callable[[str, str], object]) -> None:
        super().__init__(tasks)
        self.training: Training | None = None
        self._tasks, self._look_again, self._say = tasks, look_again, say
        self._steps: Sequence[str] = ()
        tasks.cancelled.connect(self._cancelled)

    def go_on_with(self, training: Training) -> None:
        """Follow a run; where one goes on already, this one is stopped."""
        if self.training is not None and self.training.running:
            training.ask_to_stop()
            return
        self.training = training
        self._steps = training.steps()
        if self._steps and training.running:
            self._tasks.task_started(_NUMBER, "training", stop="Stop")
            self._show_step(0)
        training.progressed.connect(self._progressed)
        training.finished.connect(self._finished)
        training.ended.connect(self._ended)
        training.listen()

    def leave(self) -> Training | None:
        """Let the run go on without this window, and return it: another one follows it."""
        training, self.training = self.training, None
        if training is not None:
            training.progressed.disconnect(self._progressed)
            training.finished.disconnect(self._finished)
            training.ended.disconnect(self._ended)
        return training

    def stop(self) -> None:
        """Ask the run to stop: what it has done is kept."""
        if self.training is not None:
            self.training.ask_to_stop()

    def _cancelled(self, task: int) -> None:
        if task == _NUMBER:
            self.stop()

    def _progressed(self, stage: str, done: int, total: int, left: str) -> None:
        if stage in self._steps:
            self._show_step(self._steps.index(stage), left)
            self._tasks.task_progress(_NUMBER, done, total)

    def _finished(self, stage: str) -> None:
        """Show the next stage, of which nothing is known yet."""
        if stage in self._steps[:-1]:
            self._show_step(self._steps.index(stage) + 1)
            self._tasks.task_progress(_NUMBER, 0, 0)
        self._look_again()

    def _show_step(self, number: int, left: str = "") -> None:
        place = f"step {number + 1} of {len(self._steps)}"
        title = f"training: {stage_title(self._steps[number])}"
        self._tasks.task_title(_NUMBER, ", ".join(filter(None, (title, place, left))))

    def _ended(self, sentence: str) -> None:
        self._tasks.task_ended(_NUMBER)
        self._look_again()
        if sentence:
            self._say("warning", f"training stopped: {sentence}")
