"""Rasters of class codes, as files of others and our own exports hold them."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
import rasterio.shutil
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds
from rasterio.windows import Window as RasterioWindow

from rsgraph.errors import NotReadable, NotUsable, in_short
from rsgraph.io.handles import dataset, gdal
from rsgraph.io.header import header
from rsgraph.label_files.class_names import Names, numbered
from rsgraph.label_files.geometries import bounds_of
from rsgraph.label_files.sidecars import Legend, legend_beside, legend_of_table
from rsgraph.label_files.tally import Codes
from rsgraph.types import Window
from rsgraph.workspace import SceneInfo

_MOST = 1_000
"""More different values than this are measurements, not classes."""

MASKED = 1
"""Number of pixels that the file declares as no data; the values that it holds are numbered from 2."""


@dataclass
class RasterFile:
    """Class codes in one band of a raster; opened by ``open_raster``.

    Its values are numbered as they are met, from 2, and only when all are known it is decided which of them are
    classes (``rsgraph.label_files.class_values``).

    Parameters
    ----------
    path
        The file, for GDAL.
    band
        Counts from 1.
    names
        Numbers the classes that are met.
    legend
        Names by code, where the file gives them.
    colours
        ``#rrggbb`` by code, likewise.
    nodata
        The whole number that is declared as no data, or None.
    numbers
        By value, of those met.
    """

    path: str
    band: int
    names: Names
    legend: dict[int, str]
    colours: dict[int, str]
    nodata: int | None = None
    numbers: dict[int, int] = field(default_factory=dict, init=False)

    def overlaps(self, scene: SceneInfo) -> bool:
        """Tell whether the file covers any of a scene. Raises NotUsable where they cannot be laid over each other."""
        source = dataset(self.path)
        if _pixel_space(self.path, source, scene):
            return True
        with gdal(self.path):
            left, bottom, right, top = transform_bounds(source.crs, _crs(scene), *source.bounds)
        west, south, east, north = bounds_of(scene)
        return bool(left < east and right > west and bottom < north and top > south)

    @property
    def asked(self) -> set[int] | None:
        """The values that the user calls classes; None where that was left open."""
        if self.names.wanted is None:
            return None
        known = {*self.numbers, *([] if self.nodata is None else [self.nodata])}
        return {value for value in known if self.names.asks_for(self.name(value), str(value))}

    def name(self, value: int) -> str:
        """Return the name of a value as a class."""
        return " ".join(self.legend.get(value, "").split()) or numbered(value)

    def class_numbers(self, classes: Collection[int]) -> NDArray[np.int64]:
        """Return, by number of a value, the number of its class in ``names``; 0 for those that are none."""
        found = np.zeros(len(self.numbers) + MASKED + 1, dtype=np.int64)
        for value in sorted(set(classes) & set(self.numbers)):
            colour = self.colours.get(value)
            found[self.numbers[value]] = self.names.code(self.name(value), str(value), colour=colour)
        return found

    @contextmanager
    def on_grid(self, scene: SceneInfo) -> Iterator[_OnGrid]:
        """Lay the file over a scene's grid, the nearest pixel to each."""
        source = dataset(self.path)
        if _same_grid(source, scene):
            yield _OnGrid(self, source, self._nodata_is_asked)
            return
        with gdal(self.path):
            kept = source.nodata is None or self._nodata_is_asked
            alpha = kept and not _has_mask(source)
            vrt = WarpedVRT(
                source,
                crs=_crs(scene),
                transform=Affine(*scene.transform),
                width=scene.columns,
                height=scene.rows,
                resampling=Resampling.nearest,
                add_alpha=alpha,
                dtype=source.dtypes[self.band - 1],
                **({"src_nodata": None, "nodata": None} if kept else {}),
            )
        try:
            yield _OnGrid(self, vrt)
        finally:
            vrt.close()

    @property
    def _nodata_is_asked(self) -> bool:
        """Whether the user calls the value that is declared as no data a class."""
        return self.nodata is not None and self.nodata in (self.asked or ())

    def numbered(self, values: NDArray[Any], valid: NDArray[np.bool_]) -> Codes:
        """Number stored values; pixels that are not valid are ``MASKED``."""
        whole = _whole(self.path, values, valid)
        found, places = np.unique(whole[valid], return_inverse=True)
        new = [int(value) for value in found if int(value) not in self.numbers]
        if len(self.numbers) + len(new) > _MOST:
            raise NotUsable(
                f"{self.path} holds more than {_MOST} different values; expected class codes, not measurements."
            )
        for value in new:
            self.numbers[value] = len(self.numbers) + MASKED + 1
        numbers = np.full(values.shape, MASKED, dtype=np.int32)
        numbers[valid] = np.array([self.numbers[int(value)] for value in found], dtype=np.int32)[places]
        return numbers


