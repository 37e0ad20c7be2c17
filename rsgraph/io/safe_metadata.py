"""Metadata of a Sentinel-2 product, from its XML files: counts to reflectance, band files, checksums."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from rsgraph.errors import NotReadable, in_short
from rsgraph.io.archive import Tree
from rsgraph.io.band_names import L1C

_LARGEST_XML = 4 * 2**20
"""Bytes of a file of metadata: those of a product have at most one million. Parsed they take fifty times as much."""

_ALGORITHMS = {"MD5": "md5", "SHA3-256": "sha3_256", "SHA-256": "sha256"}


@dataclass(frozen=True)
class Product:
    """A product's metadata.

    Parameters
    ----------
    level
        ``Level-1C`` or ``Level-2A``.
    quantification
        Counts per unit of reflectance.
    offsets
        Counts to add to each band before dividing: -1000 from processing baseline 04.00 on, 0 before.
    nodata
        Count that stands for "no data".
    saturated
        Count that stands for saturated pixels, or None.
    images
        Band files as the metadata list them, without ending; relative to the product, or bare names.
    """

    level: str
    quantification: float
    offsets: dict[str, float]
    nodata: float
    images: tuple[str, ...]
    saturated: float | None = None


@dataclass(frozen=True)
class Checksum:
    """Size and hash of a file, from the manifest."""

    size: int | None
    algorithm: str
    value: str


def product(place: Tree, member: str) -> Product:
    """Read the product's metadata. Raises NotReadable where they are damaged or lack the quantification."""
    root = parse(place, member)
    quantification = _number(place, member, root, ("QUANTIFICATION_VALUE", "BOA_QUANTIFICATION_VALUE"))
    special = {
        (_text(value, "SPECIAL_VALUE_TEXT") or "").upper(): _text(value, "SPECIAL_VALUE_INDEX") or 0
        for value in _all(root, "Special_Values")
    }
    try:
        offsets = {L1C[int(e.get("band_id", ""))]: float(e.text or "") for e in _offsets(root)}
        missing = float(special.get("NODATA", 0.0))
        saturated = float(special["SATURATED"]) if special.get("SATURATED") else None
    except (ValueError, IndexError) as error:
        raise NotReadable(
            f"{place.root / member} holds an offset or a special value that is no number; download the product again."
        ) from error
    images = tuple((e.text or "").strip() for name in ("IMAGE_FILE", "IMAGE_ID") for e in _all(root, name))
    level = next((e.text or "" for e in _all(root, "PROCESSING_LEVEL")), "")
    present = tuple(image for image in images if image)
    return Product(level, quantification, offsets, missing, present, saturated)


def checksums(place: Tree, member: str) -> dict[str, Checksum]:
    """Read the manifest: member name (relative to the manifest) -> checksum. Raises NotReadable."""
    found = {}
    for stream in _all(parse(place, member), "byteStream"):
        href = next((e.get("href", "") for e in _all(stream, "fileLocation")), "").replace("\\", "/")
        check = next(_all(stream, "checksum"), None)
        if check is None or not check.text or not href:
            continue
        size = stream.get("size", "")
        found[href.removeprefix("./")] = Checksum(
            int(size) if size.isdigit() else None, check.get("checksumName", "").upper(), check.text.strip().lower()
        )
    return found


def verify(place: Tree, member: str, expected: Checksum) -> None:
    """Compare a file with the manifest. Raises NotReadable, naming the file, where it differs."""
    size = place.size(member)
    if expected.size is not None and size != expected.size:
        raise NotReadable(
            f"{place.root / member} is damaged: it has {size} bytes where the product's manifest says "
            f"{expected.size}; download the product again."
        )
    if expected.algorithm not in _ALGORITHMS:
        return
    with place.stream(member) as file:
        found = hashlib.file_digest(file, _ALGORITHMS[expected.algorithm]).hexdigest()  # type: ignore[arg-type]  # ZipExtFile reads like a file
    if found != expected.value:
        raise NotReadable(
            f"{place.root / member} is damaged: its {expected.algorithm} checksum is not the one in the product's "
            "manifest; download the product again (or say reader=safe reader.verify=false to read it as it is)."
        )


def inside_product(path: Path) -> tuple[str, ...]:
    """Say that a file or folder lies in a product whose metadata are not read with it; nothing where it does not."""
    for folder in [*path.absolute().parents][:5]:
        if any((folder / name).is_file() for name in ("MTD_MSIL1C.xml", "MTD_MSIL2A.xml")):
            return (
                f"It lies in the product {folder.name}, whose metadata are not read with it: from baseline 04.00 on "
                "its 1000 counts too many are left in. Name the product itself, with reader.bands=[...] for some of "
                "its bands, or say reader.offset=-0.1.",
            )
    return ()


def parse(place: Tree, member: str) -> Element:
    """Parse an untrusted XML file: no entities, no external references, no giants. Raises NotReadable."""
    with place.stream(member) as file:
        text = file.read(_LARGEST_XML + 1)
    try:
        if len(text) > _LARGEST_XML:
            raise ValueError(f"it is larger than {_LARGEST_XML // 2**20} MB")
        root: Element = fromstring(text)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise NotReadable(
            f"{place.root / member} is no readable XML ({in_short(error)}); download the product again."
        ) from error
    return root


def _all(root: Element, name: str) -> Iterator[Element]:
    """Find elements by name, whatever their namespace."""
    return (
        element for element in root.iter() if isinstance(element.tag, str) and element.tag.rpartition("}")[2] == name
    )


def _offsets(root: Element) -> Iterator[Element]:
    yield from _all(root, "RADIO_ADD_OFFSET")
    yield from _all(root, "BOA_ADD_OFFSET")


def _text(root: Element, name: str) -> str | None:
    return next((element.text for element in _all(root, name)), None)


def _number(place: Tree, member: str, root: Element, names: tuple[str, ...]) -> float:
    texts = [
        element.text
        for name in (*names, *(f"L1C_L2A_{n}" for n in names), "L2A_BOA_QUANTIFICATION_VALUE")
        for element in _all(root, name)
    ]
    try:
        value = float(texts[0] or "")
        if not 0 < value < float("inf"):
            raise ValueError(value)
    except (ValueError, IndexError) as error:
        raise NotReadable(
            f"{place.root / member} gives no usable {' or '.join(names)}; expected the metadata of a Sentinel-2 "
            "L1C or L2A product, so download it again."
        ) from error
    return value
