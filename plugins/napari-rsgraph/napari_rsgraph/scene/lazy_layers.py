"""Layers of a viewer that are painted from segment ids, window by window, when they come into view.

A labels layer of a whole tile would be 120 million pixels to write at each brush. Here a layer is a function of ids:
napari asks for the window that it shows, at the scale at which it shows it, and only that is painted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import napari.layers
import numpy as np
from napari.utils.colormaps import CyclicLabelColormap
from numpy.typing import NDArray

from napari_rsgraph.scene.cover import PictureGrays

Ids = NDArray[np.uint32]
Codes = NDArray[np.integer[Any]]
Describe = Callable[[tuple[float, float]], str]
Colour = tuple[float, float, float, float]

CLEAR: Colour = (0.0, 0.0, 0.0, 0.0)

NOTHING, REST, CHOSEN, CASING, EDGE, HIDDEN = range(6)
HIDDEN_CASING = HIDDEN + 2
"""Codes of the selection: clear; not chosen; chosen; beside the outline; the outline; not to be selected now.

On the outline 2 is added: the chosen become EDGE, the rest CASING, the hidden HIDDEN_CASING.
"""

FIRST_GRAY = HIDDEN_CASING + 1
"""From here on: what is not chosen, over a picture; one code for each gray of the cover."""

MAGNIFIED = (16, 8, 4, 2)
"""Outlines are drawn finer than pixels: a line one pixel wide would hide the segment when zoomed in."""


@dataclass(frozen=True)
class Place:
    """Where a window lies.

    Parameters
    ----------
    row, column
        Its first pixel, in pixels of the scene.
    step
        Pixels of the scene along one of the window's; under 1 where it is magnified.
    """

    row: float
    column: float
    step: float


class Paint(Protocol):
    """Makes codes (rows, columns) of a window of ids (rows, columns)."""

    def __call__(self, ids: Ids, place: Place) -> Codes:
        """Return the codes."""
        ...


class Level:
    """One scale of a layer: it looks like an array, and windows of it are painted when they are cut.

    Parameters
    ----------
    ids
        (rows, columns) segment ids at this scale, or at full size where ``step`` is under 1.
    step
        Pixels of the scene along one of this level's: 4, 2, 1, or 1/2, 1/4 where it is magnified.
    dtype
        Of the codes.
    paint
        Makes them.
    """

    ndim = 2

    def __init__(self, ids: Ids, step: float, dtype: type[np.unsignedinteger[Any]], paint: Paint) -> None:
        self.ids, self.step, self.dtype, self.paint = ids, step, np.dtype(dtype), paint
        self.magnified = max(round(1 / step), 1)
        self.shape = (ids.shape[0] * self.magnified, ids.shape[1] * self.magnified)
        self.size = self.shape[0] * self.shape[1]
        self._whole: Codes | None = None

    def __getitem__(self, key: slice | tuple[slice, ...]) -> Codes:
        """Paint one window."""
        rows, columns = (*key, slice(None))[:2] if isinstance(key, tuple) else (key, slice(None))
        top, bottom, _ = rows.indices(self.shape[0])
        left, right, _ = columns.indices(self.shape[1])
        place = Place(top * self.step, left * self.step, self.step)
        return self.paint(self._cut(top, bottom, left, right), place).astype(self.dtype, copy=False)

    def _cut(self, top: int, bottom: int, left: int, right: int) -> Ids:
        """Return ids of a window, each repeated where the level is magnified."""
        times = self.magnified
        if times == 1:
            return self.ids[top:bottom, left:right]
        part = self.ids[top // times : -(-bottom // times), left // times : -(-right // times)]
        whole = part.repeat(times, axis=0).repeat(times, axis=1)
        row, column = top % times, left % times
        return whole[row : row + bottom - top, column : column + right - left]

    def __array__(self, dtype: object = None, copy: bool | None = None) -> Codes:
        """Return the whole level, which ``renew`` paints again: napari keeps the coarsest level as it first was."""
        if self._whole is None:
            self._whole = self[:, :].copy()
        return self._whole

    def renew(self) -> None:
        """Paint again what was handed out as a whole."""
        if self._whole is not None:
            self._whole[:] = self[:, :]


def make_levels(
    ids: Sequence[Ids], dtype: type[np.unsignedinteger[Any]], paint: Paint, *, magnified: Sequence[int] = ()
) -> list[Level]:
    """Return the scales of a layer, finest first.

    Parameters
    ----------
    ids
        Segment ids at full size, half, a quarter ...
    dtype, paint
        As in ``Level``.
    magnified
        How often pixels are repeated at the finer levels, largest first.
    """
    if len(ids) + len(magnified) == 1:
        # napari takes a labels layer of one scale for one that is not multiscale
        ids = [ids[0], ids[0][::2, ::2]]
    finer = [Level(ids[0], 1 / times, dtype, paint) for times in magnified]
    return finer + [Level(part, 2.0**scale, dtype, paint) for scale, part in enumerate(ids)]


class Classes:
    """Paints the class of each segment."""

    def __init__(self, codes_by_id: Codes) -> None:
        self.codes_by_id = codes_by_id

    def __call__(self, ids: Ids, place: Place) -> Codes:
        """Look up the codes."""
        return looked_up(self.codes_by_id, ids)


class Outlines:
    """Paints 1 where a segment ends; nothing where segments are too small on the screen to tell apart.

    Parameters
    ----------
    width
        Pixels of the scene along a usual segment.
    """

    least = 14.0
    """Pixels of a level along a usual segment from which on outlines show: 7 to 14 on the screen."""

    def __init__(self, width: float) -> None:
        self.width = width

    def __call__(self, ids: Ids, place: Place) -> Codes:
        """Compare each pixel with its neighbours."""
        if self.width < self.least * place.step:
            return np.zeros(ids.shape, dtype=np.uint8)
        return borders(ids).view(np.uint8)


class Selected:
    """Paints the chosen segments clear with an outline, the rest as covered, and what cannot be chosen as hidden.

    ``rectangle`` is drawn on top: first row, first column, last row, last column, in pixels of the scene. ``grays``
    are those of the picture below, by which a cover dims it; None: there is no picture, and the rest stays REST.
    """

    def __init__(self) -> None:
        self.grays: PictureGrays | None = None
        self.rectangle: tuple[float, float, float, float] | None = None
        self.any = False
        self._codes: NDArray[np.uint8] | None = None

    def choose(self, chosen_by_id: NDArray[np.bool_], visible_by_id: NDArray[np.bool_] | None = None) -> None:
        """Take another selection: (largest id + 1,); None where all is visible."""
        self.any = bool(chosen_by_id.any())
        if not self.any and visible_by_id is None:
            self._codes = None
            return
        chosen = chosen_by_id.view(np.uint8)
        self._codes = chosen + np.uint8(REST) if self.any else np.zeros_like(chosen)
        if visible_by_id is not None:
            self._codes[~(visible_by_id | chosen_by_id)] = HIDDEN
        self._codes[0] = NOTHING

    def uncover(self, lit_by_id: NDArray[np.bool_] | None) -> None:
        """Leave some segments (largest id + 1,) clear though they are not chosen: they are looked at."""
        if self._codes is not None and lit_by_id is not None:
            self._codes[lit_by_id & (self._codes == REST)] = NOTHING

    def __call__(self, ids: Ids, place: Place) -> Codes:
        """Look up, outline, and draw the rectangle."""
        codes = np.zeros(ids.shape, dtype=np.uint8) if self._codes is None else looked_up(self._codes, ids)
        if self.any:
            _outline(codes)
        if self.rectangle is not None:
            _draw_rectangle(codes, self.rectangle, place)
        if self.any and self.grays is not None:
            below = self.grays.window(place.row, place.column, place.step, codes.shape)
            _exchange(codes, REST, below + np.uint8(FIRST_GRAY))
        return codes


class Grid:
    """Paints 1 along the edges of chips.

    Parameters
    ----------
    rows, columns
        First rows and first columns of the chips, in pixels of the scene.
    """

    def __init__(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> None:
        self.rows, self.columns = rows, columns

    def __call__(self, ids: Ids, place: Place) -> Codes:
        """Draw the lines that cross the window."""
        codes = np.zeros(ids.shape, dtype=np.uint8)
        codes[_lines(self.rows, place.row, place.step, ids.shape[0])] = 1
        codes[:, _lines(self.columns, place.column, place.step, ids.shape[1])] = 1
        return codes


def looked_up(table: Codes, ids: Ids) -> Codes:
    """Return the entries of a table for ids; an id beyond the table has the last entry."""
    # mode "clip" is twice as fast as checking each id, and ids come from the workspace that made the table
    return np.take(table, ids, mode="clip")


def borders(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Return (rows, columns): whether one of the four neighbours is another one.

    Lines are two pixels wide: a screen shows at least every second pixel of a level, so that none is broken.
    """
    found = np.zeros(values.shape, dtype=bool)
    across, along = values[:, 1:] != values[:, :-1], values[1:] != values[:-1]
    found[:, :-1] = across
    found[:, 1:] |= across
    found[:-1] |= along
    found[1:] |= along
    return found


