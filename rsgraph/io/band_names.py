"""Sentinel-2 band names in descriptions and file names."""

from __future__ import annotations

import re
from collections.abc import Sequence

L1C = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
"""All 13 bands in the order of ESA's band ids 0 ... 12."""

L2A = tuple(name for name in L1C if name != "B10")
"""The paper's 12 bands: surface reflectance has no cirrus band."""

EUROSAT = (*L1C[:8], "B09", "B10", "B11", "B12", "B8A")
"""The order of EuroSAT's 13-band files: B8A stands last."""

_BAND = re.compile(r"(?<![a-z0-9])(?:band|b)[ _-]?(0?[1-9]|1[0-2]|0?8a)(?![0-9a-z])", re.IGNORECASE)
_NOT_SPECTRAL = re.compile(
    r"(?<![a-z0-9])(qa\d*|pixel_qa|scl|tci(_[rgb])?|aot|wvp|msk\w*|cld\w*|cloud\w*|snw\w*|mask|fill_?mask|"
    r"data_?mask|probability|alpha|lulc|labels?)(?![a-z0-9])",
    re.IGNORECASE,
)


def band_name(text: str) -> str | None:
    """Find the Sentinel-2 band that a description or file name speaks of.

    Returns
    -------
    str or None
        ``B01`` ... ``B12`` or ``B8A``; None where no band, or more than one, is named.

    Examples
    --------
    >>> band_name("2020-01-01_Sentinel-2_L2A_B02_(Raw).tiff"), band_name("Band 2 blue"), band_name("B8A")
    ('B02', 'B02', 'B8A')
    """
    found = {_canonical(match) for match in _BAND.findall(text)}
    return found.pop() if len(found) == 1 else None


def _canonical(number: str) -> str:
    number = number.upper().lstrip("0")
    return f"B{number}" if number == "8A" else f"B{int(number):02d}"


def is_spectral(text: str) -> bool:
    """Tell quality layers, masks and products (QA60, SCL, TCI, AOT, cloud_mask ...) from bands."""
    return _NOT_SPECTRAL.search(text) is None


def described_names(descriptions: Sequence[str]) -> tuple[str, ...]:
    """Name the layers of one file by their descriptions; ``""`` and duplicates become ``band<i>``."""
    names = [band_name(text) or re.sub(r"\s+", "_", text.strip()) for text in descriptions]
    return tuple(name if name and names.count(name) == 1 else f"band{i}" for i, name in enumerate(names, start=1))


def guessed_names(medians: Sequence[float]) -> tuple[str, ...] | None:
    """Guess the names of 12 or 13 layers of 16-bit counts without descriptions, from their median counts.

    Twelve layers are the twelve bands of surface reflectance. Thirteen are all bands, but two orders are
    common; the cirrus band B10, by far the darkest, stands 11th in ESA's order and 10th in EuroSAT's. Where
    another layer is the darkest, nothing is guessed.
    """
    if len(medians) == len(L2A):
        return L2A
    if len(medians) != len(L1C):
        return None
    darkest = min(range(len(medians)), key=lambda i: medians[i])
    return {L1C.index("B10"): L1C, EUROSAT.index("B10"): EUROSAT}.get(darkest)
