"""Acquisition times of scenes, read from the names of their files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import PurePath

_DAY = r"(?<!\d)(?P<year>19[7-9]\d|20\d\d){0}(?P<month>0[1-9]|1[0-2]){0}(?P<day>0[1-9]|[12]\d|3[01])"
_CLOCK = r"(?:T(?P<hour>[01]\d|2[0-3]){0}(?P<minute>[0-5]\d){0}(?P<second>[0-5]\d))?"
_PATTERNS = (
    re.compile(_DAY.format("") + _CLOCK.format("") + r"(?!\d)"),  # 20200223T032739, 20200223
    re.compile(_DAY.format("-") + _CLOCK.format("[:_-]?")),  # 2020-02-23T03:27:39, 2020-02-23
)
_PARENTS = 8
"""Folders above a file that may belong to its product: a band of a SAFE lies five below it."""


def acquired(paths: Iterable[str]) -> tuple[datetime, datetime] | None:
    """Find the time of acquisition in names such as ``S2B_MSIL2A_20200223T032739_...SAFE`` or ``turb_20231217.tif``.

    Parameters
    ----------
    paths
        The scene's files, the likeliest first. Of a path the names of the file and of ``.SAFE`` or ``.zip`` products
        above it are looked at, not of any folder.

    Returns
    -------
    start, end
        UTC; equal where the time is known to the second, else first and last second of the day. None where no name
        tells. Of several times in a name the first counts: in Sentinel-2's names that is the sensing time.

    Examples
    --------
    >>> acquired(["/data/20190101/T18SVG_20160112T160652_B02.jp2"])[0].isoformat()
    '2016-01-12T16:06:52+00:00'
    """
    days: list[tuple[datetime, datetime]] = []
    for name in (name for path in paths for name in _names(path)):
        found = _moment(name)
        if found is not None and found[0] == found[1]:
            return found
        days.extend([found] if found is not None else [])
    return days[0] if days else None


def _names(path: str) -> list[str]:
    """Return the names of a file and of the products that it lies in."""
    parts = PurePath(path.replace("{", "/").replace("}", "/")).parts
    products = [part for part in parts[-_PARENTS:-1] if part.upper().endswith((".SAFE", ".ZIP"))]
    return [*products, *parts[-1:]]


def _moment(name: str) -> tuple[datetime, datetime] | None:
    for found in (found for pattern in _PATTERNS for found in pattern.finditer(name)):
        numbers = {unit: int(text) for unit, text in found.groupdict().items() if text is not None}
        try:
            start = datetime(1970, 1, 1, tzinfo=UTC).replace(**numbers)  # type: ignore[arg-type] # units are its names
        except ValueError:  # 31 February
            continue
        return start, start if "hour" in numbers else start + timedelta(days=1, seconds=-1)
    return None
