"""SWED, the Sentinel-2 Water Edges Dataset (Seale et al. 2022)."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError, NotReadable, NotUsable
from rsgraph.io.absent import missing
from rsgraph.io.archive import reasons
from rsgraph.io.band_names import L2A
from rsgraph.io.counts import COUNTS_NOTE, QUANTIFICATION, decide
from rsgraph.io.geotiff import choose_bands, identity_of, scene_of
from rsgraph.io.handles import existing_file, read
from rsgraph.io.header import header
from rsgraph.io.layers import Radiometry, join
from rsgraph.io.overrides import ChipReader, Overrides
from rsgraph.own_files.names import file_safe
from rsgraph.types import Raster, Scene, Window

_LABELS = ("chip", "label", "mask", "image")
"""What a label's name has where its image's has ``image``: training uses ``chip``, testing ``label``."""

_ENDINGS = (".npy", ".tif", ".tiff")
_COUNTS_FROM = 2.0
_LONGEST_HEADER = 4096
_LARGEST = 2**29
"""Bytes of a chip that are read at once: SWED's have three million."""

_HEADER = {
    "descr": r"'([<>|=]?(?:[ui][1248]|f[248]|b1))'",
    "fortran_order": "(True|False)",
    "shape": r"\(([\d,\s]{0,100})\)",
}


class Swed(ChipReader):
    """SWED chips: images/ and labels/ of .npy (training) or .tif (test); the labels become the reference.

    The folder holds ``images`` and ``labels``, or ``train`` and ``test`` folders that do. An image is
    (256, 256, 12) L2A counts in the order B01 ... B08, B8A, B09, B11, B12; its label has ``chip`` or ``label``
    in its name where the image's has ``image``. Labels of 1 are water (code 1 of the reference), of 0 land
    (code 2, since 0 means unknown); other numbers are unknown. Listing opens the first .npy only.

    Options as of ``ChipReader``. Pixels that are 0 in all bands are nodata where ``nodata`` is None.

    References
    ----------
    doi:10.1016/j.rse.2022.113044
    """

    def accepts(self, path: Path) -> bool:
        """Tell whether images/ and labels/ are there and hold .npy or .tif files."""
        return path.is_dir() and any(next(_files(folder), None) for folder in _image_folders(path))

    def open(self, path: Path) -> Sequence[Scene]:
        """Return one scene per image, sorted by name, training first. Raises ConfigError, as ``choose_bands``."""
        if not path.exists():
            raise missing(path, "expected SWED's folder with images/ and labels/.")
        if not path.is_dir():
            raise NotReadable(f"{path} is no folder; expected SWED's folder with images/ and labels/.")
        images = [image for folder in _image_folders(path) for image in sorted(_files(folder))]
        if not images:
            raise NotReadable(f"{path} holds no images/*.npy or *.tif beside labels/; expected the SWED data set.")
        arrays = [image for image in images if image.suffix.lower() == ".npy"]
        template = _array_template(arrays[0], self.given) if arrays else None
        scenes = [
            template.scene(image) if template and image.suffix.lower() == ".npy" else _tiff_scene(image, self.given)
            for image in images
        ]
        return _uniquely_named(scenes)


def _image_folders(path: Path) -> list[Path]:
    """List ``images`` folders that have ``labels`` beside them: here, in train/ and in test/."""
    places = [path, path / "train", path / "test"]
    return [place / "images" for place in places if (place / "images").is_dir() and (place / "labels").is_dir()]


