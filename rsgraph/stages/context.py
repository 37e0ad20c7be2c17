"""The context of a stage: the scene, the options, where to read and where to write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rsgraph.blocks import ResumableBlocks, Threads
from rsgraph.io.chips import read_padded
from rsgraph.options import Options
from rsgraph.protocols import Blocks, Progress
from rsgraph.stages.plan import Plan
from rsgraph.types import Chip, Raster, Scene
from rsgraph.workspace import Workspace


@dataclass(frozen=True)
class Opened:
    """A scene or collection, opened and cut into chips.

    Parameters
    ----------
    scenes
        One scene, or the images of a collection.
    chips
        Chips that hold data, in row order; ``chip_id`` counts them.
    side
        Side of the padded square that networks see, in pixels.
    held
        Number of scenes, the first ones, that the workspace held before others were added to it.
    """

    scenes: Sequence[Scene]
    chips: Sequence[Chip]
    side: int
    held: int = 0

    def read(self, chip: Chip) -> Raster:
        """Read a chip's own pixels."""
        return self.scenes[chip.scene].source.read(chip.window)

    def read_square(self, chip: Chip) -> Raster:
        """Read a chip, padded to the square."""
        return read_padded(self.scenes[chip.scene], chip.window, self.side)

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the bands, the same for all scenes."""
        return self.scenes[0].bands

    @property
    def sizes(self) -> str:
        """Size of the scenes in words, ``300 x 200``, or that of the smallest and of the largest."""
        sizes = sorted({(scene.columns, scene.rows) for scene in self.scenes}, key=lambda size: size[0] * size[1])
        return " to ".join(f"{columns} x {rows}" for columns, rows in dict.fromkeys((sizes[0], sizes[-1])))

    @property
    def old(self) -> int:
        """Number of chips, the first ones, of scenes that the workspace held before others were added."""
        return sum(chip.scene < self.held for chip in self.chips)

    @property
    def collection(self) -> bool:
        """Whether there is more than one scene, so that there is no common grid."""
        return len(self.scenes) > 1


def _say_nothing(sentence: str) -> None:
    """Keep a sentence to oneself."""


@dataclass(frozen=True)
class Context:
    """What a stage is given.

    Parameters
    ----------
    plan
        What the run does: options, layers, the model that is given.
    opened
        The scene and its chips.
    workspace
        Where the outputs of earlier stages are read.
    out
        Where this stage writes, laid out like a workspace.
    work
        Where it may keep what lets it resume.
    progress
        ``progress(done, total)``.
    epoch
        ``epoch(part, number, metrics)`` after every epoch of training.
    blocks
        Runs blocks of work where the executor says, and keeps them in ``work``; by default in threads of this
        process, keeping nothing.
    on_device
        The same for work that a GPU does: where this process has the one GPU, it is this process.
    model
        Folder with the files of the model that is given; None: there is none.
    known
        Folder of what this stage made before scenes were added to the workspace, where it would make the same of the
        old chips again; else None.
    say
        ``say(sentence)``: what it is about to do, for the user.
    """

    plan: Plan
    opened: Opened
    workspace: Workspace
    out: Path
    work: Path
    progress: Progress
    epoch: Callable[[str, int, Mapping[str, float]], None]
    blocks: Blocks = field(default_factory=ResumableBlocks)
    on_device: Blocks = field(default_factory=lambda: ResumableBlocks(Threads(1)))
    model: Path | None = None
    known: Path | None = None
    say: Callable[[str], None] = _say_nothing

    @property
    def seed(self) -> int:
        """The seed of everything random."""
        return self.plan.options.seed

    @property
    def options(self) -> Options:
        """What the user chose."""
        return self.plan.options