def _exchange(codes: Codes, old: int, new: NDArray[np.uint8]) -> None:
    """Put other codes where there is one; in place, by bits: four times as fast as with a mask."""
    everywhere = np.negative((codes == old).view(np.uint8))  # 255 where it is, else 0
    codes ^= (codes ^ new) & everywhere


def _outline(codes: Codes) -> None:
    """Draw lines two pixels wide on both sides of where the selection ends: bright inside, dark outside; in place."""
    chosen = (codes == CHOSEN).view(np.uint8)
    edge = np.zeros(codes.shape, dtype=np.uint8)
    across, along = chosen[:, 2:] ^ chosen[:, :-2], chosen[2:] ^ chosen[:-2]
    edge[:, 2:] = across
    edge[:, :-2] |= across
    edge[2:] |= along
    edge[:-2] |= along
    codes += edge << 1


def _draw_rectangle(codes: Codes, rectangle: tuple[float, float, float, float], place: Place) -> None:
    top, left = ((rectangle[0] - place.row) / place.step, (rectangle[1] - place.column) / place.step)
    bottom, right = ((rectangle[2] - place.row) / place.step, (rectangle[3] - place.column) / place.step)
    rows = slice(max(round(top), 0), max(round(bottom) + 1, 0))
    columns = slice(max(round(left), 0), max(round(right) + 1, 0))
    for row in (round(top), round(bottom)):
        codes[max(row, 0) : max(row + 2, 0), columns] = EDGE
    for column in (round(left), round(right)):
        codes[rows, max(column, 0) : max(column + 2, 0)] = EDGE