def _files(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.lower().endswith(_ENDINGS) and not entry.name.startswith("."):
                yield Path(entry.path).absolute()


def _label_of(image: Path) -> Path | None:
    """Find an image's label by its name; the last ``image`` in the name is the one that changes."""
    folder = image.parent.parent / "labels"
    head, _, tail = image.name.rpartition("image")
    names = [f"{head}{word}{tail}" for word in _LABELS] if "image" in image.name else [image.name]
    return next((folder / name for name in names if (folder / name).exists()), None)


def _uniquely_named(scenes: Sequence[Scene]) -> list[Scene]:
    if len({scene.name for scene in scenes}) == len(scenes):
        return list(scenes)
    return [replace(scene, name=f"{i:05d}_{scene.name}") for i, scene in enumerate(scenes)]


@dataclass
class WaterLabels:
    """Reference classes of one SWED chip: 1 water, 2 land, 0 unknown."""

    path: str
    rows: int
    columns: int
    names: Mapping[int, str] = field(default_factory=lambda: {1: "water", 2: "land"})

    def read(self, window: Window) -> NDArray[np.uint8]:
        """Read codes (rows, columns). Raises NotReadable for a damaged label or one of another size."""
        stored = _squeezed(self._numbers())
        if stored.shape != (self.rows, self.columns):
            raise NotReadable(
                f"{self.path} has the shape {stored.shape}; expected ({self.rows}, {self.columns}), like its image."
            )
        row, column, rows, columns = window
        part = stored[row : row + rows, column : column + columns]
        return np.select([part == 1, part == 0], [np.uint8(1), np.uint8(2)], np.uint8(0))

    def _numbers(self) -> NDArray[Any]:
        if self.path.lower().endswith(".npy"):
            return read_npy(self.path)
        found = header(self.path, holes_allowed=True)
        codes: NDArray[Any] = read(self.path, [1], 0, 0, found.rows, found.columns)
        return codes


def _squeezed(stored: NDArray[Any]) -> NDArray[Any]:
    """Drop the axis of length 1 that SWED's labels have."""
    return stored.reshape(tuple(size for size in stored.shape if size != 1)) if stored.ndim > 2 else stored


@dataclass(frozen=True)
class ArraySource:
    """Pixels of one .npy file (rows, columns, bands) or (bands, rows, columns)."""

    path: str
    shape: tuple[int, ...]
    indexes: tuple[int, ...]
    radiometry: Radiometry

    def read(self, window: Window) -> Raster:
        """Read one window. Raises NotReadable for a damaged file, or another shape than the first image's."""
        stored = read_npy(self.path)
        if stored.shape != self.shape:
            raise NotReadable(
                f"{self.path} has the shape {stored.shape}; expected {self.shape}, like the first image."
            )
        row, column, rows, columns = window
        part = _bands_first(stored)[list(self.indexes), row : row + rows, column : column + columns]
        return join([self.radiometry.pixels(part)])


def _bands_first(stored: NDArray[Any]) -> NDArray[Any]:
    return stored.transpose(2, 0, 1) if stored.shape[2] == len(L2A) else stored


def read_npy(path: str) -> NDArray[Any]:
    """Read a .npy of numbers; pickled objects are refused, and a header that promises more than the file holds.

    Raises
    ------
    NotReadable
        The file is missing, damaged, or holds anything but real numbers.
    """
    with reasons(Path(path)), open(path, "rb") as file:
        shape, columns_first, dtype = _npy_header(file)
        needed = math.prod(shape) * dtype.itemsize
        if needed > os.fstat(file.fileno()).st_size - file.tell():
            raise ValueError("it is cut off")
        if needed > _LARGEST:
            raise ValueError(f"it holds {needed:,} bytes; expected a chip, of at most {_LARGEST:,}")
        numbers = np.frombuffer(file.read(needed), dtype=dtype)
        return numbers.reshape(shape, order="F" if columns_first else "C")


def _npy_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Parse shape, order and type by patterns: NumPy's own parser evaluates them, and warns, as Python does."""
    start = file.read(8)
    if len(start) < 8 or start[:6] != b"\x93NUMPY":
        raise ValueError("it does not begin as .npy files do")
    wide = start[6] > 1
    length = int.from_bytes(file.read(4 if wide else 2), "little")
    text = file.read(min(length, _LONGEST_HEADER)).decode("latin1")
    found = [re.search(rf"'{key}':\s*{value}", text) for key, value in _HEADER.items()]
    if not all(found):
        raise ValueError("its header is damaged, or it does not hold an array; expected real numbers")
    kind, order, shape = (match[1] for match in found if match)
    return tuple(int(size) for size in shape.split(",") if size.strip()), order == "True", np.dtype(kind)


@dataclass(frozen=True)
class _ArrayTemplate:
    """The properties that all .npy files have in common with the first."""

    shape: tuple[int, ...]
    names: tuple[str, ...]
    radiometry: Radiometry
    notes: tuple[str, ...]

    def scene(self, image: Path) -> Scene:
        """Describe one image without opening it."""
        label = _label_of(image)
        rows, columns = self.shape[:2] if self.shape[2] == len(L2A) else self.shape[1:]
        indexes = tuple(L2A.index(name) for name in self.names)
        return Scene(
            name=file_safe(image.stem),
            bands=self.names,
            rows=rows,
            columns=columns,
            source=ArraySource(str(image), self.shape, indexes, self.radiometry),
            files=(image,),
            identity=identity_of(self.names, self.radiometry, None),
            notes=self.notes,
            reference=WaterLabels(str(label), rows, columns) if label else None,
        )


def _array_template(image: Path, given: Overrides) -> _ArrayTemplate:
    stored = read_npy(str(existing_file(image)))
    if stored.ndim != 3 or len(L2A) not in (stored.shape[0], stored.shape[2]) or 0 in stored.shape:
        raise NotUsable(f"{image} has the shape {stored.shape}; expected (rows, columns, 12), as SWED's images have.")
    names = given.bands or L2A
    unknown = [name for name in names if name not in L2A]
    if unknown:
        raise ConfigError(
            f"`bands` must name bands of SWED. Got {', '.join(unknown)}; choose among: {', '.join(L2A)}."
        )
    radiometry, notes = _array_radiometry(stored, len(names), given)
    return _ArrayTemplate(stored.shape, names, radiometry, notes)


def _array_radiometry(stored: NDArray[Any], count: int, given: Overrides) -> tuple[Radiometry, tuple[str, ...]]:
    measured = stored[np.isfinite(stored) & (stored != 0)]
    counts = stored.dtype.kind != "f" or (measured.size > 0 and float(np.median(measured)) > _COUNTS_FROM)
    guessed = 1 / QUANTIFICATION if counts else 1.0
    notes = ["Images are taken to be alike; they have no coordinate system: each is a pixel space of its own."]
    if counts and given.scale is None:
        notes.append(COUNTS_NOTE)
    scale = guessed if given.scale is None else given.scale
    fill = 0.0 if given.nodata is None else None
    return Radiometry((scale,) * count, (given.offset or 0.0,) * count, (given.nodata,) * count, fill), tuple(notes)


def _tiff_scene(image: Path, given: Overrides) -> Scene:
    found = header(str(existing_file(image)), holes_allowed=given.nodata is not None)
    if not found.described and len(found.names) == len(L2A):
        found = replace(found, names=L2A, described=True)
    found = choose_bands(found, given)
    scene = scene_of(found, decide(found, given), given, file_safe(image.stem))
    label = _label_of(image)
    return replace(scene, reference=WaterLabels(str(label), scene.rows, scene.columns) if label else None)
