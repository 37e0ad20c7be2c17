"""Coordinate systems that files name: whether PROJ knows them, and has the grids of shifts that they need."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from rasterio.crs import CRS
from rasterio.warp import transform

from rsgraph.errors import NotReadable
from rsgraph.io.handles import gdal
from rsgraph.own_files.scene import is_crs

_NAMES_GRIDS = re.compile("PARAMETERFILE|grids", re.IGNORECASE)


@lru_cache(maxsize=64)  # a collection may have 27 000 scenes of a few
def why_not_usable(text: str) -> str | None:
    """Say why positions in a coordinate system cannot be brought to others; None where they can, or none was asked.

    A system without a place on the Earth (a local one) passes. One that names grids of shifts does where PROJ has
    these: without them every conversion would fail later, in the middle of an export, with messages of PROJ's own.

    Parameters
    ----------
    text
        Well-known text or an authority's code.
    """
    if not is_crs(text):
        return "is neither well-known text nor an authority's code, or names a file on a server"
    if not _holds(text, CRS.from_string):
        return "is no coordinate system that is known"
    if _NAMES_GRIDS.search(text) is not None and not _holds(text, _converted):
        return "names a grid of shifts that is not installed with PROJ on this machine"
    return None


def _holds(text: str, attempt: Callable[[str], object]) -> bool:
    """Tell whether PROJ can do something with a system; what it prints where it cannot is kept out of sight."""
    try:
        with gdal("its coordinate system"):
            attempt(text)
    except NotReadable:
        return False
    return True


def _converted(text: str) -> object:
    return transform(CRS.from_string(text), CRS.from_epsg(4326), [0.0], [0.0])
