"""One raster file with all its bands."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rsgraph.errors import ConfigError, InputError
from rsgraph.io.band_names import guessed_names
from rsgraph.io.counts import Decision, band_medians, decide
from rsgraph.io.handles import existing_file
from rsgraph.io.header import Header, header
from rsgraph.io.layers import LayeredSource, Layers, Radiometry
from rsgraph.io.overrides import FileReader, Overrides
from rsgraph.own_files.names import file_safe
from rsgraph.types import Scene


class GeoTiff(FileReader):
    """One raster file with its bands: GeoTIFF, COG, VRT, JPEG 2000 or anything else that GDAL opens.
    Options as of ``FileReader``. What the file does not say is chosen as :func:`rsgraph.io.counts.decide` and
    :func:`rsgraph.io.band_names.guessed_names` describe, and said in the scene's notes.
    """

    def accepts(self, path: Path) -> bool:
        """Tell whether GDAL knows the file's format."""
        if not path.is_file():
            return False
        try:
            header(os.path.abspath(path), holes_allowed=True)
        except InputError:
            return False
        return True

    def open(self, path: Path) -> Sequence[Scene]:
        """Return the one scene. Raises ConfigError where band names were given that do not fit the file."""
        place = os.path.abspath(existing_file(path))
        found = header(place, holes_allowed=self.given.nodata is not None)
        found = choose_bands(name_bands(found), self.given)
        return [scene_of(found, decide(found, self.given), self.given, file_safe(path.stem))]


def name_bands(found: Header) -> Header:
    """Guess the names of undescribed bands where the guess is unambiguous, and say so."""
    if found.described or found.dtype not in ("uint16", "int16") or len(found.indexes) not in (12, 13):
        return found
    guess = guessed_names(band_medians(found))
    if guess is None:
        return found
    note = f"Bands have no descriptions: taken as Sentinel-2's {', '.join(guess)}, in this order."
    return replace(found, names=guess, notes=(*found.notes, note))


def choose_bands(found: Header, given: Overrides) -> Header:
    """Select or rename bands as the user says. Raises ConfigError where the names fit neither way."""
    if given.bands is None:
        return found
    if found.described and set(given.bands) <= set(found.names):
        return select(found, [found.names.index(name) for name in given.bands])
    if len(given.bands) == len(found.names):
        return replace(found, names=given.bands, described=True)
    if set(given.bands) <= set(found.names):
        return select(found, [found.names.index(name) for name in given.bands])
    raise ConfigError(
        f"`bands` must select bands of the file or give all of them a name. Got {list(given.bands)}; the file "
        f"{found.path} has {len(found.names)}: {', '.join(found.names)}."
    )


def select(found: Header, places: Sequence[int]) -> Header:
    """Keep some bands, in the order given."""
    return replace(
        found,
        indexes=tuple(found.indexes[i] for i in places),
        names=tuple(found.names[i] for i in places),
        scale=tuple(found.scale[i] for i in places),
        offset=tuple(found.offset[i] for i in places),
        nodata=tuple(found.nodata[i] for i in places),
    )


def scene_of(found: Header, decision: Decision, given: Overrides, name: str) -> Scene:
    """Assemble the scene of one file."""
    layers = Layers(found.path, found.indexes, decision.radiometry, found.rows, found.columns, masked=found.masked)
    crs = given.crs or found.crs
    return Scene(
        name=name,
        bands=found.names,
        rows=found.rows,
        columns=found.columns,
        source=LayeredSource((layers,), found.rows, found.columns),
        crs=crs,
        transform=found.transform,
        files=tuple(Path(file) for file in found.files if not file.startswith("/vsi")),
        identity=identity_of(found.names, decision.radiometry, crs),
        reflectance=decision.reflectance,
        notes=(*found.notes, *decision.notes, *crs_note(crs)),
    )


def crs_note(crs: str | None) -> tuple[str, ...]:
    """Warn about a file that does not say where it lies."""
    return () if crs else ("The file has no coordinate reference system: working in pixel space.",)


def identity_of(names: Sequence[str], radiometry: Radiometry, crs: str | None) -> dict[str, object]:
    """Return the options that decide about the pixels besides the files' content, JSON-able (NaN as text)."""
    return {
        "bands": list(names),
        "scale": list(radiometry.scale),
        "offset": list(radiometry.offset),
        "nodata": [None if value is None else repr(value) for value in radiometry.nodata],
        "fill": radiometry.fill,
        "crs": crs,
    }
