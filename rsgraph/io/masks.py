"""Layers that say where data are, wherever they stand in a file and whether or not GDAL takes them as its mask.

GDAL's own mask knows alpha as the second of two or the fourth of four layers. A warped stack of twelve bands has it
13th, Sentinel Hub writes ``dataMask`` behind the bands, and tools that copy a file lose the mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.io.band_names import L2A
from rsgraph.io.handles import dataset
from rsgraph.io.header import Header, left_out, select
from rsgraph.io.layers import MaskLayer
from rsgraph.io.naming import number_in
from rsgraph.io.overrides import Overrides
from rsgraph.io.quality import kind_named
from rsgraph.io.sensors import colour_of
from rsgraph.io.windows import Sample, sample
from rsgraph.types import Mask

_NAMED = re.compile(
    r"(gdal_|dataset_|internal_|pixel_)?"
    r"(alpha|mask|data_?mask|valid(ity)?(_?(data|pixels?))?(_?mask)?|(?P<inverted>(no_?data|fill|invalid)(_?mask)?))"
    r"(_?(band|layer|channel))?"
)
_AMBIGUOUS = re.compile(r"mask(_?(band|layer|channel))?")
_EXTREMES = 0.9
"""Share of a mask's pixels that are 0 or opaque, at least: between the two lie only the edges of what was warped."""

_OVERRULED = " (mask=declared takes only what GDAL does)"

_OF_BAND_FILES = "The band files hold a second layer of two values: taken as the mask of the first."
_SECOND = f"Band 2 of the file holds two values: taken as the mask of the first, not as a band{_OVERRULED}."

_MOST_CLASSES = 12
"""Numbers of Sentinel-2's scene classification, 0 ... 11, and of most others."""

_SAME = 0.99
"""Share of the pixels on which a layer without a name agrees with where the bands hold data, to be their mask."""


def with_masks(found: Header, given: Overrides) -> Header:
    """Take the layers that are masks as such, and say so; leave out what is neither a mask nor a band.

    Parameters
    ----------
    found
        As the file says.
    given
        The user's overrides. With ``mask=declared`` only what GDAL takes as the file's mask is one. Where ``bands``
        names all layers, those that the file says nothing about are bands.

    Returns
    -------
    Header
        With ``masks``, without their layers among the bands.

    Notes
    -----
    A layer marked as alpha is a mask unless it holds many values, as the infrared band does that a writer has marked
    for being the fourth. One that is named as a mask must hold two values; which of them means data is what agrees
    with where the bands hold data, else other than 0, or 0 where it is named after what is missing. One without a
    name is a mask where it holds two values and agrees with where the bands hold data.

    Raises
    ------
    NotReadable
        The file is damaged.
    """
    if not given.looks:
        return _as_declared(found)
    named = _named(found)
    nameless = () if given.bands is not None and len(given.bands) == len(found.indexes) else _unknown(found, given)
    nameless = nameless if len(found.indexes) > 2 else ()
    if not (found.alpha or named or nameless) or {*found.alpha, *named} >= {*found.indexes}:
        return replace(found, masked=found.own_mask)
    return _Choice.of(found, named, nameless).header()


def _as_declared(found: Header) -> Header:
    """Say what becomes of alpha that GDAL does not take as the file's mask."""
    unknown = found.alpha and not found.own_mask and not any("alpha" in _flags(found.path, i) for i in found.indexes)
    if not unknown:
        return found
    notes = (text for text in found.notes if "marked as alpha" not in text)
    listed = ", ".join(map(str, found.alpha))
    said = f"Band {listed} is marked as alpha: left out, and not taken as a mask (mask=auto takes it as one)."
    return replace(found, notes=(said, *notes))


def _flags(path: str, index: int) -> set[str]:
    return {flag.name for flag in dataset(path).mask_flag_enums[index - 1]}


