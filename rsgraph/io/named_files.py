"""Files that a raster names beside itself, at any depth, looked at before GDAL opens anything.

A virtual raster names its sources, a file beside a raster (``.aux.xml``, ``.ovr``, ``.msk``) its overviews and masks.
GDAL opens them in any format that it knows, some of which ask servers, write or run code. So each must be a file on
this disk, of a format that scenes may have.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NoReturn

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.io.archive import opened_zip, reasons

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_DEEPEST = 20
_MOST = 20_000
_LARGEST_XML = 32 * 2**20
_HEAD = 1024
"""Bytes in which GDAL looks for the mark of a virtual raster."""

_ZIP = re.compile(r"/vsizip/(?:\{(?P<braced>[^{}]+)\}|(?P<plain>.+?\.zip))(?:/(?P<member>.*))?", re.IGNORECASE)
_CONTENT = re.compile(
    r"(?:netcdf|hdf5|hdf4_sds|zarr|gtiff_dir:(?:off:)?\d+):(?:\"(?P<quoted>[^\"]+)\".*|(?P<plain>.+))", re.IGNORECASE
)
_REMOTE = re.compile(r"/vsi(?!zip/)|[a-z][a-z0-9+.-]+:(?://|/|\w+://)|\w{2,}:\w*//", re.IGNORECASE)
_PREFIX = re.compile(r"\w{2,}:")
_NAMES = {
    "mdi": re.compile(r"overview_file|[xy]_dataset|rpc_dem", re.IGNORECASE),
    "option": re.compile(r".*(?:filename|dataset|dem|file)(?:_?\d+)?", re.IGNORECASE),
    "element": re.compile(r".*(?:filename|dataset|dempath)", re.IGNORECASE),
}
"""Keys of metadata and of options, and elements of a virtual raster, whose text is the name of a file."""

_PLAIN = ("key", "name", "nonamespaceschemalocation")
"""Attributes that name no file, whatever they say."""

_ELSEWHERE = ("OVERVIEW_FILE", "X_DATASET", "Y_DATASET")
_BASE = ":::BASE:::"
_HIDDEN = re.compile(r"<MDI\b[^>]*\bxmlns", re.IGNORECASE)
"""What is an attribute to GDAL, the key of metadata, and none to a parser that knows namespaces."""
_KINDS = ("", "vrtdataset", "vrtwarpeddataset", "vrtpansharpeneddataset")
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_HFA = b"EHFA_HEADER_TAG"
_BESIDE = (".ovr", ".msk", ".aux.xml", ".aux", ".rrd")


@dataclass
class NamedFiles:
    """A walk over what a raster names.

    Parameters
    ----------
    first
        The raster, as GDAL opens it.
    identify
        Opens a raster as one of the formats of scenes, and closes it; raises NotReadable where it is none.
    """

    first: str
    identify: Callable[[str], None]
    seen: set[str] = field(default_factory=set, init=False)

    def check(self) -> None:
        """Look at all of them.

        Raises
        ------
        NotReadable
            One is not on this machine, does not exist, or is of no format of a scene.
        NotUsable
            A virtual raster is nested without end, or asks for Python.
        """
        self._file(self.first, 0)

    def check_metadata(self, path: str, *domains: Mapping[str, str]) -> None:
        """Look at what the metadata within a raster name: overviews, or positions of its pixels, in other files.

        Parameters
        ----------
        path
            Of the raster.
        domains
            Its metadata in GDAL's domains ``OVERVIEWS`` and ``GEOLOCATION``; Raises as ``check``.
        """
        for key, name in (pair for domain in domains for pair in domain.items()):
            if key.upper() in _ELSEWHERE:
                self._based(name.strip(), path, 0)

    def _based(self, name: str, path: str, depth: int) -> None:
        """Look at a name that lies beside ``path`` where it says so."""
        bare = name.removeprefix(_BASE)
        self._named(bare, path, "" if bare == name else _folder(path), depth)

    def _file(self, path: str, depth: int) -> None:
        if path in self.seen:
            return
        self.seen.add(path)
        if depth > _DEEPEST or len(self.seen) > _MOST:
            raise NotUsable(
                f"{shown(self.first)} draws on rasters that draw on others without end; write it as one file first, "
                "for example with `gdal_translate -of COG`."
            )
        for beside in _files_beside(path):
            self._beside(beside, depth)
        if os.path.isdir(path):
            self._identified(path, depth)
            return
        head = _read(path, _HEAD)
        if b"<VRTDataset" in head or path.lower().endswith(".vrt"):
            self._virtual(_parsed(path, _read(path, _LARGEST_XML + 1)), _folder(path), depth)
        elif _is_text_of_places(head):
            raise NotReadable(
                f"{shown(path)} is no raster but a text that names other places; expected pixels, so convert it to "
                "GeoTIFF on the machine that it is from."
            )
        self._identified(path, depth)

    def _identified(self, path: str, depth: int) -> None:
        if depth:  # whoever asked opens the first one, as what it should be
            self.identify(path)

    def _beside(self, path: str, depth: int) -> None:
        """Look at overviews, masks and statistics, which GDAL opens by their names."""
        if not path.lower().endswith(".xml"):
            head = _read(path, len(_HFA))
            if path.lower().endswith((".aux", ".rrd")) and head != _HFA:
                return  # GDAL looks, too, and leaves it
            if not head.startswith(_TIFF) and head != _HFA:
                raise NotReadable(
                    f"{shown(path)} stands beside a raster but is neither TIFF nor HFA; expected its overviews "
                    "or mask, so remove it."
                )
            self._file(path, depth + 1)
            return
        root = _parsed(path, _read(path, _LARGEST_XML + 1))
        for element in root.iter():
            if _local(element.tag) == "mdi" and {each.upper() for each in element.attrib.values()} & {*_ELSEWHERE}:
                if [*element.attrib] != ["key"] or len(element):
                    raise NotReadable(
                        f"{shown(path)} is damaged: GDAL and others read different things in its {_ELSEWHERE[0]}; "
                        "remove it."
                    )
                self._based((element.text or "").strip(), path, depth)

    def _virtual(self, root: Element, folder: str, depth: int) -> None:
        """Look at the names in a virtual raster."""
        for element in root.iter():
            tag = _local(element.tag)
            attributes = {name.lower(): value for name, value in element.attrib.items()}
            kind = attributes.get("subclass", "").lower()
            text = (element.text or "").strip()
            self._check_attributes(tag, element.attrib)
            if tag in ("vrtdataset", "group", "processingsteps") and (kind not in _KINDS or tag != "vrtdataset"):
                self._refuse_kind(kind or tag)
            if tag == "pixelfunctionlanguage" and text.lower() != "c++":
                self._refuse_kind(f"a pixel function in {text[:20]}")
            if tag in ("pixelfunctioncode", "subclass"):
                self._refuse_kind("code of a pixel function" if tag == "pixelfunctioncode" else text[:40])
            for name in _names_of(tag, text, attributes):
                relative = attributes.get("relativetovrt", "0").strip() not in ("", "0")
                self._named(name, self.first, folder if relative else "", depth)

    def _check_attributes(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Refuse attributes in the place of elements: GDAL takes both for the same, and writes none of them."""
        for name, value in attributes.items():
            key = _local(name)
            is_name = _NAMES["element"].fullmatch(key) is not None or key.startswith("pixelfunction")
            named = key not in _PLAIN and (value.lstrip().startswith("<") or _REMOTE.match(value.strip()) is not None)
            if is_name or named:
                self._refuse_kind(f"the attribute {key[:40]} in {tag[:40]}")
        if tag == "mdi" and [_local(name) for name in attributes] != ["key"]:
            self._refuse_kind("metadata of which GDAL and others read different things")

    def _refuse_kind(self, what: str) -> NoReturn:
        raise NotUsable(
            f"{shown(self.first)} is a virtual raster with {what}, which is not read; write its pixels to a file on "
            "the machine that it is from, for example with `gdal_translate -of COG`."
        )

    def _named(self, name: str, where: str, folder: str, depth: int) -> None:
        """Look at a name: of a file, of a part of one, of a member of a .zip, or a virtual raster written out."""
        if not name:
            return
        if name.startswith("<"):
            self._virtual(_parsed(where, name.encode()), folder, depth + 1)
            return
        bare = name[len("vrt://") :].partition("?")[0] if name.lower().startswith("vrt://") else name
        part = _CONTENT.fullmatch(bare)
        path = bare if part is None else part["quoted"] or part["plain"]
        if part is not None and part["plain"]:
            path = next((each for each in _shorter(path) if os.path.exists(os.path.join(folder, each))), path)
        full = path if os.path.isabs(path) or not folder else os.path.join(folder, path)
        elsewhere = _REMOTE.match(path) is not None or (not folder and _prefixed(path))
        if not elsewhere and (os.path.exists(full) or _in_zip(full)):
            self._file(full, depth + 1)
        elif elsewhere:
            raise NotReadable(
                f"{shown(where)} draws on {name[:200]}, which is not on this machine; download it and name the copy."
            )
        else:
            raise NotReadable(
                f"{shown(where)} draws on {full[:200]}, which does not exist; put it back or make the file anew."
            )


