"""EuroSAT: 27 000 labelled Sentinel-2 images in ten class folders (Helber et al. 2019)."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from rsgraph.errors import InputError, NotReadable, NotUsable
from rsgraph.io.absent import missing
from rsgraph.io.archive import Tree, is_zip, read_member, reasons, tree, walk
from rsgraph.io.band_names import EUROSAT
from rsgraph.io.counts import decide
from rsgraph.io.geotiff import choose_bands, identity_of
from rsgraph.io.header import Header, header
from rsgraph.io.identifying import name_bands
from rsgraph.io.layers import LayeredSource, Layers, Radiometry, join
from rsgraph.io.overrides import ChipReader, Overrides
from rsgraph.own_files.names import file_safe
from rsgraph.types import PixelSource, Raster, Scene, Window
from rsgraph.warning_filters import ignored

_RGB = ("B04", "B03", "B02")
_ENOUGH = 20_000
_LOOKED_AT = 8
_WHOLE_CHIP = 256
_IMAGE = re.compile(r"(?P<name>(?P<class>[^/]+)_(?P<number>\d+))\.(?P<ending>jpe?g|png|tiff?)", re.IGNORECASE)


class EuroSat(ChipReader):
    """EuroSAT: class folders of small images, RGB (.zip or folder) or 13 bands; each image is a scene.

    An image is a file ``<Class>/<Class>_<number>`` with the ending jpg, png or tif, at any depth. Listing opens
    the first image only and takes the others to be like it; one that is not fails when it is read. RGB images
    are B04, B03, B02 as 8-bit numbers, which are not reflectance. The 13 bands are L1C counts in EuroSAT's own
    order, B8A last. The images' own coordinate systems (many UTM zones) are not read.

    Options as of ``ChipReader``.

    References
    ----------
    doi:10.1109/JSTARS.2019.2918242
    """

    def accepts(self, path: Path) -> bool:
        """Tell whether a folder or .zip holds small images named after their folders.

        A folder of whole scenes may be named like that too (plymouth/plymouth_1.tif): those are larger than 256
        pixels in one direction, at least one of the first eight.
        """
        try:
            images = list(islice(_images(path, _names(path)), _LOOKED_AT))
            return bool(images) and not any(image.tiff and _is_large(path, image) for image in images)
        except InputError:
            return False

    def open(self, path: Path) -> Sequence[Scene]:
        """Return one scene per image, sorted by class and number. Raises ConfigError, as ``choose_bands``."""
        if not path.exists():
            raise missing(path, "expected EuroSAT's .zip or folder.")
        found = tree(path) if path.is_dir() or is_zip(path) else Tree(path, ())
        images = sorted(_images(path, found.members), key=lambda image: (image.label, image.number, image.member))
        if not images:
            raise NotReadable(f"{path} holds no images named <Class>/<Class>_<number>.jpg or .tif; expected EuroSAT.")
        if len({image.tiff for image in images}) > 1:
            raise NotUsable(f"{path} holds both .tif and .jpg images; name the folder of one kind.")
        template = _template(found, images[0], self.given)
        names = _unique([file_safe(image.name) for image in images])
        return [template.scene(found, image, name) for image, name in zip(images, names, strict=True)]


@dataclass(frozen=True)
class _Image:
    """One member of the collection."""

    member: str
    name: str
    label: str
    number: int
    tiff: bool


def _names(path: Path) -> Iterable[str]:
    """List enough of a folder to see whether it is EuroSAT, without walking through a whole disk."""
    if path.is_dir():
        return islice(walk(path), _ENOUGH)
    return tree(path).members if is_zip(path) else ()


def _images(root: Path, members: Iterable[str]) -> Iterator[_Image]:
    top = root.resolve().name
    for member in members:
        folder, _, file = member.rpartition("/")
        match = _IMAGE.fullmatch(file)
        if match and match["class"] == (folder.rpartition("/")[2] or top):
            tiff = match["ending"].lower().startswith("tif")
            yield _Image(member, match["name"], match["class"], int(match["number"]), tiff)


def _is_large(path: Path, image: _Image) -> bool:
    found = header(Tree(path, ()).gdal_path(image.member), holes_allowed=True)
    return max(found.rows, found.columns) > _WHOLE_CHIP


def _unique(names: Sequence[str]) -> list[str]:
    """Number names that occur more than once."""
    if len(set(names)) == len(names):
        return list(names)
    return [f"{i:06d}_{name}" for i, name in enumerate(names)]


@dataclass(frozen=True)
class _Template:
    """The properties that all images have in common with the first."""

    found: Header
    radiometry: Radiometry
    reflectance: bool
    notes: tuple[str, ...]

    def scene(self, place: Tree, image: _Image, name: str) -> Scene:
        """Describe one image without opening it."""
        file = place.root.absolute() if place.zipped else Path(place.gdal_path(image.member))
        identity = identity_of(self.found.names, self.radiometry, None)
        return Scene(
            name=name,
            bands=self.found.names,
            rows=self.found.rows,
            columns=self.found.columns,
            source=self._source(place, image),
            files=(file,),
            identity={**identity, "member": image.member} if place.zipped else identity,
            reflectance=self.reflectance,
            notes=self.notes,
            class_name=image.label,
        )

    def _source(self, place: Tree, image: _Image) -> PixelSource:
        rows, columns, indexes = self.found.rows, self.found.columns, self.found.indexes
        if image.tiff:
            layers = Layers(place.gdal_path(image.member), indexes, self.radiometry, rows, columns)
            return LayeredSource((layers,), rows, columns)
        archive = os.path.abspath(place.root) if place.zipped else None
        member = image.member if place.zipped else place.gdal_path(image.member)
        return Picture(archive, member, indexes, self.radiometry, rows, columns)


def _template(place: Tree, image: _Image, given: Overrides) -> _Template:
    found = _tiff_header(place, image) if image.tiff else _picture_header(place, image)
    found = choose_bands(found, given)
    decision = decide(found, given) if image.tiff else None
    notes = (
        "Images are taken to be alike; their coordinate systems are not read: each is a pixel space of its own.",
    )
    if decision is not None:
        fill = 0.0 if all(value is None for value in decision.radiometry.nodata) else None
        return _Template(
            found, replace(decision.radiometry, fill=fill), decision.reflectance, (*decision.notes, *notes)
        )
    count = len(found.indexes)
    radiometry = Radiometry(
        (1 / 255 if given.scale is None else given.scale,) * count,
        (given.offset or 0.0,) * count,
        (given.nodata,) * count,
    )
    eight_bit = "8-bit numbers (a display stretch): divided by 255; they are not reflectance."
    return _Template(found, radiometry, given.scale is not None, (eight_bit, *notes))


def _tiff_header(place: Tree, image: _Image) -> Header:
    found = header(place.gdal_path(image.member))
    if not found.described and len(found.names) == len(EUROSAT):
        return replace(found, names=EUROSAT, described=True)
    return name_bands(found)


def _picture_header(place: Tree, image: _Image) -> Header:
    member = image.member if place.zipped else place.gdal_path(image.member)
    numbers = _decode(os.path.abspath(place.root) if place.zipped else None, member)
    rows, columns, _ = numbers.shape
    three = (1.0,) * 3
    return Header(
        member, rows, columns, None, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (1, 2, 3), _RGB, True, "uint8",
        three, (0.0,) * 3, (None,) * 3, False, (),
    )  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """Pixels of one JPEG or PNG, in a folder or in a .zip whose handle the process shares.

    ``archive`` is the .zip, or None, ``member`` its member, or a file; ``indexes`` count channels from 1; rows and
    columns are those of all images of the collection.
    """

    archive: str | None
    member: str
    indexes: tuple[int, ...]
    radiometry: Radiometry
    rows: int
    columns: int

    def read(self, window: Window) -> Raster:
        """Read one window. Raises NotReadable for a damaged image, or one of another size than the first."""
        numbers = _decode(self.archive, self.member)
        if numbers.shape[:2] != (self.rows, self.columns):
            raise NotReadable(
                f"{self.member} has {numbers.shape[0]} x {numbers.shape[1]} pixels where the first image of the "
                f"collection has {self.rows} x {self.columns}; expected images of one size."
            )
        row, column, rows, columns = window
        part = numbers[row : row + rows, column : column + columns].transpose(2, 0, 1)
        return join([self.radiometry.pixels(part[[i - 1 for i in self.indexes]])])


_LARGEST = 4096
"""Side of the largest image that is decoded: a small file may claim a size that fills the memory."""

_LARGEST_FILE = 64 * 2**20
"""Bytes of the largest file of an image: of one of that side, not compressed at all."""


def _decode(archive: str | None, member: str) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """Decode to (rows, columns, 3). Raises NotReadable."""
    root = Path(archive) if archive else Path(member)
    with reasons(root, member if archive else ""):
        data = read_member(root, member if archive else "", _LARGEST_FILE)
        with _opened(data) as image:
            if max(image.size) > _LARGEST:
                raise ValueError(f"an image of {image.size[0]} x {image.size[1]} pixels; expected at most {_LARGEST}")
            return np.asarray(image.convert("RGB"))


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """Open an encoded image. What Pillow says of images that are large beyond measure is an error like others."""
    try:
        with ignored(category=Image.DecompressionBombWarning):
            image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
    except Image.DecompressionBombError as error:
        raise ValueError(str(error)) from error
    with image:
        yield image
