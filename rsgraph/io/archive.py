"""A product as a list of members, be it a folder or a .zip; members are never unpacked."""

from __future__ import annotations

import os
import struct
import threading
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from rsgraph.errors import NotReadable, in_short

_MOST_MEMBERS = 500_000
"""Of a .zip: EuroSAT has 27 000. Each takes some hundred bytes of memory."""

_LEAST_ENTRY = 46
"""Bytes of a member in a .zip's directory, beside its name."""

_FREE = 2**30
"""Bytes that a .zip may unpack to, however small it is: a mask that holds one value is a thousand times as large."""

_MOST_TIMES = 60
"""Times its size that a larger .zip may unpack to: rasters become a few times as large."""

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")


_lock = threading.Lock()
_opened: dict[tuple[object, ...], zipfile.ZipFile] = {}


@dataclass(frozen=True)
class Tree:
    """Files below a folder or inside a .zip, by names relative to it with ``/`` between the parts.

    Parameters
    ----------
    root
        The folder or .zip.
    members
        Names of files, sorted. Names that would lead out of the root are not among them.
    """

    root: Path
    members: tuple[str, ...]

    @property
    def zipped(self) -> bool:
        """Whether the root is a .zip."""
        return not self.root.is_dir()

    def gdal_path(self, member: str) -> str:
        """Return what GDAL opens."""
        root = os.path.abspath(self.root)
        return f"/vsizip/{{{root}}}/{member}" if self.zipped else os.path.join(root, *member.split("/"))

    def size(self, member: str) -> int:
        """Return a member's size in bytes. Raises NotReadable."""
        with reasons(self.root, member):
            if self.zipped:
                return opened_zip(self.root).getinfo(member).file_size
            return os.path.getsize(self.gdal_path(member))

    @contextmanager
    def stream(self, member: str) -> Iterator[IO[bytes]]:
        """Open a member for reading. Raises NotReadable, also for what is found while reading."""
        with reasons(self.root, member):
            if self.zipped:
                with opened_zip(self.root).open(member) as file:
                    yield file
            else:
                with open(self.gdal_path(member), "rb") as file:
                    yield file


@contextmanager
def reasons(root: Path, member: str = "") -> Iterator[None]:
    """Turn what a damaged file or archive raises into NotReadable, naming it."""
    try:
        yield
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        SyntaxError,  # Pillow, for a broken image
        RuntimeError,  # zipfile, for encryption; NotImplementedError for unknown compression
        MemoryError,
        OverflowError,
        struct.error,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        place = root / member if member else root
        reason = in_short(error).rstrip(".") or type(error).__name__
        raise NotReadable(f"{place} cannot be read: {reason}; {_cure(error)}.") from error


def _cure(error: Exception) -> str:
    """Return what helps: most of these are damage, but not all."""
    text = str(error).lower()
    if isinstance(error, PermissionError):
        return "change its permissions"
    if isinstance(error, MemoryError):
        return "there is not enough memory, so end other programs or take a smaller file"
    if "password" in text or "encrypted" in text:
        return "unpack it with its password and name what was in it"
    if isinstance(error, NotImplementedError):  # of zipfile: compressed in a way that Python does not know
        return "unpack it with the program that packed it and name what was in it"
    return "copy or download it again"


def tree(root: Path, *, deepest: int = 8) -> Tree:
    """List a folder or .zip. Raises NotReadable for a damaged .zip."""
    if root.is_dir():
        return Tree(root, tuple(sorted(walk(root, deepest=deepest))))
    with reasons(root):
        names = [info.filename for info in opened_zip(root).infolist()]
    return Tree(root, tuple(sorted(name for name in names if _is_file_inside(name) and not of_macos(name))))


def walk(folder: Path, prefix: str = "", *, deepest: int = 8) -> Iterator[str]:
    """Name the files below a folder, one after the other.

    Linked folders are entered where they lead out of the folder, so that no file is named twice and no link leads in
    a circle.

    Raises
    ------
    NotReadable
        It cannot be read, or holds more files than any product: a link may lead to all of a disk.
    """
    for number, name in enumerate(_walked(folder, prefix, deepest, Path(os.path.realpath(folder)))):
        if number >= _MOST_MEMBERS:
            raise NotReadable(
                f"{folder} holds more than {_MOST_MEMBERS:,} files, those behind links among them; name a folder in "
                "it, or remove links that lead elsewhere."
            )
        yield name


