"""The view of a workspace: 8-bit pictures and segment ids at several scales, memory-mapped.

::

    <workspace>/view/ids/            ids.npy (pixels,) uint32, thumbnails.npy (chips, side, side), view.json
    <workspace>/view/<bands>/        rgb.npy (pixels, 3) uint8, thumbnails.npy (chips, side, side, 3), view.json
    <workspace>/view/means-<bands>/  the same, every segment painted by its mean reflectance
    <workspace>/view/.lock           held while one of these is made

``pixels`` are all levels of all scenes one behind the other, so that a collection of 27 000 images is two files and
not 54 000. Each folder appears whole or not at all. A tile of 10 980 x 10 980 pixels takes 0.76 GB for the ids and
0.57 GB for each display. To make it takes 0.3 GB of memory, imports included, besides GDAL's own cache (5 % of the
memory by default); to look at it takes none beside the system's page cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import WorkspaceError, WorkspaceMismatch
from rsgraph.files import digest, make_folder, replaced_folder, sha256, write_json
from rsgraph.io.display import GAMMA, NO_DATA, Pixels, choose_bands, describe_bands, shown_limits, stretch
from rsgraph.io.segment_ids import read_ids
from rsgraph.own_files.fields import read_json_object
from rsgraph.own_files.names import file_safe
from rsgraph.protocols import Progress
from rsgraph.run.scenes import Reopened
from rsgraph.types import Floats, Scene, Window
from rsgraph.view.files import (
    PARTIAL,
    Places,
    Read,
    TwoPasses,
    level_shapes,
    level_starts,
    locked,
    mapped,
    write_levels,
)
from rsgraph.workspace import SceneInfo, Workspace, made_by, run_command

Ids = NDArray[np.uint32]
Display = str | Sequence[str]

_LAYOUT = 1


OUTSIDE = (40, 43, 51)
"""Beside a chip at the edge of its scene: the gray of dark windows."""


@dataclass(frozen=True, eq=False)
class View:
    """Pictures and segment ids of all scenes of a workspace, at several scales.

    Arrays are memory-mapped and read-only. What ``chip`` and ``chips`` return are copies, which may be painted on.

    Parameters
    ----------
    scenes
        In the order of the workspace.
    description
        ``true colour: red B04, green B03, blue B02``, fit for the user.
    side
        Pixels along a whole chip; chips at the edges of a scene are smaller.
    windows
        (chips, 4) int64: first row, first column, rows and columns of each chip in its scene.
    of_scene
        (chips,) int64: index of each chip's scene.
    rgb, ids
        (pixels, 3) uint8 and (pixels,) uint32: all levels of all scenes.
    thumbnails
        Small pictures (chips, s, s, 3) and ids (chips, s, s); None where each chip is a whole scene, whose pixels
        stand side by side on the disk in any case.
    """

    scenes: Sequence[SceneInfo]
    description: str
    side: int
    windows: NDArray[np.int64]
    of_scene: NDArray[np.int64]
    rgb: Pixels
    ids: Ids
    thumbnails: tuple[Pixels, Ids] | None

    def levels(self, scene: int = 0) -> list[tuple[Pixels, Ids]]:
        """Return a scene's picture (rows, columns, 3) and segment ids (rows, columns) at each scale.

        The first is full size, each next half of it, down to 512 pixels. Ids are those of every second pixel,
        colours means of 2 x 2.
        """
        start, found = int(self._starts[scene]), []
        for rows, columns in level_shapes(self.scenes[scene].rows, self.scenes[scene].columns):
            part = slice(start, start + rows * columns)
            found.append((self.rgb[part].reshape(rows, columns, 3), self.ids[part].reshape(rows, columns)))
            start = part.stop
        return found

    def chip(self, chip: int, size: int) -> tuple[Pixels, Ids]:
        """Return one chip: picture (rows, columns, 3) and segment ids (rows, columns).

        Parameters
        ----------
        chip
            Its row in the table of chips.
        size
            Pixels along a whole chip; one at the edge of its scene comes as much smaller as it is.
        """
        rgb, ids = self._views(chip, size)
        return rgb.copy(), ids.copy()

    def chips(self, chips: NDArray[np.integer[Any]], size: int) -> tuple[Pixels, Ids]:
        """Return several chips as squares: pictures (b, size, size, 3) and segment ids (b, size, size).

        What lies outside of the scene has the colour ``OUTSIDE`` and the id 0.
        """
        pictures = np.empty((len(chips), size, size, 3), dtype=np.uint8)
        numbers = np.empty((len(chips), size, size), dtype=np.uint32)
        for place, chip in enumerate(chips.tolist()):
            rgb, ids = self._views(chip, size)
            rows, columns = ids.shape
            if rows < size or columns < size:
                pictures[place], numbers[place] = OUTSIDE, 0
            pictures[place, :rows, :columns], numbers[place, :rows, :columns] = rgb, ids
        return pictures, numbers

    def _views(self, chip: int, size: int) -> tuple[Pixels, Ids]:
        """Cut a chip out of the smallest stored pixels that are not coarser than asked."""
        row, column, rows, columns = self.windows[chip].tolist()
        if self.thumbnails is not None and size <= self.thumbnails[1].shape[1]:
            pictures, numbers = self.thumbnails
            whole = numbers.shape[1]
            part = (chip, slice(-(-rows * whole // self.side)), slice(-(-columns * whole // self.side)))
            return _resized(pictures[part], whole, size), _resized(numbers[part], whole, size)
        rgb, ids = self.levels(int(self.of_scene[chip]))[0]
        here = (slice(row, row + rows), slice(column, column + columns))
        return _resized(rgb[here], self.side, size), _resized(ids[here], self.side, size)

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return level_starts(self.scenes)


def _resized(values: NDArray[Any], whole: int, size: int) -> NDArray[Any]:
    """Take the nearest pixels such that a whole chip of ``whole`` pixels becomes ``size``."""
    if whole % size == 0:
        return values[:: whole // size, :: whole // size]
    at_rows, at_columns = (_nearest(length, whole, size) for length in values.shape[:2])
    return values[at_rows[:, None], at_columns]


def _nearest(length: int, whole: int, size: int) -> NDArray[np.intp]:
    count = max(1, round(length * size / whole))
    return np.minimum((np.arange(count) + 0.5) * whole / size, length - 1).astype(np.intp)


def find_view(workspace: Workspace, *, display: Display = "auto") -> View | None:
    """Open the view that was made of a workspace.

    Parameters
    ----------
    workspace
        Its files are looked at, not its scenes.
    display
        As in ``rsgraph.io.display.choose_bands``.

    Returns
    -------
    View or None
        None where there is none for this display, or where the workspace has been run again since.

    Raises
    ------
    ConfigError
        The scene lacks the bands of ``display``.
    """
    return _opened(workspace, _Display.of(workspace, display, means=False))


def make_view(workspace: Reopened, *, display: Display = "auto", progress: Progress | None = None) -> View:
    """Read the scenes once and write what screens show of them; where that is there already, open it.

    Parameters
    ----------
    workspace
        It must have ``opened()``, which gives its scenes.
    display
        As in ``rsgraph.io.display.choose_bands``.
    progress
        Called with (windows done, windows in all). It may raise, to cancel: then nothing is left behind.

    Raises
    ------
    ConfigError
        The scene lacks the bands of ``display``.
    NotReadable
        The scene's files are gone or damaged; ``mean_colours`` needs none.
    WorkspaceMismatch
        They are no longer those that the workspace was made from.
    OutputError
        The disk is full or the workspace not writable; nothing is half-written.
    """
    look = _Display.of(workspace, display, means=False)
    return _opened(workspace, look) or _made(
        workspace, look, progress, lambda places: _pictures(workspace, look, places)
    )


def mean_colours(workspace: Workspace, *, display: Display = "auto", progress: Progress | None = None) -> View:
    """Paint every segment by its mean reflectance, for workspaces whose scene is gone.

    Parameters and errors are those of ``make_view``, but no scene is read.
    """
    look = _Display.of(workspace, display, means=True)
    return _opened(workspace, look) or _made(
        workspace, look, progress, lambda places: _painted_means(workspace, look, places)
    )


@dataclass(frozen=True)
class _Display:
    """The display of reflectance as a picture, and its hash."""

    bands: tuple[str, ...]
    chosen: tuple[int, int, int]
    low: Floats
    high: Floats
    means: bool
    assumed: str | None = None

    @classmethod
    def of(cls, workspace: Workspace, display: Display, *, means: bool) -> _Display:
        survey = workspace.survey
        bands = tuple(survey["bands"])
        chosen = choose_bands(bands, display)
        first = workspace.scenes[0]
        low, high = shown_limits(survey, chosen, reflectance=first.reflectance)
        return cls(bands, chosen, low, high, means, first.assumed)

    @property
    def folder(self) -> str:
        names = "-".join(file_safe(self.bands[band]) for band in self.chosen)
        return f"means-{names}" if self.means else names

    @property
    def description(self) -> str:
        shown = describe_bands(self.bands, self.chosen, self.assumed)
        return f"mean colour of each segment (the scene's files are not there), {shown}" if self.means else shown

    def picture(self, values: Floats, valid: NDArray[np.bool_]) -> Pixels:
        return stretch(values[list(self.chosen)], valid, self.low, self.high)

    def key(self, workspace: Workspace) -> str:
        stretched = [self.chosen, self.low.tolist(), self.high.tolist(), GAMMA, self.means]
        return digest([_LAYOUT, stretched, _segments_key(workspace)])


def _segments_key(workspace: Workspace) -> str:
    """Hash of what the segments are: the manifest's, so that a second look does not read the rasters."""
    stages = workspace.manifest.get("stages", {})
    outputs = {**made_by(stages.get("scene", {})), **made_by(stages.get("segments", {}))}
    return digest([_LAYOUT, outputs or {"segments.parquet": sha256(workspace.existing("segments.parquet"))}])


