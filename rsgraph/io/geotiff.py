"""One raster file with all its bands."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from rsgraph.errors import ConfigError, InputError
from rsgraph.io.counts import Decision, decide, declares_scale
from rsgraph.io.handles import existing_file
from rsgraph.io.header import Header, header
from rsgraph.io.identifying import identified, select
from rsgraph.io.layers import LayeredSource, Layers, Radiometry
from rsgraph.io.overrides import BEFORE, FileReader, Overrides
from rsgraph.io.plausible import plausible
from rsgraph.io.safe_metadata import inside_product
from rsgraph.own_files.names import file_safe
from rsgraph.types import Scene


class GeoTiff(FileReader):
    """One raster file with its bands: GeoTIFF, COG, VRT, JPEG 2000 or anything else that GDAL opens.

    Options as of ``FileReader``. What the file does not say is chosen as :func:`rsgraph.io.counts.decide`,
    :func:`rsgraph.io.identifying.identified` and :func:`rsgraph.io.plausible.plausible` describe, and said in the
    scene's notes.
    """

    as_before: ClassVar[Mapping[str, Any]] = BEFORE

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
        found = choose_bands(identified(found, self.given), self.given)
        scene = scene_of(found, decide(found, self.given), self.given, file_safe(path.stem))
        scene = plausible(scene, self.given, declared=declares_scale(found), hints=found.texts)
        inside = inside_product(path) if self.given.rules > 1 else ()
        return [replace(scene, notes=(*scene.notes, *inside))]


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


def scene_of(found: Header, decision: Decision, given: Overrides, name: str) -> Scene:
    """Assemble the scene of one file."""
    layers = Layers(found.path, found.indexes, decision.radiometry, found.rows, found.columns, masked=found.masked)
    crs = given.crs or found.crs
    identity = identity_of(found.names, decision.radiometry, crs)
    return Scene(
        name=name,
        bands=found.names,
        rows=found.rows,
        columns=found.columns,
        source=LayeredSource((layers,), found.rows, found.columns),
        crs=crs,
        transform=found.transform,
        files=tuple(Path(file) for file in found.files if not file.startswith("/vsi")),
        identity=identity if found.assumed is None else {**identity, "assumed": found.assumed},
        reflectance=decision.reflectance,
        assumed=found.assumed,
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