def shown(path: str) -> str:
    """Return a path as the user knows it (without GDAL's prefix for archives)."""
    return path.removeprefix("/vsizip/").replace("{", "").replace("}", "")


def _names_of(tag: str, text: str, attributes: Mapping[str, str]) -> Iterator[str]:
    """Return what an element of a virtual raster names."""
    if tag == "mdi":
        named = _NAMES["mdi"].fullmatch(attributes.get("key", ""))
    elif tag in ("option", "argument", "ooi"):
        named = _NAMES["option"].fullmatch(attributes.get("name", attributes.get("key", "")))
    else:
        named = _NAMES["element"].fullmatch(tag)
    elsewhere = tag not in ("mdi", "description") and (text.startswith("<") or _REMOTE.match(text) is not None)
    if named or elsewhere:
        yield text


def _shorter(path: str) -> Iterator[str]:
    """Yield a path, and what is left of it before each of its colons, the longest first."""
    yield path
    while ":" in path:
        path = path.rpartition(":")[0]
        yield path


def _prefixed(path: str) -> bool:
    """Tell whether a relative name begins like one that GDAL hands to a driver (``WMS:...``), as files may, too."""
    return _PREFIX.match(path) is not None


def _is_text_of_places(head: bytes) -> bool:
    """Tell a text in XML or JSON by how it begins; pixels may begin with the same byte, but not with as many."""
    begin = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:24]
    printable = all(32 <= byte < 127 or byte in b"\t\r\n" for byte in begin)
    return begin[:1] in (b"<", b"{", b"[") and printable and len(begin) > 1


