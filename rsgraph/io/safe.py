"""ESA's own format: a Sentinel-2 SAFE product, L1C or L2A, as a folder or .zip."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rsgraph.errors import ConfigError, InputError, NotReadable, NotUsable
from rsgraph.io.absent import check_name
from rsgraph.io.absent import missing as absent
from rsgraph.io.archive import Tree, is_zip, tree
from rsgraph.io.band_names import band_name
from rsgraph.io.counts import Decision
from rsgraph.io.header import Header, header
from rsgraph.io.layers import Radiometry
from rsgraph.io.mosaic import chosen, scene_of_files
from rsgraph.io.overrides import FileReader
from rsgraph.io.safe_metadata import Checksum, Product, checksums, product, verify
from rsgraph.own_files.names import file_safe
from rsgraph.types import Scene

_METADATA = re.compile(r"(?:.*/)?(MTD_MSI(L1C|L2A)\.xml|S2[A-Z]_[A-Z]{4}_MTD_SAF(L1C|L2A)_[^/]*\.xml)")
_DEEPEST = 3
"""Folders round a product's metadata in a .zip, its own among them."""

_RESOLUTION = re.compile(r"_(10|20|60)m$")


class Safe(FileReader):
    """Sentinel-2 SAFE product, L1C or L2A, folder or .zip (read without unpacking), any processing baseline.

    Quantification, add-offset (-1000 counts from baseline 04.00 on) and nodata come from the metadata; each
    band is read from its finest file and brought to the finest grid of the bands that are read. Band files are
    compared with the manifest's checksums.

    Parameters
    ----------
    bands, scale, offset, nodata, crs
        As of ``FileReader``; scale, offset and nodata replace what the metadata say.
    verify
        Whether to compare the band files with the manifest (about 3 s per GB). Without it, damage in the
        middle of a file may go unnoticed.
    """

    def __init__(
        self,
        bands: Sequence[str] | None = None,
        scale: float | None = None,
        offset: float | None = None,
        nodata: float | None = None,
        crs: str | None = None,
        verify: bool = True,
    ) -> None:
        super().__init__(bands, scale, offset, nodata, crs)
        if not isinstance(verify, bool):
            raise ConfigError(f"`verify` must be true or false. Got {verify!r} instead.")
        self.verify = verify

    def accepts(self, path: Path) -> bool:
        """Tell whether a folder or .zip holds a product's metadata, or the path is that metadata file."""
        if path.is_file() and _METADATA.fullmatch(path.name):
            return True
        try:
            return bool(path.is_dir() or is_zip(path)) and _metadata(_shallow(path)) is not None
        except InputError:
            return False

    def open(self, path: Path) -> Sequence[Scene]:
        """Return one scene per granule (products since December 2016 have one).

        Raises ConfigError where a band was asked for that is not there.
        """
        if not path.exists():
            raise absent(path, "expected a SAFE product, as a folder or .zip.")
        check_name(path)
        if path.is_file() and _METADATA.fullmatch(path.name):
            path = path.parent
        if not path.is_dir() and not is_zip(path):
            raise NotReadable(f"{path} is neither a folder nor a readable .zip; expected a SAFE product.")
        place = tree(path)
        member = _metadata(place)
        if member is None:
            raise NotReadable(f"{path} holds no MTD_MSIL1C.xml or MTD_MSIL2A.xml; expected a SAFE product.")
        about, prefix = product(place, member), member.rpartition("/")[0]
        granules = _granules(place, prefix, about, self.given.bands)
        name = _name(path, prefix)
        names = [name] if len(granules) == 1 else [f"{name}_{file_safe(granule)}" for granule in granules]
        manifest = _manifest(place, prefix) if self.verify else {}
        return [
            self._scene(place, title, about, files, manifest)
            for title, files in zip(names, granules.values(), strict=True)
        ]

    def _scene(
        self, place: Tree, name: str, about: Product, files: Mapping[str, str], manifest: Mapping[str, Checksum]
    ) -> Scene:
        headers = {}
        for band in chosen(list(files), self.given, place.root):
            headers[band] = _band_header(place, files[band], manifest)
        decisions = {band: Decision(self._radiometry(about, band), True) for band in headers}
        scene = scene_of_files(name, headers, decisions, self.given)
        if not place.zipped:
            return scene
        return replace(
            scene, files=(place.root.absolute(),), identity={**scene.identity, "members": [files[b] for b in headers]}
        )

    def _radiometry(self, about: Product, band: str) -> Radiometry:
        given = self.given
        scale = 1 / about.quantification if given.scale is None else given.scale
        offset = about.offsets.get(band, 0.0) / about.quantification if given.offset is None else given.offset
        return Radiometry((scale,), (offset,), (about.nodata if given.nodata is None else given.nodata,))


