"""The reader ``auto``: the choice of the reader that fits a path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from rsgraph.errors import ConfigError, NotReadable
from rsgraph.io.absent import ARCHIVES, check_name, missing
from rsgraph.io.archive import is_zip, tree
from rsgraph.io.bands import Bands
from rsgraph.io.eurosat import EuroSat
from rsgraph.io.geotiff import GeoTiff
from rsgraph.io.handles import existing_file
from rsgraph.io.overrides import BEFORE, RULES, Clouds, overrides
from rsgraph.io.safe import Safe
from rsgraph.io.scenes import Scenes
from rsgraph.io.swed import Swed
from rsgraph.protocols import Reader
from rsgraph.types import Scene

_LOOKED_FOR = (
    "a SAFE product (folder or .zip with MTD_MSIL1C.xml or MTD_MSIL2A.xml), EuroSAT (class folders of images, or "
    "their .zip), SWED (images/ and labels/), a folder with one file per band (names such as B02.tif), a folder of "
    "several scenes, or one raster file that GDAL opens"
)


class Auto(Reader):
    """Looks at the path and picks the reader: safe, eurosat, swed, bands, scenes or geotiff.

    Options as of ``FileReader``.
    """

    as_before: ClassVar[Mapping[str, Any]] = BEFORE
    needs_path = False  # without one, ``open`` says how to name a scene

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
        given = (bands, scale, offset, nodata)
        self.given = overrides(*given, crs, mask, clouds, rules)
        self.readers: tuple[Reader, ...] = (
            EuroSat(*given),
            Swed(*given),
            Scenes(*given, crs, mask, clouds, rules),
            Safe(*given, crs, mask=mask, clouds=clouds),
            Bands(*given, crs, mask, clouds, rules),
            GeoTiff(*given, crs, mask, clouds, rules),
        )

    def accepts(self, path: Path) -> bool:
        """Tell whether any reader does."""
        return any(reader.accepts(path) for reader in self.readers)

    def open(self, path: Path | None) -> Sequence[Scene]:
        """Return the scenes of the first reader that accepts the path. Raises InputError, as that one does."""
        if path is None:
            raise NotReadable("No scene was given; give the path of a file or folder, or say reader=synthetic.")
        if not path.exists():
            raise missing(path, "check the path for typing errors.")
        check_name(path)
        for reader in self.readers:
            if reader.accepts(path):
                return self._opened(reader, path)
        if path.is_file():
            _refuse_archive(existing_file(path))
            return self.readers[-1].open(path)  # says what is wrong with the file
        inner = sorted(each.name for each in path.iterdir() if each.is_dir() and not each.name.startswith("."))
        deeper = f" Where scenes lie in a folder of it ({', '.join(inner[:3])}), name that." if inner else ""
        raise NotReadable(f"{path} is nothing that rsgraph reads; it looked for {_LOOKED_FOR}.{deeper}")

    def _opened(self, reader: Reader, path: Path) -> Sequence[Scene]:
        if self.given.crs is not None and isinstance(reader, EuroSat | Swed):
            raise ConfigError(f"`crs` does not fit {path}: its images lie in many zones; leave it null.")
        if self.given.mask not in ("auto", "none", "declared") and isinstance(reader, EuroSat | Swed):
            raise ConfigError(f"`mask={self.given.mask}` does not fit {path}: its images have no quality layers.")
        return reader.open(path)


def _refuse_archive(path: Path) -> None:
    """Say what an archive holds that is neither a product nor EuroSAT. Raises NotReadable."""
    if is_zip(path):
        members = tree(path).members
        listed = ", ".join(members[:3]) + (f" and {len(members) - 3} more" if len(members) > 3 else "")
        raise NotReadable(
            f"{path} holds neither one SAFE product nor EuroSAT, but {listed or 'nothing'}; unpack it and name a "
            "file or folder of it."
        )
    if path.suffix.lower() in ARCHIVES and path.suffix.lower() != ".zip":
        raise NotReadable(f"{path} is an archive; unpack it and name a file or folder of it.")