def _named(found: Header) -> dict[int, str]:
    """Return the layers that are named as masks: number -> name."""
    texts = {**dict(zip(found.indexes, found.names, strict=True)), **dict(found.others)}
    return {i: text for i, text in texts.items() if _NAMED.fullmatch(_plain(text))}


def _unknown(found: Header, given: Overrides) -> tuple[int, ...]:
    """Return the layers that the file says nothing about, or gives a name that is of no band and nobody asked for."""
    wanted = given.bands or ()
    return tuple(
        index
        for index, text in zip(found.indexes, found.texts, strict=True)
        if index in found.unnamed or not (text in wanted or _kind_of_band(text) or _NAMED.fullmatch(_plain(text)))
    )


def _kind_of_band(text: str) -> bool:
    """Tell whether a text names a band, or a quality layer that ``rsgraph.io.quality_files`` reads."""
    if kind_named(text):
        return True
    return number_in(text) is not None or colour_of(text) is not None or not re.search(r"[^\W\d_]", text)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "_", text.strip().lower()).strip("_")


@dataclass(frozen=True)
class _Choice:
    """Layers that may be masks, and what a few windows of the file hold."""

    found: Header
    named: dict[int, str]
    unknown: tuple[int, ...]
    nameless: tuple[int, ...]
    layers: tuple[int, ...]
    pixels: Sample
    void: Mask

    @classmethod
    def of(cls, found: Header, named: dict[int, str], nameless: Sequence[int]) -> _Choice:
        layers = tuple(dict.fromkeys([*found.indexes, *found.alpha, *named]))
        pixels = sample(found.path, layers, found.rows, found.columns)
        two = tuple(i for i in nameless if len(found.indexes) > 2 and _two_values(pixels.band(layers.index(i))))
        bands = [place for place, i in enumerate(layers) if i in found.indexes and i not in two and i not in named]
        void = empty(pixels.numbers[bands]) if bands else np.zeros(pixels.border.shape, dtype=np.bool_)
        return cls(found, named, tuple(nameless), two, layers, pixels, void)

    def header(self) -> Header:
        """Return the header with masks chosen."""
        found, notes, masks, bands, dropped = self.found, [], [], [], set[int]()
        for chosen in (*self._of_alpha(), *self._of_named(), *self._of_nameless()):
            notes.append(chosen.note)
            masks += [chosen.mask] if chosen.mask else []
            bands += [chosen.band] if chosen.band else []
            dropped |= {chosen.dropped} if chosen.dropped else set()
        gone = {*self.named, *(mask.number for mask in masks), *dropped}
        kept = [place for place, i in enumerate(found.indexes) if i not in gone]
        if not kept:
            return replace(found, masked=found.own_mask)
        others = [(i, text) for i, text in found.others if i not in self.named]
        changed = select(found, kept)
        for index in bands:
            changed = _with_band(changed, index)
        return replace(
            changed,
            notes=tuple(text for text in (*notes, left_out([text for _, text in others])) if text),
            masked=found.own_mask,
            masks=tuple(masks),
            others=tuple(others),
        )

    def _layer(self, index: int) -> NDArray[Any]:
        return self.pixels.band(self.layers.index(index))

    def _of_alpha(self) -> Iterator[_Taken]:
        for index in self.found.alpha:
            layer = self._layer(index)
            if not _mostly_extreme(layer):
                yield _Taken(
                    f"Band {index} is marked as alpha, but holds many values: taken as a band (reader.bands=[...] "
                    "chooses others).",
                    band=index,
                )
            elif self._hides_all(MaskLayer(index)):
                yield _Taken(f"Band {index} is marked as alpha, but is 0 where the bands hold data: left out.")
            else:
                said = f"Band {index} is marked as alpha: taken as a mask, not as a band{_OVERRULED}."
                yield _Taken(said, MaskLayer(index))

    def _of_named(self) -> Iterator[_Taken]:
        for index, text in self.named.items():
            layer = self._layer(index)
            if not (_few_values(layer) or ("alpha" in text.lower() and _mostly_extreme(layer))):
                yield _Taken(f"{text}: left out, since it is named as a mask, but holds more than two values.")
                continue
            inverted = self._inverted(index, text)
            mask = MaskLayer(index, bool(inverted))
            if self._hides_all(mask):
                yield _Taken(
                    f"{text}: left out, since as a mask it would hide all pixels, though the bands hold data."
                )
                continue
            if inverted is None:
                yield _Taken(f"{text}: left out, since nothing shows whether 0 or {_largest(layer):g} in it is data.")
                continue
            missing = "other than 0" if inverted else "0"
            yield _Taken(f"{text}: taken as a mask, {missing} in it is no data{_OVERRULED}.", mask)

    def _of_nameless(self) -> Iterator[_Taken]:
        taken = set()
        for index in self.nameless:
            zero = self._layer(index) == 0
            for inverted, lost in ((False, zero), (True, ~zero)):
                if self.void.any() and (lost == self.void).mean() >= _SAME:
                    missing = f"{_largest(self._layer(index)):g}" if inverted else "0"
                    said = f"Band {index} is {missing} where the others hold no data: taken as a mask, not as a band"
                    taken.add(index)
                    yield _Taken(f"{said}{_OVERRULED}.", MaskLayer(index, inverted))
                    break
        yield from self._of_few_values(taken)

    def _of_few_values(self, taken: set[int]) -> Iterator[_Taken]:
        """Leave out layers behind the bands that hold a few small numbers, as masks and classes do.

        A band may be as dark as that, too: what stands before a band is one, and so is the last of twelve layers
        without names, where those are all bands of Sentinel-2, unless it holds two numbers.
        """
        names = dict(zip(self.found.indexes, self.found.texts, strict=True))
        whole = len(self.found.indexes) == len(L2A) and len(self.found.unnamed) == len(L2A)
        bands = [index for index in reversed(self.found.indexes) if index not in taken]
        found = list(takewhile(lambda index: index in self.unknown and self._is_coded(index, whole=whole), bands))
        if self.found.dtype == "uint8" or len(found) == len(bands):
            return
        for index in found:
            values = np.unique(self._layer(index))
            listed = ", ".join(f"{value:g}" for value in values[:4]) + (" ..." if len(values) > 4 else "")
            name = f"Band {index}" if index in self.found.unnamed else names[index]
            yield _Taken(
                f"{name}: left out, since where it was looked at it holds nothing but {listed}, as masks and "
                "classes do, and nothing says what they mean (reader.bands=[...] with a name for every layer reads "
                "it as a band).",
                dropped=index,
            )

    def _is_coded(self, index: int, *, whole: bool) -> bool:
        layer = self._layer(index)
        return _two_values(layer) or (not whole and _are_classes(np.unique(layer)))

    def _inverted(self, index: int, text: str) -> bool | None:
        """Tell whether 0 means data: by where the bands hold data, else by the name; None where neither tells."""
        zero = ~(self._layer(index) > 0)
        seen = agreement(zero, self.void)
        if seen is not None:
            return seen
        match = _NAMED.fullmatch(_plain(text))
        if _AMBIGUOUS.fullmatch(_plain(text)) and zero.mean() > 0.5:
            return None
        return bool(match and match["inverted"])

    def _hides_all(self, mask: MaskLayer) -> bool:
        """Tell whether a mask would leave nothing of pixels that hold data."""
        return bool(mask.lost(self._layer(mask.number)).all() and self.void.mean() < 0.5)


