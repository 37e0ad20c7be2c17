"""A folder that holds several scenes, opened as one collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from rsgraph.errors import NotReadable
from rsgraph.io.absent import missing
from rsgraph.io.archive import is_zip
from rsgraph.io.bands import Bands
from rsgraph.io.geotiff import GeoTiff
from rsgraph.io.overrides import BEFORE, RULES, Clouds
from rsgraph.io.quality_files import is_companion, is_quality, only_scene
from rsgraph.io.safe import Safe
from rsgraph.protocols import Reader
from rsgraph.types import Scene

_RASTERS = (".tif", ".tiff", ".jp2", ".vrt", ".img")


class Scenes(Reader):
    """Folder of several scenes: raster files with all their bands, SAFE products, band folders; also mixed.

    What lies directly in the folder is looked at, in the order of its names: each raster file (.tif, .tiff, .jp2,
    .vrt, .img), each SAFE product (folder or .zip) and each folder of band files is a scene. A folder that directly
    holds files named after bands (B02.tif) is no folder of scenes but one scene: ``reader=bands``. Scenes may differ
    in size, pixel size and coordinate reference system; bands are matched by name.

    Options as of ``FileReader``: they hold for all scenes.
    """

    as_before: ClassVar[Mapping[str, Any]] = BEFORE

    def __init__(
        self,
        bands: Sequence[str] | None = None,
        scale: float | None = None,
        offset: float | None = None,
        nodata: float | None = None,
        crs: str | None = None,
        mask: str = "auto",
        clouds: Clouds = "mark",
        rules: int = RULES,
    ) -> None:
        given = (bands, scale, offset, nodata, crs)
        self.safe = Safe(*given, mask=mask, clouds=clouds)
        self.bands, self.files = Bands(*given, mask, clouds, rules), GeoTiff(*given, mask, clouds, rules)

    def accepts(self, path: Path) -> bool:
        """Tell whether a folder holds scenes, without being one (a folder round one SAFE product is that product)."""
        if not path.is_dir() or self.bands.accepts(path):
            return False
        return sum(self._reader(member) is not None for member in _members(path)) > self.safe.accepts(path)

    def open(self, path: Path) -> Sequence[Scene]:
        """Return all scenes, sorted by the names of their files. Raises InputError, which names the file."""
        if not path.exists():
            raise missing(path, "expected a folder of several scenes.")
        if not path.is_dir():
            raise NotReadable(f"{path} is no folder; expected one that holds several scenes.")
        members = _members(path)
        quality = {
            member
            for member in members
            if self.files.given.looks and _belongs(member, members, self.files.given.rules)
        }
        readers = {member: None if member in quality else self._reader(member) for member in members}
        scenes = [scene for member, reader in readers.items() if reader for scene in reader.open(member)]
        if not scenes:
            raise NotReadable(f"{path} holds no scenes; expected raster files, SAFE products or band folders in it.")
        left_out = [each.name for each, reader in readers.items() if reader is None and each not in quality]
        return [replace(scene, notes=(*_left_out_note(path, left_out), *scene.notes)) for scene in scenes]

    def _reader(self, member: Path) -> Reader | None:
        """Choose by what it is, not by whether it opens: a damaged scene must be reported, not left out."""
        if member.is_file() and member.suffix.lower() in _RASTERS:
            return self.files
        if self._is_product(member):
            return self.safe
        return self.bands if self.bands.accepts(member) else None

    def _is_product(self, member: Path) -> bool:
        if member.is_file():
            return member.suffix.lower() == ".zip" and (self.safe.accepts(member) or not is_zip(member))
        return member.suffix.upper() == ".SAFE" or self.safe.accepts(member)


def _belongs(member: Path, members: Sequence[Path], rules: int) -> bool:
    """Tell whether a member is the quality layer of another."""
    if is_companion(member, members, rules):
        return True
    return only_scene(members, rules) is not None and is_quality(member, rules)


def _members(folder: Path) -> list[Path]:
    found = (member for member in folder.iterdir() if not member.name.startswith("."))
    return sorted(found, key=lambda member: (member.name.lower(), member.name))


def _left_out_note(folder: Path, left_out: Sequence[str]) -> tuple[str, ...]:
    if not left_out:
        return ()
    shown = ", ".join(left_out[:5]) + (f" and {len(left_out) - 5} more" if len(left_out) > 5 else "")
    return (f"{folder.name}: {shown} left out, no scenes.",)
