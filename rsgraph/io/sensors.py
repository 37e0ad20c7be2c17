"""Sensors that name themselves, the colours of their bands, and colours that name themselves.

Colours are the common names of STAC's extension eo: ``coastal``, ``blue``, ``green``, ``red``, ``rededge1`` ...
``nir``, ``nir08``, ``cirrus``, ``swir16``, ``swir22``, ``pan``, ``lwir11``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sensor:
    """A sensor: its name, and number of a band -> colour where that is known.

    ``numbers`` are written without zeros before them.
    """

    name: str
    colours: Mapping[str, str] = field(default_factory=dict)


def _numbered(*colours: str) -> dict[str, str]:
    return {str(number): colour for number, colour in enumerate(colours, start=1)}


SENTINEL_2 = Sensor(
    "Sentinel-2",
    {
        **_numbered("coastal", "blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir"),
        **{"8A": "nir08", "9": "nir09", "10": "cirrus", "11": "swir16", "12": "swir22"},
    },
)
OLI = Sensor(
    "Landsat 8 or 9",
    {
        **_numbered("coastal", "blue", "green", "red", "nir08", "swir16", "swir22", "pan", "cirrus"),
        **{"10": "lwir11", "11": "lwir12"},
    },
)
TM = Sensor("Landsat 4, 5 or 7", _numbered("blue", "green", "red", "nir08", "swir16", "lwir", "swir22", "pan"))
MODIS = Sensor("MODIS", _numbered("red", "nir", "blue", "green", "nir12", "swir16", "swir22"))
ASTER = Sensor("ASTER", {"1": "green", "2": "red", "3": "nir", "3N": "nir", "4": "swir16"})

LANDSAT = Sensor("Landsat")
"""Of a number that names of bands must show."""

NOT_REFLECTED = ("pan", "lwir", "lwir11", "lwir12")
"""Of another grid, or of heat and not of sunlight."""

COLOURS = (
    *("coastal", "blue", "green", "pan", "red", "rededge", "rededge1", "rededge2", "rededge3"),
    *("nir", "nir08", "nir09", "nir12", "cirrus", "swir16", "swir22", "lwir", "lwir11", "lwir12"),
)
"""In the order of their wavelengths."""

_START, _END = r"(?<![a-z0-9])", r"(?![a-z0-9])"
_SENSORS = [
    (OLI, r"l[co]0?[89]\d{0,14}[a-z]{0,3}\d{0,2}|landsat[ _-]?[89]|l[89]|oli|hls\.l30"),
    (TM, r"l[tem]0?[4-7]\d{0,14}[a-z]{0,3}\d{0,2}|landsat[ _-]?[4-7]|l[57]|etm|etm\+"),
    (LANDSAT, r"landsat|sr_b\d{1,2}|st_b\d{1,2}"),
    (MODIS, r"m[oy]d09\w*|mcd43\w*|sur_refl_b\d\d\w*|modis"),
    (ASTER, r"aster|ast_l1t\w*"),
    *((Sensor(name), pattern) for name, pattern in (
        ("PlanetScope", r"planetscope|psscene\w*|analyticms\w*|superdove"),
        ("RapidEye", r"rapideye"),
        ("SPOT", r"spot[ _-]?[4-7]"),
        ("Pleiades", r"pleiades|phr1[ab]"),
        ("WorldView", r"worldview[ _-]?\d?|wv0?[234]"),
        ("Gaofen", r"gaofen|gf[126]"),
        ("NAIP", r"naip"),
        ("Sentinel-3", r"s3[ab]|sentinel[ _-]?3[ab]?|olci"),
        ("VIIRS", r"viirs|vnp09\w*"),
        ("PRISMA", r"prisma|prs_l\w*"),
    )),
    (SENTINEL_2, r"s2[abc]?|sen2[abc]?|sentinel[ _-]?2[abc]?|msil[12][ac]|l1c|l2a|hls\.s30|t\d\d[a-z]{3}"),
]  # fmt: skip
_KNOWN = [(sensor, re.compile(f"{_START}(?:{pattern}){_END}", re.IGNORECASE)) for sensor, pattern in _SENSORS]


def sensor_named(texts: Iterable[str]) -> Sensor | None:
    """Return the sensor that names of files, tags and descriptions speak of; None where none, or several, do.

    A tile such as T48QUE and a level such as L2A count for Sentinel-2 where no other sensor is named.

    Examples
    --------
    >>> sensor_named(["LC08_L2SP_201024_20200412_SR_B4.TIF"]).name, sensor_named(["S2A_MSIL2A_20200412"]).name
    ('Landsat 8 or 9', 'Sentinel-2')
    """
    joined = "\n".join(texts)
    found = [sensor for sensor, pattern in _KNOWN if pattern.search(joined)]
    if SENTINEL_2 in found and len(found) > 1 and _says_sentinel(joined):
        return None  # two sensors: nothing is proven
    found = [sensor for sensor in found if sensor is not SENTINEL_2] or found
    if len(found) > 1:
        found = [sensor for sensor in found if sensor is not LANDSAT]
    return found[0] if len(found) == 1 else None


def _says_sentinel(text: str) -> bool:
    return bool(re.search(f"{_START}(?:s2[abc]?|sentinel[ _-]?2[abc]?|msil[12][ac]){_END}", text, re.IGNORECASE))


_COLOURS = [
    ("coastal", r"coastal(?:[ _-]?(?:aerosols?|blue))?|aerosols?|ultra[ _-]?blue"),
    ("rededge1", r"(?:red[ _-]?edge|re|vre|vegetation[ _-]red[ _-]edge)[ _-]?1|rededge071"),
    ("rededge2", r"(?:red[ _-]?edge|re|vre|vegetation[ _-]red[ _-]edge)[ _-]?2|rededge075"),
    ("rededge3", r"(?:red[ _-]?edge|re|vre|vegetation[ _-]red[ _-]edge)[ _-]?3|rededge078"),
    ("rededge", r"red[ _-]?edge|vegetation[ _-]red[ _-]edge"),
    ("nir08", r"nir08|nir[ _-]?narrow|narrow[ _-]?nir|nnir|nir[ _-]?2|nir[ _-]?a"),
    ("nir09", r"nir09|water[ _-]?vapou?r"),
    ("nir", r"nir(?:[ _-]?1)?|broad[ _-]?nir|nir[ _-]?broad|near[ _-]*infra[ _-]?red|nir[ _-]?wide"),
    ("cirrus", r"cirrus"),
    ("swir16", r"swir[ _-]?1|swir16|swir[ _-]?161\d|mir1|short[ _-]?wave[ _-]*infra[ _-]?red[ _-]?1"),
    ("swir22", r"swir[ _-]?2|swir22|swir[ _-]?2[12]\d\d|mir2|short[ _-]?wave[ _-]*infra[ _-]?red[ _-]?2"),
    ("pan", r"pan|panchromatic"),
    ("lwir", r"lwir\d*|tirs?\d*|thermal|temperature|brightness[ _-]?temperature|kelvin"),
    ("blue", r"blue|blau|bleu|azul"),
    ("green", r"green|gr[uü]n|vert|verde"),
    ("red", r"red|rot|rouge|rojo|vermelho"),
]  # fmt: skip
_WORDS = [(colour, re.compile(f"(?<![a-z0-9])(?:{word})(?![a-z0-9])", re.IGNORECASE)) for colour, word in _COLOURS]


_WAVE = re.compile(r"(?<![\d.])(\d{3,4}(?:\.\d+)?|[0-2]\.\d+) ?(nm|nanomet|um|\u00b5m|\u03bcm|microm)", re.IGNORECASE)
_WAVES = [
    *(("coastal", 425, 456), ("blue", 456, 521), ("green", 521, 601), ("red", 620, 691), ("rededge1", 691, 720)),
    *(("rededge2", 720, 757), ("rededge3", 757, 800), ("nir", 800, 855), ("nir08", 855, 900), ("nir09", 930, 960)),
    *(("cirrus", 1350, 1400), ("swir16", 1550, 1680), ("swir22", 2050, 2320)),
]
"""Central wavelengths in nanometres, from and up to which a band has a colour."""


def colour_of(text: str) -> str | None:
    """Return the colour, or wavelength, that a text speaks of; None where none, or more than one, is named.

    Examples
    --------
    >>> colour_of("Band 4 - Near Infrared"), colour_of("Red"), colour_of("red_edge_1"), colour_of("layer")
    ('nir', 'red', 'rededge1', None)
    """
    wave = _WAVE.search(text)
    if wave:
        nanometres = float(wave[1]) * (1 if wave[2].lower().startswith("n") else 1000)
        return next((colour for colour, low, high in _WAVES if low <= nanometres < high), None)
    found = []
    for colour, pattern in _WORDS:  # what is longer stands first, and takes its words away
        text, count = pattern.subn(" ", text)
        if count:
            found.append(colour)
    return found[0] if len(found) == 1 else None


def colour_named(name: str) -> str | None:
    """Return the colour of a band by its name in a scene: of Sentinel-2's bands (``B04``), or in words."""
    number = re.fullmatch(r"B(0?[1-9]|1[0-2]|8A)", name)
    return SENTINEL_2.colours[number[1].lstrip("0")] if number else colour_of(name.replace("_", " "))