def _opened(workspace: Workspace, look: _Display) -> View | None:
    """Open a view where it is there, whole and of this state of the workspace."""
    ids = _arrays(workspace.path("view", "ids"), "ids", _segments_key(workspace))
    rgb = _arrays(workspace.path("view", look.folder), "rgb", look.key(workspace))
    if ids is None or rgb is None:
        return None
    places = Places.of(workspace)
    pixels = int(level_starts(places.scenes)[-1])
    if ids[0].shape != (pixels,) or rgb[0].shape != (pixels, 3):
        return None
    thumbnails = None if ids[1] is None or rgb[1] is None else (rgb[1], ids[1])
    return View(
        places.scenes, look.description, places.side, places.windows, places.of_scene, rgb[0], ids[0], thumbnails
    )


def _arrays(folder: Path, name: str, key: str) -> tuple[NDArray[Any], NDArray[Any] | None] | None:
    """Map the arrays of one folder, or return None where they are absent, damaged or of another state."""
    try:
        if read_json_object(folder / "view.json").get("key") != key:
            return None
        thumbnails = folder / "thumbnails.npy"
        whole, small = mapped(folder / f"{name}.npy"), mapped(thumbnails) if thumbnails.exists() else None
        return (whole, small) if all(each is None or each.dtype == _TYPES[name] for each in (whole, small)) else None
    except (OSError, ValueError, WorkspaceError):
        return None