@dataclass(frozen=True)
class _Taken:
    """What one layer is taken as, and the sentence that says so."""

    note: str
    mask: MaskLayer | None = None
    band: int | None = None
    dropped: int | None = None


def empty(numbers: NDArray[Any]) -> Mask:
    """Return which pixels hold no data, as it seems: one number in all bands, or NaN; 0 of a single band.

    Parameters
    ----------
    numbers
        (bands, n).
    """
    nan = np.isnan(numbers).all(axis=0) if numbers.dtype.kind == "f" else np.zeros(numbers.shape[1], dtype=np.bool_)
    same = (numbers == numbers[:1]).all(axis=0) if len(numbers) > 1 else numbers[0] == 0
    found: Mask = same | nan
    return found


def agreement(zero: Mask, void: Mask) -> bool | None:
    """Tell whether a mask is inverted, from pixels (n,) where it is 0 and such without data; None: unknown."""
    if zero.all() or not zero.any() or not void.any():
        return None
    inside, outside = float(void[zero].mean()), float(void[~zero].mean())
    if min(inside, outside) >= 0.5 or max(inside, outside) < 0.5:
        return None
    return outside > inside


def second_of_file(found: Header, given: Overrides) -> Header:
    """Take the second of a file's two layers as the mask of the first, where it is not named and holds two values.

    Raises NotReadable where the file is damaged.
    """
    named = given.bands is not None and len(given.bands) == len(found.indexes)
    if not given.looks or named or len(found.indexes) != 2 or found.indexes[1] not in found.unnamed:
        return found
    second = sample(found.path, found.indexes[1:], found.rows, found.columns).band(0)
    return (second_as_mask(found, _SECOND) or found) if _two_values(second) else found


