"""A generated Sentinel-2-like coast with its ground truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS

from rsgraph.errors import ConfigError
from rsgraph.io.synthetic import coast
from rsgraph.protocols import Reader
from rsgraph.types import Floats, Raster, Scene, Window

VERSION = 1
"""Part of the scene's identity: raise it whenever the pixels of a seed change."""

_WEST, _NORTH = 399960.0, 5600040.0
"""Upper left corner of tile T30UVA, in metres of its UTM zone."""

BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")

# Surface reflectance in per mille, in the order of BANDS.
_PER_MILLE = {
    coast.DEEP: (32, 31, 25, 11, 8, 6, 6, 5, 5, 4, 3, 2),
    coast.SHALLOW: (75, 96, 108, 55, 30, 14, 12, 10, 9, 7, 4, 3),
    coast.TURBID: (62, 78, 104, 98, 82, 46, 44, 34, 30, 18, 7, 5),
    coast.SAND: (165, 205, 270, 325, 345, 355, 365, 375, 385, 375, 445, 420),
    coast.WET_SAND: (90, 112, 148, 178, 188, 195, 198, 203, 205, 175, 165, 130),
    coast.ASPHALT: (72, 84, 98, 105, 110, 115, 118, 122, 126, 126, 150, 140),
    coast.TILE: (70, 82, 112, 165, 182, 198, 208, 222, 232, 232, 275, 255),
    coast.METAL: (190, 208, 226, 238, 245, 250, 255, 260, 264, 258, 275, 260),
    coast.CONCRETE: (150, 170, 200, 220, 228, 236, 243, 250, 258, 258, 295, 275),
    coast.SOIL: (58, 72, 104, 142, 162, 180, 195, 210, 230, 240, 310, 270),
    coast.PALE_SOIL: (88, 112, 158, 208, 232, 248, 262, 278, 298, 308, 385, 340),
    coast.CEREAL: (26, 33, 70, 42, 98, 290, 385, 415, 435, 435, 200, 92),
    coast.RAPE: (32, 38, 140, 122, 165, 325, 390, 420, 430, 430, 225, 120),
    coast.RIPE: (68, 88, 138, 182, 212, 258, 285, 312, 332, 342, 370, 275),
    coast.BEET: (18, 22, 44, 21, 68, 345, 490, 525, 545, 540, 215, 98),
    coast.GRASS: (30, 38, 78, 54, 108, 265, 325, 355, 375, 375, 240, 130),
    coast.DRY_GRASS: (48, 62, 102, 108, 145, 225, 258, 285, 305, 305, 315, 215),
    coast.BROADLEAF: (15, 18, 38, 20, 58, 215, 290, 320, 340, 345, 158, 70),
    coast.CONIFER: (14, 16, 29, 18, 44, 138, 178, 198, 215, 220, 98, 45),
    coast.MARSH: (32, 40, 62, 58, 80, 130, 152, 170, 180, 172, 140, 85),
    coast.FAIRWAY: (28, 34, 98, 40, 120, 400, 515, 545, 565, 560, 265, 118),
    coast.CLOUD_TOP: (690, 690, 695, 700, 710, 715, 720, 725, 730, 560, 480, 380),
    coast.ROCK: (105, 118, 142, 165, 178, 186, 193, 200, 207, 212, 262, 238),
    coast.SNOW_TOP: (860, 865, 860, 850, 835, 815, 795, 775, 740, 600, 110, 95),
}
SPECTRA = np.array([_PER_MILLE[material] for material in range(len(_PER_MILLE))], np.float32) / np.float32(1000)

NAMES = {
    coast.WATER: "water",
    coast.BEACH: "beach",
    coast.URBAN: "urban",
    coast.FIELD: "field",
    coast.FOREST: "forest",
    coast.GRASSLAND: "grassland",
    coast.GOLF: "golf",
    coast.CLOUD: "cloud",
}
VARIED_NAMES = {**NAMES, coast.BARE: "bare", coast.SNOW: "snow"}

Places = Literal["one", "varied"]


@dataclass(frozen=True)
class CoastPixels:
    """Pixels of the generated coast; computes every window when it is read."""

    layout: coast.Layout
    noise: float

    def read(self, window: Window) -> Raster:
        """Compute one window."""
        _check_inside(window, self.layout)
        row, column, rows, columns = window
        values: Floats = coast.reflectance(row, column, rows, columns, SPECTRA, self.noise, self.layout)
        return Raster(values, np.ones((rows, columns), np.bool_))


@dataclass
class CoastClasses:
    """Classes of the generated coast: what the middle of each pixel shows, and cloud where one can be seen."""

    layout: coast.Layout
    names: Mapping[int, str] = field(default_factory=lambda: dict(NAMES))

    def read(self, window: Window) -> NDArray[np.uint8]:
        """Compute the class codes of one window (rows, columns)."""
        _check_inside(window, self.layout)
        codes: NDArray[np.uint8] = coast.classes(*window, self.layout)
        return codes