def _local(tag: str) -> str:
    return str(tag).rpartition("}")[2].lower()


def _parsed(path: str, content: bytes) -> Element:
    """Parse XML strictly: GDAL's own parser takes more, so that two readers could see two things."""
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    if len(content) > _LARGEST_XML:
        raise NotUsable(f"{shown(path)} is longer than {_LARGEST_XML >> 20} MB; write its pixels to a file first.")
    try:
        text = re.sub(r"^\s*<\?xml.*?\?>", "", content.removeprefix(b"\xef\xbb\xbf").decode("utf-8"), flags=re.DOTALL)
        root: Element = fromstring(text, forbid_dtd=True)
        if _HIDDEN.search(text):
            raise ValueError("a namespace in <MDI>")
        return root
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise NotReadable(
            f"{shown(path)} is damaged: it is no XML ({' '.join(str(error).split())[:80]}); make the file anew."
        ) from error


def _folder(path: str) -> str:
    return str(PurePosixPath(path).parent) if path.startswith("/vsi") else os.path.dirname(os.path.abspath(path))


def _zipped(path: str) -> tuple[Path, str] | None:
    """Return the .zip and the member that GDAL reads; None for other paths."""
    match = _ZIP.fullmatch(path) if path.startswith("/vsizip/") else None
    if match is None:
        return None
    root = Path(match["braced"] or match["plain"])
    return (root, os.path.normpath(match["member"] or "").replace("\\", "/")) if root.is_file() else None


def _in_zip(path: str) -> bool:
    found = _zipped(path)
    return found is not None and found[1].lower() in _members(found[0])


def _members(root: Path) -> Mapping[str, list[str]]:
    """Return the names in a .zip, by how they are written in small letters. Raises NotReadable."""
    with reasons(root):
        return _lowered(opened_zip(root))


@lru_cache(maxsize=8)
def _lowered(archive: zipfile.ZipFile) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in archive.namelist():
        found.setdefault(name.lower(), []).append(name)
    return found


def _read(path: str, most: int) -> bytes:
    """Read the beginning of a file. Raises NotReadable."""
    zipped = _zipped(path)
    if zipped is None:
        with reasons(Path(path)):
            if not os.path.isfile(path):  # a pipe has nobody who writes into it
                raise OSError("it is no file")
            with open(path, "rb") as file:
                return file.read(most)
    root, member = zipped
    named = _members(root).get(member.lower(), [member])
    with reasons(root, member), opened_zip(root).open(member if member in named else named[0]) as file:
        return file.read(most)


def _files_beside(path: str) -> list[str]:
    """Return the files beside a raster that GDAL opens with it, in any letters."""
    zipped = _zipped(path)
    if zipped is not None:
        root, member = zipped
        members = _members(root)
        found = [name for beside in _beside_names(member.lower()) for name in members.get(beside, ())]
        return [f"/vsizip/{{{root}}}/{name}" for name in found]
    folder, name = os.path.split(os.path.abspath(path))
    try:
        listed = _listed(folder, os.stat(folder).st_mtime_ns)
    except OSError:
        return []
    wanted = _beside_names(name.lower())
    return [os.path.join(folder, each) for one in wanted for each in listed.get(one, ())]


def _beside_names(name: str) -> list[str]:
    stem = os.path.splitext(name)[0]
    names = [f"{name}{end}" for end in _BESIDE] + [f"{stem}{end}" for end in (".aux", ".rrd")]
    return [each for each in dict.fromkeys(names) if each != name]


@lru_cache(maxsize=16)
def _listed(folder: str, changed: int) -> Mapping[str, list[str]]:
    """Return the files of a folder that may stand beside rasters, by their names in small letters."""
    found: dict[str, list[str]] = {}
    for each in os.listdir(folder):
        if each.lower().endswith(_BESIDE):
            found.setdefault(each.lower(), []).append(each)
    return found
