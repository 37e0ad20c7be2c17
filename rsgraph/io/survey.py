"""The survey of a scene in one pass over its chips: statistics per band, valid pixels, notes on its defects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.blocks import ResumableBlocks
from rsgraph.errors import NotUsable
from rsgraph.io.chip_blocks import ChipBlock, chip_blocks
from rsgraph.protocols import Arrays, Blocks, Progress
from rsgraph.types import Chip, Floats, Mask, Raster, Scene

Numbers = NDArray[np.float64]

_SAMPLE = 200_000
"""Pixels from which percentiles are taken: their error is then about 0.03 percentage points of rank."""


@dataclass(frozen=True)
class Survey:
    """The result of one pass over the chips. Arrays are plain lists, ready for JSON.

    Parameters
    ----------
    bands
        Names.
    mean, std, minimum, maximum, percentile_2, percentile_98
        Of each band over the valid pixels, in reflectance. ``std`` is the population's.
    valid_fraction
        Of each chip, between 0 and 1.
    valid, nodata, not_finite
        Numbers of pixels; their sum is the number of pixels in the chips.
    constant_bands
        Names of bands with one value only.
    notes
        Sentences for the user.
    chip_mean, chip_std, chip_valid
        Of each chip: mean and standard deviation of each band, and number of its valid pixels. Not in the JSON.
    """

    bands: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]
    percentile_2: tuple[float, ...]
    percentile_98: tuple[float, ...]
    valid_fraction: tuple[float, ...]
    valid: int
    nodata: int
    not_finite: int
    constant_bands: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    chip_mean: tuple[tuple[float, ...], ...] = ()
    chip_std: tuple[tuple[float, ...], ...] = ()
    chip_valid: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what is not of single chips, a plain dict of lists, numbers and strings."""
        whole = {key: value for key, value in asdict(self).items() if not key.startswith("chip_")}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in whole.items()}


class _Moments:
    """Running count, mean and sum of squared deviations of each band, joined chip by chip (Chan et al. 1983)."""

    def __init__(self, bands: int) -> None:
        self.count = 0
        self.mean = np.zeros(bands)
        self.squares = np.zeros(bands)
        self.minimum = np.full(bands, np.inf)
        self.maximum = np.full(bands, -np.inf)

    def add(self, n: int, mean: Numbers, squares: Numbers, minimum: Numbers, maximum: Numbers) -> None:
        """Add the moments of n pixels."""
        if n == 0:
            return
        shift = mean - self.mean
        total = self.count + n
        self.squares += squares + np.square(shift) * self.count * n / total
        self.mean += shift * n / total
        self.count = total
        self.minimum = np.minimum(self.minimum, minimum)
        self.maximum = np.maximum(self.maximum, maximum)


def moments(pixels: Floats) -> NDArray[np.float64]:
    """Return mean, sum of squared deviations, minimum and maximum of pixels (bands, n): (4, bands)."""
    if pixels.shape[1] == 0:
        return np.zeros((4, len(pixels)))
    deviations = pixels.astype(np.float64)
    mean = deviations.mean(axis=1)
    deviations -= mean[:, None]
    squares = np.einsum("ij,ij->i", deviations, deviations)
    return np.stack([mean, squares, pixels.min(axis=1), pixels.max(axis=1)])


@dataclass(frozen=True)
class _SurveyTask:
    """The task of an executor on one block of chips; every ``step``-th valid pixel is sampled."""

    step: int

    def __call__(self, block: ChipBlock) -> Arrays:
        seen = [self._chip(block.read(chip), chip) for chip in block.chips]
        moments, counts, fractions, samples = zip(*seen, strict=True)
        return {
            "moments": np.stack(moments),
            "counts": np.array(counts, dtype=np.int64),
            "fractions": np.array(fractions),
            "sample": np.concatenate(samples),
        }

    def _chip(self, raster: Raster, chip: Chip) -> tuple[NDArray[np.float64], tuple[int, int, int], float, Floats]:
        pixels = valid_pixels(raster.values, raster.valid)
        counts = pixels.shape[1], raster.not_finite, raster.implausible
        sample: Floats = pixels[:, chip.chip_id % self.step :: self.step].T.copy()
        return moments(pixels), counts, float(raster.valid.mean()), sample


