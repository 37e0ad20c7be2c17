"""From reflectance to an image for the screen: which bands, and how dark and bright."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.types import Floats

_TRUE = (("B04",), ("B03",), ("B02",))
_FALSE = (
    (("B08", "B8A"), ("B04",), ("B03",)),
    (("B12", "B11"), ("B8A", "B08", "B07"), ("B04", "B05")),
)
_RECIPES = {"true_colour": (_TRUE,), "false_colour": _FALSE, "auto": (_TRUE, *_FALSE)}


def check_display(display: object) -> str | list[str]:
    """Check the option ``display``. Raises ConfigError."""
    if isinstance(display, str) and display in _RECIPES:
        return display
    if isinstance(display, (list, tuple)) and len(display) == 3 and all(isinstance(name, str) for name in display):
        return list(display)
    raise ConfigError(
        f"`display` must be one of: {', '.join(_RECIPES)}, or three band names such as [B12,B8A,B04]. "
        f"Got {display!r} instead."
    )


def choose_bands(bands: Sequence[str], display: str | Sequence[str]) -> tuple[int, int, int]:
    """Choose the bands of red, green and blue, as the pictures of a workspace do.

    Parameters
    ----------
    bands
        Names of the scene's bands.
    display
        ``true_colour``: B04, B03, B02. ``false_colour``: B08 (or B8A), B04, B03; where these are absent B12
        (B11), B8A (B08, B07), B04 (B05). Three band names: these. ``auto``: true colour if there, else false
        colour, else gray for one or two bands, three bands in their order, and of more the third, second and first.

    Returns
    -------
    tuple of int
        Three indices into ``bands``; equal ones mean gray.

    Raises
    ------
    ConfigError
        The scene lacks the bands.
    """
    recipes = _RECIPES[display] if isinstance(display, str) else (tuple((name,) for name in display),)
    for recipe in recipes:
        found = [next((name for name in choices if name in bands), None) for choices in recipe]
        if None not in found:
            red, green, blue = (list(bands).index(name) for name in found if name is not None)
            return red, green, blue
    if display == "auto":
        return (0, 0, 0) if len(bands) < 3 else (0, 1, 2) if len(bands) == 3 else (2, 1, 0)
    shown = display if isinstance(display, str) else f"[{','.join(display)}]"
    raise ConfigError(
        f"display={shown} needs bands that the scene lacks; it has {', '.join(bands)}. Use display=auto or name "
        "three of its bands"
    )


def stretch(values: Floats, low: Floats, high: Floats) -> NDArray[np.uint8]:
    """Turn bands (3, rows, columns) into an image (rows, columns, 3): ``low`` becomes 0, ``high`` 255.

    A band whose ``low`` and ``high`` are equal becomes middle gray.
    """
    low, span = (np.asarray(x, dtype=np.float32)[:, None, None] for x in (low, np.subtract(high, low)))
    scaled = np.divide(values - low, span, out=np.full(values.shape, 0.5, np.float32), where=span > 0)
    image: NDArray[np.uint8] = np.moveaxis(np.round(np.clip(scaled, 0, 1) * 255), 0, -1).astype(np.uint8)
    return image
