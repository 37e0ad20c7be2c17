"""Colours of clusters and of classes, distinguishable with any colour vision."""

from __future__ import annotations

import colorsys

_FIRST = ("0072B2", "E69F00", "009E73", "CC79A7", "56B4E9", "D55E00", "444444", "E5D200")
"""Okabe and Ito's eight colours, distinguishable with any colour vision; black as a dark gray, yellow darker."""

_SHADES = (1.0, 0.6, 1.45)
COLOURS = len(_FIRST) * len(_SHADES)
"""Different colours that there are."""


CLASS_COLOURS = (
    "#c32d00", "#1eb4c3", "#ffb478", "#c31ea5", "#0fffb4", "#8796ff",
    "#1e874b", "#ff7887", "#ffc3ff", "#a5962d", "#1e4bff", "#d2f000",
)  # fmt: skip
"""Colours of the first twelve classes that a person makes.

Any two are at least 11 apart (CIEDE2000) in simulated protanopia, deuteranopia and tritanopia, and 24 as they are;
they are at least 10 from the grays of maps and from what pictures of land and sea are made of. Simulated annealing
found them among the colours of sRGB with lightness 42 to 90 and chroma above 35, which keeps them clear of dark sea
and forest. The blue and the yellow, which are nearest to water and to the outline of a selection, come last.
"""

DIFFERENT_CLASSES = len(CLASS_COLOURS) * len(_SHADES)
"""Different colours of classes that there are."""


def class_colour(number: int) -> str:
    """Return the colour ``#rrggbb`` of a class, counted from 0: the twelve, the same darker, lighter, and again."""
    n = len(CLASS_COLOURS)
    return _shade(CLASS_COLOURS[number % n][1:], _SHADES[number // n % len(_SHADES)])


def colours(n: int) -> list[str]:
    """Return n colours ``#rrggbb``: the eight, then the same darker, lighter, and so on.

    From nine on colours are not distinguishable for everyone: pictures write a number beside them.
    """
    return [colour(number) for number in range(n)]


def colour(number: int) -> str:
    """Return one of them, counted from 0; after ``COLOURS`` they begin again."""
    return _shade(_FIRST[number % 8], _SHADES[number // 8 % 3])


def _shade(code: str, factor: float) -> str:
    """Lower the lightness (factor < 1) or raise it towards white (factor > 1)."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)))
    lightness = lightness * factor if factor <= 1 else 1 - (1 - lightness) * (2 - factor)
    shaded = colorsys.hls_to_rgb(hue, lightness, saturation * (0.7 if factor > 1 else 1))
    return "#" + "".join(f"{round(part * 255):02x}" for part in shaded)