def _check_inside(window: Window, layout: coast.Layout) -> None:
    row, column, rows, columns = window
    if row < 0 or column < 0 or row + rows > layout.rows or column + columns > layout.columns:
        raise ValueError(f"`window` must lie inside {layout.rows} x {layout.columns} pixels. Got {window} instead.")


class Synthetic(Reader):
    """A generated 12-band coastal scene with ground truth: sea, beach, town, fields, forest, golf course, cloud.

    Parameters
    ----------
    rows, columns
        Size in pixels, at least 32 and at most 100 000. Nothing is stored: a full tile (10 980 x 10 980) costs no
        more memory than a chip. The landscape is laid out anew for each size, so that there is always a coast
        with a river that runs into the sea.
    seed
        Another seed, another coast.
    noise
        Standard deviation of the noise of every pixel and band, in reflectance. Sentinel-2's own is about 0.001 to
        0.003; 0 gives the scene without noise.
    clouds
        Share of the scene under cloud, between 0 and 0.9. Clouds keep clear of towns and golf courses where they can.
    pixel_size
        Side of a pixel in metres, for the georeference. The landscape is drawn for 10.
    epsg
        Code of the UTM zone to place the scene in; 32630 puts it at Plymouth.
    places
        ``one``: the whole scene is one kind of coast. ``varied``: what covers the ground changes from region to
        region over some 25 km: forest, heath, farms with fields of other sizes, crops and seasons, towns,
        mountains with rock and snow, lakes, dry country, muddy and shallow seas, haze, and the colours of every
        material. For scenes of several thousand pixels, as a whole tile; a small one shows one such region.

    Notes
    -----
    Materials have surface reflectances in the order of magnitude of Level-2A products over each kind of ground
    (water below 0.02 in the infrared, vegetation with its red edge, sand, soils, roofs, cloud). A pixel's ground
    is a mixture of two materials times a brightness; a 3 x 3 point spread mixes neighbours at borders, then come
    cloud shadow, cloud and noise. All bands have one resolution here; real 20 m and 60 m bands are blurrier.
    """

    needs_path = False

    def __init__(
        self,
        rows: int = 1024,
        columns: int = 1024,
        seed: int = 0,
        noise: float = 0.003,
        clouds: float = 0.04,
        pixel_size: float = 10.0,
        epsg: int = 32630,
        places: Places = "one",
    ) -> None:
        _check("rows", rows, 32, 100_000, "pixels")
        _check("columns", columns, 32, 100_000, "pixels")
        _check("seed", seed, 0, 2**31 - 1, "a whole number")
        _check("noise", noise, 0, 0.5, "reflectance")
        _check("clouds", clouds, 0, 0.9, "a share of the scene")
        _check("pixel_size", pixel_size, 0.01, 10_000, "metres")
        if not (32601 <= epsg <= 32660 or 32701 <= epsg <= 32760):
            raise ConfigError(f"`epsg` must be a UTM zone: 32601 ... 32660 or 32701 ... 32760. Got {epsg} instead.")
        if places not in get_args(Places):
            raise ConfigError(f"`places` must be one of: {', '.join(get_args(Places))}. Got {places!r} instead.")
        self.rows, self.columns, self.seed, self.places = rows, columns, seed, places
        self.noise, self.clouds = noise, clouds
        self.pixel_size, self.epsg = pixel_size, epsg

    def accepts(self, path: Path) -> bool:
        """Return False: the scene is made, not read, so that it must be asked for by name."""
        return False

    def open(self, path: Path | None = None) -> Sequence[Scene]:
        """Return the one scene; the path does not matter."""
        varied = self.places == "varied"
        layout = coast.plan(
            seed=self.seed, rows=self.rows, columns=self.columns, clouds=self.clouds, bands=len(BANDS), varied=varied
        )
        size = self.pixel_size
        return [
            Scene(
                name=f"synthetic_{self.rows}x{self.columns}_seed{self.seed}{'_varied' if varied else ''}",
                bands=BANDS,
                rows=self.rows,
                columns=self.columns,
                source=CoastPixels(layout, self.noise),
                crs=CRS.from_epsg(self.epsg).to_wkt(),
                transform=(size, 0.0, _WEST, 0.0, -size, _NORTH),
                identity=self._identity(),
                notes=("A generated scene, not an observation.",),
                reference=CoastClasses(layout, dict(VARIED_NAMES if varied else NAMES)),
            )
        ]

    def _identity(self) -> dict[str, object]:
        """What decides about the pixels (the georeference is the scene's own)."""
        # Scenes made before there were varied places keep the identity that they had.
        varied = {"places": self.places} if self.places != "one" else {}
        return {
            "generator": f"rsgraph.io.synthetic.reader {VERSION}",
            "rows": self.rows,
            "columns": self.columns,
            "seed": self.seed,
            "noise": self.noise,
            "clouds": self.clouds,
            **varied,
        }


def _check(name: str, value: float, low: float, high: float, unit: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ConfigError(f"`{name}` must be between {low} and {high} ({unit}). Got {value!r} instead.")
    if isinstance(low, int) and unit in ("pixels", "a whole number") and not isinstance(value, int):
        raise ConfigError(f"`{name}` must be a whole number. Got {value!r} instead.")
