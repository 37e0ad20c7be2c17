"""Which vector format a file of labels has, by its first bytes, before GDAL opens it.

GDAL tries some eighty vector formats on a file, whatever its name says; several are texts that name servers or other
files. Only those of ``rsgraph.io.drivers.LABELS`` are handed to it, and the plain tables and topologies below.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import starmap
from pathlib import Path, PurePosixPath
from typing import Any

import pyogrio
from pyogrio._ogr import _register_drivers  # nothing public registers them, and a file is opened by any that is

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.io.archive import of_macos, opened_zip, reasons
from rsgraph.io.drivers import LABELS, SAFE

OPENED = (*LABELS, "TopoJSON", "CSV")
"""Vector formats that are opened: those of labels, topologies, and tables with a column of shapes."""

_SQLITE = b"SQLite format 3\0"
_GEOPACKAGE = (b"GPKG", b"GP10", b"GP11")
_SHAPEFILE = (".shp", ".dbf", ".shx", ".prj", ".cpg", ".qix", ".sbn", ".sbx", ".fbn", ".fbx", ".xml", ".qpj", ".qmd")
_TABLES = (".csv", ".tsv", ".txt")
_HEAD = 2**16
_MOST_MEMBERS = 1000
"""Of a .zip of labels that are looked at: shapefiles have some ten each."""

_STEP = 2**24
_OVERLAP = 2**16
_LONGEST_CRS = 2**15
_OGC = re.compile(r"https?://(www\.)?opengis\.net/def/crs/[\w./-]+", re.IGNORECASE)
_ESCAPED = re.compile(rb"[\"']((?:[^\"'\\]{0,8}\\u00[0-9a-fA-F]{2}){1,16}[^\"'\\]{0,8})[\"']\s*:")
_CRS = re.compile(rb"[\"'](?:crs|coordrefsys)[\"']\s*:\s*", re.IGNORECASE)
_ALGORITHM = re.compile(rb"gdal_streamed_alg|\"conformsto\"|\"stac_version\"", re.IGNORECASE)

_SKIPPED = "OGR_SKIP"
"""GDAL's option that names the drivers which are not registered, and are taken off where they are."""

_settings = threading.Lock()
_inside = 0
_before: dict[str, Any] = {}


@contextmanager
def safely() -> Iterator[None]:
    """Let pyogrio's GDAL work with the settings ``rsgraph.io.drivers.SAFE``, and with no formats but ``OPENED``.

    Both are those of its whole process, and are put back. A driver that looks for its mark anywhere in a file would
    else take what is a table, or GeoJSON, by all that we look at.
    """
    global _inside  # GDAL's settings are global, too
    with _settings:
        if _inside == 0:
            _before.update({name: pyogrio.get_gdal_config_option(name) for name in (*SAFE, _SKIPPED)})
            others = ",".join(name for name in pyogrio.list_drivers() if name not in OPENED)
            pyogrio.set_gdal_config_options({**SAFE, _SKIPPED: others})
            _register_drivers()
        _inside += 1
    try:
        yield
    finally:
        with _settings:
            _inside -= 1
            if _inside == 0:
                pyogrio.set_gdal_config_options(_before)
                _register_drivers()


def is_vector(path: Path) -> bool:
    """Tell whether a file has a vector format that is opened; what GeoJSON names is looked at.

    Raises
    ------
    NotReadable
        Damaged.
    NotUsable
        A GeoJSON whose coordinate system is a link, or is looked up elsewhere.
    """
    if path.is_dir():
        return False
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"PK\x03\x04"):
        return _is_zip_of_vectors(path)
    kind = _kind(head, path.suffix.lower())
    if kind == "GeoJSON":
        _check_crs(path)
    return kind is not None


def _kind(head: bytes, suffix: str) -> str | None:
    if head.startswith(_SQLITE):
        return "GPKG" if head[68:72] in _GEOPACKAGE or suffix == ".gpkg" else None
    if head.startswith(b"fgb\x03fgb"):
        return "FlatGeobuf"
    if head.startswith(b"PAR1"):
        return "Parquet"
    if head.startswith(b"\0\0\x27\x0a") or (suffix in (".dbf", ".shx") and not head.startswith(b"<")):
        return "ESRI Shapefile"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\x1e")
    if text[:1] in (b"{", b"["):
        return None if _ALGORITHM.search(head) else "GeoJSON"
    if suffix in _TABLES and text[:1] != b"<" and b"\0" not in head[:_OVERLAP]:
        return "CSV"
    return None


