"""Scenes of a collection at one place, shown one after the other while the view stays where it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_rsgraph.scene.scene_map import SceneMap
from rsgraph.workspace import SceneInfo

Bounds = tuple[float, float, float, float]
"""Left, bottom, right, top."""

_SHARED = 0.5
"""Part of the smaller of two scenes from which on they lie at one place."""


def same_place(scenes: Sequence[SceneInfo], shown: int) -> list[int]:
    """Return which scenes lie where one lies, itself included, in their order.

    Two lie at one place if they share half of the smaller one's area or more. Of scenes without a CRS nobody knows.
    """
    here = scenes[shown]
    if here.crs is None:
        return [shown]
    from rsgraph.label_files.geometries import bounds_of  # GDAL is not needed where nobody blinks

    place = bounds_of(here)
    return [
        number
        for number, scene in enumerate(scenes)
        if number == shown or (scene.crs is not None and shared(place, _bounds_in(scene, here.crs)) >= _SHARED)
    ]


def _bounds_in(scene: SceneInfo, crs: str) -> Bounds | None:
    """Return where a scene lies in another CRS; None where it has no place there."""
    from rasterio.crs import CRS
    from rasterio.errors import CRSError
    from rasterio.warp import transform_bounds

    from rsgraph.label_files.geometries import bounds_of

    if scene.crs == crs:
        return bounds_of(scene)
    try:
        found = transform_bounds(CRS.from_user_input(scene.crs), CRS.from_user_input(crs), *bounds_of(scene))
    except CRSError:
        return None
    return None if not np.isfinite(found).all() else (found[0], found[1], found[2], found[3])


def shared(one: Bounds, other: Bounds | None) -> float:
    """Return which part of the smaller of two rectangles lies in both, 0 ... 1."""
    if other is None:
        return 0.0
    sides = [min(one[i + 2], other[i + 2]) - max(one[i], other[i]) for i in (0, 1)]
    areas = [(each[2] - each[0]) * (each[3] - each[1]) for each in (one, other)]
    return max(sides[0], 0.0) * max(sides[1], 0.0) / max(min(areas), 1e-300)


def blink(scene_map: SceneMap) -> None:
    """Show the next scene at this place, and hold the view; say so where there is none."""
    if not scene_map.shown:
        return
    say, scenes = scene_map.session.tasks.say, scene_map.tables.scenes
    places = same_place(scenes, scene_map.scene)
    if len(places) == 1:
        say(_why_not(scenes, scene_map.scene), "status")
        return
    following = places[(places.index(scene_map.scene) + 1) % len(places)]
    before = scene_map.grid
    camera = scene_map.viewer.scene.camera
    middle, zoom = before.true(tuple(camera.center[-2:])), camera.zoom
    scene_map.show_scene(following)
    after = scene_map.grid
    if after.scene.crs == before.scene.crs:
        camera.center = tuple(np.subtract(middle, after.true((0.0, 0.0))))
        camera.zoom = zoom
    say(f"{scenes[following].name}: scene {places.index(following) + 1} of {len(places)} at this place", "status")


def _why_not(scenes: Sequence[SceneInfo], shown: int) -> str:
    if len(scenes) == 1:
        return "this workspace has one scene: there is nothing to blink with"
    if scenes[shown].crs is None:
        return f"scene {scenes[shown].name} has no CRS, so nobody knows which others lie at its place"
    return f"no other scene of this collection lies where {scenes[shown].name} lies"
