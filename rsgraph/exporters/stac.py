"""STAC items of labels."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from rasterio.crs import CRS

from rsgraph.exporters.acquisition import acquired
from rsgraph.exporters.areas import area_frames, check_labelled, strip_count
from rsgraph.exporters.content import Content, gather, parsed_crs
from rsgraph.exporters.folders import whole_folder
from rsgraph.exporters.geojson import geojson_features, write_geojson
from rsgraph.exporters.geopackage import write_geopackage
from rsgraph.exporters.geotiff import class_kind
from rsgraph.exporters.legend import class_legend
from rsgraph.exporters.provenance import KEY, provenance, tiff_tags
from rsgraph.exporters.rasters import blocks, write_geotiff
from rsgraph.files import write_json, write_text
from rsgraph.io.writers import write_categories
from rsgraph.protocols import Export, Exporter, Progress
from rsgraph.workspace import SceneInfo, Workspace

VERSION = "1.1.0"
LABEL = "https://stac-extensions.github.io/label/v1.0.1/schema.json"
PROJECTION = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"

_CATALOG, _LISTING = "catalog.json", "files.csv"
_BY_HAND = {"human", "imported"}
_EDGE_POINTS = 8
"""Points on each side of a footprint: straight lines in a scene's CRS are curved in longitude and latitude."""


class Stac(Exporter):
    """STAC: an item with the label extension for each labelled scene, with its labels beside it.

    ``stac/<scene>/<scene>.json`` (STAC 1.1, extensions label 1.0.1 and projection 2.0) with the assets
    ``labels`` (``labels.geojson``: one polygon per connected region of a class, in longitude and latitude),
    ``labels-scene-crs`` (``labels.gpkg``: the same, exact, in the scene's CRS) and ``classes`` (``classes.tif``: the
    class raster with its colours; 0 is unlabelled or no data), and ``stac/catalog.json`` above. All links are
    relative, so that the folder can be moved; only the link ``source`` names the scene where it lies. ``datetime``
    is the acquisition as the scene's name says; where only the day is known it is null, with that day as
    ``start_datetime`` and ``end_datetime``; where nothing is, these are those of the first and the last label, and
    the description says so. The footprint of a scene without a CRS is null, and its labels are in pixels. The
    provenance is the property ``rsgraph``. An earlier export is replaced whole.

    References
    ----------
    https://github.com/stac-extensions/label, https://github.com/stac-extensions/projection
    """

    def export(self, export: Export, folder: Path, *, progress: Progress | None = None) -> list[Path]:
        """Write the folder; return the items.

        Raises
        ------
        NotThere
            Nothing is labelled, or the workspace is unfinished.
        WorkspaceError
            Its files are damaged or do not fit together.
        OutputError
            Disk full, folder not writable, or it holds files that no export wrote.
        """
        workspace, content = export.workspace, gather(export, embeddings=False)
        check_labelled(workspace, content)
        facts = provenance(export, layer=None)
        scenes = _labelled_scenes(workspace, content)
        steps, total = count(1), 3 * strip_count(scenes)

        def step() -> None:
            if progress is not None:
                progress(min(next(steps), total), total)

        with whole_folder(folder / "stac", listing=_LISTING, also=(_CATALOG,)) as temporary:
            for scene in scenes:
                _write_scene(workspace, content, scene, temporary / scene.name, facts, step)
            write_json(temporary / _CATALOG, _catalog(workspace, scenes))
            files = sorted(path.relative_to(temporary).as_posix() for path in temporary.rglob("*") if path.is_file())
            write_text(temporary / _LISTING, pd.DataFrame({"file": files}).to_csv(index=False))
        return [folder / "stac" / scene.name / f"{scene.name}.json" for scene in scenes]


def _labelled_scenes(workspace: Workspace, content: Content) -> list[SceneInfo]:
    if "scene_id" not in content.table:
        return workspace.scenes
    names = set(content.table.loc[content.codes > 0, "scene_id"])
    return [scene for scene in workspace.scenes if scene.name in names]


