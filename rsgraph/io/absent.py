"""Sentences for paths that cannot be opened as they stand: what is true, and what helps."""

from __future__ import annotations

import os
import re
from pathlib import Path

from rsgraph.errors import NotReadable
from rsgraph.files import expanded

ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar")

_ADDRESS = re.compile(r"(?:^|/)(https?|s3|gs|gcs|az|abfss?|adl|ftps?|oss|swift|hdfs|dav|davs):/+(.+)$")
_REMOTE = re.compile(r"^/vsi(?:curl|s3|gs|az|adls|oss|swift|hdfs|webhdfs)(?:_streaming)?/")
_LOCAL = re.compile(r"(?:^|/)file:/+(.+)$")
_PACKED = re.compile(r"^/vsi(?:zip|tar|gzip|7z|rar)/|(?:^|/)(?:zip|tar|gzip):/+")
_PART = re.compile(
    r"(?:^|/)((?:netcdf|hdf[45]\w*|zarr|gtiff_dir|gpkg|sentinel2_l\w+|[a-z0-9]+_[a-z0-9_]+):(?:\"[^\"]+\"|[^:]+):.+)$",
    re.IGNORECASE,
)
_SENTINEL_PART = re.compile(r"^SENTINEL2_L\w+:([^:]*?)(?:/MTD_MSI\w+\.xml)?:")


def missing(path: Path, cure: str) -> NotReadable:
    """Return the error for a path that does not exist.

    Parameters
    ----------
    path
        As the user typed it, or made absolute.
    cure
        What helps where it is merely mistyped.
    """
    return NotReadable(
        _elsewhere(os.fspath(path)) or _nearby(expanded(path)) or f"{readable(path)} does not exist; {cure}"
    )


def _elsewhere(text: str) -> str | None:
    """Recognise addresses, and GDAL's own ways of naming things."""
    address, local, part = _ADDRESS.search(text), _LOCAL.search(text), _PART.search(text)
    if address or _REMOTE.match(text):
        shown = f"{address[1]}://{address[2]}" if address else text
        return f"{shown} is an address; rsgraph reads files of this machine: download it and name the copy."
    if local:
        return f"{local[0].lstrip('/')} is an address of a file; name the file itself: /{local[1].lstrip('/')}"
    if _PACKED.search(text):
        return f"{text} names a file in an archive; unpack the archive and name the file."
    if part:
        product = _SENTINEL_PART.match(part[1])
        if product:
            return f"{part[1]} names a part of a product; name the product itself: {product[1]}"
        return (
            f"{part[1]} names a part of a file; copy it out as a file of its own, for example with "
            f"`rio convert '{part[1]}' part.tif`, and name that."
        )
    return None


def _nearby(path: Path) -> str | None:
    """Recognise links that lead nowhere, and paths that go on behind a file."""
    for place in (path, *path.parents):
        if place.is_symlink() and not place.exists():
            return (
                f"{readable(place)} is a link to {readable(Path(os.readlink(place)))}, which does not exist; put "
                "that back or make the link anew."
            )
        if place != path and place.is_file():
            what = (
                "an archive; unpack it"
                if place.suffix.lower() in ARCHIVES
                else "a file, not a folder; check the path"
            )
            return f"{readable(path)} does not exist: {readable(place)} is {what} and name what is meant."
        if place.exists():
            return None
    return None


def check_name(path: Path) -> None:
    """Check that a path can be handed to GDAL and written into tables.

    Raises
    ------
    NotReadable
        Its name is not UTF-8, or it is a companion file of macOS.
    """
    if any("\udc80" <= letter <= "\udcff" for letter in os.fspath(path)):
        raise NotReadable(
            f"the name {readable(path)} is not UTF-8 (bytes are shown as \\x..), and cannot be written into tables; "
            "rename the file, or the folder of such a name, in a file manager or with mv, and name it then."
        )
    if path.name.startswith("._") and path.with_name(path.name[2:]).exists():
        raise NotReadable(
            f"{path} is a companion file of macOS that holds no pixels; name {path.with_name(path.name[2:])}."
        )


def readable(path: Path) -> str:
    """Return a path as text that can be printed: bytes that are not UTF-8 as two hexadecimal digits each."""
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")
