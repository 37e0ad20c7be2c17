"""One raster file with all its bands."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from rsgraph.errors import ConfigError, InputError
from rsgraph.io.counts import Decision, decide, declares_scale, without_lone_fill
from rsgraph.io.handles import existing_file
from rsgraph.io.header import Header, header, left_out, on_disk, select
from rsgraph.io.identifying import with_names
from rsgraph.io.layers import LayeredSource, Layers, Radiometry, looked_for
from rsgraph.io.masks import second_of_file, with_masks
from rsgraph.io.overrides import BEFORE, FileReader, Overrides
from rsgraph.io.plausible import plausible
from rsgraph.io.quality import Quality
from rsgraph.io.quality_files import beside, candidates_in, with_quality, without_quality
from rsgraph.io.safe_metadata import inside_product
from rsgraph.io.scale_tags import with_tagged_scale
from rsgraph.own_files.names import file_safe
from rsgraph.types import Scene


class GeoTiff(FileReader):
    """One raster file with its bands: GeoTIFF, COG, VRT, JPEG 2000 or anything else that GDAL opens.

    Options as of ``FileReader``. What the file does not say is chosen as :func:`rsgraph.io.counts.decide`,
    :func:`rsgraph.io.identifying.with_names` and :func:`rsgraph.io.plausible.plausible` describe, and said in the
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
        found = with_tagged_scale(found, self.given)
        found = second_of_file(with_masks(found, self.given), self.given)
        layers = [*candidates_in(found), *beside(Path(place), self.given.rules)] if self.given.looks else []
        found = choose_bands(with_names(_without_quality(found, self.given), self.given), self.given)
        decision = decide(found, self.given)
        if len(found.indexes) == 1:
            decision = without_lone_fill({found.names[0]: decision})[found.names[0]]
        scene = scene_of(found, decision, self.given, file_safe(path.stem))
        scene = plausible(scene, self.given, declared=declares_scale(found), hints=found.texts)
        scene = _without_used(with_quality(scene, found, layers, self.given, path), found)
        inside = inside_product(path) if self.given.rules > 1 else ()
        return [replace(scene, notes=(*scene.notes, *inside))]


def _without_quality(found: Header, given: Overrides) -> Header:
    """Leave quality layers out that only their names tell from bands."""
    places = without_quality(found) if given.looks else []
    return select(found, places) if 0 < len(places) < len(found.indexes) else found


def _without_used(scene: Scene, found: Header) -> Scene:
    """Do not say of a quality layer that is read that it was left out."""
    quality = scene.source.quality if isinstance(scene.source, LayeredSource) else None
    layers = quality.layers if isinstance(quality, Quality) else ()
    used = {index for layer in layers if layer.path == found.path for index in layer.indexes}
    before = left_out([text for _, text in found.others])
    after = left_out([text for index, text in found.others if index not in used])
    notes = (after if text == before else text for text in scene.notes)
    return replace(scene, notes=tuple(text for text in notes if text))


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
    layers = Layers(
        found.path,
        found.indexes,
        decision.radiometry,
        found.rows,
        found.columns,
        masked=found.masked,
        masks=found.masks,
        band_masks=found.band_masks and given.looks,
    )
    crs = given.crs or found.crs
    files, drawn_on = on_disk([found])
    identity = {**identity_of(found.names, decision.radiometry, crs), **looked_for([layers])}
    return Scene(
        name=name,
        bands=found.names,
        rows=found.rows,
        columns=found.columns,
        source=LayeredSource((layers,), found.rows, found.columns),
        crs=crs,
        transform=found.transform,
        files=files,
        drawn_on=drawn_on,
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