def _write_scene(
    workspace: Workspace,
    content: Content,
    scene: SceneInfo,
    folder: Path,
    facts: Mapping[str, Any],
    step: Any,
) -> None:
    """Write one scene's labels and its item."""
    counts: dict[str, int] = {}

    def counted() -> Any:
        for frame in area_frames(workspace, content, [scene], "regions", step):
            for name, number in frame["label"].value_counts().items():
                counts[str(name)] = counts.get(str(name), 0) + int(number)
            yield frame

    write_geojson(folder / "labels.geojson", counted(), facts)
    write_geopackage(
        folder / "labels.gpkg", area_frames(workspace, content, [scene], "regions", step), facts, layer="labels"
    )
    kind = class_kind(content, tiff_tags(facts))
    paint = kind.paint(workspace.segment_file(scene.name), scene, content)
    write_geotiff(folder / "classes.tif", scene, kind.style, paint, blocks(scene.rows, scene.columns))
    write_categories(folder / "classes.tif", class_legend(content.classes).categories)
    for _ in range(strip_count([scene])):
        step()
    write_json(folder / f"{scene.name}.json", _item(workspace, content, scene, counts, facts))


def _catalog(workspace: Workspace, scenes: Sequence[SceneInfo]) -> dict[str, Any]:
    name = workspace.folder.resolve().name
    here = {"href": f"./{_CATALOG}", "type": "application/json"}
    items = [
        {"rel": "item", "href": f"./{scene.name}/{scene.name}.json", "type": "application/geo+json"}
        for scene in scenes
    ]
    return {
        "type": "Catalog",
        "stac_version": VERSION,
        "id": f"{name}-labels",
        "description": f"Labels of the rsgraph workspace {name}",
        "links": [{"rel": "root", **here}, *items],
    }


def _item(
    workspace: Workspace, content: Content, scene: SceneInfo, counts: Mapping[str, int], facts: Mapping[str, Any]
) -> dict[str, Any]:
    geometry, bbox = footprint(scene)
    when, time_source = _times(workspace, scene, content)
    above = {"href": f"../{_CATALOG}", "type": "application/json"}
    return {
        "type": "Feature",
        "stac_version": VERSION,
        "stac_extensions": [LABEL, *([PROJECTION] if scene.crs else [])],
        "id": scene.name,
        "geometry": geometry,
        **({"bbox": bbox} if bbox else {}),
        "properties": {
            **when,
            "created": facts["written"].replace("+00:00", "Z"),
            "title": f"Labels of {scene.name}",
            **_label_fields(content, scene, counts, time_source),
            **_projection(scene),
            KEY: dict(facts),
        },
        "links": [{"rel": "root", **above}, {"rel": "parent", **above}, *_source(workspace, scene)],
        "assets": _assets(scene),
    }


def _label_fields(content: Content, scene: SceneInfo, counts: Mapping[str, int], time_source: str) -> dict[str, Any]:
    """Return the fields of the label extension."""
    names = [each.name for each in content.classes]
    origins = set(content.labels["origin"])
    methods = ["manual"] * bool(origins & _BY_HAND) + ["automated"] * bool(origins - _BY_HAND)
    space = "" if scene.crs else " The scene has no coordinate reference system: the labels are in pixels."
    about = f"Segments of {scene.name} labelled with rsgraph; a polygon is a connected region of one class."
    overview = [{"name": name, "count": counts.get(name, 0)} for name in names]
    return {
        "label:type": "vector",
        "label:tasks": ["segmentation"],
        "label:properties": ["label"],
        "label:classes": [{"name": "label", "classes": names}],
        "label:description": f"{about} {time_source}{space}",
        "label:methods": methods,
        "label:overviews": [{"property_key": "label", "counts": overview}],
    }


def _times(workspace: Workspace, scene: SceneInfo, content: Content) -> tuple[dict[str, Any], str]:
    """Return the time fields, and where they come from."""
    named = [*_paths(workspace), *scene.files] if len(workspace.scenes) == 1 else scene.files
    found = acquired([*named, *map(os.path.realpath, named)])  # a link may be called otherwise than what it points to
    if found is not None and found[0] == found[1]:
        return {"datetime": _text(found[0])}, "Its time is that of the scene's acquisition."
    if found is not None:
        return _range(*found), "Its time is the day of the scene's acquisition."
    times = pd.to_datetime(content.labels["time"], utc=True, errors="coerce", format="mixed").dropna()
    time_source = "When the scene was acquired is not known: its time is that of the labels."
    if times.empty:
        now = pd.Timestamp.now(tz="UTC")
        return _range(now, now), time_source
    return _range(times.min(), times.max()), time_source


