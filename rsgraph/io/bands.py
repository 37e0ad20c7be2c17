"""A folder with one file per band."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.io.band_names import band_name, is_spectral
from rsgraph.io.counts import decide
from rsgraph.io.handles import existing_file
from rsgraph.io.header import Header, header
from rsgraph.io.mosaic import agree, chosen, scene_of_files
from rsgraph.io.overrides import FileReader
from rsgraph.own_files.names import file_safe
from rsgraph.types import Scene

_ENDINGS = (".tif", ".tiff", ".jp2", ".vrt", ".img")


class Bands(FileReader):
    """Folder with one file per band (B02.tif, ..._B8A_..., Copernicus browser), of any resolution.

    Files whose name holds one Sentinel-2 band are read, others (cloud mask, TCI, SCL) are left out with a
    note. Coarser bands are interpolated bilinearly to the grid of the finest while they are read; nodata never
    bleeds into neighbours.
    Options as of ``FileReader``; ``bands`` of None reads all.
    """

    def accepts(self, path: Path) -> bool:
        """Tell whether a folder holds files named after bands."""
        return path.is_dir() and bool(_band_files(path)[0])

    def open(self, path: Path) -> Sequence[Scene]:
        """Return the one scene. Raises ConfigError where a band was asked for that is not there."""
        files, ignored = _band_files(_existing_folder(path))
        if not files:
            raise NotReadable(
                f"{path} holds no band files; expected names such as B02.tif or ..._B8A_....jp2 directly in it."
            )
        headers = {band: self._header(path, band, files[band]) for band in chosen(list(files), self.given, path)}
        decisions = agree({band: decide(found, self.given) for band, found in headers.items()})
        scene = scene_of_files(file_safe(path.resolve().name), headers, decisions, self.given)
        return [scene if not ignored else _with_note(scene, ignored)]

    def _header(self, folder: Path, band: str, candidates: Sequence[Path]) -> Header:
        found = [
            header(os.path.abspath(existing_file(file)), holes_allowed=self.given.nodata is not None)
            for file in candidates
        ]
        found.sort(key=lambda one: one.rows * one.columns, reverse=True)
        if len(found) > 1 and found[0].rows * found[0].columns == found[1].rows * found[1].columns:
            names = ", ".join(sorted(file.name for file in candidates))
            raise NotUsable(f"{folder} holds {band} more than once ({names}); put each scene in a folder of its own.")
        if len(found[0].indexes) != 1:
            raise NotUsable(
                f"{found[0].path} holds {len(found[0].indexes)} bands; expected one, since it is named after {band}."
            )
        return found[0]


def _existing_folder(path: Path) -> Path:
    if not path.exists():
        raise NotReadable(f"{path} does not exist; expected a folder with one file per band.")
    if not path.is_dir():
        raise NotReadable(
            f"{path} is a file; expected a folder with one file per band, so use reader=geotiff for it."
        )
    return path


def _band_files(folder: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """Sort a folder's rasters into bands and others."""
    files: dict[str, list[Path]] = {}
    ignored = []
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() not in _ENDINGS or file.name.startswith("."):
            continue
        band = band_name(file.stem)
        if band and is_spectral(file.stem):
            files.setdefault(band, []).append(file)
        else:
            ignored.append(file.name)
    return files, ignored


def _with_note(scene: Scene, ignored: Sequence[str]) -> Scene:
    return replace(scene, notes=(f"{', '.join(ignored)}: left out, not named after one band.", *scene.notes))
