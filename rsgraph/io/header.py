"""Headers of raster files: size, grid, bands; and a check that the file is complete."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from rasterio.enums import ColorInterp, Interleaving, MaskFlags

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.io.band_names import band_name, described_names, is_spectral
from rsgraph.io.coordinate_systems import why_not_usable
from rsgraph.io.handles import dataset, gdal
from rsgraph.io.layers import MaskLayer
from rsgraph.io.named_files import shown
from rsgraph.own_files.scene import MOST_PIXELS, MOST_SIDE

Transform = tuple[float, float, float, float, float, float]
_REMOTE = re.compile(r"/vsi(curl|s3|gs|az|adls|oss|swift|hdfs|webhdfs)|://")
_SOURCE = re.compile(r"<SourceFilename[^>]*>([^<]+)</SourceFilename>")
_COLOURS = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
_OF_SCALE = re.compile("quantification_value|add_offset|scale_factor", re.IGNORECASE)
_LONGEST_HINT = 200
_IDENTITY: Transform = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True)
class Header:
    """The content of a file's header, before any guess and any override.

    Parameters
    ----------
    path
        As GDAL opens it.
    rows, columns
        Size.
    crs, transform
        Well-known text or None, and the six numbers of the affine map; the identity where there is none.
    indexes
        GDAL numbers of the bands that carry measurements.
    names
        One per index.
    described
        Whether all names come from the file.
    dtype
        Of the stored numbers.
    scale, offset, nodata
        One per index, as declared (1, 0 and None where nothing is).
    masked
        Whether GDAL is asked for the mask of the file: there is a mask band or alpha.
    files
        The file and what it draws on (sources of a VRT, mask files).
    notes
        Sentences for the user.
    deeper
        What virtual rasters among ``files`` draw on.
    alpha
        GDAL numbers of the layers that are marked as alpha.
    others
        GDAL numbers and descriptions of the layers that carry no measurements and are no alpha.
    unnamed
        GDAL numbers of the layers of ``indexes`` that the file says nothing about.
    own_mask
        Whether GDAL knows a mask of the whole file that is none of its layers.
    band_masks
        Whether GDAL knows a mask of each band by itself.
    masks
        Layers that are taken as masks; ``rsgraph.io.masks`` chooses them.
    texts, hints
        What the file says of each index, and in its tags: what is known of bands is read from them.
    tags
        Names and values of the tags, of the file or of layers, that speak of scale or offset.
    assumed
        The reading of the names of bands that was taken where others are possible; None: they are proven.
    """

    path: str
    rows: int
    columns: int
    crs: str | None
    transform: Transform
    indexes: tuple[int, ...]
    names: tuple[str, ...]
    described: bool
    dtype: str
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    nodata: tuple[float | None, ...]
    masked: bool
    files: tuple[str, ...]
    notes: tuple[str, ...] = ()
    deeper: tuple[str, ...] = ()
    alpha: tuple[int, ...] = ()
    others: tuple[tuple[int, str], ...] = ()
    unnamed: tuple[int, ...] = ()
    own_mask: bool = False
    band_masks: bool = False
    masks: tuple[MaskLayer, ...] = ()
    texts: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    assumed: str | None = None


def header(path: str, *, holes_allowed: bool = False) -> Header:
    """Read a file's header and check that the file is whole.

    Parameters
    ----------
    path
        Any raster that GDAL opens.
    holes_allowed
        True where the user declares a nodata value, which is what missing blocks then are.

    Raises
    ------
    NotReadable
        Not a raster; cut off; blocks are missing although no nodata value is declared; a source of a VRT is
        missing.
    NotUsable
        No bands, complex numbers, or more pixels or larger parts than can be worked on.
    """
    source = dataset(path)
    with gdal(path):
        found = _describe(path, source)
        layout = _Layout.of(source)
    _check_sources(found)
    if layout is not None:
        _check_blocks(path, layout, holes_allowed or all(value is not None for value in found.nodata))
    return found


MOST_BLOCKS = 2**21
"""Parts of a file that are looked at one by one: those of 36 tiles of Sentinel-2 with all bands are half as many."""

MOST_BANDS = 10_000
"""Bands that are looked at one by one: those of a year of days are half as many."""

_LARGEST_BLOCK = 2**30
"""Bytes of a part of a file, which is unpacked as a whole."""


def _check_sizes(path: str, source: Any) -> None:
    """Refuse what is larger than can be worked on, by what the header says. Raises NotUsable."""
    if source.count > MOST_BANDS:
        raise NotUsable(
            f"{shown(path)} says that it has {source.count:,} bands; expected at most {MOST_BANDS:,}: copy those "
            "that are meant into a file of their own first."
        )
    if source.height * source.width > MOST_PIXELS or max(source.height, source.width) > MOST_SIDE:
        raise NotUsable(
            f"{shown(path)} says that it has {source.height:,} x {source.width:,} pixels; expected at most "
            f"{MOST_PIXELS:,}, and {MOST_SIDE:,} in a row or column: cut it into parts first."
        )
    together = source.count if _unpacked_together(source) else 1
    sizes = zip(source.block_shapes, source.dtypes, strict=True)
    largest = max((rows * columns * np.dtype(dtype).itemsize for (rows, columns), dtype in sizes), default=0)
    if largest * together > _LARGEST_BLOCK:
        raise NotUsable(
            f"{shown(path)} can only be read in parts of {largest * together / 2**30:.1f} GB; write it in tiles "
            "first, for example with `gdal_translate -of COG`."
        )


def _unpacked_together(source: Any) -> bool:
    """Tell whether a part holds all bands. JPEG 2000 always does, and asking GDAL may not end in a damaged file."""
    return bool(source.driver.startswith("JP2") or source.interleaving == Interleaving.pixel)


def left_out(texts: Sequence[str]) -> str:
    """Say which layers are no bands; nothing where there are none."""
    plural = "layers are" if len(texts) > 1 else "layer is"
    return f"{', '.join(texts)}: left out, since the {plural} not spectral." if texts else ""


def select(found: Header, places: Sequence[int]) -> Header:
    """Keep some bands, in the order given."""
    named = [found.indexes[i] not in found.unnamed and not found.names[i].startswith("band") for i in places]
    return replace(
        found,
        indexes=tuple(found.indexes[i] for i in places),
        names=tuple(found.names[i] for i in places),
        described=found.described or all(named),
        scale=tuple(found.scale[i] for i in places),
        offset=tuple(found.offset[i] for i in places),
        nodata=tuple(found.nodata[i] for i in places),
        texts=tuple(found.texts[i] for i in places) if found.texts else (),
    )


def _crs(path: str, source: Any) -> str | None:
    text = source.crs.to_wkt() if source.crs else None
    why = None if text is None else why_not_usable(text)
    if why is not None:
        raise NotUsable(
            f"the coordinate system of {shown(path)} {why}; give the file a plain one, for example with "
            "`rio edit-info --crs EPSG:32631`."
        )
    return text


def _describe(path: str, source: Any) -> Header:
    if source.count == 0:
        parts = list(source.subdatasets)
        listed = ", ".join(parts[:3]) + (f" and {len(parts) - 3} more" if len(parts) > 3 else "")
        cure = (
            f"but {len(parts)} parts ({listed}); copy what is meant out as a GeoTIFF, for example with "
            f"`rio convert '{parts[0]}' part.tif`, and name that."
            if parts
            else "expected a raster with at least one; name another file."
        )
        raise NotUsable(f"{shown(path)} holds no bands of its own, {cure}")
    if any("complex" in dtype for dtype in source.dtypes):
        raise NotUsable(
            f"{shown(path)} holds complex numbers; expected reflectance, so convert it to real bands first."
        )
    _check_sizes(path, source)
    if not np.all(np.isfinite(tuple(source.transform))):
        raise NotUsable(
            f"{shown(path)} says of the places of its pixels what is no number; expected a transform from pixels to "
            "coordinates, so write it anew, for example with `gdal_translate -a_ullr`."
        )
    descriptions, kinds, dtypes = source.descriptions, source.colorinterp, source.dtypes  # each asks about all layers
    scales, offsets, nodata, masks = source.scales, source.offsets, source.nodatavals, source.mask_flag_enums
    texts = [_text(source, i, described) for i, described in zip(source.indexes, descriptions, strict=True)]
    alpha = _alpha(source, texts, kinds)
    indexes, notes = _measurements(source, texts, alpha)
    pages = list(source.subdatasets)
    if len(pages) > 1:
        notes += (f"The file holds {len(pages)} parts, of which the first is read: {pages[0]} and so on.",)
    kept = [texts[i - 1] for i in indexes]
    names = described_names(kept)
    transform = tuple(source.transform)[:6]
    return Header(
        path=path,
        rows=source.height,
        columns=source.width,
        crs=_crs(path, source),
        transform=transform if len(transform) == 6 else _IDENTITY,
        indexes=indexes,
        names=names,
        described=all(kept) and not any(name.startswith("band") for name in names),
        dtype=dtypes[indexes[0] - 1],
        scale=tuple(float(scales[i - 1]) for i in indexes),
        offset=tuple(float(offsets[i - 1]) for i in indexes),
        nodata=tuple(nodata[i - 1] for i in indexes),
        masked=bool(alpha) or _has_mask_band(source),
        files=_files(path, source),
        notes=notes,
        deeper=_deeper(path, source),
        alpha=tuple(sorted(alpha)),
        others=tuple((i, texts[i - 1]) for i in source.indexes if i not in indexes and i not in alpha),
        unnamed=tuple(i for i in indexes if not texts[i - 1]),
        own_mask=_has_mask_band(source),
        band_masks=any(not masks[i - 1] for i in indexes),
        texts=tuple(texts[i - 1] or _hint(source, i, kinds[i - 1], dtypes[i - 1]) for i in indexes),
        hints=tuple(value for value in source.tags().values() if len(value) <= _LONGEST_HINT),
        tags=_scale_tags(source),
    )


def _scale_tags(source: Any) -> tuple[tuple[str, str], ...]:
    """Return the tags of a file and of its layers that speak of scale or offset: ``rsgraph.io.scale_tags``."""
    groups = [source.tags(), *(source.tags(index) for index in source.indexes)]
    return tuple(dict.fromkeys(pair for tags in groups for pair in tags.items() if _OF_SCALE.search(pair[0])))


def _hint(source: Any, index: int, kind: ColorInterp, dtype: str) -> str:
    """What else names a layer that is not described: the file that a VRT takes it from, and its colour."""
    sources = source.tags(index, ns="vrt_sources").values() if source.driver == "VRT" else ()
    files = {match[1] for text in sources for match in [_SOURCE.search(text)] if match}
    if len(files) == 1:
        return PurePosixPath(files.pop().replace("\\", "/")).stem
    # of three or four layers of 8 bits GDAL itself says that they are red, green and blue
    return str(kind.name) if kind in _COLOURS and dtype != "uint8" else ""


def _text(source: Any, index: int, described: str | None) -> str:
    """What the file says about a layer: its description, else a tag that names it."""
    tags = {key.lower(): value for key, value in source.tags(index).items()}
    named = (tags.get(key) for key in ("bandname", "band_name", "long_name", "name", "description", "band"))
    return str(described or next((text for text in named if text), ""))


def _alpha(source: Any, texts: list[str], colours: Sequence[ColorInterp]) -> set[int]:
    """Layers marked as alpha; GDAL marks the fourth of four 8-bit layers by itself, even where it is a band."""
    kinds = zip(source.indexes, colours, texts, strict=True)
    return {i for i, kind, text in kinds if kind == ColorInterp.alpha and band_name(text) is None}


def _has_mask_band(source: Any) -> bool:
    return any(MaskFlags.per_dataset in f and MaskFlags.alpha not in f for f in source.mask_flag_enums)


def _measurements(source: Any, texts: list[str], alpha: set[int]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Leave out alpha, masks and quality layers, unless there is nothing else."""
    notes = tuple(f"Band {i} is marked as alpha: taken as a mask, not as a band." for i in sorted(alpha))
    spectral = [i for i, text in zip(source.indexes, texts, strict=True) if i not in alpha and is_spectral(text)]
    if not spectral:
        return tuple(i for i in source.indexes if i not in alpha) or tuple(source.indexes), notes
    others = [texts[i - 1] for i in source.indexes if i not in spectral and i not in alpha]
    return tuple(spectral), (*notes, *([left_out(others)] if others else []))