def _range(start: Any, end: Any) -> dict[str, Any]:
    return {"datetime": None, "start_datetime": _text(start), "end_datetime": _text(end)}


def _text(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _paths(workspace: Workspace) -> list[str]:
    """Return what the user named as the scene, where it is now."""
    path = (workspace.config.get("data") or {}).get("path")
    return [workspace.moved(each) for each in ([path] if isinstance(path, str) else path or ())]


def _source(workspace: Workspace, scene: SceneInfo) -> list[dict[str, Any]]:
    """Link to the scene: to what the user named, or to the file of one scene of a collection."""
    paths = _paths(workspace) if len(workspace.scenes) == 1 else list(scene.files[:1])
    paths = [path for path in paths if Path(path).is_absolute() and "{" not in path]
    return [{"rel": "source", "href": Path(path).as_uri(), "title": f"The scene {scene.name}"} for path in paths]


def _projection(scene: SceneInfo) -> dict[str, Any]:
    """Return the fields of the projection extension."""
    crs = parsed_crs(scene.crs)
    if crs is None:
        return {}
    code = crs.to_epsg()
    a, b, c, d, e, f = scene.transform
    return {
        "proj:code": f"EPSG:{code}" if code else None,
        "proj:wkt2": crs.to_wkt(version="WKT2_2019"),
        "proj:bbox": [float(number) for number in _outline(scene).bounds],
        "proj:shape": [scene.rows, scene.columns],
        "proj:transform": [a, b, c, d, e, f],
    }


def _outline(scene: SceneInfo) -> Any:
    """Return the scene's border in its CRS."""
    a, b, c, d, e, f = scene.transform
    corners = np.array([(0, 0), (0, scene.rows), (scene.columns, scene.rows), (scene.columns, 0)], dtype=np.float64)
    return shapely.polygons(corners @ np.array([[a, d], [b, e]]) + (c, f))


def footprint(scene: SceneInfo) -> tuple[dict[str, Any] | None, list[float] | None]:
    """Return a scene's footprint and bounding box in longitude and latitude; None without a CRS.

    A footprint across the antimeridian is cut there, and its box has west > east, as RFC 7946 asks.
    """
    if scene.crs is None:
        return None, None
    outline = _outline(scene)
    fine = shapely.segmentize(outline, outline.length / (4 * _EDGE_POINTS))
    frame = gpd.GeoDataFrame(geometry=[fine], crs=CRS.from_user_input(scene.crs))
    geometry: dict[str, Any] = json.loads(geojson_features(frame)[0])["geometry"]
    boxes = shapely.bounds(shapely.get_parts(shapely.from_geojson(json.dumps(geometry))))
    west, south, east, north = boxes[:, 0].min(), boxes[:, 1].min(), boxes[:, 2].max(), boxes[:, 3].max()
    if (west, east) == (-180, 180) and len(boxes) > 1:
        west, east = boxes[boxes[:, 0] > 0, 0].min(), boxes[boxes[:, 2] < 0, 2].max()
    return geometry, [float(number) for number in (west, south, east, north)]


def _assets(scene: SceneInfo) -> dict[str, Any]:
    place = "in longitude and latitude" if scene.crs else "in pixels"
    return {
        "labels": {
            "href": "./labels.geojson",
            "type": "application/geo+json",
            "title": f"Labelled regions {place}",
            "roles": ["data", "labels", "labels-vector"],
        },
        "labels-scene-crs": {
            "href": "./labels.gpkg",
            "type": "application/geopackage+sqlite3",
            "title": "Labelled regions in the scene's own coordinates, exact",
            "roles": ["data", "labels", "labels-vector"],
        },
        "classes": {
            "href": "./classes.tif",
            "type": "image/tiff; application=geotiff",
            "title": "Class codes on the scene's grid; 0 is unlabelled or no data",
            "roles": ["data", "labels", "labels-raster"],
        },
    }