def survey(
    scenes: Sequence[Scene],
    chips: Sequence[Chip],
    *,
    blocks: Blocks | None = None,
    progress: Progress | None = None,
) -> Survey:
    """Pass once over all chips, reading each window once.

    Parameters
    ----------
    scenes, chips
        The collection and its chips. All scenes have the same bands.
    blocks
        Where blocks of chips are looked at; None: in threads of this process.
    progress
        Called with (blocks done, blocks in all).

    Notes
    -----
    Mean and variance are accumulated in float64 with the update of Chan, Golub and LeVeque
    (doi:10.1080/00031305.1983.10483115). Percentiles come from every n-th valid pixel of each chip, about
    200 000 in all, with n and its phase fixed by the chips only: the same input gives the same numbers.

    Raises
    ------
    NotUsable
        There are no chips, the scenes' bands differ, no pixel is valid, or every band is constant.
    NotReadable
        A file is damaged.
    """
    bands = _common_bands(scenes, chips)
    running = _Moments(len(bands))
    of_chips: list[tuple[int, Numbers]] = []
    samples: list[Floats] = []
    fractions: list[float] = []
    not_finite = implausible = 0
    step = max(1, sum(chip.window.rows * chip.window.columns for chip in chips) // _SAMPLE)
    work = blocks or ResumableBlocks()
    for seen in work.map("survey", _SurveyTask(step), chip_blocks(scenes, chips), progress):
        for (valid, broken, *odd), of_chip in zip(seen["counts"].tolist(), seen["moments"], strict=True):
            running.add(valid, *of_chip)
            of_chips.append((valid, of_chip))
            not_finite += broken
            implausible += sum(odd)  # not counted in blocks that an earlier version left when it was interrupted
        samples.append(seen["sample"])
        fractions.extend(seen["fractions"].tolist())
    pixels_in_all = sum(chip.window.rows * chip.window.columns for chip in chips)
    found = _conclude(scenes, bands, running, np.concatenate(samples), fractions, not_finite, pixels_in_all)
    return replace(
        found,
        notes=(*found.notes, *_implausible_note(implausible, pixels_in_all)),
        chip_mean=tuple(_floats(of_chip[0]) for _, of_chip in of_chips),
        chip_std=tuple(_floats(np.sqrt(of_chip[1] / max(valid, 1))) for valid, of_chip in of_chips),
        chip_valid=tuple(valid for valid, _ in of_chips),
    )


def valid_pixels(values: Floats, valid: Mask) -> Floats:
    """Return the valid pixels (bands, n) of values (bands, rows, columns)."""
    flat = values.reshape(len(values), -1)
    return flat if valid.all() else flat[:, valid.ravel()]


def _common_bands(scenes: Sequence[Scene], chips: Sequence[Chip]) -> tuple[str, ...]:
    if not scenes or not chips:
        raise NotUsable("There is no chip to work with; give a scene with at least one pixel, or edges=pad.")
    bands = scenes[0].bands
    for scene in scenes:
        if scene.bands != bands:
            raise NotUsable(
                f"Scenes {scenes[0].name} and {scene.name} have different bands ({', '.join(bands)} and "
                f"{', '.join(scene.bands)}); expected the same throughout, so {_cure(scenes)}."
            )
    return bands


def _cure(scenes: Sequence[Scene]) -> str:
    """Return what helps where scenes have different bands."""
    common = [band for band in scenes[0].bands if all(band in scene.bands for scene in scenes)]
    if not common:
        return "run those without a common band by themselves"
    return f"select common ones: reader.bands=[{','.join(common)}]"


def _conclude(
    scenes: Sequence[Scene],
    bands: tuple[str, ...],
    moments: _Moments,
    sample: Floats,
    fractions: list[float],
    not_finite: int,
    pixels_in_all: int,
) -> Survey:
    named = scenes[0].name if len(scenes) == 1 else f"the collection of {len(scenes)} scenes"
    if moments.count == 0:
        raise NotUsable(
            f"No pixel of {named} is valid: all are nodata, NaN, infinite or masked; notes on how it was read say "
            "what masks them, and you may say otherwise with reader.nodata, reader.mask or reader.clouds."
        )
    constant = tuple(
        band for band, low, high in zip(bands, moments.minimum, moments.maximum, strict=True) if low == high
    )
    if len(constant) == len(bands):
        raise NotUsable(
            f"Every band of {named} is constant ({', '.join(constant)}); there is nothing to learn from it."
        )
    low, high = np.percentile(
        sample if len(sample) else np.stack([moments.minimum, moments.maximum]), [2, 98], axis=0
    )
    nodata = pixels_in_all - moments.count - not_finite
    return Survey(
        bands=bands,
        mean=_floats(moments.mean),
        std=_floats(np.sqrt(moments.squares / moments.count)),
        minimum=_floats(moments.minimum),
        maximum=_floats(moments.maximum),
        percentile_2=_floats(low),
        percentile_98=_floats(high),
        valid_fraction=tuple(fractions),
        valid=moments.count,
        nodata=nodata,
        not_finite=not_finite,
        constant_bands=constant,
        notes=_notes(scenes, constant, nodata, not_finite, pixels_in_all),
    )


def _implausible_note(implausible: int, pixels_in_all: int) -> tuple[str, ...]:
    if not implausible:
        return ()
    return (
        f"{implausible} pixels ({implausible / pixels_in_all:.1%}) among them hold a number that is no reflectance "
        "(saturated, or fill that nobody declared; reader.nodata=nan keeps them).",
    )


def _floats(values: NDArray[Any]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _notes(
    scenes: Sequence[Scene], constant: Sequence[str], nodata: int, not_finite: int, pixels_in_all: int
) -> tuple[str, ...]:
    notes = []
    if nodata:
        notes.append(f"{nodata} pixels ({nodata / pixels_in_all:.1%}) are nodata and masked.")
    if not_finite:
        notes.append(
            f"{not_finite} pixels ({not_finite / pixels_in_all:.1%}) are NaN or infinite in some band and masked."
        )
    if constant:
        notes.append(f"Constant bands carry no information: {', '.join(constant)}.")
    if not all(scene.reflectance for scene in scenes):
        notes.append("The values are not reflectance (8-bit display stretch): spectra and indices mean little.")
    return tuple(notes)
