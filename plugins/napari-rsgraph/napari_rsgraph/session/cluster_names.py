"""Names of clusters: by what can be seen of them (bright, dark, green, wet), and by their class once labelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.io.sensors import colour_named

WET, GREEN, PALE_GREEN, OTHER = "wet", "green", "pale green", ""

_ROLES = {"blue": ("B02",), "green": ("B03",), "red": ("B04",), "nir": ("B08", "B8A", "B07")}
_WATER = 0.1
"""NDWI (green - nir) / (green + nir) above which a cluster looks wet; dry land is below 0."""
_PLANTS, _FEW_PLANTS = 0.5, 0.3
"""NDVI (nir - red) / (nir + red) above which a cluster looks green, and pale green; bare soil is at 0.1 to 0.2."""
_GREENISH = 1.08
"""How much brighter green than red and blue is in pictures without near infrared that look green."""
_STEPS = {
    1: ("",),
    2: ("dark", "bright"),
    3: ("dark", "medium", "bright"),
    4: ("very dark", "dark", "bright", "very bright"),
    5: ("very dark", "dark", "medium", "bright", "very bright"),
}
_MAJORITY = 0.5


def seen_names(means: NDArray[np.floating[Any]], bands: Sequence[str]) -> list[str]:
    """Name clusters by how they look, each otherwise.

    Parameters
    ----------
    means
        (clusters, bands) mean reflectance. A row that is not finite is of a cluster that no segment is in.
    bands
        Names of the bands.

    Returns
    -------
    names
        Such as ``green``, ``dark wet``, ``very bright``: the cover that indices tell, and how bright it is among the
        clusters of that cover.
    """
    light = _brightness(means, bands)
    covers = [_cover(row, bands) if np.isfinite(row).all() else "empty" for row in means]
    names = [""] * len(means)
    for cover in set(covers):
        members = [place for place in np.argsort(light, kind="stable").tolist() if covers[place] == cover]
        for place, step in zip(members, _steps(len(members)), strict=True):
            names[place] = f"{step} {cover}".strip()
        if len(members) == 1 and cover == OTHER:
            names[members[0]] = "bright" if light[members[0]] >= np.nanmedian(light) else "dark"
    return names


def _steps(n: int) -> Sequence[str]:
    """Return words for n degrees of brightness, darkest first."""
    return _STEPS[n] if n in _STEPS else [f"brightness {place} of {n}" for place in range(1, n + 1)]


def _brightness(means: NDArray[np.floating[Any]], bands: Sequence[str]) -> NDArray[np.float64]:
    """Return (clusters,) mean reflectance in the visible, or over all bands where none is known to be visible."""
    visible = [place for role in ("blue", "green", "red") if (place := _place(bands, role)) is not None]
    return np.asarray(means[:, visible or slice(None)].mean(axis=1), dtype=np.float64)


def _cover(mean: NDArray[np.floating[Any]], bands: Sequence[str]) -> str:
    """Return what one cluster looks like apart from its brightness."""
    blue, green, red, nir = (None if (at := _place(bands, role)) is None else float(mean[at]) for role in _ROLES)
    if nir is not None and green is not None and _ratio(green, nir) > _WATER:
        return WET
    if nir is not None and red is not None:
        plants = _ratio(nir, red)
        return GREEN if plants > _PLANTS else PALE_GREEN if plants > _FEW_PLANTS else OTHER
    if blue is not None and green is not None and red is not None and green > _GREENISH * max(red, blue):
        return GREEN
    return OTHER


def _ratio(one: float, other: float) -> float:
    """Return their normalised difference; 0 for two zeros."""
    total = one + other
    return (one - other) / total if total > 0 else 0.0


def _place(bands: Sequence[str], role: str) -> int | None:
    """Return which band is of a colour, by its Sentinel-2 name or by the name of the colour."""
    for name in _ROLES[role]:
        if name in bands:
            return list(bands).index(name)
    colours = [colour_named(band) for band in bands]
    return colours.index(role) if role in colours else None


def labelled_names(
    seen: Sequence[str],
    clusters: NDArray[np.integer[Any]],
    codes: NDArray[np.integer[Any]],
    areas: NDArray[np.floating[Any]],
    classes: Sequence[str],
) -> list[str]:
    """Name clusters by the class that most of their labelled area has; others stay as they are seen.

    Parameters
    ----------
    seen
        Names by how clusters look.
    clusters, codes, areas
        (segments,) the cluster, the class (0 for none) and the pixels of each.
    classes
        Names of the classes 1, 2 ...

    Returns
    -------
    names
        ``forest (dark green)``: a class may have several clusters.
    """
    n = len(classes) + 1
    sums = np.bincount(clusters * n + codes, weights=areas, minlength=len(seen) * n).reshape(len(seen), n)
    sums[:, 0] = 0
    names = []
    for name, row in zip(seen, sums, strict=True):
        best = int(row.argmax())
        names.append(f"{classes[best - 1]} ({name})" if row[best] > _MAJORITY * row.sum() else str(name))
    return names