def check_shapefile(path: Path) -> None:
    """Check that a shapefile is whole, and that its main file is named.

    Raises
    ------
    NotReadable
        The .dbf with the attributes, or the .shx, is missing; or another of its files is named.
    """
    ending = path.suffix.lower()
    if ending in (".dbf", ".shx", ".prj", ".cpg", ".qix", ".sbn", ".sbx") and _part(path, ".shp"):
        raise NotReadable(f"{path} is a part of a shapefile; name {path.with_suffix('.shp')}.")
    if ending == ".shp":
        for part, what in ((".dbf", "what its attributes are"), (".shx", "where each shape begins")):
            if not _part(path, part):
                raise NotReadable(
                    f"{path} lacks the file {path.with_suffix(part).name} beside it, which says {what}; copy all "
                    "files of the shapefile."
                )


def _part(path: Path, ending: str) -> bool:
    return any(path.with_suffix(each).exists() for each in (ending, ending.upper()))


def _is_zip_of_vectors(path: Path) -> bool:
    """Tell whether a .zip holds shapefiles and nothing else, or one file of another format that is opened."""
    heads = _heads(path)
    suffixes = {PurePosixPath(name).suffix.lower() for name in heads}
    if ".shp" in suffixes:
        shapes = [head for name, head in heads.items() if name.lower().endswith(".shp")]
        return suffixes <= {*_SHAPEFILE, ""} and all(head.startswith(b"\0\0\x27\x0a") for head in shapes)
    return len(heads) == 1 and all(_kind_of(*each) in ("GPKG", "FlatGeobuf") for each in heads.items())


def zipped_parquet(path: Path) -> str | None:
    """Return the name of the GeoParquet that a .zip holds, and nothing else; else None. Raises NotReadable."""
    if not zipfile.is_zipfile(path):
        return None
    heads = _heads(path)
    return next(iter(heads)) if [*starmap(_kind_of, heads.items())] == ["Parquet"] else None


def _kind_of(name: str, head: bytes) -> str | None:
    return _kind(head, PurePosixPath(name).suffix.lower())


def _heads(path: Path) -> dict[str, bytes]:
    """Return how the files of a .zip begin, without those that macOS adds; none of more than a few."""
    with reasons(path):
        archive = opened_zip(path)
        names = [name for name in archive.namelist() if not name.endswith("/") and not of_macos(name)]
        heads = {}
        for name in names if len(names) < _MOST_MEMBERS else ():
            with archive.open(name) as file:
                heads[name] = file.read(_HEAD)
    return heads


def _check_crs(path: Path) -> None:
    """Look at every coordinate system that a GeoJSON names. Raises NotUsable."""
    with path.open("rb") as file:
        rest = b""
        while block := file.read(_STEP):
            text = rest + block
            small = text.lower()
            if b"crs" in small or b"coordrefsys" in small:
                for found in _CRS.finditer(text):
                    _check_one(path, file, text, found.end())
            if b"\\u00" in small:
                for found in _ESCAPED.finditer(text):
                    if _unescaped(found[1]).lower() in ("crs", "coordrefsys"):
                        _check_one(path, file, text, found.end())
            rest = text[-_OVERLAP:]


def _check_one(path: Path, file: Any, text: bytes, start: int) -> None:
    """Look at the value that begins at ``start``."""
    value = text[start : start + _LONGEST_CRS]
    if len(value) < _LONGEST_CRS:  # it may go on in the next block
        place = file.tell()
        value += file.read(_LONGEST_CRS - len(value))
        file.seek(place)
    begin = value.lstrip()[:1]
    if begin not in (b"{", b'"', b"'", b"["):
        return
    try:
        found, _ = json.JSONDecoder().raw_decode(value.decode("utf-8", errors="replace").lstrip())
    except (ValueError, RecursionError) as error:
        raise NotReadable(f"{path} names a coordinate system that cannot be read; save it again.") from error
    for name in _texts(found):
        remote = "://" in name or name.lower().startswith(("http:", "/vsi", "ftp:"))
        if (remote and not _OGC.fullmatch(name.strip())) or name.lower() == "link":
            raise NotUsable(
                f"{path} names its coordinate system by a link ({name[:80]}); expected well-known text or an "
                "authority's code, so save it with one, for example EPSG:4326."
            )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(each)


def _unescaped(text: bytes) -> str:
    return re.sub(
        r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text.decode("utf-8", errors="replace")
    )


def refuse_other_drivers(path: Path, driver: str) -> None:
    """Refuse a file that GDAL has taken for another format. Raises NotUsable."""
    if driver not in OPENED:
        raise NotUsable(
            f"{path} is a file of {driver}, which is not opened; save it as GeoPackage, GeoJSON, Shapefile or "
            f"FlatGeobuf, for example with `ogr2ogr copy.gpkg {shlex.quote(os.path.basename(path))}`."
        )
