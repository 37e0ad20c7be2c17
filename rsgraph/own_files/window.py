"""Window state, ``view/window.json``: what was shown when a window of the workspace was last open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from rsgraph.own_files.fields import Fields, damaged, is_number, read_json_object
from rsgraph.own_files.names import is_file_name, is_layer_name
from rsgraph.own_files.scene import MOST_SIDE

Level = Literal["chips", "segments"]
Tab = Literal["Label", "Search", "Suggest", "Export", "History"]

NAME = ("view", "window.json")
"""Where it stands in a workspace."""

MOST_BYTES = 2**16
"""Ours has one or two thousand; names of classes take the most."""

MOST_CLASSES = 1000
_LONGEST_NAME = 200
_FAR, _LARGEST = 100_000, 50_000
"""Pixels of screens: the largest wall of them has fewer."""
_NEAREST, _WIDEST = 1e-12, 1e12
"""Of a scale or an extent, in whatever units a map or a scene has."""


@dataclass(frozen=True)
class MapChoice:
    """Which 2-D map is shown at a level.

    Parameters
    ----------
    layer, projector
        Names.
    """

    layer: str
    projector: str


@dataclass(frozen=True)
class FilterChoice:
    """What is left out.

    Parameters
    ----------
    classes
        Names of those that are shown, "" for what has no label; None: all.
    clear
        Whether clouds and their shadows are hidden.
    scene, within
        Only what lies in (4,) first row, first column, rows and columns of the scene of this name; None: everywhere.
    """

    classes: tuple[str, ...] | None = None
    clear: bool = False
    scene: str | None = None
    within: tuple[int, int, int, int] | None = None


@dataclass(frozen=True)
class SceneChoice:
    """Which scene is shown, and which part.

    Parameters
    ----------
    name
        Of the scene.
    centre
        (2,) place of the world in the middle of the canvas; None: the whole scene is shown.
    zoom
        Pixels of the screen per unit of the world.
    """

    name: str
    centre: tuple[float, float] | None = None
    zoom: float = 1.0


@dataclass(frozen=True)
class Layout:
    """How the window is divided, in logical pixels; 0 for a column that is closed.

    Parameters
    ----------
    left, right
        Widths of the columns.
    map, gallery
        Heights of the 2-D map and the gallery.
    tab
        The panel in front.
    """

    left: int
    right: int
    map: int
    gallery: int
    tab: Tab


@dataclass(frozen=True)
class ScreenPlace:
    """Where the window stands on the screens, in logical pixels, without its frame.

    Parameters
    ----------
    left, top, width, height
        Of its content, where it is not maximised.
    maximised
        Whether it fills its screen.
    """

    left: int
    top: int
    width: int
    height: int
    maximised: bool


@dataclass(frozen=True)
class Shown:
    """What a window shows. What is None is as a window shows it at first.

    Parameters
    ----------
    level
        Chips or segments.
    chips, segments
        The map of each.
    part
        (4,) x and y of the middle of the 2-D map, and half its width and height, in map units; None: all of it.
    colour
        What the points are coloured by; None: by itself.
    filter, scene, layout, place
        As their classes say.
    """

    level: Level = "segments"
    chips: MapChoice | None = None
    segments: MapChoice | None = None
    part: tuple[float, float, float, float] | None = None
    colour: str | None = None
    filter: FilterChoice = FilterChoice()
    scene: SceneChoice | None = None
    layout: Layout | None = None
    place: ScreenPlace | None = None

    def as_json(self) -> Mapping[str, Any]:
        """Return what is written."""
        return asdict(self)


def read_shown(path: Path) -> Shown:
    """Read ``view/window.json``.

    Raises
    ------
    WorkspaceError
        It is damaged: no file, no JSON, or a field has another type or lies out of range.
    """
    if not path.is_file():  # a pipe would keep the reader waiting
        raise damaged(path, "it is no file")
    top = Fields(path, read_json_object(path, most=MOST_BYTES))
    return Shown(
        level=cast(Level, top.text("level", where=get_args(Level).__contains__, expected="chips or segments")),
        chips=_map(top, "chips"),
        segments=_map(top, "segments"),
        part=_part(top),
        colour=_colour(top),
        filter=_filter(top),
        scene=_scene(top),
        layout=_layout(top),
        place=_place(top),
    )


def _there(top: Fields, name: str) -> Fields | None:
    return None if top.values.get(name) is None else top.object(name)


def _map(top: Fields, name: str) -> MapChoice | None:
    found = _there(top, name)
    if found is None:
        return None
    layer, projector = (
        found.text(each, where=is_layer_name, expected=f"the name of a {each}") for each in ("layer", "projector")
    )
    return MapChoice(layer, projector)


def _part(top: Fields) -> tuple[float, float, float, float] | None:
    if top.values.get("part") is None:
        return None
    x, y, half_width, half_height = top.numbers("part", count=4)
    if not all(abs(each) <= _WIDEST for each in (x, y)):
        top.refuse("part", f"within {_WIDEST:.0e}")
    if not all(_NEAREST <= each <= _WIDEST for each in (half_width, half_height)):
        top.refuse("part", f"of an extent between {_NEAREST:.0e} and {_WIDEST:.0e}")
    return x, y, half_width, half_height


def _colour(top: Fields) -> str | None:
    if top.values.get("colour") is None:
        return None
    return top.text("colour", where=_is_name, expected=f"a name of at most {_LONGEST_NAME} characters")


def _is_name(text: str) -> bool:
    return len(text) <= _LONGEST_NAME and text.isprintable()


def _filter(top: Fields) -> FilterChoice:
    found = _there(top, "filter")
    if found is None:
        return FilterChoice()
    classes: tuple[str, ...] | None = None
    if found.values.get("classes") is not None:
        classes = tuple(found.texts("classes", where=_is_name, expected="a list of names of classes"))
        if len(classes) > MOST_CLASSES:
            found.refuse("classes", f"a list of at most {MOST_CLASSES} names")
    clear = found.flag("clear", absent=False)
    if found.values.get("within") is None:
        return FilterChoice(classes, clear)
    scene = found.text("scene", where=is_file_name, expected="the name of a scene")
    within = found.numbers("within", count=4)
    if not all(isinstance(each, int) and 0 <= each <= MOST_SIDE for each in within):
        found.refuse("within", f"whole numbers between 0 and {MOST_SIDE}")
    row, column, rows, columns = (int(each) for each in within)
    return FilterChoice(classes, clear, scene, (row, column, rows, columns))


def _scene(top: Fields) -> SceneChoice | None:
    found = _there(top, "scene")
    if found is None:
        return None
    name = found.text("name", where=is_file_name, expected="the name of a scene")
    if found.values.get("centre") is None:
        return SceneChoice(name)
    y, x = found.numbers("centre", count=2)
    zoom = found.values.get("zoom")
    if not is_number(zoom) or not _NEAREST <= cast(float, zoom) <= _WIDEST:
        found.refuse("zoom", f"a number between {_NEAREST:.0e} and {_WIDEST:.0e}")
    if not all(abs(each) <= _WIDEST for each in (y, x)):
        found.refuse("centre", f"within {_WIDEST:.0e}")
    return SceneChoice(name, (y, x), float(cast(float, zoom)))


def _layout(top: Fields) -> Layout | None:
    found = _there(top, "layout")
    if found is None:
        return None
    left, right, upper, lower = (
        found.integer(name, least=0, most=_LARGEST) for name in ("left", "right", "map", "gallery")
    )
    tab = found.text("tab", where=get_args(Tab).__contains__, expected=f"one of {', '.join(get_args(Tab))}")
    return Layout(left, right, upper, lower, cast(Tab, tab))


def _place(top: Fields) -> ScreenPlace | None:
    found = _there(top, "place")
    if found is None:
        return None
    left, top_ = (found.integer(name, least=-_FAR, most=_FAR) for name in ("left", "top"))
    width, height = (found.integer(name, least=1, most=_LARGEST) for name in ("width", "height"))
    return ScreenPlace(left, top_, width, height, found.flag("maximised", absent=False))