_TYPES = {"ids": np.dtype(np.uint32), "rgb": np.dtype(np.uint8)}


def _made(workspace: Workspace, look: _Display, progress: Progress | None, reader: Callable[[Places], Read]) -> View:
    """Write what is missing; one process at a time, the others wait and find it there."""
    workspace.check_writable("view")
    folder = make_folder(workspace.path("view"))
    places = Places.of(workspace)
    report = TwoPasses(progress, places.steps)
    with locked(folder, report):
        _make_ids(workspace, places, report)
        report.start = places.steps
        if _opened(workspace, look) is None:
            _make_pictures(workspace, look, places, reader(places), report)
    found = _opened(workspace, look)
    if found is None:
        raise WorkspaceError(f"{folder} was changed while it was written; open the workspace again")
    return found


def _make_ids(workspace: Workspace, places: Places, report: Progress) -> None:
    folder, key = workspace.path("view", "ids"), _segments_key(workspace)
    if _arrays(folder, "ids", key) is not None:
        return
    collection = len(places.scenes) > 1
    paths = [workspace.segment_file(scene.name if collection else None) for scene in places.scenes]
    most = workspace.segment_count

    def read(scene: int, window: Window) -> NDArray[np.uint32]:
        size = (places.scenes[scene].rows, places.scenes[scene].columns)
        return read_ids(paths[scene], window, most=most, size=size)

    with replaced_folder(folder, PARTIAL) as temporary:
        write_levels(temporary, "ids", places, read, report)
        write_json(temporary / "view.json", {"key": key})


def _make_pictures(workspace: Workspace, look: _Display, places: Places, read: Read, report: Progress) -> None:
    with replaced_folder(workspace.path("view", look.folder), PARTIAL) as temporary:
        write_levels(temporary, "rgb", places, read, report)
        write_json(temporary / "view.json", {"key": look.key(workspace), "description": look.description})


def _pictures(workspace: Reopened, look: _Display, places: Places) -> Read:
    """Read pictures from the scenes' own files."""
    scenes = _opened_scenes(workspace, places)

    def read(scene: int, window: Window) -> Pixels:
        raster = scenes[scene].source.read(window)
        return look.picture(raster.values, raster.valid)

    return read


def _opened_scenes(workspace: Reopened, places: Places) -> list[Scene]:
    """Open the scenes in the workspace's order, and check that they are those of the workspace."""
    scenes: dict[str, Scene] = {scene.name: scene for scene in workspace.opened()}
    for known in places.scenes:
        found = scenes.get(known.name)
        if found is None or (found.rows, found.columns, found.bands) != (known.rows, known.columns, known.bands):
            raise WorkspaceMismatch(
                f"the scene {known.name} is no longer what {workspace.folder} was made from ({known.columns} x "
                f"{known.rows} pixels, bands {', '.join(known.bands)}); name that one: "
                f"{run_command(workspace.folder, 'ITS_PATH')}"
            )
    return [scenes[known.name] for known in places.scenes]


def _painted_means(workspace: Workspace, look: _Display, places: Places) -> Read:
    """Paint segments by their mean reflectance."""
    numbers = workspace.segments["segment_id"].to_numpy()
    means = np.ascontiguousarray(workspace.embedding("bands").T[:, :, None])
    colours = np.full((int(numbers.max(initial=0)) + 1, 3), NO_DATA, dtype=np.uint8)
    colours[numbers] = look.picture(means, np.ones(means.shape[1:], dtype=np.bool_))[:, 0]
    ids = mapped(workspace.path("view", "ids", "ids.npy"))
    starts = level_starts(places.scenes)

    def read(scene: int, window: Window) -> Pixels:
        rows, columns = places.scenes[scene].rows, places.scenes[scene].columns
        level = ids[starts[scene] : starts[scene] + rows * columns].reshape(rows, columns)
        here = level[window.row : window.row + window.rows, window.column : window.column + window.columns]
        painted: Pixels = colours[here]
        return painted

    return read
