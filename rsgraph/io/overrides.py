"""Options of the readers that replace what a raster's file says: bands, scale, offset, nodata, CRS."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast, get_args

from rasterio.crs import CRS
from rasterio.errors import CRSError

from rsgraph.errors import ConfigError
from rsgraph.protocols import Reader

Clouds = Literal["mark", "mask"]
"""What becomes of clouds and their shadows: pixels like others whose share segments are given, or no data."""

MASKS = (
    *("auto", "scl", "qa_pixel", "pixel_qa", "fmask", "classi", "qa60", "udm2", "udm", "qai", "clm", "mg2"),
    *("cloud_mask", "cloud_probability"),
    *("none", "declared"),
)
"""What says which pixels are data, and clear: ``auto`` chooses; ``none`` marks no clouds; ``declared`` looks
for nothing that GDAL does not report, as version 0.1.0 did."""

AS_DECLARED: Mapping[str, Any] = {"mask": "declared", "clouds": "mark"}
"""What older workspaces go on with."""

RULES = 3
"""How files are read today."""

BEFORE: Mapping[str, Any] = {**AS_DECLARED, "rules": 1}
"""The same of readers that have to guess."""


@dataclass(frozen=True)
class Overrides:
    """Options that readers of files share, checked; None leaves the choice to the file."""

    bands: tuple[str, ...] | None = None
    scale: float | None = None
    offset: float | None = None
    nodata: float | None = None
    crs: str | None = None
    mask: str = "declared"
    clouds: Clouds = "mark"
    rules: int = 1

    @property
    def looks(self) -> bool:
        """Whether masks and fill are looked for that GDAL does not report."""
        return self.mask != "declared"


class ChipReader(Reader):
    """What readers of collections of small images have in common: options that replace what their files say.

    Parameters
    ----------
    bands
        The bands to read, in this order; None reads all. Where bands have no names, their names in the file's order.
    scale, offset
        reflectance = stored number * scale + offset, for all bands. The offset is in units of reflectance:
        -0.1 removes the 1000 counts that products from processing baseline 04.00 on carry.
    nodata
        Stored number that stands for "no data" (NaN is allowed).

    Raises
    ------
    ConfigError
        A parameter is of the wrong kind or out of range.
    """

    def __init__(
        self,
        bands: Sequence[str] | None = None,
        scale: float | None = None,
        offset: float | None = None,
        nodata: float | None = None,
    ) -> None:
        self.given = overrides(bands, scale, offset, nodata)


class FileReader(Reader):
    """What readers of scenes have in common.

    Parameters
    ----------
    bands, scale, offset, nodata
        As of ``ChipReader``.
    crs
        Coordinate reference system to assign (nothing is reprojected): anything that PROJ understands.
    mask
        The quality layer that says which pixels are clouds, shadows of clouds, saturated or no data: ``auto`` takes
        the best one that lies in the file or beside it, ``scl``, ``qa60``, ``qa_pixel`` ... that one, ``none`` none.
        Pixels without data and saturated ones, as the file, a mask or any quality layer says, are masked in any case.
        ``declared``: only what GDAL itself takes as the mask, as version 0.1.0 did.
    clouds
        ``mark``: clouds and their shadows stay pixels, and every segment gets the share of its pixels that are;
        ``mask``: they are no data.
    rules
        How what a file does not say is guessed, and which quality layers are known: 3 as today, 2 as before Planet's,
        FORCE's and MAJA's masks, tags of scale and reflectance x 65535 were read, 1 as version 0.1 did. Workspaces
        go on with the rules that they were made with.

    Raises
    ------
    ConfigError
        A parameter is of the wrong kind or out of range.
    """

    as_before: ClassVar[Mapping[str, Any]] = AS_DECLARED

    def __init__(
        self,
        bands: Sequence[str] | None = None,
        scale: float | None = None,
        offset: float | None = None,
        nodata: float | None = None,
        crs: str | None = None,
        mask: str = "auto",
        clouds: Clouds = "mark",
        rules: int = RULES,
    ) -> None:
        self.given = overrides(bands, scale, offset, nodata, crs, mask, clouds, rules)


def overrides(
    bands: Sequence[str] | None = None,
    scale: float | None = None,
    offset: float | None = None,
    nodata: float | None = None,
    crs: str | None = None,
    mask: str = "declared",
    clouds: str = "mark",
    rules: int = 1,
) -> Overrides:
    """Check what came from a config.

    Raises
    ------
    ConfigError
        A value is of the wrong kind or out of range.
    """
    given = _number("scale", scale)
    if given is not None and not (math.isfinite(given) and given != 0):
        raise ConfigError(
            f"`scale` must be a finite number other than 0. Got {scale}; for Sentinel-2 counts use 0.0001."
        )
    shift = _number("offset", offset)
    if shift is not None and not math.isfinite(shift):
        raise ConfigError(f"`offset` must be a finite number in units of reflectance. Got {offset}; use e.g. -0.1.")
    chosen, kept = _one_of("mask", mask, MASKS), _one_of("clouds", clouds, get_args(Clouds))
    if isinstance(rules, bool) or rules not in range(1, RULES + 1):
        raise ConfigError(
            f"`rules` must be 1, 2 or 3. Got {rules!r}; say 3 to read files as today, 1 as version 0.1 did."
        )
    if rules > 1:
        _check_units(given, shift)
    place = _crs(crs)
    return Overrides(_names(bands), given, shift, _number("nodata", nodata), place, chosen, cast(Clouds, kept), rules)


_MOST = 100.0
"""A scale that multiplies, or an offset in units of reflectance, is less than this."""


def _check_units(scale: float | None, offset: float | None) -> None:
    """Check that a scale is no divisor, and an offset no number of counts. Raises ConfigError."""
    if scale is not None and abs(scale) >= _MOST:
        raise ConfigError(
            f"`scale` is what stored numbers are multiplied by. Got {scale:g}; to divide by it, use {1 / scale:g}."
        )
    if offset is not None and abs(offset) >= _MOST and (scale is None or abs(scale) <= 1 / _MOST):
        raise ConfigError(
            f"`offset` is in units of reflectance. Got {offset:g}; for so many counts of 10000 to the unit use "
            f"{offset / 10000:g}."
        )


def _one_of(name: str, value: object, choices: Sequence[str]) -> str:
    """Return a choice, however it is written (SCL, none as YAML's null)."""
    text = "none" if value is None else str(value).lower()
    if text not in choices:
        raise ConfigError(f"`{name}` must be one of: {', '.join(choices)}. Got {value!r} instead.")
    return text


def _number(name: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, str) and value.strip().lower() == "nan":
        return math.nan
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ConfigError(
            f"`{name}` must be a number or null. Got {value!r} instead; leave it null to trust the file."
        )
    return float(value)


def _names(bands: object) -> tuple[str, ...] | None:
    if bands is None:
        return None
    cure = "Give a list such as [B02, B03, B04, B08], or null to take the names from the file."
    if isinstance(bands, str) or not isinstance(bands, Sequence):
        raise ConfigError(f"`bands` must be a list of names or null. Got {bands!r} instead. {cure}")
    names = tuple(str(band) for band in bands)
    if not names or any(not name.strip() for name in names) or len(set(names)) < len(names):
        raise ConfigError(
            f"`bands` must hold at least one name, none of them empty or twice. Got {list(names)}. {cure}"
        )
    return names


def _crs(crs: object) -> str | None:
    if crs is None:
        return None
    if isinstance(crs, str) and ("://" in crs.partition("[")[0] or crs.startswith("/vsi")):
        raise ConfigError(
            f"`crs` must be well-known text or an authority's code, e.g. EPSG:32631. Got {crs[:80]!r} instead."
        )
    try:
        return str(CRS.from_user_input(crs).to_wkt())
    except CRSError as error:
        raise ConfigError(
            f"`crs` must be a coordinate reference system that PROJ knows, e.g. EPSG:32631. Got {crs!r} instead."
        ) from error
