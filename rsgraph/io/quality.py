"""Quality layers of products: which pixels are clouds, shadows of clouds, saturated or no data.

They lie among the bands of a file or beside it, in the scene's own grid or a coarser one. What each number in them
means is here; where they are found is ``rsgraph.io.quality_files``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.io.handles import check_size, read
from rsgraph.io.resampling import Axis, centres, nearest, needed
from rsgraph.types import CLEAR, CLOUD, LOST, SHADOW, Mask, Window

Codes = NDArray[np.uint8]
Decode = Callable[[NDArray[Any]], Codes]
"""Layers (layers, ...) of a file, as they are stored -> what they say of each pixel (...)."""


@dataclass(frozen=True)
class Kind:
    """A kind of quality layer.

    Parameters
    ----------
    name
        As ``mask=`` names it.
    shown
        As its documents do.
    pattern
        Of descriptions of layers and of names of files.
    decode
        What its numbers mean.
    known
        Whether layers (layers, n) hold such numbers: others of that name exist.
    shadows
        Whether it tells shadows of clouds.
    layers
        How many layers it takes.
    since
        The ``rules`` of readers from which on it is looked for.
    """

    name: str
    shown: str
    pattern: re.Pattern[str]
    decode: Decode
    known: Callable[[NDArray[Any]], bool]
    shadows: bool = True
    layers: int = 1
    since: int = 1


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z0-9])({words})(?![a-z0-9])", re.IGNORECASE)


def whole(numbers: NDArray[Any]) -> NDArray[np.int64]:
    """Return stored numbers as whole ones; NaN and infinities are -1."""
    if numbers.dtype.kind != "f":
        return numbers.astype(np.int64)
    finite = np.isfinite(numbers)
    found: NDArray[np.int64] = np.where(finite, np.rint(np.where(finite, numbers, 0)), -1).astype(np.int64)
    return found


def _by_value(clouds: set[int], shadows: set[int], lost: set[int]) -> Decode:
    def decode(layers: NDArray[Any]) -> Codes:
        values = whole(layers[0])
        return _codes(_among(values, clouds), _among(values, shadows), _among(values, lost | {-1}))

    return decode


def _by_bit(clouds: int, shadows: int, lost: int, *, never: int = 0) -> Decode:
    """Read bits; ``never`` is a value that stands for "no data" whatever its bits are."""

    def decode(layers: NDArray[Any]) -> Codes:
        values = whole(layers[0])
        data = values >= 0
        gone = np.asarray(data & ((values & lost) > 0))
        if never:
            gone |= values == never
        return _codes(data & ((values & clouds) > 0), data & ((values & shadows) > 0), gone)

    return decode


def _among(values: NDArray[np.int64], wanted: set[int]) -> Mask:
    return np.isin(values, list(wanted))


def _codes(clouds: Mask, shadows: Mask, lost: Mask) -> Codes:
    found = np.full(clouds.shape, CLEAR, dtype=np.uint8)
    found[shadows], found[clouds], found[lost] = SHADOW, CLOUD, LOST
    return found


def _values_within(*allowed: int) -> Callable[[NDArray[Any]], bool]:
    def known(layers: NDArray[Any]) -> bool:
        return _are_whole(layers) and bool(_among(whole(layers), {*allowed, -1}).all())

    return known


def _are_whole(layers: NDArray[Any]) -> bool:
    if layers.dtype.kind != "f":
        return True
    finite = layers[np.isfinite(layers)]
    return bool((finite == np.rint(finite)).all())


def _classi(layers: NDArray[Any]) -> Codes:
    """Read Sentinel-2's classification mask of level 1C: opaque clouds, cirrus, snow."""
    values = whole(layers)
    clouds = np.asarray((values[:2] > 0).any(axis=0))
    return _codes(clouds, np.zeros_like(clouds), np.zeros_like(clouds))


def _probability(layers: NDArray[Any]) -> Codes:
    """Read the probability of clouds in percent: a half and more is cloud."""
    values = layers[0].astype(np.float64)
    with np.errstate(invalid="ignore"):
        clouds = (values >= 50) & (values <= 100)
    return _codes(clouds, np.zeros_like(clouds), np.zeros_like(clouds))


def _byte(layers: NDArray[Any]) -> Codes:
    """Read the probability of clouds as Sentinel Hub's CLP has it, 0 ... 255: a half and more is cloud."""
    values = layers[0].astype(np.float64)
    with np.errstate(invalid="ignore"):
        clouds = (values >= 127.5) & (values <= 255)
    return _codes(clouds, np.zeros_like(clouds), np.zeros_like(clouds))


def _usable_data(layers: NDArray[Any]) -> Codes:
    """Read Planet's UDM2: shadow, heavy haze and cloud in layers 3, 5 and 6; in 8, by bits, what is fill or missing.

    Through light haze (4) the ground is seen; bit 1 of the last layer is the cruder cloud mask of before.
    """
    values = whole(layers)
    lost = np.asarray((values[7] > 0) & ((values[7] & 0b1111_1101) > 0))
    return _codes(np.asarray((values[5] == 1) | (values[4] == 1)), np.asarray(values[2] == 1), lost)