def _walked(folder: Path, prefix: str, deepest: int, top: Path) -> Iterator[str]:
    with reasons(folder), os.scandir(folder) as entries:
        found = [(entry, _is_folder(entry)) for entry in entries if not of_macos(entry.name)]
    for entry, is_folder in found:
        if is_folder:
            if deepest > 1 and not (entry.is_symlink() and _around(top, Path(os.path.realpath(entry.path)))):
                yield from _walked(Path(entry.path), f"{prefix}{entry.name}/", deepest - 1, top)
        elif os.path.isfile(entry.path):
            yield prefix + entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Tell whether a folder is there; where a link leads that nobody may follow, there is none."""
    try:
        return entry.is_dir()
    except PermissionError:
        return False


def _around(top: Path, target: Path) -> bool:
    """Tell whether one of two folders lies in the other."""
    return target.is_relative_to(top) or top.is_relative_to(target)


def of_macos(name: str) -> bool:
    """Tell whether a file or folder is what macOS leaves beside others."""
    return any(part.startswith("._") or part == "__MACOSX" for part in name.split("/"))


def _is_file_inside(name: str) -> bool:
    """Tell whether a member is a file, and its name stays within the archive."""
    if not name or name.endswith("/"):
        return False
    return ".." not in PurePosixPath(name).parts and not name.startswith("/") and "\\" not in name


def opened_zip(path: Path) -> zipfile.ZipFile:
    """Return this process's handle of a .zip: opened once, shared by its threads, renewed when it changes."""
    place = os.path.abspath(path)
    status = os.stat(place)
    key = (os.getpid(), place, status.st_size, status.st_mtime_ns)
    with _lock:
        if key not in _opened:
            for other in [old for old in _opened if old[:2] == key[:2]]:
                _opened.pop(other).close()
            _check_directory(place, status.st_size)
            found = zipfile.ZipFile(place)
            unpacked = sum(info.file_size for info in found.infolist())
            if unpacked > max(_FREE, _MOST_TIMES * status.st_size):
                found.close()
                raise ValueError(
                    f"its {status.st_size:,} bytes say that they unpack to {unpacked:,}, as those of no product do"
                )
            twice = _named_twice(found)
            if twice is not None:
                found.close()
                raise ValueError(
                    f"two of its members are called {twice[:80]}, of which programs take one or the other"
                )
            _opened[key] = found
        return _opened[key]


def _named_twice(archive: zipfile.ZipFile) -> str | None:
    """Return a name that two members have: Python reads the last of them, GDAL the first."""
    names = archive.namelist()
    if len(set(names)) == len(names):
        return None
    return next((name for name, times in Counter(names).items() if times > 1 and not name.endswith("/")), None)


def _check_directory(place: str, size: int) -> None:
    """Look at how many members a .zip says that it has, before all are read. Raises ValueError for too many."""
    with open(place, "rb") as file:
        file.seek(max(0, size - 2**16 - _END.size - _LOCATOR.size))
        tail = file.read()
        at = tail.rfind(b"PK\5\6")
        if at < 0 or len(tail) - at < _END.size:
            return  # no .zip, which zipfile says
        _, _, _, _, members, directory, _, _ = _END.unpack_from(tail, at)
        before = tail[max(0, at - _LOCATOR.size) : at]
        if len(before) == _LOCATOR.size and before.startswith(b"PK\6\7"):
            file.seek(min(_LOCATOR.unpack(before)[2], size))
            end = file.read(_END_64.size)
            if len(end) == _END_64.size and end.startswith(b"PK\6\6"):
                members, directory = _END_64.unpack(end)[7:9]
    if members > _MOST_MEMBERS or directory > _MOST_MEMBERS * 4 * _LEAST_ENTRY:
        raise ValueError(f"it says that it has {members:,} members, which is more than {_MOST_MEMBERS:,}")


def read_member(root: Path, member: str, most: int) -> bytes:
    """Return what a member of a .zip holds, or a file where ``root`` is it (``member`` empty).

    Raises ValueError where it is larger than ``most``, before it is read.
    """
    if not member:
        with root.open("rb") as file:
            data = file.read(most + 1)
    else:
        archive = opened_zip(root)
        size = archive.getinfo(member).file_size
        data = archive.read(member) if size <= most else bytes(0)
        if size > most:
            raise ValueError(f"it has {size:,} bytes; expected at most {most:,}")
    if len(data) > most:
        raise ValueError(f"it is larger than {most:,} bytes")
    return data


def is_zip(path: Path) -> bool:
    """Tell by the first bytes whether a file is a .zip."""
    return path.is_file() and path.suffix.lower() == ".zip" and zipfile.is_zipfile(path)