def _lines(edges: NDArray[np.int64], start: float, step: float, n: int) -> NDArray[np.int64]:
    at = np.floor((edges - start) / step).astype(np.int64)
    at = np.concatenate([at, at - 1])
    return at[(at >= 0) & (at < n)]


class _Described:
    """A layer whose line in the status bar is that of the scene, whatever the layer holds."""

    describe: Describe
    name: str

    def get_status(
        self,
        position: Any = None,
        *,
        view_direction: Any = None,
        dims_displayed: list[int] | None = None,
        world: bool = False,
        value: Any | None = None,
    ) -> dict[str, str]:
        """Return what napari shows in its status bar for a place in the world."""
        text = "" if position is None else self.describe((float(position[-2]), float(position[-1])))
        keys = ("layer_base", "source_type", "plugin", "value")
        return {"layer_name": self.name, "coords": text, "coordinates": text, **dict.fromkeys(keys, "")}


@dataclass(frozen=True)
class World:
    """Where a layer lies.

    Parameters
    ----------
    affine
        (3, 3) from its pixels to the viewer's world.
    units
        Of the world.
    describe
        What the status bar says of a place in the world.
    """

    affine: NDArray[np.float64]
    units: str
    describe: Describe

    def options(self) -> dict[str, Any]:
        """Return them as napari's layers take them."""
        return {"affine": self.affine, "units": (self.units, self.units)}


# napari finds icons and menus by the name of the class, so these keep the names of what they are


class Image(_Described, napari.layers.Image):
    """The scene's picture.

    Parameters
    ----------
    levels
        (rows, columns, 3) at each scale.
    world
        Where it lies.
    name
        For the layer list.
    """

    def __init__(self, levels: Sequence[NDArray[np.uint8]], world: World, *, name: str) -> None:
        self.describe = world.describe
        super().__init__(levels, rgb=True, multiscale=True, name=name, **world.options())

    def give(self, levels: Sequence[NDArray[np.uint8]], world: World) -> None:
        """Show another scene."""
        _give(self, levels, world)


class Labels(_Described, napari.layers.Labels):
    """Codes over the scene.

    Parameters
    ----------
    levels
        Codes at each scale.
    world, name
        As in ``Image``.
    colours
        RGBA, 0-1, of the codes from 1 on; 0 is clear.
    opacity
        0-1.
    visible
        At first.
    """

    def __init__(
        self,
        levels: Sequence[Level],
        world: World,
        *,
        name: str,
        colours: Sequence[Colour],
        opacity: float = 1.0,
        visible: bool = True,
    ) -> None:
        self.describe = world.describe
        self.scales = levels
        self._coarsest_is_old = False
        super().__init__(
            levels,
            multiscale=True,
            name=name,
            colormap=colour_table(colours),
            opacity=opacity,
            visible=visible,
            **world.options(),
        )

    def give(self, levels: Sequence[Level], world: World) -> None:
        """Show another scene."""
        self.scales = levels
        _give(self, levels, world)

    def repaint(self, *, thumbnail: bool) -> None:
        """Show what the codes are now; the small picture in the layer list costs more than the window."""
        self._coarsest_is_old = True
        if thumbnail:
            self._renew_coarsest()
        self.refresh(thumbnail=thumbnail, highlight=False, extent=False)

    def set_view_slice(self) -> None:
        """Cut what is in view, from the coarsest level only as it is now: napari asks for that once, and keeps it."""
        if self.data_level == len(self.scales) - 1:
            self._renew_coarsest()
        super().set_view_slice()

    def _renew_coarsest(self) -> None:
        """Paint it again if anything was repainted since: most often a finer level is in view, and it can wait."""
        if self._coarsest_is_old:
            self._coarsest_is_old = False
            self.scales[-1].renew()

    def recolour(self, colours: Sequence[Colour]) -> None:
        """Take other colours."""
        self.colormap = colour_table(colours)


def _give(layer: Any, levels: Sequence[Any], world: World) -> None:
    layer.describe = world.describe
    layer.data = list(levels)
    layer.affine = world.affine
    layer.units = (world.units, world.units)


def colour_table(colours: Sequence[Colour]) -> CyclicLabelColormap:
    """Return napari's colour map for codes 0, 1, 2 ...

    Its direct colour map says the same, but compiles a dictionary for two seconds in every process.
    """
    return CyclicLabelColormap(colors=np.array([CLEAR, *colours], dtype=np.float64), background_value=0)
