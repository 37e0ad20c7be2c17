"""Small SAFE products, written for the tests as ESA lays them out."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio import Affine

from rsgraph.io.band_names import L1C, L2A

METRES = (
    dict.fromkeys(L1C, 20)
    | dict.fromkeys(("B02", "B03", "B04", "B08"), 10)
    | dict.fromkeys(("B01", "B09", "B10"), 60)
)
EXTENT = 960  # metres: 96 pixels of 10 m, 48 of 20 m, 16 of 60 m


def write_jp2(path: Path, numbers: NDArray[np.uint16], metres: float, crs: str | None = "EPSG:32636") -> Path:
    """Write one layer (rows, columns), or several (layers, rows, columns)."""
    layers = numbers.reshape(-1, *numbers.shape[-2:])
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="JP2OpenJPEG", width=layers.shape[2], height=layers.shape[1], count=len(layers),
        dtype="uint16", crs=crs, transform=Affine(metres, 0, 600000, 0, -metres, 100020), quality=100,
        reversible=True,
    ) as target:  # fmt: skip
        target.write(layers)
    (path.parent / f"{path.name}.aux.xml").unlink(missing_ok=True)
    return path


def counts(band: str, metres: int) -> NDArray[np.uint16]:
    """A constant per band, so that resampling does not matter, with nodata in the upper left 60 m."""
    size = EXTENT // metres
    numbers = np.full((size, size), 1000 + 100 * L1C.index(band), dtype=np.uint16)
    numbers[: 60 // metres, : 60 // metres] = 0
    return numbers


def write_safe(folder: Path, *, level: str = "2A", offset: int | None = -1000, algorithm: str = "sha3_256") -> Path:
    """Write a product with all bands; returns the .SAFE folder."""
    baseline = "0400" if offset is not None else "0207"
    root = folder / f"S2B_MSIL{level}_20221127T075159_N{baseline}_R135_T36NXF_20221127T100500.SAFE"
    granule = f"GRANULE/L{level}_T36NXF_A029905_20221127T080452"
    names = []
    for band in L2A if level == "2A" else L1C:
        for metres in _resolutions(level, band):
            inside = (
                f"R{metres}m/T36NXF_20221127T075159_{band}_{metres}m"
                if level == "2A"
                else f"T36NXF_20221127T075159_{band}"
            )
            names.append(f"{granule}/IMG_DATA/{inside}")
            write_jp2(root / f"{names[-1]}.jp2", counts(band, metres), metres)
    write_jp2(root / granule / "IMG_DATA" / "T36NXF_20221127T075159_TCI.jp2", counts("B02", 10), 10)
    (root / f"MTD_MSIL{level}.xml").write_text(_metadata(level, offset, names))
    (root / "manifest.safe").write_text(_manifest(root, algorithm))
    return root


def _resolutions(level: str, band: str) -> list[int]:
    return [METRES[band]] if level == "1C" else [m for m in (10, 20, 60) if m >= METRES[band]]


def _metadata(level: str, offset: int | None, names: list[str]) -> str:
    what = "BOA" if level == "2A" else "RADIO"
    quantification = "BOA_QUANTIFICATION_VALUE" if level == "2A" else "QUANTIFICATION_VALUE"
    offsets = (
        ""
        if offset is None
        else "".join(f'<{what}_ADD_OFFSET band_id="{i}">{offset}</{what}_ADD_OFFSET>' for i in range(13))
    )
    images = "".join(f"<IMAGE_FILE>{name}</IMAGE_FILE>" for name in names)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<n1:Product xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/x.xsd"><PROCESSING_LEVEL>Level-{level}</PROCESSING_LEVEL>'
        f"<Granule>{images}</Granule><Special_Values><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT>"
        "<SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX></Special_Values><Special_Values><SPECIAL_VALUE_TEXT>SATURATED"
        "</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>65535</SPECIAL_VALUE_INDEX></Special_Values>"
        f'<{quantification} unit="none">10000</{quantification}>{offsets}</n1:Product>'
    )


def _manifest(root: Path, algorithm: str) -> str:
    title = {"sha3_256": "SHA3-256", "md5": "MD5"}[algorithm]
    entries = "".join(
        f'<dataObject ID="x"><byteStream size="{file.stat().st_size}">'
        f'<fileLocation href="./{file.relative_to(root).as_posix()}" locatorType="URL"/>'
        f'<checksum checksumName="{title}">{hashlib.new(algorithm, file.read_bytes()).hexdigest().upper()}</checksum>'
        "</byteStream></dataObject>"
        for file in sorted(root.rglob("*.jp2"))
    )
    return f'<?xml version="1.0"?><xfdu:XFDU xmlns:xfdu="urn:ccsds:schema:xfdu:1">{entries}</xfdu:XFDU>'


def zipped(root: Path) -> Path:
    """Zip a product as the data hub does, its folder inside."""
    target = root.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(root.rglob("*")):
            if file.is_file():
                archive.write(file, f"{root.name}/{file.relative_to(root).as_posix()}")
    return target
