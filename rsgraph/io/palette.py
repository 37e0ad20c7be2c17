"""Colours of classes that everyone can tell apart, with the help of numbers where there are many."""

from __future__ import annotations

import colorsys

Colour = tuple[int, int, int]

_FIRST = ("0072B2", "E69F00", "009E73", "CC79A7", "56B4E9", "D55E00", "F0E442", "444444")
"""Okabe and Ito's eight colours (their black as a dark gray), told apart with any colour vision."""

_SHADES = (1.0, 0.6, 1.45)


def colours(n: int) -> list[Colour]:
    """Return n colours (red, green, blue), 0-255: the eight, then the same darker, lighter, and so on.

    From nine on colours alone are not safe for everyone: pictures write a number beside them.
    """
    return [_shade(_FIRST[number % 8], _SHADES[number // 8 % 3]) for number in range(n)]


def _shade(code: str, factor: float) -> Colour:
    """Lower the lightness (factor < 1) or raise it towards white (factor > 1)."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)))
    lightness = lightness * factor if factor <= 1 else 1 - (1 - lightness) * (2 - factor)
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation * (0.7 if factor > 1 else 1))
    return round(red * 255), round(green * 255), round(blue * 255)
