"""The generated coast: what covers the ground at any place, computed from its coordinates only.

Every value is a pure function of (row, column, layout): lattice noise over absolute coordinates, hashed with
a counter-based mixer, never drawn in sequence. So any window can be computed by itself and any two windowings
agree bit for bit. All compiled functions live in this one file on purpose: numba's cache of a function does
not notice a change in another file.

Lengths are pixels of 10 m. ``y`` counts rows southwards, ``x`` columns eastwards; the sea lies in the south.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.types import Floats

WATER, BEACH, URBAN, FIELD, FOREST, GRASSLAND, GOLF, CLOUD, BARE, SNOW = range(1, 11)

# Rows of the table of spectra.
(
    DEEP, SHALLOW, TURBID, SAND, WET_SAND, ASPHALT, TILE, METAL, CONCRETE, SOIL, PALE_SOIL, CEREAL, RAPE,
    RIPE, BEET, GRASS, DRY_GRASS, BROADLEAF, CONIFER, MARSH, FAIRWAY, CLOUD_TOP, ROCK, SNOW_TOP,
) = range(24)  # fmt: skip

# What changes from region to region where places are varied: each a field of long waves between -1 and 1.
(
    WOODED, GRASSY, HILLY, LAKES, ARID, MANAGED, CROWNS, MURKY, BANKS, SWELL, HAZY, FARM_SIZE, CROPS, STAGE,
    TOWN_GRID, TOWNS, TINT,
) = range(17)  # fmt: skip
_TINTS = 4
_FIELDS = TINT + _TINTS

_NO_SITE, _TOWN, _GOLF = range(3)


class Layout(NamedTuple):
    """Properties of the whole scene: size, seed, and places of the large features.

    Parameters
    ----------
    seed
        Salts every hash.
    rows, columns
        Size of the scene in pixels.
    rivers
        Number of rivers; each has a strip of ``columns / rivers`` columns.
    mouths
        (rivers,) row at which each river reaches the sea.
    cities
        (rivers, 4) row, column, radius of the city beside each mouth, and the column of the mouth.
    cell
        Side of the square cells of ``sites``, in pixels.
    sites
        (cells down, cells across, 5) kind (0 none, 1 town, 2 golf), row, column, radius, angle.
    cloud_salt
        Salts the cloud noise; chosen so that the clouds leave cities and golf courses free.
    cloud_level
        Clouds stand where the cloud noise exceeds this; 9 for none.
    coast
        Share of the rows that lies north of the straight line that the coast winds about.
    varied
        1 where places differ from region to region, 0 where the whole scene has one kind of country.
    tints
        (tints, materials, bands) float32: how the logarithm of a material's reflectance follows each tint's field.
    """

    seed: int
    rows: int
    columns: int
    rivers: int
    mouths: NDArray[np.float64]
    cities: NDArray[np.float64]
    cell: float
    sites: NDArray[np.float64]
    cloud_salt: int
    cloud_level: float
    coast: float
    varied: float
    tints: Floats


Whole = int | np.int64

Place = NDArray[np.float64]
"""The fields of a place, or of several: the last axis counts them."""

Ground = tuple[int, int, int, float, float]
"""Class, two materials, share of the second, brightness."""

Surface = tuple[int, int, int, float, float, float]
"""The same, and the share of mud."""

_compiled = compiled(error_model="numpy")  # no checks for division by zero: none occurs

_A = np.uint64(0x9E3779B97F4A7C15)
_B = np.uint64(0xC2B2AE3D27D4EB4F)
_C = np.uint64(0x165667B19E3779F9)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_S32 = np.uint64(32)
_S29 = np.uint64(29)
_S11 = np.uint64(11)
_LOW = np.uint64(0xFFFF)
_S16 = np.uint64(16)
_S48 = np.uint64(48)


@_compiled
def _hash(i: Whole, j: Whole, salt: Whole) -> np.uint64:
    """Mix two integers and a salt to 64 random bits (murmur3's finaliser, twice)."""
    h = np.uint64(i) * _A + np.uint64(j) * _B + np.uint64(salt) * _C
    h = (h ^ (h >> _S32)) * _MIX
    h = (h ^ (h >> _S29)) * _A
    return h ^ (h >> _S32)


@_compiled
def _corner(i: Whole, j: Whole, salt: np.uint64) -> float:
    """Mix two integers and a salted number to [0, 1), with half the mixing of ``_hash``: quick, for shapes."""
    h = np.uint64(i) * _A + np.uint64(j) * _B + salt
    h = (h ^ (h >> _S32)) * _MIX
    return np.int64((h ^ (h >> _S29)) >> _S11) * (1.0 / 9007199254740992.0)


@_compiled
def _unit(i: Whole, j: Whole, salt: int) -> float:
    """Return a uniform number in [0, 1)."""
    return _corner(i, j, np.uint64(salt) * _C)


@_compiled
def _normal(bits: np.uint64) -> float:
    """Turn 64 bits into a number of mean 0 and variance 1 (four uniform ones summed, so within 3.5)."""
    total = (bits & _LOW) + ((bits >> _S16) & _LOW) + ((bits >> _S32) & _LOW) + (bits >> _S48)
    return (np.int64(total) - 131070) * (1.7320508075688772 / 65535.0)


@_compiled
def _slope_noise(y: float, x: float, salt: int) -> tuple[float, float, float]:
    """Value noise in [-1, 1] with unit wavelength, and its derivatives along y and x."""
    i, j = math.floor(y), math.floor(x)
    p, q = y - i, x - j
    salted = np.uint64(salt) * _C
    a, b = _corner(i, j, salted), _corner(i + 1, j, salted)
    c, d = _corner(i, j + 1, salted), _corner(i + 1, j + 1, salted)
    u, du = p * p * p * (p * (p * 6 - 15) + 10), 30 * p * p * (p * (p - 2) + 1)
    v, dv = q * q * q * (q * (q * 6 - 15) + 10), 30 * q * q * (q * (q - 2) + 1)
    twist = a - b - c + d
    value = a + (b - a) * u + (c - a) * v + twist * u * v
    return 2 * value - 1, 2 * du * (b - a + twist * v), 2 * dv * (c - a + twist * u)


@_compiled
def _noise(y: float, x: float, wavelength: float, salt: int) -> float:
    """Value noise in [-1, 1] on a lattice rotated by 37 degrees, so that its axes do not show."""
    s, t = y / wavelength, x / wavelength
    return _slope_noise(0.8 * s - 0.6 * t, 0.6 * s + 0.8 * t, salt)[0]


@_compiled
def _rough(y: float, x: float, wavelength: float, octaves: int, salt: int) -> float:
    """Sum octaves of noise, each half as long and 0.58 times as strong as the one before; about [-1, 1]."""
    total, strength = 0.0, 0.5
    for octave in range(octaves):
        total += strength * _noise(y + 311.7 * octave, x, wavelength, salt + octave)
        wavelength *= 0.5
        strength *= 0.58
    return total


@_compiled
def _rough_near(y: float, x: float, wavelength: float, octaves: int, salt: int, low: float, high: float) -> float:
    """As ``_rough``, but stops when the remaining octaves cannot bring the sum to between ``low`` and ``high``."""
    total, strength = 0.0, 0.5
    for octave in range(octaves):
        total += strength * _noise(y + 311.7 * octave, x, wavelength, salt + octave)
        wavelength *= 0.5
        strength *= 0.58
        rest = strength / 0.42
        if total + rest < low or total - rest > high:
            break
    return total


@_compiled
def _step(low: float, high: float, value: float) -> float:
    """Rise smoothly from 0 at ``low`` to 1 at ``high``."""
    t = min(1.0, max(0.0, (value - low) / (high - low)))
    return t * t * (3 - 2 * t)


@_compiled
def _cells(y: float, x: float, size: float, salt: int) -> tuple[np.uint64, float, float, float]:
    """Voronoi cells of jittered points: own hash, distance to the border in pixels, row and column of the point."""
    s, t = y / size, x / size
    i, j = np.int64(math.floor(s)), np.int64(math.floor(t))
    first, second, own, south, east = 9.0, 9.0, _A, 0.0, 0.0
    for k in range(i - 1, i + 2):
        for m in range(j - 1, j + 2):
            bits = _hash(k, m, salt)
            dy = k + 0.15 + 0.7 * (np.int64(bits >> _S48) / 65536.0) - s
            dx = m + 0.15 + 0.7 * (np.int64((bits >> _S32) & _LOW) / 65536.0) - t
            distance = dy * dy + dx * dx
            if distance < first:
                first, second, own, south, east = distance, first, bits, dy, dx
            elif distance < second:
                second = distance
    return own, 0.5 * (math.sqrt(second) - math.sqrt(first)) * size, y + south * size, x + east * size


@_compiled
def _field(y: float, x: float, k: int, layout: Layout) -> float:
    """Field k at a place, in [-1, 1]; 0 where all places are alike."""
    if layout.varied == 0:
        return 0.0
    return min(1.0, max(-1.0, 2.4 * _rough(y, x, 2300.0 + 170.0 * (k % 7), 3, layout.seed + 800 + 10 * k)))


@_compiled
def _scaled(octaves: float, y: float, x: float, k: int, layout: Layout) -> float:
    """Return 2 to the power of ``octaves`` times field k: 1 where all places are alike."""
    return float(2.0 ** (octaves * _field(y, x, k, layout)))


@_compiled
def _direction(t: float) -> tuple[float, float]:
    """Cosine and sine of an angle between 0 (t = 0) and 90 degrees (t = 1)."""
    return (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)


@_compiled
def shore(y: float, x: float, layout: Layout) -> float:
    """Signed distance to the coast in pixels, positive on land; the rivers are not part of it.

    A straight coast, displaced by octaves of noise from over half the scene down to 8 pixels. Octaves too small to
    matter so far from the coast fade out, which also saves their time.
    """
    wavelength = max(64.0, 0.62 * min(layout.rows, 1.5 * layout.columns))
    height = layout.coast * layout.rows - y + 0.1 * (x - 0.5 * layout.columns)
    slope_y, slope_x = -1.0, 0.1
    rugged = 0.7 + 0.3 * _noise(y, x, 0.4 * wavelength, layout.seed + 1)
    octave = 0
    while wavelength > 8:
        reach = wavelength * (0.24 if octave < 2 else 0.27 * rugged)
        weight = reach * (1 - _step(5 * reach, 9 * reach, abs(height) - 20))
        if weight <= 0:
            break
        s, t = y / wavelength, x / wavelength
        n, ny, nx = _slope_noise(0.8 * s - 0.6 * t, 0.6 * s + 0.8 * t, layout.seed + 10 + octave)
        height += weight * n
        slope_y += weight / wavelength * (0.8 * ny + 0.6 * nx)
        slope_x += weight / wavelength * (-0.6 * ny + 0.8 * nx)
        wavelength *= 0.5
        octave += 1
    return height / max(0.6, math.sqrt(slope_y * slope_y + slope_x * slope_x))


@_compiled
def river(y: float, x: float, layout: Layout) -> tuple[float, int]:
    """Signed distance to the axis of the strip's river in pixels, and the number of the strip."""
    strip = layout.columns / layout.rivers
    k = min(layout.rivers - 1, max(0, int(x / strip)))
    salt = layout.seed + 100 + 10 * k
    size = min(1.0, strip / 1000)
    axis = (k + 0.5 + 0.1 * (2 * _unit(k, 0, salt) - 1)) * strip
    value, slope_y, slope_x = x - axis, 0.0, 1.0
    for octave in range(5):
        if octave > 0 and abs(value) > (0.0, 270.0 + 0.03 * strip, 270.0, 210.0, 170.0)[octave]:
            break
        wavelength = (0.7 * min(layout.rows, 4000), 0.25 * strip, 330.0 * size, 140.0 * size, 60.0 * size)[octave]
        reach = (0.17 * strip, 0.03 * strip, 60.0 * size, 42.0 * size, 12.0 * size)[octave]
        # The long octaves displace whole rows; the short ones also vary along the row, which gives loops.
        along = 0.0 if octave < 2 else 1.0 / wavelength
        n, ny, nx = _slope_noise(y / wavelength + 77.7, x * along, salt + octave)
        value += reach * n
        slope_y += reach / wavelength * ny
        slope_x += reach * along * nx
    return value / max(0.6, math.sqrt(slope_y * slope_y + slope_x * slope_x)), k


@_compiled
def _half_width(y: float, x: float, inland: float, layout: Layout, k: int) -> float:
    """Half the width of a river: wider downstream, and a funnel at the mouth."""
    size = min(1.0, layout.columns / layout.rivers / 1000)
    course = min(1.0, max(0.0, y / max(1.0, layout.mouths[k])))
    funnel = (16 + 0.004 * layout.rows) * math.exp(-max(0.0, inland) / (60.0 * size + 0.01 * layout.rows))
    wobble = 1 + 0.2 * _noise(y, x, 45.0, layout.seed + 90)
    return float(max(2.5, size * (6 + 4 * course + funnel) * wobble))


@_compiled
def _cloudiness(y: float, x: float, salt: int, level: float) -> float:
    """Cloud noise: the part of the sky where it exceeds a level is the share of cloud. Exact only near ``level``."""
    return _rough_near(y, x, 210.0, 6, salt, level - 0.04, level + 0.1)


_VEILED = 0.198
"""Opacity from which a pixel is cloud: that at ``cloud_level``."""


@_compiled
def cloud_cover(y: float, x: float, layout: Layout) -> float:
    """Opacity of the cloud in [0, 1], with soft edges."""
    if layout.cloud_level > 2:
        return 0.0
    return _step(-0.04, 0.1, _cloudiness(y, x, layout.cloud_salt, layout.cloud_level) - layout.cloud_level)


@_compiled
def _plume(y: float, x: float, stretch: float, layout: Layout) -> float:
    """Share of mud in the sea: it fades away from the river mouths and drifts east."""
    size = 0.09 * min(layout.columns / layout.rivers, layout.rows)
    nearest = 1e9
    for k in range(layout.rivers):
        down = max(0.0, y - layout.mouths[k])
        side = x - layout.cities[k, 3] - 0.6 * down
        nearest = min(nearest, 0.5 * down * down + side * side)
    return math.exp(-math.sqrt(nearest) / size * stretch)


@_compiled
def _sea(y: float, x: float, land: float, place: Place, layout: Layout) -> Surface:
    """Shallow and bright at the beach, deep and dark outside, muddy off the river mouths, surf lines.

    Surf is light on the water, not a white material: it stays dark in the infrared, as thin foam does.
    """
    seed, depth = layout.seed, -land
    bars = _rough(y, x, 130.0, 2, seed + 200)
    reach = 24 + 14 * _noise(y, x, 500.0, seed + 210)
    shallow = 0.85 * math.exp(-max(0.0, depth * (1 + 0.6 * bars)) / reach)
    shallow += 0.06 + 0.03 * _noise(y, x, 1500.0, seed + 220)
    plume = _plume(y, x, 1 + 0.6 * bars, layout)
    if place[BANKS] > 0:
        shallow += 0.9 * place[BANKS] * _step(0.0, 0.7, _rough(y, x, 620.0, 4, seed + 222) + 0.3 * place[BANKS])
    if place[MURKY] > 0:
        plume += 0.8 * place[MURKY] * _step(-0.3, 0.7, _rough(y + 0.4 * x, 0.6 * x, 480.0, 5, seed + 226))
    waves = 0.04 * (1 + 1.8 * max(0.0, place[SWELL]))
    light = 1 + waves * _noise(3 * y, x + y, 17.0, seed + 230) + 0.04 * (2 * _unit(int(y), int(x), seed + 231) - 1)
    if depth < 12:
        crest = abs(depth - 4 - 3 * _noise(y, x, 30.0, seed + 240))
        light += (
            1.6 * max(0.0, 1 - 2 * plume) * _step(1.8, 0.2, crest) * _step(-0.2, 0.5, _noise(y, x, 22.0, seed + 241))
        )
    return WATER, DEEP, SHALLOW, min(1.0, max(0.0, shallow)), light, min(0.9, plume)


@_compiled
def _city(y: float, x: float, layout: Layout) -> float:
    """Density of building in [0, 1] (0: no town here)."""
    best = 0.0
    for k in range(layout.rivers):
        dy, dx = y - layout.cities[k, 0], x - layout.cities[k, 1]
        away = math.sqrt(dy * dy + dx * dx) / layout.cities[k, 2]
        if away < 1.7:
            best = max(best, 1 - away + 0.75 * _rough(y, x, 0.7 * layout.cities[k, 2], 3, layout.seed + 300))
    return best


@_compiled
def _site(y: float, x: float, layout: Layout) -> tuple[int, float, float]:
    """Return the kind of site at a place, how far inside it lies (1 centre, 0 rim), and its angle."""
    i, j = int(y / layout.cell + 0.5), int(x / layout.cell + 0.5)
    down, across = layout.sites.shape[:2]
    kind, best, angle = _NO_SITE, 0.0, 0.0
    for k in range(max(0, i - 1), min(down, i + 1)):
        for m in range(max(0, j - 1), min(across, j + 1)):
            if layout.sites[k, m, 0] > 0:
                dy, dx = y - layout.sites[k, m, 1], x - layout.sites[k, m, 2]
                radius = layout.sites[k, m, 3]
                inside = 1 - math.sqrt(dy * dy + dx * dx) / radius
                if inside > -0.6:
                    inside += 0.75 * _rough(y, x, 0.9 * radius, 3, layout.seed + 310)
                    if inside > best:
                        kind, best, angle = int(layout.sites[k, m, 0]), inside, layout.sites[k, m, 4]
    return kind, best, angle


@_compiled
def _near_town(y: float, x: float, layout: Layout) -> bool:
    """Tell whether a city, town or golf course may reach within 16 pixels of a place."""
    for k in range(layout.rivers):
        dy, dx = y - layout.cities[k, 0], x - layout.cities[k, 1]
        if math.sqrt(dy * dy + dx * dx) < 1.7 * layout.cities[k, 2] + _BLOCK:
            return True
    i, j = int(y / layout.cell + 0.5), int(x / layout.cell + 0.5)
    for k in range(max(0, i - 1), min(layout.sites.shape[0], i + 1)):
        for m in range(max(0, j - 1), min(layout.sites.shape[1], j + 1)):
            site = layout.sites[k, m]
            away = math.sqrt((y - site[1]) ** 2 + (x - site[2]) ** 2)
            if site[0] > 0 and away < 1.6 * site[3] + _BLOCK:
                return True
    return False


@_compiled
def _town(y: float, x: float, density: float, layout: Layout) -> Ground:
    """Streets on a grid that turns from district to district; lots with roofs, yards, gardens and trees."""
    seed = layout.seed
    district, border, south, east = _cells(y, x, 85.0, seed + 400)
    bits = np.int64(district & np.uint64(0xFFFFFF))
    c, s = _direction((bits % 997) / 997)
    u, v = c * y + s * x, c * x - s * y
    size = _scaled(0.8, south, east, TOWN_GRID, layout)
    block_y, block_x = size * (9.0 + bits % 4), size * (11.0 + bits % 7)
    i, j = math.floor(u / block_y), math.floor(v / block_x)
    street = min(u - i * block_y, v - j * block_x)
    light = 1 + 0.12 * (2 * _unit(int(y), int(x), seed + 401) - 1)
    if border < 1.1:
        return URBAN, ASPHALT, CONCRETE, 0.35, light
    if street < 1.35:
        return URBAN, ASPHALT, BROADLEAF, 0.3 * _unit(int(u), int(v), seed + 402), light
    use = _unit(np.int64(i), np.int64(j), seed + 403)
    if use < 0.09:
        return URBAN, GRASS, BROADLEAF, _step(-0.2, 0.4, _noise(y, x, 5.0, seed + 404)), light
    if use > 0.93 or (bits % 13 == 0 and use > 0.6):
        return URBAN, METAL, CONCRETE, _unit(np.int64(u / 5), np.int64(v / 6), seed + 405), light
    lot = _unit(np.int64(u / 2.6), np.int64(v / 2.6), seed + 406) + 0.45 * (density - 0.45)
    mixed = _unit(np.int64(u / 2.6), np.int64(v / 2.6), seed + 407)
    if lot < 0.3:
        return URBAN, GRASS, BROADLEAF, mixed, light
    if lot < 0.72:
        return URBAN, TILE, BROADLEAF, 0.4 * mixed, light
    return URBAN, CONCRETE, (METAL if mixed > 0.8 else ASPHALT), 0.8 * mixed, light


@_compiled
def _golf(y: float, x: float, angle: float, seed: int) -> Ground:
    """Mown fairways that bend side by side, trees between them, bunkers beside them, a light green at the end."""
    c, s = math.cos(angle), math.sin(angle)
    u, v = c * y + s * x, c * x - s * y
    v += 5 * _noise(y, x, 38.0, seed + 420)
    lane = math.floor(v / 15)
    u += 60 * _unit(np.int64(lane), 3, seed + 421)
    hole = math.floor(u / 46)
    along, across = u - 46 * hole, v - 15 * lane - 7.5
    key = _hash(np.int64(lane), np.int64(hole), seed + 422)
    half = 4.2 + 0.8 * _noise(y, x, 12.0, seed + 423)
    light = 1 + 0.05 * (2 * _unit(int(y), int(x), seed + 424) - 1)
    for k in range(2):
        at = 14 + 21.0 * k + np.int64((key >> np.uint64(8 * k)) & np.uint64(7))
        side = 4.8 if (key >> np.uint64(30 + k)) & np.uint64(1) else -4.8
        if (along - at) ** 2 + (across - side) ** 2 < 2.2:
            return GOLF, SAND, SAND, 0.0, light
    if (along - 37) ** 2 + across**2 < 8:
        return GOLF, FAIRWAY, GRASS, 0.0, 1.12 * light
    if abs(across) < half and 5 < along < 41:
        return GOLF, FAIRWAY, GRASS, 0.15 + (0.14 if int(along) % 6 < 3 else 0.0), light
    trees = _step(-0.15, 0.25, _rough(y, x, 13.0, 2, seed + 425))
    return GOLF, GRASS, (BROADLEAF if _noise(y, x, 40.0, seed + 426) > -0.3 else CONIFER), trees, 0.95 * light


@_compiled
def _woods(y: float, x: float, shade: float, place: Place, seed: int) -> Ground:
    """Return broadleaved and coniferous stands, crown by crown; managed ones are of one age each, some felled."""
    mixed = _rough(y, x, 150.0, 2, seed + 440) - 0.5 * place[CROWNS]
    coarse = 1 - 0.7 * place[CROWNS]
    crowns = 0.14 * _noise(y, x, 3.1, seed + 441) + 0.12 * (2 * _unit(int(y), int(x), seed + 442) - 1)
    crowns = (2 - coarse) * crowns + coarse * 0.14 * _noise(y, x, 31.0, seed + 443)
    if place[MANAGED] > 0:
        stand, border, _, _ = _cells(y + 9 * mixed, x, 48.0, seed + 445)
        age = np.int64(stand & _LOW) / 65536.0
        if age < 0.3 * place[MANAGED]:
            return GRASSLAND, DRY_GRASS, SOIL, 0.25 + 2 * age, shade + crowns
        if border < 0.6:
            return GRASSLAND, GRASS, SOIL, 0.35, 0.8 * shade
        mixed += place[MANAGED] * (np.int64((stand >> _S16) & _LOW) / 65536.0 - 0.5)
        crowns = (1.2 - age) * crowns + 0.25 * place[MANAGED] * (age - 0.6)
    return FOREST, BROADLEAF, CONIFER, _step(-0.15, 0.25, mixed), shade + crowns


@_compiled
def _meadow(y: float, x: float, dryness: float, shade: float, seed: int) -> Ground:
    """Return grass, drier or greener from place to place, with bushes."""
    light = shade + 0.05 * _noise(y, x, 3.0, seed + 450) + 0.06 * _noise(y, x, 17.0, seed + 451)
    if _unit(int(y / 1.7), int(x / 1.7), seed + 452) < 0.07 * _step(0.0, 0.6, _noise(y, x, 28.0, seed + 454)):
        return GRASSLAND, GRASS, BROADLEAF, 0.8, light
    dry = dryness + 0.3 * _rough(y, x, 70.0, 3, seed + 453)
    return GRASSLAND, GRASS, DRY_GRASS, min(1.0, max(0.0, dry)), light


@_compiled
def _parcel(y: float, x: float, layout: Layout) -> tuple[np.uint64, float, float, float, float, float, float]:
    """Return the parcel's hash, distance to its border and to the road, place across its rows, habit of the estate.

    Estates (Voronoi cells of 400 pixels) each have a direction and a typical size; inside, uneven rows of
    uneven blocks, which are cut into strips. The last two numbers are row and column of the estate.
    """
    seed = layout.seed
    bend = 8 * _noise(y, x, 90.0, seed + 460)
    wy, wx = y + bend, x - bend
    estate, road, south, east = _cells(wy, wx, 330.0, seed + 462)
    key = np.int64(estate & np.uint64(0xFFFFFFF))
    c, s = _direction((key % 1009) / 1009)
    u, v = c * wy + s * wx, c * wx - s * wy
    size = _scaled(1.3, south, east, FARM_SIZE, layout)
    deep, wide = size * (44.0 + key % 37), size * (60.0 + key % 53)
    i = math.floor(u / deep)
    up = (i + 0.3 * _unit(np.int64(i), key, seed + 463)) * deep
    down = (i + 1 + 0.3 * _unit(np.int64(i) + 1, key, seed + 463)) * deep
    if u < up:
        i -= 1
        up, down = (i + 0.3 * _unit(np.int64(i), key, seed + 463)) * deep, up
    v += wide * _unit(np.int64(i), key, seed + 464)
    j = math.floor(v / wide)
    left = (j + 0.4 * _unit(np.int64(j), key + np.int64(i), seed + 465)) * wide
    right = (j + 1 + 0.4 * _unit(np.int64(j) + 1, key + np.int64(i), seed + 465)) * wide
    if v < left:
        j -= 1
        left, right = (j + 0.4 * _unit(np.int64(j), key + np.int64(i), seed + 465)) * wide, left
    block = _hash(np.int64(i), np.int64(j), key)
    strips = 1 + np.int64(block & np.uint64(3)) % 3
    if (block >> np.uint64(8)) & np.uint64(1):
        size, t = (right - left) / strips, v - left
    else:
        size, t = (down - up) / strips, u - up
    strip = math.floor(t / size)
    edge = min(min(u - up, down - u), min(v - left, right - v), t - strip * size, (strip + 1) * size - t)
    habit = (key % 101) / 101
    return _hash(np.int64(strip), 7, np.int64(block)), edge, road, (u if key & 1 else v), habit, south, east


@_compiled
def _farm(y: float, x: float, shade: float, place: Place, layout: Layout) -> Ground:
    """One parcel of the patchwork: its crop and its growth stage, with hedges, tracks and roads between."""
    seed = layout.seed
    key, edge, road, rows, habit, south, east = _parcel(y, x, layout)
    fine = 0.05 * (2 * _unit(int(y), int(x), seed + 470) - 1)
    if road < 0.8:
        return URBAN, ASPHALT, PALE_SOIL, 0.3, 1.0 + fine
    if road < 2.0 and _noise(y, x, 60.0, seed + 471) > 0.1:
        return FIELD, BROADLEAF, GRASS, 0.3, 1.0 + fine
    pick = (np.int64(key & _LOW) / 65536.0) ** _scaled(1.8, south, east, CROPS, layout)
    season = 0.2 * habit - 0.1
    growth = (np.int64((key >> _S16) & _LOW) / 65536.0) ** _scaled(1.8, south, east, STAGE, layout)
    tone = 0.9 + 0.2 * (np.int64((key >> _S32) & _LOW) / 65536.0)
    if edge < 0.75 and (key >> _S48) & np.uint64(3) != np.uint64(0):
        return FIELD, BROADLEAF, GRASS, 0.45, shade
    patchy = 0.16 * _rough(y, x, 34.0, 2, seed + 472) + 0.05 * math.sin(rows * 1.7)
    light = shade * tone + fine
    stage = min(1.0, max(0.0, growth + patchy))
    if pick < 0.24 + season:
        return FIELD, CEREAL, BEET, stage, light
    if pick < 0.33 + season:
        return FIELD, CEREAL, RAPE, 0.55 + 0.45 * stage, light
    if pick < 0.47:
        return FIELD, SOIL, PALE_SOIL, stage, light
    if pick < 0.56:
        return FIELD, SOIL, CEREAL, 0.5 * stage, light
    if pick < 0.68:
        return FIELD, RIPE, DRY_GRASS, 0.6 * stage, light
    if pick < 0.78:
        return FIELD, BEET, CEREAL, 0.3 * stage, light
    if pick < 0.83:
        return _woods(y, x, shade, place, seed)
    return _meadow(y, x, stage - 0.1, light, seed)


@_compiled
def _bank(y: float, x: float, land: float, layout: Layout) -> float:
    """Distance to the river's bank in pixels, negative in the river; 999 far away and beyond the mouth."""
    stream, k = river(y, x, layout)
    if y > layout.mouths[k] + 40 or abs(stream) > 160:
        return 999.0
    return abs(stream) - _half_width(y, x, land, layout, k)


@_compiled
def _inland(y: float, x: float, land: float, bank: float, near_town: int, place: Place, layout: Layout) -> Ground:
    """Golf courses and towns, else dunes, woods, meadows along the river, heath, and farms where nothing else is."""
    seed = layout.seed
    if near_town:
        kind, inside, angle = _site(y, x, layout)
        if kind == _GOLF:
            return _golf(y, x, angle, seed)
        built = max(_city(y, x, layout), inside)
        if built > 0:
            return _town(y, x, built, layout)
    hill, slope_y, slope_x = _slope_noise(y / 420.0, x / 420.0, seed + 270)
    shade = 1 + 0.035 * (slope_y + slope_x) + 0.03 * hill
    dry = 0.3 * place[ARID]
    if place[HILLY] > 0:
        altitude, lit = _mountain(y, x, place[HILLY], seed)
        shade *= lit
        if altitude > 0.42:
            return _alpine(y, x, altitude, shade, place, seed)
    if place[ARID] > 0.15:
        bare = place[ARID] + 0.7 * _rough(y, x, 260.0, 4, seed + 296)
        if bare > 0.5:
            return _steppe(y, x, bare - 0.5, shade, seed)
    if land < 32 and land < 20 + 12 * _noise(y, x, 60.0, seed + 280):
        return _meadow(y, x, 0.85 + dry, shade, seed)
    region = min(0.4, 0.1 + 0.00004 * layout.rows)  # a large scene has wooded and open regions
    tilt = region * _noise(y, x, 2600.0, seed + 290) + 0.12 * hill
    forest, heath = 0.25 - 0.5 * place[WOODED], -0.45 + 0.45 * place[GRASSY]
    wild = tilt + _rough_near(y, x, 330.0, 5, seed + 282, min(heath, forest) - tilt, max(heath, forest) - tilt)
    if wild > forest or (bank < 6 and _noise(y, x, 24.0, seed + 291) > 0.1):
        return _woods(y, x, shade, place, seed)
    if bank < 38 and bank < 16 + 22 * _noise(y, x, 75.0, seed + 281):
        return _meadow(y, x, 0.15 + dry, shade, seed)
    if wild < heath:
        return _meadow(y, x, 0.75 + dry, shade, seed)
    return _farm(y, x, shade, place, layout)


@_compiled
def _mountain(y: float, x: float, steep: float, seed: int) -> tuple[float, float]:
    """Altitude (0 the valleys, 1 the peaks where it is steepest) and brightness under a sun in the south-east."""
    altitude, slope, wavelength, strength = 0.0, 0.0, 900.0, 0.5
    for octave in range(5):
        s, t = y / wavelength, x / wavelength
        n, ny, nx = _slope_noise(0.8 * s - 0.6 * t, 0.6 * s + 0.8 * t, seed + 610 + octave)
        ridge = 1 - 2 * abs(n)
        altitude += strength * ridge
        slope -= (1 if n > 0 else -1) * (0.2 * ny + 1.4 * nx) * (0.9 if octave < 3 else 0.6)
        wavelength *= 0.45
        strength *= 0.5
    return steep * (0.35 + altitude), max(0.35, 1 + 0.11 * steep * slope)


@_compiled
def _alpine(y: float, x: float, altitude: float, shade: float, place: Place, seed: int) -> Ground:
    """Forest on the slopes, grass above it, then scree and rock, and snow at the top."""
    level = altitude + 0.08 * _rough(y, x, 40.0, 3, seed + 620)
    fine = 0.1 * (2 * _unit(int(y), int(x), seed + 623) - 1)
    if level < 0.62:
        return _woods(y, x, shade, place, seed)
    if level < 0.74:
        return _meadow(y, x, 0.35 + 0.5 * place[ARID], shade, seed)
    if level < 0.95:
        return BARE, ROCK, DRY_GRASS, _step(0.9, 0.7, level), shade + fine
    return SNOW, SNOW_TOP, ROCK, _step(1.05, 0.95, level), 0.5 + 0.5 * shade


@_compiled
def _steppe(y: float, x: float, bare: float, shade: float, seed: int) -> Ground:
    """Bare ground of two colours with dry washes, and shrubs that thin out as it gets barer."""
    fine = 0.08 * (2 * _unit(int(y), int(x), seed + 630) - 1)
    if _unit(int(y / 1.4), int(x / 1.4), seed + 631) < 0.3 - 0.5 * bare:
        return GRASSLAND, DRY_GRASS, BROADLEAF, 0.4, shade + fine
    wash = abs(_rough(y, x, 170.0, 4, seed + 632))
    pale = _step(0.3, 0.7, 0.5 + 0.6 * _rough(y, x, 340.0, 3, seed + 637))
    return BARE, SOIL, PALE_SOIL, (1.0 if wash < 0.02 else pale), shade + fine


@_compiled
def _lake(y: float, x: float, place: Place, seed: int) -> float:
    """How far a place lies inside a lake: positive in the water, -1 far from it or where there are none."""
    if place[LAKES] <= 0:
        return -1.0
    level = float(0.62 - 0.32 * place[LAKES])
    return _rough_near(y, x, 430.0, 6, seed + 640, level - 0.05, 2.0) - level


_BLOCK = 16
_SEA, _RIVER, _NEAR_TOWN = 1, 2, 4


@_compiled
def _near(row: int, column: int, rows: int, columns: int, layout: Layout) -> NDArray[np.uint8]:
    """Tell for each block of 16 x 16 pixels whether the sea, a river, a town or golf course may be in it.

    Only to save time: surface() need not look for what is far away. Blocks count from pixel 0, so all windows agree.
    """
    top, left = row // _BLOCK, column // _BLOCK
    down, across = (row + rows - 1) // _BLOCK - top + 1, (column + columns - 1) // _BLOCK - left + 1
    near = np.zeros((down, across), np.uint8)
    for i in range(down):
        for j in range(across):
            y, x = (top + i + 0.5) * _BLOCK, (left + j + 0.5) * _BLOCK
            near[i, j] += _SEA * (shore(y, x, layout) < 60)
            near[i, j] += _RIVER * (abs(river(y, x, layout)[0]) < 190)
            near[i, j] += _NEAR_TOWN * _near_town(y, x, layout)
    return near


@_compiled
def _places(row: int, column: int, rows: int, columns: int, layout: Layout) -> Place:
    """All fields (down + 1, across + 1, fields) at the corners of the 16 x 16 blocks; 0 if places are alike."""
    top, left = row // _BLOCK, column // _BLOCK
    down, across = (row + rows - 1) // _BLOCK - top + 1, (column + columns - 1) // _BLOCK - left + 1
    places = np.zeros((down + 1, across + 1, _FIELDS))
    for i in range(down + 1):
        for j in range(across + 1):
            for k in range(_FIELDS):
                places[i, j, k] = _field(_BLOCK * (top + i), _BLOCK * (left + j), k, layout)
    return places


@_compiled
def _between(y: float, x: float, corners: Place, layout: Layout, place: Place) -> None:
    """Fill ``place`` with the fields at (y, x), linear between the corners (2, 2, fields) of its block."""
    if layout.varied == 0:
        return
    p, q = y / _BLOCK - math.floor(y / _BLOCK), x / _BLOCK - math.floor(x / _BLOCK)
    for k in range(place.size):
        west = (1 - p) * corners[0, 0, k] + p * corners[1, 0, k]
        place[k] = (1 - q) * west + q * ((1 - p) * corners[0, 1, k] + p * corners[1, 1, k])


@_compiled
def _palettes(places: Place, spectra: Floats, layout: Layout) -> Floats:
    """Spectra (down, across, materials, bands) of every block: each material follows the region's tints and haze."""
    down, across = places.shape[0] - 1, places.shape[1] - 1
    palettes = np.empty((down, across, *spectra.shape), np.float32)
    for i in range(down):
        for j in range(across):
            haze = 0.14 * max(0.0, places[i, j, HAZY])
            for a in range(spectra.shape[0]):
                for band in range(spectra.shape[1]):
                    tint = 0.0
                    for k in range(_TINTS):
                        tint += places[i, j, TINT + k] * layout.tints[k, a, band]
                    veil = 0.34 * math.exp(-0.25 * band)  # bands come in the order of their wavelengths
                    palettes[i, j, a, band] = spectra[a, band] * math.exp(tint) * (1 - haze) + haze * veil
    return palettes


@_compiled
def surface(y: float, x: float, near: int, place: Place, layout: Layout) -> Surface:
    """Class, two materials, share of the second, brightness, share of mud at one place, clouds left out.

    ``near`` holds the place's block of ``_near``, ``place`` its fields.
    """
    seed = layout.seed
    land = shore(y, x, layout) if near & _SEA else 999.0
    if land < 0:
        return _sea(y, x, land, place, layout)
    lake = _lake(y, x, place, seed) if land > 60 else -1.0
    if lake > 0:
        shallow = math.exp(-lake * 30) + 0.25 + 0.25 * place[BANKS]
        mud = 0.3 + 0.3 * place[MURKY] + 0.1 * _noise(y, x, 90.0, seed + 252)
        return WATER, DEEP, SHALLOW, min(1.0, shallow), 1 + 0.04 * _noise(y, x, 3.0, seed + 251), mud
    bank = _bank(y, x, land, layout) if near & _RIVER else 999.0
    if bank < 0:
        mouth = math.exp(-land / 35)
        mud = 0.35 + 0.3 * mouth + 0.2 * _noise(y, x, 60.0, seed + 250)
        return WATER, DEEP, SHALLOW, 0.35 + 0.5 * mouth, 1 + 0.04 * _noise(y, x, 3.0, seed + 251), mud
    width = 0.0 if land > 15 else 5 + 10 * _step(-0.5, 0.5, _rough(y, x, 420.0, 2, seed + 260))
    if land < width and bank > 1.5:
        wet = _step(0.45, 0.1, land / width)
        return BEACH, SAND, WET_SAND, wet, 1 + 0.07 * _noise(y, x, 5.0, seed + 261), 0.0
    if bank < 1.5 or lake > -0.012:
        return GRASSLAND, MARSH, WET_SAND, 0.3, 1.0, 0.0
    code, first, second, share, light = _inland(y, x, land, bank, near & _NEAR_TOWN, place, layout)
    return code, first, second, share, light, 0.0


@_compiled
def _clouds(row: int, column: int, rows: int, columns: int, layout: Layout) -> Floats:
    """Opacity of the cloud over every pixel of a window: computed at every even pixel, and linear in between."""
    cover = np.zeros((rows, columns), np.float32)
    if layout.cloud_level > 2:
        return cover
    top, left = row // 2, column // 2
    coarse = np.empty(((row + rows) // 2 - top + 1, (column + columns) // 2 - left + 1), np.float32)
    for i in range(coarse.shape[0]):
        for j in range(coarse.shape[1]):
            coarse[i, j] = cloud_cover(2.0 * (top + i), 2.0 * (left + j), layout)
    for i in range(rows):
        p, odd = (row + i) // 2 - top, (row + i) % 2
        for j in range(columns):
            q, even = (column + j) // 2 - left, (column + j) % 2
            cover[i, j] = 0.25 * (coarse[p, q] + coarse[p + odd, q] + coarse[p, q + even] + coarse[p + odd, q + even])
    return cover


@_compiled
def classes(row: int, column: int, rows: int, columns: int, layout: Layout) -> NDArray[np.uint8]:
    """Class codes (rows, columns) uint8 of a window, clouds on top."""
    codes = np.empty((rows, columns), np.uint8)
    near = _near(row, column, rows, columns, layout)
    places, place = _places(row, column, rows, columns, layout), np.zeros(TINT)
    cover = _clouds(row, column, rows, columns, layout)
    for i in range(rows):
        for j in range(columns):
            p, q = (row + i) // _BLOCK - row // _BLOCK, (column + j) // _BLOCK - column // _BLOCK
            y, x = row + i + 0.5, column + j + 0.5
            _between(y, x, places[p : p + 2, q : q + 2], layout, place)
            code = surface(y, x, near[p, q], place, layout)[0]
            codes[i, j] = CLOUD if cover[i, j] > _VEILED else code
    return codes


# Point spread of the sensor in one direction, centre and side: it mixes the pixels on both sides of a border.
_CENTRE, _SIDE = np.float32(0.6), np.float32(0.2)

# Where the shadow of a pixel's cloud comes from, in pixels: the sun stands in the south-east.
_SUN_DOWN, _SUN_RIGHT = 24, 16


@_compiled
def _ground(
    y: float, column: int, near: NDArray[np.uint8], places: Place, palettes: Floats, layout: Layout, ground: Floats
) -> None:
    """Fill (columns, bands) with the reflectance of the ground at the pixels' centres along a row."""
    place = np.zeros(TINT)
    for j in range(ground.shape[0]):
        q = (column + j) // _BLOCK - column // _BLOCK
        spectra = palettes[q]
        x = column + j + 0.5
        _between(y, x, places[:, q : q + 2], layout, place)
        _, a, b, share, light, mud = surface(y, x, near[q], place, layout)
        first, second, third = light * (1 - share) * (1 - mud), light * share * (1 - mud), light * mud
        for band in range(ground.shape[1]):
            mixed = first * spectra[a, band] + second * spectra[b, band] + third * spectra[TURBID, band]
            ground[j, band] = mixed


@_compiled
def _blur(above: Floats, here: Floats, below: Floats, blurred: Floats) -> None:
    """Apply the sensor's point spread to three rows of ground (columns + 2, bands)."""
    for j in range(blurred.shape[0]):
        for band in range(blurred.shape[1]):
            west = _CENTRE * here[j, band] + _SIDE * (above[j, band] + below[j, band])
            middle = _CENTRE * here[j + 1, band] + _SIDE * (above[j + 1, band] + below[j + 1, band])
            east = _CENTRE * here[j + 2, band] + _SIDE * (above[j + 2, band] + below[j + 2, band])
            blurred[j, band] = _CENTRE * middle + _SIDE * (west + east)


@_compiled
def reflectance(
    row: int, column: int, rows: int, columns: int, spectra: Floats, noise: float, layout: Layout
) -> Floats:
    """Reflectance (bands, rows, columns) float32 of a window: ground, sensor's blur, shadow, cloud, noise."""
    bands = spectra.shape[1]
    near = _near(row - 1, column - 1, rows + 2, columns + 2, layout)
    places = _places(row - 1, column - 1, rows + 2, columns + 2, layout)
    palettes = _palettes(places, spectra, layout)
    cover = _clouds(row, column, rows + _SUN_DOWN, columns + _SUN_RIGHT, layout)
    ground = np.empty((3, columns + 2, bands), np.float32)
    blurred = np.empty((columns, bands), np.float32)
    values = np.empty((bands, rows, columns), np.float32)
    for i in range(-2, rows):
        p = (row + i + 1) // _BLOCK - (row - 1) // _BLOCK
        _ground(row + i + 1.5, column - 1, near[p], places[p : p + 2], palettes[p], layout, ground[(i + 2) % 3])
        if i >= 0:
            _blur(ground[i % 3], ground[(i + 1) % 3], ground[(i + 2) % 3], blurred)
            _observe(
                row + i, column, cover[i], cover[i + _SUN_DOWN], blurred, spectra, noise, layout.seed, values[:, i]
            )
    return values


@_compiled
def _observe(
    y: int,
    column: int,
    cover: Floats,
    shade: Floats,
    ground: Floats,
    spectra: Floats,
    noise: float,
    seed: int,
    seen: Floats,
) -> None:
    """Fill (bands, columns) with a row of ground (columns, bands) under cloud, its shadow, and noise."""
    for j in range(ground.shape[0]):
        cloud, lit = cover[j], 1 - 0.5 * shade[j + _SUN_RIGHT]
        for band in range(ground.shape[1]):
            value = ground[j, band] * lit * (1 - cloud) + cloud * spectra[CLOUD_TOP, band]
            value += noise * _normal(_hash(y, column + j, seed * 64 + 1000 + band))
            seen[band, j] = min(1.0, max(0.0001, value))


@_compiled
def _sample_clouds(layout: Layout, salt: int, count: int) -> NDArray[np.float64]:
    """Cloud noise on a regular grid of count x count places."""
    sky = np.empty((count, count))
    for i in range(count):
        for j in range(count):
            y, x = (i + 0.5) * layout.rows / count, (j + 0.5) * layout.columns / count
            sky[i, j] = _rough(y, x, 210.0, 6, salt)
    return sky


def plan(*, seed: int, rows: int, columns: int, clouds: float, bands: int, varied: bool) -> Layout:
    """Plan the properties of the whole scene: mouths, cities, towns, golf courses, level of the clouds, tints."""
    rivers = max(1, round(columns / 3600))
    cell = float(np.clip(min(rows, columns) / 4, 96, 380))
    sites = np.zeros((math.ceil(rows / cell), math.ceil(columns / cell), 5))
    mouths, cities = np.full(rivers, float(rows)), np.zeros((rivers, 4))
    coast = 0.8 if varied else 0.66  # varied places leave less to the sea, whose chips are the most alike
    bare = Layout(
        seed, rows, columns, rivers, mouths, cities, cell, sites, 0, 9.0, coast, float(varied), _tints(seed, bands)
    )
    for k in range(rivers):
        _place_city(bare, k)
    _place_sites(bare)
    if clouds <= 0:
        return bare
    skies = [_sky_of(bare, salt, clouds) for salt in range(seed + 500, seed + 740, 20)]
    return min(skies, key=_hidden)


def _tints(seed: int, bands: int) -> Floats:
    """Draw for each tint and material a smooth curve over the bands; waters and soils differ most, plants least."""
    random = np.random.default_rng(seed)
    strength = np.full(SNOW_TOP + 1, 0.2)
    strength[[DEEP, SHALLOW, TURBID]] = 0.3
    strength[[CEREAL, RAPE, RIPE, BEET, GRASS, DRY_GRASS, BROADLEAF, CONIFER, MARSH, FAIRWAY]] = 0.12
    waves = np.cos(np.pi * np.outer(np.arange(3), np.linspace(0, 1, bands)))  # level, slope, bend
    curves = random.normal(size=(_TINTS, len(strength), 3)) @ waves
    tints: Floats = (strength[:, None] * curves / np.sqrt(3)).astype(np.float32)
    return tints


@_compiled
def _follow(k: int, layout: Layout) -> tuple[float, float]:
    """Follow river k down to the sea: row and column of its mouth."""
    strip = layout.columns / layout.rivers
    left, right, middle = k * strip, (k + 1) * strip, (k + 0.5) * strip
    for row in range(0, layout.rows, 2):
        nearest = 1e9
        for step in range(int((right - left) / 2)):
            away = abs(river(row + 0.5, left + 2.0 * step, layout)[0])
            if away < nearest:
                nearest, middle = away, left + 2.0 * step
        left, right = max(k * strip, middle - 60), min((k + 1) * strip - 1, middle + 60)
        if shore(row + 0.5, middle, layout) < 0:
            return row + 0.5, middle
    return float(layout.rows), middle


def _place_city(layout: Layout, k: int) -> None:
    """Find the mouth of river k and found a city on its bank."""
    radius = float(np.clip(0.1 * min(layout.rows, layout.columns / layout.rivers * 1.5), 14, 420))
    mouth, middle = _follow(k, layout)
    side = 1 if (layout.seed + k) % 2 else -1
    layout.mouths[k] = mouth
    layout.cities[k] = (mouth - 1.0 * radius, middle + side * 0.9 * radius, radius, middle)


def _place_sites(layout: Layout) -> None:
    """Found towns and golf courses, at most one a cell; the cell that lies best by the sea gets a golf course."""
    random = np.random.default_rng(layout.seed)
    down, across = layout.sites.shape[:2]
    links, best = None, np.inf
    for i in range(down):
        for j in range(across):
            y, x = (np.array((i, j)) + random.uniform(0.3, 0.7, 2)) * layout.cell
            kind, size, angle = random.uniform(), random.uniform(), random.uniform(0, math.pi)
            land = shore(y, x, layout)
            apart = min(math.hypot(y - c[0], x - c[1]) - 1.25 * c[2] for c in layout.cities)
            golf = layout.cell * 0.24
            if land > 20 and apart > golf and y < layout.rows and x < layout.columns:
                if kind < 0.4 * _scaled(1.0, y, x, TOWNS, layout):
                    layout.sites[i, j] = (_TOWN, y, x, layout.cell * (0.08 + 0.2 * size**2), angle)
                elif kind < 0.1 + 0.4 * _scaled(1.0, y, x, TOWNS, layout):
                    layout.sites[i, j] = (_GOLF, y, x, golf * (0.8 + 0.4 * size), angle)
                unfit = abs(land - 1.3 * golf) + 0.2 * apart + 500 * (abs(river(y, x, layout)[0]) < golf + 10)
                if unfit < best:
                    links, best = (i, j, y, x, angle), unfit
    if links is not None:
        layout.sites[links[0], links[1]] = (_GOLF, links[2], links[3], layout.cell * 0.26, links[4])


def _sky_of(layout: Layout, salt: int, clouds: float) -> Layout:
    """Find the level of the cloud noise above which the wanted share of the scene lies."""
    level = np.quantile(_sample_clouds(layout, salt, 200), 1 - clouds)
    return layout._replace(cloud_salt=salt, cloud_level=float(level))


def _hidden(layout: Layout) -> float:
    """How much of the cities, mouths and golf courses the clouds of a layout hide."""
    golf = layout.sites[layout.sites[..., 0] == _GOLF]
    places = [(c[0], c[1], c[2]) for c in layout.cities] + [(g[1], g[2], g[3]) for g in golf[:20]]
    places += [(mouth, c[3], 30.0) for mouth, c in zip(layout.mouths, layout.cities, strict=True)]
    steps = [(i / 2, j / 2) for i in range(-2, 3) for j in range(-2, 3)]
    return float(np.mean([cloud_cover(y + i * r, x + j * r, layout) for y, x, r in places for i, j in steps]))
