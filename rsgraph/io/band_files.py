"""Band files of a folder: those of one scene, and what their names prove."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rsgraph.io.band_names import band_name, is_spectral
from rsgraph.io.naming import names_of, number_in, unknown
from rsgraph.io.sensors import NOT_REFLECTED, colour_of, sensor_named

_ENDINGS = (".tif", ".tiff", ".jp2", ".vrt", ".img")
_RESOLUTIONS = ("R10m", "R20m", "R60m")
_CORRECTIONS = (("FRE", "SRE"),)
"""Of one scene, by MAJA: reflectance corrected for slopes, and without; the first is taken."""


@dataclass(frozen=True)
class BandFiles:
    """The band files of a folder.

    Parameters
    ----------
    files
        Name of the band -> its files, of several resolutions.
    ignored
        Names of rasters that are none.
    assumed
        As in ``Scene``.
    notes
        Sentences for the user.
    left_out
        Bands that are not read unless they are asked for: of heat, or panchromatic.
    """

    files: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    ignored: Sequence[str] = ()
    assumed: str | None = None
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def band_files(folder: Path, *, rules: int = 2) -> BandFiles:
    """Sort a folder's rasters into bands and others; ``rules`` as of ``FileReader``."""
    rasters = [*_rasters(folder)]
    if rules == 1:
        return _by_any_number(rasters)
    for sub in _RESOLUTIONS:  # as SAFE products and their copies hold them
        rasters += _rasters(folder / sub) if (folder / sub).is_dir() else ()
    spectral = [file for file in rasters if is_spectral(file.stem)]
    numbered = [file for file in spectral if number_in(file.stem)]
    kept = numbered or _coloured(spectral)
    others = [file.name for file in rasters if file not in kept]
    if not kept:
        return BandFiles(ignored=others)
    kept, dropped = _one_correction(kept)
    found = _by_numbers(folder, kept) if numbered else _by_colours(kept)
    note = (f"{', '.join(dropped)}: left out, since there are bands corrected for slopes, too.",) if dropped else ()
    return BandFiles(found.files, others, found.assumed, (*found.notes, *note), found.left_out)


def _rasters(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in _ENDINGS and not file.name.startswith("."):
            yield file


def _by_any_number(rasters: Sequence[Path]) -> BandFiles:
    """Take any number as Sentinel-2's."""
    files: dict[str, list[Path]] = {}
    ignored = []
    for file in rasters:
        band = band_name(file.stem)
        if band and is_spectral(file.stem):
            files.setdefault(band, []).append(file)
        else:
            ignored.append(file.name)
    return BandFiles(files, ignored)


def _by_numbers(folder: Path, kept: Sequence[Path]) -> BandFiles:
    """Name the bands of files with numbers by all that their names, and the folder's, prove."""
    groups: dict[str, list[Path]] = {}
    for file in kept:
        groups.setdefault(_number(file), []).append(file)
    order = sorted(groups, key=lambda number: (int(re.sub(r"\D", "", number)), number))
    texts = _without_common([groups[number][0].stem for number in order])
    sensor = sensor_named(file.stem for file in kept) or sensor_named([folder.absolute().name])
    names = names_of(texts, sensor)
    assumed = names.assumed if names.described else unknown(max(2, len(order))).assumed
    files = {name: groups[number] for name, number in zip(names.names, order, strict=True)}
    left_out = tuple(name for name in files if name in NOT_REFLECTED and len(files) > 1)
    return BandFiles(files, (), assumed, names.notes, left_out)


def _number(file: Path) -> str:
    found = number_in(file.stem)
    return found.number if found else ""


def _without_common(stems: Sequence[str]) -> list[str]:
    """Take away the words that all names have: green_valley_B02 says nothing of a colour."""
    words = [re.split(r"[_. -]+", stem) for stem in stems]
    if len(stems) == 1:
        return [" ".join(word for word in words[0] if number_in(word)) or stems[0]]
    common = set.intersection(*(set(each) for each in words))
    return [" ".join(word for word in each if word not in common) for each in words]


def _coloured(rasters: Sequence[Path]) -> list[Path]:
    """Return the files that are named after colours, where red, green and blue are among them, and each once."""
    found = {file: colour for file in rasters if (colour := _colour(file))}
    colours = [*found.values()]
    whole = {"red", "green", "blue"} <= {*colours} and len(colours) == len({*colours})
    alike = len({file.stem[: -len(_last_word(file))] for file in found}) == 1
    return [*found] if whole and alike else []


def _last_word(file: Path) -> str:
    return re.split(r"[_. -]", file.stem)[-1]


def _colour(file: Path) -> str | None:
    return colour_of(_last_word(file))


def _by_colours(kept: Sequence[Path]) -> BandFiles:
    return BandFiles({str(_colour(file)): [file] for file in kept})


def _one_correction(files: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """Keep one of two corrections of the same bands; return what was left out, too."""
    for first, second in _CORRECTIONS:
        here = {file.name for file in files}
        dropped = [
            file.name
            for file in files
            if f"_{second}_" in file.name and file.name.replace(f"_{second}_", f"_{first}_") in here
        ]
        if dropped:
            return [file for file in files if file.name not in dropped], dropped
    return [*files], []
