"""The file of scenes, ``scene.json``: names, grids and statistics, as the stage scene writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rsgraph.own_files.fields import Fields, damaged, once, read_json_object, shown
from rsgraph.own_files.manifest import is_local
from rsgraph.own_files.names import is_file_name

MOST_SIDE = 400_000
"""Rows or columns of a scene: Sentinel-2's tiles have 10 980."""

MOST_PIXELS = 40_000 * 1_000_000
"""Pixels of a scene: 300 whole tiles."""

_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,15}:\d{1,9}")
_WELL_KNOWN = re.compile(r"[A-Z][A-Z0-9_]*\s*\[.*\]\s*", re.DOTALL)
_LONGEST_CRS = 100_000
_GRIDS = re.compile(r"(?:PARAMETERFILE|grids\s*[=\"]).{0,1000}?(?:://|/vsi)", re.IGNORECASE | re.DOTALL)
"""Grids of shifts that a coordinate system names, by an address: PROJ asks for them where its network is on."""


def read_scene_file(path: Path) -> dict[str, Any]:
    """Read ``scene.json``.

    Raises
    ------
    WorkspaceError
        It is damaged: no JSON, or a field has another type or lies out of range; names of scenes are no file names,
        or one stands twice; statistics are not finite, or not one per band.
    """
    found = read_json_object(path)
    once(path, "scene", lambda: check_scene_file(found, path))
    return found


def check_scene_file(found: dict[str, Any], path: Path) -> None:
    """Check all fields; raises as ``read_scene_file``."""
    top = Fields(path, found)
    names: set[str] = set()
    for scene in top.objects("scenes"):
        check_scene(scene)
        name = scene.values["name"]
        if name in names:
            raise damaged(path, f"two scenes are called {shown(name)}")
        names.add(name)
    _check_survey(top.object("survey"))
    if "side" in found:
        top.integer("side", least=1, most=MOST_SIDE)


def check_scene(scene: Fields) -> None:
    """Check the description of one scene. Raises WorkspaceError naming the field."""
    scene.text("name", where=is_file_name, expected="a name that is fit for a file")
    if not scene.texts("bands", where=str.isprintable, expected="a list of names"):
        scene.refuse("bands", "a list of at least one name")
    rows, columns = (scene.integer(name, least=1, most=MOST_SIDE) for name in ("rows", "columns"))
    if rows * columns > MOST_PIXELS:
        scene.refuse("rows", f"such that the scene has at most {MOST_PIXELS:,} pixels")
    a, b, _, d, e, _ = scene.numbers("transform", count=6)
    if a * e == b * d:
        scene.refuse("transform", "an affine map that can be inverted")
    if scene.values.get("crs") is not None:
        scene.text("crs", where=is_crs, expected="well-known text, an authority's code such as EPSG:32633, or null")
    scene.texts("files", where=is_local, expected="a list of paths on this machine")
    for name in ("class_name", "assumed"):
        scene.optional_text(name)
    scene.flag("reflectance", absent=True)


def is_crs(text: str) -> bool:
    """Tell whether a text is a coordinate system by itself: PROJ looks others up, also by the network."""
    if len(text) > _LONGEST_CRS or _GRIDS.search(text):
        return False
    return _AUTHORITY.fullmatch(text) is not None or _WELL_KNOWN.fullmatch(text) is not None


PER_BAND = ("mean", "std", "minimum", "maximum", "percentile_2", "percentile_98")
"""Statistics of each band: what pictures and networks are scaled by."""


def check_statistics(found: dict[str, Any], path: Path, needed: Sequence[str]) -> None:
    """Check that statistics of the bands of the scenes are there. Raises WorkspaceError naming one that is not."""
    survey = Fields(path, found["survey"], "survey")
    bands = survey.texts("bands")
    if any(scene["bands"] != bands for scene in found["scenes"]):
        survey.refuse("bands", "those of the scenes")
    for name in needed:
        survey.numbers(name, count=len(bands))


def _check_survey(survey: Fields) -> None:
    """Check the statistics that are there; old workspaces, and those of other programs, may hold fewer."""
    if not survey.values:
        return
    bands = survey.texts("bands")
    for name in PER_BAND:
        if name in survey.values:
            survey.numbers(name, count=len(bands))


def read_sources(path: Path) -> dict[str, Any]:
    """Read ``sources.json``: where the workspace and the files of its scenes were, and what these held.

    Raises
    ------
    WorkspaceError
        It is damaged: no JSON, or a field has another type, or a path is not on this machine.
    """
    found = read_json_object(path)
    top = Fields(path, found)
    top.optional_text("folder")
    files = found.get("files", {})
    if not isinstance(files, dict) or not all(map(is_local, files)):
        top.refuse("files", "files on this machine")
    if not all(isinstance(each, dict) and isinstance(each.get("sha256"), str) for each in files.values()):
        top.refuse("files", "the hash of each file")
    return found
