"""The reader ``auto``: the choice of the reader that fits a path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rsgraph.errors import ConfigError, NotReadable
from rsgraph.files import missing
from rsgraph.io.bands import Bands
from rsgraph.io.eurosat import EuroSat
from rsgraph.io.geotiff import GeoTiff
from rsgraph.io.handles import existing_file
from rsgraph.io.overrides import overrides
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

    needs_path = False  # without one, ``open`` says how to name a scene

    def __init__(
        self,
        bands: Sequence[str] | None = None,
        scale: float | None = None,
        offset: float | None = None,
        nodata: float | None = None,
        crs: str | None = None,
    ) -> None:
        given = (bands, scale, offset, nodata)
        self.given = overrides(*given, crs)
        self.readers: tuple[Reader, ...] = (
            EuroSat(*given),
            Swed(*given),
            Scenes(*given, crs),
            Safe(*given, crs),
            Bands(*given, crs),
            GeoTiff(*given, crs),
        )

    def accepts(self, path: Path) -> bool:
        """Tell whether any reader does."""
        return any(reader.accepts(path) for reader in self.readers)

    def open(self, path: Path | None) -> Sequence[Scene]:
        """Return the scenes of the first reader that accepts the path. Raises InputError, as that one does."""
        if path is None:
            raise NotReadable("No scene was given; give the path of a file or folder, or say reader=synthetic.")
        if not path.exists():
            raise NotReadable(f"{missing(path)}; check the path for typing errors.")
        for reader in self.readers:
            if reader.accepts(path):
                return self._opened(reader, path)
        if path.is_file():
            return self.readers[-1].open(existing_file(path))  # says what is wrong with the file
        raise NotReadable(f"{path} is nothing that rsgraph reads; it looked for {_LOOKED_FOR}.")

    def _opened(self, reader: Reader, path: Path) -> Sequence[Scene]:
        if self.given.crs is not None and isinstance(reader, EuroSat | Swed):
            raise ConfigError(f"`crs` does not fit {path}: its images lie in many zones; leave it null.")
        return reader.open(path)
