"""Colours of clusters that everyone can tell apart, with the help of numbers where there are many."""

from __future__ import annotations

import colorsys

import numpy as np

from rsgraph.types import Floats

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#444444", "#E5D200")
"""Okabe and Ito's eight colours, told apart with any colour vision; black as a dark gray, yellow a bit darker."""


def cluster_colours(count: int) -> Floats:
    """Return ``count`` colours (count, 3) in 0-1: the eight, then the same darker, lighter, and so on.

    From nine on colours alone are not safe for everyone: pictures write the cluster's number beside them.
    """
    base = [tuple(int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)) for code in OKABE_ITO]
    shades = (1.0, 0.6, 1.45)
    colours = [_shade(base[i % 8], shades[i // 8 % 3]) for i in range(count)]
    return np.array(colours, dtype=np.float32).reshape(count, 3)


def _shade(colour: tuple[float, ...], factor: float) -> tuple[float, float, float]:
    """Lower the lightness (factor < 1) or raise it towards white (factor > 1)."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*colour)
    lightness = lightness * factor if factor <= 1 else 1 - (1 - lightness) * (2 - factor)
    return colorsys.hls_to_rgb(hue, lightness, saturation * (0.7 if factor > 1 else 1))
