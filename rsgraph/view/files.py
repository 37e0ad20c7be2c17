"""Files of a view: levels of pictures written strip by strip, thumbnails, folders that are whole or absent."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from rsgraph.blocks import Threads
from rsgraph.files import map_array, output_error
from rsgraph.io.display import NO_DATA, Pixels
from rsgraph.io.writers import windows
from rsgraph.locks import lock_place, refuse_other_lock
from rsgraph.own_files.arrays import mapped_array
from rsgraph.protocols import Progress
from rsgraph.stages.streaming import write_header
from rsgraph.types import Window
from rsgraph.workspace import SceneInfo, Workspace

PARTIAL = "partial"
"""How names of folders end that are being made; what a killed program left of them is removed by the next one."""

SMALLEST = 512
"""No level is made below one that fits into this many pixels."""

THUMBNAIL = 128
"""Thumbnails are at most this wide."""

_STRIP = 256
"""Rows in memory at a time; a power of two, so that strips can be halved without looking at their neighbours."""
_BLOCK = Window(0, 0, _STRIP, 1024)
_POLL = 0.2

Read = Callable[[int, Window], NDArray[Any]]
"""Gives the pixels of a window (rows, columns, ...) of a scene."""


def level_shapes(rows: int, columns: int) -> list[tuple[int, int]]:
    """Return the size of a scene at each level.

    >>> level_shapes(1100, 2100)
    [(1100, 2100), (550, 1050), (275, 525), (138, 263)]
    """
    shapes = [(rows, columns)]
    while max(shapes[-1]) > SMALLEST and 2 ** len(shapes) <= _STRIP:
        shapes.append((-(-shapes[-1][0] // 2), -(-shapes[-1][1] // 2)))
    return shapes


def level_starts(scenes: Sequence[SceneInfo]) -> NDArray[np.int64]:
    """Return where each scene's pixels start (scenes + 1,), all levels of all scenes being counted."""
    counts = [sum(rows * columns for rows, columns in level_shapes(s.rows, s.columns)) for s in scenes]
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


@dataclass(frozen=True)
class Places:
    """The grids of scenes and the windows of chips."""

    scenes: Sequence[SceneInfo]
    windows: NDArray[np.int64]
    of_scene: NDArray[np.int64]

    @classmethod
    def of(cls, workspace: Workspace) -> Places:
        """Read them from the workspace's tables."""
        scenes, chips = workspace.scenes, workspace.chips
        index = {scene.name: number for number, scene in enumerate(scenes)}
        of_scene = [index[name] for name in chips["scene_id"]] if "scene_id" in chips else [0] * len(chips)
        columns = chips[["row_offset", "column_offset", "rows", "columns"]]
        return cls(scenes, columns.to_numpy(np.int64), np.array(of_scene, dtype=np.int64))

    @property
    def side(self) -> int:
        """Pixels along a whole chip."""
        return int(self.windows[:, 2:].max(initial=1))

    @property
    def packed(self) -> bool:
        """Whether thumbnails are worth a file: not where a chip is a whole scene."""
        widths = np.array([scene.columns for scene in self.scenes])
        return bool((self.windows[:, 3] < widths[self.of_scene]).any())

    @property
    def steps(self) -> int:
        """Steps of one pass, for progress."""
        return len(self.strips()) + (len(self.windows) if self.packed else 0)

    def strips(self) -> list[tuple[int, Window]]:
        """All windows of all scenes (index of the scene, window), row by row."""
        return [
            (number, window)
            for number, scene in enumerate(self.scenes)
            for window in windows(scene.rows, scene.columns, _BLOCK)
        ]


def mapped(path: Path) -> NDArray[Any]:
    """Map one array; a plain array on top of the map is quicker to cut than numpy's memmap."""
    return np.asarray(mapped_array(path))


def write_levels(folder: Path, name: str, places: Places, read: Read, report: Progress) -> None:
    """Write all levels of all scenes, then the thumbnails of all chips."""
    strips = places.strips()
    depth, dtype = ((3,), np.uint8) if name == "rgb" else ((), np.uint32)
    with _LevelFile(folder / f"{name}.npy", places.scenes, depth, np.dtype(dtype)) as file:
        for done, got in enumerate(Threads(2).run(lambda item: (*item, read(*item)), strips), start=1):
            file.put(*got)
            report(done, 0)
    if places.packed:
        _write_thumbnails(folder, name, places, lambda done: report(len(strips) + done, 0))


