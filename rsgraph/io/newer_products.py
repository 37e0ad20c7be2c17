"""Products of Sentinel-2 whose counts are 1000 higher, by the names of their files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

OFFSET_SINCE = date(2022, 1, 25)
"""From processing baseline 04.00 on, Sentinel-2's counts are 1000 higher."""


def newer_product(file: Path) -> str | None:
    """Return what names of a file and its folder say of a product that carries 1000 counts more; None: nothing.

    Examples
    --------
    >>> newer_product(Path("turb_20231217.tif")), newer_product(Path("S2A_MSIL2A_20170527T101031_N0500_R022.tif"))
    ('2023-12-17', 'baseline 05.00')
    """
    for name in (file.name, file.parent.name):
        baseline = re.search(r"_N(\d\d)(\d\d)(?![0-9])", name)
        if baseline:
            return f"baseline {baseline[1]}.{baseline[2]}" if int(baseline[1]) >= 4 else None
        days = [*_dates(name)]
        if days:
            return str(days[0]) if days[0] >= OFFSET_SINCE else None
    return None


def _dates(name: str) -> Iterator[date]:
    for year, month, day in re.findall(r"(?<!\d)(20\d\d)[-_.]?(\d\d)[-_.]?(\d\d)(?!\d)", name):
        if 1 <= int(month) <= 12 and 1 <= int(day) <= 28 + 3:
            try:
                yield date(int(year), int(month), int(day))
            except ValueError:  # the 31st of a short month
                continue
