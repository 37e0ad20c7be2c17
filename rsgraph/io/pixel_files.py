"""The files on this disk that hold a raster's pixels: through virtual rasters, archives and GDAL's other names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from rsgraph.io.drivers import SCENES
from rsgraph.io.handles import gdal, open_raster_file

_PREFIX = re.compile(r"/vsi(?:zip|tar|gzip|7z|rar|subfile|sparse|cached|crypt)/(?:[\d_]+,|\w+=[^,]*,(?:file=)?)*")
_SIDES = (".ovr", ".aux.xml")
"""Ends of the names of overviews, and of statistics that a viewer leaves behind."""


def drawn_on(path: str, named: Sequence[str]) -> tuple[str, ...]:
    """Return all that a raster draws on, itself first, as GDAL names it.

    GDAL lists the sources of a virtual raster, and not those of a virtual raster among them.

    Parameters
    ----------
    path
        Of the raster.
    named
        What GDAL lists for it.

    Raises
    ------
    NotReadable
        A virtual raster among its sources is damaged, or names what may not be opened.
    """
    found = dict.fromkeys([path])
    waiting = [name for name in named if name != path]
    while waiting:
        name = waiting.pop(0)
        if name in found or name.endswith(_SIDES):
            continue
        found[name] = None
        if _is_indirect(name):
            waiting += _files(place_of(name) if name.startswith("vrt://") else name)
    return tuple(found)


def places(names: Sequence[str]) -> tuple[str, ...]:
    """Return the files on this disk that hold what GDAL reads under some names, each once."""
    found = (place for place in map(place_of, names) if place is not None)
    return tuple(dict.fromkeys(map(os.path.abspath, found)))


def place_of(name: str) -> str | None:
    """Return the file on this disk that GDAL reads a name from; None where there is none.

    Examples
    --------
    >>> place_of("/vsizip/{/no/such.zip}/B02.tif") is None
    True
    """
    return next((place for part in _parts(name) for place in _upwards(part)), None)


def _parts(name: str) -> Iterator[str]:
    """Yield what may be a path in a name: itself, what follows GDAL's prefixes, parts between colons."""
    yield name
    whole = name.removeprefix("vrt://").partition("?")[0] if name.startswith("vrt://") else name
    pieces = whole.split(":")
    for part in [whole, *(pieces if len(pieces) > 1 else [])]:
        bare = part.strip('"')
        while match := _PREFIX.match(bare):
            bare = bare[match.end() :]
        yield bare.replace("{", "").replace("}", "")


def _upwards(path: str) -> Iterator[str]:
    """Yield a path if it is there, or the file (an archive) that it leads through."""
    if path and os.path.exists(path):
        yield path
        return
    above = os.path.dirname(path)
    while above and above != os.path.dirname(above):
        if os.path.isfile(above):
            yield above
            return
        above = os.path.dirname(above)


def _is_indirect(name: str) -> bool:
    """Tell a virtual raster by its name or its first bytes."""
    if name.startswith("vrt://") or name.lower().endswith(".vrt"):
        return True
    with suppress(OSError), open(name, "rb") as file:
        return b"<VRTDataset" in file.read(1024)
    return False


def _files(name: str | None) -> list[str]:
    if name is None:
        return []
    with open_raster_file(name, SCENES) as file, gdal(name):
        return list(file.files) if file.driver == "VRT" else []