@dataclass(frozen=True)
class _OnGrid:
    """A raster on a scene's grid."""

    file: RasterFile
    source: Any
    asks_for_nodata: bool = False
    """Whether the value that is declared as no data is a class: the source's own mask leaves it out."""

    def codes(self, window: Window) -> Codes:
        """Read a window (rows, columns). Raises NotReadable or NotUsable."""
        place = RasterioWindow(window.column, window.row, window.columns, window.rows)
        with gdal(self.file.path):
            values = self.source.read(self.file.band, window=place)
            valid = self.source.read_masks(self.file.band, window=place) > 0
        if self.asks_for_nodata:
            valid |= values == self.file.nodata
        if values.dtype.kind == "f":
            valid &= np.isfinite(values)
        return self.file.numbered(values, valid)


def open_raster(path: Path, layer: str | int | None, names: Names) -> RasterFile:
    """Open a raster of class codes.

    Parameters
    ----------
    path
        Anything that GDAL opens.
    layer
        Number of the band, where there are several.
    names
        Numbers the classes.

    Raises
    ------
    NotReadable
        No raster, or damaged.
    NotUsable
        Several bands and none named.
    """
    place = os.path.abspath(path)
    found = header(place, holes_allowed=True)
    source = dataset(place)
    with gdal(place):
        alpha = {i for i, kind in zip(source.indexes, source.colorinterp, strict=True) if kind == ColorInterp.alpha}
    bands = [i for i in source.indexes if i not in alpha] or list(found.indexes)
    band = _chosen(path, bands, layer)
    with gdal(place):
        nodata = source.nodatavals[band - 1]
        whole = int(nodata) if nodata is not None and float(nodata).is_integer() else None
        own, colours = _legend(source, band), _colours(source, band)
    beside = legend_beside(path)
    return RasterFile(
        place, band, names, {**beside.names, **own.names}, {**beside.colours, **colours, **own.colours}, whole
    )


def _chosen(path: Path, bands: list[int], layer: str | int | None) -> int:
    if layer is None and len(bands) == 1:
        return bands[0]
    if layer is None:
        raise NotUsable(
            f"{path} has {len(bands)} bands; expected one band of class codes, so name one: layer=1 ... {len(bands)}."
        )
    if str(layer) not in [str(band) for band in bands]:
        raise NotUsable(f"{path} has no band {layer!r}; choose one of: {', '.join(map(str, bands))}.")
    return int(layer)


