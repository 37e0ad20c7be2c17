"""Colours and names of classes, for colour tables and for the category names that QGIS shows."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from rsgraph.files import write_text

_FIRST = ("0072B2", "E69F00", "009E73", "CC79A7", "56B4E9", "D55E00", "F0E442", "444444")
"""Okabe and Ito's eight colours (their black as a dark gray), in the order of the pictures of a workspace."""

_SHADES = (1.0, 0.6, 1.45)


def colours(n: int) -> list[str]:
    """Return n colours ``#rrggbb``: the eight, then the same darker, lighter, and so on, as in the pictures."""
    return [_shade(_FIRST[number % 8], _SHADES[number // 8 % 3]) for number in range(n)]


def _shade(code: str, factor: float) -> str:
    """Lower the lightness (factor < 1) or raise it towards white (factor > 1)."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)))
    lightness = lightness * factor if factor <= 1 else 1 - (1 - lightness) * (2 - factor)
    shaded = colorsys.hls_to_rgb(hue, lightness, saturation * (0.7 if factor > 1 else 1))
    return "#" + "".join(f"{round(part * 255):02x}" for part in shaded)


@dataclass(frozen=True)
class Legend:
    """What the codes of a class raster mean.

    Parameters
    ----------
    names
        Of the codes 1, 2 ...; 0 is named separately.
    zero
        What 0 stands for.
    """

    names: Sequence[str]
    zero: str

    @property
    def colours(self) -> dict[int, str]:
        """Colours by code; 0 is nodata, which viewers leave transparent, and black elsewhere."""
        return {0: "#000000", **dict(enumerate(colours(len(self.names)), start=1))}

    @property
    def categories(self) -> dict[int, str]:
        """Names by code."""
        return {0: self.zero, **dict(enumerate(self.names, start=1))}


def write_categories(raster: Path, legend: Legend) -> Path:
    """Write the names where GDAL and QGIS look for them: ``<raster>.aux.xml`` (TIFF has no place for them)."""
    names = "".join(f"      <Category>{escape(name)}</Category>\n" for name in legend.categories.values())
    text = (
        f'<PAMDataset>\n  <PAMRasterBand band="1">\n    <CategoryNames>\n{names}    </CategoryNames>\n'
        "  </PAMRasterBand>\n</PAMDataset>\n"
    )
    path = raster.with_name(f"{raster.name}.aux.xml")
    write_text(path, text)
    return path