def _is_usable_data(layers: NDArray[Any]) -> bool:
    values = whole(layers)
    shares = _among(values[:6], {-1, 0, 1}).all() and values[6].max() <= 100 and values[7].max() <= 255
    return _are_whole(layers) and bool(shares)


def _is_bits_of_8(layers: NDArray[Any]) -> bool:
    """Tell bits from a mask of 0 and 255, and from larger numbers."""
    values = whole(layers)
    two_values = (values == 255).any() and _among(values, {-1, 0, 255}).all()
    return _are_whole(layers) and bool(values.max() <= 255 and not two_values)


def _is_byte(layers: NDArray[Any]) -> bool:
    finite = layers[np.isfinite(layers)] if layers.dtype.kind == "f" else layers
    return bool(finite.size and finite.min() >= 0 and finite.max() <= 255 and _are_whole(layers))


def _is_percent(layers: NDArray[Any]) -> bool:
    finite = layers[np.isfinite(layers)] if layers.dtype.kind == "f" else layers
    return bool(finite.size and finite.min() >= 0 and finite.max() <= 100)


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        # Sen2Cor's scene classification; topographic shadow and thick dust (2) is no shadow of a cloud
        Kind("scl", "SCL", _pattern("scl"), _by_value({8, 9, 10}, {3}, {0, 1}), _values_within(*range(12))),
        # Landsat collection 2: fill, dilated cloud, cirrus, cloud, shadow
        Kind("qa_pixel", "QA_PIXEL", _pattern("qa_pixel"), _by_bit(0b1110, 0b10000, 1), _are_whole),
        # Landsat collection 1: fill, shadow, cloud
        Kind("pixel_qa", "pixel_qa", _pattern("pixel_qa"), _by_bit(0b100000, 0b1000, 1), _are_whole),
        Kind("fmask", "Fmask", _pattern("c?fmask4?"), _by_value({4}, {2}, {255}), _values_within(*range(256))),
        Kind("classi", "MSK_CLASSI", _pattern(r"msk_classi(_b00)?"), _classi, _values_within(0, 1, 255), False, 3),
        # opaque clouds (1024) and cirrus (2048)
        Kind(
            "qa60",
            "QA60",
            _pattern("qa60"),
            _by_bit(0b110000000000, 0, 0),
            _values_within(0, 1024, 2048, 3072),
            False,
        ),
        Kind("udm2", "Planet's UDM2", _pattern("udm2"), _usable_data, _is_usable_data, layers=8, since=3),
        # blackfill, clouds, and of each band what is missing or suspect
        Kind(
            "udm", "Planet's UDM", _pattern("(dn_)?udm"), _by_bit(0b10, 0, 0b1111_1101), _is_bits_of_8, False, since=3
        ),
        # FORCE: no data, confident, buffered and cirrus clouds, shadows, saturation
        Kind(
            "qai",
            "FORCE's QAI",
            _pattern("qai"),
            _by_bit(0b110, 0b1000, 0b10_0000_0001, never=-9999),
            _are_whole,
            since=3,
        ),
        # MAJA: clouds by reflectance and by time, high ones; shadows of clouds in and outside the image. The thinnest
        # (16) are seen through, and bit 0 repeats the others
        Kind(
            "clm",
            "MAJA's CLM",
            _pattern("clm_(r[12]|xs)"),
            _by_bit(0b1000_1110, 0b110_0000, 0),
            _is_bits_of_8,
            since=3,
        ),
        Kind("mg2", "MAJA's MG2", _pattern("mg2(_(r[12]|xs))?"), _by_bit(0b10, 0b1000, 0), _is_bits_of_8, since=3),
        Kind(
            "cloud_mask",
            "the cloud mask",
            _pattern("(msk_|s2_)?(cloud|cld)_?mask|^clouds?$|clm|msk_clouds(_b00)?"),
            _by_value({1, 2, 255}, {3}, set()),
            _values_within(0, 1, 2, 3, 255),
        ),
        Kind(
            "cloud_probability",
            "the probability of clouds",
            _pattern("(msk_)?cldprb|cloud_?prob(ability)?|clprb"),
            _probability,
            _is_percent,
            False,
        ),
    )
}
"""Kinds of quality layers, the most telling first: ``mask=auto`` takes the first that is there."""

SATURATION = Kind(
    "qa_radsat", "QA_RADSAT", _pattern("qa_radsat|radsat_qa"), _by_bit(0, 0, 0b11_1111_1111), _are_whole, False
)
"""Landsat's saturated bands (bits 0 ... 8) and dropped pixels (9): no data, whatever else is said of clouds."""


DATA = Kind(
    "data_mask",
    "the mask of data",
    _pattern("data_?mask|valid_?mask|validity_?mask"),
    lambda layers: np.where(whole(layers[0]) > 0, CLEAR, LOST).astype(np.uint8),
    lambda layers: _are_whole(layers) and len(np.unique(layers[layers > 0])) < 2,
    False,
)
"""A mask of what is data in a file of its own, as Sentinel Hub writes it."""