def _whole(path: str, values: NDArray[Any], valid: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return values as whole numbers, 0 where not valid. Raises NotUsable for others."""
    if values.dtype.kind != "f":
        return np.where(valid, values, 0).astype(np.int64)
    clean = np.where(valid & np.isfinite(values), values, 0)
    whole: NDArray[np.int64] = clean.astype(np.int64)
    if np.any(whole != clean):
        value = clean[whole != clean].flat[0]
        raise NotUsable(f"{path} holds measurements ({value:g}); expected whole numbers, the codes of classes.")
    return whole


def _has_mask(source: Any) -> bool:
    return any(flag in flags for flags in source.mask_flag_enums for flag in (MaskFlags.per_dataset, MaskFlags.alpha))


def _crs(scene: SceneInfo) -> CRS:
    return CRS.from_user_input(scene.crs)


def _pixel_space(path: str, source: Any, scene: SceneInfo) -> bool:
    """Tell whether both are in pixels; raise NotUsable where only one of them is, or the sizes differ."""
    if source.crs and scene.crs is not None:
        return False
    if source.crs:
        raise NotUsable(
            f"scene '{scene.name}' has no CRS, so {path} ({source.crs.to_string()[:60]}) cannot be laid over it; run "
            "the scene again with reader.crs, or bring labels in pixels."
        )
    if scene.crs is not None:
        raise NotUsable(
            f"{path} has no CRS, so it cannot be laid over scene '{scene.name}'; assign one to a copy, for example "
            "with `gdal_translate -a_srs EPSG:32633`."
        )
    if (source.height, source.width) != (scene.rows, scene.columns):
        raise NotUsable(
            f"{path} has {source.height} x {source.width} pixels and no CRS; expected {scene.rows} x {scene.columns} "
            f"pixels, as scene '{scene.name}', which has none either."
        )
    return True


def _same_grid(source: Any, scene: SceneInfo) -> bool:
    if (source.height, source.width) != (scene.rows, scene.columns):
        return False
    if scene.crs is None:
        return True
    step = max(abs(number) for number in scene.transform[:2])
    near = np.allclose(tuple(source.transform)[:6], scene.transform, rtol=1e-9, atol=1e-4 * step)
    return bool(near and source.crs == _crs(scene))


# what the file says of its codes


def _legend(source: Any, band: int) -> Legend:
    """Names by code: our own tag, tags CLASS_<code>, GDAL's category names, or an attribute table with colours."""
    tags = source.tags()
    with contextlib.suppress(
        ValueError, AttributeError, RecursionError
    ):  # a stranger's tag of that name is no legend
        return Legend({int(code): str(name) for code, name in json.loads(tags.get("LEGEND", "")).items()})
    pairs = {key.removeprefix("CLASS_"): name for key, name in tags.items() if key.startswith("CLASS_")}
    if pairs and all(key.isdigit() for key in pairs):
        return Legend({int(key): name for key, name in pairs.items()})
    return _categories(source, band)


def _categories(source: Any, band: int) -> Legend:
    """Read what only GDAL knows, by way of a VRT in a folder of its own: rasterio has no call for it."""
    with tempfile.TemporaryDirectory(prefix="rsgraph-") as folder:
        place = Path(folder) / "legend.vrt"
        rasterio.shutil.copy(source, str(place), driver="VRT")
        for path in (place, Path(f"{place}.aux.xml"), Path(f"{source.name}.aux.xml")):
            found = _xml_legend(path, band) if path.is_file() else Legend()
            if found.names or found.colours:
                return found
    return Legend()


def _xml_legend(path: Path, band: int) -> Legend:
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, DefusedXmlException, UnicodeDecodeError) as error:
        raise NotReadable(f"{path} is damaged ({in_short(error)}); remove it or make it anew.") from error
    for element in root.iter():
        if element.tag in ("VRTRasterBand", "PAMRasterBand") and element.get("band", "1") == str(band):
            listed = [text.text or "" for text in element.iterfind("CategoryNames/Category")]
            if any(listed):
                return Legend(dict(enumerate(listed)))
            return _attribute_table(element)
    return Legend()


def _attribute_table(element: Element) -> Legend:
    """Read codes and names of a raster attribute table: its columns by GDAL's usage, or by name."""
    columns = list(element.iterfind("GDALRasterAttributeTable/FieldDefn"))
    usages = [column.findtext("Usage", "") for column in columns]
    titles = [column.findtext("Name", "") for column in columns]
    rows = [
        [cell.text or "" for cell in row.iterfind("F")] for row in element.iterfind("GDALRasterAttributeTable/Row")
    ]
    return legend_of_table(titles, rows, usages)


def _colours(source: Any, band: int) -> dict[int, str]:
    """Colours by code; black and transparent entries are those that nobody set."""
    try:
        table = source.colormap(band)
    except ValueError:  # rasterio's word for "no colour table"
        return {}
    return {code: f"#{r:02x}{g:02x}{b:02x}" for code, (r, g, b, a) in table.items() if a and (r, g, b) != (0, 0, 0)}
