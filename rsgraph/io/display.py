"""Scenes as pictures for the screen: the choice of bands, and the stretch from reflectance to 8 bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.types import Floats, Mask

Pixels = NDArray[np.uint8]
"""(rows, columns, 3): an image for the screen."""

NO_DATA = (225, 225, 225)
"""Neutral light gray: pixels without data."""

GAMMA = 1.4
"""Lifts shadows (water, forest), which a linear stretch between percentiles leaves nearly black."""

TRUE_COLOUR = (("B04",), ("B03",), ("B02",))
FALSE_COLOUR = (
    (("B08", "B8A"), ("B04",), ("B03",)),  # the usual one: plants are red
    (("B12", "B11"), ("B8A", "B08", "B07"), ("B04", "B05")),  # 20 m scenes: plants green, soil and town pink
)
"""For red, green and blue: the bands that may stand there, best first."""

COLOURS = (
    (("red",), ("green",), ("blue",)),
    (("nir", "nir08"), ("red",), ("green",)),
    (("swir22", "swir16"), ("nir08", "nir", "rededge3"), ("red", "rededge1")),
)
"""The same for bands that are named after their colours, true colour first."""


def choose_bands(bands: Sequence[str], display: str | Sequence[str]) -> tuple[int, int, int]:
    """Choose the three bands that pictures show as red, green and blue.

    Parameters
    ----------
    bands
        Names of the scene's bands.
    display
        ``true_colour``: B04, B03, B02. ``false_colour``: B08 (or B8A), B04, B03; where these are absent, as
        in 20 m scenes, B12 (B11), B8A (B08, B07), B04 (B05). Three band names: these. ``auto``: true colour
        if there, else false colour, else the same by bands that are named after colours (red, Green, nir), else
        a scene of one or two bands in gray by its first, of three bands in their order, and of more bands of
        unknown names the third, second and first (blue, green and red in most products).

    Returns
    -------
    chosen
        Three indices into ``bands``; equal ones mean gray.

    Raises
    ------
    ConfigError
        The scene lacks bands of the chosen display, or ``display`` is none of these.

    Examples
    --------
    >>> choose_bands(["B02", "B03", "B04", "B08"], "auto")
    (2, 1, 0)
    """
    if not isinstance(check_display(display), str):
        return _named(bands, list(display))
    if display == "true_colour":
        found = _find(bands, [TRUE_COLOUR]) or _find(_colours(bands), COLOURS[:1])
        return found or _named(bands, ["B04", "B03", "B02"], display)
    if display == "false_colour":
        found = _find(bands, FALSE_COLOUR) or _find(_colours(bands), COLOURS[1:])
        return found or _named(bands, ["B08", "B04", "B03"], display)
    return _find(bands, [TRUE_COLOUR, *FALSE_COLOUR]) or _find(_colours(bands), COLOURS) or _by_number(len(bands))


def _colours(bands: Sequence[str]) -> list[str]:
    """Return the colours of bands, where names tell them, else the names."""
    from rsgraph.io.sensors import colour_named  # most scenes need none of its tables

    return [colour_named(band) or band for band in bands]


def check_display(display: object) -> str | list[str]:
    """Check the option ``display`` before the scene's bands are known. Raises ConfigError."""
    if isinstance(display, str) and display in ("auto", "true_colour", "false_colour"):
        return display
    if isinstance(display, list | tuple) and len(display) == 3 and all(isinstance(name, str) for name in display):
        return list(display)
    raise ConfigError(
        "`display` must be one of: auto, true_colour, false_colour, or three band names such as [B12,B8A,B04]. "
        f"Got {display!r} instead."
    )


def _find(bands: Sequence[str], recipes: Sequence[Any]) -> tuple[int, int, int] | None:
    """First recipe whose three channels the scene can fill."""
    for recipe in recipes:
        found = [next((name for name in choices if name in bands), None) for choices in recipe]
        if None not in found:
            red, green, blue = (list(bands).index(str(name)) for name in found)
            return red, green, blue
    return None