CLP = Kind("clp", "Sentinel Hub's probability of clouds", _pattern("clp"), _byte, _is_byte, False)
"""Chosen as ``cloud_probability`` is."""

EDGE = Kind(
    "edg",
    "MAJA's EDG",
    _pattern("edg_(r[12]|xs)"),
    _by_value(set(), set(), {1}),
    _values_within(0, 1),
    False,
    since=3,
)
"""What lies beyond the edge of the image."""

SATURATED = Kind(
    "sat", "MAJA's SAT", _pattern("sat_(r[12]|xs)"), _by_bit(0, 0, 0b1111_1111), _is_bits_of_8, False, since=3
)
"""Bands that are saturated, a bit each."""

ALWAYS = (SATURATION, DATA, EDGE, SATURATED)
"""Kinds that say nothing of clouds: they are used whatever is chosen for these."""

_VARIANTS: Mapping[str, tuple[set[int], Kind]] = {
    "fmask": (
        {0, 1, 2, 3, 4, 255},  # NASA's harmonized products have bits: cirrus, cloud, beside a cloud, shadow
        replace(KINDS["fmask"], name="fmask_bits", decode=_by_bit(0b11, 0b1000, 0, never=255)),
    ),
    "cloud_mask": (
        {0, 255},  # beside other numbers, 255 is what was not looked at
        replace(KINDS["cloud_mask"], name="cloud_mask_255", decode=_by_value({1, 2}, {3}, {255})),
    ),
}
"""Kind -> the numbers that it holds at most, and what it is where it holds others."""


def kinds(rules: int) -> tuple[Kind, ...]:
    """Return the kinds that are looked for by some rules of readers, the most telling first."""
    return tuple(kind for kind in (*KINDS.values(), CLP, *ALWAYS) if kind.since <= rules)


def kind_named(text: str, rules: int = 2) -> Kind | None:
    """Return the kind that a description of a layer, or the name of a file, speaks of.

    ``rules`` as of ``kinds``: masks of Planet, FORCE and MAJA are files of their own, never layers among the bands.
    """
    return next((kind for kind in kinds(rules) if kind.pattern.search(text)), None)


def variant(kind: Kind, layers: NDArray[Any]) -> Kind:
    """Return the kind, or its other one, by the numbers in some pixels (layers, n)."""
    if kind.name not in _VARIANTS:
        return kind
    usual, other = _VARIANTS[kind.name]
    return kind if _among(whole(layers), usual | {-1}).all() else other


def kind_of(name: str) -> Kind:
    """Return a kind or a variant of one by its name."""
    others = {other.name: other for _, other in _VARIANTS.values()}
    return {**KINDS, **others, CLP.name: CLP, **{kind.name: kind for kind in ALWAYS}}[name]


@dataclass(frozen=True)
class QualityLayer:
    """Layers of one file that are read as one kind. Picklable.

    Parameters
    ----------
    kind
        Name of it.
    path, indexes, rows, columns
        File, GDAL's numbers of its layers, its size.
    down, across
        Where the scene's grid lies on the file, or None where it is the file's.
    only_lost
        Whether nothing counts but what is no data: clouds are taken from another layer, or from none.
    """

    kind: str
    path: str
    indexes: tuple[int, ...]
    rows: int
    columns: int
    down: Axis | None = None
    across: Axis | None = None
    only_lost: bool = False

    @property
    def knows_shadows(self) -> bool:
        """Whether shadows of clouds are taken from it."""
        return kind_of(self.kind).shadows and not self.only_lost

    def read(self, window: Window) -> Codes:
        """Read codes (rows, columns) of one window of the scene. Raises NotReadable."""
        codes = self._codes(window)
        return np.where(codes == LOST, codes, np.uint8(CLEAR)) if self.only_lost else codes

    def _codes(self, window: Window) -> Codes:
        check_size(self.path, self.rows, self.columns, max(self.indexes))
        decode = kind_of(self.kind).decode
        if self.down is None or self.across is None:
            return decode(read(self.path, list(self.indexes), *window))
        at_rows = centres(self.down, window.row, window.rows)
        at_columns = centres(self.across, window.column, window.columns)
        row, rows = needed(at_rows, self.rows)
        column, columns = needed(at_columns, self.columns)
        codes = decode(read(self.path, list(self.indexes), row, column, rows, columns))
        return nearest(codes, at_rows - row, at_columns - column)


@dataclass(frozen=True)
class Quality:
    """What all quality layers of a scene say together: no data goes before cloud, cloud before shadow. Picklable."""

    layers: tuple[QualityLayer, ...]

    @property
    def knows_shadows(self) -> bool:
        """Whether one of them tells shadows of clouds."""
        return any(layer.knows_shadows for layer in self.layers)

    def read(self, window: Window) -> Codes:
        """Read codes (rows, columns) of one window. Raises NotReadable."""
        found = self.layers[0].read(window)
        for layer in self.layers[1:]:
            found = np.maximum(found, layer.read(window))
        return found