class _LevelFile:
    """An array of all levels of all scenes, of which windows arrive row by row.

    It is written with plain writes: a full disk is an error there, but the end of the process in a memory map.
    """

    def __init__(self, path: Path, scenes: Sequence[SceneInfo], depth: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.scenes = scenes
        self.starts = level_starts(scenes)
        self.depth, self.dtype = depth, dtype
        self.pixel = int(np.prod(depth, dtype=int)) * dtype.itemsize
        self.strip: NDArray[Any] = np.empty(0, dtype)
        self.file = path.open("wb")
        write_header(self.file, (int(self.starts[-1]), *depth), dtype)
        self.header = self.file.tell()

    def __enter__(self) -> _LevelFile:
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()

    def put(self, scene: int, window: Window, values: NDArray[Any]) -> None:
        """Take one window; the strip is written with its last."""
        columns = self.scenes[scene].columns
        if window.column == 0:
            self.strip = np.empty((window.rows, columns, *self.depth), self.dtype)
        self.strip[:, window.column : window.column + window.columns] = values
        if window.column + window.columns == columns:
            self._write(scene, window.row)

    def _write(self, scene: int, row: int) -> None:
        start, values = int(self.starts[scene]), self.strip
        for rows, columns in level_shapes(self.scenes[scene].rows, self.scenes[scene].columns):
            self.file.seek(self.header + (start + row * columns) * self.pixel)
            self.file.write(np.ascontiguousarray(values).data)
            start, row, values = start + rows * columns, row // 2, halved(values)


def halved(values: NDArray[Any]) -> NDArray[Any]:
    """Halve a picture (rows, columns, 3) by means of 2 x 2, or ids (rows, columns) by every second pixel."""
    if values.ndim == 2:
        return values[::2, ::2]
    odd = [(0, length % 2) for length in values.shape[:2]]
    whole = np.pad(values, (*odd, (0, 0)), mode="edge") if any(after for _, after in odd) else values
    lines = whole[::2].astype(np.uint16) + whole[1::2]
    means: Pixels = ((lines[:, ::2] + lines[:, 1::2] + 2) >> 2).astype(np.uint8)
    return means


def _write_thumbnails(folder: Path, name: str, places: Places, report: Callable[[int], None]) -> None:
    """Write every chip small, padded to squares, so that a gallery reads from one place per chip."""
    halvings = max(0, (-(-places.side // THUMBNAIL) - 1).bit_length())
    side = -(-places.side >> halvings)
    rows = _Rows(folder / f"{name}.npy", places)
    with (folder / "thumbnails.npy").open("wb") as file:
        write_header(file, (len(places.windows), side, side, *rows.depth), rows.dtype)
        for number in range(len(places.windows)):
            small = rows.chip(number)
            for _ in range(halvings):
                small = halved(small)
            square = np.full((side, side, *rows.depth), NO_DATA if name == "rgb" else 0, rows.dtype)
            square[: small.shape[0], : small.shape[1]] = small
            file.write(square.data)
            report(number + 1)


class _Rows:
    """Chips of a finished ``_LevelFile``, read by whole lines of a scene: a memory map would hold on to the file."""

    def __init__(self, path: Path, places: Places) -> None:
        self.path, self.places = path, places
        self.starts = level_starts(places.scenes)
        found = map_array(path)
        self.depth, self.dtype, self.header = found.shape[1:], found.dtype, found.offset
        self.held: tuple[int, int, int] | None = None
        self.lines: NDArray[Any] = np.empty(0, found.dtype)

    def chip(self, number: int) -> NDArray[Any]:
        """Return the pixels of a chip at full size."""
        row, column, rows, columns = self.places.windows[number].tolist()
        wanted = (int(self.places.of_scene[number]), row, rows)
        if wanted != self.held:
            self.lines, self.held = self._read(*wanted), wanted
        return self.lines[:, column : column + columns]

    def _read(self, scene: int, row: int, rows: int) -> NDArray[Any]:
        columns, each = self.places.scenes[scene].columns, int(np.prod(self.depth, dtype=int))
        offset = self.header + (int(self.starts[scene]) + row * columns) * each * self.dtype.itemsize
        found = np.fromfile(self.path, self.dtype, rows * columns * each, offset=offset)
        return found.reshape(rows, columns, *self.depth)


class TwoPasses:
    """Reports the progress of two passes as one."""

    def __init__(self, progress: Progress | None, steps: int) -> None:
        self.progress = progress
        self.steps = steps
        self.start = 0

    def __call__(self, done: int, _: int) -> None:
        """Report how much of the current pass is done."""
        if self.progress is not None:
            self.progress(self.start + done, 2 * self.steps)


@contextmanager
def locked(folder: Path, report: Progress) -> Iterator[None]:
    """Let one process write at a time, and clear what killed ones left. Waiting can be cancelled."""
    refuse_other_lock(folder / ".lock")
    lock = FileLock(lock_place(folder / ".lock"))
    try:
        while not lock.is_locked:
            report(0, 0)
            try:
                lock.acquire(timeout=_POLL)
            except Timeout:
                continue
        for left in folder.glob(f".*.{PARTIAL}"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    except OSError as error:
        raise output_error(folder, error) from error
    finally:
        lock.release()