def second_as_mask(found: Header, said: str = _OF_BAND_FILES) -> Header | None:
    """Take the second of two layers as the mask of the first, where it can be one, and say so; else return None.

    Raises NotReadable where the file is damaged.
    """
    pixels = sample(found.path, found.indexes, found.rows, found.columns)
    if len(found.indexes) != 2 or not _few_values(pixels.band(1)):
        return None
    mask = MaskLayer(found.indexes[1], bool(agreement(~(pixels.band(1) > 0), empty(pixels.numbers[:1]))))
    return replace(select(found, [0]), masks=(*found.masks, mask), notes=(*found.notes, said))


def _few_values(layer: NDArray[Any]) -> bool:
    """Tell whether a layer holds nothing but 0 and one number above it, as a mask does; NaN counts as 0."""
    values = np.unique(layer[layer == layer])
    return bool(len(values) and values[0] >= 0 and np.count_nonzero(values) < 2)


def _are_classes(values: NDArray[Any]) -> bool:
    """Tell whether the numbers of a layer are small, whole and few, or the two bits of QA60."""
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if not finite.size or (finite != np.rint(finite)).any() or finite[0] < 0:
        return False
    return bool(finite[-1] < _MOST_CLASSES or {*finite.tolist()} <= {0, 1024, 2048, 3072})


def _two_values(layer: NDArray[Any]) -> bool:
    return bool(_few_values(layer) and (layer > 0).any() and not (layer > 0).all())


def _mostly_extreme(layer: NDArray[Any]) -> bool:
    """Tell whether a layer is 0 or one number above it nearly everywhere, as alpha is; NaN counts as 0."""
    values, counts = np.unique(layer[layer > 0], return_counts=True)
    if not len(values):
        return True
    return bool(layer.size - counts.sum() + counts.max() >= _EXTREMES * layer.size)


def _largest(layer: NDArray[Any]) -> float:
    return float(np.nanmax(layer))


def _with_band(found: Header, index: int) -> Header:
    """Put a layer among the bands, at its place in the file."""
    source = dataset(found.path)
    place = sum(i < index for i in found.indexes)
    added = {
        "indexes": index,
        "names": f"band{index}",
        "scale": float(source.scales[index - 1]),
        "offset": float(source.offsets[index - 1]),
        "nodata": source.nodatavals[index - 1],
        "texts": str(source.descriptions[index - 1] or ""),
    }
    changed: dict[str, Any] = {
        name: (*getattr(found, name)[:place], value, *getattr(found, name)[place:]) for name, value in added.items()
    }
    return replace(found, **changed)