def _shallow(path: Path) -> Tree:
    """List a .zip, or a folder and the folders in it and in these."""
    return tree(path, deepest=3)


def _metadata(place: Tree) -> str | None:
    """Find the product's metadata file, a few folders below the root at most. Raises NotUsable for two products."""
    found = [member for member in place.members if member.count("/") <= _DEEPEST and _METADATA.fullmatch(member)]
    if len(found) > 1:
        cure = "unpack it and name one of them" if place.zipped else "name one of them"
        raise NotUsable(f"{place.root} holds {len(found)} products ({', '.join(found)}); {cure}.")
    return found[0] if found else None


def _name(path: Path, prefix: str) -> str:
    name = prefix.rpartition("/")[2] or (path.resolve().name if path.is_dir() else path.stem)
    return file_safe(re.sub(r"\.SAFE$", "", name, flags=re.IGNORECASE))


def _granules(place: Tree, prefix: str, about: Product, wanted: Sequence[str] | None) -> dict[str, dict[str, str]]:
    """Find the finest file of each band of each granule. Raises NotReadable naming those that are missing."""
    start = f"{prefix}/" if prefix else ""
    found = [
        member
        for member in place.members
        if member.startswith(f"{start}GRANULE/") and "/IMG_DATA/" in member and member.lower().endswith(".jp2")
    ]
    _check_complete(place, found, about, wanted)
    granules: dict[str, dict[str, str]] = {}
    for member in sorted(found, key=_metres):
        band = band_name(_stem(member))
        if band:
            granules.setdefault(member.removeprefix(start).split("/")[1], {}).setdefault(band, member)
    if not granules:
        raise NotReadable(
            f"{place.root} holds no band files; expected GRANULE/*/IMG_DATA/**/*_B02*.jp2; download it again."
        )
    return granules


def _stem(member: str) -> str:
    return member.rpartition("/")[2].removesuffix(".jp2")


def _metres(member: str) -> tuple[int, str]:
    """Sort by resolution (L1C files do not name theirs and have one each), then by name."""
    match = _RESOLUTION.search(_stem(member))
    return (int(match[1]) if match else 0, member)


def _check_complete(place: Tree, found: Sequence[str], about: Product, wanted: Sequence[str] | None) -> None:
    """Compare with the files that the metadata list: of each band one resolution is enough."""
    present = {_RESOLUTION.sub("", _stem(member)) for member in found}
    missing: dict[str, str] = {}
    for image in sorted(about.images, key=_metres):
        band = band_name(_stem(image))
        if band and (wanted is None or band in wanted) and _RESOLUTION.sub("", _stem(image)) not in present:
            missing.setdefault(_RESOLUTION.sub("", _stem(image)), f"{_stem(image)}.jp2")
    if missing:
        _refuse_dead_links(place)
        raise NotReadable(
            f"{place.root} is incomplete: its metadata list band files that are not there "
            f"({', '.join(missing.values())}); download the whole product again."
        )


def _refuse_dead_links(place: Tree) -> None:
    """Say so where files are not missing, but linked to what is not there. Raises NotReadable."""
    links = () if place.zipped else (path for path in sorted(place.root.rglob("*")) if path.is_symlink())
    dead = next((link for link in links if not link.exists()), None)
    if dead is not None:
        raise absent(dead, "put it back.")


def _manifest(place: Tree, prefix: str) -> dict[str, Checksum]:
    start = f"{prefix}/" if prefix else ""
    member = f"{start}manifest.safe"
    if member not in place.members:
        return {}
    return {start + name: check for name, check in checksums(place, member).items()}


def _band_header(place: Tree, member: str, manifest: Mapping[str, Checksum]) -> Header:
    if member in manifest:
        verify(place, member, manifest[member])
    found = header(place.gdal_path(member), holes_allowed=True)
    if len(found.indexes) != 1:
        raise NotUsable(f"{place.root / member} holds {len(found.indexes)} bands; expected one.")
    return found
