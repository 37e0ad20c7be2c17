"""Segments dissolved by class, as tables with polygons."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from rsgraph.errors import NotThere
from rsgraph.exporters.content import Content, parsed_crs
from rsgraph.exporters.dissolve import Region, Strip, regions, together
from rsgraph.ground import SQUARE_METRES
from rsgraph.io.segment_ids import read_ids
from rsgraph.types import Window
from rsgraph.workspace import SceneInfo, Workspace

Dissolve = Literal["none", "class", "regions"]

_STRIP_PIXELS = 2**21
"""Pixels of the rows that are in memory at a time: about 100 MB with all that is made of them."""

_AT_ONCE = 10_000
"""Regions in a table."""


def check_labelled(workspace: Workspace, content: Content) -> None:
    """Raise NotThere where there are no labels to make classes of."""
    if not content.codes.any():
        raise NotThere(
            f"{workspace.folder} has no labels to export; label some segments first with `rsgraph label "
            f"{shlex.quote(str(workspace.folder))}`"
        )


def strips(scene: SceneInfo, ids: Path, content: Content) -> Iterator[Strip]:
    """Read a scene's classes, some rows at a time."""
    rows = max(1, _STRIP_PIXELS // scene.columns // 256) * 256
    for first in range(0, scene.rows, rows):
        window = Window(first, 0, min(rows, scene.rows - first), scene.columns)
        found = read_ids(ids, window, size=(scene.rows, scene.columns))
        segments = content.rows_in(found)
        yield Strip(first, np.where(found > 0, content.codes[segments], np.uint16(0)), segments)


def strip_count(scenes: Sequence[SceneInfo]) -> int:
    """Count the strips of all scenes."""
    return sum(-(-scene.rows // (max(1, _STRIP_PIXELS // scene.columns // 256) * 256)) for scene in scenes)


def area_frames(
    workspace: Workspace,
    content: Content,
    scenes: Sequence[SceneInfo],
    dissolve: Dissolve,
    strip_done: Callable[[], None],
) -> Iterator[gpd.GeoDataFrame]:
    """Give tables of classes or regions of scenes that share one CRS.

    Yields
    ------
    GeoDataFrame
        Columns label, code, colour, area_px, area_m2 and area_ha (on the ground, where there is a CRS), segments (how
        many), confidence (mean over them), origins and authors (``human 12, propagated 3``), first_time and
        last_time of the labels, scene_id (collections); geometry MultiPolygon for classes, Polygon for regions.
    """
    several = len(workspace.scenes) > 1
    for scene in scenes:
        found = regions(_counted(strips(scene, workspace.segment_file(scene.name), content), strip_done))
        for part in _parts(found, dissolve):
            yield _frame(content, part, scene, several=several)


def _counted(found: Iterator[Strip], strip_done: Callable[[], None]) -> Iterator[Strip]:
    for strip in found:
        yield strip
        strip_done()


def _parts(found: Iterator[Region], dissolve: Dissolve) -> Iterator[list[Region]]:
    """Collect classes whole, or regions some thousand at a time."""
    if dissolve == "class":
        yield _by_class(found)
        return
    part: list[Region] = []
    for region in found:
        part.append(region)
        if len(part) == _AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def _by_class(found: Iterator[Region]) -> list[Region]:
    """Put the regions of a class together: their corners may touch, their sides never do."""
    classes: dict[int, list[Region]] = {}
    for region in found:
        classes.setdefault(region.code, []).append(region)
    return [_whole(code, classes[code]) for code in sorted(classes)]


def _whole(code: int, parts: Sequence[Region]) -> Region:
    geometry = shapely.multipolygons([part.geometry for part in parts])
    return Region(code, geometry, sum(part.pixels for part in parts), *together(parts))


def _frame(content: Content, found: Sequence[Region], scene: SceneInfo, *, several: bool) -> gpd.GeoDataFrame:
    types = {"confidence": "float64", "origins": "str", "authors": "str"}
    rows = [_facts(content, region) | ({"scene_id": scene.name} if several else {}) for region in found]
    geometry = shapely.transform([region.geometry for region in found], _to_ground(scene.transform))
    return gpd.GeoDataFrame(pd.DataFrame(rows).astype(types), geometry=geometry, crs=parsed_crs(scene.crs))


def _facts(content: Content, region: Region) -> dict[str, Any]:
    """Describe a region; its label columns are those of its segments."""
    facts = content.label_facts(region.segments)
    first, last = facts.times or (None, None)
    known = content.classes[region.code - 1]
    area = float(content.pixel_areas[region.segments] @ region.segment_pixels)
    return {
        "label": known.name,
        "code": known.code,
        "colour": known.colour,
        "area_px": region.pixels,
        **({"area_m2": area, "area_ha": area / SQUARE_METRES} if np.isfinite(area) else {}),
        "segments": len(region.segments),
        "confidence": facts.confidence,
        "origins": _listed(facts.origins),
        "authors": _listed(facts.authors),
        "first_time": first,
        "last_time": last,
    }


def _listed(counts: Mapping[str, int]) -> str:
    """Return ``human 12, propagated 3``."""
    return ", ".join(f"{value} {count}" for value, count in counts.items())


def _to_ground(transform: Sequence[float]) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return what turns (column, row) into coordinates."""
    a, b, c, d, e, f = transform
    linear, shift = np.array([[a, d], [b, e]]), np.array([c, f])
    return lambda points: points @ linear + shift
