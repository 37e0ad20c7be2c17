"""A folder with one file per band."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.io.absent import missing
from rsgraph.io.band_files import BandFiles, band_files
from rsgraph.io.counts import decide, declares_scale, without_lone_fill
from rsgraph.io.handles import existing_file
from rsgraph.io.header import Header, header
from rsgraph.io.masks import second_as_mask, with_masks
from rsgraph.io.mosaic import agree, chosen, finest, scene_of_files
from rsgraph.io.overrides import BEFORE, FileReader, Overrides
from rsgraph.io.plausible import plausible
from rsgraph.io.quality_files import candidates_among, in_masks_of, with_quality
from rsgraph.io.safe_metadata import inside_product
from rsgraph.io.scale_tags import with_tagged_scale
from rsgraph.own_files.names import file_safe
from rsgraph.types import Scene


class Bands(FileReader):
    """Folder with one file per band (B02.tif, ..._B8A_..., Copernicus browser), of any resolution.

    Files whose name holds the number of one band, or else its colour (red.tif), are read, others (TCI, AOT) are left
    out with a note, unless they say which pixels are clouds (``mask``); :mod:`rsgraph.io.naming` says what names
    prove. Of a file with two layers the second may be the mask of the first. Coarser bands are interpolated
    bilinearly to the grid of the finest while they are read; nodata never bleeds into neighbours.

    Options as of ``FileReader``; ``bands`` of None reads all.
    """

    as_before: ClassVar[Mapping[str, Any]] = BEFORE

    def accepts(self, path: Path) -> bool:
        """Tell whether a folder holds files named after bands."""
        return path.is_dir() and bool(band_files(path, rules=self.given.rules).files)

    def open(self, path: Path) -> Sequence[Scene]:
        """Return the one scene. Raises ConfigError where a band was asked for that is not there."""
        found = _as_given(band_files(_existing_folder(path), rules=self.given.rules), self.given)
        files = found.files
        if not files:
            raise NotReadable(
                f"{path} holds no band files; expected names such as B02.tif or ..._B8A_....jp2 directly in it."
            )
        headers = {band: self._header(path, band, files[band]) for band in self._chosen(found, path)}
        decisions = agree(without_lone_fill({band: decide(each, self.given) for band, each in headers.items()}))
        scene = scene_of_files(file_safe(path.resolve().name), headers, decisions, self.given)
        scene = _as_named(scene, found) if self.given.bands is None else scene
        declared = any(declares_scale(each) for each in headers.values())
        hints = [Path(each.path).name for each in headers.values()]
        scene = plausible(scene, self.given, declared=declared, hints=hints)
        beside = {name: os.path.abspath(path / name) for name in found.ignored}
        layers = candidates_among({**beside, **in_masks_of(path, self.given.rules)}, self.given.rules)
        scene = with_quality(scene, finest(headers), layers, self.given, path)
        used = {file.name for file in scene.files}
        rest = _left_out([name for name in found.ignored if name not in used])
        inside = inside_product(path) if self.given.rules > 1 else ()
        return [replace(scene, notes=(*rest, *inside, *scene.notes))]

    def _chosen(self, found: BandFiles, path: Path) -> list[str]:
        """Return the bands to read; heat and panchromatic light only where they are asked for."""
        names = chosen(list(found.files), self.given, path)
        return names if self.given.bands else [name for name in names if name not in found.left_out]

    def _header(self, folder: Path, band: str, candidates: Sequence[Path]) -> Header:
        found = [
            header(os.path.abspath(existing_file(file)), holes_allowed=self.given.nodata is not None)
            for file in candidates
        ]
        found.sort(key=lambda one: one.rows * one.columns, reverse=True)
        if len(found) > 1 and found[0].rows * found[0].columns == found[1].rows * found[1].columns:
            names = ", ".join(sorted(file.name for file in candidates))
            raise NotUsable(
                f"{folder} holds {band} more than once ({names}); put each scene in a folder of its own, or take "
                "away what is not meant."
            )
        return self._one_band(found[0], band)

    def _one_band(self, found: Header, band: str) -> Header:
        """Take the second of two layers as a mask. Raises NotUsable where there is more than one band."""
        masked = with_masks(with_tagged_scale(found, self.given), self.given)
        if self.given.looks and len(masked.indexes) == 2:
            masked = second_as_mask(masked) or masked
        if len(masked.indexes) != 1:
            raise NotUsable(
                f"{found.path} holds {len(masked.indexes)} bands; expected one, since it is named after {band}, or "
                "one and its mask of two values. Name the file itself to read all of its bands."
            )
        return masked


def _existing_folder(path: Path) -> Path:
    if not path.exists():
        raise missing(path, "expected a folder with one file per band.")
    if not path.is_dir():
        raise NotReadable(
            f"{path} is a file; expected a folder with one file per band, so use reader=geotiff for it."
        )
    return path


def _as_given(found: BandFiles, given: Overrides) -> BandFiles:
    """Let the user name all bands that files only count, in the order of their numbers."""
    wanted = given.bands
    if given.rules == 1 or wanted is None or {*wanted} <= {*found.files} or len(wanted) != len(found.files):
        return found
    return replace(found, files=dict(zip(wanted, found.files.values(), strict=True)))


def _as_named(scene: Scene, found: BandFiles) -> Scene:
    """Say how the names of the bands are known."""
    identity = scene.identity if found.assumed is None else {**scene.identity, "assumed": found.assumed}
    unread = (
        (f"{', '.join(found.left_out)}: left out; reader.bands=[...] reads what it names.",) if found.left_out else ()
    )
    return replace(scene, assumed=found.assumed, identity=identity, notes=(*found.notes, *unread, *scene.notes))


def _left_out(ignored: Sequence[str]) -> tuple[str, ...]:
    return (f"{', '.join(ignored)}: left out, not named after one band.",) if ignored else ()