def _by_number(count: int) -> tuple[int, int, int]:
    """Bands of unknown names."""
    if count < 3:
        return 0, 0, 0
    return (0, 1, 2) if count == 3 else (2, 1, 0)


def _named(bands: Sequence[str], names: Sequence[str], display: str | None = None) -> tuple[int, int, int]:
    """Indices of three names. Raises ConfigError for those that are not there."""
    missing = [name for name in dict.fromkeys(names) if name not in bands]
    if missing:
        shown = display or f"[{','.join(names)}]"
        raise ConfigError(
            f"display={shown} needs the band{'s' if len(missing) > 1 else ''} {', '.join(missing)}, which the "
            f"scene lacks; it has {', '.join(bands)}. Use display=auto or name three of its bands, such as "
            f"display=[{','.join(_suggestion(bands))}]."
        )
    red, green, blue = (list(bands).index(name) for name in names)
    return red, green, blue


def _suggestion(bands: Sequence[str]) -> list[str]:
    return [bands[i] for i in choose_bands(bands, "auto")]


def describe_bands(bands: Sequence[str], chosen: tuple[int, int, int], assumed: str | None = None) -> str:
    """Say what the colours are, and whether that is proven: ``true colour: red B04, green B03, blue B02``.

    ``assumed`` is that of the scene: the reading of the names of bands that was taken where others are possible.
    """
    names = [bands[i] for i in chosen]
    doubt = f" (assumed: {assumed})" if assumed else ""
    if len(set(chosen)) == 1:
        return f"gray: {names[0]}{doubt}"
    true = _colours(names) == ["red", "green", "blue"]
    return f"{'true' if true else 'false'} colour: red {names[0]}, green {names[1]}, blue {names[2]}{doubt}"


BRIGHT = {"B01": 0.3, "B02": 0.3, "B03": 0.3, "B04": 0.3, "B05": 0.4}
BRIGHT_INFRARED = 0.55
"""Reflectance that is shown at full brightness at the latest: land is rarely brighter, clouds always are, and a
stretch up to the clouds leaves everything else dark."""


def shown_limits(survey: Mapping[str, Any], chosen: Sequence[int], *, reflectance: bool) -> tuple[Floats, Floats]:
    """Darkest and brightest value of the chosen bands, for all pictures of a scene alike.

    Parameters
    ----------
    survey
        Of the scene: ``bands``, ``percentile_2`` and ``percentile_98`` of each band.
    chosen
        Indices of bands.
    reflectance
        Whether the values are reflectance, so that clouds can be recognised by their brightness.

    Returns
    -------
    low, high
        (3,): the 2nd percentile, and the 98th or ``BRIGHT``, whichever is less.
    """
    low = np.array([survey["percentile_2"][band] for band in chosen], dtype=np.float32)
    high = np.array([survey["percentile_98"][band] for band in chosen], dtype=np.float32)
    if reflectance:
        names = [survey["bands"][band] for band in chosen]
        capped = np.array([BRIGHT.get(name, BRIGHT_INFRARED) for name in names], dtype=np.float32)
        high = np.where(low < capped, np.minimum(high, capped), high)
    return low, high


def stretch(values: Floats, valid: Mask, low: Floats, high: Floats) -> Pixels:
    """Turn three bands into an image.

    Parameters
    ----------
    values
        (3, rows, columns).
    valid
        (rows, columns); other pixels become light gray.
    low, high
        (3,) values that become 0 and 255, with ``GAMMA`` between; a band whose two are equal becomes gray.

    Returns
    -------
    image
        (rows, columns, 3) uint8.
    """
    low, span = (np.asarray(x, dtype=np.float32)[:, None, None] for x in (low, np.subtract(high, low)))
    scaled = np.divide(values - low, span, out=np.full(values.shape, 0.5, np.float32), where=span > 0)
    image: Pixels = np.moveaxis(np.round(np.clip(scaled, 0, 1) ** (1 / GAMMA) * 255), 0, -1).astype(np.uint8)
    image[~valid] = NO_DATA
    return image