def _files(path: str, source: Any) -> tuple[str, ...]:
    """The files that pixels come from: not overviews, and not statistics that a viewer leaves behind."""
    others = (name for name in source.files if not name.endswith((".ovr", ".aux.xml")))
    return tuple(dict.fromkeys([path, *others]))


def _deeper(path: str, source: Any) -> tuple[str, ...]:
    """What the sources of a virtual raster draw on: GDAL lists its own sources only."""
    if source.driver != "VRT":
        return ()
    from rsgraph.io.pixel_files import drawn_on  # most scenes are no virtual rasters

    listed = _files(path, source)
    return tuple(name for name in drawn_on(path, listed) if name not in listed)


def on_disk(headers: Sequence[Header]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return ``files`` and ``drawn_on`` of a ``Scene``: the files on this disk, of one in an archive the archive."""
    listed = [name for found in headers for name in found.files]
    deeper = [name for found in headers for name in found.deeper]
    own = tuple(Path(name) for name in listed if not name.startswith("/vsi"))
    if not deeper and all(map(os.path.exists, listed)):
        return own, ()
    from rsgraph.io.pixel_files import places

    own = tuple(name for name in own if name.exists())
    further = map(Path, places([*listed, *deeper]))
    return own, tuple(each for each in further if each not in own)


def _is_on_disk(name: str) -> bool:
    """Tell whether a name that is no path leads to a file on this disk."""
    from rsgraph.io.pixel_files import place_of

    return place_of(name) is not None


def _check_sources(found: Header) -> None:
    for name in (*found.files, *found.deeper):
        if os.path.exists(name) or _is_on_disk(name):
            continue
        if _REMOTE.search(name):
            raise NotReadable(
                f"{shown(found.path)} draws on {name}, which is not on this machine; download it and name the copy."
            )
        if not name.startswith("/vsimem/"):
            raise NotReadable(
                f"{shown(found.path)} draws on {name}, which does not exist; put it back or make the file anew."
            )


@dataclass(frozen=True)
class _Layout:
    """Where a GeoTIFF's blocks lie in the file."""

    source: Any
    across: int
    down: int
    bands: tuple[int, ...]

    @classmethod
    def of(cls, source: Any) -> _Layout | None:
        """Describe a GeoTIFF; None for other formats, which have no such list."""
        if source.driver != "GTiff":
            return None
        height, width = source.block_shapes[0]
        interleaved = source.tags(ns="IMAGE_STRUCTURE").get("INTERLEAVE") == "PIXEL"
        bands = (1,) if interleaved else tuple(source.indexes)
        return cls(source, -(-source.width // width), -(-source.height // height), bands)

    @property
    def count(self) -> int:
        """Number of blocks."""
        return len(self.bands) * self.across * self.down

    def blocks(self) -> Iterator[tuple[int, int, int]]:
        """List (band, block row, block column)."""
        for band in self.bands:
            for y in range(self.down):
                for x in range(self.across):
                    yield band, y, x

    def number(self, what: str, block: tuple[int, int, int]) -> int:
        """Return OFFSET or SIZE of a block in bytes; 0 where the file does not hold it."""
        band, y, x = block
        return int(self.source.get_tag_item(f"BLOCK_{what}_{x}_{y}", "TIFF", bidx=band) or 0)


def _check_blocks(path: str, layout: _Layout, holes_allowed: bool) -> None:
    """Find missing blocks, and the end of the last one beyond the end of the file, without reading pixels."""
    if layout.count > MOST_BLOCKS:
        raise NotUsable(
            f"{shown(path)} has {layout.count:,} parts; expected at most {MOST_BLOCKS:,}, so write it in larger "
            "tiles, for example with `gdal_translate -of COG`."
        )
    if not path.startswith("/vsi") and layout.count > os.path.getsize(path):
        raise NotReadable(
            f"{shown(path)} is damaged: its header promises {layout.count} blocks in {os.path.getsize(path)} bytes; "
            "copy or download the file again."
        )
    with gdal(path):
        offsets = {block: layout.number("OFFSET", block) for block in layout.blocks()}
        last = max(offsets, key=lambda block: offsets[block])
        end = offsets[last] + layout.number("SIZE", last)
    holes = [block for block, offset in offsets.items() if offset == 0]
    if holes and not holes_allowed:
        band, y, x = holes[0]
        raise NotReadable(
            f"{shown(path)} has holes: {len(holes)} of {len(offsets)} blocks are missing (the first in band {band}, "
            f"block row {y}, block column {x}), yet it declares no nodata value; make or download the file again, "
            "or say reader.nodata=0 if they are meant to be empty."
        )
    if not path.startswith("/vsi") and end > os.path.getsize(path):
        raise NotReadable(
            f"{shown(path)} is cut off: it has {os.path.getsize(path)} bytes where its last block ends at {end}; "
            "copy or download the file again."
        )
